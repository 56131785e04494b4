"""The gate for what callers send: bounded in bytes and time, of the right media type, strict JSON, headers once.

Nothing of a body is looked at by anything else before it has come through here.
"""

import asyncio
import re
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.types import Receive

from elicence.errors import CallRefused, Conflict, FormatError, Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, parse_canonical, parse_json
from elicence.licences.request_text import cleaned_body

__all__ = [
    "MAX_BODY",
    "content_type",
    "header_once",
    "idempotency_key",
    "if_match",
    "json_object",
    "optional_day",
    "optional_text",
    "read_body",
    "required_if_match",
]

MAX_BODY: Final = 65_536
"""Far above any request to issue: what does not fit a QR code does not need more."""
SECONDS: Final = 10.0
"""To receive a JSON body."""

_JSON: Final = re.compile(r"application/json(?:\s*;\s*charset\s*=\s*\"?utf-8\"?)?\s*", re.IGNORECASE)
_ETAG: Final = re.compile(r'"([0-9]{1,15})"')
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")


async def json_object(request: Request, *, or_nothing: bool = False) -> JsonObject:
    """The JSON object in the body; `CallRefused` or `FormatError` for everything else.

    With `or_nothing` an absent body is an empty object.
    """
    media_type = header_once(request, "content-type")
    if media_type is None or not _JSON.fullmatch(media_type):
        if or_nothing and media_type is None and not await read_body(request):
            return {}
        raise CallRefused("media_type_unsupported", "The body must be JSON: Content-Type: application/json.")
    data = await read_body(request)
    if not data:
        if or_nothing:
            return {}
        raise CallRefused("body_missing", "This call needs a JSON object as its body.")
    try:
        value = parse_canonical(data, max_bytes=MAX_BODY)
    except FormatError as error:
        if error.code == "json_text":
            _name_bad_strings(data)
        raise
    if not isinstance(value, dict):
        raise RequestError("validation_failed", "The body must be a JSON object.", [_not_an_object()])
    return value


def _name_bad_strings(data: bytes) -> None:
    """`RequestError` text_policy at the place of every string with a NUL or half a surrogate pair.

    JSON can write them, so such a body is good JSON with a bad value, unlike one in another encoding.
    """
    value = parse_json(data, max_bytes=MAX_BODY, check_strings=False)
    problems = cleaned_body(value)[1] if isinstance(value, dict) else [_not_an_object()]
    if problems:
        raise RequestError("validation_failed", f"The request has {len(problems)} problems.", problems)


def _not_an_object() -> Problem:
    return Problem("", "wrong_kind", "The body must be a JSON object.")


async def read_body(request: Request, *, limit: int = MAX_BODY, seconds: float = SECONDS) -> bytes:
    """The body as sent, uncompressed; never more than `limit` bytes are kept, or `seconds` waited."""
    if header_once(request, "content-encoding") not in (None, "identity"):
        raise CallRefused("unsupported_encoding", "A body must not be compressed.")
    length = header_once(request, "content-length")
    if length is not None and (not _LENGTH.fullmatch(length) or int(length) > limit):
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _receive(request.receive, limit)
    except TimeoutError:
        raise CallRefused("request_timeout", f"The body did not arrive within {seconds:g} seconds.") from None


async def _receive(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallRefused("request_timeout", "The caller went away before the body had arrived.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(limit: int) -> CallRefused:
    return CallRefused("file_too_large", f"The body has more than {limit} bytes.", limit=limit)


def header_once(request: Request, name: str) -> str | None:
    """The header's value or None; `CallRefused` header_bad where it was sent twice."""
    wanted = name.encode("ascii")
    found = [value for key, value in request.scope["headers"] if key == wanted]
    if len(found) > 1:
        raise CallRefused("header_bad", f"The header {name} was sent more than once.")
    return found[0].decode("latin-1") if found else None


def content_type(request: Request) -> str:
    """The media type without parameters, in lower case; empty if there is none."""
    return (header_once(request, "content-type") or "").partition(";")[0].strip().lower()


def idempotency_key(request: Request) -> str:
    """The key, which must be there; whether it is fit to be one the issuer says."""
    key = header_once(request, "idempotency-key")
    if key is None:
        raise CallRefused("idempotency_key_missing", "Send an Idempotency-Key header, and the same one on a retry.")
    return key


def if_match(request: Request) -> int | None:
    """The row version that the caller saw, None if not said; `Conflict` version_mismatch for no ETag of ours.

    RFC 9110 §13.1.1: a tag we never gave matches nothing; `*` matches whatever there is, as no header does.
    """
    value = header_once(request, "if-match")
    if value is None or value.strip() == "*":
        return None
    found = _ETAG.fullmatch(value.strip())
    if found is None:
        raise Conflict("version_mismatch", 'If-Match is not the ETag of this licence, such as "3"; read it again.')
    return int(found[1])


def required_if_match(request: Request) -> int:
    """As `if_match`, where guessing is not allowed."""
    seen = if_match(request)
    if seen is None:
        raise CallRefused("if_match_required", "Send If-Match with the ETag of the licence as you saw it.")
    return seen


def optional_text(body: JsonObject, name: str) -> str | None:
    """A member that is text or not there; takes it out of the body."""
    value: JsonValue = body.pop(name, None)
    if value is None or isinstance(value, str):
        return value
    raise RequestError("validation_failed", f"{name} must be text.", [Problem(f"/{name}", "wrong_kind", "Not text.")])


def optional_day(body: JsonObject, name: str) -> date | None:
    """A member that is a civil day or not there; takes it out of the body."""
    value = optional_text(body, name)
    if value is None:
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    sentence = f"{name} must be an existing day, YYYY-MM-DD."
    raise RequestError("validation_failed", sentence, [Problem(f"/{name}", "date", sentence)])
