"""Intents: the exact bytes we mean to sign, written down before signing, so that a crash leaves a record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update

from elicence.errors import Conflict
from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """`digest` is of the sealed bytes in clear, which begin with a random blind; `state` is pending, done or failed.

    `client_id` and `operator_id` name who asked, so that a reaper which finishes the intent can say so too.
    """

    agency_id: str
    id: str
    licence_id: str
    version: int
    verb: str
    kid: str
    sealed_signing_input: bytes
    digest: str
    state: str = "pending"
    reason: str | None = None
    client_id: str | None = None
    operator_id: str | None = None
    created_at: datetime
    finished_at: datetime | None = None


_INTENTS = Rows(tables.Intent, IntentRow)
_columns = _INTENTS.table.c
_PENDING = Statement(
    _INTENTS.select(_columns.state == "pending", _columns.created_at < bindparam("older_than"))
    .order_by(_columns.created_at, _columns.id)
    .limit(bindparam("limit"))
)
_OF_LICENCE = Statement(
    _INTENTS.select(agency_id="agency_id", licence_id="licence_id").order_by(_columns.version, _columns.id)
)
_BY_ID = Statement(_INTENTS.select(agency_id="agency_id", id="id"))
_FINISH = Statement(
    update(_INTENTS.table)
    .where(
        _columns.agency_id == bindparam("of_agency"), _columns.id == bindparam("of_intent"), _columns.state == "pending"
    )
    .values(state=bindparam("to_state"), reason=bindparam("because"), finished_at=bindparam("at"))
)


def insert_intent(unit: Unit, row: IntentRow) -> None:
    """Write down what is about to be signed."""
    _INTENTS.add(unit, row)


def finish_intent(
    unit: Unit, agency_id: str, intent_id: str, *, state: str, finished_at: datetime, reason: str | None = None
) -> None:
    """Close a pending intent as done or failed. It closes once: raises `Conflict` intent_failed if it is closed.

    That keeps issuer and reaper apart: whoever comes second is rolled back with everything else it wrote.
    """
    parameters = {
        "of_agency": agency_id, "of_intent": intent_id, "to_state": state, "because": reason, "at": finished_at,
    }  # fmt: skip
    if unit.change(_FINISH, parameters) != 1:
        raise Conflict("intent_failed", "this intent is already closed; read the licence again")


def intent_by_id(reader: Reader, agency_id: str, intent_id: str) -> IntentRow | None:
    """One intent, or None."""
    return _INTENTS.first(reader, _BY_ID, {"agency_id": agency_id, "id": intent_id})


def intents_of(reader: Reader, agency_id: str, licence_id: str) -> tuple[IntentRow, ...]:
    """All intents of a licence, oldest version first."""
    return _INTENTS.all(reader, _OF_LICENCE, {"agency_id": agency_id, "licence_id": licence_id})


def pending_intents(reader: Reader, *, older_than: datetime, limit: int = 100) -> tuple[IntentRow, ...]:
    """Intents of all agencies left open before `older_than`: the reaper's work, oldest first."""
    return _INTENTS.all(reader, _PENDING, {"older_than": older_than, "limit": limit})
