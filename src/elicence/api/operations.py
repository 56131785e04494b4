"""Every operation of the API in one table: where, who may, what goes in and out, and which endpoint does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.api import open_shapes, shapes
from elicence.api.changes import CHANGE, ChangeEndpoints
from elicence.api.cursors import LONGEST
from elicence.api.licences import ISSUE, MOST_A_PAGE, READ, LicenceEndpoints
from elicence.api.proposals import APPROVE, ProposalEndpoints
from elicence.api.published import PublishedEndpoints
from elicence.api.reception import Reception
from elicence.api.tokens import TokenEndpoint
from elicence.api.types import TypeEndpoints
from elicence.api.verifications import VerificationEndpoint

__all__ = ["Operation", "Out", "operations"]

Endpoint = Callable[[Request], Awaitable[Response]]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Out:
    """One good answer: what it is, its media type and shape (None: bytes of that type, "" for no body)."""

    sentence: str
    media_type: str = JSON
    shape: type | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `scope` None is open to anybody; `body` maps media types to shapes."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    endpoint: Endpoint
    answers: Mapping[int, Out]
    scope: str | None = None
    body: Mapping[str, type] = field(default_factory=dict)
    body_required: bool = True
    parameters: tuple[dict[str, Any], ...] = ()
    problems: tuple[int, ...] = ()
    hot: bool = False


def operations(reception: Reception) -> tuple[Operation, ...]:
    """The table, with endpoints of this registry."""
    return (
        *_tokens(TokenEndpoint(reception)),
        *_licences(licences := LicenceEndpoints(reception)),
        *_of_one_licence(licences),
        *_changes(ChangeEndpoints(reception)),
        *_proposals(ProposalEndpoints(reception)),
        *_verifications(VerificationEndpoint(reception)),
        *_types(TypeEndpoints(reception)),
        *_published(PublishedEndpoints(reception)),
    )


def _parameter(name: str, where: str, schema: dict[str, Any], sentence: str, *, must: bool = False) -> dict[str, Any]:
    return {"name": name, "in": where, "required": must or where == "path", "description": sentence, "schema": schema}


def _path(name: str, pattern: str, sentence: str) -> dict[str, Any]:
    return _parameter(name, "path", {"type": "string", "pattern": pattern}, sentence)


def _number(name: str, least: int, most: int, sentence: str) -> dict[str, Any]:
    return _parameter(name, "query", {"type": "integer", "minimum": least, "maximum": most}, sentence)


_LICENCE: Final = _path("licence_id", "^lic_[0-7][0-9a-hjkmnp-tv-z]{25}$", "The licence.")
_SLUG: Final = _path("slug", "^[a-z][a-z0-9-]{0,63}$", "The licence type.")
_VERSION: Final = _number("version", 1, 999, "Another version than the current one.")
_KEY_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
_KEY: Final = _parameter(
    "Idempotency-Key", "header", _KEY_TEXT, "The same on every retry; kept as long as the licence.", must=True
)
_ETAG: Final = {"type": "string", "pattern": '^"[0-9]{1,15}"$'}
_MUST_MATCH: Final = _parameter("If-Match", "header", _ETAG, "The ETag of the licence as it was seen.", must=True)
_MAY_MATCH: Final = _parameter("If-Match", "header", _ETAG, "Change it only if it still is as it was seen.")
_OPERATOR: Final = _parameter(
    "X-Operator-Id", "header", {"type": "string", "pattern": "^opr_[0-9a-hjkmnp-tv-z]{26}$"},
    "The person who acts, where the grant asks for four eyes.",
)  # fmt: skip
_MUST_OPERATOR: Final = {**_OPERATOR, "required": True, "description": "Who decides; not who proposed."}
_CURSOR: Final = _parameter(
    "cursor", "query", {"type": "string", "minLength": 1, "maxLength": LONGEST}, "next_cursor of the page before."
)
_LANGUAGE: Final = _parameter(
    "Accept-Language", "header", {"type": "string"}, "The language of what is said: zh-CN or en."
)
_LICENCE_HEADERS: Final = ("ETag",)


def _tokens(to: TokenEndpoint) -> tuple[Operation, ...]:
    return (
        Operation(
            "issue_token", "POST", "/oauth/token", "tokens", "Get an access token", to.issue_token,
            {200: Out("The token.", shape=open_shapes.Token)}, body={FORM: open_shapes.TokenRequest},
            problems=(408, 413, 415, 429),
        ),
    )  # fmt: skip


def _licences(to: LicenceEndpoints) -> tuple[Operation, ...]:
    issuing = {
        201: Out("The licence, signed and durable.", shape=shapes.Licence, headers=("ETag", "Location")),
        202: Out("A second operator must approve.", shape=shapes.Proposal),
    }
    one = {200: Out("The licence.", shape=shapes.Licence, headers=_LICENCE_HEADERS)}
    listing = (
        _number("limit", 1, MOST_A_PAGE, "How many, 50 unless said."),
        _CURSOR,
        _parameter("type", "query", {"type": "string", "minLength": 1, "maxLength": 64}, "Only of this type."),
        _parameter(
            "number", "query", {"type": "string", "minLength": 1, "maxLength": 64}, "Of this number; needs `type`."
        ),
        _parameter("state", "query", {"enum": ["active", "suspended", "revoked"]}, "Only in this state."),
        _parameter(
            "external_ref", "query", {"type": "string", "minLength": 1, "maxLength": 100}, "The agency's own reference."
        ),
    )
    asked = {JSON: shapes.LicenceRequest}
    return (
        Operation(
            "issue_licence", "POST", "/v1/licences", "licences", "Issue a licence", to.issue_licence, issuing,
            scope=ISSUE, body=asked, parameters=(_KEY, _OPERATOR),
            problems=(401, 403, 404, 408, 409, 410, 413, 415, 422, 429), hot=True,
        ),
        Operation(
            "validate_licence", "POST", "/v1/licences/validate", "licences", "Try a request without issuing",
            to.validate_licence, {200: Out("It could be issued.", shape=shapes.Validation)}, scope=ISSUE, body=asked,
            problems=(401, 403, 404, 408, 413, 415, 422, 429),
        ),
        Operation(
            "list_licences", "GET", "/v1/licences", "licences", "List licences of the agency", to.list_licences,
            {200: Out("A page.", shape=shapes.LicenceList)}, scope=READ, parameters=listing,
            problems=(401, 403, 422, 429),
        ),
        Operation(
            "get_licence", "GET", "/v1/licences/{licence_id}", "licences", "Get a licence", to.get_licence, one,
            scope=READ, parameters=(_LICENCE, _VERSION), problems=(401, 403, 404, 422, 429),
        ),
    )  # fmt: skip


def _of_one_licence(to: LicenceEndpoints) -> tuple[Operation, ...]:
    scale = _number("scale", 1, 32, "Pixels a module, 8 unless said.")
    return (
        Operation(
            "list_licence_history", "GET", "/v1/licences/{licence_id}/history", "licences", "List what was done to it",
            to.list_licence_history, {200: Out("The events.", shape=shapes.EventList)}, scope=READ,
            parameters=(_LICENCE,), problems=(401, 403, 404, 422, 429),
        ),
        Operation(
            "get_licence_credential", "GET", "/v1/licences/{licence_id}/credential", "licences",
            "Get the signed credential", to.get_licence_credential,
            {200: Out("The credential, a compact JWT.", "application/vc+jwt")}, scope=READ,
            parameters=(_LICENCE, _VERSION), problems=(401, 403, 404, 410, 422, 429),
        ),
        Operation(
            "get_licence_qr_svg", "GET", "/v1/licences/{licence_id}/qr.svg", "licences", "Get the QR code as SVG",
            to.get_licence_qr_svg, {200: Out("The drawing.", "image/svg+xml")}, scope=READ,
            parameters=(_LICENCE, _VERSION), problems=(401, 403, 404, 410, 422, 429),
        ),
        Operation(
            "get_licence_qr_png", "GET", "/v1/licences/{licence_id}/qr.png", "licences", "Get the QR code as PNG",
            to.get_licence_qr_png, {200: Out("The picture.", "image/png")}, scope=READ,
            parameters=(_LICENCE, _VERSION, scale), problems=(401, 403, 404, 410, 422, 429),
        ),
    )  # fmt: skip


def _changes(to: ChangeEndpoints) -> tuple[Operation, ...]:
    changed = {200: Out("The licence as it is now.", shape=shapes.Licence, headers=_LICENCE_HEADERS)}
    renewed = changed | {202: Out("A second operator must approve.", shape=shapes.Proposal)}
    common = (401, 403, 404, 408, 409, 412, 413, 415, 422, 429)
    at = "/v1/licences/{licence_id}"

    def change(verb: str, summary: str, endpoint: Endpoint, **more: Any) -> Operation:  # noqa: ANN401
        return Operation(
            f"{verb}_licence", "POST", f"{at}/{verb}", "changes", summary, endpoint,
            **({"answers": changed, "scope": CHANGE, "problems": common} | more),
        )  # fmt: skip

    strict, renewing = (*common, 428), (*common, 410, 428)
    return (
        change(
            "suspend", "Suspend a licence", to.suspend_licence, body={JSON: shapes.Suspension},
            parameters=(_LICENCE, _MAY_MATCH, _OPERATOR),
        ),
        change(
            "reinstate", "Reinstate a suspended licence", to.reinstate_licence, body={JSON: shapes.Reinstatement},
            body_required=False, parameters=(_LICENCE, _MUST_MATCH, _OPERATOR), problems=strict,
        ),
        change(
            "revoke", "Revoke a licence for good", to.revoke_licence, body={JSON: shapes.StatusChange},
            parameters=(_LICENCE, _MAY_MATCH, _OPERATOR),
        ),
        change(
            "renew", "Renew a licence", to.renew_licence, body={JSON: shapes.Renewal}, body_required=False,
            answers=renewed, parameters=(_LICENCE, _KEY, _MUST_MATCH, _OPERATOR), problems=renewing,
        ),
        change(
            "correct", "Correct a licence", to.correct_licence, body={JSON: shapes.Correction},
            answers=renewed, parameters=(_LICENCE, _KEY, _MUST_MATCH, _OPERATOR), problems=renewing,
        ),
    )  # fmt: skip


def _proposals(to: ProposalEndpoints) -> tuple[Operation, ...]:
    proposal = _path("proposal_id", "^prp_[0-7][0-9a-hjkmnp-tv-z]{25}$", "The proposal.")
    common, at = (401, 403, 404, 408, 409, 413, 415, 422, 429), "/v1/proposals/{proposal_id}"
    carried_out = {
        200: Out("The renewed or corrected licence.", shape=shapes.Licence, headers=_LICENCE_HEADERS),
        201: Out("The licence, signed and durable.", shape=shapes.Licence, headers=("ETag", "Location")),
    }
    return (
        Operation(
            "list_proposals", "GET", "/v1/proposals", "proposals", "List what waits for a second operator",
            to.list_proposals, {200: Out("A page, oldest first.", shape=shapes.ProposalList)}, scope=READ,
            parameters=(_number("limit", 1, MOST_A_PAGE, "How many, 50 unless said."), _CURSOR),
            problems=(401, 403, 422, 429),
        ),
        Operation(
            "get_proposal", "GET", at, "proposals", "Get a proposal with what it asks for", to.get_proposal,
            {200: Out("The proposal.", shape=shapes.ProposalDetail)}, scope=READ, parameters=(proposal,),
            problems=(401, 403, 404, 422, 429),
        ),
        Operation(
            "approve_proposal", "POST", f"{at}/approve", "proposals", "Approve a proposal and carry it out",
            to.approve_proposal, carried_out, scope=APPROVE, body={JSON: shapes.Decision},
            parameters=(proposal, _MUST_OPERATOR), problems=(*common, 410, 412),
        ),
        Operation(
            "decline_proposal", "POST", f"{at}/decline", "proposals", "Decline a proposal", to.decline_proposal,
            {200: Out("The proposal, declined.", shape=shapes.Proposal)}, scope=APPROVE,
            body={JSON: shapes.Decision}, parameters=(proposal, _MUST_OPERATOR), problems=common,
        ),
    )  # fmt: skip


def _verifications(to: VerificationEndpoint) -> tuple[Operation, ...]:
    body = {JSON: open_shapes.VerificationRequest, "multipart/form-data": open_shapes.VerificationUpload}
    return (
        Operation(
            "verify_licence", "POST", "/v1/verifications", "verifications", "Check a licence code", to.verify_licence,
            {200: Out("The report, whatever the code is.", shape=open_shapes.Verification)}, body=body,
            parameters=(_LANGUAGE,), problems=(404, 408, 413, 415, 422, 429), hot=True,
        ),
    )  # fmt: skip


def _types(to: TypeEndpoints) -> tuple[Operation, ...]:
    cached = ("ETag", "Cache-Control")
    return (
        Operation(
            "list_types", "GET", "/v1/types", "types", "List licence types", to.list_types,
            {200: Out("The catalogue.", shape=open_shapes.LicenceTypeList, headers=cached)}, problems=(422,),
        ),
        Operation(
            "get_type", "GET", "/v1/types/{slug}", "types", "Get a licence type", to.get_type,
            {200: Out("The type with its file.", shape=open_shapes.LicenceTypeDetail, headers=cached)},
            parameters=(_SLUG, _VERSION), problems=(404, 422),
        ),
        Operation(
            "get_type_schema", "GET", "/v1/types/{slug}/schema", "types", "Get the schema of its requests",
            to.get_type_schema, {200: Out("JSON Schema 2020-12.", "application/schema+json", headers=cached)},
            parameters=(_SLUG, _VERSION), problems=(404, 422),
        ),
    )  # fmt: skip


def _published(to: PublishedEndpoints) -> tuple[Operation, ...]:
    agency = _path("agency", "^[a-z][a-z0-9-]{1,11}$", "Slug of the agency.")
    number = _path("list_no", "^[1-9][0-9]{0,8}$", "Number of the list.")
    purpose = _parameter("purpose", "path", {"enum": ["revocation", "suspension"]}, "Which bit.")
    version = _path("version", "^[1-9][0-9]{0,3}$", "Version of the type.")
    time = _number("time", 0, 9_999_999_999, "The list as it was at this time, unix seconds.")
    did = "application/did+json"
    jwks, credential, linked = "application/jwk-set+json", "application/vc+jwt", "application/ld+json"

    def file(name: str, path: str, summary: str, media_type: str, *given: dict[str, Any]) -> Operation:
        timed = time in given
        return Operation(
            name, "GET", path, "published", summary, to.get_status_list if timed else to.get_published_file,
            {200: Out("The published file.", media_type, headers=("ETag", "Cache-Control"))}, parameters=given,
            problems=(404, 422),
        )  # fmt: skip

    return (
        file("get_trusted_list", "/trusted-list.json", "Get the trusted list", JSON),
        Operation(
            "get_trust_bundle", "GET", "/v1/trust/bundle", "published", "Get all for verifying offline",
            to.get_published_file,
            {200: Out("The bundle.", shape=open_shapes.TrustBundle, headers=("ETag", "Cache-Control"))},
            problems=(404, 422),
        ),
        file("get_keys", "/.well-known/jwks.json", "Get the keys of all agencies", jwks),
        file("get_issuer_metadata", "/.well-known/jwt-vc-issuer/a/{agency}", "Get issuer metadata", JSON, agency),
        file("get_did_document", "/a/{agency}/did.json", "Get an agency's DID document", did, agency),
        file("get_agency_keys", "/a/{agency}/jwks.json", "Get an agency's keys", jwks, agency),
        file(
            "get_status_list", "/status/{agency}/{list_no}", "Get a status list", "application/statuslist+jwt", agency,
            number, time,
        ),
        file(
            "get_status_bitstring", "/status/{agency}/{list_no}/{purpose}", "Get a bitstring status list", credential,
            agency, number, purpose, time,
        ),
        file("get_type_context", "/ns/{slug}/v{version}", "Get a JSON-LD context", linked, _SLUG, version),
        file("get_type_file", "/types/{slug}/v{version}.json", "Get a type file", JSON, _SLUG, version),
        file(
            "get_qr_dictionary", "/qr/dictionary-{number}.bin", "Get a QR dictionary", "application/octet-stream",
            _path("number", "^[1-9][0-9]{0,2}$", "Number of the dictionary."),
        ),
        Operation(
            "get_problem_type", "GET", "/problems/{code}", "service", "Get what a problem code means", to.get_problem,
            {200: Out("Title and detail.", shape=open_shapes.ProblemType)},
            parameters=(_path("code", "^[a-z][a-z0-9_]{1,40}$", "The code."),), problems=(404, 422),
        ),
        Operation(
            "get_health", "GET", "/healthz", "service", "Ask whether the process answers", to.get_health,
            {200: Out("It does.", shape=open_shapes.Health)},
        ),
        Operation(
            "get_readiness", "GET", "/readyz", "service", "Ask whether it can do its work", to.get_readiness,
            {200: Out("It can.", shape=open_shapes.Health)},
        ),
    )  # fmt: skip
