"""`POST /oauth/token`: client credentials (RFC 6749 §4.4) by secret or by a signed assertion (RFC 7523), for a token.

Errors have the shape of RFC 6749 §5.2, which every OAuth library reads. Whatever is wrong with a client that claims to
be one of ours, the answer is the same `invalid_client`.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from elicence.accounts.clients import secret_digest
from elicence.api.access_tokens import LIFETIME
from elicence.api.reception import Reception
from elicence.api.requests import content_type, header_once, read_body
from elicence.errors import FormatError, StoreFault
from elicence.formats.encoding import JsonObject, parse_json
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import Jws, parse_jws, verify_jws
from elicence.licences.ids import parse_id
from elicence.registry.agencies import AssertionRow, ClientRecord, client_by_id, use_assertion

__all__ = ["TokenEndpoint"]

_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST: Final = 16_384
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_LIFE: Final = timedelta(minutes=10)
_LEEWAY: Final = timedelta(seconds=60)
_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_STATUSES: Final[Mapping[str, int]] = {"invalid_client": 401}


class _OAuthError(Exception):
    """Ends a request for a token; `code` is one of RFC 6749 §5.2."""

    def __init__(self, code: str, sentence: str, *, by_header: bool = False) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.by_header = code, sentence, by_header


@dataclass(frozen=True, slots=True)
class _Proof:
    """What the caller brought to show who it is: a client id with a secret, or an assertion that names it."""

    client_id: str
    secret: str | None = None
    assertion: str | None = None
    by_header: bool = False


class TokenEndpoint:
    """The endpoint, and the judgement of what clients bring."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._base_url = reception.desk.base_url

    async def issue_token(self, request: Request) -> Response:
        """A token, or an error that says as little as it may."""
        self._reception.admit_anybody(request, "tokens")
        try:
            form = await _form(request)
            proof = _proof(request, form)
            answer = await self._reception.run(self._answer, form, proof, now=self._reception.clock())
        except _OAuthError as error:
            return _refusal(error, request)
        return _json(answer, 200, {})

    def _answer(self, form: Mapping[str, str], proof: _Proof, *, now: datetime) -> JsonObject:
        client = self._client(proof, now)
        if form.get("grant_type") != "client_credentials":
            raise _OAuthError("unsupported_grant_type", "The only grant here is client_credentials.")
        granted = client.scopes.split()
        wanted = form["scope"].split() if "scope" in form else granted
        if not wanted or not set(wanted) <= set(granted):
            raise _OAuthError("invalid_scope", "The client was not given every scope it asks for.")
        scopes = [scope for scope in granted if scope in wanted]
        return {
            "access_token": self._reception.tokens.make(client, scopes, now=now),
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": " ".join(scopes),
        }

    def _client(self, proof: _Proof, now: datetime) -> ClientRecord:
        """The client that brought a good proof; for all others the same error."""
        client = self._find(proof.client_id)
        if client is not None and client.disabled_at is None:
            if proof.secret is not None and _is_secret(client, proof.secret):
                return client
            if proof.assertion is not None and self._is_assertion(client, proof.assertion, now):
                return client
        raise _OAuthError("invalid_client", "The client is not known by that proof.", by_header=proof.by_header)

    def _find(self, client_id: str) -> ClientRecord | None:
        try:
            parse_id("cli", client_id)
        except FormatError:
            return None
        return self._reception.assembly.registry.read(lambda reader: client_by_id(reader, client_id))

    def _is_assertion(self, client: ClientRecord, text: str, now: datetime) -> bool:
        """RFC 7523 §3: signed by one of the client's keys, about itself, for us, short-lived, and never seen before."""
        try:
            jws = parse_jws(text, typ=None)
            verify_jws(jws, _key_of(client, jws))
            claims = parse_json(jws.payload)
        except FormatError:
            return False
        if not isinstance(claims, dict) or str(jws.header.get("typ", "JWT")).lower() not in _TYPES:
            return False
        ends, jti = claims.get("exp"), claims.get("jti")
        if not (type(ends) is int and isinstance(jti, str) and jti):
            return False
        life = ends - now.timestamp()
        if not 0 < life <= (_LONGEST_LIFE + _LEEWAY).total_seconds() or not _has_begun(claims, now):
            return False
        if (claims.get("iss"), claims.get("sub")) != (client.id, client.id) or not self._is_for_us(claims):
            return False
        return self._is_new(client, jti, datetime.fromtimestamp(ends, UTC), now)

    def _is_for_us(self, claims: JsonObject) -> bool:
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        return len(named) == 1 and named[0] in (self._base_url, f"{self._base_url}/oauth/token")

    def _is_new(self, client: ClientRecord, jti: str, ends: datetime, now: datetime) -> bool:
        digest = hashlib.sha256(jti.encode("utf-8", errors="replace")).digest()
        row = AssertionRow(agency_id=client.agency_id, client_id=client.id, digest=digest, expires_at=ends)
        try:
            return self._reception.assembly.registry.submit(lambda unit: use_assertion(unit, row, now=now))
        except StoreFault as fault:
            if fault.facts.get("rule") == "pk_client_assertion":  # twice at once
                return False
            raise


def _has_begun(claims: JsonObject, now: datetime) -> bool:
    latest = (now + _LEEWAY).timestamp()
    times = [claims[name] for name in ("iat", "nbf") if name in claims]
    return all(type(time) is int and time <= latest for time in times)


def _key_of(client: ClientRecord, jws: Jws) -> VerificationKey:
    """The client's key that the assertion names; keys are kept under their thumbprints."""
    kept = parse_json(client.public_keys) if client.public_keys is not None else None
    keys = kept.get("keys") if isinstance(kept, dict) else None
    for jwk in keys if isinstance(keys, list) else []:
        key = VerificationKey.from_jwk(jwk)
        if key.kid == jws.kid:
            return key
    raise FormatError("sig_bad", "The client has no such key.")


def _is_secret(client: ClientRecord, secret: str) -> bool:
    return client.secret_digest is not None and hmac.compare_digest(client.secret_digest, secret_digest(secret))


async def _form(request: Request) -> Mapping[str, str]:
    if content_type(request) != _FORM:
        raise _OAuthError("invalid_request", f"The body must be {_FORM}.")
    try:
        pairs = parse_qsl(
            (await read_body(request, limit=_LARGEST)).decode("ascii"), keep_blank_values=True, strict_parsing=True,
            errors="strict", max_num_fields=20,
        )  # fmt: skip
    except (UnicodeDecodeError, ValueError):
        raise _OAuthError("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _OAuthError("invalid_request", "A parameter was sent twice.")
    return form


def _proof(request: Request, form: Mapping[str, str]) -> _Proof:
    """The one proof of identity in the request (RFC 6749 §2.3: never more than one)."""
    header = header_once(request, "authorization")
    kinds = [header is not None, "client_secret" in form, "client_assertion" in form]
    if sum(kinds) > 1:
        raise _OAuthError("invalid_request", "A client shows who it is in one way only.")
    if header is not None:
        return _basic(header)
    if "client_assertion" in form:
        if form.get("client_assertion_type") != _ASSERTION:
            raise _OAuthError("invalid_request", f"client_assertion_type must be {_ASSERTION}.")
        return _Proof(_subject(form["client_assertion"]), assertion=form["client_assertion"])
    if "client_secret" in form and form.get("client_id"):
        return _Proof(form["client_id"], secret=form["client_secret"])
    raise _OAuthError("invalid_client", "The request does not say who is asking.", by_header=True)


def _basic(header: str) -> _Proof:
    scheme, _, rest = header.partition(" ")
    try:
        name, colon, secret = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise _OAuthError("invalid_client", "The Authorization header is not Basic with id and secret.", by_header=True)
    return _Proof(unquote_plus(name), secret=unquote_plus(secret), by_header=True)


def _subject(assertion: str) -> str:
    """Whom the assertion is about, as it says itself: a name to look up, believed only with its signature."""
    try:
        claims = parse_json(parse_jws(assertion, typ=None).payload)
    except FormatError:
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else ""


def _refusal(error: _OAuthError, request: Request) -> Response:
    body = {
        "error": error.code, "error_description": error.sentence, "request_id": request.scope["state"]["request_id"],
    }  # fmt: skip
    headers = {"WWW-Authenticate": 'Basic realm="elicence"'} if error.by_header else {}
    return _json(body, _STATUSES.get(error.code, 400), headers)


def _json(body: Mapping[str, object], status: int, headers: Mapping[str, str]) -> Response:
    # RFC 6749 §5.1: no cache may keep it.
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache", **headers},
    )  # fmt: skip
