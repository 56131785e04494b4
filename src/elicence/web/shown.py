"""How values of a licence are written out: text with its invisible characters made visible, days, instants, lists."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from elicence.formats.encoding import JsonValue
from elicence.verifier.verdicts import catalogue
from elicence.web.words import Language, words

__all__ = ["Segment", "Value", "day", "instant", "value_of"]

LONG: Final = 400
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
# Letters by their category, blanks to the eye: combining joiner, Hangul fillers, Khmer inherent vowels.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text; `unseen` says that it names, as U+202E does, a character that would otherwise play a trick."""

    text: str
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One value, ready to be shown: `machine` is the ISO form of a day or instant, `code` asks for a fixed pitch."""

    segments: tuple[Segment, ...]
    machine: str | None = None
    code: bool = False

    @property
    def long(self) -> bool:
        """Whether it gets a box of its own that scrolls."""
        return sum(len(each.text) for each in self.segments) > LONG

    @property
    def han(self) -> bool:
        """Whether it holds Chinese characters, so that a page in English says in which language to read them out."""
        return any("\u4e00" <= character <= "\u9fff" for each in self.segments for character in each.text)

    @property
    def tricky(self) -> bool:
        """Whether something in it cannot be seen."""
        return any(each.unseen for each in self.segments)


def value_of(value: JsonValue, language: Language) -> Value:
    """The value of a claim; a full ISO day is written as the reader writes days."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return day(date.fromisoformat(value), language)
        except ValueError:
            pass
    return Value(tuple(_segments(_plain(value, language))))


def code_value(text: str) -> Value:
    """A number or code, where every character counts."""
    return Value(tuple(_segments(text)), code=True)


def day(value: date, language: Language) -> Value:
    """A civil day."""
    return Value((Segment(catalogue().fact(value, language)),), machine=value.isoformat())


def instant(value: datetime, language: Language) -> Value:
    """An instant to the minute, with its offset, in the zone it carries."""
    offset = value.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    zone = "UTC" if not minutes else f"UTC{minutes // 60:+d}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
    text = f"{catalogue().fact(value.date(), language)} {value:%H:%M} ({zone})"
    return Value((Segment(text),), machine=value.isoformat(timespec="seconds"))


def _plain(value: JsonValue, language: Language) -> str:
    say = words(language)
    if isinstance(value, bool):
        return say("value.yes" if value else "value.no")
    if value is None:
        return say("value.none")
    if isinstance(value, Mapping):
        return say("value.and").join(f"{name}: {_plain(each, language)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return say("value.and").join(_plain(each, language) for each in value)
    return str(value)


def _segments(text: str) -> Iterator[Segment]:
    for unseen, run in groupby(text, key=_is_unseen):
        if unseen:
            yield from (Segment(f"U+{ord(character):04X}", unseen=True) for character in run)
        else:
            yield Segment("".join(run))


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or character in _BLANK
