"""The QR code of a licence by its id, from the registry of this home or from one elsewhere."""

from contextlib import suppress
from dataclasses import dataclass

from elicence.cli.contexts import chosen_context
from elicence.cli.desk_at_hand import DeskAtHand, Licence, Who, at_hand
from elicence.cli.door import Door
from elicence.errors import NotFound
from elicence.formats.qr import Level

__all__ = ["Drawn", "drawn"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the symbol says, the error correction its type asks for, and if asked for the registry's picture of it."""

    content: str
    level: Level
    picture: bytes | None = None


def drawn(door: Door, licence_id: str, agency: str | None, *, short: bool, suffix: str, scale: int) -> Drawn:
    """The code of the licence, with a picture where `suffix` names a kind; `short` the online code, without picture."""
    if agency is None and chosen_context(door) is None:
        agency = _owner(door, licence_id)
    with at_hand(door, Who(agency)) as desk:
        return _drawn(desk, desk.read(licence_id), short=short, suffix=suffix, scale=scale)


def _drawn(desk: DeskAtHand, licence: Licence, *, short: bool, suffix: str, scale: int) -> Drawn:
    if licence.code is None:
        raise NotFound("licence_not_found", "The licence was erased, and its code with it.")
    if short:
        return Drawn(licence.online_code, "M")
    picture = desk.picture(licence, scale=scale if suffix == ".png" else None) if suffix else None
    return Drawn(licence.code.content, licence.code.level, picture)


def _owner(door: Door, licence_id: str) -> str:
    """Whichever agency of the registry in the home issued it."""
    # Imported here: only a home is looked into.
    from elicence.accounts.agencies import list_agencies
    from elicence.cli.home import opened
    from elicence.issuer.desk import Caller
    from elicence.issuer.read import read_what_remains

    with opened(door) as assembly:
        for agency in list_agencies(assembly.registry):
            with suppress(NotFound):
                read_what_remains(assembly.desk, Caller(agency), licence_id)
                return agency.slug
    raise NotFound("licence_not_found", "No such licence.")
