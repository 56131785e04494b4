"""What the JSON Schema of a claim may say: a small, bounded part of JSON Schema 2020-12.

No references, so a type file is whole by itself; every text, list and number has a bound, so that the worst case is
known; patterns run on a matcher without backtracking, so that none can be made slow. Decimals are strings.
"""

from collections.abc import Mapping
from typing import Final

import jsonschema_rs

from elicence.errors import TypeFileError
from elicence.licences.type_document import Node

__all__ = ["check_claim_schema", "check_pattern"]

_ANY: Final = frozenset({"type", "enum", "const", "title", "description"})
_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "string": _ANY | {"minLength", "maxLength", "pattern", "format"},
    "integer": _ANY | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "boolean": _ANY,
    "array": _ANY | {"items", "minItems", "maxItems", "uniqueItems"},
    "object": _ANY | {"properties", "required", "additionalProperties"},
}
_FORMATS: Final = frozenset({"date"})
_MAX_TEXT: Final = 4000
_MAX_ITEMS: Final = 200
_MAX_CHOICES: Final = 1000
_MAX_DEPTH: Final = 3
_MATCHER: Final = jsonschema_rs.RegexOptions()


def check_claim_schema(node: Node, *, depth: int = 1) -> None:
    """Return if the schema at `node` is one of ours, else raise `TypeFileError` with the pointer of the defect."""
    members = node.mapping()
    for name in members:
        if name.startswith("$"):
            sentence = "references and identifiers have no place in a claim's schema"
            raise TypeFileError("ref_forbidden", sentence, file=node.file, pointer=node.at(name))
    kind = node.text("type") if isinstance(members.get("type"), str) else ""
    if kind not in _KEYWORDS:
        raise _bad(node, "type", f"the type must be one of {', '.join(_KEYWORDS)}; decimals are strings with a pattern")
    for name in members:
        if name not in _KEYWORDS[kind]:
            raise _bad(node, name, f"the keyword is not one of those a {kind} may have")
    if depth > _MAX_DEPTH:
        raise TypeFileError("claim_schema_bad", "nested too deep", file=node.file, pointer=node.pointer)
    _check_json_schema(node)
    _check_choices(node)
    _check_bounds(node, kind)
    _check_parts(node, kind, depth)


def check_pattern(pattern: str, *, file: str, pointer: str) -> None:
    """Return if the pattern compiles on a matcher without backtracking and is anchored at both ends."""
    anchored = pattern.startswith("^") and pattern.endswith("$")
    if not anchored or not _compiles({"type": "string", "pattern": pattern}):
        sentence = "a pattern must be anchored by ^ and $ and need no backtracking (no look-around, no back reference)"
        raise TypeFileError("claim_schema_bad", sentence, file=file, pointer=pointer)


def _check_json_schema(node: Node) -> None:
    schema = node.mapping()
    if "pattern" in schema:
        check_pattern(node.text("pattern"), file=node.file, pointer=node.at("pattern"))
    if not jsonschema_rs.meta.is_valid(schema):
        sentence = "not a JSON Schema of draft 2020-12"
        raise TypeFileError("claim_schema_bad", sentence, file=node.file, pointer=node.pointer)


def _compiles(schema: dict[str, object]) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(schema, pattern_options=_MATCHER, offline=True)
    except ValueError:
        return False
    return True


def _check_choices(node: Node) -> None:
    if not node.has("enum"):
        return
    choices = [repr(each) for each in node.mapping()["enum"]]  # type: ignore[attr-defined]
    if not 1 <= len(choices) <= _MAX_CHOICES or len(set(choices)) != len(choices):
        raise _bad(node, "enum", f"an enum has 1 to {_MAX_CHOICES} different values")


def _check_bounds(node: Node, kind: str) -> None:
    if node.has("enum") or node.has("const"):
        return
    if kind == "string":
        _check_limit(node, "maxLength", _MAX_TEXT)
        if node.has("format") and node.text("format") not in _FORMATS:
            raise _bad(node, "format", "the only format is date; other forms are patterns")
    elif kind == "integer":
        _check_limit(node, "maximum", 2**53 - 1)
        _check_limit(node, "minimum", 2**53 - 1)
    elif kind == "array":
        _check_limit(node, "maxItems", _MAX_ITEMS)


def _check_limit(node: Node, name: str, most: int) -> None:
    if node.kind(name) != "integer" or abs(node.integer(name)) > most:
        raise _bad(node, name, f"{name} is needed and may be at most {most}")


def _check_parts(node: Node, kind: str, depth: int) -> None:
    if kind == "array":
        check_claim_schema(node.member("items"), depth=depth + 1)
    elif kind == "object":
        if node.mapping().get("additionalProperties") is not False:
            raise _bad(node, "additionalProperties", "an object says additionalProperties: false")
        for part in node.member("properties").values():
            check_claim_schema(part, depth=depth + 1)


def _bad(node: Node, name: str, sentence: str) -> TypeFileError:
    return TypeFileError("claim_schema_bad", sentence, file=node.file, pointer=node.at(name))
