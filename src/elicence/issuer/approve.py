"""Approving or declining a proposal: the second pair of eyes; then the request is carried out as asked."""

from datetime import datetime

from elicence.errors import Conflict
from elicence.formats.encoding import JsonValue
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct, renew
from elicence.issuer.propose import Proposal, decide, key_of_proposal
from elicence.issuer.read import LicenceView

__all__ = ["approve", "decline"]


def approve(desk: Desk, caller: Caller, proposal_id: str, *, digest: str, now: datetime) -> LicenceView:
    """Approves exactly the request with this digest and carries it out; approving again answers the same licence."""
    approved = decide(desk, caller, proposal_id, digest=digest, approve=True, now=now)
    outcome = _carry_out(desk, caller, approved, now)
    if isinstance(outcome, Proposal):
        raise Conflict("approval_stale", "The approved request is not the one that was proposed.")
    return outcome


def decline(desk: Desk, caller: Caller, proposal_id: str, *, digest: str, now: datetime) -> Proposal:
    """Declines the request; nothing else happens."""
    return decide(desk, caller, proposal_id, digest=digest, approve=False, now=now)


def _carry_out(desk: Desk, caller: Caller, approved: Proposal, now: datetime) -> LicenceView | Proposal:
    key = key_of_proposal(approved.id)
    if approved.verb == "issue":
        return issue(desk, caller, approved.request, idempotency_key=key, now=now, approval=approved)
    licence_id, body = str(approved.licence_id), _members(approved.request["body"])
    seen = approved.request["if_version"]
    if_version = seen if isinstance(seen, int) else 0
    if approved.verb == "renew":
        return renew(
            desk, caller, licence_id, body, if_version=if_version, idempotency_key=key, now=now, approval=approved
        )
    return correct(
        desk, caller, licence_id, body, reason=str(approved.request["reason"]), if_version=if_version,
        idempotency_key=key, now=now, approval=approved,
    )  # fmt: skip


def _members(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}
