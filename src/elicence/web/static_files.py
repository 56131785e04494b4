"""Style sheet, modules and pictures: read once, named by their digest, so that a browser may keep them for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["StaticFiles"]

_MEDIA: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media: str
    digest: str


class StaticFiles:
    """The files in `static/`, and no other: a name is looked up in a table and never on the disk."""

    def __init__(self) -> None:
        self._files: Mapping[str, _File] = MappingProxyType(dict(_found()))

    def url(self, name: str) -> str:
        """Where a file is served; LookupError for one that is not there."""
        return f"/static/{self._files[name].digest}/{name}"

    async def serve(self, request: Request) -> Response:
        """The file, if name and digest are right."""
        file = self._files.get(request.path_params["name"])
        if file is None or file.digest != request.path_params["digest"]:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(file.content, media_type=file.media, headers=headers)


def _found() -> list[tuple[str, _File]]:
    files = []
    for entry in resources.files("elicence.web").joinpath("static").iterdir():
        media = next((media for ending, media in _MEDIA.items() if entry.name.endswith(ending)), None)
        if media is not None:
            content = entry.read_bytes()
            files.append((entry.name, _File(content, media, hashlib.sha256(content).hexdigest()[:16])))
    return files
