"""The offline bundle: everything for verifying without a network as one signed document, which says its age.

The parts are the published files, exact texts beside exact names. A manifest names every part with its SHA-256 and says
when the bundle was made and until when it serves; the roots sign it as they sign the trusted list, with a `typ` of its
own: `{…, "manifest": <base64url payload>, "signatures": [<compact JWT>, …], …parts}`. docs/trust-bundle.md is the
specification. Here bytes become values and back; whom to believe is judged by verifier/bundle.py.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from elicence.errors import FormatError, TrustFault
from elicence.formats.did import check_base_url
from elicence.formats.encoding import JsonObject, JsonValue, b64url_decode, b64url_encode, compact_json, parse_json
from elicence.formats.jws import Jws, parse_jws
from elicence.formats.trusted_list import MAX_SIGNATURES

__all__ = [
    "MAX_BUNDLE",
    "TYP",
    "BundleParts",
    "Manifest",
    "decode_manifest",
    "document",
    "encode_manifest",
    "header",
    "parse_document",
]

TYP: Final = "licence-bundle+jwt"
MAX_BUNDLE: Final = 33_554_432
"""Bytes of a whole bundle; many hundred agencies with a list or two each have a tenth of it."""
_MAX_MANIFEST: Final = 4_194_304

_GROUPS: Final = ("status_lists", "types", "contexts", "dictionaries")
_DOCUMENT: Final = {"object", "base_url", "manifest", "signatures", "trusted_list", *_GROUPS}
_MANIFEST: Final = {"iss", "iat", "exp", "trusted_list", *_GROUPS}
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_LONGEST_NAME: Final = 512
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z

Digests = Mapping[str, Mapping[str, str]]
"""SHA-256 of every part, hexadecimal, by group and name."""


@dataclass(frozen=True, slots=True)
class BundleParts:
    """The files in the bundle: the trusted list; status list tokens by URL; types and contexts by place; dictionaries
    by id."""

    trusted_list: str
    status_lists: Mapping[str, str]
    types: Mapping[str, str]
    contexts: Mapping[str, str]
    dictionaries: Mapping[int, bytes]

    def digests(self) -> tuple[str, Digests]:
        """That of the trusted list, and those of everything else."""
        texts = {"status_lists": self.status_lists, "types": self.types, "contexts": self.contexts}
        found = {group: {name: _sha256(text.encode()) for name, text in each.items()} for group, each in texts.items()}
        found["dictionaries"] = {str(number): _sha256(content) for number, content in self.dictionaries.items()}
        return _sha256(self.trusted_list.encode()), found


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the roots sign of a bundle: whose it is, when it was made, until when it serves, and what is in it."""

    issuer: str
    issued_at: datetime
    expires_at: datetime
    trusted_list: str
    digests: Digests

    def names(self, parts: BundleParts) -> bool:
        """Whether the manifest names exactly these parts: no other, none missing, not a byte changed."""
        return parts.digests() == (self.trusted_list, self.digests)


def header(kid: str) -> JsonObject:
    """The protected header of each signature; `kid` is the root key's thumbprint."""
    return {"alg": "ES256", "typ": TYP, "kid": kid}


def encode_manifest(manifest: Manifest) -> bytes:
    """The exact bytes to sign; a manifest that `decode_manifest` would refuse is refused here."""
    groups: JsonObject = {group: dict(sorted(manifest.digests[group].items())) for group in _GROUPS}
    members: JsonObject = {
        "iss": manifest.issuer,
        "iat": int(manifest.issued_at.timestamp()),
        "exp": int(manifest.expires_at.timestamp()),
        "trusted_list": manifest.trusted_list,
    }
    data = compact_json(members | groups)
    decode_manifest(data)
    return data


def decode_manifest(data: bytes) -> Manifest:
    """The manifest in a payload; TrustFault `trust_bad` unless every member is there and fits."""
    try:
        members = _members(parse_json(data, max_bytes=_MAX_MANIFEST), _MANIFEST, "the manifest")
        issuer = check_base_url(_text(members["iss"], "iss"))
    except FormatError as error:
        _bad(error.message)
    manifest = Manifest(
        issuer,
        _instant(members["iat"]),
        _instant(members["exp"]),
        _digest(members["trusted_list"]),
        {group: {name: _digest(each) for name, each in _named(members[group], group)} for group in _GROUPS},
    )
    if manifest.issued_at >= manifest.expires_at:
        _bad("it ends before it begins")
    return manifest


def document(issuer: str, manifest: bytes, jwts: Iterable[str], parts: BundleParts) -> bytes:
    """The published file; TrustFault `trust_too_large` where no reader would take it."""
    dictionaries: JsonObject = {str(number): b64url_encode(each) for number, each in parts.dictionaries.items()}
    data = compact_json(
        {
            "object": "trust_bundle",
            "base_url": issuer,
            "manifest": b64url_encode(manifest),
            "signatures": list(jwts),
            "trusted_list": parts.trusted_list,
            "status_lists": dict(parts.status_lists),
            "types": dict(parts.types),
            "contexts": dict(parts.contexts),
            "dictionaries": dictionaries,
        }
    )
    if len(data) > MAX_BUNDLE:
        _too_large(len(data))
    return data


def parse_document(data: bytes) -> tuple[bytes, tuple[Jws, ...], BundleParts]:
    """Manifest bytes, the unjudged signatures over them, and the parts; TrustFault if any JWT carries another payload.

    Whether the manifest names these parts is for the caller to ask, once the signatures are judged.
    """
    if len(data) > MAX_BUNDLE:
        _too_large(len(data))
    try:
        members = _members(parse_json(data, max_bytes=MAX_BUNDLE), _DOCUMENT, "the document")
        segment, jwts = members["manifest"], members["signatures"]
        if not isinstance(segment, str) or not isinstance(jwts, list) or not 1 <= len(jwts) <= MAX_SIGNATURES:
            _bad(f"it needs the manifest as text and 1 to {MAX_SIGNATURES} signatures")
        payload, signatures = b64url_decode(segment), tuple(_signature(jwt, segment) for jwt in jwts)
        dictionaries = {_number(name): b64url_decode(text) for name, text in _texts(members, "dictionaries").items()}
    except FormatError as error:
        _bad(error.message)
    if (members["object"], members["base_url"]) != ("trust_bundle", decode_manifest(payload).issuer):
        _bad("it is not a bundle of the registry that its manifest names")
    lists, types, contexts = (_texts(members, group) for group in _GROUPS[:3])
    trusted_list = members["trusted_list"]
    if not isinstance(trusted_list, str):
        _bad("the trusted list is not text")
    return payload, signatures, BundleParts(trusted_list, lists, types, contexts, dictionaries)


def _signature(jwt: JsonValue, segment: str) -> Jws:
    if not isinstance(jwt, str) or jwt.split(".")[1:2] != [segment]:
        _bad("a signature is not over the manifest beside it")
    return parse_jws(jwt, typ=TYP, max_chars=2 * _MAX_MANIFEST)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _members(value: JsonValue, names: set[str], what: str) -> JsonObject:
    if not isinstance(value, dict) or value.keys() != names:
        _bad(f"{what} has not exactly the members {', '.join(sorted(names))}")
    return value


def _named(value: JsonValue, what: str) -> Iterable[tuple[str, JsonValue]]:
    if not isinstance(value, dict) or any(not 0 < len(name) <= _LONGEST_NAME for name in value):
        _bad(f"{what} is not an object with names of 1 to {_LONGEST_NAME} characters")
    return value.items()


def _texts(members: JsonObject, group: str) -> Mapping[str, str]:
    return {name: _whole_text(each, group) for name, each in _named(members[group], group)}


def _whole_text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str):
        _bad(f"a part of {what} is not text")
    return value


def _text(value: JsonValue, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        _bad(f"{what} is not a text of 1 to {_LONGEST_NAME} characters")
    return value


def _digest(value: JsonValue) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        _bad("a digest is not 64 lower-case hexadecimal digits")
    return value


def _number(name: str) -> int:
    if not _NUMBER.fullmatch(name):
        _bad("a dictionary has no number from 1 to 999")
    return int(name)


def _instant(value: JsonValue) -> datetime:
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        _bad("an instant is not a whole number of seconds from 1970 to 9999")
    return _EPOCH + timedelta(seconds=value)


def _bad(sentence: str) -> NoReturn:
    raise TrustFault("trust_bad", f"an offline bundle is malformed: {sentence}")


def _too_large(size: int) -> NoReturn:
    raise TrustFault("trust_too_large", f"an offline bundle has {size} bytes; allowed are {MAX_BUNDLE}")
