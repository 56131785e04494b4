"""The verification code: twelve characters for people who type, printed beside the QR code.

Eleven random Crockford characters (55 bits) and one Luhn mod 32 check character, so that a slip of one key is told from
an unknown code. One per licence version. Readers are forgiven case, spaces, dashes, full-width characters, O for 0 and
I or L for 1; U is never part of a code.

>>> new_code(lambda n: bytes(range(n)))
'000G40R40M3S'
>>> parse_code("oooG-4or4 om3s")
'000G40R40M3S'
>>> grouped("000G40R40M3S")
'000G-40R4-0M3S'
"""

import re
import unicodedata
from collections.abc import Callable

from stdnum import luhn
from stdnum.exceptions import ValidationError

from elicence.errors import FormatError

__all__ = ["grouped", "new_code", "parse_code"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_LENGTH = 11
_LENGTH = _RANDOM_LENGTH + 1
# Somebody may paste a whole page; nothing longer than this can be a code with its dashes and spaces.
_LONGEST_INPUT = 64
_GAPS = re.compile(r"[\s\-_.‐-―−]+")
_READ_AS = str.maketrans("OIL", "011")


def new_code(entropy: Callable[[int], bytes]) -> str:
    """A new code in its stored form: upper case, no dashes. Whether it is taken already is the registry's question."""
    bits = int.from_bytes(entropy(7), "big") >> 1
    body = "".join(_ALPHABET[bits >> shift & 31] for shift in range(50, -1, -5))
    return body + luhn.calc_check_digit(body, _ALPHABET)


def parse_code(text: str) -> str:
    """The stored form of what somebody typed; `FormatError` `verification_code_bad` if it cannot be a code."""
    if len(text) > _LONGEST_INPUT:
        raise FormatError("verification_code_bad", "Too long for a verification code, which has 12 characters.")
    code = _GAPS.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_READ_AS)
    if len(code) != _LENGTH:
        raise FormatError("verification_code_bad", f"A verification code has 12 characters, this has {len(code)}.")
    if not set(code) <= set(_ALPHABET):
        raise FormatError("verification_code_bad", "A verification code has only digits and letters, and never a U.")
    try:
        return luhn.validate(code, _ALPHABET)
    except ValidationError:
        raise FormatError(
            "verification_code_bad", "The check character does not fit: one character is wrong."
        ) from None


def grouped(code: str) -> str:
    """The code as it is printed: three groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, _LENGTH, 4))
