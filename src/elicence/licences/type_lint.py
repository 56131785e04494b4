"""The full check of a licence type file: JSON Schema first, then the rules a schema cannot say.

A type file decides what the public may see, so whatever is unclear does not load: a claim without a class, a closed
claim in the code, a name that would mean something else in a token, a pattern that could be made slow. Every error
names the file and a JSON Pointer into it.
"""

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jsonschema_rs
from stdnum.cn import uscc

from elicence.errors import TypeFileError
from elicence.licences.claim_schema import check_claim_schema, check_pattern
from elicence.licences.disclosure import Disclosure
from elicence.licences.holder_id import SCHEMES
from elicence.licences.licence_type import LicenceType, parse_licence_type
from elicence.licences.shipped import shipped_standards
from elicence.licences.text_policy import text_fault
from elicence.licences.type_document import Node, escape, parse_document

__all__ = ["load_type", "load_type_file"]

_RESERVED: Final = frozenset(
    {
        # JOSE, SD-JWT and JSON-LD
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct", "status", "_sd", "_sd_alg", "...", "kid", "alg",
        "typ", "jku", "x5u", "id", "type", "vc", "vp", "@context", "@id", "@type", "credential_subject",
        "credential_status",
        # fields every licence has
        "holder", "holders", "claims", "version", "issuer", "number", "licence_number", "licence_identifier",
        "valid_from", "valid_until", "region", "verification_code",
        # harmless here, but not in the browser's twin
        "__proto__", "constructor", "prototype",
    }
)  # fmt: skip


def load_type_file(path: Path, *, root: Path) -> LicenceType:
    """The checked type in a file; errors name it relative to `root`."""
    name = path.relative_to(root).as_posix()
    try:
        document = path.read_bytes()
    except OSError as error:
        raise TypeFileError("file_unreadable", f"cannot be read: {error.strerror}", file=name) from None
    return load_type(document, file=name)


def load_type(document: bytes, *, file: str) -> LicenceType:
    """The checked type in a document. Raises `TypeFileError` at the first defect, in the order of the steps."""
    top = Node(parse_document(document, file=file), file=file)
    # 1. Text that people will read, and names that programs will.
    _check_text(top, top.mapping())
    _check_claim_names(top.member("claims"))
    # 2. Shape, then the typed value: a field without a disclosure class ends here.
    _check_shape(top)
    for claim in top.member("claims").values():
        check_claim_schema(claim.member("schema"))
    licence_type = parse_licence_type(document, file=file)
    # 3. Sense.
    _check_code(top, licence_type)
    _check_holder(top, licence_type)
    _check_disclosure(top, licence_type)
    _check_validity(top, licence_type)
    _check_sets(top, licence_type)
    _check_leak_exceptions(top, licence_type)
    return licence_type


@lru_cache(maxsize=1)
def _shape() -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((shipped_standards() / "licence-type.schema.json").read_bytes())
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions(), offline=True)


def _check_shape(top: Node) -> None:
    errors = sorted(_shape().iter_errors(top.mapping()), key=lambda each: each.kind.name != "additionalProperties")
    if not errors:
        return
    first = errors[0]
    pointer = "".join(f"/{escape(part)}" for part in first.instance_path)
    facts = first.kind.as_dict()
    if first.kind.name == "additionalProperties":
        name = str(facts["unexpected"][0])
        sentence = f"a licence type has no member {name!r} here"
        raise TypeFileError("key_unknown", sentence, file=top.file, pointer=f"{pointer}/{escape(name)}")
    # A type file is public, so its own values may stand in the message.
    code = "period" if pointer.startswith("/validity") else "schema"
    raise TypeFileError(code, first.message, file=top.file, pointer=pointer)


def _check_text(top: Node, value: object, pointer: str = "") -> None:
    """NFC and the text policy for every string of the file, member names included."""
    if isinstance(value, dict):
        for name, each in value.items():
            _check_text(top, name, pointer)
            _check_text(top, each, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for position, each in enumerate(value):
            _check_text(top, each, f"{pointer}/{position}")
    elif isinstance(value, str):
        fault = text_fault(value)
        if fault is None and not unicodedata.is_normalized("NFC", value):
            fault = "text that is not in Unicode normal form C"
        if fault is not None:
            raise TypeFileError("text_policy", f"the file holds {fault}", file=top.file, pointer=pointer)


def _check_claim_names(claims: Node) -> None:
    """Names that mean something else in a token, and pairs that a person or a program could take for one another."""
    seen: dict[str, str] = {}
    for name, claim in claims.items():
        if name.casefold() in _RESERVED:
            sentence = "the name has a meaning of its own in credentials or requests"
            raise TypeFileError("name_reserved", sentence, file=claims.file, pointer=claim.pointer)
        _check_twin(seen, name, claim)
        if not (name.isascii() and name.islower() and name.isidentifier() and len(name) <= 48):
            sentence = "a claim name is lower-case letters, digits and underscores, at most 48"
            raise TypeFileError("schema", sentence, file=claims.file, pointer=claim.pointer)
        if name.startswith("_"):
            raise TypeFileError("schema", "a claim name begins with a letter", file=claims.file, pointer=claim.pointer)
    for language in ("zh-CN", "en"):
        labels: dict[str, str] = {}
        for claim in claims.values():
            _check_twin(labels, claim.texts_or_empty("label").get(language, claim.pointer), claim)


def _check_twin(seen: dict[str, str], name: str, claim: Node) -> None:
    folded = unicodedata.normalize("NFKC", name).casefold().replace("_", "").replace(" ", "")
    other = seen.setdefault(folded, claim.pointer)
    if other != claim.pointer:
        sentence = f"differs from {other} only by case, width or underscores"
        raise TypeFileError("name_clash", sentence, file=claim.file, pointer=claim.pointer)


def _check_code(top: Node, licence_type: LicenceType) -> None:
    if not uscc.is_valid(licence_type.code[:18]):
        sentence = "the type code does not begin with a unified social credit code: its check character does not fit"
        raise TypeFileError("schema", sentence, file=top.file, pointer="/code")
    check_pattern(licence_type.number.pattern, file=top.file, pointer="/number/pattern")


def _check_holder(top: Node, licence_type: LicenceType) -> None:
    rules = licence_type.holder
    named: set[str] = set()
    for name, scheme in rules.schemes.items():
        pointer = f"/holder/id/schemes/{escape(name)}"
        if (scheme.pattern is None) != (name in SCHEMES):
            sentence = (
                f"{', '.join(sorted(SCHEMES))} are checked by their own rules; every other scheme needs a pattern"
            )
            raise TypeFileError("schema", sentence, file=top.file, pointer=pointer)
        if scheme.pattern is not None:
            check_pattern(scheme.pattern, file=top.file, pointer=f"{pointer}/pattern")
        named |= scheme.kinds
    if named != set(rules.kinds):
        sentence = "the id schemes must name every kind of holder the type allows, and no other"
        raise TypeFileError("schema", sentence, file=top.file, pointer="/holder/id/schemes")


def _check_disclosure(top: Node, licence_type: LicenceType) -> None:
    """Nothing closed in the code, nothing hidden found by its plain text, no holder's number whole in a code."""
    for claim in licence_type.claims.values():
        pointer = f"/claims/{escape(claim.name)}"
        if claim.code and claim.disclosure is Disclosure.CLOSED:
            raise _closed(top, f"{pointer}/code", "a closed claim stands in no credential")
        if claim.search in {"exact", "prefix"} and claim.disclosure is not Disclosure.OPEN:
            raise _closed(
                top, f"{pointer}/search", "a claim that is not open is searched by its keyed digest or not at all"
            )
    rules = licence_type.holder
    if rules.name_code and Disclosure.CLOSED in rules.name_disclosure.values():
        raise _closed(top, "/holder/name/code", "a closed name stands in no credential")
    if rules.id_code and Disclosure.CLOSED in rules.id_disclosure.values():
        raise _closed(top, "/holder/id/code", "a closed number stands in no credential")
    hidden = any(each is not Disclosure.OPEN for each in rules.id_disclosure.values())
    if hidden and rules.id_code and rules.id_mask is None:
        raise _closed(top, "/holder/id/code", "a holder's number that is not open is masked in the code")
    if hidden and rules.id_search == "exact":
        raise _closed(top, "/holder/id/search", "a number that is not open is searched by its keyed digest")


def _closed(top: Node, pointer: str, sentence: str) -> TypeFileError:
    return TypeFileError("field_closed", sentence, file=top.file, pointer=pointer)


def _check_validity(top: Node, licence_type: LicenceType) -> None:
    rule = licence_type.validity
    try:
        ZoneInfo(rule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        sentence = "no time zone of that name is known"
        raise TypeFileError("period", sentence, file=top.file, pointer="/validity/time_zone") from None
    if rule.rule == "open_ended" and rule.max_months is not None and not rule.end_allowed:
        sentence = "a longest time needs end_allowed: without it licences of the type have no last day"
        raise TypeFileError("period", sentence, file=top.file, pointer="/validity/max_months")
    if rule.birth_date_claim is None:
        return
    claim = licence_type.claims.get(rule.birth_date_claim)
    if claim is None or claim.schema.get("format") != "date" or not claim.required:
        sentence = "the rule counts from a claim that is required and a date"
        raise TypeFileError("period", sentence, file=top.file, pointer="/validity/birth_date_claim")


def _check_sets(top: Node, licence_type: LicenceType) -> None:
    shown = _classes(licence_type)
    for name, members in licence_type.presentation_sets.items():
        for position, member in enumerate(members):
            pointer = f"/presentation_sets/{escape(name)}/{position}"
            if member not in shown:
                sentence = "names neither a claim of the type nor holder.name or holder.id"
                raise TypeFileError("set_unknown_claim", sentence, file=top.file, pointer=pointer)
            if shown[member] == {Disclosure.CLOSED}:
                raise _closed(top, pointer, "a closed field is never presented")


def _check_leak_exceptions(top: Node, licence_type: LicenceType) -> None:
    classes = _classes(licence_type) | {"number": {Disclosure.OPEN}}
    for position, waiver in enumerate(licence_type.leak_exceptions):
        pointer = f"/leak_exceptions/{position}"
        if Disclosure.OPEN not in classes.get(waiver.open, set()):
            raise TypeFileError("set_unknown_claim", "names no open field", file=top.file, pointer=f"{pointer}/open")
        if not classes.get(waiver.hidden, set()) - {Disclosure.OPEN}:
            sentence = "names no field that is hidden"
            raise TypeFileError("set_unknown_claim", sentence, file=top.file, pointer=f"{pointer}/hidden")


def _classes(licence_type: LicenceType) -> dict[str, set[Disclosure]]:
    """The classes of every field a set or waiver may name."""
    classes = {name: {claim.disclosure} for name, claim in licence_type.claims.items()}
    classes["holder.name"] = set(licence_type.holder.name_disclosure.values())
    classes["holder.id"] = set(licence_type.holder.id_disclosure.values())
    return classes
