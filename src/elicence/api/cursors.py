"""Cursors of lists: where the page before ended, under a seal of ours.

A cursor is good for the list, the agency and the filters it was given for, and for nothing else. What somebody made up
or changed is refused before the store is asked.
"""

from typing import Final

from elicence.errors import CallRefused, FormatError
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.keys.sealing import Sealer

__all__ = ["LONGEST", "cursor_after", "place_of"]

LONGEST: Final = 64
_LABEL: Final = "cursor"


def cursor_after(sealer: Sealer, last_id: str, *bound_to: str) -> str:
    """The cursor for what comes after `last_id` in the list that `bound_to` names."""
    return b64url_encode(sealer.mark(_LABEL, last_id, *bound_to) + last_id.encode())


def place_of(sealer: Sealer, cursor: str, *bound_to: str) -> str:
    """The id after which the list goes on; `CallRefused` cursor_invalid for every cursor not given for this list."""
    try:
        raw = b64url_decode(cursor)
        last_id = raw[sealer.MARK_LENGTH :].decode()
    except (FormatError, UnicodeDecodeError):
        raise _refused() from None
    if not sealer.has_mark(raw[: sealer.MARK_LENGTH], _LABEL, last_id, *bound_to):
        raise _refused()
    return last_id


def _refused() -> CallRefused:
    return CallRefused("cursor_invalid", "A cursor is a next_cursor of this very list, with the same filters.")
