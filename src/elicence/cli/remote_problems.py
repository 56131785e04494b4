"""Problem documents (RFC 9457) of a registry elsewhere as the errors they began as: same class, code and exit code."""

from collections.abc import Mapping
from typing import Final

from elicence.cli.remote_answer import Answer, Members
from elicence.errors import (
    CallRefused,
    Conflict,
    ElicenceError,
    FormatError,
    NotAllowed,
    NotFound,
    Problem,
    RemoteFault,
    RequestError,
)

__all__ = ["problem_of"]

# A code may stand in several classes; the first has it. All of those exit alike.
_KINDS: Final = (NotAllowed, NotFound, Conflict, CallRefused, FormatError)
_FACTS: Final = ("allowed", "limit", "expected", "longest", "version")
_LONGEST: Final = 2_000


def problem_of(answer: Answer) -> ElicenceError | None:
    """The error that the answer tells; None for a good one."""
    if 200 <= answer.status < 300:
        return None
    if answer.media_type != "application/problem+json":
        sentence = f"What answers there is no registry, or it is out of order: status {answer.status}."
        return RemoteFault("remote_answer_bad" if answer.status < 500 else "remote_failure", sentence)
    body = answer.members(answer.media_type)
    code, message = body.text("code"), body.text("detail")[:_LONGEST]
    facts = {name: body.value(name) for name in _FACTS if name in body}
    if code in RequestError.codes:
        return _request_error(body, code, message, facts)
    for kind in _KINDS:
        if code in kind.codes:
            return kind(code, message, **facts)
    # Its own failures, and codes of a later version.
    told = {"problem": code, "request_id": body.optional_text("request_id") or ""}
    return RemoteFault("remote_failure", message, **told)


def _request_error(body: Members, code: str, message: str, facts: Mapping[str, object]) -> ElicenceError:
    found = body.objects("errors") if "errors" in body else []
    problems = [
        Problem(each.text("pointer"), _known(each.text("code")), each.text("detail")[:_LONGEST]) for each in found
    ]
    return RequestError(code, message, problems, **facts)


def _known(code: str) -> str:
    """A code of a later version is told as the most general one; its sentence says the rest."""
    return code if code in RequestError.problem_codes else "schema"
