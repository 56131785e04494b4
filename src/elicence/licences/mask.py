"""Masking a holder's identifier, so that a code shows enough to compare and too little to use."""

__all__ = ["mask_id"]


def mask_id(value: str) -> str:
    """The identifier with its middle starred: length kept, four characters at both ends of long ones.

    >>> mask_id("11010519491231002X")
    '1101**********002X'
    >>> mask_id("E12345678"), mask_id("A123")
    ('E******78', '****')
    """
    shown_first, shown_last = _shown(len(value))
    hidden = len(value) - shown_first - shown_last
    return value[:shown_first] + "*" * hidden + value[len(value) - shown_last :]


def _shown(length: int) -> tuple[int, int]:
    """Characters left readable in front and behind: never more than half of the identifier."""
    if length >= 16:
        return 4, 4
    return (1, 2) if length >= 6 else (0, 0)
