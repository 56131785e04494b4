"""What describes the API, as files: the document, the same in Chinese, and the overlay that makes one of the other."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from elicence.api.caching import cached_response
from elicence.api.documents import openapi_document
from elicence.api.operations import Operation
from elicence.api.overlay import overlay, translated

__all__ = ["Description", "describe"]

_FRESH_SECONDS: Final = 300
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Description:
    """The API described: `by_language` the OpenAPI document, `overlay` what makes the Chinese one of the English."""

    by_language: Mapping[str, Mapping[str, Any]]
    overlay: Mapping[str, Any]

    def routes(self) -> list[Route]:
        """Where each of them is served."""
        files = {
            "/openapi.json": self.by_language["en"],
            "/openapi.zh-CN.json": self.by_language["zh-CN"],
            "/openapi.zh-CN.overlay.json": self.overlay,
        }
        return [
            Route(path, _file(content), methods=["GET"], include_in_schema=False) for path, content in files.items()
        ]


def describe(table: Iterable[Operation], version: str) -> Description:
    """The description of these operations."""
    english = openapi_document(table, version)
    return Description({"en": english, "zh-CN": translated(english)}, overlay(english))


def _file(content: Mapping[str, Any]) -> Callable[[Request], Any]:
    text = orjson.dumps(content)
    tag = hashlib.sha256(text).hexdigest()[:32]

    async def answer(request: Request) -> Response:
        return cached_response(request, text, tag, media_type=_JSON, seconds=_FRESH_SECONDS)

    return answer
