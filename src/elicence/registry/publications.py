"""Every status list that was published: the newest one to serve, and the one that was served on a day in the past."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from elicence.errors import PublishFault
from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationRow:
    """One signed list. `form` says which representation; `sequence` how many log entries it rests on."""

    agency_id: str
    list_no: int
    form: str
    sequence: int
    kid: str
    digest: str
    document: bytes
    published_at: datetime
    expires_at: datetime


_PUBLICATIONS = Rows(tables.StatusPublication, PublicationRow, "serial")
_columns = _PUBLICATIONS.table.c
_of_list = (
    _columns.agency_id == bindparam("agency_id"),
    _columns.list_no == bindparam("list_no"),
    _columns.form == bindparam("form"),
)
_NEWEST = Statement(select(func.max(_columns.serial), func.max(_columns.sequence)).where(*_of_list))
_LAST = Statement(_PUBLICATIONS.select(*_of_list).order_by(_columns.serial.desc()).limit(1))
_AT = Statement(
    _PUBLICATIONS.select(*_of_list, _columns.published_at <= bindparam("time"))
    .order_by(_columns.published_at.desc(), _columns.serial.desc())
    .limit(1)
)


def record_publication(unit: Unit, row: PublicationRow) -> int:
    """Keep a list about to be served; answers its serial, from 1 for each list and form.

    Raises `PublishFault` list_refused for rows older than those of the newest list, `Conflict` version_mismatch when
    another publisher was faster: an older list never replaces a newer one.
    """
    newest = unit.first(_NEWEST, {"agency_id": row.agency_id, "list_no": row.list_no, "form": row.form})
    serial, sequence = (0, 0) if newest is None or newest[0] is None else newest
    if row.sequence < sequence:
        raise PublishFault(
            "list_refused", f"a list as of entry {sequence} is published; one as of entry {row.sequence} may not follow"
        )
    _PUBLICATIONS.add(unit, row, serial + 1)
    return int(serial) + 1


def last_publication(reader: Reader, agency_id: str, list_no: int, form: str) -> PublicationRow | None:
    """The newest list of this form, or None."""
    return _PUBLICATIONS.first(reader, _LAST, {"agency_id": agency_id, "list_no": list_no, "form": form})


def publication_at(reader: Reader, agency_id: str, list_no: int, form: str, *, time: datetime) -> PublicationRow | None:
    """The list that was the newest at `time`."""
    parameters = {"agency_id": agency_id, "list_no": list_no, "form": form, "time": time}
    return _PUBLICATIONS.first(reader, _AT, parameters)
