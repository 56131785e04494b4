"""Taking in a form that a stranger sends: bounded in bytes, fields, files and time, and always answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Receive

from elicence.web.troubles import PageError, Trouble

__all__ = ["MAX_FILE", "MAX_TEXT", "bounded_form"]

MAX_FILE: Final = 30_000_000
MAX_TEXT: Final = 65_536
"""Bytes of all text fields of a form together."""
_MAX_ENCODED: Final = 3 * MAX_TEXT + 4_096  # %XX for every byte, and the names
_MAX_AROUND: Final = 1_000_000  # headers of the parts, and text beside the file
_MAX_FIELDS: Final = 80
_SECONDS: Final = 120
_PATIENCE: Final = 2  # how many times the limit is taken in and thrown away, so that the sender reads our answer

_UNREADABLE: Final = Trouble("form_unreadable", 400)
_TOO_MUCH_TEXT: Final = Trouble("text_too_large", 413, field="content")
_TOO_LARGE: Final = Trouble("file_too_large", 413, field="file")


@asynccontextmanager
async def bounded_form(request: Request) -> AsyncIterator[FormData]:
    """The form of a POST, closed at the end; `PageError` for one that is too large, too slow or no form at all."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        raise PageError(Trouble("form_unreadable", 415))
    body = _Bounded(request.receive, MAX_FILE + _MAX_AROUND if media.startswith("multipart") else _MAX_ENCODED)
    try:
        async with asyncio.timeout(_SECONDS):
            form = await _read(Request(request.scope, body), body)
    except TimeoutError:
        raise PageError(Trouble("upload_too_slow", 408)) from None
    try:
        if _size_of_text(form) > MAX_TEXT:
            raise PageError(_TOO_MUCH_TEXT)
        yield form
    finally:
        await form.close()


async def _read(request: Request, body: "_Bounded") -> FormData:
    try:
        return await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_ENCODED)
    except _TooLargeError:
        multipart = request.headers["content-type"].strip().lower().startswith("multipart")
        trouble = _TOO_LARGE if multipart else _TOO_MUCH_TEXT
    except (MultiPartException, HTTPException):
        trouble = _UNREADABLE
    await body.drain()
    raise PageError(trouble)


def _size_of_text(form: FormData) -> int:
    """Bytes of all texts; of a name as of what it stands for."""
    return sum(
        len(name.encode(errors="replace")) + len(value.encode(errors="replace"))
        for name, value in form.multi_items()
        if isinstance(value, str)
    )


class _TooLargeError(Exception):
    """Raised into the parser, which then closes what it has begun to keep."""


class _Bounded:
    """A request's body of which `limit` bytes are read; what comes after can only be thrown away."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._taken = 0
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._next()
        if self._taken > self._limit:
            raise _TooLargeError
        return message

    async def drain(self) -> None:
        """Takes in the rest, within reason: a sender that is cut off in mid-sentence never sees the answer."""
        while not self._ended and self._taken <= _PATIENCE * self._limit:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message
