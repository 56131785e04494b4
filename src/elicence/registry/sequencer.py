"""The sequencer: gives committed log entries their place in the one order of everything.

Row ids cannot do that: PostgreSQL hands them out before commit, so a smaller one may appear after a larger one was
read. Here only committed entries are seen, one sequencer works at a time, and positions are given in one transaction,
from 0 without a gap. An entry that is numbered stays where it is for ever.
"""

from sqlalchemy import bindparam, func, insert, select, update

from elicence.registry import tables
from elicence.registry.log import log_size
from elicence.registry.registry import Registry
from elicence.registry.rows import table_of
from elicence.registry.unit import Reader, Unit

_ADVISORY_LOCK = 0x6C6F67  # its own number, apart from the one of `schema.upgrade`

_entry = table_of(tables.LogEntry)
_LOCK = select(func.pg_advisory_xact_lock(_ADVISORY_LOCK))
_ANY = select(_entry.c.id).where(_entry.c.position.is_(None)).limit(1)
_NEXT = (
    select(_entry.c.agency_id, _entry.c.id)
    .where(_entry.c.position.is_(None))
    .order_by(_entry.c.occurred_at, _entry.c.agency_id, _entry.c.id)
    .limit(bindparam("limit"))
)
_NUMBER = insert(table_of(tables.LogSequence))
_MARK = (
    update(_entry)
    .where(_entry.c.agency_id == bindparam("of_agency"), _entry.c.id == bindparam("of_entry"))
    .values(position=bindparam("at"))
)


def number_entries(registry: Registry, limit: int = 1000) -> int:
    """Number up to `limit` committed entries, oldest first; answers how many."""
    if not registry.read(_anything_to_number):
        return 0
    return registry.submit(lambda unit: _number(unit, limit, locking=registry.engine == "postgresql"))


def _anything_to_number(reader: Reader) -> bool:
    return reader.first(_ANY) is not None


def _number(unit: Unit, limit: int, *, locking: bool) -> int:
    if locking:
        unit.execute(_LOCK)
    waiting = unit.all(_NEXT, {"limit": limit})
    if not waiting:
        return 0
    placed = list(enumerate(waiting, log_size(unit)))
    unit.execute(
        _NUMBER,
        [{"position": at, "agency_id": agency_id, "entry_id": entry_id} for at, (agency_id, entry_id) in placed],
    )
    unit.execute(
        _MARK, [{"of_agency": agency_id, "of_entry": entry_id, "at": at} for at, (agency_id, entry_id) in placed]
    )
    return len(placed)
