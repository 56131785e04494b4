"""Answers that any cache may keep: a strong ETag, how long they are fresh, and 304 for whoever has them already."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.api.requests import header_once

__all__ = ["FOR_EVER", "cached_response"]

FOR_EVER: Final = 31_536_000


def cached_response(request: Request, content: bytes, tag: str, *, media_type: str, seconds: int) -> Response:
    """The content, or 304 where `If-None-Match` names it (RFC 9110 §13.1.2). Ranges are not served; RFC 9110 §14.2."""
    immutable = ", immutable" if seconds == FOR_EVER else ""
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={seconds}{immutable}"}
    wanted = header_once(request, "if-none-match")
    if wanted is not None and _names(wanted, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _names(wanted: str, tag: str) -> bool:
    return wanted.strip() == "*" or f'"{tag}"' in (part.strip().removeprefix("W/") for part in wanted.split(","))
