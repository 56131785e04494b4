"""Style sheets, modules, pictures: read once, named by one digest of them all, so that a browser may keep them.

One digest for the whole release, because modules name one another by relative paths: a page never runs with a module of
one release and another of the next.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.web.icons import png_icons

__all__ = ["StaticFiles", "release_files"]

_MEDIA: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
# Comments weigh a third of the verifier's modules. There `/**` and lines that begin with `//` are nothing else.
_COMMENT: Final = re.compile(r"/\*\*(?:(?!\*/).)*\*/[ \t]?|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)
_BLANK: Final = re.compile(r"^[ \t]*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media: str


class StaticFiles:
    """The files of the release, and no other: a name is looked up in a table and never on the disk."""

    def __init__(self) -> None:
        self._files = {name: _File(content, _media(name) or "") for name, content in release_files().items()}
        self.release = _digest(release_files())

    def has(self, name: str) -> bool:
        """Whether the release has a file of that name; what comes from npm may be missing."""
        return name in self._files

    def names(self) -> tuple[str, ...]:
        """Every file of the release, in the order of their names."""
        return tuple(sorted(self._files))

    def content(self, name: str) -> bytes:
        """What is in a file; LookupError for one that is not there."""
        return self._files[name].content

    def url(self, name: str) -> str:
        """Where a file is served; LookupError for one that is not there."""
        if name not in self._files:
            raise LookupError(f"no static file is named {name!r}")
        return f"/static/{self.release}/{name}"

    async def serve(self, request: Request) -> Response:
        """The file, if name and release are right."""
        file = self._files.get(request.path_params["name"])
        if file is None or request.path_params["release"] != self.release:
            return Response(status_code=404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(file.content, media_type=file.media, headers=headers)


@lru_cache(maxsize=1)
def release_files() -> Mapping[str, bytes]:
    """Every file that is served below `/static/<release>/`, by name.

    The verdict catalogue is the verifier's own file, made a module: the browser and Python read the same words. Icons
    are drawn from the mark.
    """
    files = dict(_below(resources.files("elicence.web").joinpath("static"), ""))
    catalogue = resources.files("elicence.verifier").joinpath("verdicts.json").read_bytes()
    files["verifier/verdicts.js"] = b"export default " + catalogue.strip() + b";\n"
    files |= png_icons(files["mark.svg"].decode("utf-8"))
    return MappingProxyType(files)


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _below(entry, f"{path}{entry.name}/")
        elif _media(entry.name):
            yield f"{path}{entry.name}", _lean(path, entry.read_bytes())


def _lean(path: str, content: bytes) -> bytes:
    """A module of the verifier without its comments; every other file as it is."""
    if path != "verifier/":
        return content
    return _BLANK.sub("", _COMMENT.sub("", content.decode("utf-8"))).encode()


def _media(name: str) -> str | None:
    return next((media for ending, media in _MEDIA.items() if name.endswith(ending)), None)


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]
