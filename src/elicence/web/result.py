"""A report as a page shows it: verdict, instruction, face of the licence, checks. Words only; templates draw them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from elicence.errors import NotFound
from elicence.formats.vc_jwt import HolderFace
from elicence.licences.catalogue import Catalogue
from elicence.licences.licence_type import LicenceType
from elicence.verifier.report import Check, Face, Report
from elicence.verifier.verdicts import Verdict, VerdictClass, Wording, catalogue
from elicence.web.shown import Segment, Value, code_value, day, instant, value_of
from elicence.web.words import Language, words

__all__ = ["CheckLine", "ResultView", "Row", "result_view"]


@dataclass(frozen=True, slots=True)
class Row:
    """A label and its values, in the description list of a licence."""

    label: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check in the folded list; `outcome` is the code, `said` the word for it."""

    label: str
    outcome: str
    said: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """Everything on the page about one report. `shape` is the verdict's class, which picks colour and sign."""

    verdict: str
    shape: str
    class_word: str
    wording: Wording
    notices: tuple[str, ...]
    title: str | None
    number: Value | None
    rows: tuple[Row, ...]
    issuer: str | None
    checked_at: Value
    status_as_of: Value | None
    status_age: str | None
    checks: tuple[CheckLine, ...]
    to_compare: str | None = None
    """The identifier of a licence that is acceptable once it was compared with a photo ID, and was not yet."""

    @property
    def tricky(self) -> bool:
        """Whether a value holds characters that cannot be seen."""
        return any(value.tricky for row in self.rows for value in row.values)


def result_view(report: Report, types: Catalogue, language: Language, *, compared: Collection[str] = ()) -> ResultView:
    """The view of a report in a language. `types` gives the labels of numbers and holder identifiers.

    A licence that anybody may hold is not shown as accepted before its identifier stands in `compared`.
    """
    verdicts = catalogue()
    waits = _waiting(report, compared)
    zone = _zone(report.face)
    as_of = report.status_as_of
    return ResultView(
        verdict=report.verdict.value,
        shape=report.verdict_class.value if waits is None else VerdictClass.CHECK.value,
        class_word=verdicts.word("classes", report.verdict_class, language)
        if waits is None
        else words(language)("counter.compare_first"),
        wording=verdicts.wording(report.verdict, report.reason, facts=report.facts, language=language),
        notices=tuple(verdicts.word("notices", code, language) for code in report.notices),
        title=None if report.face is None else report.face.title[language],
        number=None if report.face is None else code_value(report.face.number),
        rows=() if report.face is None else tuple(_rows(report.face, _type_of(report.face, types), language)),
        issuer=None if report.issuer is None else report.issuer[language],
        checked_at=instant(report.checked_at.astimezone(zone), language),
        status_as_of=None if as_of is None else instant(as_of.astimezone(zone), language),
        status_age=None if as_of is None else verdicts.fact(report.checked_at - as_of, language),
        checks=tuple(_line(check, language) for check in report.checks),
        to_compare=waits,
    )


def _waiting(report: Report, compared: Collection[str]) -> str | None:
    """The twin of the tick that the page in the browser asks for."""
    if report.verdict is not Verdict.VALID_CHECK_ID or report.face is None or report.face.identifier in compared:
        return None
    return report.face.identifier


def _zone(face: Face | None) -> tzinfo:
    """Times are told as the issuing agency tells them; without a licence to go by, in UTC."""
    return UTC if face is None else face.valid_from.tzinfo or UTC


def _type_of(face: Face, types: Catalogue) -> LicenceType | None:
    try:
        return types.get(face.type_slug, face.type_version)
    except NotFound:
        return None


def _rows(face: Face, known: LicenceType | None, language: Language) -> Iterator[Row]:
    say = words(language)
    yield Row(say("face.number") if known is None else known.number.label[language], (code_value(face.number),))
    for holder in face.holders:
        yield from _holder(holder, known, language)
    yield Row(say("face.in_force"), _period(face.valid_from, face.valid_until, language))
    yield Row(say("face.issuer"), (value_of(face.issuer[language], language),))
    for name, value in face.claims.items():
        yield Row(face.labels[name][language], (value_of(value, language),))
    if face.version > 1:
        yield Row(say("face.version"), (value_of(face.version, language),))
    yield Row(say("face.identifier"), (code_value(face.identifier),))


def _holder(holder: HolderFace, known: LicenceType | None, language: Language) -> Iterator[Row]:
    say = words(language)
    if holder.name is not None:
        yield Row(say("face.holder"), (value_of(holder.name, language),))
    if holder.id is not None:
        scheme = None if known is None else known.holder.schemes.get(holder.id_scheme or "")
        yield Row(holder.id_scheme or say("face.holder_id") if scheme is None else scheme.label[language],
                  (code_value(holder.id),))  # fmt: skip


def _period(first: datetime, last: datetime | None, language: Language) -> tuple[Value, ...]:
    if last is not None:
        return day(first.date(), language), day(last.date(), language)
    return day(first.date(), language), Value((Segment(words(language)("face.no_end")),))


def _line(check: Check, language: Language) -> CheckLine:
    verdicts = catalogue()
    return CheckLine(
        label=verdicts.word("checks", check.name, language),
        outcome=check.outcome.value,
        said=verdicts.word("outcomes", check.outcome, language),
        reason=check.reason,
    )
