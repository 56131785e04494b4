"""What `verify` takes from a registry in its own home, and from no other place: fresh lists, and verification codes."""

from elicence.cli.door import Door
from elicence.cli.home import opened
from elicence.issuer.find_by_code import Found, find_by_code

__all__ = ["bring_up_to_date", "look_up"]


def bring_up_to_date(door: Door) -> None:
    """Publishes what is due."""
    with opened(door) as assembly:
        assembly.publish()


def look_up(door: Door, code: str) -> Found:
    """The licence version behind a verification code of this registry."""
    with opened(door) as assembly:
        return find_by_code(assembly.desk, code)
