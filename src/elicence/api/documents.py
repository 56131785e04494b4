"""The OpenAPI 3.1 document: made of the table of operations and the shapes, with an example for each of them."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from elicence import api
from elicence.accounts.clients import SCOPES
from elicence.api import open_shapes, shapes
from elicence.api.operations import FORM, Operation, Out
from elicence.api.problems import MEDIA_TYPE

__all__ = ["openapi_document"]

_EVERYWHERE: Final = (400, 414, 431, 503)
_TAGS: Final = {
    "tokens": "Access tokens for the systems of agencies.",
    "licences": "Issuing and reading the agency's own licences.",
    "proposals": "Requests that wait for a second operator, where a grant asks for four eyes.",
    "changes": "Suspending, reinstating, revoking, renewing, correcting.",
    "verifications": "Checking a licence; open to anybody.",
    "types": "The licence types; open to anybody.",
    "published": "Files for verifiers; open to anybody, cacheable, servable by any web server.",
    "service": "How the service is.",
}
_BINARY: Final = ("image/png", "application/octet-stream")
_HEADERS: Final = {
    "ETag": "Names this content exactly.",
    "Location": "Where the licence is.",
    "Cache-Control": "How long a cache may keep it.",
}
_ABOUT: Final = (
    "Issue a licence once as a signed credential with a QR code; check it anywhere. Errors are problem documents "
    "(RFC 9457) with stable codes; `Accept-Language` chooses zh-CN or en; every answer carries `X-Request-Id`."
)


def openapi_document(table: Iterable[Operation], version: str) -> dict[str, Any]:
    """The document of these operations. It names no server: it is the same for every registry."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "E-Licence Registry", "version": version, "description": _ABOUT},
        "tags": [{"name": name, "description": sentence} for name, sentence in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": {_name(status): _problem(status) for status in _problem_statuses(paths)},
            "securitySchemes": {"client": _security()},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    body: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [{"client": [operation.scope]}] if operation.scope else [],
        "responses": _responses(operation),
    }
    if operation.parameters:
        body["parameters"] = [dict(each) for each in operation.parameters]
    if operation.body:
        example = _examples().get(operation.id, {}).get("request")
        media = {kind: {"schema": _ref(shape)} for kind, shape in operation.body.items()}
        first: dict[str, Any] = next(iter(media.values()))
        first["example"] = example
        body["requestBody"] = {"required": operation.body_required, "content": media}
    return body


def _responses(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): _answer(operation.id, status, out) for status, out in operation.answers.items()
    }
    if operation.body.keys() == {FORM}:
        answers |= {
            "400": _token_error("The request is no request for a token, or the client may not have it."),
            "401": _token_error("The client did not show who it is."),
        }
    if any("Cache-Control" in out.headers for out in operation.answers.values()):
        answers["304"] = {"description": "What you have is still right."}
    for status in sorted({*operation.problems, *_EVERYWHERE}):
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{_name(status)}"})
    return answers


def _answer(name: str, status: int, out: Out) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": _bytes(out.media_type) if out.shape is None else _ref(out.shape)}
    example = _examples().get(name, {}).get(str(status))
    if example is not None:
        content["example"] = example
    answer: dict[str, Any] = {"description": out.sentence, "content": {out.media_type: content}}
    if out.headers:
        answer["headers"] = {
            header: {"description": _HEADERS[header], "required": True, "schema": {"type": "string"}}
            for header in out.headers
        }
    return answer


def _bytes(media_type: str) -> dict[str, Any]:
    """Of what has no shape: that it is JSON, text, or neither; generated clients decode by it."""
    if media_type.endswith("json"):
        return {"type": "object"}
    return {"type": "string", "format": "binary"} if media_type in _BINARY else {"type": "string"}


def _token_error(sentence: str) -> dict[str, Any]:
    problem = {MEDIA_TYPE: {"schema": _ref(open_shapes.Problem)}}
    return {
        "description": sentence,
        "content": {"application/json": {"schema": _ref(open_shapes.TokenError)}} | problem,
    }


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(status).phrase}: a problem document.",
        "content": {MEDIA_TYPE: {"schema": _ref(open_shapes.Problem)}},
    }


def _problem_statuses(paths: Mapping[str, Any]) -> list[int]:
    """Every status that some operation answers with a problem by reference."""
    found = set()
    for methods in paths.values():
        for operation in methods.values():
            found |= {int(status) for status, answer in operation["responses"].items() if "$ref" in answer}
    return sorted(found)


def _name(status: int) -> str:
    return "".join(part.title() for part in HTTPStatus(status).name.split("_"))


def _security() -> dict[str, Any]:
    flow = {"tokenUrl": "/oauth/token", "scopes": dict(SCOPES)}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}


def _ref(shape: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _schemas() -> dict[str, Any]:
    """The shapes by name, without what pydantic adds of its own."""
    _, whole = models_json_schema(
        [(shape, "validation") for shape in (*shapes.ALL, *open_shapes.ALL)],
        ref_template="#/components/schemas/{model}",
    )
    return {name: _tidy(schema) for name, schema in sorted(whole["$defs"].items())}


def _tidy(value: Any) -> Any:  # noqa: ANN401  (any part of a schema)
    """Nullable is a kind, not a union; titles and defaults that stand for absence say nothing."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if not isinstance(value, dict):
        return value
    tidy = {name: _tidy(each) for name, each in value.items() if not _says_nothing(name, each)}
    union = tidy.pop("anyOf", None)
    if union is not None:
        (kind,) = [each for each in union if each != {"type": "null"}]
        tidy = {**kind, "type": [kind["type"], "null"], **tidy}
    return tidy


def _says_nothing(name: str, value: object) -> bool:
    return (name == "title" and isinstance(value, str)) or (
        name == "default" and not (isinstance(value, (bool, int)) and value is not None)
    )


@cache
def _examples() -> Mapping[str, Any]:
    """By operation: a request, and an answer by status."""
    loaded: Mapping[str, Any] = json.loads((resources.files(api) / "examples.json").read_bytes())
    return loaded
