"""The JSON Schema (2020-12) of the request that issues a licence of one type: for checking it and for publishing it."""

from typing import cast

from elicence.formats.encoding import JsonObject, JsonValue
from elicence.licences.licence_type import LicenceType

__all__ = ["MAX_HOLDERS", "request_schema"]

MAX_HOLDERS = 20
"""Several holders are a couple or a handful of heirs; a code with more would not fit a QR symbol."""

_DATE: JsonObject = {"type": "string", "format": "date", "maxLength": 10}


def request_schema(licence_type: LicenceType) -> JsonObject:
    """The schema of the whole body. What it cannot say (check digits, periods, text policy) `check_request` adds."""
    properties: JsonObject = {
        "type": {"const": licence_type.slug},
        "type_version": {"const": licence_type.version},
        "number": {
            "type": "string",
            "pattern": licence_type.number.pattern,
            "maxLength": licence_type.number.max_length,
            "title": licence_type.number.label["en"],
        },
        "holders": {
            "type": "array",
            "items": _holder(licence_type),
            "minItems": 1,
            "maxItems": MAX_HOLDERS if licence_type.holder.several else 1,
        },
        "region": {"type": "string", "pattern": "^[0-9]{6}$", "maxLength": 6},
        "valid_from": _DATE,
        "valid_until": {"anyOf": [_DATE, {"type": "null"}]},
        "claims": _claims(licence_type),
        "external_ref": {"type": "string", "minLength": 1, "maxLength": 100},
        "accept_check_digit": {"type": "boolean"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Request to issue: {licence_type.title['en']}, version {licence_type.version}",
        "type": "object",
        "properties": properties,
        "required": ["type", "number", "holders", "valid_from", "claims"],
        "additionalProperties": False,
    }


def _holder(licence_type: LicenceType) -> JsonObject:
    rules = licence_type.holder
    return {
        "type": "object",
        "properties": {
            "kind": {"enum": list(rules.kinds)},
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "id_scheme": {"enum": list(rules.schemes)},
            "id": {"type": "string", "minLength": 1, "maxLength": 64},
        },
        "required": ["kind", "name", "id_scheme", "id"] if rules.id_required else ["kind", "name"],
        "dependentRequired": {"id": ["id_scheme"], "id_scheme": ["id"]},
        "additionalProperties": False,
    }


def _claims(licence_type: LicenceType) -> JsonObject:
    rules = licence_type.claims
    return {
        "type": "object",
        "properties": {
            name: cast("JsonValue", {**rule.schema, "title": rule.label["en"]}) for name, rule in rules.items()
        },
        "required": [name for name, rule in rules.items() if rule.required],
        "additionalProperties": False,
    }
