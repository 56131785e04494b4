"""Access tokens: short-lived JWTs (RFC 9068) by which a client is known, signed by the registry's own key for them.

A token of any other kind, a licence or a status list say, has another `typ` and another key, and is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from elicence.bootstrap import Assembly
from elicence.errors import CallRefused, Conflict, FormatError, NotFound
from elicence.formats.encoding import JsonObject, compact_json, parse_json
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import assemble, parse_jws, signing_input, verify_jws
from elicence.keys.keyring import KeyState, Purpose
from elicence.licences.ids import new_id
from elicence.registry.agencies import ClientRecord

__all__ = ["LIFETIME", "AccessClaims", "AccessTokens"]

LIFETIME: Final = timedelta(minutes=10)
TYP: Final = "at+jwt"
_LONGEST: Final = 4096
_MEMBERS: Final = frozenset({"iss", "aud", "sub", "client_id", "agency_id", "scope", "iat", "exp", "jti"})


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a genuine token says: the client, its agency, what it may do, and until when (unix seconds)."""

    client_id: str
    agency_id: str
    scopes: frozenset[str]
    expires_at: int


class AccessTokens:
    """Makes and reads access tokens of one registry."""

    def __init__(self, assembly: Assembly) -> None:
        """Makes the key that signs them, if the registry has none yet."""
        self._assembly = assembly
        self._base_url = assembly.desk.base_url
        self._make_key_once()

    def make(self, client: ClientRecord, scopes: Sequence[str], *, now: datetime) -> str:
        """A token for the client, good for `LIFETIME`."""
        desk = self._assembly.desk
        signer = desk.chest.signer_for(None, Purpose.ACCESS_TOKEN, now)
        issued_at = int(now.timestamp())
        claims: JsonObject = {
            "iss": self._base_url, "aud": self._base_url, "sub": client.id, "client_id": client.id,
            "agency_id": client.agency_id, "scope": " ".join(scopes), "iat": issued_at,
            "exp": issued_at + int(LIFETIME.total_seconds()), "jti": new_id("tok", now, desk.entropy),
        }  # fmt: skip
        header: JsonObject = {"alg": signer.alg, "typ": TYP, "kid": signer.kid}
        to_sign = signing_input(header, compact_json(claims))
        return assemble(to_sign, signer.sign(to_sign))

    def read(self, token: str, *, now: datetime) -> AccessClaims:
        """What the token says; `CallRefused` token_invalid or token_expired."""
        try:
            jws = parse_jws(token, typ=TYP, max_chars=_LONGEST)
            verify_jws(jws, self._key(jws.kid))
            claims = parse_json(jws.payload)
        except (FormatError, NotFound):
            raise _invalid() from None
        if not isinstance(claims, dict) or set(claims) != _MEMBERS:
            raise _invalid()
        if (claims["iss"], claims["aud"]) != (self._base_url, self._base_url):
            raise _invalid()
        expires_at = claims["exp"]
        if not isinstance(expires_at, int) or expires_at <= now.timestamp():
            raise CallRefused("token_expired", "The access token has expired; ask for another one.")
        scopes = frozenset(str(claims["scope"]).split())
        return AccessClaims(str(claims["client_id"]), str(claims["agency_id"]), scopes, expires_at)

    def _key(self, kid: str) -> VerificationKey:
        entry = self._assembly.desk.chest.keyring.get(kid)
        if entry.purpose is not Purpose.ACCESS_TOKEN or entry.state is KeyState.COMPROMISED:
            raise _invalid()
        return _verification_key(kid, compact_json(entry.public_jwk))

    def _make_key_once(self) -> None:
        chest, maker = self._assembly.desk.chest, self._assembly.maker
        if chest.keyring.active(None, Purpose.ACCESS_TOKEN):
            return
        made = maker.make_active(
            chest.keyring, agency=None, purpose=Purpose.ACCESS_TOKEN, now=self._assembly.clock()
        )  # fmt: skip
        try:
            self._assembly.save_keyring(made)
        except Conflict:
            # Another process has just changed the keyring, and most likely for the same reason.
            if not chest.keyring.active(None, Purpose.ACCESS_TOKEN):
                raise


@lru_cache(maxsize=64)
def _verification_key(_kid: str, jwk: bytes) -> VerificationKey:
    return VerificationKey.from_jwk(parse_json(jwk))


def _invalid() -> CallRefused:
    return CallRefused("token_invalid", "This is no access token of this registry.")
