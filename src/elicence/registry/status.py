"""Status of every licence version, the places on status lists, and what was published of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from elicence.errors import NotFound
from elicence.registry import tables
from elicence.registry.log import log_size
from elicence.registry.rows import Rows, table_of
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit

LIST_SIZE = 131_072

# (id of the permutation secret, id of the list, counter) → the counter's place on the list
Permute = Callable[[str, str, int], int]


@dataclass(frozen=True, slots=True)
class StatusSlot:
    """One place on one list of an agency; once taken it is never given to anything else."""

    list_no: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """`state` is reserved, active, suspended, revoked or superseded; `until` ends a suspension that has an end."""

    agency_id: str
    licence_id: str
    version: int
    list_no: int
    status_index: int
    state: str
    reason: str | None = None
    changed_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusListRow:
    """One list of an agency, and how many of its places are taken."""

    agency_id: str
    list_no: int
    size: int
    taken: int
    secret_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """The marked places of one list, as of one moment.

    `sequence` is how many log entries were numbered then. `unnumbered` counts this agency's committed entries that had
    no number yet; only when it is 0 is the page a pure function of the first `sequence` entries, so a publisher lets
    the sequencer run first.
    """

    size: int
    states: dict[int, str]
    sequence: int
    unnumbered: int


STATUSES = Rows(tables.StatusEntry, StatusRow)
_LISTS = Rows(tables.StatusList, StatusListRow)

_list = _LISTS.table.c
_newest = select(func.max(_list.list_no)).where(_list.agency_id == bindparam("of_agency")).scalar_subquery()
_TAKE = Statement(
    update(_LISTS.table)
    .where(_list.agency_id == bindparam("of_agency"), _list.list_no == _newest, _list.taken < _list.size)
    .values(taken=_list.taken + 1)
    .returning(_list.list_no, _list.taken, _list.secret_id)
)
_NEWEST = Statement(select(func.max(_list.list_no)).where(_list.agency_id == bindparam("of_agency")))
# NO KEY UPDATE: waits for another roll-over, not for the foreign-key locks every insert holds on its agency.
_LOCK_AGENCY = (
    select(table_of(tables.Agency).c.id)
    .where(table_of(tables.Agency).c.id == bindparam("of_agency"))
    .with_for_update(key_share=True)
)

_entry = STATUSES.table.c
_SET = Statement(
    update(STATUSES.table)
    .where(
        _entry.agency_id == bindparam("of_agency"),
        _entry.licence_id == bindparam("of_licence"),
        _entry.version == bindparam("of_version"),
    )
    .values(
        state=bindparam("to_state"), reason=bindparam("because"), changed_at=bindparam("at"), until=bindparam("ends")
    )
)
_OF_VERSION = Statement(STATUSES.select(agency_id="agency_id", licence_id="licence_id", version="version"))
_OF_LICENCE = Statement(STATUSES.select(agency_id="agency_id", licence_id="licence_id").order_by(_entry.version))
_ALL_LISTS = Statement(_LISTS.select().order_by(_list.agency_id, _list.list_no))
_ONE_LIST = Statement(_LISTS.select(agency_id="agency_id", list_no="list_no"))
_ENDED = Statement(
    STATUSES.select(_entry.state == "suspended", _entry.until.is_not(None), _entry.until <= bindparam("over"))
    .order_by(_entry.until)
    .limit(bindparam("limit"))
)
_MARKED = select(_entry.status_index, _entry.state).where(
    _entry.agency_id == bindparam("agency_id"),
    _entry.list_no == bindparam("list_no"),
    _entry.state.in_(["suspended", "revoked", "superseded"]),
)
_log = table_of(tables.LogEntry).c
_UNNUMBERED = select(func.count()).where(_log.agency_id == bindparam("agency_id"), _log.position.is_(None))


def take_status_index(
    unit: Unit, agency_id: str, permute: Permute, *, secret_id: str, now: datetime, size: int = LIST_SIZE
) -> StatusSlot:
    """Take the next place of the agency's newest list, or the first of a new list when that one is full.

    Places are handed out in the order of a keyed permutation, so that neighbours say nothing about each other.
    `secret_id` names the permutation secret a new list starts with; an existing list keeps the one it has.
    """
    taken = unit.first(_TAKE, {"of_agency": agency_id})
    if taken is None:
        unit.execute(_LOCK_AGENCY, {"of_agency": agency_id})
        taken = unit.first(_TAKE, {"of_agency": agency_id})  # another unit may have rolled over while we waited
    if taken is None:
        newest = unit.first(_NEWEST, {"of_agency": agency_id})
        row = StatusListRow(
            agency_id=agency_id,
            list_no=(newest[0] if newest is not None and newest[0] is not None else 0) + 1,
            size=size,
            taken=1,
            secret_id=secret_id,
            created_at=now,
        )
        _LISTS.add(unit, row)
        list_no, count, secret = row.list_no, row.taken, row.secret_id
    else:
        list_no, count, secret = taken
    return StatusSlot(list_no, permute(secret, f"{agency_id}/{list_no}", count - 1))


def insert_status_entry(unit: Unit, row: StatusRow) -> None:
    """Tie a taken place to a licence version, for ever."""
    STATUSES.add(unit, row)


def set_status(
    unit: Unit,
    agency_id: str,
    licence_id: str,
    version: int,
    *,
    state: str,
    changed_at: datetime,
    reason: str | None = None,
    until: datetime | None = None,
) -> None:
    """Write a version's new state. Which moves are allowed is decided by `licences.lifecycle`; the tables themselves
    only refuse to let a revoked version become anything else."""
    parameters = {
        "of_agency": agency_id, "of_licence": licence_id, "of_version": version,
        "to_state": state, "because": reason, "at": changed_at, "ends": until,
    }  # fmt: skip
    if unit.change(_SET, parameters) != 1:
        raise NotFound("licence_not_found", "no such version of a licence")


def status_of(reader: Reader, agency_id: str, licence_id: str, version: int) -> StatusRow | None:
    """The status of one version, or None."""
    parameters = {"agency_id": agency_id, "licence_id": licence_id, "version": version}
    return STATUSES.first(reader, _OF_VERSION, parameters)


def statuses_of(reader: Reader, agency_id: str, licence_id: str) -> tuple[StatusRow, ...]:
    """The status of every version of a licence, oldest first."""
    return STATUSES.all(reader, _OF_LICENCE, {"agency_id": agency_id, "licence_id": licence_id})


def ended_suspensions(reader: Reader, *, over: datetime, limit: int) -> tuple[StatusRow, ...]:
    """Suspensions of all agencies whose end is `over` or earlier, the oldest end first."""
    return STATUSES.all(reader, _ENDED, {"over": over, "limit": limit})


def status_lists(reader: Reader) -> tuple[StatusListRow, ...]:
    """All lists of all agencies."""
    return _LISTS.all(reader, _ALL_LISTS, {})


def statuses(reader: Reader, agency_id: str, list_no: int) -> StatusPage:
    """All marked places of one list: what a publisher turns into a status list."""
    place = {"agency_id": agency_id, "list_no": list_no}
    found = _LISTS.first(reader, _ONE_LIST, place)
    if found is None:
        raise NotFound("status_list_not_found", "this agency has no status list of that number")
    unnumbered = reader.first(_UNNUMBERED, {"agency_id": agency_id})
    return StatusPage(
        size=found.size,
        states={int(index): str(state) for index, state in reader.all(_MARKED, place)},
        sequence=log_size(reader),
        unnumbered=0 if unnumbered is None else int(unnumbered[0]),
    )
