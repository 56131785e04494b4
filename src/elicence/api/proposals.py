"""Proposals: what waits for a second operator, and the decision about it.

The digest names exactly the request that was looked at. A proposal is carried out once: approving it again, after an
answer that was lost say, gives the same licence, so no further idempotency key is needed.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.api.answers import json_response, licence_response, proposal_in_full, proposal_json
from elicence.api.cursors import LONGEST, cursor_after, place_of
from elicence.api.licences import MOST_A_PAGE, READ
from elicence.api.queries import parameters, text, whole_number
from elicence.api.reception import Reception
from elicence.api.requests import json_object, optional_text
from elicence.errors import FormatError, NotFound, Problem, RequestError
from elicence.issuer.approve import approve, decline
from elicence.issuer.desk import Caller
from elicence.issuer.propose import list_proposals, read_proposal
from elicence.licences.ids import parse_id
from elicence.licences.request_text import pointer_to

__all__ = ["APPROVE", "ProposalEndpoints"]

APPROVE: Final = "licences:approve"
_A_PAGE: Final = 50
_LISTING: Final = {"limit": whole_number(1, MOST_A_PAGE), "cursor": text(LONGEST)}


class ProposalEndpoints:
    """The endpoints below `/v1/proposals`. An agency sees its own and no others."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._desk = reception.desk

    async def list_proposals(self, request: Request) -> Response:
        """A page of what waits, oldest first."""
        identity = await self._reception.admit(request, READ)
        asked = parameters(request, _LISTING)
        return await self._reception.run(self._list, identity.caller(), asked)

    def _list(self, caller: Caller, asked: dict[str, str | int]) -> Response:
        sealer, bound_to = self._desk.sealer, ("proposals", caller.agency.id)
        limit, cursor = int(asked.get("limit", _A_PAGE)), str(asked.get("cursor", ""))
        after = place_of(sealer, cursor, *bound_to) if cursor else ""
        found = list_proposals(self._desk, caller, after_id=after, limit=limit + 1)
        more = len(found) > limit
        body = {
            "object": "list",
            "data": [proposal_json(each) for each in found[:limit]],
            "has_more": more,
            "next_cursor": cursor_after(sealer, found[limit - 1].id, *bound_to) if more else None,
        }
        return json_response(body)

    async def get_proposal(self, request: Request) -> Response:
        """One proposal, with what it asks for and the digest that approves exactly this."""
        identity = await self._reception.admit(request, READ)
        parameters(request, {})
        found = await self._reception.run(read_proposal, self._desk, identity.caller(), _proposal_id(request))
        return json_response(proposal_in_full(found))

    async def approve_proposal(self, request: Request) -> Response:
        """Approves and carries out at once: 201 with a new licence, 200 with a new version of one."""
        caller, proposal_id, digest = await self._decision(request)
        return await self._reception.act(self._approve, caller, proposal_id, digest)

    def _approve(self, caller: Caller, proposal_id: str, digest: str) -> Response:
        licence = approve(self._desk, caller, proposal_id, digest=digest, now=self._reception.clock())
        return licence_response(self._desk, caller.agency, licence, status=201 if licence.supersedes is None else 200)

    async def decline_proposal(self, request: Request) -> Response:
        """Declines; nothing else happens."""
        caller, proposal_id, digest = await self._decision(request)
        declined = await self._reception.act(
            decline, self._desk, caller, proposal_id, digest=digest, now=self._reception.clock()
        )
        return json_response(proposal_json(declined))

    async def _decision(self, request: Request) -> tuple[Caller, str, str]:
        """Who decides, about which proposal, by which digest."""
        identity = await self._reception.admit(request, APPROVE)
        proposal_id = _proposal_id(request)
        body = await json_object(request)
        digest = optional_text(body, "digest")
        problems = [Problem(pointer_to("", name), "field_unknown", "The only field is digest.") for name in body]
        if digest is None:
            problems.append(Problem("/digest", "field_missing", "Name the digest of the proposal that was looked at."))
        if digest is None or problems:
            raise RequestError("validation_failed", f"The decision has {len(problems)} problems.", problems)
        return identity.caller(self._reception.operator(request)), proposal_id, digest


def _proposal_id(request: Request) -> str:
    """The proposal in the path; what cannot be an id is answered as one that does not exist."""
    try:
        return parse_id("prp", request.path_params["proposal_id"])
    except FormatError:
        raise NotFound("proposal_not_found", "No such proposal.") from None
