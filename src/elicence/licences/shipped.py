"""Where the standards that came with this package lie: inside the wheel, or beside `src` in a checkout."""

from pathlib import Path

from elicence.errors import TypeFileError

__all__ = ["shipped_standards"]


def shipped_standards() -> Path:
    """The folder with the schema of licence types, the types themselves and the QR dictionaries."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "standards", package.parents[1] / "standards"):
        if (folder / "licence-type.schema.json").is_file():
            return folder
    raise TypeFileError("file_unreadable", "the standards of this installation are missing", file="standards")
