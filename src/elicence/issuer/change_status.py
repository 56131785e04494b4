"""Suspending, reinstating and revoking: one transaction, no signature; the status list says the rest.

    1  the reason is one the type knows, and the licence belongs to the agency
    2  the licence is locked; the lifecycle table says what the action makes of the current version
    3  status, log entry, audit event and the note to the publisher, together
    4  the answer

Revoking reaches every version, wins over concurrent changes and may be repeated: the first reason stays. A suspension
may have a last day; suspending again with another one, or with none, moves the end, so that no suspension ends earlier
than it was asked for last.
"""

from datetime import date, datetime

from elicence.errors import NotFound, Problem, RequestError
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.read import LicenceView, read_or_outline
from elicence.issuer.record_change import record_change
from elicence.licences.licence_type import LicenceType
from elicence.licences.lifecycle import Action, LicenceState, move
from elicence.licences.validity import end_of_suspension
from elicence.registry.issuing import bump_licence
from elicence.registry.reading import lock_licence, version_row
from elicence.registry.status import StatusRow, set_status, statuses_of
from elicence.registry.unit import Unit

__all__ = ["change_status", "check_reason"]

_NEED_REASON = frozenset({Action.SUSPEND, Action.REVOKE, Action.CORRECT})


def change_status(
    desk: Desk,
    caller: Caller,
    licence_id: str,
    action: Action,
    *,
    reason: str | None,
    now: datetime,
    if_version: int | None = None,
    until: date | None = None,
) -> LicenceView:
    """Suspends, reinstates or revokes the licence and answers it. `if_version` is the row version the caller saw.

    `until` is the last day of a suspension, None for no end. Raises `RequestError` reason_unknown or validation_failed,
    `NotFound`, `Conflict` version_mismatch or transition_not_allowed.
    """

    desk.at("p1")

    def work(unit: Unit) -> None:
        # 1 · Whose licence, and why. Nothing is unsealed: a licence can be revoked whatever became of its data key.
        licence = lock_licence(unit, caller.agency.id, licence_id)
        if licence is None or licence.current_version is None:
            raise NotFound("licence_not_found", "No such licence.")
        made = version_row(unit, caller.agency.id, licence_id, licence.current_version)
        if made is None:
            raise NotFound("licence_not_found", "No such licence.")
        licence_type = desk.catalogue.get(licence.type_slug, made.type_version)
        check_reason(licence_type, action, reason)
        ends = _end(licence_type, action, until, now)
        # 2 · What the action makes of the current version.
        rows = statuses_of(unit, caller.agency.id, licence_id)
        current = _current(rows, licence.current_version)
        after = move(LicenceState(current.state), action)
        moved_end = action is Action.SUSPEND and current.until != ends
        if not after.changed and not moved_end:
            return
        # 3 · Write everything.
        for row in rows if action is Action.REVOKE else (current,):
            _write(unit, desk, caller, row, action=action, reason=reason, now=now, end=(until, ends))
        bump_licence(unit, caller.agency.id, licence_id, current_version=licence.current_version, expected=if_version)
        desk.at("p9")

    desk.registry.submit(work)
    # 4 · The change is durable now, whatever can be shown of the licence.
    desk.at("p11")
    return read_or_outline(desk, caller, licence_id)


def check_reason(licence_type: LicenceType, action: Action, reason: str | None) -> None:
    """A reason must be given where the law asks for one, and be a code the licence type lists."""
    if action is Action.SUSPEND and not licence_type.changes.suspension:
        raise _unknown(f"Licences of type {licence_type.slug} are never suspended.", ())
    allowed = licence_type.changes.reasons
    if reason is None and action not in _NEED_REASON:
        return
    if reason is None or reason not in allowed:
        raise _unknown(f"{action} needs a reason of this licence type: {', '.join(allowed)}.", allowed)


def _end(licence_type: LicenceType, action: Action, until: date | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    if action is not Action.SUSPEND:
        sentence = "Only a suspension has a last day."
        raise RequestError("validation_failed", sentence, [Problem("/until", "field_unknown", sentence)])
    return end_of_suspension(licence_type.validity.time_zone, until, now=now)


def _unknown(sentence: str, allowed: tuple[str, ...]) -> RequestError:
    problem = Problem("/reason", "reason_unknown", sentence, {"allowed": allowed})
    return RequestError("reason_unknown", sentence, [problem], allowed=allowed)


def _current(rows: tuple[StatusRow, ...], version: int | None) -> StatusRow:
    for row in rows:
        if row.version == version:
            return row
    raise NotFound("licence_not_found", "No such licence.")


def _write(
    unit: Unit,
    desk: Desk,
    caller: Caller,
    row: StatusRow,
    *,
    action: Action,
    reason: str | None,
    now: datetime,
    end: tuple[date | None, datetime | None],
) -> None:
    if row.state == "reserved":
        return  # an open intent; finishing it will meet the revocation and fail
    state = LicenceState(row.state)
    after = move(state, action)
    last_day, until = end
    if not after.changed and action is not Action.SUSPEND:
        return
    set_status(
        unit, row.agency_id, row.licence_id, row.version,
        state=after.state, changed_at=now, reason=reason, until=until,
    )  # fmt: skip
    record_change(
        unit, desk, caller, kind=str(action), licence_id=row.licence_id, version=row.version, now=now,
        from_state=state, to_state=after.state, reason=reason,
        facts=None if last_day is None else {"until": last_day.isoformat()},
    )  # fmt: skip
