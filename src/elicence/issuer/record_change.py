"""What every change leaves behind in its own transaction: a log entry, an audit event and a note to the publisher."""

import hashlib
from datetime import datetime

from elicence.formats.encoding import JsonObject, canonical_json, compact_json
from elicence.issuer.desk import Caller, Desk
from elicence.licences.ids import new_id
from elicence.registry.log import AuditRow, LogEntryRow, append_audit, append_log_entry
from elicence.registry.outbox import OutboxRow, append_outbox
from elicence.registry.unit import Unit

__all__ = ["record_change"]


def record_change(
    unit: Unit,
    desk: Desk,
    caller: Caller,
    *,
    kind: str,
    licence_id: str,
    version: int,
    now: datetime,
    from_state: str | None,
    to_state: str,
    reason: str | None,
    evidence: bytes = b"",
    facts: JsonObject | None = None,
) -> None:
    """Writes down one change of one version.

    The log leaf is SHA-256(salt ‖ canonical JSON of the event ‖ evidence) with 32 bytes of salt: no personal data, and
    nothing that could be guessed back from it. `evidence` is the blinded digest of the signing input where one was
    signed: with the blind, which is sealed with the licence, a stranger can join a credential to its leaf. `facts` go
    into the audit event and hold no personal data.
    """
    agency_id = caller.agency.id
    salt = desk.entropy(32)
    leaf = canonical_json(
        {"kind": kind, "licence": licence_id, "version": version, "state": to_state, "at": now.isoformat()}
    )
    append_log_entry(
        unit,
        LogEntryRow(
            agency_id=agency_id, id=new_id("log", now, desk.entropy), kind=kind, licence_id=licence_id, version=version,
            salt=salt, digest=hashlib.sha256(salt + leaf + evidence).digest(), occurred_at=now,
        ),
    )  # fmt: skip
    append_audit(
        unit,
        AuditRow(
            agency_id=agency_id, id=new_id("evt", now, desk.entropy), verb=kind, licence_id=licence_id, version=version,
            from_state=from_state, to_state=to_state, reason=reason, client_id=caller.client_id,
            operator_id=caller.operator_id, facts=None if facts is None else compact_json(facts), occurred_at=now,
        ),
    )  # fmt: skip
    append_outbox(
        unit,
        OutboxRow(
            agency_id=agency_id, id=new_id("out", now, desk.entropy), kind="status", licence_id=licence_id,
            version=version, created_at=now, due_at=now,
        ),
    )  # fmt: skip
