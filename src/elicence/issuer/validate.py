"""Trying a request to issue: everything that can be found out before anything is written, and nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from elicence.errors import Problem
from elicence.formats.encoding import JsonValue
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import check_body, check_density, check_grant, draft_version
from elicence.licences.ids import new_id
from elicence.registry.agencies import grants_for

__all__ = ["Validation", "validate"]


@dataclass(frozen=True, slots=True)
class Validation:
    """What issuing would find: the last day by the type's rule, how dense the QR code is and may be, and warnings."""

    four_eyes: bool
    valid_until: date | None
    qr_version: int
    qr_most: int
    qr_level: str
    warnings: tuple[Problem, ...]


def validate(desk: Desk, caller: Caller, body: Mapping[str, JsonValue], *, now: datetime) -> Validation:
    """The findings, or the error that issuing would raise. Whether the number is free only issuing can tell."""
    checked = check_body(desk, body)
    grants = desk.registry.read(lambda reader: grants_for(reader, caller.agency.id, checked.licence_type.slug))
    grant = check_grant(grants, checked, now)
    draft = draft_version(desk, caller, checked, verb="issue", licence_id=new_id("lic", now, desk.entropy), now=now)
    budget = checked.licence_type.code_budget
    return Validation(
        four_eyes=grant.four_eyes,
        valid_until=checked.valid_until,
        qr_version=check_density(desk, draft),
        qr_most=budget.max_version,
        qr_level=budget.level,
        warnings=checked.warnings,
    )
