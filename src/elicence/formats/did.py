"""One key set, published several ways: did:web documents, JWK Sets and SD-JWT VC issuer metadata.

W3C DID 1.0 and the did:web method; RFC 7517 §5; SD-JWT VC, "JWT VC Issuer Metadata". A retired key stays published
as long as anything it signed may be shown. A compromised key is marked `revoked` in the DID document, where readers
are told not to believe it for any time, and leaves the JWK Set.

>>> did_web("https://licences.example.cn", "housing")
'did:web:licences.example.cn:a:housing'
>>> did_web("http://localhost:8000", "housing")
'did:web:localhost%3A8000:a:housing'
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, JsonValue

__all__ = ["PublishedKey", "check_base_url", "did_document", "did_web", "https_id", "issuer_metadata", "jwks"]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PORT = r"(?::[1-9][0-9]{0,4})?"
_BASE_URL = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})*{_PORT}|http://localhost{_PORT}", re.ASCII)
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,11}", re.ASCII)
_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1")


class PublishedKey(Protocol):
    """What publishing needs to know of a key; `TrustedKey` is one."""

    @property
    def kid(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def compromised_at(self) -> datetime | None: ...
    @property
    def jwk(self) -> Mapping[str, JsonValue]: ...


def check_base_url(base_url: str) -> str:
    """The base URL unchanged if it is `https://host[:port]` or `http://localhost[:port]`, else FormatError."""
    if not _BASE_URL.fullmatch(base_url):
        raise FormatError(
            "identifier_bad", "a base URL is https://host[:port] in lower case, or http://localhost[:port]"
        )
    return base_url


def did_web(base_url: str, slug: str) -> str:
    """The agency's DID: `did:web:<host[%3Aport]>:a:<slug>`; the method wants the colon of a port encoded."""
    host = check_base_url(base_url).partition("://")[2].replace(":", "%3A")
    return f"did:web:{host}:a:{_checked_slug(slug)}"


def https_id(base_url: str, slug: str) -> str:
    """The agency's other name, for formats that want an https identifier."""
    return f"{check_base_url(base_url)}/a/{_checked_slug(slug)}"


def did_document(did: str, https_id: str, keys: Iterable[PublishedKey]) -> JsonObject:
    """The DID document at `<https id>/did.json` (DID 1.0 §5; JsonWebKey methods as VC-JOSE-COSE §4 asks)."""
    methods: list[JsonObject] = []
    trusted: list[str] = []
    for key in keys:
        method_id = f"{did}#{key.kid}"
        method: JsonObject = {"id": method_id, "type": "JsonWebKey", "controller": did, "publicKeyJwk": _jwk(key)}
        if key.state == "compromised":
            method["revoked"] = _stamp(key.compromised_at)
        else:
            trusted.append(method_id)
        methods.append(method)
    return {
        "@context": list(_CONTEXT),
        "id": did,
        "alsoKnownAs": [https_id],
        "verificationMethod": methods,
        "assertionMethod": trusted,
    }


def jwks(keys: Iterable[PublishedKey]) -> JsonObject:
    """The JWK Set of every key that may still be believed; each `kid` is a bare thumbprint."""
    return {"keys": [_jwk(key) for key in keys if key.state != "compromised"]}


def issuer_metadata(https_id: str, keys: Iterable[PublishedKey]) -> JsonObject:
    """The document at `/.well-known/jwt-vc-issuer/a/<slug>`: the issuer and its keys, no second request needed."""
    return {"issuer": https_id, "jwks": jwks(keys)}


def _jwk(key: PublishedKey) -> JsonObject:
    members: JsonObject = {name: key.jwk[name] for name in ("kty", "crv", "x", "y")}
    return members | {"kid": key.kid, "alg": "ES256", "use": "sig"}


def _stamp(instant: datetime | None) -> str:
    if instant is None or instant.tzinfo is None:
        raise FormatError("jwk_bad", "a compromised key needs the aware instant from which it is not believed")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked_slug(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise FormatError("identifier_bad", "an agency slug is 2 to 12 of a-z 0-9 - and starts with a letter")
    return slug
