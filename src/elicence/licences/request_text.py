"""The text of a request: brought to NFC, and every string that the text policy refuses found at its place."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from elicence.errors import Problem
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.licences.text_policy import text_fault
from elicence.licences.type_document import escape

__all__ = ["cleaned_body", "pointer_to"]

_MAX_DEPTH: Final = 12
_MAX_INTEGER: Final = 2**53 - 1
_SHOWN_NAME: Final = 48


def cleaned_body(body: JsonObject) -> tuple[JsonObject, list[Problem]]:
    """A copy with all text in NFC, and the problems; a refused string is empty in the copy, so that no later step
    sees it."""
    problems: list[Problem] = []
    clean: JsonObject = {}
    for name, value in _members("", body, problems):
        clean[name] = _cleaned(f"/{escape(name)}", value, problems, 1)
    return clean, problems


def pointer_to(parent: str, name: str) -> str:
    """The pointer of a member; a name that no licence type could have is not repeated, its object is named instead."""
    plain = len(name) <= _SHOWN_NAME and name.isascii() and name.replace("_", "").isalnum()
    return f"{parent}/{name}" if plain else parent


def _members(pointer: str, value: Mapping[str, JsonValue], problems: list[Problem]) -> list[tuple[str, JsonValue]]:
    """The members whose names are fit to be looked at further."""
    fit = [(name, each) for name, each in value.items() if text_fault(name) is None]
    if len(fit) < len(value):
        problems.append(Problem(pointer, "field_unknown", "A member has a name that cannot be one of this request."))
    return fit


def _cleaned(pointer: str, value: JsonValue, problems: list[Problem], depth: int) -> JsonValue:
    if isinstance(value, str):
        return _text(pointer, value, problems)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(pointer, value, problems)
    if depth >= _MAX_DEPTH:
        problems.append(Problem(pointer, "schema", f"The request is nested more than {_MAX_DEPTH} levels deep."))
        return None
    if isinstance(value, Mapping):
        members = _members(pointer, value, problems)
        return {n: _cleaned(f"{pointer}/{escape(n)}", each, problems, depth + 1) for n, each in members}
    return [_cleaned(f"{pointer}/{i}", each, problems, depth + 1) for i, each in enumerate(value)]


def _text(pointer: str, value: str, problems: list[Problem]) -> str:
    fault = text_fault(value)
    if fault is None:
        return unicodedata.normalize("NFC", value)
    problems.append(Problem(pointer, "text_policy", f"The text holds {fault}."))
    return ""


def _number(pointer: str, value: float, problems: list[Problem]) -> JsonValue:
    """Integers that every JSON reader agrees on (RFC 7493 §2.2) and finite floats; no type file asks for the latter."""
    if abs(value) <= _MAX_INTEGER:
        return value
    problems.append(Problem(pointer, "number_range", "The number is larger than JSON readers agree on."))
    return None
