"""Suspensions that are over: whoever named a last day when suspending need not come back to reinstate.

An ordinary reinstatement with log entry, audit event and a note to the publisher, by nobody: there is no client and no
operator. Where nobody looks, the licence stays suspended; it is never reinstated early.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from elicence.issuer.desk import Caller, Desk
from elicence.issuer.record_change import record_change
from elicence.licences.lifecycle import Action, LicenceState, move
from elicence.registry.agencies import agency_by_id
from elicence.registry.issuing import bump_licence
from elicence.registry.reading import lock_licence
from elicence.registry.status import StatusRow, ended_suspensions, set_status, status_of
from elicence.registry.unit import Unit

__all__ = ["end_suspensions"]

_LAST_SECOND: Final = timedelta(seconds=1)
"""`until` is the last second of the suspension: it counts whole."""
_MOST: Final = 1000


def end_suspensions(desk: Desk, *, now: datetime) -> int:
    """Reinstates what was suspended until now; answers how many. Safe to run from several processes."""
    over = now - _LAST_SECOND
    rows = desk.registry.read(lambda reader: ended_suspensions(reader, over=over, limit=_MOST))
    return sum(desk.registry.submit(partial(_end, desk=desk, row=row, now=now)) for row in rows)


def _end(unit: Unit, *, desk: Desk, row: StatusRow, now: datetime) -> bool:
    """Whether this reinstated it: by now it may have been reinstated, revoked, or suspended for longer."""
    licence = lock_licence(unit, row.agency_id, row.licence_id)
    status = status_of(unit, row.agency_id, row.licence_id, row.version)
    agency = agency_by_id(unit, row.agency_id)
    if licence is None or agency is None or status != row:
        return False
    state = LicenceState(row.state)
    after = move(state, Action.REINSTATE).state
    set_status(unit, row.agency_id, row.licence_id, row.version, state=after, changed_at=now)
    record_change(
        unit, desk, Caller(agency), kind=str(Action.REINSTATE), licence_id=row.licence_id, version=row.version, now=now,
        from_state=state, to_state=after, reason=None,
    )  # fmt: skip
    bump_licence(unit, row.agency_id, row.licence_id, current_version=licence.current_version)
    return True
