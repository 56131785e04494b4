"""What is to be read, as people hand it over: pictures, PDF files, text files, standard input, or the text itself."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from elicence.cli.requests import read_bytes
from elicence.errors import FormatError

__all__ = ["Scan", "scan", "standard_input_waits"]

MAX_BYTES = 30_000_000
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_PDF_START = 1024  # readers look for %PDF- within the first kilobyte
_LONGEST_NAME = 1024
_LOOKS_LIKE_A_FILE = re.compile(
    r"(?:\.{0,2}|~)/.*|[^:#?]*\.(?:png|jpe?g|webp|gif|bmp|tiff?|heic|pdf|txt|jwt|json|svg)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Scan:
    """The texts found in one argument. `name` is the file it came from; None for a text given as itself."""

    name: str | None
    texts: tuple[str, ...]


def scan(argument: str) -> Scan:
    """Reads one argument: `-`, a file of that name if there is one, else the argument itself.

    Raises `FormatError` for a file that cannot be read, and for what looks like the name of a file that is not there.
    """
    if argument != "-" and not _is_file(argument):
        if _LOOKS_LIKE_A_FILE.fullmatch(argument):
            raise FormatError("file_unreadable", f"There is no file {Path(argument).name}.")
        return Scan(None, (argument,))
    name = "-" if argument == "-" else Path(argument).name
    content = read_bytes(argument, max_bytes=MAX_BYTES)
    if not content:
        raise FormatError("file_unreadable", f"{'Standard input' if name == '-' else name} is empty.")
    if content.startswith(_PICTURES) or b"%PDF-" in content[:_PDF_START]:
        return Scan(name, _codes(content))
    return Scan(name, _lines(content))


def standard_input_waits() -> bool:
    """Whether something is piped in, so that no argument means standard input."""
    return not sys.stdin.isatty()


def _codes(content: bytes) -> tuple[str, ...]:
    # Imported here: only pictures need the libraries that read them.
    from elicence.verifier.images import read_codes

    return read_codes(content, max_bytes=MAX_BYTES)


def _lines(content: bytes) -> tuple[str, ...]:
    """One code a line, as a scanner types them."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("image_bad", "The file is neither text nor a PNG, JPEG or WebP picture, nor a PDF.") from None
    return tuple(line for line in text.splitlines() if line.strip()) or ("",)


def _is_file(argument: str) -> bool:
    if len(argument) > _LONGEST_NAME or "\0" in argument:
        return False
    try:
        return Path(argument).exists()
    except OSError:
        return False
