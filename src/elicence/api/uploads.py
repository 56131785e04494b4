"""Pictures and PDF files that strangers send: the form they come in, and the codes in them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from elicence.errors import CallRefused, FormatError, Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.verifier.reading_child import MAX_CODES

__all__ = ["LARGEST_FILE", "LARGEST_FORM", "codes_in", "form_with_file"]

LARGEST_FILE: Final = 30_000_000
LARGEST_FORM: Final = LARGEST_FILE + 65_536
_READ_SECONDS: Final = 20.0
_CHILD: Final = (sys.executable, "-I", "-m", "elicence.verifier.reading_child")


async def form_with_file(request: Request, data: bytes) -> tuple[JsonObject, bytes]:
    """The fields as the JSON form would have them, and the file."""
    if not _is_whole(request, data):
        raise CallRefused("multipart_bad", "The form has no boundary, or does not end with it.")

    async def receive() -> Message:
        return {"type": "http.request", "body": data, "more_body": False}

    try:
        form = await Request(request.scope, receive).form(max_files=1, max_fields=8, max_part_size=4096)
    except (MultiPartException, HTTPException, UnicodeDecodeError, ValueError):
        raise CallRefused("multipart_bad", "The form cannot be read, or has more than one file.") from None
    async with _closing(form):
        if len(form.multi_items()) != len(form):
            raise CallRefused("multipart_bad", "A field was sent twice.")
        fields: JsonObject = {name: _typed(name, value) for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        if not isinstance(file, UploadFile):
            sentence = "The field file must be a picture or PDF."
            raise RequestError("validation_failed", sentence, [Problem("/file", "field_missing", sentence)])
        if len(form) - len(fields) > 1 or "content" in fields:
            sentence = "Send one file, and no content beside it."
            raise RequestError("validation_failed", sentence, [Problem("/content", "field_unknown", sentence)])
        content = await file.read()
    if not content:
        raise FormatError("image_bad", "The file is empty.")
    if len(content) > LARGEST_FILE:
        raise CallRefused("file_too_large", f"The file has more than {LARGEST_FILE} bytes.", limit=LARGEST_FILE)
    return fields, content


def _is_whole(request: Request, data: bytes) -> bool:
    """Whether the form ends as RFC 2046 §5.1.1 says: the parser would take a part that is cut off for no part."""
    _, options = parse_options_header(request.headers["content-type"])
    boundary = options.get(b"boundary", b"")
    return bool(boundary) and data.rstrip().endswith(b"--" + boundary + b"--")


@asynccontextmanager
async def _closing(form: FormData) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await form.close()


def _typed(name: str, value: str) -> JsonValue:
    """A field of the form as the JSON member it stands for; what cannot be one is left for the check to refuse."""
    match name:
        case "max_status_age_s" if value.isascii() and value.isdigit() and len(value) < 9:
            return int(value)
        case "paper" if value in {"true", "false"}:
            return value == "true"
        case "expect":
            return {"type": value}
    return value


async def codes_in(file: bytes) -> tuple[str, ...]:
    """The texts of all codes in the file, opened in a process without keys, environment or leave to take long."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *_CHILD, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(_READ_SECONDS):
            output, _ = await child.communicate(file)
    except TimeoutError:
        raise FormatError("image_too_large", "The file takes too long to read.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    said: dict[str, Any] = json.loads(output) if child.returncode == 0 and output else {"fault": "image_bad"}
    if "fault" in said:
        raise FormatError(said["fault"], _FAULTS.get(said["fault"], "The file cannot be read."))
    codes = tuple(said["codes"])
    if len(codes) > MAX_CODES:
        raise FormatError("qr_several", f"There are more than {MAX_CODES} codes in the file.")
    return codes


_FAULTS: Final[Mapping[str, str]] = {
    "image_bad": "The file is not a whole PNG, JPEG or WebP picture, nor a PDF.",
    "image_too_large": "The picture has too many pixels.",
    "pdf_bad": "The PDF is damaged, empty or locked by a password.",
    "pdf_too_large": "The PDF has too many pages.",
    "qr_unreadable": "No QR code could be read in the file.",
}
