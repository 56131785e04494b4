"""Issuing a licence: the one file to read (docs/one-licence.md tells the same story for people).

    1  type, grant and claims are checked, and the QR code is known to fit, before anything is written
    2  transaction one: idempotency key, licence number, status index, and the intent: the exact bytes to sign, sealed
    3  the agency's key signs them
    4  the public verifier checks the result as a stranger would
    5  transaction two: credential, status, log entry, audit event and outbox, together or not at all
    6  the answer; a retry with the same idempotency key gets the same licence again, as it stands by then

A crash between 2 and 5 leaves an intent. The reaper finishes it with the same bytes; its number and index stay burnt.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from elicence.errors import Conflict, RequestError
from elicence.formats.encoding import JsonValue
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import check_body, check_density, check_grant, draft_version
from elicence.issuer.finish import finish
from elicence.issuer.propose import PROPOSAL_KEY, Proposal, approves, key_of_proposal, propose, proposed_before
from elicence.issuer.read import LicenceView, fresh_view, read_licence, reserved_from
from elicence.issuer.reserve import Reserved, Retry, digest_for, reserve, retry_of, submit_draft
from elicence.licences.ids import new_id
from elicence.licences.request import request_digest
from elicence.licences.text_policy import text_fault
from elicence.registry.agencies import GrantRecord, grants_for
from elicence.registry.idempotency import IdempotencyRow, find_idempotent
from elicence.registry.proposals import ProposalRow, proposal_by_key
from elicence.registry.unit import Reader

__all__ = ["PATIENCE", "answer_of", "check_idempotency_key", "issue", "settle"]

PATIENCE = timedelta(seconds=10)
"""How long an intent may be in the hands of whoever made it before a retry or the reaper finishes it."""
_LONGEST_KEY = 255


def issue(
    desk: Desk,
    caller: Caller,
    body: Mapping[str, JsonValue],
    *,
    idempotency_key: str,
    now: datetime,
    approval: Proposal | None = None,
) -> LicenceView | Proposal:
    """Issues the licence the request asks for, or answers with the one the same request made before.

    Where the grant asks for four eyes and there is no approval of exactly this request, answers a proposal instead.
    """
    desk.at("p1")
    # 1 · Check everything that can be checked. A retry has its answer whatever became of grant, type and keys since.
    check_idempotency_key(idempotency_key, approved=approval is not None)
    slug = _known_type(desk, body)
    known, made, grants = desk.registry.read(lambda reader: _look(reader, caller.agency.id, idempotency_key, slug))
    if known is not None:
        return settle(desk, caller, retry_of(desk, known, digest_for(caller, request_digest(body))), now=now)
    waiting = None if approval else proposed_before(desk, made, verb="issue", request=body)
    if waiting is not None:
        return answer_of(desk, caller, waiting, now)
    checked = check_body(desk, body)
    grant = check_grant(grants, checked, now)
    draft = draft_version(desk, caller, checked, verb="issue", licence_id=new_id("lic", now, desk.entropy), now=now)
    check_density(desk, draft)
    if grant.four_eyes and not approves(approval, "issue", body):
        return propose(desk, caller, body, verb="issue", licence_id=None, idempotency_key=idempotency_key, now=now)

    # 2 · Take numbers and write the intent.
    data_key, digest = desk.sealer.new_data_key(desk.entropy), digest_for(caller, checked.digest)
    reserved = submit_draft(
        desk,
        draft,
        lambda unit, *, draft: reserve(
            unit, desk, draft, data_key=data_key, idempotency_key=idempotency_key, request_digest=digest
        ),
        idempotency_key=idempotency_key,
        request_digest=digest,
    )
    desk.at("p4")

    # 3 to 6 · Sign, verify, store, answer.
    return settle(desk, caller, reserved, now=now)


def _known_type(desk: Desk, body: Mapping[str, JsonValue]) -> str:
    """The type asked for, not yet checked; nothing for what is none, so that the store is asked for no odd text."""
    slug = body.get("type")
    return str(slug) if slug in desk.catalogue else ""


def _look(
    reader: Reader, agency_id: str, key: str, type_slug: str
) -> tuple[IdempotencyRow | None, ProposalRow | None, tuple[GrantRecord, ...]]:
    """One look at the store: what the key made before, licence or proposal, and the agency's grants for the type."""
    return (
        find_idempotent(reader, agency_id, key),
        proposal_by_key(reader, agency_id, key),
        grants_for(reader, agency_id, type_slug),
    )


def settle(desk: Desk, caller: Caller, reserved: Reserved | Retry, *, now: datetime) -> LicenceView:
    """Finishes what was reserved, now or by an earlier request that may not have finished; answers the licence."""
    if isinstance(reserved, Retry):
        _finish_abandoned(desk, caller, reserved, now)
        desk.at("p11")
        return replace(read_licence(desk, caller, reserved.licence_id, version=reserved.version), replayed=True)
    credential = _finish_once(desk, caller, reserved, now)
    desk.at("p11")
    intent = reserved.intent
    if credential is not None and intent.verb == "issue" and reserved.draft and reserved.slot:
        return fresh_view(reserved.draft, reserved.slot, credential, now)
    return read_licence(desk, caller, intent.licence_id, version=intent.version)


def _finish_abandoned(desk: Desk, caller: Caller, retry: Retry, now: datetime) -> None:
    """A retry that meets an open intent finishes it if nobody seems to be at work on it."""
    pending = reserved_from(desk, caller.agency.id, retry.licence_id, retry.version)
    if pending is None:
        return
    if pending.intent.state == "failed":
        raise Conflict("intent_failed", "The earlier request with this key failed; its number is burnt.")
    if now - pending.intent.created_at < PATIENCE:
        raise Conflict("idempotency_in_flight", "The same request is being worked on; ask again in a moment.")
    _finish_once(desk, caller, pending, now)


def _finish_once(desk: Desk, caller: Caller, reserved: Reserved, now: datetime) -> str | None:
    """The credential; None if somebody who lost patience with us has finished the intent: then the answer is there."""
    try:
        return finish(desk, caller, reserved, now=now)
    except Conflict as error:
        intent = reserved.intent
        if error.code != "intent_failed" or reserved_from(desk, intent.agency_id, intent.licence_id, intent.version):
            raise
        return None


def answer_of(desk: Desk, caller: Caller, waiting: Proposal, now: datetime) -> LicenceView | Proposal:
    """What a request that became a proposal gets by now: the licence if it was carried out, else the proposal."""
    key = key_of_proposal(waiting.id)
    done = desk.registry.read(lambda reader: find_idempotent(reader, caller.agency.id, key))
    return waiting if done is None else settle(desk, caller, Retry(done.licence_id, done.version), now=now)


def check_idempotency_key(key: str, *, approved: bool = False) -> None:
    """A key is 1 to 255 characters of plain text; those of proposals are kept for approvals. Else `RequestError`."""
    if key.startswith(PROPOSAL_KEY) and not approved:
        raise RequestError("idempotency_key_bad", f"An idempotency key does not begin with {PROPOSAL_KEY}.")
    if not 0 < len(key) <= _LONGEST_KEY or text_fault(key) is not None:
        raise RequestError("idempotency_key_bad", f"An idempotency key is text of 1 to {_LONGEST_KEY} characters.")
