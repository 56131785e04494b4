"""What issuing writes: a licence, its version, holders, data key, verification code and, at the end, the credential."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, update

from elicence.errors import Conflict, NotFound
from elicence.registry import tables
from elicence.registry.rows import Rows, table_of
from elicence.registry.statements import Statement
from elicence.registry.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRow:
    """A licence apart from its versions."""

    agency_id: str
    id: str
    type_slug: str
    number: str
    external_ref: str | None = None
    region: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version. `open_claims` is JSON; `sealed_claims` is ciphertext of the restricted and closed ones."""

    agency_id: str
    licence_id: str
    version: int
    type_version: int
    licence_identifier: str
    valid_from: datetime
    valid_until: datetime | None = None
    valid_from_date: date
    valid_until_date: date | None = None
    open_claims: bytes
    sealed_claims: bytes | None = None
    verification_code: str
    supersedes: int | None = None
    verb: str
    region: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderRow:
    """A holder as of one version; `search_digest` is a keyed digest of the id, made with secret `digest_secret_id`."""

    agency_id: str
    licence_id: str
    version: int
    position: int
    kind: str
    open_name: str | None = None
    sealed_name: bytes | None = None
    id_scheme: str | None = None
    sealed_id: bytes | None = None
    digest_secret_id: str | None = None
    search_digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKeyRow:
    """A licence's data key, wrapped by the key-encryption secret `kek_id`."""

    agency_id: str
    licence_id: str
    kek_id: str
    wrapped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRow:
    """The signed credential: sealed text, and the digest of the text in clear."""

    agency_id: str
    licence_id: str
    version: int
    format: str
    kid: str
    sealed_text: bytes
    digest: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCodeRow:
    """What a typed code stands for."""

    code: str
    agency_id: str
    licence_id: str
    version: int


LICENCES = Rows(tables.Licence, LicenceRow, "row_version")
VERSIONS = Rows(tables.LicenceVersion, VersionRow)
HOLDERS = Rows(tables.Holder, HolderRow)
DATA_KEYS = Rows(tables.DataKey, DataKeyRow)
CREDENTIALS = Rows(tables.Credential, CredentialRow)
CODES = Rows(tables.VerificationCode, VerificationCodeRow)

_licence = table_of(tables.Licence)
_BUMP = (
    update(_licence)
    .where(_licence.c.agency_id == bindparam("of_agency"), _licence.c.id == bindparam("of_licence"))
    .values(row_version=_licence.c.row_version + 1, current_version=bindparam("current"))
    .returning(_licence.c.row_version)
)
_FREE = Statement(
    update(_licence)
    .where(
        _licence.c.agency_id == bindparam("of_agency"),
        _licence.c.id == bindparam("of_licence"),
        _licence.c.current_version.is_(None),
    )
    .values(given_up_at=bindparam("at"))
)
_BUMP_ANY = Statement(_BUMP)
_BUMP_IF = Statement(_BUMP.where(_licence.c.row_version == bindparam("expected")))


def insert_licence(unit: Unit, row: LicenceRow) -> None:
    """A licence with no current version yet, at row version 0. Raises `Conflict` number_taken."""
    LICENCES.add(unit, row, 0)


def free_number(unit: Unit, agency_id: str, licence_id: str, *, at: datetime) -> None:
    """Let the number of a licence that never had a version be used again; any other licence keeps its number."""
    unit.change(_FREE, {"of_agency": agency_id, "of_licence": licence_id, "at": at})


def insert_version(unit: Unit, row: VersionRow) -> None:
    """Raises `Conflict` version_mismatch when another change made this version first, number_taken for its number."""
    VERSIONS.add(unit, row)


def insert_holders(unit: Unit, rows: Iterable[HolderRow]) -> None:
    """The holders as of one version."""
    for row in rows:
        HOLDERS.add(unit, row)


def insert_data_key(unit: Unit, row: DataKeyRow) -> None:
    """One key for each licence, written with its first version."""
    DATA_KEYS.add(unit, row)


def insert_verification_code(unit: Unit, row: VerificationCodeRow) -> None:
    """Raises `CodeCollision` (elicence.registry.faults): roll back, draw another code, begin again."""
    CODES.add(unit, row)


def insert_credential(unit: Unit, row: CredentialRow) -> None:
    """Kept for ever: the tables refuse to change or remove it."""
    CREDENTIALS.add(unit, row)


def bump_licence(
    unit: Unit, agency_id: str, licence_id: str, *, current_version: int | None, expected: int | None = None
) -> int:
    """Count a change of the licence and name its current version; answers the new row version.

    With `expected`, raises `Conflict` version_mismatch unless the row version still is that one (`If-Match`).
    """
    parameters = {"of_agency": agency_id, "of_licence": licence_id, "current": current_version}
    if expected is None:
        row = unit.first(_BUMP_ANY, parameters)
    else:
        row = unit.first(_BUMP_IF, parameters | {"expected": expected})
    if row is not None:
        return int(row[0])
    if expected is None:
        raise NotFound("licence_not_found", "no such licence")
    raise Conflict("version_mismatch", "the licence has changed since it was read; read it again", expected=expected)
