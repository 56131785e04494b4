"""What a clerk asks: texts to judge, a typed code, a file, and what the office expects. Read from a form, checked."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from starlette.datastructures import FormData, UploadFile

from elicence.errors import FormatError
from elicence.licences.catalogue import Catalogue
from elicence.licences.verification_code import parse_code
from elicence.verifier.decode import looks_like
from elicence.verifier.policy import Policy
from elicence.web.troubles import PageError, Trouble
from elicence.web.uploads import MAX_FILE

__all__ = ["Filled", "Question", "expectation", "filled", "texts_in", "upload_of"]

MAX_TEXTS: Final = 50
_LONGEST_TAIL: Final = 40
_NOT_CODES: Final = frozenset({"text", "foreign_record", "empty"})


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields as they were filled in, so that a form with a mistake need not be filled in again."""

    contents: tuple[str, ...] = ()
    code: str = ""
    type: str = ""
    paper: bool = False
    id_tail: str = ""
    compared: tuple[str, ...] = ()
    """Identifiers of the licences that the clerk says were compared with a photo ID."""


@dataclass(frozen=True, slots=True)
class Question:
    """Texts to judge and the policy to judge them by."""

    texts: tuple[str, ...]
    policy: Policy = field(default_factory=Policy)


def filled(form: FormData) -> Filled:
    """The text fields of a form; unknown fields are ignored, as a later page may send more."""
    contents = dict.fromkeys(value for value in form.getlist("content") if isinstance(value, str) and value.strip())
    compared = dict.fromkeys(value[:200] for value in form.getlist("compared") if isinstance(value, str))
    return Filled(
        tuple(contents),
        _text(form, "code"),
        _text(form, "type"),
        _text(form, "paper") == "1",
        _text(form, "tail"),
        tuple(compared),
    )


async def upload_of(form: FormData) -> bytes | None:
    """The bytes of the chosen file; None if none was chosen. `PageError` for an empty one and for one too large."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or (not upload.filename and not upload.size):
        return None
    if not upload.size:
        raise PageError(Trouble("file_empty", field="file"))
    if upload.size > MAX_FILE:
        raise PageError(Trouble("file_too_large", 413, field="file"))
    return await upload.read()


def texts_in(fields: Filled) -> tuple[str, ...]:
    """Everything pasted or typed, each text once; `PageError` for a typed code with a slip and for too many texts."""
    texts: dict[str, None] = {}
    for content in fields.contents:
        texts.update(dict.fromkeys(_parts(content)))
        if len(texts) > MAX_TEXTS:  # before the next is looked at
            raise PageError(Trouble("too_many_codes", field="content"))
    if fields.code.strip():
        try:
            texts[parse_code(fields.code)] = None
        except FormatError:
            raise PageError(Trouble("code_bad", field="code")) from None
    if len(texts) > MAX_TEXTS:
        raise PageError(Trouble("too_many_codes", field="content"))
    return tuple(texts)


def expectation(fields: Filled, catalogue: Catalogue) -> Policy:
    """The policy that the clerk's expectations make; `PageError` for a type nobody issues and a tail nobody bears."""
    if fields.type and fields.type not in catalogue:
        raise PageError(Trouble("type_unknown", field="type"))
    tail = fields.id_tail.strip().upper()[:_LONGEST_TAIL]
    try:
        return Policy(expected_type=fields.type or None, id_tail=tail or None, paper=fields.paper)
    except ValueError:
        raise PageError(Trouble("tail_bad", field="tail")) from None


def _parts(content: str) -> tuple[str, ...]:
    """One code a line, as scanners write them; but a contact card or a letter is one text, whatever its lines.

    Judged by as many different lines as may be sent, and one more: nobody may have a whole book judged line by line.
    """
    several = dict.fromkeys(line for line in content.splitlines() if line.strip())
    lines = list(islice(several, MAX_TEXTS + 1))
    if len(lines) > 1 and all(looks_like(line) not in _NOT_CODES or line.lstrip().startswith("ey") for line in lines):
        return tuple(line.strip() for line in lines)
    return (content.strip(),)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value[:200] if isinstance(value, str) else ""
