"""Checking a request to issue, before anything is reserved or signed: every problem at once, no value echoed.

The body is `{"type", "type_version"?, "number", "holders": [{"kind", "name", "id_scheme"?, "id"?}], "region"?,
"valid_from", "valid_until"?, "claims", "external_ref"?, "accept_check_digit"?}`. Text is brought to NFC first, then
JSON Schema judges shapes and claims, then the rules that a schema cannot say: holder numbers, dates, text policy.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import cast

import jsonschema_rs

from elicence.errors import Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, canonical_json
from elicence.licences.holder_id import SCHEMES, birth_date_of, check_holder_id
from elicence.licences.licence_type import LicenceType
from elicence.licences.request_problems import schema_problems
from elicence.licences.request_schema import request_schema
from elicence.licences.request_text import cleaned_body
from elicence.licences.validity import instants, last_day

__all__ = ["CheckedRequest", "Holder", "check_request", "request_digest", "request_schema"]

_PATTERNS = jsonschema_rs.RegexOptions()


@dataclass(frozen=True, slots=True)
class Holder:
    """One holder as the agency knows them, in the clear: `kind` is person or organization."""

    kind: str
    name: str
    id_scheme: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request that satisfies its licence type. Text is NFC, claims stand in the type file's order.

    `valid_until` is the last day after the type's rule, None for no end. `digest` is the SHA-256 of the body's
    canonical JSON, in hex: the same request gives the same digest. `warnings` are kept with the licence.
    """

    licence_type: LicenceType
    number: str
    holders: tuple[Holder, ...]
    region: str | None
    valid_from: date
    valid_until: date | None
    claims: Mapping[str, JsonValue]
    external_ref: str | None
    warnings: tuple[Problem, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class _Validators:
    """The compiled rules of one type file."""

    body: jsonschema_rs.Draft202012Validator
    schemes: Mapping[str, jsonschema_rs.Draft202012Validator]


# One entry per type file in use, found by its digest: compiling takes far longer than checking.
_compiled: dict[str, _Validators] = {}


Period = tuple[date, date | None]


def check_request(
    licence_type: LicenceType, body: JsonObject, *, counts_from: date | None = None, kept_period: Period | None = None
) -> CheckedRequest:
    """The request as a value, or `RequestError` with every problem found, each at its JSON Pointer.

    A renewal names in `counts_from` the day from which the added time counts. A correction names in `kept_period` the
    days the licence has: left as they are, they are not measured again.

    The code is `check_digit_wrong` where nothing else is wrong, `type_version_retired` for a type version that no
    longer issues, else `validation_failed`.
    """
    issues_anew = counts_from is None and kept_period is None
    if licence_type.status == "retired" and issues_anew:
        raise RequestError("type_version_retired", "this version of the licence type no longer issues licences")
    # 1. Text, then shapes and claims: a string that the text policy refuses is reported once.
    clean, problems = cleaned_body(body)
    rules = _validators(licence_type)
    spoiled = {problem.pointer for problem in problems}
    problems += [each for each in schema_problems(rules.body, clean) if each.pointer not in spoiled]
    # 2. What no schema can say, for the parts that have the right shape.
    warnings: list[Problem] = []
    holders = _holders(licence_type, clean, problems, warnings) if _sound(problems, "/holders") else ()
    ends_on = None
    by_birth = ("/holders", "/claims") if licence_type.validity.rule == "until_age" else ()
    if _sound(problems, "/valid_", *by_birth):
        ends_on = _ends_on(
            licence_type, clean, _birth_date(licence_type, clean, holders), problems,
            counts_from=counts_from, kept_period=kept_period,
        )  # fmt: skip
    if problems:
        raise _refused(problems)
    # 3. The value.
    claims = cast("JsonObject", clean["claims"])
    return CheckedRequest(
        licence_type=licence_type,
        number=str(clean["number"]),
        holders=holders,
        region=_optional(clean, "region"),
        valid_from=date.fromisoformat(str(clean["valid_from"])),
        valid_until=ends_on,
        claims=MappingProxyType({name: claims[name] for name in licence_type.claims if name in claims}),
        external_ref=_optional(clean, "external_ref"),
        warnings=tuple(warnings),
        digest=request_digest(body),
    )


def request_digest(body: Mapping[str, JsonValue]) -> str:
    """The SHA-256 of the body's canonical JSON, in hex: what tells a retry from another request."""
    return hashlib.sha256(canonical_json(dict(body))).hexdigest()


def _validators(licence_type: LicenceType) -> _Validators:
    known = _compiled.get(licence_type.digest)
    if known is None:
        schemes = {
            name: _validator({"type": "string", "pattern": scheme.pattern})
            for name, scheme in licence_type.holder.schemes.items()
            if scheme.pattern is not None
        }
        known = _Validators(_validator(request_schema(licence_type)), schemes)
        _compiled[licence_type.digest] = known
    return known


def _validator(schema: JsonObject) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, pattern_options=_PATTERNS, offline=True)


def _sound(problems: list[Problem], *parts: str) -> bool:
    """Whether these parts of the body have the shape the next step builds on."""
    return not any(problem.pointer == "" or problem.pointer.startswith(parts) for problem in problems)


def _holders(
    licence_type: LicenceType, clean: JsonObject, problems: list[Problem], warnings: list[Problem]
) -> tuple[Holder, ...]:
    """The holders with their numbers in stored form; the same number twice is a problem."""
    insists = clean.get("accept_check_digit") is True
    holders: list[Holder] = []
    for position, given in enumerate(cast("list[JsonObject]", clean["holders"])):
        pointer = f"/holders/{position}"
        number, scheme = _optional(given, "id"), _optional(given, "id_scheme")
        if number is not None and scheme is not None:
            try:
                number, notes = _holder_id(licence_type, given, pointer, insists)
                warnings.extend(notes)
            except RequestError as error:
                problems.extend(error.problems)
        holder = Holder(str(given["kind"]), str(given["name"]), scheme, number)
        if number is not None and any((each.id_scheme, each.id) == (scheme, number) for each in holders):
            problems.append(Problem(f"{pointer}/id", "not_unique", "Two holders have the same number."))
        holders.append(holder)
    return tuple(holders)


def _holder_id(
    licence_type: LicenceType, given: JsonObject, pointer: str, insists: bool
) -> tuple[str, tuple[Problem, ...]]:
    """The number in its stored form and what to note about it; raises `RequestError` like `check_holder_id`."""
    name, number = str(given["id_scheme"]), str(given["id"])
    if given["kind"] not in licence_type.holder.schemes[name].kinds:
        sentence = "That kind of number does not name that kind of holder."
        raise _refused([Problem(f"{pointer}/id_scheme", "id_scheme", sentence)])
    if name in SCHEMES:
        return check_holder_id(name, number, accept_check_digit=insists, pointer=f"{pointer}/id")
    if not _validators(licence_type).schemes[name].is_valid(number):
        sentence = "The number does not have the form its kind has."
        raise _refused([Problem(f"{pointer}/id", "id_format", sentence)])
    return number, ()


def _ends_on(
    licence_type: LicenceType,
    clean: JsonObject,
    birth_date: date | None,
    problems: list[Problem],
    *,
    counts_from: date | None,
    kept_period: Period | None,
) -> date | None:
    """The last day after the rule of the type; what the rule refuses goes to the problems."""
    starts, asked = (_day(clean, name, problems) for name in ("valid_from", "valid_until"))
    if starts is None or (asked is None and _optional(clean, "valid_until") is not None):
        return None
    if (starts, asked) == kept_period:
        return asked
    try:
        ends = last_day(licence_type.validity, starts, asked, birth_date, counts_from=counts_from)
        # Refuses the days on which the zone had no offset a credential can write, before anything is reserved.
        instants(licence_type.validity.time_zone, starts, ends)
    except RequestError as error:
        problems.extend(error.problems)
        return None
    return ends


def _day(clean: JsonObject, name: str, problems: list[Problem]) -> date | None:
    """A day that has the form of one; in the calendar of JSON Schema there is a year 0, in ours there is none."""
    text = _optional(clean, name)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(f"/{name}", "date", "The calendar begins with the year 1."))
        return None


def _birth_date(licence_type: LicenceType, clean: JsonObject, holders: tuple[Holder, ...]) -> date | None:
    """The birth date the validity rule counts from: a claim if the type names one, else the first resident number."""
    claims, name = clean.get("claims"), licence_type.validity.birth_date_claim
    if name is not None:
        value = claims.get(name) if isinstance(claims, dict) else None
        try:
            return date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None
    numbers = (each.id for each in holders if each.id_scheme == "CN-RIC" and each.id is not None)
    return next((birth_date_of(number) for number in numbers), None)


def _optional(members: JsonObject, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _refused(problems: list[Problem]) -> RequestError:
    """One error with all of them, in the order of their places, each (place, code) once."""
    once = {(each.pointer, each.code): each for each in problems}
    listed = [once[key] for key in sorted(once)]
    if {each.code for each in listed} == {"check_digit_wrong"}:
        return RequestError("check_digit_wrong", listed[0].detail, listed)
    word = "problem" if len(listed) == 1 else "problems"
    return RequestError("validation_failed", f"the request has {len(listed)} {word}", listed)
