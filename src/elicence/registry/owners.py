"""Whose a licence or proposal is, asked with its id alone: for noticing calls that reach across agencies."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select, union_all

from elicence.registry import tables
from elicence.registry.rows import table_of
from elicence.registry.unit import Reader

__all__ = ["owners_of"]

_licence = table_of(tables.Licence).c
_proposal = table_of(tables.Proposal).c
# Every key leads with the agency: each is asked in turn, which keeps to the keys.
_AGENCIES = select(table_of(tables.Agency).c.id)
_OWNER = union_all(
    *(
        select(column.agency_id).where(column.agency_id.in_(_AGENCIES), column.id == bindparam("id"))
        for column in (_licence, _proposal)
    )
)


def owners_of(reader: Reader, ids: Iterable[str]) -> Mapping[str, str]:
    """The id of the agency by the id of the licence or proposal; ids that nothing has are left out."""
    found = {each: reader.first(_OWNER, {"id": each}) for each in ids}
    return {each: str(row[0]) for each, row in found.items() if row is not None}
