"""The verdict catalogue: twenty verdicts in order of precedence, which reason leads to which, and their words.

Everything stands in `verdicts.json`, which the browser reads too, so that a clerk is told the same by every door.
A sentence is picked from a list: the first whose every placeholder has a fact; the last one has no placeholder.
"""

import json
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

__all__ = [
    "LANGUAGES",
    "Catalogue",
    "Entry",
    "FactValue",
    "Facts",
    "ShowFace",
    "Text",
    "Verdict",
    "VerdictClass",
    "Wording",
    "catalogue",
]

LANGUAGES: Final = ("zh-CN", "en")

Text = Mapping[str, str]
"""One wording per language tag, `zh-CN` and `en`."""

FactValue = str | int | date | timedelta | Text
"""A fact for a sentence: text, number, civil day or instant, duration, or a wording per language."""

Facts = Mapping[str, FactValue]

ShowFace = Literal["none", "type_and_number", "full"]


class VerdictClass(StrEnum):
    """What a clerk does with a verdict: accept it, stop, look closer, or nothing can be decided from it."""

    ACCEPT = "accept"
    STOP = "stop"
    CHECK = "check"
    CANNOT_DECIDE = "cannot_decide"


class Verdict(StrEnum):
    """The one word of a report, in order of precedence."""

    NOT_A_LICENCE = "not_a_licence"
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    UNKNOWN_ISSUER = "unknown_issuer"
    TAMPERED = "tampered"
    KEY_WITHDRAWN = "key_withdrawn"
    TEST_LICENCE = "test_licence"
    CLOCK_WRONG = "clock_wrong"
    CODE_TIMED_OUT = "code_timed_out"
    CODE_REUSED = "code_reused"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_TYPE = "wrong_type"
    HOLDER_MISMATCH = "holder_mismatch"
    STATUS_UNKNOWN = "status_unknown"
    VALID_CHECK_ID = "valid_check_id"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a clerk reads: a heading, one sentence, and what to do."""

    heading: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One verdict: its class, how much of the licence it may show, and its words per language and reason."""

    verdict: Verdict
    verdict_class: VerdictClass
    show_face: ShowFace
    texts: Mapping[str, Mapping[str, Any]]
    because: Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The file as values. `reasons` leads from a check's reason to a verdict; `required` names the checks that must
    have passed before anything is accepted; `words` are the names of checks, outcomes, classes, notices and things a
    scanned text may look like."""

    entries: tuple[Entry, ...]
    by_code: Mapping[str, Entry]
    reasons: Mapping[str, Verdict]
    reasons_without_face: frozenset[str]
    required: frozenset[str]
    words: Mapping[str, Mapping[str, Text]]
    durations: Mapping[str, Mapping[str, Any]]
    dates: Mapping[str, Mapping[str, Any]]

    def entry(self, verdict: Verdict) -> Entry:
        """The entry of a verdict."""
        return self.by_code[verdict]

    def first(self, reasons: Iterable[str | None]) -> tuple[Verdict, str | None]:
        """The verdict that comes first among those of the given reasons, and the reason that led to it.

        A reason this catalogue does not know decides nothing: it counts as `unsupported`.
        """
        rank = {entry.verdict: position for position, entry in enumerate(self.entries)}
        found = [(self.reasons.get(reason or "", Verdict.UNSUPPORTED), reason) for reason in reasons]
        return min(found, key=lambda pair: rank[pair[0]])

    def wording(self, verdict: Verdict, reason: str | None, *, facts: Facts, language: str) -> Wording:
        """The words for a verdict reached for a reason, with the facts filled in."""
        entry = self.entry(verdict)
        general = entry.texts[language]
        special = entry.because.get(reason or "", {}).get(language, {})
        chosen = {**general, **special}
        # A special sentence that lacks a fact gives way to the general ones.
        sentences = [*special.get("sentences", ()), *general["sentences"]]
        text = next(each for each in sentences if placeholders(each) <= facts.keys())
        filled = {name: self.fact(facts[name], language) for name in placeholders(text)}
        return Wording(chosen["heading"], text.format_map(filled), chosen["advice"])

    def word(self, group: str, code: str, language: str) -> str:
        """The name of a check, outcome, class, notice or look-alike in a language."""
        return self.words[group][code][language]

    def fact(self, value: FactValue, language: str) -> str:
        """A fact as people read it: durations rounded down to one unit, days without the time."""
        if isinstance(value, timedelta):
            return self._duration(value, language)
        if isinstance(value, date):
            style = self.dates[language]
            months: list[str] = style["months"]
            pattern: str = style["pattern"]
            return pattern.format(year=value.year, month=months[value.month - 1], day=value.day)
        if isinstance(value, Mapping):
            return value[language]
        return str(value)

    def _duration(self, value: timedelta, language: str) -> str:
        seconds = max(0, int(value.total_seconds()))
        style = self.durations[language]
        for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
            # 24 to 48 hours are told in hours: "1 day" would hide by how much a limit of a day was passed.
            count = seconds // length
            if count >= (2 if unit == "day" else 1):
                form: str = style[unit][0 if count == 1 else 1]
                return form.format(n=count)
        return str(style["moment"])


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue that ships with this package."""
    text = resources.files("elicence.verifier").joinpath("verdicts.json").read_text("utf-8")
    file: dict[str, Any] = json.loads(text)
    groups = ("classes", "outcomes", "checks", "notices", "looks_like")
    entries = tuple(_entry(each) for each in file["verdicts"])
    return Catalogue(
        entries=entries,
        by_code=MappingProxyType({str(entry.verdict): entry for entry in entries}),
        reasons=MappingProxyType({reason: Verdict(code) for reason, code in file["reasons"].items()}),
        reasons_without_face=frozenset(file["reasons_without_face"]),
        required=frozenset(file["required"]),
        words=MappingProxyType({group: file[group] for group in groups}),
        durations=file["durations"],
        dates=file["dates"],
    )


def _entry(each: Mapping[str, Any]) -> Entry:
    return Entry(
        verdict=Verdict(each["code"]),
        verdict_class=VerdictClass(each["class"]),
        show_face=each["show_face"],
        texts=each["texts"],
        because=each["because"],
    )


@lru_cache(maxsize=1024)
def placeholders(text: str) -> frozenset[str]:
    """Names of the facts a sentence needs.

    >>> sorted(placeholders("Signed by {issuer}, {age} old."))
    ['age', 'issuer']
    """
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def fact_json(value: FactValue, language: str) -> str | int:
    """A fact for machines: ISO 8601 days and instants, seconds, the wording of one language."""
    if isinstance(value, (datetime, date)):  # one call in C; a union of types is taken apart in Python
        return value.isoformat()
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Mapping):
        return value[language]
    return value
