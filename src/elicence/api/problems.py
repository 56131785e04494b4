"""Errors as problem documents (RFC 9457): one table from the error tree to HTTP, words in zh-CN and en.

Codes are API and stay; the words are for people. What the caller sent is never repeated: an English detail is the
error's own message, which echoes no value, a Chinese one stands in `problems.json`. What fails on our side is told in
general words only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import orjson
from starlette.responses import Response

from elicence.errors import (
    CallRefused,
    Conflict,
    ElicenceError,
    FormatError,
    KeyFault,
    NotAllowed,
    NotFound,
    Problem,
    PublishFault,
    RequestError,
    StoreFault,
)

__all__ = ["MEDIA_TYPE", "Told", "problem_body", "problem_response", "status_of", "told", "words"]

MEDIA_TYPE: Final = "application/problem+json"

_STATUSES: Final[Mapping[type[ElicenceError], int]] = {
    FormatError: 422, RequestError: 422, NotAllowed: 403, NotFound: 404, Conflict: 409, KeyFault: 503, StoreFault: 503,
    PublishFault: 503,
}  # fmt: skip
_STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "host": 400, "header_bad": 400, "body_missing": 400, "multipart_bad": 400, "cursor_invalid": 400,
    "idempotency_key_missing": 400, "idempotency_key_bad": 400,
    "token_missing": 401, "token_invalid": 401, "token_expired": 401, "scope_missing": 403, "not_found": 404,
    "method_not_allowed": 405, "request_timeout": 408, "version_mismatch": 412, "file_too_large": 413,
    "path_too_long": 414, "media_type_unsupported": 415, "unsupported_encoding": 415, "if_match_required": 428,
    "licence_erased": 410, "rate_limited": 429, "header_too_large": 431, "overloaded": 503,
    "json_syntax": 400, "json_text": 400, "json_duplicate_key": 400, "json_number": 400, "json_depth": 400,
    "json_too_long": 413,
}  # fmt: skip
_BY_CODE: Final = (CallRefused, FormatError, RequestError, Conflict, NotFound)
# Ours, not the caller's: told in general words under one code each.
_OURS: Final[Mapping[type[ElicenceError], str]] = {
    KeyFault: "signer_unavailable", StoreFault: "store_unavailable", PublishFault: "store_unavailable",
}  # fmt: skip
_RETRY_AFTER: Final[Mapping[str, int]] = {
    "idempotency_in_flight": 1, "overloaded": 1, "store_unavailable": 2, "signer_unavailable": 30,
}  # fmt: skip
_INTERNAL: Final = "internal_error"
_SHOWN_FACTS: Final = ("allowed", "limit", "expected", "longest", "version")
_NO_ERRORS: Final[tuple[Problem, ...]] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """An error as callers are told it."""

    status: int
    code: str
    message: str | None
    problems: tuple[Problem, ...] = _NO_ERRORS
    facts: Mapping[str, object] | None = None

    @property
    def retry_after(self) -> int | None:
        """Seconds after which the same call may do better; None if it will not."""
        seconds = (self.facts or {}).get("retry_after")
        return seconds if isinstance(seconds, int) else _RETRY_AFTER.get(self.code)


INTERNAL: Final = Told(500, _INTERNAL, None)


def told(error: ElicenceError) -> Told:
    """How the error is told; everything that is not the caller's to know becomes `internal_error`."""
    status = status_of(error)
    ours = next((code for kind, code in _OURS.items() if isinstance(error, kind)), None)
    if ours is not None:
        return Told(status, ours, None)
    if status == INTERNAL.status:
        return INTERNAL
    problems = error.problems if isinstance(error, RequestError) else _NO_ERRORS
    return Told(status, error.code, error.message, problems, error.facts)


def status_of(error: ElicenceError) -> int:
    """The HTTP status of an error; 500 for what no call can bring about."""
    if isinstance(error, _BY_CODE) and error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), INTERNAL.status)


def problem_body(what: Told, *, language: str, base_url: str, instance: str, request_id: str) -> dict[str, Any]:
    """The members of the document (RFC 9457 §3, and our extensions)."""
    texts = words()["problems"][what.code]
    body: dict[str, Any] = {
        "type": f"{base_url}/problems/{what.code}",
        "title": texts["title"][language],
        "status": what.status,
        "code": what.code,
        "detail": _detail(what, texts["detail"], language),
        "instance": instance,
        "request_id": request_id,
        "retryable": what.retry_after is not None,
    }
    body |= _shown(what.facts)
    if what.problems:
        body["errors"] = [_entry(problem, language) for problem in what.problems]
    return body


def problem_response(what: Told, *, language: str, base_url: str, instance: str, request_id: str) -> Response:
    """The document as an answer, with the headers its status asks for."""
    body = problem_body(what, language=language, base_url=base_url, instance=instance, request_id=request_id)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if what.retry_after is not None:
        headers["Retry-After"] = str(what.retry_after)
    if what.status == 401:
        # RFC 6750 §3: no error code where no token was given.
        fault = "" if what.code == "token_missing" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="elicence"{fault}'
    if what.code == "scope_missing":
        headers["WWW-Authenticate"] = 'Bearer realm="elicence", error="insufficient_scope"'
    return Response(orjson.dumps(body), status_code=what.status, headers=headers, media_type=MEDIA_TYPE)


def _detail(what: Told, texts: Mapping[str, str], language: str) -> str:
    general = texts.get(language)
    return general if general is not None else sentence(what.message or "")


def sentence(message: str) -> str:
    """A message as a sentence: most of them begin small and end without a stop."""
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "。", "?")) else f"{text}."


def _entry(problem: Problem, language: str) -> dict[str, Any]:
    detail = words()["fields"][problem.code] if language == "zh-CN" else sentence(problem.detail)
    return {"pointer": problem.pointer, "code": problem.code, "detail": detail} | _shown(problem.facts)


def _shown(facts: Mapping[str, object] | None) -> dict[str, Any]:
    if not facts:
        return {}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in facts.items() if name in _SHOWN_FACTS}


@cache
def words() -> Mapping[str, Any]:
    """Titles and details of every code, and a sentence for every code of `errors[]`."""
    loaded: Mapping[str, Any] = json.loads((resources.files("elicence.api") / "problems.json").read_bytes())
    return loaded
