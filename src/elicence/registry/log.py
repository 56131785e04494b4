"""Log entries and audit events: what happened, written in the transaction of what happened, never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from elicence.registry import tables
from elicence.registry.rows import Rows, table_of
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntryRow:
    """A leaf of the log: a salted digest, without personal data. Its position comes later, from the sequencer."""

    agency_id: str
    id: str
    kind: str
    licence_id: str | None = None
    version: int | None = None
    salt: bytes
    digest: bytes
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedEntry(LogEntryRow):
    """An entry that the sequencer has placed."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what; `facts` is JSON without personal data."""

    agency_id: str
    id: str
    verb: str
    licence_id: str | None = None
    version: int | None = None
    from_state: str | None = None
    to_state: str | None = None
    reason: str | None = None
    client_id: str | None = None
    operator_id: str | None = None
    facts: bytes | None = None
    occurred_at: datetime


_ENTRIES = Rows(tables.LogEntry, LogEntryRow)
_NUMBERED = Rows(tables.LogEntry, NumberedEntry)
_AUDIT = Rows(tables.AuditEvent, AuditRow)

_sequence = table_of(tables.LogSequence).c
_SIZE = select(func.max(_sequence.position))
_FROM = Statement(
    _NUMBERED.select()
    .join_from(
        _NUMBERED.table,
        table_of(tables.LogSequence),
        (_sequence.agency_id == _NUMBERED.table.c.agency_id) & (_sequence.entry_id == _NUMBERED.table.c.id),
    )
    .where(_sequence.position >= bindparam("start"))
    .order_by(_sequence.position)
    .limit(bindparam("limit"))
)
_AUDIT_OF = Statement(
    _AUDIT.select(agency_id="agency_id", licence_id="licence_id").order_by(
        _AUDIT.table.c.occurred_at, _AUDIT.table.c.version, _AUDIT.table.c.id
    )
)


def append_log_entry(unit: Unit, row: LogEntryRow) -> None:
    """Add a leaf; the sequencer numbers it after the commit."""
    _ENTRIES.add(unit, row)


def append_audit(unit: Unit, row: AuditRow) -> None:
    """Add an audit event."""
    _AUDIT.add(unit, row)


def log_entries(reader: Reader, *, start: int = 0, limit: int = 1000) -> tuple[NumberedEntry, ...]:
    """Numbered entries of all agencies from position `start` on, in order."""
    return _NUMBERED.all(reader, _FROM, {"start": start, "limit": limit})


def log_size(reader: Reader) -> int:
    """How many entries are numbered: the position the next one will get."""
    row = reader.first(_SIZE)
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def history_of(reader: Reader, agency_id: str, licence_id: str) -> tuple[AuditRow, ...]:
    """Everything that was done to a licence, oldest first."""
    return _AUDIT.all(reader, _AUDIT_OF, {"agency_id": agency_id, "licence_id": licence_id})
