"""What keeps a question from being answered and says nothing about a licence: a file too large, a code mistyped."""

from dataclasses import dataclass

from elicence.errors import ElicenceError, FormatError, NotFound

__all__ = ["PageError", "Trouble", "trouble_of"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line of the error summary: `problem.<code>` in the words, the HTTP status, and the field it points at."""

    code: str
    status: int = 422
    field: str | None = None
    retry_after: int | None = None


class PageError(Exception):
    """Ends the reading of a question; carries every trouble found so far."""

    def __init__(self, *troubles: Trouble) -> None:
        super().__init__(", ".join(each.code for each in troubles))
        self.troubles = troubles


_OF_ERROR = {
    "image_bad": Trouble("file_unreadable", field="file"),
    "pdf_bad": Trouble("pdf_unreadable", field="file"),
    "image_too_large": Trouble("picture_too_large", field="file"),
    "pdf_too_large": Trouble("too_many_pages", field="file"),
    "qr_unreadable": Trouble("no_code_in_file", field="file"),
    "verification_code_bad": Trouble("code_bad", field="code"),
    "verification_code_not_found": Trouble("code_unknown", 404, field="code"),
}


def trouble_of(error: ElicenceError) -> Trouble:
    """The trouble behind an error of the rooms below. What is nobody's input is the service's own failure."""
    known = _OF_ERROR.get(error.code) if isinstance(error, FormatError | NotFound) else None
    return known or Trouble("service_error", 503, retry_after=5)
