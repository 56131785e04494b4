"""`elicence key`: the signing keys of the registry, their states, and rotation."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Literal

import typer
from rich.text import Text

from elicence.accounts.agencies import find_agency
from elicence.bootstrap import Assembly
from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import fields, headline, say, say_json, write
from elicence.cli.words import labelled, stamp, word
from elicence.formats.encoding import JsonObject
from elicence.keys.keyring import KeyEntry, KeyState, Purpose, activate, compromise, load_keyring

app = noun()

_STYLES = {KeyState.ACTIVE: "green", KeyState.NEXT: "cyan", KeyState.RETIRED: "dim", KeyState.COMPROMISED: "red"}


@app.callback()
def key() -> None:
    """Signing keys of the registry."""


@command(app, "list")
def list_(door: Door) -> None:
    """List every key with its owner, purpose, state and thumbprint. Opens no private key."""
    entries = load_keyring(door.settings().keys_dir / "keyring.json").entries
    if door.as_json:
        for each in entries:
            say_json(_json(each))
        return
    by_owner = sorted(entries, key=lambda each: each.agency or "")
    for owner, owned in groupby(by_owner, key=lambda each: each.agency):
        write(Text(owner or word("registry", door.language), "bold"))
        for each in owned:
            line = Text(f"  {each.purpose:<12} ")
            line.append(f"{each.state:<8} ", _STYLES[each.state])
            line.append(f"{each.valid_from:%Y-%m-%d} ", "dim").append(each.kid)
            if each.use == "test":
                line.append(" test", "yellow")
            write(line)


@command(app, "rotate")
def rotate(
    door: Door,
    agency: Annotated[str, typer.Option(metavar="SLUG", help="Whose key.")],
    purpose: Annotated[Literal["credential", "status-list"], typer.Option(help="What the key signs.")] = "credential",
    stage_only: Annotated[
        bool,
        typer.Option("--stage-only", help="Publish the new key, but let the old one sign on until the next rotate."),
    ] = False,
) -> None:
    """Replace a signing key: the new one is published, then signs; the old one retires and its licences stay good."""
    role = Purpose(purpose.replace("-", "_"))
    with opened(door) as assembly:
        find_agency(assembly.registry, agency)
        entry = _staged(assembly, door, agency, role)
        # Published before it signs, so that whoever meets its first signature can know it.
        assembly.publish()
        if not stage_only:
            assembly.save_keyring(activate(assembly.desk.chest.keyring, entry.kid, door.clock()))
            assembly.publish()
        keyring = assembly.desk.chest.keyring
        retired = [each for each in keyring.of(agency, role) if each.state is KeyState.RETIRED]
        now = keyring.get(entry.kid)
    answer: JsonObject = {
        "object": "rotation", "key": _json(now), "retired": [each.kid for each in retired], "staged_only": stage_only
    }  # fmt: skip
    language = door.language
    top = headline("✔", word("key_staged" if stage_only else "key_rotated", language), "green")
    rows = [
        ("agency", agency),
        ("purpose", role),
        ("new_key", f"{now.kid}  {now.state}"),
        ("old_key", None if stage_only or not retired else f"{retired[-1].kid}  {retired[-1].state}"),
        ("next", f"elicence key rotate --agency {agency} --purpose {purpose}" if stage_only else None),
    ]
    say(door, answer, top, fields(labelled(rows, language)))


@command(app, "compromise")
def compromise_(
    door: Door,
    kid: Annotated[str, typer.Argument(metavar="KID", help="Thumbprint of the key, as `key list` shows it.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ"], help="The earliest a thief may have had it; now unless named."),
    ] = None,
) -> None:
    """Mark a key as lost: nothing it signed is believed any more, and that is published at once."""
    with opened(door) as assembly:
        at = door.clock() if since is None else since.replace(tzinfo=UTC)
        assembly.save_keyring(compromise(assembly.desk.chest.keyring, kid, at))
        assembly.publish()
        lost = assembly.desk.chest.keyring.get(kid)
    rows = [
        ("agency", lost.agency),
        ("purpose", lost.purpose),
        ("from", None if lost.compromised_at is None else stamp(lost.compromised_at)),
        ("next", f"elicence key rotate --agency {lost.agency} --purpose {lost.purpose.replace('_', '-')}"),
    ]
    top = headline("✔", word("key_compromised", door.language), "red", kid)
    say(door, {"object": "key"} | _json(lost), top, fields(labelled([row for row in rows if row[1]], door.language)))


def _staged(assembly: Assembly, door: Door, agency: str, role: Purpose) -> KeyEntry:
    """The key that waits in this role, or a new one."""
    waiting = [each for each in assembly.desk.chest.keyring.of(agency, role) if each.state is KeyState.NEXT]
    if waiting:
        return waiting[0]
    keyring, entry = assembly.maker.make(assembly.desk.chest.keyring, agency=agency, purpose=role, now=door.clock())
    assembly.save_keyring(keyring)
    return entry


def _json(entry: KeyEntry) -> JsonObject:
    return {
        "object": "key", "kid": entry.kid, "agency": entry.agency, "purpose": str(entry.purpose), "alg": entry.alg,
        "use": entry.use, "made_in": entry.made_in, "state": str(entry.state),
        "valid_from": entry.valid_from.isoformat(),
        "valid_until": None if entry.valid_until is None else entry.valid_until.isoformat(),
        "compromised_at": None if entry.compromised_at is None else entry.compromised_at.isoformat(),
    }  # fmt: skip
