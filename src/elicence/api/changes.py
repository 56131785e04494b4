"""Changes of a licence: suspend, reinstate, revoke, renew, correct.

`If-Match` is required where the caller must have seen the licence as it is (reinstate, renew, correct) and optional for
suspend and revoke, which win over concurrent changes.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.api.answers import json_response, licence_response, proposal_json
from elicence.api.licences import licence_id_of
from elicence.api.reception import Reception
from elicence.api.requests import (
    idempotency_key,
    if_match,
    json_object,
    optional_day,
    optional_text,
    required_if_match,
)
from elicence.errors import Problem, RequestError
from elicence.formats.encoding import JsonObject
from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller
from elicence.issuer.new_version import correct, renew
from elicence.issuer.propose import Proposal
from elicence.issuer.read import LicenceView
from elicence.licences.lifecycle import Action
from elicence.licences.request_text import pointer_to

__all__ = ["ChangeEndpoints"]

CHANGE: Final = "licences:change"


class ChangeEndpoints:
    """The endpoints that change a licence."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._desk = reception.desk

    async def suspend_licence(self, request: Request) -> Response:
        """The licence may not be used for the time being."""
        return await self._change(request, Action.SUSPEND)

    async def revoke_licence(self, request: Request) -> Response:
        """The licence is over for good, in all its versions; revoking again answers the same."""
        return await self._change(request, Action.REVOKE)

    async def reinstate_licence(self, request: Request) -> Response:
        """A suspended licence may be used again."""
        return await self._change(request, Action.REINSTATE)

    async def renew_licence(self, request: Request) -> Response:
        """A new version with a later last day."""
        caller, licence_id = await self._asked(request)
        key, seen = idempotency_key(request), required_if_match(request)
        body = await json_object(request, or_nothing=True)
        made = await self._reception.act(
            renew, self._desk, caller, licence_id, body, if_version=seen, idempotency_key=key,
            now=self._reception.clock(),
        )  # fmt: skip
        return await self._new_version(caller, made)

    async def correct_licence(self, request: Request) -> Response:
        """A new version in which what the body names is replaced."""
        caller, licence_id = await self._asked(request)
        key, seen = idempotency_key(request), required_if_match(request)
        body = await json_object(request)
        reason = optional_text(body, "reason")
        if reason is None:
            sentence = "A correction needs a reason."
            raise RequestError("validation_failed", sentence, [Problem("/reason", "field_missing", sentence)])
        made = await self._reception.act(
            correct, self._desk, caller, licence_id, body, reason=reason, if_version=seen, idempotency_key=key,
            now=self._reception.clock(),
        )  # fmt: skip
        return await self._new_version(caller, made)

    async def _change(self, request: Request, action: Action) -> Response:
        caller, licence_id = await self._asked(request)
        seen = required_if_match(request) if action is Action.REINSTATE else if_match(request)
        body = await json_object(request, or_nothing=action is Action.REINSTATE)
        reason = optional_text(body, "reason")
        until = optional_day(body, "until") if action is Action.SUSPEND else None
        _refuse_more(body)
        licence = await self._reception.act(
            change_status, self._desk, caller, licence_id, action, reason=reason, now=self._reception.clock(),
            if_version=seen, until=until,
        )  # fmt: skip
        return await self._reception.run(licence_response, self._desk, caller.agency, licence)

    async def _asked(self, request: Request) -> tuple[Caller, str]:
        identity = await self._reception.admit(request, CHANGE)
        return await self._reception.acting(request, identity), licence_id_of(request)

    async def _new_version(self, caller: Caller, made: LicenceView | Proposal) -> Response:
        if isinstance(made, Proposal):
            return json_response(proposal_json(made), status=202)
        return await self._reception.run(licence_response, self._desk, caller.agency, made)


def _refuse_more(body: JsonObject) -> None:
    problems = [
        Problem(pointer_to("", name), "field_unknown", "There is no such field in this change.") for name in body
    ]
    if problems:
        raise RequestError("validation_failed", "The change has fields that mean nothing here.", problems)
