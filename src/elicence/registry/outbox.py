"""The outbox: work that follows from a committed change, written with the change and done afterwards."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update

from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """`kind` says what is to be done; whoever does it must bear doing it twice."""

    agency_id: str
    id: str
    kind: str
    licence_id: str | None = None
    version: int | None = None
    body: bytes | None = None
    created_at: datetime
    due_at: datetime
    attempts: int = 0


_OUTBOX = Rows(tables.Outbox, OutboxRow)
_columns = _OUTBOX.table.c
_DUE = Statement(
    _OUTBOX.select(_columns.done_at.is_(None), _columns.due_at <= bindparam("now"))
    .order_by(_columns.due_at, _columns.id)
    .limit(bindparam("limit"))
)
_ONE = update(_OUTBOX.table).where(_columns.agency_id == bindparam("of_agency"), _columns.id == bindparam("of_row"))
_FINISH = Statement(_ONE.where(_columns.done_at.is_(None)).values(done_at=bindparam("at")))
_POSTPONE = Statement(_ONE.values(due_at=bindparam("at"), attempts=_columns.attempts + 1))


def append_outbox(unit: Unit, row: OutboxRow) -> None:
    """Ask for work that follows from this unit."""
    _OUTBOX.add(unit, row)


def due_outbox(reader: Reader, *, now: datetime, limit: int = 100) -> tuple[OutboxRow, ...]:
    """What is due and not done, of all agencies, longest due first."""
    return _OUTBOX.all(reader, _DUE, {"now": now, "limit": limit})


def finish_outbox(unit: Unit, agency_id: str, outbox_id: str, *, done_at: datetime) -> None:
    """Mark as done; doing so twice changes nothing."""
    unit.change(_FINISH, {"of_agency": agency_id, "of_row": outbox_id, "at": done_at})


def postpone_outbox(unit: Unit, agency_id: str, outbox_id: str, *, due_at: datetime) -> None:
    """Count a failed attempt and try again at `due_at`."""
    unit.change(_POSTPONE, {"of_agency": agency_id, "of_row": outbox_id, "at": due_at})
