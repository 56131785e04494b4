"""Requests as files and words: read strictly, and given a retry key of their own where the caller names none."""

import hashlib
import sys
from datetime import date
from pathlib import Path

from elicence.cli.failures import usage
from elicence.errors import FormatError, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, canonical_json, parse_json

__all__ = ["day", "key_of", "read_bytes", "read_object"]


def read_bytes(source: str, *, max_bytes: int) -> bytes:
    """The content of a file, or of standard input for `-`; `FormatError` file_unreadable or file_too_large."""
    if source == "-":
        content = sys.stdin.buffer.read(max_bytes + 1)
        name = "standard input"
    else:
        name = Path(source).name
        try:
            with Path(source).open("rb") as file:
                content = file.read(max_bytes + 1)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
            raise FormatError("file_unreadable", f"{name} cannot be read: {why}.") from None
    if len(content) > max_bytes:
        raise FormatError("file_too_large", f"{name} has more than the {max_bytes} bytes that are read.")
    return content


def read_object(source: str) -> JsonObject:
    """A JSON object out of a file or standard input, with every ambiguity refused."""
    value = parse_json(read_bytes(source, max_bytes=65_536))
    if not isinstance(value, dict):
        raise RequestError("validation_failed", "A request is a JSON object.")
    return value


def day(text: str, option: str) -> date:
    """A civil day as people type it after `option`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise usage("a day is written YYYY-MM-DD", option)
    return found


def key_of(verb: str, *parts: JsonValue) -> str:
    """A retry key made of what is asked, so that running the same command again changes nothing more."""
    return f"{verb}-sha256-{hashlib.sha256(canonical_json(list(parts))).hexdigest()}"
