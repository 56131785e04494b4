"""Reading licences. Whoever asks names the agency; only a verification code is looked up without one."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_

from elicence.registry import tables
from elicence.registry.issuing import (
    CODES,
    CREDENTIALS,
    DATA_KEYS,
    HOLDERS,
    VERSIONS,
    CredentialRow,
    DataKeyRow,
    HolderRow,
    LicenceRow,
    VerificationCodeRow,
    VersionRow,
)
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.status import STATUSES
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLicence(LicenceRow):
    """A licence as it stands; `current_version` is None while its first credential is not signed yet."""

    current_version: int | None
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceFilter:
    """Which licences to list; None asks for all. `state` and holders are those of the current version.

    `search_digests`: any one of them, because digests of one id made with different secrets differ.
    """

    type_slug: str | None = None
    number: str | None = None
    state: str | None = None
    external_ref: str | None = None
    search_digests: tuple[bytes, ...] | None = None


EVERY_LICENCE = LicenceFilter()

_LICENCES = Rows(tables.Licence, StoredLicence)
_licence = _LICENCES.table.c
_ONE = _LICENCES.select(agency_id="agency_id", id="licence_id")
_BY_ID = Statement(_ONE)
# NO KEY UPDATE: excludes other changes of this licence, not the foreign-key locks of rows that belong to it.
_LOCK = Statement(_ONE.with_for_update(key_share=True))
_BY_NUMBER = Statement(_LICENCES.select(agency_id="agency_id", type_slug="type_slug", number="number"))
_PAGE = _LICENCES.select(agency_id="agency_id").order_by(_licence.id).limit(bindparam("limit"))
_VERSION = {"agency_id": "agency_id", "licence_id": "licence_id", "version": "version"}
_VERSIONS_OF = Statement(
    VERSIONS.select(agency_id="agency_id", licence_id="licence_id").order_by(VERSIONS.table.c.version)
)
_ONE_VERSION = Statement(VERSIONS.select(**_VERSION))
_HOLDERS_OF = Statement(HOLDERS.select(**_VERSION).order_by(HOLDERS.table.c.position))
_CREDENTIAL_OF = Statement(CREDENTIALS.select(**_VERSION, format="format"))
_DATA_KEY_OF = Statement(DATA_KEYS.select(agency_id="agency_id", licence_id="licence_id"))
_BY_CODE = Statement(CODES.select(code="code"))


def licence_by_id(reader: Reader, agency_id: str, licence_id: str) -> StoredLicence | None:
    """One licence of the agency, or None."""
    return _LICENCES.first(reader, _BY_ID, {"agency_id": agency_id, "licence_id": licence_id})


def lock_licence(unit: Unit, agency_id: str, licence_id: str) -> StoredLicence | None:
    """Read a licence and keep others from changing it until this unit ends."""
    return _LICENCES.first(unit, _LOCK, {"agency_id": agency_id, "licence_id": licence_id})


def licence_by_number(reader: Reader, agency_id: str, type_slug: str, number: str) -> StoredLicence | None:
    """The licence with the agency's own number, or None."""
    parameters = {"agency_id": agency_id, "type_slug": type_slug, "number": number}
    return _LICENCES.first(reader, _BY_NUMBER, parameters)


def by_verification_code(reader: Reader, code: str) -> VerificationCodeRow | None:
    """The version a typed code stands for, of whatever agency, or None."""
    return CODES.first(reader, _BY_CODE, {"code": code})


def versions_of(reader: Reader, agency_id: str, licence_id: str) -> tuple[VersionRow, ...]:
    """All versions, oldest first."""
    return VERSIONS.all(reader, _VERSIONS_OF, {"agency_id": agency_id, "licence_id": licence_id})


def version_row(reader: Reader, agency_id: str, licence_id: str, version: int) -> VersionRow | None:
    """One version, or None."""
    return VERSIONS.first(reader, _ONE_VERSION, _of(agency_id, licence_id, version))


def holders_of(reader: Reader, agency_id: str, licence_id: str, version: int) -> tuple[HolderRow, ...]:
    """The holders as of one version, in their order."""
    return HOLDERS.all(reader, _HOLDERS_OF, _of(agency_id, licence_id, version))


def credential_of(
    reader: Reader, agency_id: str, licence_id: str, version: int, *, credential_format: str = "vc+jwt"
) -> CredentialRow | None:
    """The signed credential of one version, or None while it is not signed."""
    return CREDENTIALS.first(
        reader, _CREDENTIAL_OF, _of(agency_id, licence_id, version) | {"format": credential_format}
    )


def data_key_of(reader: Reader, agency_id: str, licence_id: str) -> DataKeyRow | None:
    """None when it was destroyed: then the licence's sealed values are gone for good."""
    return DATA_KEYS.first(reader, _DATA_KEY_OF, {"agency_id": agency_id, "licence_id": licence_id})


def licences_page(
    reader: Reader, agency_id: str, *, after_id: str = "", limit: int = 50, only: LicenceFilter = EVERY_LICENCE
) -> tuple[StoredLicence, ...]:
    """The agency's licences with an id greater than `after_id`, in the order of ids, which is that of their making."""
    statement, parameters = _PAGE, {"agency_id": agency_id, "limit": limit, "after_id": after_id}
    statement = statement.where(_licence.id > bindparam("after_id"))
    for column in ("type_slug", "number", "external_ref"):
        if (value := getattr(only, column)) is not None:
            statement = statement.where(_licence[column] == bindparam(column))
            parameters[column] = value
    if only.state is not None:
        entry = STATUSES.table.c
        statement = statement.where(
            select(entry.version)
            .where(
                entry.agency_id == _licence.agency_id,
                entry.licence_id == _licence.id,
                entry.version == _licence.current_version,
                entry.state == bindparam("state"),
            )
            .exists()
        )
        parameters["state"] = only.state
    if only.search_digests is not None:
        holder = HOLDERS.table.c
        held = select(holder.licence_id, holder.version).where(
            holder.agency_id == bindparam("agency_id"), holder.search_digest.in_(bindparam("digests", expanding=True))
        )
        statement = statement.where(tuple_(_licence.id, _licence.current_version).in_(held))
        parameters["digests"] = list(only.search_digests)
    return _LICENCES.all(reader, statement, parameters)


def _of(agency_id: str, licence_id: str, version: int) -> dict[str, object]:
    return {"agency_id": agency_id, "licence_id": licence_id, "version": version}
