"""What the registry says of its issuers: agencies, keys, grants and types as the payload of the trusted list."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from elicence.formats.did import did_web, https_id
from elicence.formats.trusted_list import (
    Permission,
    TrustedAgency,
    TrustedKey,
    TrustedListPayload,
    TrustedType,
)
from elicence.keys.keyring import KeyEntry, Keyring, Purpose
from elicence.licences.catalogue import Catalogue
from elicence.licences.context import json_ld_context
from elicence.licences.licence_type import LicenceType
from elicence.registry.agencies import AgencyRecord, GrantRecord, agencies, grants_of
from elicence.registry.unit import Reader

__all__ = ["LIST_LIFETIME", "read_accounts", "trusted_payload"]

LIST_LIFETIME = timedelta(days=30)
"""How long a trusted list may be believed without a newer one."""
_PUBLISHED = (Purpose.CREDENTIAL, Purpose.STATUS_LIST)

Accounts = Sequence[tuple[AgencyRecord, Sequence[GrantRecord]]]


def read_accounts(reader: Reader) -> Accounts:
    """Every agency with its grants."""
    return [(agency, grants_of(reader, agency.id)) for agency in agencies(reader)]


def trusted_payload(
    accounts: Accounts,
    keyring: Keyring,
    catalogue: Catalogue,
    *,
    base_url: str,
    environment: str,
    version: int,
    now: datetime,
) -> TrustedListPayload:
    """The trusted list as of now. The same state gives the same agencies and types; only times and version differ."""
    issued_at = now.replace(microsecond=0)
    return TrustedListPayload(
        issuer=base_url,
        issued_at=issued_at,
        expires_at=issued_at + LIST_LIFETIME,
        version=version,
        environment=environment,
        agencies=tuple(_agency(agency, grants, keyring, base_url) for agency, grants in accounts),
        types=tuple(_type(each, base_url) for each in catalogue.types() if each.status != "draft"),
    )


def _agency(agency: AgencyRecord, grants: Iterable[GrantRecord], keyring: Keyring, base_url: str) -> TrustedAgency:
    entries = [each for each in keyring.entries if each.agency == agency.slug and each.purpose in _PUBLISHED]
    return TrustedAgency(
        did=did_web(base_url, agency.slug),
        https=https_id(base_url, agency.slug),
        slug=agency.slug,
        name={"zh-CN": agency.name_zh, "en": agency.name_en},
        uscc=agency.uscc,
        contact=agency.contact,
        status_family=f"{base_url}/status/{agency.slug}/",
        permissions=tuple(_permissions(grants)),
        keys=tuple(map(_key, entries)),
    )


def _permissions(grants: Iterable[GrantRecord]) -> Iterable[Permission]:
    """One permission a grant, without its region: where a licence may be issued is judged when it is issued."""
    seen: Mapping[Permission, None] = dict.fromkeys(
        Permission(
            grant.type_slug,
            grant.valid_from.replace(microsecond=0),
            None if grant.valid_until is None else grant.valid_until.replace(microsecond=0),
        )
        for grant in grants
    )
    return seen


def _key(entry: KeyEntry) -> TrustedKey:
    return TrustedKey(
        kid=entry.kid,
        purpose=str(entry.purpose),
        use=entry.use,
        state=str(entry.state),
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
        compromised_at=entry.compromised_at,
        jwk=entry.public_jwk,
    )


def _type(licence_type: LicenceType, base_url: str) -> TrustedType:
    return TrustedType(
        slug=licence_type.slug,
        version=licence_type.version,
        context=base_url + licence_type.context_path,
        context_sha256=hashlib.sha256(json_ld_context(licence_type, base_url)).hexdigest(),
        type_sha256=licence_type.digest,
    )
