"""The W3C Verifiable Credentials Data Model 2.0 for any credential or presentation, not only for ours.

Structure is judged as in VCDM 2.0 §4, without a JSON-LD processor: contexts are never fetched, so a term that an
unknown context might define gets the benefit of the doubt, and every other term must be defined in sight.

>>> check_data_model({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
...                   "issuer": "did:example:issuer", "credentialSubject": {"id": "did:example:subject"}})
"""

import re
from datetime import UTC, datetime
from typing import NoReturn

from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.vc_jwt import BASE_CONTEXT

__all__ = ["BASE_TYPES", "check_data_model"]

# What the base context defines as types; it is protected, so nobody may define these again (VCDM 2.0 §4.3).
BASE_TYPES = frozenset(
    {
        "BitstringStatusList", "BitstringStatusListCredential", "BitstringStatusListEntry", "DataIntegrityProof",
        "EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation", "JsonSchema", "JsonSchemaCredential",
        "VerifiableCredential", "VerifiablePresentation",
    }
)  # fmt: skip
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.ASCII)
# XML Schema 1.1 §3.4.28; a missing zone is read as UTC (VCDM 2.0 §4.9).
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_ENVELOPED = re.compile(r"data:application/vc[a-z-]*\+(jwt|sd-jwt|cose)(;[^,]*)?,.+", re.ASCII)
_LANGUAGE_VALUE = frozenset({"@value", "@language", "@direction"})
_VERSION_1_ONLY = frozenset({"issuanceDate", "expirationDate"})


def check_data_model(credential: JsonValue) -> None:
    """Return if the object is a well-formed credential or presentation of VCDM 2.0; else FormatError.

    Codes: `context_unknown` (§4.3), `time_claim_bad` and `time_order` (§4.9), `vc_claims_disagree` (a VC-JOSE-COSE
    claim contradicts or repeats the credential), `vc_bad` for everything else.
    """
    members = _object(credential, "a credential")
    terms = _context_terms(members.get("@context"))
    types = _types(members, terms, "a credential")
    if "VerifiablePresentation" in types:
        _check_presentation(members)
    elif "VerifiableCredential" in types:
        _check_credential(members, terms)
    else:
        _bad("the types name neither VerifiableCredential nor VerifiablePresentation")


def _check_credential(members: JsonObject, terms: frozenset[str] | None) -> None:
    if not _VERSION_1_ONLY.isdisjoint(members):
        _bad("issuanceDate and expirationDate belong to version 1 of the data model")
    if "vc" in members or "vp" in members:
        raise FormatError("vc_claims_disagree", "a vc or vp claim stands beside the credential")
    _optional_url(members, "id")
    _check_texts(members)
    issuer = _check_party(members.get("issuer"), "issuer")
    if members.get("iss", issuer) != issuer:
        raise FormatError("vc_claims_disagree", "iss and issuer name different parties")
    for subject in _several(members.get("credentialSubject"), "credentialSubject"):
        if not subject:
            _bad("a credentialSubject makes no claim")
        _optional_url(subject, "id")
    _check_period(members)
    for name, needs_id in (
        ("credentialStatus", False), ("credentialSchema", True), ("evidence", False), ("termsOfUse", False),
        ("refreshService", False), ("proof", False),
    ):  # fmt: skip
        if name in members:
            _check_entries(members[name], name, terms, needs_id=needs_id)
    if "relatedResource" in members:
        _check_resources(members["relatedResource"])


def _check_presentation(members: JsonObject) -> None:
    _optional_url(members, "id")
    if "holder" in members:
        _check_party(members["holder"], "holder")
    for credential in _several(members.get("verifiableCredential", []), "verifiableCredential", allow_none=True):
        if credential.get("type") in ("EnvelopedVerifiableCredential", ["EnvelopedVerifiableCredential"]):
            envelope = credential.get("id")
            if not isinstance(envelope, str) or not _ENVELOPED.fullmatch(envelope):
                _bad("the id of an enveloped credential is not a data: URL of a secured credential")
        elif "VerifiablePresentation" in _types(credential, None, "a credential"):
            _bad("a presentation stands where a credential belongs")
        else:
            check_data_model(credential)


def _context_terms(contexts: JsonValue) -> frozenset[str] | None:
    """The terms defined inside the document; None if a further context that we do not know may define others."""
    if not isinstance(contexts, list) or not contexts or contexts[0] != BASE_CONTEXT:
        raise FormatError("context_unknown", "@context does not begin with the base context of version 2")
    terms: set[str] = set()
    protected = set(BASE_TYPES)
    foreign = False
    for context in contexts[1:]:
        if isinstance(context, dict):
            _define(context, terms, protected)
        elif isinstance(context, str) and _URL.fullmatch(context):
            foreign = True
        else:
            raise FormatError("context_unknown", "a context is neither a URL nor an object")
    return None if foreign else frozenset(terms)


def _define(context: JsonObject, terms: set[str], protected: set[str]) -> None:
    names = {name for name in context if not name.startswith("@")}
    if not protected.isdisjoint(names):
        raise FormatError("context_unknown", "a context defines a protected term again")
    for name in names:
        meaning = context[name]
        url = meaning.get("@id") if isinstance(meaning, dict) else meaning
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise FormatError("context_unknown", "a context maps a term to something that is not a URL")
    terms |= names
    if context.get("@protected") is True:
        protected |= names


def _types(members: JsonObject, terms: frozenset[str] | None, what: str) -> tuple[str, ...]:
    """VCDM 2.0 §4.5: one or several words, each a URL or a term that some context defines."""
    value = members.get("type")
    types = value if isinstance(value, list) else [value]
    names = tuple(name for name in types if isinstance(name, str) and name)
    if not names or len(names) != len(types):
        _bad(f"the type of {what} is missing or not a text")
    for name in names:
        if terms is not None and name not in BASE_TYPES and name not in terms and not _URL.fullmatch(name):
            _bad(f"a type of {what} is neither a URL nor defined by a context")
    return names


def _check_entries(value: JsonValue, name: str, terms: frozenset[str] | None, *, needs_id: bool) -> None:
    for entry in _several(value, name):
        _types(entry, terms, name)
        if needs_id and "id" not in entry:
            _bad(f"an entry of {name} has no id")
        _optional_url(entry, "id")


def _check_resources(value: JsonValue) -> None:
    """VCDM 2.0 §5.3"""
    seen: set[JsonValue] = set()
    for resource in _several(value, "relatedResource"):
        if "id" not in resource or not ("digestSRI" in resource or "digestMultibase" in resource):
            _bad("a related resource has no id or no digest")
        _optional_url(resource, "id")
        if resource["id"] in seen:
            _bad("a related resource is named twice")
        seen.add(resource["id"])


def _check_party(value: JsonValue, name: str) -> str:
    """An issuer or holder: a URL, or an object with one as its id."""
    party: JsonObject = value if isinstance(value, dict) else {"id": value}
    _check_texts(party)
    url = party.get("id")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        _bad(f"the {name} is not a URL, nor an object whose id is one")
    return url


def _check_texts(members: JsonObject) -> None:
    """VCDM 2.0 §4.6, §11.1: name and description are text, or language value objects."""
    for name in ("name", "description"):
        value = members.get(name, "")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                continue
            if not isinstance(text, dict) or not text.keys() <= _LANGUAGE_VALUE or not _all_text(text):
                _bad(f"{name} is neither text nor a language value object")


def _all_text(value: JsonObject) -> bool:
    return "@value" in value and all(isinstance(item, str) for item in value.values())


def _check_period(members: JsonObject) -> None:
    start, end = (_date_time(members[name]) if name in members else None for name in ("validFrom", "validUntil"))
    if start is not None and end is not None and end < start:
        raise FormatError("time_order", "validUntil lies before validFrom")


def _date_time(value: JsonValue) -> datetime:
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value)
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise FormatError("time_claim_bad", "validFrom or validUntil is not an xsd:dateTimeStamp")


def _optional_url(members: JsonObject, name: str) -> None:
    if name not in members:
        return
    value = members[name]
    if not isinstance(value, str) or not _URL.fullmatch(value):
        _bad(f"{name} is not one URL")


def _object(value: JsonValue, what: str) -> JsonObject:
    if not isinstance(value, dict):
        _bad(f"{what} is not a JSON object")
    return value


def _several(value: JsonValue, what: str, *, allow_none: bool = False) -> list[JsonObject]:
    """One object or an array of them, as an array."""
    items = value if isinstance(value, list) else [value]
    if not items and not allow_none:
        _bad(f"{what} is an empty array")
    return [_object(item, what) for item in items]


def _bad(sentence: str) -> NoReturn:
    raise FormatError("vc_bad", sentence)
