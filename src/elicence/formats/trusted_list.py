"""The trusted list: who may issue what, with which keys, as one signed document.

Our own format, since no standard has one that fits: `{"list": <base64url payload>, "signatures": [<compact JWT>, …]}`
where every JWT signs byte for byte the same payload, each with another root key. How many roots must agree, and
whether the list is fresh, is judged by verifier/trust.py; here bytes become values and back.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NoReturn, TypeVar

from elicence.errors import FormatError, TrustFault
from elicence.formats.did import check_base_url, did_web, https_id
from elicence.formats.encoding import JsonObject, JsonValue, b64url_decode, b64url_encode, compact_json, parse_canonical
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import Jws, parse_jws

__all__ = [
    "TYP",
    "Permission",
    "TrustedAgency",
    "TrustedKey",
    "TrustedListPayload",
    "TrustedType",
    "decode_payload",
    "document",
    "encode_payload",
    "header",
    "parse_document",
]

TYP = "licence-trusted-list+jwt"
MAX_DOCUMENT = 8_388_608
MAX_KEYS = 5_000
MAX_SIGNATURES = 16

_ENVIRONMENTS = frozenset({"production", "demo"})
_PURPOSES = frozenset({"credential", "status_list"})
_USES = frozenset({"live", "test"})
_STATES = frozenset({"next", "active", "retired", "compromised"})
_TYPE_SLUG = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key of an agency: `kid` is the thumbprint of `jwk`; `valid_from` to `valid_until` is when it may sign."""

    kid: str
    purpose: str
    use: str
    state: str
    valid_from: datetime
    valid_until: datetime | None
    compromised_at: datetime | None
    jwk: Mapping[str, JsonValue]

    def verification_key(self) -> VerificationKey:
        """The key prepared for use; costs a curve check, so keep it."""
        return VerificationKey.from_jwk(self.jwk)


@dataclass(frozen=True, slots=True)
class Permission:
    """The agency may issue this licence type, every version of it, from `valid_from` to `valid_until`."""

    type_slug: str
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class TrustedAgency:
    """One agency: its two identifiers, its names by language, its keys, and where its status lists lie."""

    did: str
    https: str
    slug: str
    name: Mapping[str, str]
    uscc: str
    contact: str | None
    status_family: str
    permissions: tuple[Permission, ...]
    keys: tuple[TrustedKey, ...]


@dataclass(frozen=True, slots=True)
class TrustedType:
    """A version of a licence type: its JSON-LD context and file, each pinned by SHA-256 (hexadecimal)."""

    slug: str
    version: int
    context: str
    context_sha256: str
    type_sha256: str


@dataclass(frozen=True, slots=True)
class TrustedListPayload:
    """What the roots sign. `version` only ever grows; `issuer` is the base URL of the registry."""

    issuer: str
    issued_at: datetime
    expires_at: datetime
    version: int
    environment: str
    agencies: tuple[TrustedAgency, ...]
    types: tuple[TrustedType, ...]


def header(kid: str) -> JsonObject:
    """The protected header of each signature; `kid` is the root key's thumbprint."""
    return {"alg": "ES256", "typ": TYP, "kid": kid}


def encode_payload(payload: TrustedListPayload) -> bytes:
    """The exact bytes to sign; a list that `decode_payload` would refuse is refused here."""
    agencies: list[JsonObject] = [_agency_members(agency) for agency in payload.agencies]
    types: list[JsonObject] = [
        {
            "slug": item.slug,
            "version": item.version,
            "context": item.context,
            "context_sha256": item.context_sha256,
            "type_sha256": item.type_sha256,
        }
        for item in payload.types
    ]
    data = compact_json(
        {
            "iss": payload.issuer,
            "iat": _unix(payload.issued_at),
            "exp": _unix(payload.expires_at),
            "version": payload.version,
            "environment": payload.environment,
            "agencies": agencies,
            "types": types,
        }
    )
    decode_payload(data)
    return data


def decode_payload(data: bytes) -> TrustedListPayload:
    """The list in a payload, or a TrustFault `trust_bad` (`trust_too_large`); every member must be there and fit."""
    try:
        value = parse_canonical(data, max_bytes=MAX_DOCUMENT)
        members = _members(value, "iss iat exp version environment agencies types", "the list")
        issuer = check_base_url(_text(members["iss"], "iss"))
        payload = TrustedListPayload(
            issuer=issuer,
            issued_at=_instant(members["iat"], "iat"),
            expires_at=_instant(members["exp"], "exp"),
            version=_count(members["version"], "version"),
            environment=_one_of(members["environment"], _ENVIRONMENTS, "environment"),
            agencies=_items(members["agencies"], lambda item: _agency(item, issuer), "agencies"),
            types=_items(members["types"], _type, "types"),
        )
    except FormatError as error:
        if error.code == "json_too_long":
            raise TrustFault("trust_too_large", error.message) from None
        raise TrustFault("trust_bad", f"a trusted list is malformed: {error.message}") from None
    _check_whole(payload)
    return payload


def document(payload: bytes, jwts: Iterable[str]) -> bytes:
    """The published file: the payload once, then every root's JWT over it."""
    return compact_json({"list": b64url_encode(payload), "signatures": list(jwts)})


def parse_document(data: bytes) -> tuple[bytes, tuple[Jws, ...]]:
    """Payload bytes and the unjudged signatures over them; TrustFault if any JWT carries another payload."""
    if len(data) > MAX_DOCUMENT:
        raise TrustFault("trust_too_large", f"a trusted list has {len(data)} bytes; allowed are {MAX_DOCUMENT}")
    try:
        members = _members(parse_canonical(data, max_bytes=MAX_DOCUMENT), "list signatures", "the document")
        segment, jwts = members["list"], members["signatures"]
        if not isinstance(segment, str) or not isinstance(jwts, list) or not 1 <= len(jwts) <= MAX_SIGNATURES:
            _bad(f"the document needs the list as text and 1 to {MAX_SIGNATURES} signatures")
        return b64url_decode(segment), tuple(_signature(jwt, segment) for jwt in jwts)
    except FormatError as error:
        raise TrustFault("trust_bad", f"a trusted list is malformed: {error.message}") from None


def _signature(jwt: JsonValue, segment: str) -> Jws:
    if not isinstance(jwt, str) or jwt.split(".")[1:2] != [segment]:
        _bad("a signature is not over the list beside it")
    return parse_jws(jwt, typ=TYP, max_chars=MAX_DOCUMENT)


def _check_whole(payload: TrustedListPayload) -> None:
    """What no single member shows: order of times, and names that must be unique."""
    if payload.issued_at >= payload.expires_at:
        raise TrustFault("trust_bad", "a trusted list ends before it begins")
    keys = [key.kid for agency in payload.agencies for key in agency.keys]
    if len(keys) > MAX_KEYS:
        raise TrustFault("trust_too_large", f"a trusted list has {len(keys)} keys; allowed are {MAX_KEYS}")
    slugs = [agency.slug for agency in payload.agencies]
    types = [(item.slug, item.version) for item in payload.types]
    for names, what in ((keys, "key"), (slugs, "agency"), (types, "type version")):
        if len(set(names)) != len(names):
            raise TrustFault("trust_bad", f"a trusted list names a {what} twice")


def _agency(value: JsonValue, issuer: str) -> TrustedAgency:
    names = "id https slug name uscc contact status_family permissions keys"
    members = _members(value, names, "an agency")
    slug = _text(members["slug"], "slug")
    agency = TrustedAgency(
        did=_text(members["id"], "id"),
        https=_text(members["https"], "https"),
        slug=slug,
        name=_names(members["name"]),
        uscc=_text(members["uscc"], "uscc"),
        contact=None if members["contact"] is None else _text(members["contact"], "contact"),
        status_family=_text(members["status_family"], "status_family"),
        permissions=_items(members["permissions"], _permission, "permissions"),
        keys=_items(members["keys"], _key, "keys"),
    )
    found = (agency.did, agency.https, agency.status_family)
    if found != (did_web(issuer, slug), https_id(issuer, slug), f"{issuer}/status/{slug}/"):
        _bad("the identifiers of an agency do not follow from the registry's base URL and the agency's slug")
    return agency


def _agency_members(agency: TrustedAgency) -> JsonObject:
    permissions: list[JsonObject] = [
        {"type": item.type_slug, "from": _unix(item.valid_from), "until": _unix_or_none(item.valid_until)}
        for item in agency.permissions
    ]
    return {
        "id": agency.did,
        "https": agency.https,
        "slug": agency.slug,
        "name": dict(agency.name),
        "uscc": agency.uscc,
        "contact": agency.contact,
        "status_family": agency.status_family,
        "permissions": permissions,
        "keys": [_key_members(key) for key in agency.keys],
    }


def _names(value: JsonValue) -> Mapping[str, str]:
    members = _members(value, "zh-CN en", "the name of an agency")
    return MappingProxyType({language: _text(name, "name") for language, name in members.items()})


def _permission(value: JsonValue) -> Permission:
    members = _members(value, "type from until", "a permission")
    slug = _text(members["type"], "type")
    if not _TYPE_SLUG.fullmatch(slug):
        _bad("a permission names no licence type")
    return Permission(slug, *_window(members))


def _key(value: JsonValue) -> TrustedKey:
    members = _members(value, "kid purpose use state from until compromised_at jwk", "a key")
    verification = VerificationKey.from_jwk(members["jwk"])
    state = _one_of(members["state"], _STATES, "state")
    compromised = members["compromised_at"]
    if members["kid"] != verification.kid:
        _bad("the kid of a key is not its thumbprint")
    if (state == "compromised") != (compromised is not None):
        _bad("compromised_at is given for compromised keys and for no others")
    return TrustedKey(
        verification.kid,
        _one_of(members["purpose"], _PURPOSES, "purpose"),
        _one_of(members["use"], _USES, "use"),
        state,
        *_window(members),
        compromised_at=None if compromised is None else _instant(compromised, "compromised_at"),
        jwk=verification.jwk,
    )


def _key_members(key: TrustedKey) -> JsonObject:
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "use": key.use,
        "state": key.state,
        "from": _unix(key.valid_from),
        "until": _unix_or_none(key.valid_until),
        "compromised_at": _unix_or_none(key.compromised_at),
        "jwk": dict(key.jwk),
    }


def _type(value: JsonValue) -> TrustedType:
    members = _members(value, "slug version context context_sha256 type_sha256", "a type")
    slug, digests = members["slug"], (members["context_sha256"], members["type_sha256"])
    if not isinstance(slug, str) or not _TYPE_SLUG.fullmatch(slug):
        _bad("the slug of a type is malformed")
    if not all(isinstance(digest, str) and _SHA256.fullmatch(digest) for digest in digests):
        _bad("a digest is not 64 lower-case hexadecimal digits")
    version = _count(members["version"], "version")
    return TrustedType(slug, version, _text(members["context"], "context"), str(digests[0]), str(digests[1]))


def _window(members: JsonObject) -> tuple[datetime, datetime | None]:
    start = _instant(members["from"], "from")
    end = None if members["until"] is None else _instant(members["until"], "until")
    if end is not None and end < start:
        _bad("until lies before from")
    return start, end


def _bad(sentence: str) -> NoReturn:
    raise TrustFault("trust_bad", f"a trusted list is malformed: {sentence}")


def _members(value: JsonValue, names: str, what: str) -> JsonObject:
    if not isinstance(value, dict) or value.keys() != set(names.split()):
        _bad(f"{what} has not exactly the members {names}")
    return value


def _items(value: JsonValue, read: Callable[[JsonValue], _Item], what: str) -> tuple[_Item, ...]:
    if not isinstance(value, list):
        _bad(f"{what} is not an array")
    return tuple(read(item) for item in value)


def _text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 512:
        _bad(f"{what} is not a text of 1 to 512 characters")
    return value


def _one_of(value: JsonValue, allowed: frozenset[str], what: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        _bad(f"{what} is not one of {', '.join(sorted(allowed))}")
    return value


def _count(value: JsonValue, what: str) -> int:
    if type(value) is not int or value < 1:
        _bad(f"{what} is not a whole number from 1")
    return value


def _instant(value: JsonValue, what: str) -> datetime:
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        _bad(f"{what} is not a whole number of seconds from 1970 to 9999")
    return _EPOCH + timedelta(seconds=value)


def _unix(instant: datetime) -> int:
    if instant.tzinfo is None:
        _bad("an instant has no zone")
    return int(instant.timestamp())


def _unix_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else _unix(instant)
