"""Proposals: requests that wait for a second operator, sealed like everything that names a person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update

from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit

__all__ = ["ProposalRow", "decide_proposal", "insert_proposal", "open_proposals", "proposal_by_id", "proposal_by_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow:
    """`digest` is of the request in clear: what the second operator approves. `state`: proposed, approved, declined."""

    agency_id: str
    id: str
    verb: str
    licence_id: str | None = None
    idempotency_key: str
    digest: str
    kek_id: str
    wrapped: bytes
    sealed_request: bytes
    state: str = "proposed"
    client_id: str | None = None
    proposed_by: str
    decided_by: str | None = None
    created_at: datetime
    decided_at: datetime | None = None


_PROPOSALS = Rows(tables.Proposal, ProposalRow)
_columns = _PROPOSALS.table.c
_BY_ID = Statement(_PROPOSALS.select(agency_id="agency_id", id="id"))
_BY_KEY = Statement(_PROPOSALS.select(agency_id="agency_id", idempotency_key="key"))
_OPEN = Statement(
    _PROPOSALS.select(_columns.state == "proposed", _columns.id > bindparam("after_id"), agency_id="agency_id")
    .order_by(_columns.id)
    .limit(bindparam("limit"))
)
_DECIDE = Statement(
    update(_PROPOSALS.table)
    .where(
        _columns.agency_id == bindparam("of_agency"),
        _columns.id == bindparam("of_proposal"),
        _columns.state == "proposed",
    )
    .values(state=bindparam("to_state"), decided_by=bindparam("who"), decided_at=bindparam("at"))
)


def insert_proposal(unit: Unit, row: ProposalRow) -> None:
    """Raises `Conflict` idempotency_in_flight when another request wrote this key in the meantime."""
    _PROPOSALS.add(unit, row)


def proposal_by_id(reader: Reader, agency_id: str, proposal_id: str) -> ProposalRow | None:
    """The agency's proposal of that id."""
    return _PROPOSALS.first(reader, _BY_ID, {"agency_id": agency_id, "id": proposal_id})


def proposal_by_key(reader: Reader, agency_id: str, key: str) -> ProposalRow | None:
    """The proposal a request with this idempotency key made."""
    return _PROPOSALS.first(reader, _BY_KEY, {"agency_id": agency_id, "key": key})


def open_proposals(reader: Reader, agency_id: str, *, after_id: str = "", limit: int) -> tuple[ProposalRow, ...]:
    """What waits for a second operator, oldest first, from `after_id` on."""
    return _PROPOSALS.all(reader, _OPEN, {"agency_id": agency_id, "after_id": after_id, "limit": limit})


def decide_proposal(
    unit: Unit, agency_id: str, proposal_id: str, *, state: str, decided_by: str, decided_at: datetime
) -> bool:
    """Decides an open proposal once; False if it was decided before."""
    parameters = {
        "of_agency": agency_id, "of_proposal": proposal_id, "to_state": state, "who": decided_by, "at": decided_at,
    }  # fmt: skip
    return unit.change(_DECIDE, parameters) == 1
