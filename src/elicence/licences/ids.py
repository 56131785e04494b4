"""Ids of our own records: a prefix that says what it is, then a UUIDv7 as 26 lower-case Crockford characters.

`lic_01jdbe5r0vf6h9s4m2k7x8p3qz`: sortable by the time of making, never reused, without meaning for outsiders. The
prefixes are `lic agc evt int opr cli grt log out`. RFC 9562 §5.7 and §6.2 method 3; Crockford's base 32 lacks i l o u.

>>> from datetime import datetime, timezone
>>> new_id("lic", datetime(2026, 11, 23, tzinfo=timezone.utc), lambda n: bytes(n))
'lic_01m82v7m00e008000000000000'
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from elicence.errors import FormatError

__all__ = ["new_id", "parse_id"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
# 26 characters hold 130 bits and a UUID 128, so the first character is at most 7.
_SHAPE = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def new_id(prefix: str, now: datetime, entropy: Callable[[int], bytes]) -> str:
    """A new id: the millisecond of the aware `now`, its fraction in 12 bits, 62 bits of `entropy`."""
    milliseconds, fraction = divmod((now - _EPOCH) // _MICROSECOND, 1000)
    random_bits = int.from_bytes(entropy(8), "big") >> 2
    value = milliseconds << 80 | 7 << 76 | (fraction * 4096 // 1000) << 64 | 2 << 62 | random_bits
    return f"{prefix}_{_base32(value)}"


def parse_id(prefix: str, text: str) -> str:
    """The id itself if it is one of ours with this prefix; else `FormatError` `identifier_bad`.

    >>> parse_id("lic", "agc_01m82v7m00e008000000000000")
    Traceback (most recent call last):
    elicence.errors.FormatError: identifier_bad: Not an id that starts with lic_ and goes on with 26 characters.
    """
    body = text.removeprefix(f"{prefix}_")
    if body == text or not _SHAPE.fullmatch(body):
        raise FormatError("identifier_bad", f"Not an id that starts with {prefix}_ and goes on with 26 characters.")
    value = 0
    for character in body:
        value = value << 5 | _VALUE[character]
    if value >> 76 & 0xF != 7 or value >> 62 & 0b11 != 0b10:
        raise FormatError("identifier_bad", f"The id after {prefix}_ is not a UUID of version 7.")
    return text


def _base32(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])
