"""Grants: which agency may issue which type, where and when. Four eyes is a matter of the grant, not of the type."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from elicence.errors import Problem, RequestError
from elicence.licences.catalogue import Catalogue
from elicence.licences.grant import is_region
from elicence.licences.ids import new_id
from elicence.registry import agencies as stored
from elicence.registry.agencies import AgencyRecord, GrantRecord
from elicence.registry.registry import Registry

__all__ = ["GrantRequest", "add_grant", "list_grants"]


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """What is asked for: a licence type, a region (None: anywhere), from when, until when (exclusive; None: no end)."""

    type_slug: str
    region: str | None
    valid_from: datetime
    valid_until: datetime | None
    four_eyes: bool = False


def add_grant(
    registry: Registry,
    catalogue: Catalogue,
    agency: AgencyRecord,
    asked: GrantRequest,
    *,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> GrantRecord:
    """Writes the grant down; `NotFound` type_not_found, `RequestError` for a region or time that cannot be."""
    catalogue.get(asked.type_slug)
    problems = []
    if asked.region is not None and not is_region(asked.region):
        problems.append(Problem("/region", "pattern", "A region is two, four or six digits of GB/T 2260."))
    if asked.valid_until is not None and asked.valid_until <= asked.valid_from:
        problems.append(Problem("/valid_until", "before_valid_from", "The grant ends before it begins."))
    if problems:
        raise RequestError("validation_failed", "The grant cannot be given as asked.", problems)
    grant = GrantRecord(
        agency_id=agency.id, id=new_id("grt", now, entropy), type_slug=asked.type_slug, region=asked.region,
        valid_from=asked.valid_from, valid_until=asked.valid_until, four_eyes=asked.four_eyes, created_at=now,
    )  # fmt: skip
    registry.submit(lambda unit: stored.add_grant(unit, grant))
    return grant


def list_grants(registry: Registry, agency: AgencyRecord) -> tuple[GrantRecord, ...]:
    """The agency's grants, oldest first."""
    return registry.read(lambda reader: stored.grants_of(reader, agency.id))
