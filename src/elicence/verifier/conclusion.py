"""From findings to a report: one verdict, and no more of the licence than that verdict may show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from elicence.formats.status_list import StatusListToken
from elicence.formats.vc_jwt import CodeCredential
from elicence.licences.licence_type import LicenceType
from elicence.verifier.policy import Policy
from elicence.verifier.report import Check, Decision, Face, Outcome, Report, decide
from elicence.verifier.trust import AgencyKey, TrustedList
from elicence.verifier.verdicts import Facts, FactValue, VerdictClass, catalogue

__all__ = ["Findings", "conclude"]


@dataclass(slots=True)
class Findings:
    """What a verification has learnt so far. `key` and `credential` are set only after the signature has passed."""

    trust: TrustedList
    now: datetime
    policy: Policy
    checks: list[Check] = field(default_factory=list)
    key: AgencyKey | None = None
    credential: CodeCredential | None = None
    licence_type: LicenceType | None = None
    listed: StatusListToken | None = None


def conclude(found: Findings) -> Report:
    """The report of a verification that has ended, wherever it ended."""
    decision = decide(found.checks)
    entry = catalogue().entry(decision.verdict)
    return Report(
        checked_at=found.now,
        checks=_every_check(found.checks),
        verdict=decision.verdict,
        verdict_class=entry.verdict_class,
        reason=decision.reason,
        face=_face(found, decision),
        issuer=None if found.key is None else found.key.agency.name,
        status_as_of=None if found.listed is None else found.listed.issued_at,
        notices=("copy_possible",) if entry.verdict_class is VerdictClass.ACCEPT else (),
        facts=_facts(found, decision),
    )


def _every_check(made: list[Check]) -> tuple[Check, ...]:
    """All checks of the catalogue in its order; those never reached are skipped."""
    by_name = {check.name: check for check in made}
    return tuple([by_name.get(name, skipped) for name, skipped in _skipped().items()])


@cache
def _skipped() -> Mapping[str, Check]:
    return {name: Check(name, Outcome.SKIPPED) for name in catalogue().words["checks"]}


def _facts(found: Findings, decision: Decision) -> Facts:
    facts: dict[str, FactValue] = {"trust_date": found.trust.issued_at}
    if found.key is not None:
        facts["issuer"] = found.key.agency.name
    if found.listed is not None:
        facts["age"] = found.now - found.listed.issued_at
    return {**facts, **(decision.because.facts if decision.because is not None else {})}


def _face(found: Findings, decision: Decision) -> Face | None:
    words = catalogue()
    shown = words.entry(decision.verdict).show_face
    barred = any(check.troubled and check.reason in words.reasons_without_face for check in found.checks)
    if shown == "none" or barred or found.key is None or found.credential is None or found.licence_type is None:
        return None
    full = _full_face(found.credential, found.licence_type, found.key)
    return full if shown == "full" else full.type_and_number()


def _full_face(credential: CodeCredential, licence_type: LicenceType, key: AgencyKey) -> Face:
    subject = credential.subject
    return Face(
        type_slug=licence_type.slug,
        type_version=licence_type.version,
        title=licence_type.title,
        number=subject.licence_number,
        identifier=subject.licence_identifier,
        version=subject.version,
        issuer=key.agency.name,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
        holders=subject.holders,
        claims={name: subject.claims[name] for name in licence_type.claims if name in subject.claims},
        labels={name: rule.label for name, rule in licence_type.claims.items()},
    )
