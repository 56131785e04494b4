"""Who calls: from the bearer token of a request to the agency and client on whose behalf an act is done."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from elicence.api.access_tokens import AccessClaims, AccessTokens
from elicence.api.requests import header_once
from elicence.errors import CallRefused
from elicence.issuer.desk import Caller
from elicence.registry.agencies import (
    AgencyRecord,
    ClientRecord,
    OperatorRecord,
    agency_by_id,
    client_by_id,
    operators_of,
)
from elicence.registry.registry import Registry
from elicence.registry.unit import Reader

__all__ = ["Callers", "Identity"]

_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""How long a client that was disabled may still get in."""
_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller that is known: what its token allows, and what the registry knows of it."""

    agency: AgencyRecord
    client: ClientRecord
    claims: AccessClaims
    looked_at: datetime
    operators: frozenset[str]
    """The agency's people who may act."""

    def caller(self, operator_id: str | None = None) -> Caller:
        """On whose behalf the issuer acts."""
        return Caller(self.agency, client_id=self.client.id, operator_id=operator_id, use=self.client.use)


class Callers:
    """Knows callers by their tokens; a token that was read once is remembered, its client looked up every 5 seconds."""

    def __init__(self, registry: Registry, tokens: AccessTokens, clock: Callable[[], datetime]) -> None:
        self._registry, self._tokens, self._clock = registry, tokens, clock
        self._known: dict[str, Identity] = {}

    def token_of(self, request: Request) -> str:
        """The bearer token of the request; `CallRefused` token_missing or token_invalid."""
        value = header_once(request, "authorization")
        if value is None:
            raise CallRefused("token_missing", "Send an access token: Authorization: Bearer …")
        found = _BEARER.fullmatch(value.strip())
        if found is None:
            raise CallRefused("token_invalid", "The Authorization header holds no bearer token.")
        return found[1]

    def remembered(self, token: str) -> Identity | None:
        """Whose token it is, if that is known and fresh; needs no look at the store."""
        identity, now = self._known.get(token), self._clock()
        if identity is None or abs(now - identity.looked_at) >= _LOOK_AGAIN:
            return None
        if identity.claims.expires_at <= now.timestamp():
            return None
        return identity

    def look_up(self, token: str) -> Identity:
        """Whose token it is; blocks. `CallRefused` token_invalid, token_expired."""
        now = self._clock()
        claims = self._tokens.read(token, now=now)

        def look(reader: Reader) -> tuple[ClientRecord | None, AgencyRecord | None, tuple[OperatorRecord, ...]]:
            agency_id = claims.agency_id
            return (
                client_by_id(reader, claims.client_id),
                agency_by_id(reader, agency_id),
                operators_of(reader, agency_id),
            )

        client, agency, people = self._registry.read(look)
        if client is None or agency is None or client.agency_id != agency.id or client.disabled_at is not None:
            self._known.pop(token, None)
            raise CallRefused("token_invalid", "The client of this access token may not call any more.")
        operators = frozenset(each.id for each in people if each.disabled_at is None)
        identity = Identity(agency, client, claims, now, operators)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[token] = identity
        return identity
