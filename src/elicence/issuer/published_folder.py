"""The folder of published files: what any web server can serve. Written so that a reader never meets half a file."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from elicence.errors import PublishFault

__all__ = ["PublishedFolder"]


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """Files below `root`, each replaced as a whole and durable before `write` returns."""

    root: Path

    def read(self, place: str) -> bytes | None:
        """What lies at the place now; None for nothing."""
        with contextlib.suppress(OSError):
            return (self.root / place).read_bytes()
        return None

    def write(self, place: str, content: bytes) -> bool:
        """Puts the content at the place; answers whether that changed anything. Raises `PublishFault` publish_io."""
        if self.read(place) == content:
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
