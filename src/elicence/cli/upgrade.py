"""`elicence upgrade`: a registry of an earlier version of this program gets the tables of this one."""

from elicence.bootstrap import bring_up_to_date
from elicence.cli.door import Door, command, noun
from elicence.cli.paper import say
from elicence.cli.words import word

app = noun(alone=True)


@command(app, "upgrade")
def upgrade(door: Door) -> None:
    """Bring the store up to date with this program, all or nothing; nothing is lost, and doing it twice is harmless.

    Stop every server of this registry first and make a backup: an older program does not open a newer store.
    """
    changed = bring_up_to_date(door.settings())
    said = word("upgraded" if changed else "up_to_date", door.language)
    say(door, {"object": "upgrade", "changed": changed}, said)
