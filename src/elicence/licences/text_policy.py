"""The one text policy of the house: which characters may stand in a name, a claim or a note.

Text is normalised to NFC and then refused if it holds a character that cannot be seen but changes what is read, sorted
or shown: controls, line separators, bidirectional controls, zero-width and other invisible format characters, tag
characters, lone surrogates and noncharacters (Unicode 16, UAX #9, UAX #44, UTS #39). Private-use characters and
variation selectors pass, because rare personal names are written with them.

>>> clean_text("café") == "café"
True
>>> text_fault("abc")
>>> text_fault("abc\\u202edef")
'a bidirectional control at character 4'
"""

import re
import unicodedata

from elicence.errors import Problem, RequestError

__all__ = ["clean_text", "text_fault"]

_REFUSED = {
    "control": "\x00-\x1f\x7f-\x9f",
    "separator": "\u2028\u2029",
    "bidi": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
    "invisible": (
        "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
        "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    ),
    "tag": "\U000e0000-\U000e00ff",
    "surrogate": "\ud800-\udfff",
    "noncharacter": "\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)),
}
_CALLED = {
    "control": "a control character",
    "separator": "a line or paragraph separator",
    "bidi": "a bidirectional control",
    "invisible": "an invisible character",
    "tag": "a tag character",
    "surrogate": "half of a surrogate pair",
    "noncharacter": "a noncharacter",
}
_FAULT = re.compile("|".join(f"(?P<{name}>[{ranges}])" for name, ranges in _REFUSED.items()))


def text_fault(value: str) -> str | None:
    """What is wrong with the text and where (counted from 1), or None; never the character itself."""
    if value.isascii() and value.isprintable():
        return None
    found = _FAULT.search(value)
    if found is None or found.lastgroup is None:
        return None
    return f"{_CALLED[found.lastgroup]} at character {found.start() + 1}"


def clean_text(value: str, *, pointer: str = "") -> str:
    """The text in NFC; raises `RequestError` with the problem `text_policy` at `pointer` if it is refused.

    >>> clean_text("a\\u200bb", pointer="/number")
    Traceback (most recent call last):
    elicence.errors.RequestError: validation_failed: The text holds an invisible character at character 2.
    """
    fault = text_fault(value)
    if fault is not None:
        sentence = f"The text holds {fault}."
        raise RequestError("validation_failed", sentence, [Problem(pointer, "text_policy", sentence)])
    return unicodedata.normalize("NFC", value)
