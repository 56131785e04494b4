"""Numbers of holders: unified social credit codes (`CN-USCC`) and resident identity numbers (`CN-RIC`).

A USCC follows GB 32100-2015; some codes in legal use carry a check character that does not fit, so a caller may insist
with `accept_check_digit` and the fact is kept as a warning. A resident number follows GB 11643: 17 digits, a MOD 11-2
check character (ISO/IEC 7064) and a birth date that must exist. Region codes come and go (GB/T 2260), so an unknown
one is only a warning. No message ever echoes the number.

>>> check_holder_id("CN-USCC", "91350100m000100y43")
('91350100M000100Y43', ())
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from elicence.errors import Problem, RequestError

__all__ = ["SCHEMES", "birth_date_of", "check_holder_id"]

_GAPS = re.compile(r"[\s\-]+")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_RIC = re.compile(r"[0-9]{17}[0-9X]")
# The first two digits of GB/T 2260, provinces to special regions; 9 and 1 stand for residents who are foreigners.
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_EARLIEST_BIRTH_YEAR = 1850

Checked: TypeAlias = tuple[str, tuple[Problem, ...]]


def check_holder_id(
    scheme: str, value: str, *, accept_check_digit: bool = False, pointer: str = "", today: date | None = None
) -> Checked:
    """The number in its stored form, and warnings to record.

    Raises `RequestError` (`check_digit_wrong` if only that is wrong) with a problem at `pointer`: `id_scheme`,
    `id_format`, `date` (no such birth date, or after `today`) or `check_digit_wrong`.
    """
    check = _CHECKS.get(scheme)
    if check is None:
        raise _refused(pointer, "id_scheme", f"The id scheme must be one of {', '.join(sorted(SCHEMES))}.")
    compact = _GAPS.sub("", unicodedata.normalize("NFKC", value)).upper()
    return check(compact, accept_check_digit, pointer, today)


def birth_date_of(resident_number: str) -> date | None:
    """The birth date inside a resident number of 18 characters, or None if the calendar has no such day."""
    try:
        return date(int(resident_number[6:10]), int(resident_number[10:12]), int(resident_number[12:14]))
    except ValueError:
        return None


def _check_uscc(number: str, accept_check_digit: bool, pointer: str, _today: date | None) -> Checked:
    if not _USCC.fullmatch(number):
        raise _refused(
            pointer, "id_format", "A unified social credit code has 18 characters, digits and letters except I O S V Z."
        )
    # uscc.validate refuses the letters A, N and Y that stand first in codes of the army, villages and others.
    if uscc.calc_check_digit(number) == number[-1]:
        return number, ()
    sentence = "The check character of the unified social credit code does not fit."
    if not accept_check_digit:
        raise _refused(pointer, "check_digit_wrong", sentence)
    return number, (Problem(pointer, "check_digit_wrong", sentence),)


def _check_resident_number(number: str, _accept: bool, pointer: str, today: date | None) -> Checked:
    if not _RIC.fullmatch(number):
        raise _refused(pointer, "id_format", "A resident number has 17 digits and then a digit or X.")
    birth = birth_date_of(number)
    if birth is None or birth.year < _EARLIEST_BIRTH_YEAR or (today is not None and birth > today):
        raise _refused(pointer, "date", "The birth date inside the resident number is not plausible.")
    if not mod_11_2.is_valid(number):
        raise _refused(pointer, "check_digit_wrong", "The check character of the resident number does not fit.")
    if _PROVINCE.match(number):
        return number, ()
    return number, (Problem(pointer, "region_unknown", "The region inside the resident number is not known."),)


_CHECKS: Mapping[str, Callable[[str, bool, str, date | None], Checked]] = MappingProxyType(
    {"CN-USCC": _check_uscc, "CN-RIC": _check_resident_number}
)
SCHEMES = frozenset(_CHECKS)


def _refused(pointer: str, code: str, sentence: str) -> RequestError:
    whole = "check_digit_wrong" if code == "check_digit_wrong" else "validation_failed"
    return RequestError(whole, sentence, [Problem(pointer, code, sentence)])
