"""The code credential: a W3C Verifiable Credential 2.0 as the payload of a JWT (`application/vc+jwt`).

W3C VCDM 2.0 says what a credential may hold, VC-JOSE-COSE §3.1 how it becomes a JWT. This module writes exactly one
shape of it, members in one order, and reads nothing else: a payload with a member too many, too few or of another
kind is refused, however good its signature. What the values mean is judged by licences/ and verifier/.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NoReturn
from unicodedata import is_normalized

from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, JsonValue, check_numbers, compact_json, parse_canonical

__all__ = [
    "BASE_CONTEXT",
    "TYP",
    "CodeCredential",
    "HolderFace",
    "StatusEntry",
    "Subject",
    "decode_payload",
    "encode_payload",
    "header",
    "outline_payload",
]

TYP = "vc+jwt"
BASE_CONTEXT = "https://www.w3.org/ns/credentials/v2"
STATUS_TYPE = "BitstringStatusListEntry"

_REQUIRED = frozenset(
    {"@context", "type", "iss", "issuer", "iat", "validFrom", "credentialStatus", "credentialSubject"}
)
_ALLOWED = _REQUIRED | {"validUntil"}
# VC-JOSE-COSE §3.1.1: a second place for what the credential says already; here never used.
_DOUBLES = frozenset({"vc", "vp", "nbf", "exp", "sub", "jti"})
_TYPE_CONTEXT = re.compile(r"https?://[^\s/?#@\\]+/ns/[a-z][a-z0-9-]*/v[1-9][0-9]{0,3}", re.ASCII)
_VC_TYPE = re.compile(r"[A-Z][A-Za-z0-9]{0,99}", re.ASCII)
_CLAIM = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
# Names that are harmless here but not in the browser's twin of this reader.
_UNSAFE_NAMES = frozenset({"__proto__", "constructor", "prototype"})
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_MAX_TEXT = 512
_MAX_HOLDERS = 64
_MAX_CLAIMS = 200


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where the state of the licence version is published: entry `index` of the list at `list_url`."""

    purpose: str
    index: int
    list_url: str


@dataclass(frozen=True, slots=True)
class HolderFace:
    """What the code shows of one holder; `id` may be masked. `kind` is `person` or `organization`."""

    kind: str
    name: str | None = None
    id_scheme: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The licence version the credential speaks of: numbers, holders and those claims that the code carries."""

    licence_identifier: str
    licence_number: str
    version: int
    holders: tuple[HolderFace, ...]
    claims: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class CodeCredential:
    """A code credential as a value. Instants are aware, whole seconds; `valid_until` None means open ended.

    `contexts` are the W3C base context and the type version's own; `issuer` is the agency's DID.
    """

    contexts: tuple[str, str]
    vc_type: str
    issuer: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    status: tuple[StatusEntry, ...]
    subject: Subject


def header(kid: str) -> JsonObject:
    """The protected header; `kid` is `<agency DID>#<thumbprint>`."""
    return {"alg": "ES256", "typ": TYP, "kid": kid}


def encode_payload(credential: CodeCredential) -> bytes:
    """The exact bytes to sign. A credential that `decode_payload` would refuse is refused here, before it exists."""
    payload = outline_payload(credential)
    if not is_normalized("NFC", payload.decode("utf-8")):
        _bad("the text of a credential is not in Unicode normal form C")
    decode_payload(payload)
    return payload


def outline_payload(credential: CodeCredential) -> bytes:
    """The same bytes, not yet checked: good for asking how long they are, and never to be signed."""
    status: list[JsonObject] = [
        {
            "type": STATUS_TYPE,
            "statusPurpose": entry.purpose,
            "statusListIndex": str(entry.index),
            "statusListCredential": entry.list_url,
        }
        for entry in credential.status
    ]
    subject = credential.subject
    members: JsonObject = {
        "@context": list(credential.contexts),
        "type": ["VerifiableCredential", credential.vc_type],
        "iss": credential.issuer,
        "issuer": credential.issuer,
        "iat": _unix(credential.issued_at),
        "validFrom": credential.valid_from.isoformat(),
    }
    if credential.valid_until is not None:
        members["validUntil"] = credential.valid_until.isoformat()
    members["credentialStatus"] = status
    members["credentialSubject"] = {
        "licenceIdentifier": subject.licence_identifier,
        "licenceNumber": subject.licence_number,
        "version": subject.version,
        "holders": [_holder_members(holder) for holder in subject.holders],
        "claims": dict(subject.claims),
    }
    return compact_json(members)


def decode_payload(payload: bytes) -> CodeCredential:
    """The credential in a payload, or a FormatError whose code names the defect; nothing in between."""
    if not payload:
        raise FormatError("payload_bad", "the payload of a credential is empty")
    members = parse_canonical(payload, check_fractions=False)  # numbers have one place: see _claims
    if not isinstance(members, dict):
        raise FormatError("payload_bad", "the payload of a credential is not a JSON object")
    _check_members(members)
    valid_from = _date_time(members["validFrom"])
    valid_until = _date_time(members["validUntil"]) if "validUntil" in members else None
    if valid_until is not None and valid_until < valid_from:
        raise FormatError("time_order", "validUntil lies before validFrom")
    return CodeCredential(
        *_kind(members["@context"], members["type"]),
        _issuer(members["iss"], members["issuer"]),
        _issued_at(members["iat"]),
        valid_from,
        valid_until,
        _status(members["credentialStatus"]),
        _subject(members["credentialSubject"]),
    )


def _bad(sentence: str) -> NoReturn:
    raise FormatError("vc_bad", sentence)


def _check_members(members: JsonObject) -> None:
    names = members.keys()
    if names <= _ALLOWED and names >= _REQUIRED:
        return
    if not _DOUBLES.isdisjoint(names):
        raise FormatError("vc_claims_disagree", "a JWT claim states again what the credential says: vc, nbf, exp …")
    missing = sorted(_REQUIRED - names)
    _bad(f"a credential lacks {', '.join(missing)}" if missing else "a credential has a member that has no place in it")


def _text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        _bad(f"{what} is not a text of 1 to {_MAX_TEXT} characters")
    return value


def _kind(contexts: JsonValue, types: JsonValue) -> tuple[tuple[str, str], str]:
    """Contexts and licence type, which all licences of a type version share."""
    if not isinstance(contexts, list) or len(contexts) != 2 or contexts[0] != BASE_CONTEXT:
        raise FormatError("context_unknown", "a credential names the W3C base context and the type's own, nothing else")
    if not isinstance(types, list) or len(types) != 2 or types[0] != "VerifiableCredential":
        _bad("the type of a credential is VerifiableCredential and one licence type")
    context, vc_type = contexts[1], types[1]
    if not isinstance(context, str):
        raise FormatError("context_unknown", "the second context of a credential is not a URL")
    if not isinstance(vc_type, str):
        _bad("the licence type of a credential is not a text")
    return _checked_kind(context, vc_type)


# VCDM 2.0 §6.3 allows contexts to be judged by comparison. Good pairs are remembered, failures are judged anew.
@lru_cache(maxsize=1024)
def _checked_kind(context: str, vc_type: str) -> tuple[tuple[str, str], str]:
    if len(context) > _MAX_TEXT or not _TYPE_CONTEXT.fullmatch(context):
        raise FormatError("context_unknown", "the second context is not that of a licence type: …/ns/<type>/v<n>")
    if not _VC_TYPE.fullmatch(vc_type):
        _bad("the licence type of a credential is not a PascalCase word")
    return (BASE_CONTEXT, context), vc_type


def _issuer(iss: JsonValue, issuer: JsonValue) -> str:
    name = _text(iss, "iss")
    if issuer != name:
        _text(issuer, "issuer")
        raise FormatError("vc_claims_disagree", "iss and issuer name different parties")
    return name


def _issued_at(value: JsonValue) -> datetime:
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise FormatError("time_claim_bad", "iat is not a whole number of seconds from 1970 to 9999")
    return datetime.fromtimestamp(value, UTC)


def _unix(instant: datetime) -> int:
    if instant.tzinfo is None or instant.microsecond:
        raise FormatError("time_claim_bad", "issued_at needs a zone and whole seconds")
    return int(instant.timestamp())


def _date_time(value: JsonValue) -> datetime:
    """xsd:dateTimeStamp in one spelling: whole seconds and a numeric offset, `2026-11-23T00:00:00+08:00`."""
    instant = _read_date_time(value) if isinstance(value, str) and len(value) == 25 else None
    if instant is None:
        raise FormatError("time_claim_bad", "validFrom and validUntil are written YYYY-MM-DDThh:mm:ss+hh:mm")
    return instant


# Licences begin and end with a civil day, so a few texts serve very many of them.
@lru_cache(maxsize=4096)
def _read_date_time(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    # XML Schema 1.1 §3.3.7.1: fourteen hours at most. The first and last year could overflow when compared.
    ordinary = text[20:] <= "14:00" and "0002" <= text[:4] <= "9998"
    return instant if ordinary and instant.isoformat() == text else None


def _status(value: JsonValue) -> tuple[StatusEntry, ...]:
    """One row of one agency's list, seen through one or two purposes: same index, same family of URLs."""
    if not isinstance(value, list) or not 1 <= len(value) <= 2:
        raise FormatError("status_claim_bad", "a credential names a revocation entry and at most a suspension entry")
    index, url = _status_entry(value[0], "revocation")
    # Bitstring Status List v1.0 §2.1: the index is a string. isdecimal alone takes digits of other scripts.
    if not (index.isascii() and index.isdecimal() and index == str(number := int(index[:9]))):
        raise FormatError("status_claim_bad", "statusListIndex is not a decimal number written as text")
    if len(url) > _MAX_TEXT or not url.endswith("/revocation"):
        raise FormatError("status_claim_bad", "statusListCredential is not a URL that ends in /revocation")
    first = StatusEntry("revocation", number, url)
    if len(value) == 1:
        return (first,)
    if _status_entry(value[1], "suspension") != (index, other := url[:-10] + "suspension"):
        raise FormatError("status_claim_bad", "the status entries of a credential belong to different rows")
    return first, StatusEntry("suspension", number, other)


# The readers below fetch every member they know by `get` and compare the count: as strict as comparing the names, and
# measurably faster. A JSON null is never allowed, so it can stand for "absent".
def _status_entry(value: JsonValue, purpose: str) -> tuple[str, str]:
    """Index and URL of an entry, both still text."""
    if not isinstance(value, dict) or len(value) != 4:
        raise FormatError("status_claim_bad", f"a status entry has not exactly the members of a {STATUS_TYPE}")
    if value.get("type") != STATUS_TYPE or value.get("statusPurpose") != purpose:
        raise FormatError("status_claim_bad", f"a status entry is not a {STATUS_TYPE} for {purpose} in its place")
    index, url = value.get("statusListIndex"), value.get("statusListCredential")
    if not isinstance(index, str) or not isinstance(url, str):
        raise FormatError("status_claim_bad", "statusListIndex and statusListCredential are not both text")
    return index, url


def _subject(value: JsonValue) -> Subject:
    if not isinstance(value, dict) or len(value) != 5:
        _bad("credentialSubject has not exactly licenceIdentifier, licenceNumber, version, holders, claims")
    version, holders = value.get("version"), value.get("holders")
    if type(version) is not int or not 1 <= version <= 999:
        _bad("the version of a licence is not a whole number from 1 to 999")
    if not isinstance(holders, list) or not 1 <= len(holders) <= _MAX_HOLDERS:
        _bad(f"a licence has 1 to {_MAX_HOLDERS} holders")
    return Subject(
        _text(value.get("licenceIdentifier"), "licenceIdentifier"),
        _text(value.get("licenceNumber"), "licenceNumber"),
        version,
        tuple([_holder(holder) for holder in holders]),
        _claims(value.get("claims")),
    )


def _holder(value: JsonValue) -> HolderFace:
    if not isinstance(value, dict):
        _bad("a holder is not a JSON object")
    kind, name, scheme, own = value.get("kind"), value.get("name"), value.get("idScheme"), value.get("id")
    if kind != "person" and kind != "organization":
        _bad("the kind of a holder is neither person nor organization")
    if (scheme is None) != (own is None):
        _bad("a holder has an id without its scheme, or a scheme without an id")
    given = 1
    if name is not None:
        name = _text(name, "name")
        given = 2
    if scheme is not None:
        scheme, own = _text(scheme, "idScheme"), _text(own, "id")
        given += 2
    if len(value) != given:
        _bad("a holder has a member besides kind, name, idScheme, id, or one that is null")
    return HolderFace(kind, name, scheme, own)


def _holder_members(holder: HolderFace) -> JsonObject:
    members: JsonObject = {"kind": holder.kind}
    for name, value in (("name", holder.name), ("idScheme", holder.id_scheme), ("id", holder.id)):
        if value is not None:
            members[name] = value
    return members


def _claims(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        _bad("the claims of a licence are not a JSON object")
    _check_claim_names(tuple(value))
    check_numbers(value.values())
    for claim in value.values():
        if type(claim) is dict or type(claim) is list:
            _check_names(claim)
    return MappingProxyType(value)


# All licences of a type carry the same names, so the judgement is kept; failures are judged anew.
@lru_cache(maxsize=1024)
def _check_claim_names(names: tuple[str, ...]) -> None:
    if len(names) > _MAX_CLAIMS:
        _bad(f"a licence has more than {_MAX_CLAIMS} claims")
    for name in names:
        if not _CLAIM.fullmatch(name) or name in _UNSAFE_NAMES:
            raise FormatError("claim_name", "the name of a claim is not lower-case letters, digits and underscores")


def _check_names(value: JsonValue) -> None:
    if isinstance(value, dict):
        if not _UNSAFE_NAMES.isdisjoint(value):
            raise FormatError("claim_name", "a member inside a claim has a name that is not allowed")
        for item in value.values():
            _check_names(item)
    elif isinstance(value, list):
        for item in value:
            _check_names(item)
