"""A verification on paper: the verdict first, what to do, and then what may be shown of the licence."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from elicence.cli.door import Language
from elicence.cli.paper import fields, headline, safe
from elicence.cli.words import period, shown_value, stamp, word
from elicence.formats.vc_jwt import HolderFace
from elicence.verifier.report import Face, Report
from elicence.verifier.verdicts import VerdictClass, catalogue

__all__ = ["EXIT_OF", "report_paper"]

EXIT_OF = {
    VerdictClass.ACCEPT: 0,
    VerdictClass.STOP: 10,
    VerdictClass.CHECK: 11,
    VerdictClass.CANNOT_DECIDE: 12,
}
_MARKS = {
    VerdictClass.ACCEPT: ("✔", "green"),
    VerdictClass.STOP: ("✘", "red"),
    VerdictClass.CHECK: ("!", "yellow"),
    VerdictClass.CANNOT_DECIDE: ("?", "cyan"),
}


def report_paper(report: Report, language: Language) -> RenderableType:
    """The report as a clerk reads it."""
    words = catalogue()
    wording = words.wording(report.verdict, report.reason, facts=report.facts, language=language)
    mark, style = _MARKS[report.verdict_class]
    parts: list[RenderableType] = [
        headline(mark, wording.heading, style),
        Padding(safe(wording.sentence), (0, 0, 0, 2)),
        Padding(Text(f"→ {wording.advice}", "bold"), (0, 0, 0, 2)),
    ]
    troubled = [
        (
            words.word("checks", check.name, language),
            f"{words.word('outcomes', check.outcome, language)} [{check.reason}]",
        )
        for check in report.checks
        if check.troubled
    ]
    if troubled and report.verdict_class is not VerdictClass.ACCEPT:
        parts += [Text(""), fields(troubled)]
    if report.face is not None:
        parts += [Text(""), fields(_face(report, report.face, language))]
    return Group(*parts)


def _face(report: Report, face: Face, language: Language) -> list[tuple[str, object]]:
    last = None if face.valid_until is None else face.valid_until.date()
    rows: list[tuple[str, object]] = [
        (word("type", language), face.title[language]),
        (word("number", language), face.number),
        (word("version", language), word("version_of", language, n=face.version)),
        *(row for each in face.holders for row in _holder(each, language)),
        (word("in_force", language), period(face.valid_from.date(), last, language)),
        (word("issuer", language), face.issuer[language]),
    ]
    if report.status_as_of is not None:
        rows.append((word("status_as_of", language), stamp(report.status_as_of)))
    return rows + [(face.labels[name][language], shown_value(value)) for name, value in face.claims.items()]


def _holder(holder: HolderFace, language: Language) -> list[tuple[str, object]]:
    number = None if holder.id is None else f"{holder.id_scheme} {holder.id}"
    return [(word("holder", language), holder.name or number), ("", number if holder.name else None)]
