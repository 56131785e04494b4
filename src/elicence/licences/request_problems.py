"""From JSON Schema errors to problems of a request: stable codes, own sentences, never the value that was found."""

from collections.abc import Iterator, Mapping
from typing import Final

import jsonschema_rs

from elicence.errors import Problem
from elicence.formats.encoding import JsonObject
from elicence.licences.request_text import pointer_to
from elicence.licences.type_document import escape

__all__ = ["schema_problems"]

# JSON Schema keyword → (problem code, sentence). `{limit}` is the figure of the schema.
_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "type": ("wrong_kind", "The value is of another kind than this field has."),
    "enum": ("not_allowed_value", "The value is none of the allowed ones."),
    "const": ("not_allowed_value", "The value is not the one this licence type needs."),
    "maxLength": ("too_long", "The text may have at most {limit} characters."),
    "minLength": ("too_short", "The text needs at least {limit} characters."),
    "pattern": ("pattern", "The text does not have the form this field needs."),
    "minimum": ("number_range", "The number must be at least {limit}."),
    "maximum": ("number_range", "The number must be at most {limit}."),
    "exclusiveMinimum": ("number_range", "The number must be more than {limit}."),
    "exclusiveMaximum": ("number_range", "The number must be less than {limit}."),
    "format": ("date", "The text is not a day of the calendar, written YYYY-MM-DD."),
    "minItems": ("too_few", "The list needs at least {limit} entries."),
    "maxItems": ("too_many", "The list may have at most {limit} entries."),
    "uniqueItems": ("not_unique", "The list holds an entry twice."),
}
# Where a field has a code of its own, it says more than the keyword.
_BY_PLACE: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("/number", "pattern"): ("number_format", "The licence number does not have the form this type gives it."),
    ("/holders", "minItems"): ("holders_count", "A licence needs at least one holder."),
    ("/holders", "maxItems"): ("holders_count", "A licence of this type may have at most {limit} holders."),
    ("/holders/*/kind", "enum"): ("holder_kind", "Licences of this type are not held by that kind of holder."),
    ("/holders/*/id_scheme", "enum"): ("id_scheme", "Holders of this type are not named by that kind of number."),
    ("/valid_until", "anyOf"): ("date", "The last day is neither a day written YYYY-MM-DD nor null."),
}
_MAX_PROBLEMS: Final = 100
_MAX_ALLOWED: Final = 40


def schema_problems(validator: jsonschema_rs.Draft202012Validator, body: JsonObject) -> list[Problem]:
    """Every problem the schema finds, at most one hundred."""
    found: list[Problem] = []
    for error in validator.iter_errors(body):
        found.extend(_problems(error))
        if len(found) >= _MAX_PROBLEMS:
            break
    # A value of the wrong kind breaks its other rules too; saying so helps nobody.
    wrong = {each.pointer for each in found if each.code == "wrong_kind"}
    return [each for each in found if each.code == "wrong_kind" or each.pointer not in wrong][:_MAX_PROBLEMS]


def _problems(error: jsonschema_rs.ValidationError) -> Iterator[Problem]:
    pointer = "".join(f"/{escape(part)}" for part in error.instance_path)
    keyword, facts = error.kind.name, error.kind.as_dict()
    if keyword == "additionalProperties":
        for name in facts["unexpected"]:
            yield Problem(pointer_to(pointer, name), "field_unknown", "This licence type has no such field.")
    elif keyword == "required":
        yield Problem(f"{pointer}/{escape(facts['property'])}", "field_missing", "The field is missing.")
    else:
        yield _problem(pointer, keyword, error)


def _problem(pointer: str, keyword: str, error: jsonschema_rs.ValidationError) -> Problem:
    limit = getattr(error.kind, "limit", None)
    place = "/".join("*" if isinstance(part, int) else part for part in ("", *error.instance_path))
    fallback = ("schema", f"The value breaks the rule {keyword} of this licence type.")
    code, sentence = _BY_PLACE.get((place, keyword)) or _SENTENCES.get(keyword, fallback)
    facts: dict[str, object] = {} if limit is None else {"limit": limit}
    if keyword == "enum":
        facts["allowed"] = tuple(error.kind.as_dict()["options"])[:_MAX_ALLOWED]
    return Problem(pointer, code, sentence.format(limit=limit), facts)
