"""Who may act: agencies, their clients and operators, and what they were granted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, update

from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyRecord:
    """An agency: who issues. `region` is its administrative division, six digits."""

    id: str
    slug: str
    name_zh: str
    name_en: str
    uscc: str
    region: str
    contact: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRecord:
    """A system of an agency that may call.

    `secret_digest` is the SHA-256 of its secret, `public_keys` a JWK Set; either may be None. `scopes` are words
    separated by spaces, `use` says whether what it issues is live or test.
    """

    agency_id: str
    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None = None
    secret_digest: bytes | None = None
    public_keys: bytes | None = None
    scopes: str = ""
    rate_class: str = "standard"
    use: str = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRow:
    """An assertion a client has used; `digest` is the SHA-256 of its id."""

    agency_id: str
    client_id: str
    digest: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRecord:
    """A person of an agency."""

    agency_id: str
    id: str
    name: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRecord:
    """One agency may issue one type, in one region (None: anywhere), for a time; `four_eyes` asks a second operator."""

    agency_id: str
    id: str
    type_slug: str
    region: str | None = None
    valid_from: datetime
    valid_until: datetime | None = None
    four_eyes: bool = False
    created_at: datetime


_AGENCIES = Rows(tables.Agency, AgencyRecord)
_CLIENTS = Rows(tables.Client, ClientRecord)
_ASSERTIONS = Rows(tables.ClientAssertion, AssertionRow)
_OPERATORS = Rows(tables.Operator, OperatorRecord)
_GRANTS = Rows(tables.Grant, GrantRecord)

_ALL_AGENCIES = Statement(_AGENCIES.select().order_by(_AGENCIES.table.c.slug))
_AGENCY_BY_SLUG = Statement(_AGENCIES.select(slug="slug"))
_AGENCY_BY_ID = Statement(_AGENCIES.select(id="agency_id"))
_CLIENTS_OF = Statement(_CLIENTS.select(agency_id="agency_id").order_by(_CLIENTS.table.c.id))
_CLIENT_BY_ID = Statement(_CLIENTS.select(id="client_id"))
_client = _CLIENTS.table.c
# Whoever was disabled stays so, also where another process read the client before that.
_CHANGE_CLIENT = Statement(
    update(_CLIENTS.table)
    .where(_client.agency_id == bindparam("of_agency"), _client.id == bindparam("of_client"))
    .values(
        disabled_at=func.coalesce(_client.disabled_at, bindparam("disabled_at", type_=_client.disabled_at.type)),
        secret_digest=bindparam("secret_digest"),
    )
)
_ONE_ASSERTION = Statement(_ASSERTIONS.select(agency_id="agency_id", client_id="client_id", digest="digest"))
_FORGET = delete(_ASSERTIONS.table).where(_ASSERTIONS.table.c.expires_at < bindparam("now"))
_OPERATORS_OF = Statement(_OPERATORS.select(agency_id="agency_id").order_by(_OPERATORS.table.c.id))
_GRANTS_FOR = Statement(
    _GRANTS.select(agency_id="agency_id", type_slug="type_slug").order_by(_GRANTS.table.c.id)
)  # fmt: skip
_GRANTS_OF = Statement(_GRANTS.select(agency_id="agency_id").order_by(_GRANTS.table.c.id))


def add_agency(unit: Unit, agency: AgencyRecord) -> None:
    """Raises `Conflict` agency_exists: a slug is never used twice, because issuer ids are made of it."""
    _AGENCIES.add(unit, agency)


def agencies(reader: Reader) -> tuple[AgencyRecord, ...]:
    """All agencies, by slug."""
    return _AGENCIES.all(reader, _ALL_AGENCIES, {})


def agency_by_slug(reader: Reader, slug: str) -> AgencyRecord | None:
    """The agency of this slug, or None."""
    return _AGENCIES.first(reader, _AGENCY_BY_SLUG, {"slug": slug})


def agency_by_id(reader: Reader, agency_id: str) -> AgencyRecord | None:
    """The agency of this id, or None."""
    return _AGENCIES.first(reader, _AGENCY_BY_ID, {"agency_id": agency_id})


def add_client(unit: Unit, client: ClientRecord) -> None:
    """Enter a system that may call for its agency."""
    _CLIENTS.add(unit, client)


def clients_of(reader: Reader, agency_id: str) -> tuple[ClientRecord, ...]:
    """The agency's systems, oldest first."""
    return _CLIENTS.all(reader, _CLIENTS_OF, {"agency_id": agency_id})


def client_by_id(reader: Reader, client_id: str) -> ClientRecord | None:
    """The client of this id, of whatever agency, or None."""
    return _CLIENTS.first(reader, _CLIENT_BY_ID, {"client_id": client_id})


def change_client(unit: Unit, client: ClientRecord) -> None:
    """Write down that a client was disabled, or has another secret."""
    unit.change(
        _CHANGE_CLIENT,
        {
            "of_agency": client.agency_id, "of_client": client.id, "disabled_at": client.disabled_at,
            "secret_digest": client.secret_digest,
        },
    )  # fmt: skip


def use_assertion(unit: Unit, row: AssertionRow, *, now: datetime) -> bool:
    """Note that an assertion was used, and forget those that have expired; False if it was used before."""
    unit.execute(_FORGET, {"now": now})
    known = {"agency_id": row.agency_id, "client_id": row.client_id, "digest": row.digest}
    if _ASSERTIONS.first(unit, _ONE_ASSERTION, known) is not None:
        return False
    _ASSERTIONS.add(unit, row)
    return True


def add_operator(unit: Unit, operator: OperatorRecord) -> None:
    """Enter a person who may act for the agency."""
    _OPERATORS.add(unit, operator)


def operators_of(reader: Reader, agency_id: str) -> tuple[OperatorRecord, ...]:
    """The agency's people, oldest first."""
    return _OPERATORS.all(reader, _OPERATORS_OF, {"agency_id": agency_id})


def add_grant(unit: Unit, grant: GrantRecord) -> None:
    """Let an agency issue a type."""
    _GRANTS.add(unit, grant)


def grants_of(reader: Reader, agency_id: str) -> tuple[GrantRecord, ...]:
    """All grants an agency ever had; which one covers a request is decided by `licences.grant`."""
    return _GRANTS.all(reader, _GRANTS_OF, {"agency_id": agency_id})


def grants_for(reader: Reader, agency_id: str, type_slug: str) -> tuple[GrantRecord, ...]:
    """Those of them that are for one licence type: an agency may hold some for hundreds."""
    return _GRANTS.all(reader, _GRANTS_FOR, {"agency_id": agency_id, "type_slug": type_slug})
