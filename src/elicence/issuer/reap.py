"""The reaper: finishes intents that a crash left open, with the same bytes, or marks them failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from elicence.errors import Conflict, ElicenceError, KeyFault
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.finish import finish
from elicence.issuer.issue import PATIENCE
from elicence.issuer.read import open_intent
from elicence.issuer.reserve import Reserved
from elicence.registry.agencies import agency_by_id
from elicence.registry.intents import IntentRow, finish_intent, pending_intents
from elicence.registry.issuing import free_number
from elicence.registry.unit import Reader, Unit

__all__ = ["Reaped", "reap"]

# Faults that another try would meet again: the key is gone for good, the state of the licence has moved on, or its data
# key was erased.
_FOR_GOOD = frozenset({"key_state", "key_window", "transition_not_allowed", "version_mismatch", "licence_erased"})


@dataclass(frozen=True, slots=True)
class Reaped:
    """What became of the open intents: finished, failed for good, or left for another try."""

    finished: int
    failed: int
    left: int


def reap(desk: Desk, *, now: datetime, patience: timedelta = PATIENCE, limit: int = 1000) -> Reaped:
    """Goes through the intents older than `patience`, oldest first."""
    intents = desk.registry.read(lambda reader: pending_intents(reader, older_than=now - patience, limit=limit))
    outcomes = [_reap_one(desk, intent, now) for intent in intents]
    return Reaped(*(outcomes.count(each) for each in ("finished", "failed", "left")))


def _reap_one(desk: Desk, intent: IntentRow, now: datetime) -> str:
    def read(reader: Reader) -> tuple[Caller, Reserved]:
        agency = agency_by_id(reader, intent.agency_id)
        if agency is None:
            raise KeyFault("key_wrong_agency", "An intent belongs to an agency that is not there.")
        return Caller(agency, intent.client_id, intent.operator_id), open_intent(reader, desk, intent)

    try:
        caller, reserved = desk.registry.read(read)
        finish(desk, caller, reserved, now=now)
    except ElicenceError as error:
        if isinstance(error, Conflict) and error.code == "intent_failed":
            return "left"  # whoever made it has closed it in the meantime
        if error.code not in _FOR_GOOD:
            return "left"
        return _give_up(desk, intent, error.code, now)
    return "finished"


def _give_up(desk: Desk, intent: IntentRow, reason: str, now: datetime) -> str:
    """Closes the intent for good and frees the number of a licence that never was; its status index stays burnt."""

    def work(unit: Unit) -> None:
        finish_intent(unit, intent.agency_id, intent.id, state="failed", finished_at=now, reason=reason)
        free_number(unit, intent.agency_id, intent.licence_id, at=now)

    try:
        desk.registry.submit(work)
    except Conflict:
        return "left"  # another reaper was faster
    return "failed"
