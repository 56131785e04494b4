"""Test codes for scanners: what each says, and its QR symbol as a picture in an address."""

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from elicence.formats.qr import make_symbol, svg

__all__ = ["TestCode", "test_codes"]

# Every character here lies on another key under some layout, and the digits need Shift under the French one.
_KEYS: Final = "elicence:scanner/AZQWYM#0123456789?_=-.azqwym"
# As long and as dense as a licence.
_LONG: Final = "elicence:scanner/long#" + "0123456789" * 105


@dataclass(frozen=True, slots=True)
class TestCode:
    """One test: its name in the words, the text a scanner must bring, and the picture."""

    name: str
    text: str
    picture: str


@lru_cache(maxsize=1)
def test_codes() -> tuple[TestCode, ...]:
    """The keyboard test and the test of length."""
    return tuple(TestCode(name, text, _picture(text)) for name, text in (("keys", _KEYS), ("long", _LONG)))


def _picture(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg(make_symbol(text))).decode("ascii")
