"""The folder of published files: what any web server can serve. Written so that a reader never meets half a file."""

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from elicence.errors import PublishFault

__all__ = ["PublishedFolder"]

_Mark = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """Files below `root`, each replaced as a whole and durable before `write` returns."""

    root: Path
    _right: dict[str, tuple[_Mark, bytes]] = field(default_factory=dict, repr=False, compare=False)
    """What was found in place when it was last read: a publisher looks at a thousand files twice a second."""

    def read(self, place: str) -> bytes | None:
        """What lies at the place now; None for nothing."""
        with contextlib.suppress(OSError):
            return (self.root / place).read_bytes()
        return None

    def write(self, place: str, content: bytes) -> bool:
        """Puts the content at the place; answers whether that changed anything. Raises `PublishFault` publish_io."""
        if self._is_right(place, content):
            return False
        path = self.root / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(path, content)
        except OSError as error:
            raise PublishFault(
                "publish_io", f"{place} could not be written ({error.strerror}); the file before it stays."
            ) from error
        return True

    def _is_right(self, place: str, content: bytes) -> bool:
        """Whether the content lies there; a file that nobody has touched since it was read is not read again."""
        before = self._mark(place)
        if before is not None and self._right.get(place) == (before, content):
            return True
        if self.read(place) != content:
            self._right.pop(place, None)
            return False
        if before is not None:
            self._right[place] = before, content
        return True

    def _mark(self, place: str) -> _Mark | None:
        """What the system changes whenever a file is written or another one takes its place."""
        with contextlib.suppress(OSError):
            found = os.stat(f"{self.root}/{place}")  # noqa: PTH116  (a Path costs more than the look)
            return found.st_ctime_ns, found.st_mtime_ns, found.st_ino, found.st_size
        return None

    def _replace(self, path: Path, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
