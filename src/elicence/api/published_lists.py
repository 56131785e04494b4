"""What verifying takes from the published folder: status lists as they lie there now, read once for each file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from elicence.bootstrap import Assembly
from elicence.errors import FormatError
from elicence.verifier.sources import PublishedDirectory, path_of

__all__ = ["PublishedLists"]

_MOST: Final = 1024


class PublishedLists:
    """Sources of a verifier beside the registry: lists from the folder that is served, types from memory."""

    def __init__(self, assembly: Assembly) -> None:
        self._folder = PublishedDirectory(assembly.settings.published_dir)
        self._root = assembly.settings.published_dir
        self._published = assembly.desk.published
        self._places: dict[str, Path] = {}
        self._kept: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def status_token(self, url: str) -> str | None:
        """The list behind the URL; read again whenever its file is another one."""
        path = self._place(url)
        if path is None:
            return None
        try:
            found = path.stat()
        except OSError:
            return None
        mark = found.st_mtime_ns, found.st_ino, found.st_size
        kept = self._kept.get(path)
        if kept is None or kept[0] != mark:
            text = self._folder.status_token(url)
            if text is None:
                return None
            if len(self._kept) >= _MOST:
                self._kept.clear()
            kept = self._kept[path] = mark, text
        return kept[1]

    def type_document(self, slug: str, version: int) -> bytes | None:
        """The exact bytes of a type file."""
        return self._published.type_document(slug, version)

    def dictionaries(self) -> Mapping[int, bytes]:
        """The QR dictionaries by id."""
        return self._published.dictionaries()

    def _place(self, url: str) -> Path | None:
        place = self._places.get(url)
        if place is None:
            try:
                place = self._root / path_of(url)
            except FormatError:
                return None
            if len(self._places) >= _MOST:
                self._places.clear()
            self._places[url] = place
        return place
