"""Renewing and correcting: a new version that supersedes the one before, by the same steps as issuing.

    1  the change is checked against the version it starts from, as a whole new request
    2  transaction one: the licence is locked, must be as the caller saw it, and the new version is written as an intent
    3  to 6 as in issuing; transaction two marks the old version superseded together with everything else

A renewal keeps the first day and extends the last; a correction replaces what it names and keeps the rest. The new
version inherits a suspension. A revocation that comes in between wins: then the new version is never seen.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from elicence.errors import Conflict, Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, canonical_json
from elicence.issuer.change_status import check_reason
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import Draft, check_density, check_grant, draft_version
from elicence.issuer.issue import answer_of, check_idempotency_key, settle
from elicence.issuer.propose import Proposal, approves, propose, proposed_before
from elicence.issuer.read import LicenceView, data_key, read_licence
from elicence.issuer.reserve import Reserved, Retry, digest_for, find_retry, reserve, submit_draft
from elicence.licences.licence_type import LicenceType
from elicence.licences.lifecycle import Action, LicenceState, move
from elicence.licences.request import CheckedRequest, check_request
from elicence.licences.request_text import pointer_to
from elicence.registry.agencies import grants_for
from elicence.registry.proposals import proposal_by_key
from elicence.registry.reading import lock_licence, version_row, versions_of
from elicence.registry.unit import Unit

__all__ = ["correct", "renew"]

_REPLACEABLE = frozenset({"claims", "holders", "valid_from", "valid_until", "region", "accept_check_digit"})

Rebuild = Callable[[LicenceView], CheckedRequest]


def renew(
    desk: Desk,
    caller: Caller,
    licence_id: str,
    body: Mapping[str, JsonValue],
    *,
    if_version: int,
    idempotency_key: str,
    now: datetime,
    approval: Proposal | None = None,
) -> LicenceView | Proposal:
    """A version with a later last day, `{"valid_until": date}`; types of a fixed length know the day themselves."""
    _refuse_unknown(body, frozenset({"valid_until"}))

    def rebuild(before: LicenceView) -> CheckedRequest:
        if before.valid_until is None:
            raise Conflict("transition_not_allowed", "The licence has no last day, so there is nothing to extend.")
        licence_type = _type_of(desk, before)
        if licence_type.validity.rule == "open_ended" and "valid_until" not in body:
            sentence = "The type gives no last day: name one, or null for a licence that has none any more."
            raise RequestError("validation_failed", sentence, [Problem("/valid_until", "field_missing", sentence)])
        wanted = before.request_body() | {"valid_until": body.get("valid_until")}
        return check_request(licence_type, wanted, counts_from=before.valid_until + timedelta(days=1))

    asked = _Asked(Action.RENEW, None, if_version, idempotency_key, body, approval)
    return _new_version(desk, caller, licence_id, asked, rebuild=rebuild, now=now)


def correct(
    desk: Desk,
    caller: Caller,
    licence_id: str,
    body: Mapping[str, JsonValue],
    *,
    reason: str,
    if_version: int,
    idempotency_key: str,
    now: datetime,
    approval: Proposal | None = None,
) -> LicenceView | Proposal:
    """A version in which what the body names is replaced: single claims (null removes one), holders, dates, region."""
    _refuse_unknown(body, _REPLACEABLE)

    def rebuild(before: LicenceView) -> CheckedRequest:
        wanted = before.request_body() | dict(body)
        if "holders" in body:  # numbers the agency has not stood by before
            wanted["accept_check_digit"] = body.get("accept_check_digit", False)
        if "claims" in body:
            wanted["claims"] = _merged(before.claims, body["claims"])
        kept = (before.valid_from, before.valid_until)
        return check_request(_type_of(desk, before), wanted, kept_period=kept)

    asked = _Asked(Action.CORRECT, reason, if_version, idempotency_key, body, approval)
    return _new_version(desk, caller, licence_id, asked, rebuild=rebuild, now=now)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a new version was asked for: action, reason, the row version seen, the retry key, the body, the approval."""

    action: Action
    reason: str | None
    if_version: int
    idempotency_key: str
    body: Mapping[str, JsonValue]
    approval: Proposal | None

    def request(self) -> JsonObject:
        """What a second operator would approve."""
        return {"body": dict(self.body), "reason": self.reason, "if_version": self.if_version}

    def digest(self, licence_id: str) -> str:
        """The same for every retry of this request, and for no other request."""
        whole = {"licence": licence_id, "action": str(self.action), **self.request()}
        return hashlib.sha256(canonical_json(whole)).hexdigest()


def _new_version(
    desk: Desk, caller: Caller, licence_id: str, asked: _Asked, *, rebuild: Rebuild, now: datetime
) -> LicenceView | Proposal:
    desk.at("p1")
    # 1 · Check the change against the version it starts from; a retry is recognised before the version has moved on.
    check_idempotency_key(asked.idempotency_key, approved=asked.approval is not None)
    digest = digest_for(caller, asked.digest(licence_id))
    retry, made = desk.registry.read(
        lambda reader: (
            find_retry(reader, desk, caller.agency.id, key=asked.idempotency_key, request_digest=digest),
            proposal_by_key(reader, caller.agency.id, asked.idempotency_key),
        )
    )
    if retry is not None:
        return settle(desk, caller, retry, now=now)
    waiting = None
    if asked.approval is None:
        waiting = proposed_before(desk, made, verb=str(asked.action), request=asked.request(), licence_id=licence_id)
    if waiting is not None:
        return answer_of(desk, caller, waiting, now)
    before = read_licence(desk, caller, licence_id)
    check_reason(_type_of(desk, before), asked.action, asked.reason)
    move(LicenceState(before.state), asked.action)
    checked = rebuild(before)
    grants = desk.registry.read(lambda reader: grants_for(reader, caller.agency.id, before.type_slug))
    grant = check_grant(grants, checked, now)
    draft = _draft(desk, caller, before, asked, checked=checked, now=now)
    check_density(desk, draft)
    if grant.four_eyes and not approves(asked.approval, str(asked.action), asked.request()):
        return propose(
            desk, caller, asked.request(), verb=str(asked.action), licence_id=licence_id,
            idempotency_key=asked.idempotency_key, now=now,
        )  # fmt: skip

    # 2 · Write the intent, if the licence still is as the caller saw it.
    reserved = submit_draft(
        desk,
        draft,
        lambda unit, *, draft: _reserve(unit, desk, draft, asked, digest=digest),
        idempotency_key=asked.idempotency_key,
        request_digest=digest,
    )
    desk.at("p4")

    # 3 to 6 · Sign, verify, store, answer.
    return settle(desk, caller, reserved, now=now)


def _draft(
    desk: Desk, caller: Caller, before: LicenceView, asked: _Asked, *, checked: CheckedRequest, now: datetime
) -> Draft:
    versions = desk.registry.read(lambda reader: versions_of(reader, caller.agency.id, before.id))
    return draft_version(
        desk,
        caller,
        checked,
        verb=str(asked.action),
        licence_id=before.id,
        now=now,
        # Numbers of versions that failed stay burnt.
        version=max(row.version for row in versions) + 1,
        supersedes=before.version,
        reason=asked.reason,
    )


def _reserve(unit: Unit, desk: Desk, draft: Draft, asked: _Asked, *, digest: str) -> Reserved | Retry:
    agency_id = draft.caller.agency.id
    retry = find_retry(unit, desk, agency_id, key=asked.idempotency_key, request_digest=digest)
    if retry is not None:
        return retry
    licence = lock_licence(unit, agency_id, draft.licence_id)
    if licence is None or licence.row_version != asked.if_version:
        raise Conflict("version_mismatch", "The licence has changed since it was read; read it again.")
    if version_row(unit, agency_id, draft.licence_id, draft.version) is not None:
        raise Conflict("version_mismatch", "Another change of the licence is under way; read it again in a moment.")
    key = data_key(unit, desk, agency_id, draft.licence_id)
    return reserve(unit, desk, draft, data_key=key, idempotency_key=asked.idempotency_key, request_digest=digest)


def _type_of(desk: Desk, before: LicenceView) -> LicenceType:
    return desk.catalogue.get(before.type_slug, before.type_version)


def _merged(before: Mapping[str, JsonValue], named: JsonValue) -> JsonValue:
    """The claims with those named replaced; a claim set to null goes. Anything but an object is left to the check."""
    if not isinstance(named, dict):
        return named
    return {name: value for name, value in (dict(before) | named).items() if value is not None}


def _refuse_unknown(body: Mapping[str, JsonValue], known: frozenset[str]) -> None:
    problems = [
        Problem(pointer_to("", name), "field_unknown", f"There is no such field; known are {', '.join(sorted(known))}.")
        for name in sorted(set(body) - known)
    ]
    if problems:
        raise RequestError("validation_failed", "The change names fields that cannot be changed.", problems)
