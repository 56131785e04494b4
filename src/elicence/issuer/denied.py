"""Calls for what belongs to another agency. The caller is told nothing of it; the agency it belongs to has a record.

One event stands for many calls, so that nobody can fill a disk by asking.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from elicence.formats.encoding import JsonObject, compact_json
from elicence.issuer.desk import Caller, Desk
from elicence.licences.ids import new_id
from elicence.registry.log import AuditRow, append_audit
from elicence.registry.owners import owners_of
from elicence.registry.unit import Unit

__all__ = ["MOST_NAMED", "Asked", "owners_elsewhere", "record_denials"]

MOST_NAMED = 20
"""Ids that one event names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often something was asked for, to read it and to change it."""

    reads: int = 0
    changes: int = 0

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(self.reads + other.reads, self.changes + other.changes)


def owners_elsewhere(desk: Desk, caller: Caller, asked: Mapping[str, Asked]) -> Mapping[str, Mapping[str, Asked]]:
    """By agency, what of it is there and is that agency's, and not the caller's own."""
    owners = desk.registry.read(lambda reader: owners_of(reader, asked))
    found: dict[str, dict[str, Asked]] = {}
    for thing, agency_id in owners.items():
        if agency_id != caller.agency.id:
            found.setdefault(agency_id, {})[thing] = asked[thing]
    return found


def record_denials(
    desk: Desk, caller: Caller, denied: Mapping[str, Mapping[str, Asked]], *, now: datetime
) -> None:  # fmt: skip
    """An audit event `tenant_denied` for each agency whose licences or proposals were asked for, in its own records."""

    def write(unit: Unit) -> None:
        for agency_id, things in denied.items():
            total = sum(things.values(), Asked())
            facts: JsonObject = {
                "by_agency": caller.agency.id, "reads": total.reads, "changes": total.changes,
                "things": list(sorted(things)[:MOST_NAMED]), "different": len(things),
            }  # fmt: skip
            append_audit(
                unit,
                AuditRow(
                    agency_id=agency_id, id=new_id("evt", now, desk.entropy), verb="tenant_denied",
                    client_id=caller.client_id, facts=compact_json(facts), occurred_at=now,
                ),
            )  # fmt: skip

    desk.registry.submit(write)
