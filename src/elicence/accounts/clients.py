"""Clients: the systems of an agency that may call, what they prove themselves with, and what they may ask for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from elicence.errors import FormatError, NotFound, Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue, b64url_encode, compact_json
from elicence.formats.jwk import VerificationKey
from elicence.licences.ids import new_id
from elicence.licences.text_policy import clean_text
from elicence.registry import agencies as stored
from elicence.registry.agencies import AgencyRecord, ClientRecord
from elicence.registry.registry import Registry
from elicence.registry.unit import Reader, Unit

__all__ = [
    "DEFAULT_SCOPES",
    "RATE_CLASSES",
    "SCOPES",
    "ClientRequest",
    "NewClient",
    "add_client",
    "agency_of_client",
    "disable_client",
    "list_clients",
    "new_secret",
    "secret_digest",
]

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "licences:issue": "Issue and validate licences.",
        "licences:read": "Read licences, histories, credentials, codes, and proposals that wait.",
        "licences:change": "Suspend, reinstate, revoke, renew and correct licences.",
        "licences:approve": "Approve and decline proposals on behalf of an operator.",
    }
)
DEFAULT_SCOPES = ("licences:issue", "licences:read", "licences:change")
"""What a client may do unless it is said. Approving is not among it: the system that proposes is best not the one that
approves, because a client speaks for its operators."""
RATE_CLASSES = ("standard", "bulk")

_SECRET_BYTES = 32
_LONGEST_NAME = 80
_MOST_KEYS = 8


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What is asked for. With `public_keys` (JWKs) the client signs assertions (RFC 7523) and has no secret.

    `use` test makes everything the client issues a test licence, signed by the agency's test key.
    """

    name: str
    scopes: Sequence[str] = DEFAULT_SCOPES
    rate_class: str = "standard"
    use: str = "live"
    public_keys: Sequence[JsonValue] = ()


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client and the secret that nobody will be shown again; None for one that signs."""

    record: ClientRecord
    secret: str | None


def add_client(
    registry: Registry,
    agency: AgencyRecord,
    asked: ClientRequest,
    *,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> NewClient:
    """Writes the client down; raises `RequestError` with every problem of what was asked."""
    name, keys = _checked(asked)
    secret = None if keys else _draw(asked.use, entropy)
    record = ClientRecord(
        agency_id=agency.id,
        id=new_id("cli", now, entropy),
        name=name,
        created_at=now,
        secret_digest=None if secret is None else secret_digest(secret),
        public_keys=compact_json({"keys": keys}) if keys else None,
        scopes=" ".join(scope for scope in SCOPES if scope in asked.scopes),
        rate_class=asked.rate_class,
        use=asked.use,
    )
    registry.submit(lambda unit: stored.add_client(unit, record))
    return NewClient(record, secret)


def list_clients(registry: Registry, agency: AgencyRecord) -> tuple[ClientRecord, ...]:
    """The agency's clients, oldest first."""
    return registry.read(lambda reader: stored.clients_of(reader, agency.id))


def agency_of_client(registry: Registry, client_id: str) -> AgencyRecord:
    """Whose system it is; raises `NotFound` client_not_found."""

    def look(reader: Reader) -> AgencyRecord | None:
        client = stored.client_by_id(reader, client_id)
        return None if client is None else stored.agency_by_id(reader, client.agency_id)

    agency = registry.read(look)
    if agency is None:
        raise NotFound("client_not_found", "There is no such client.")
    return agency


def disable_client(registry: Registry, agency: AgencyRecord, client_id: str, *, now: datetime) -> ClientRecord:
    """The client gets no more tokens, and those it has count for a few seconds at most. Once is for good."""

    def work(unit: Unit) -> ClientRecord:
        client = _find(unit, agency, client_id)
        return client if client.disabled_at is not None else _change(unit, client, disabled_at=now)

    return registry.submit(work)


def new_secret(
    registry: Registry, agency: AgencyRecord, client_id: str, *, entropy: Callable[[int], bytes]
) -> NewClient:
    """Another secret; the one before is good no more. Tokens it was already given stay good until they end."""

    def work(unit: Unit) -> NewClient:
        client = _find(unit, agency, client_id)
        if client.public_keys is not None:
            raise RequestError("validation_failed", "The client signs its requests for tokens: it has no secret.")
        if client.disabled_at is not None:
            raise RequestError("validation_failed", "The client is disabled for good; add another one.")
        secret = _draw(client.use, entropy)
        return NewClient(_change(unit, client, secret_digest=secret_digest(secret)), secret)

    return registry.submit(work)


def secret_digest(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so no slow hash is needed against guessing."""
    return hashlib.sha256(secret.encode("utf-8", errors="replace")).digest()


def _draw(use: str, entropy: Callable[[int], bytes]) -> str:
    return f"els_{use}_{b64url_encode(entropy(_SECRET_BYTES))}"


def _find(reader: Reader, agency: AgencyRecord, client_id: str) -> ClientRecord:
    client = stored.client_by_id(reader, client_id)
    if client is None or client.agency_id != agency.id:
        raise NotFound("client_not_found", "The agency has no such client.")
    return client


def _change(unit: Unit, client: ClientRecord, **changes: datetime | bytes) -> ClientRecord:
    changed = replace(client, **changes)  # type: ignore[arg-type]
    stored.change_client(unit, changed)
    return changed


def _checked(asked: ClientRequest) -> tuple[str, list[JsonObject]]:
    """The clean name and the bare public keys."""
    problems: list[Problem] = []
    name = clean_text(asked.name.strip(), pointer="/name")
    if not 0 < len(name) <= _LONGEST_NAME:
        problems.append(
            Problem("/name", "too_long" if name else "too_short", f"A name has 1 to {_LONGEST_NAME} characters.")
        )
    if not asked.scopes or not set(asked.scopes) <= set(SCOPES):
        problems.append(Problem("/scopes", "not_allowed_value", f"Scopes are {', '.join(SCOPES)}, at least one."))
    for field, value, allowed in (
        ("rate_class", asked.rate_class, RATE_CLASSES),
        ("use", asked.use, ("live", "test")),
    ):
        if value not in allowed:
            problems.append(Problem(f"/{field}", "not_allowed_value", f"Allowed are {' and '.join(allowed)}."))
    keys = _bare_keys(asked.public_keys, problems)
    if problems:
        raise RequestError("validation_failed", "The client cannot be made as asked.", problems)
    return name, keys


def _bare_keys(given: Sequence[JsonValue], problems: list[Problem]) -> list[JsonObject]:
    """P-256 public keys, each with its thumbprint as `kid`: what an assertion names."""
    if len(given) > _MOST_KEYS:
        problems.append(Problem("/public_keys", "too_many", f"A client has at most {_MOST_KEYS} keys."))
        return []
    keys: list[JsonObject] = []
    for place, jwk in enumerate(given):
        try:
            key = VerificationKey.from_jwk(jwk)
        except FormatError as error:
            problems.append(Problem(f"/public_keys/{place}", "schema", error.message))
        else:
            keys.append({**key.jwk, "kid": key.kid, "alg": key.alg})
    return keys
