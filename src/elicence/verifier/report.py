"""What a verifier answers: named checks with four outcomes, one verdict, and the little that may be shown.

A `Report` has no truth value: `if report:` is refused, because a report that says "revoked" is as true as one that
says "valid". Ask `report.accepted`, or better, read `report.verdict`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.vc_jwt import HolderFace
from elicence.verifier.verdicts import Facts, Text, Verdict, VerdictClass, catalogue, fact_json

__all__ = ["Check", "Decision", "Face", "Outcome", "Report", "Verdict", "VerdictClass", "decide"]


class Outcome(StrEnum):
    """How a check ended. `unknown` is neither good nor bad news: the check could not be made."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


# An enumeration looks its members up at every access; these are asked for once a check.
_PASSED, _FAILED, _UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer; `reason` is a stable code whenever the outcome is failed or unknown."""

    name: str
    outcome: Outcome
    reason: str | None = None
    facts: Facts = field(default_factory=dict)

    @property
    def troubled(self) -> bool:
        """Whether this check stands in the way of acceptance."""
        return self.outcome is _FAILED or self.outcome is _UNKNOWN


@dataclass(frozen=True, slots=True)
class Face:
    """What a person at a counter may see of a licence whose signature passed.

    `claims` are the code credential's own, in the type file's order, with their `labels`. Instants keep the offset the
    agency wrote. `holders` and `claims` are empty where the verdict shows the type and number only.
    """

    type_slug: str
    type_version: int
    title: Text
    number: str
    identifier: str
    version: int
    issuer: Text
    valid_from: datetime
    valid_until: datetime | None
    holders: tuple[HolderFace, ...] = ()
    claims: Mapping[str, JsonValue] = field(default_factory=dict)
    labels: Mapping[str, Text] = field(default_factory=dict)

    def type_and_number(self) -> "Face":
        """The same licence without holders and claims."""
        return Face(
            type_slug=self.type_slug,
            type_version=self.type_version,
            title=self.title,
            number=self.number,
            identifier=self.identifier,
            version=self.version,
            issuer=self.issuer,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )

    def to_json(self, language: str) -> JsonObject:
        """Shape of `licence` in a verification answer; labels and names in `language`."""
        return {
            "type": self.type_slug,
            "type_version": self.type_version,
            "title": self.title[language],
            "number": self.number,
            "licence_identifier": self.identifier,
            "version": self.version,
            "issuer": self.issuer[language],
            "valid_from": self.valid_from.isoformat(),
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
            "holders": [_holder_json(holder) for holder in self.holders],
            "claims": [
                {"name": name, "label": self.labels[name][language], "value": value}
                for name, value in self.claims.items()
            ],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one verification. Born as `damaged`, so that only a full run can make it an acceptance.

    `issuer` is the agency's name as the trusted list gives it, never as the code claims it. `status_as_of` is when the
    status list used was signed. `facts` fill the sentences; `notices` are codes of remarks that change no verdict.
    """

    checked_at: datetime
    checks: tuple[Check, ...]
    verdict: Verdict = Verdict.DAMAGED
    verdict_class: VerdictClass = VerdictClass.CANNOT_DECIDE
    reason: str | None = None
    face: Face | None = None
    issuer: Text | None = None
    status_as_of: datetime | None = None
    notices: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)

    def __bool__(self) -> NoReturn:
        raise TypeError("a report is not true or false; read .verdict, or .accepted")

    @property
    def accepted(self) -> bool:
        """Whether the verdict is one of the two that let a clerk accept the licence."""
        return self.verdict_class is VerdictClass.ACCEPT

    def to_json(self, language: str) -> JsonObject:
        """The body of a verification answer, words in `language` (`zh-CN` or `en`). `licence` stands in it only where
        the verdict allows showing it."""
        words = catalogue()
        labels = words.words["checks"]
        wording = words.wording(self.verdict, self.reason, facts=self.facts, language=language)
        answer: JsonObject = {
            "object": "verification",
            "verdict": self.verdict.value,
            "class": self.verdict_class.value,
            "reason": self.reason,
            "heading": wording.heading,
            "sentence": wording.sentence,
            "advice": wording.advice,
            "checked_at": self.checked_at.isoformat(),
            "status_as_of": None if self.status_as_of is None else self.status_as_of.isoformat(),
            "issuer": None if self.issuer is None else self.issuer[language],
            "checks": [_check_json(check, labels[check.name], language) for check in self.checks],
            "notices": [{"code": code, "text": words.word("notices", code, language)} for code in self.notices],
        }
        if self.face is not None:
            answer["licence"] = self.face.to_json(language)
        return answer

    def check(self, name: str) -> Check:
        """The check of that name; raises LookupError for a name no verifier uses."""
        for each in self.checks:
            if each.name == name:
                return each
        raise LookupError(f"no check is named {name!r}")


def _holder_json(holder: HolderFace) -> JsonObject:
    members = {"kind": holder.kind, "name": holder.name, "id_scheme": holder.id_scheme, "id": holder.id}
    return {name: value for name, value in members.items() if value is not None}


def _check_json(check: Check, label: Text, language: str) -> JsonObject:
    facts = check.facts
    return {
        "name": check.name,
        "label": label[language],
        "outcome": str(check.outcome),
        "reason": check.reason,
        "facts": {name: fact_json(value, language) for name, value in facts.items()} if facts else {},
    }


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, and the check that brought it about (None if all is well)."""

    verdict: Verdict
    reason: str | None
    because: Check | None


def decide(checks: Iterable[Check]) -> Decision:
    """The one verdict of many checks: of all that failed or stayed unknown, the one that stands first in the catalogue.

    `valid` is never a default: it needs every required check to be there and passed. A list of checks with a gap, which
    no verifier should make, ends as `unsupported`.
    """
    words = catalogue()
    made = tuple(checks)
    troubled = [check for check in made if check.troubled]
    verdict, reason = words.first(check.reason for check in troubled) if troubled else (Verdict.VALID, None)
    accepts = words.entry(verdict).verdict_class is VerdictClass.ACCEPT
    if accepts and not words.required <= {check.name for check in made if check.outcome is _PASSED}:
        return Decision(Verdict.UNSUPPORTED, None, None)
    return Decision(verdict, reason, next((check for check in troubled if check.reason == reason), None))
