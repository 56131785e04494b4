"""Query parameters: known names only, each once, each within bounds; `RequestError` names every one that is not."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from elicence.errors import Problem, RequestError
from elicence.licences.text_policy import text_fault

__all__ = ["Parameter", "parameters", "text", "whole_number"]

_MOST: Final = 20
_NUMBER: Final = re.compile(r"[0-9]{1,9}")

Parameter = Callable[[str], str | int]
"""Reads one value, or raises `RequestError`."""


def parameters(request: Request, known: Mapping[str, Parameter]) -> dict[str, str | int]:
    """The values by name, read; a parameter that is not there is not in the answer."""
    raw = request.scope["query_string"]
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict",
            max_num_fields=_MOST,
        )  # fmt: skip
    except ValueError:
        raise _refused([Problem("/query", "pattern", "The query cannot be read.")]) from None
    found: dict[str, str | int] = {}
    problems: list[Problem] = []
    for name, value in pairs:
        pointer = f"/query/{name}" if name in known else "/query"
        if name not in known:
            sentence = f"There is no such parameter; known are {', '.join(known) or 'none'}."
            problems.append(Problem(pointer, "field_unknown", sentence))
        elif name in found:
            problems.append(Problem(pointer, "not_unique", "The parameter was given twice."))
        else:
            try:
                found[name] = known[name](value)
            except RequestError as error:
                problems += [Problem(pointer, each.code, each.detail, each.facts) for each in error.problems]
    if problems:
        raise _refused(problems)
    return found


def whole_number(least: int, most: int) -> Parameter:
    """A number in digits, between the two."""

    def read(value: str) -> int:
        if not _NUMBER.fullmatch(value) or not least <= int(value) <= most:
            raise _refused([Problem("", "number_range", f"Allowed are {least} to {most}.")])
        return int(value)

    return read


def text(longest: int, *, allowed: tuple[str, ...] = ()) -> Parameter:
    """Some text, or one of the allowed words."""

    def read(value: str) -> str:
        if allowed and value not in allowed:
            sentence = f"Allowed are {', '.join(allowed)}."
            raise _refused([Problem("", "not_allowed_value", sentence, {"allowed": allowed})])
        if not 0 < len(value) <= longest:
            raise _refused([Problem("", "too_long" if value else "too_short", f"1 to {longest} characters.")])
        if text_fault(value) is not None:
            raise _refused([Problem("", "text_policy", "The text holds a character that is not allowed.")])
        return value

    return read


def _refused(problems: list[Problem]) -> RequestError:
    return RequestError("validation_failed", f"The query has {len(problems)} problems.", problems)
