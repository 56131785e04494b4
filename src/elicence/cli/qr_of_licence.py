"""The QR code of a licence by its id, from the registry of this home or from one elsewhere."""

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
    for slug in _agencies(door, agency):
        with at_hand(door, Who(slug)) as desk:
            try:
                return _drawn(desk, desk.read(licence_id), short=short, suffix=suffix, scale=scale)
            except NotFound:
                continue
    raise NotFound("licence_not_found", "No such licence.")


def _drawn(desk: DeskAtHand, licence: Licence, *, short: bool, suffix: str, scale: int) -> Drawn:
    if licence.code is None:
        raise NotFound("licence_erased", "The licence was erased: its number, states and dates remain, nothing else.")
    if short:
        return Drawn(licence.online_code, "M")
    picture = desk.picture(licence, scale=scale if suffix == ".png" else None) if suffix else None
    return Drawn(licence.code.content, licence.code.level, picture)


def _agencies(door: Door, agency: str | None) -> list[str | None]:
    """Whose licence it may be: of several agencies in a home, anybody's; elsewhere, the client's own."""
    if agency is not None or chosen_context(door) is not None:
        return [agency]
    # Imported here: only a home is looked into.
    from elicence.accounts.agencies import list_agencies
    from elicence.cli.home import opened

    with opened(door) as assembly:
        return [each.slug for each in list_agencies(assembly.registry)]
