"""Reading the codes out of an upload, each in a process of its own that is stopped when it takes too much.

pdfium is not safe to use from several threads, and a hostile file may bring down whoever opens it: here that is a child
without keys. Only a few run at once; a few more may wait; beyond that the caller is told to come again.
"""

import asyncio
import json
import sys
from typing import Any, Final

from elicence.errors import FormatError
from elicence.verifier.reading_child import MAX_CODES
from elicence.web.troubles import PageError, Trouble, trouble_of

__all__ = ["CodeReader"]

_CHILD: Final = (sys.executable, "-I", "-m", "elicence.verifier.reading_child")
_BUSY: Final = Trouble("busy", 503, retry_after=10)


class CodeReader:
    """Reads uploads, `at_once` at a time while at most `waiting` wait; each may take `seconds`."""

    def __init__(self, *, at_once: int = 2, waiting: int = 8, seconds: float = 20) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._inside = 0
        self._seconds = seconds

    async def read(self, data: bytes) -> tuple[str, ...]:
        """The texts of all QR codes in a picture or PDF; `PageError` with the reason if there is nothing to judge."""
        if self._inside >= self._room:
            raise PageError(_BUSY)
        self._inside += 1
        try:
            async with self._places:
                output = await self._child(data)
        finally:
            self._inside -= 1
        return _codes(output)

    async def _child(self, data: bytes) -> bytes:
        """What the child said; nothing if it broke down over the file."""
        pipe = asyncio.subprocess.PIPE
        # An empty environment: a setting, a path or a secret has no business in there.
        child = await asyncio.create_subprocess_exec(
            *_CHILD, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env={}
        )
        try:
            async with asyncio.timeout(self._seconds):
                output, _ = await child.communicate(data)
        except TimeoutError:
            raise PageError(Trouble("file_takes_too_long", field="file")) from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return output if child.returncode == 0 else b""


def _codes(output: bytes) -> tuple[str, ...]:
    said: dict[str, Any] = json.loads(output or b'{"fault": "image_bad"}')
    if "fault" in said:
        raise PageError(trouble_of(FormatError(said["fault"], "the child could not read the file")))
    codes: list[str] = said["codes"]
    if len(codes) > MAX_CODES:
        raise PageError(Trouble("too_many_codes", field="file"))
    return tuple(codes)
