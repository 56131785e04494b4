"""Licences: issue, validate, list, get, their history, credential and QR code. An agency sees its own and no others."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from elicence.api.answers import (
    event_json,
    json_response,
    licence_json,
    licence_response,
    proposal_json,
    qr_content,
)
from elicence.api.cursors import LONGEST, cursor_after, place_of
from elicence.api.queries import Parameter, parameters, text, whole_number
from elicence.api.reception import Reception
from elicence.api.requests import idempotency_key, json_object
from elicence.errors import FormatError, NotFound, Problem, RequestError
from elicence.formats.encoding import JsonObject
from elicence.formats.qr import Symbol, make_symbol, png, svg
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.issue import issue
from elicence.issuer.propose import Proposal
from elicence.issuer.read import LicenceView, history, read_licence, read_what_remains, view_what_remains
from elicence.issuer.validate import validate
from elicence.licences.ids import parse_id
from elicence.licences.lifecycle import LicenceState
from elicence.registry.agencies import AgencyRecord
from elicence.registry.reading import LicenceFilter, StoredLicence, licences_page
from elicence.registry.unit import Reader

__all__ = ["LicenceEndpoints", "licence_id_of"]

ISSUE: Final = "licences:issue"
READ: Final = "licences:read"
_VERSION: Final = {"version": whole_number(1, 999)}
_STATES: Final = tuple(str(state) for state in LicenceState if state is not LicenceState.SUPERSEDED)
MOST_A_PAGE: Final = 200
_A_PAGE: Final = 50
_LISTING: Final = {
    "limit": whole_number(1, MOST_A_PAGE),
    "cursor": text(LONGEST),
    "type": text(64),
    "number": text(64),
    "state": text(16, allowed=_STATES),
    "external_ref": text(100),
}
_FILTERS: Final = ("type", "number", "state", "external_ref")


def licence_id_of(request: Request) -> str:
    """The licence in the path; what cannot be an id is answered as one that does not exist."""
    try:
        return parse_id("lic", request.path_params["licence_id"])
    except FormatError:
        raise NotFound("licence_not_found", "No such licence.") from None


class Read(Protocol):
    """A way of reading a licence."""

    def __call__(self, desk: Desk, caller: Caller, licence_id: str, *, version: int | None = None) -> LicenceView: ...


def _bound_to(agency: AgencyRecord, asked: Mapping[str, str | int]) -> tuple[str, ...]:
    """What a cursor of the list of licences is good for: this agency, and these filters."""
    return ("licences", agency.id, *(str(asked.get(name, "")) for name in _FILTERS))


class LicenceEndpoints:
    """The endpoints below `/v1/licences` that change nothing but by adding a licence."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._desk = reception.desk

    async def issue_licence(self, request: Request) -> Response:
        """201 with the licence, or 202 with the proposal where the grant asks for four eyes."""
        identity = await self._reception.admit(request, ISSUE)
        key = idempotency_key(request)
        body = await json_object(request)
        caller = await self._reception.acting(request, identity)
        return await self._reception.act(self._issue, caller, body, key)

    def _issue(self, caller: Caller, body: JsonObject, key: str) -> Response:
        made = issue(self._desk, caller, body, idempotency_key=key, now=self._reception.clock())
        if isinstance(made, Proposal):
            return json_response(proposal_json(made), status=202)
        return licence_response(self._desk, caller.agency, made, status=201)

    async def validate_licence(self, request: Request) -> Response:
        """What issuing this would find; nothing is written."""
        identity = await self._reception.admit(request, ISSUE)
        body = await json_object(request)
        found = await self._reception.run(
            validate, self._desk, identity.caller(), body, now=self._reception.clock()
        )  # fmt: skip
        answer = {
            "object": "validation",
            "four_eyes": found.four_eyes,
            "valid_until": None if found.valid_until is None else found.valid_until.isoformat(),
            "qr": {"version": found.qr_version, "level": found.qr_level, "max_version": found.qr_most},
            "warnings": [
                {"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in found.warnings
            ],
        }
        return json_response(answer)

    async def list_licences(self, request: Request) -> Response:
        """A page of the agency's licences in the order of their making."""
        identity = await self._reception.admit(request, READ)
        asked = parameters(request, _LISTING)
        if "number" in asked and "type" not in asked:
            # Numbers are an agency's own for each type, and that is how they can be found quickly.
            problem = Problem("/query/type", "field_missing", "A number is looked for among licences of one type.")
            raise RequestError("validation_failed", "The query has 1 problem.", [problem])
        return await self._reception.run(self._list, identity.agency, asked)

    def _list(self, agency: AgencyRecord, asked: dict[str, str | int]) -> Response:
        sealer, bound_to = self._desk.sealer, _bound_to(agency, asked)
        limit, cursor = int(asked.get("limit", _A_PAGE)), str(asked.get("cursor", ""))
        after = place_of(sealer, cursor, *bound_to) if cursor else ""
        wanted = {name: str(asked[name]) if name in asked else None for name in _FILTERS}
        only = LicenceFilter(
            type_slug=wanted["type"], number=wanted["number"], state=wanted["state"],
            external_ref=wanted["external_ref"],
        )  # fmt: skip

        def page(reader: Reader) -> tuple[tuple[StoredLicence, ...], list[LicenceView]]:
            # One row more than asked for, so that the end is known.
            rows = licences_page(reader, agency.id, after_id=after, limit=limit + 1, only=only)
            return rows, [
                view_what_remains(reader, self._desk, agency.id, row.id) for row in rows[:limit] if row.current_version
            ]

        rows, found = self._reception.assembly.registry.read(page)
        more = len(rows) > limit
        body = {
            "object": "list",
            "data": [licence_json(self._desk, agency, each) for each in found],
            "has_more": more,
            "next_cursor": cursor_after(sealer, rows[limit - 1].id, *bound_to) if more else None,
        }
        return json_response(body)

    async def get_licence(self, request: Request) -> Response:
        """One licence, in its current version unless another is named; what remains of one that was erased."""
        agency, licence, _ = await self._licence(request, _VERSION, read=read_what_remains)
        return licence_response(self._desk, agency, licence)

    async def list_licence_history(self, request: Request) -> Response:
        """Everything that was done to the licence, oldest first."""
        identity = await self._reception.admit(request, READ)
        parameters(request, {})
        licence_id = licence_id_of(request)
        events = await self._reception.run(history, self._desk, identity.caller(), licence_id)
        return json_response({"object": "list", "data": [event_json(each) for each in events]})

    async def get_licence_credential(self, request: Request) -> Response:
        """The signed credential, byte for byte as it was issued."""
        _, licence, _ = await self._licence(request, _VERSION)
        return Response(licence.credential.encode(), media_type="application/vc+jwt")

    async def get_licence_qr_svg(self, request: Request) -> Response:
        """The QR code as a drawing."""
        _, licence, _ = await self._licence(request, _VERSION)
        drawn = await self._reception.run(self._drawn, licence, svg)
        return Response(drawn, media_type="image/svg+xml")

    async def get_licence_qr_png(self, request: Request) -> Response:
        """The QR code as a picture."""
        _, licence, asked = await self._licence(request, _VERSION | {"scale": whole_number(1, 32)})
        scale = int(asked.get("scale", 8))
        drawn = await self._reception.run(self._drawn, licence, lambda symbol: png(symbol, scale))
        return Response(drawn, media_type="image/png")

    async def _licence(
        self, request: Request, known: Mapping[str, Parameter], *, read: Read = read_licence
    ) -> tuple[AgencyRecord, LicenceView, dict[str, str | int]]:
        identity = await self._reception.admit(request, READ)
        asked = parameters(request, known)
        version = asked.get("version")
        licence = await self._reception.run(
            read, self._desk, identity.caller(), licence_id_of(request),
            version=None if version is None else int(version),
        )  # fmt: skip
        return identity.agency, licence, asked

    def _drawn(self, licence: LicenceView, draw: Callable[[Symbol], bytes]) -> bytes:
        licence_type = self._desk.catalogue.get(licence.type_slug, licence.type_version)
        return draw(make_symbol(qr_content(self._desk, licence), level=licence_type.code_budget.level))
