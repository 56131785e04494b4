"""Four eyes: where a grant asks for it, a request waits until a second operator has approved exactly its digest.

    1  the request is checked as if it were carried out, and written down sealed, with the operator who proposes it
    2  another operator of the same agency, who has seen it, names the digest and approves
    3  the decision is written; then the request is carried out, with the proposal's id as its idempotency key

A crash between the two parts of 3 loses nothing: approving again carries the same request out, once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from elicence.errors import Conflict, NotAllowed, NotFound, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, canonical_json, compact_json, parse_json
from elicence.issuer.desk import Caller, Desk
from elicence.keys.sealing import WrappedKey
from elicence.licences.ids import new_id
from elicence.registry.agencies import client_by_id, operators_of
from elicence.registry.log import AuditRow, append_audit
from elicence.registry.proposals import (
    ProposalRow,
    decide_proposal,
    insert_proposal,
    open_proposals,
    proposal_by_id,
    proposal_by_key,
)
from elicence.registry.unit import Reader, Unit

__all__ = [
    "PROPOSAL_KEY",
    "Proposal",
    "approves",
    "decide",
    "key_of_proposal",
    "list_proposals",
    "propose",
    "proposed_before",
    "read_proposal",
]

MOST_LISTED = 10_000
PROPOSAL_KEY = "proposal/"
"""How the idempotency keys begin under which approved proposals are carried out."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request that waits, or waited: what is asked, by whom, and the (keyed) digest a second operator approves."""

    id: str
    verb: str
    licence_id: str | None
    digest: str
    state: str
    proposed_by: str
    decided_by: str | None
    created_at: datetime
    request: JsonObject


def propose(
    desk: Desk,
    caller: Caller,
    request: Mapping[str, JsonValue],
    *,
    verb: str,
    licence_id: str | None,
    idempotency_key: str,
    now: datetime,
) -> Proposal:
    """Writes the checked request down; the same key and request give the same proposal."""
    operator = _operator(desk, caller)
    asked = _digest(verb, licence_id, request)
    proposal_id = new_id("prp", now, desk.entropy)
    data_key = desk.sealer.new_data_key(desk.entropy)
    wrapped = desk.sealer.wrap(data_key, agency_id=caller.agency.id, licence_id=proposal_id, entropy=desk.entropy)
    sealed = desk.sealer.seal(
        data_key, compact_json(dict(request)), table="proposal", column="sealed_request", row=proposal_id,
        entropy=desk.entropy,
    )  # fmt: skip
    row = ProposalRow(
        agency_id=caller.agency.id, id=proposal_id, verb=verb, licence_id=licence_id, idempotency_key=idempotency_key,
        digest=desk.sealer.fingerprint(asked), kek_id=wrapped.kek_id, wrapped=wrapped.wrapped, sealed_request=sealed,
        client_id=caller.client_id, proposed_by=operator, created_at=now,
    )  # fmt: skip

    def write(unit: Unit) -> ProposalRow:
        known = proposal_by_key(unit, caller.agency.id, idempotency_key)
        if known is None:
            insert_proposal(unit, row)
            _audit(unit, desk, caller, row, verb="propose", now=now)
            return row
        _refuse_other(desk, known, asked)
        return known

    return _opened(desk, desk.registry.submit(write))


def key_of_proposal(proposal_id: str) -> str:
    """The idempotency key under which a proposal is carried out."""
    return f"{PROPOSAL_KEY}{proposal_id}"


def proposed_before(
    desk: Desk,
    row: ProposalRow | None,
    *,
    verb: str,
    request: Mapping[str, JsonValue],
    licence_id: str | None = None,
) -> Proposal | None:
    """The proposal that this very request made under its key; `RequestError` if the key stood for another request."""
    if row is None:
        return None
    _refuse_other(desk, row, _digest(verb, licence_id, request))
    return _opened(desk, row)


def approves(approval: Proposal | None, verb: str, request: Mapping[str, JsonValue]) -> bool:
    """Whether this is the approval of exactly this request."""
    return (
        approval is not None
        and approval.state == "approved"
        and (approval.verb, approval.request) == (verb, dict(request))
    )


def decide(desk: Desk, caller: Caller, proposal_id: str, *, digest: str, approve: bool, now: datetime) -> Proposal:
    """A second operator's decision on exactly this digest. Deciding the same way again changes nothing."""
    operator = _operator(desk, caller)
    state = "approved" if approve else "declined"

    def write(unit: Unit) -> ProposalRow:
        row = _find(unit, caller, proposal_id)
        if operator == row.proposed_by:
            raise NotAllowed("four_eyes_required", "Who proposed a licence cannot approve it; a second operator must.")
        if caller.use != _use_of(unit, row):
            raise NotAllowed(
                "four_eyes_required", "What a test client proposed is decided by a test client, and only that."
            )
        if digest != _shown_digest(row):
            raise Conflict("approval_stale", "This is not the request that was looked at; read the proposal again.")
        if row.state == "proposed":
            decide_proposal(unit, row.agency_id, row.id, state=state, decided_by=operator, decided_at=now)
            _audit(unit, desk, caller, row, verb="approve" if approve else "decline", now=now)
        elif row.state != state:
            raise Conflict("approval_stale", f"The proposal was {row.state} before.")
        return _find(unit, caller, proposal_id)

    return _opened(desk, desk.registry.submit(write))


def read_proposal(desk: Desk, caller: Caller, proposal_id: str) -> Proposal:
    """One proposal of the agency, opened."""
    return _opened(desk, desk.registry.read(lambda reader: _find(reader, caller, proposal_id)))


def list_proposals(desk: Desk, caller: Caller, *, after_id: str = "", limit: int = MOST_LISTED) -> tuple[Proposal, ...]:
    """What waits for a second operator of the agency, oldest first, from `after_id` on."""
    rows = desk.registry.read(
        lambda reader: open_proposals(reader, caller.agency.id, after_id=after_id, limit=limit)
    )  # fmt: skip
    return tuple(_opened(desk, row) for row in rows)


def _digest(verb: str, licence_id: str | None, request: Mapping[str, JsonValue]) -> str:
    whole: JsonObject = {"verb": verb, "licence": licence_id, "request": dict(request)}
    return hashlib.sha256(canonical_json(whole)).hexdigest()


def _shown_digest(row: ProposalRow) -> str:
    """What a person copies: the digest without the name of the secret it was made with."""
    return row.digest.rpartition(".")[2]


def _refuse_other(desk: Desk, row: ProposalRow, digest: str) -> None:
    if not desk.sealer.has_fingerprint(digest, row.digest):
        raise RequestError("idempotency_key_reused", "This idempotency key was used for another request.")


def _operator(desk: Desk, caller: Caller) -> str:
    """The operator who acts: a person the agency has named, because a system cannot be two people."""
    known = desk.registry.read(lambda reader: operators_of(reader, caller.agency.id))
    if not any(each.id == caller.operator_id and each.disabled_at is None for each in known):
        raise NotAllowed("four_eyes_required", "This grant asks for four eyes: name an operator of the agency.")
    return str(caller.operator_id)


def _use_of(reader: Reader, row: ProposalRow) -> str:
    """Live or test: what the proposal would be signed for."""
    client = None if row.client_id is None else client_by_id(reader, row.client_id)
    return "live" if client is None else client.use


def _find(reader: Reader, caller: Caller, proposal_id: str) -> ProposalRow:
    row = proposal_by_id(reader, caller.agency.id, proposal_id)
    if row is None:
        raise NotFound("proposal_not_found", "No such proposal.")
    return row


def _opened(desk: Desk, row: ProposalRow) -> Proposal:
    data_key = desk.sealer.unwrap(WrappedKey(row.kek_id, row.wrapped), agency_id=row.agency_id, licence_id=row.id)
    plain = desk.sealer.open(data_key, row.sealed_request, table="proposal", column="sealed_request", row=row.id)
    request = parse_json(plain, max_bytes=1_048_576)
    return Proposal(
        id=row.id, verb=row.verb, licence_id=row.licence_id, digest=_shown_digest(row), state=row.state,
        proposed_by=row.proposed_by, decided_by=row.decided_by, created_at=row.created_at,
        request=request if isinstance(request, dict) else {},
    )  # fmt: skip


def _audit(unit: Unit, desk: Desk, caller: Caller, row: ProposalRow, *, verb: str, now: datetime) -> None:
    append_audit(
        unit,
        AuditRow(
            agency_id=row.agency_id, id=new_id("evt", now, desk.entropy), verb=verb, licence_id=row.licence_id,
            client_id=caller.client_id, operator_id=caller.operator_id,
            facts=compact_json({"proposal": row.id, "digest": row.digest}), occurred_at=now,
        ),
    )  # fmt: skip
