"""The national licence identifier (证照标识, GB/T 36904): written strictly, read leniently.

`1.2.156.3005.2.<type code>.<issuer>.<serial>.<version>.<check>`: the type code is the unified social credit code of the
body that defines the type and three digits; the issuer is a unified social credit code (some systems put a six-digit
region there); the serial is digits and capital letters of the issuer's choice; the version has three digits from 001;
the check character is ISO/IEC 7064 MOD 37,36 over the four segments before it without dots.

>>> str(LicenceIdentifier.build("11100000000013338W002", "11320482014138860P", serial="201807250201", version=1))
'1.2.156.3005.2.11100000000013338W002.11320482014138860P.201807250201.001.M'
"""

import re
from dataclasses import dataclass
from typing import Self

from stdnum.iso7064 import mod_37_36

from elicence.errors import FormatError, Problem

__all__ = ["LicenceIdentifier", "parse"]

_ROOT = "1.2.156.3005.2"
# A root that some systems write by mistake; read with a warning, never written.
_NEARBY_ROOT = "1.2.156.3003.2"
_LONGEST_INPUT = 160
_USCC = r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
_TYPE_CODE = re.compile(_USCC + r"[0-9]{3}")
_ISSUER = re.compile(_USCC)
_REGION = re.compile(r"[0-9]{6}")
_SERIAL = re.compile(r"[0-9A-Z]{1,64}")
_VERSION = re.compile(r"[0-9]{3}")
_CHECK = re.compile(r"[0-9A-Z]")


@dataclass(frozen=True, slots=True)
class LicenceIdentifier:
    """The parts of one identifier; `check` is the character as written or read."""

    type_code: str
    issuer_uscc: str
    serial: str
    version: int
    check: str

    @classmethod
    def build(cls, type_code: str, issuer_uscc: str, *, serial: str, version: int) -> Self:
        """A new identifier with its check character; `FormatError` `identifier_bad` names the segment that is wrong."""
        _demand(_TYPE_CODE, type_code, "type code", "18 characters of a unified social credit code and 3 digits")
        _demand(_ISSUER, issuer_uscc, "issuer", "a unified social credit code of 18 characters")
        _demand(_SERIAL, serial, "serial", "1 to 64 digits and capital letters")
        if not 1 <= version <= 999:
            raise FormatError("identifier_bad", "The version of a licence identifier goes from 1 to 999.")
        return cls(type_code, issuer_uscc, serial, version, _check_of(type_code, issuer_uscc, serial, version))

    def __str__(self) -> str:
        return f"{_ROOT}.{self.type_code}.{self.issuer_uscc}.{self.serial}.{self.version:03d}.{self.check}"


def parse(text: str) -> tuple[LicenceIdentifier, tuple[Problem, ...]]:
    """The identifier and what was odd about it: case, root, issuer that is a region, version 000, check character.

    `FormatError` `identifier_bad` if the segments cannot be told apart or one of them has another shape.
    """
    if len(text) > _LONGEST_INPUT:
        raise FormatError("identifier_bad", f"A licence identifier has at most {_LONGEST_INPUT} characters.")
    stripped = text.strip()
    # Only ASCII changes case here: "ß".upper() is longer than what was read.
    upper = stripped.upper() if stripped.isascii() else stripped
    warnings = [] if upper == text else [_odd("id_format", "Small letters or blanks were read as if written properly.")]
    root, segments = _split(upper)
    if root != _ROOT:
        warnings.append(_odd("id_format", f"The identifier starts with {_NEARBY_ROOT} where the standard has {_ROOT}."))
    type_code, issuer, serial, version_text, check = segments
    _demand(_TYPE_CODE, type_code, "type code", "18 characters of a unified social credit code and 3 digits")
    _demand(_SERIAL, serial, "serial", "1 to 64 digits and capital letters")
    _demand(_VERSION, version_text, "version", "3 digits")
    _demand(_CHECK, check, "check character", "one digit or capital letter")
    if _REGION.fullmatch(issuer):
        warnings.append(_odd("id_format", "The issuer is a region code and not a unified social credit code."))
    else:
        _demand(_ISSUER, issuer, "issuer", "a unified social credit code of 18 characters")
    version = int(version_text)
    if version == 0:
        warnings.append(_odd("number_range", "The version is 000; the standard counts from 001."))
    if check != _check_of(type_code, issuer, serial, version):
        warnings.append(_odd("check_digit_wrong", "The check character of the licence identifier does not fit."))
    return LicenceIdentifier(type_code, issuer, serial, version, check), tuple(warnings)


def _split(text: str) -> tuple[str, list[str]]:
    for root in (_ROOT, _NEARBY_ROOT):
        segments = text.removeprefix(f"{root}.").split(".")
        if text.startswith(f"{root}.") and len(segments) == 5:
            return root, segments
    raise FormatError("identifier_bad", f"A licence identifier is {_ROOT} and five segments with dots between.")


def _demand(shape: re.Pattern[str], segment: str, name: str, allowed: str) -> None:
    if not shape.fullmatch(segment):
        raise FormatError("identifier_bad", f"The {name} of a licence identifier is {allowed}.")


def _check_of(type_code: str, issuer: str, serial: str, version: int) -> str:
    check: str = mod_37_36.calc_check_digit(f"{type_code}{issuer}{serial}{version:03d}")
    return check


def _odd(code: str, sentence: str) -> Problem:
    return Problem("", code, sentence)
