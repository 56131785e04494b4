"""Reading licences as their agency sees them: sealed values opened, the credential as it was issued.

An agency sees its own licences and no others: one that belongs to somebody else is answered exactly like one that does
not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from elicence.errors import KeyFault, NotFound
from elicence.formats.encoding import JsonObject, JsonValue, parse_json
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import Draft
from elicence.issuer.reserve import BLIND, Reserved, row_name
from elicence.keys.sealing import DataKey, WrappedKey
from elicence.licences.lifecycle import LicenceState
from elicence.licences.request import Holder
from elicence.registry.intents import IntentRow, intents_of
from elicence.registry.issuing import CredentialRow, HolderRow, VersionRow
from elicence.registry.log import AuditRow, history_of
from elicence.registry.reading import (
    StoredLicence,
    credential_of,
    data_key_of,
    holders_of,
    licence_by_id,
    version_row,
)
from elicence.registry.status import StatusRow, StatusSlot, status_of
from elicence.registry.unit import Reader

__all__ = [
    "LicenceView",
    "data_key",
    "fresh_view",
    "history",
    "open_intent",
    "read_licence",
    "read_or_outline",
    "read_what_remains",
    "reserved_from",
    "view",
    "view_what_remains",
]


@dataclass(frozen=True, slots=True)
class LicenceView:
    """One version of a licence, whole, as its agency may see it. `row_version` is what `If-Match` compares.

    `suspended_until` is the last second of a suspension that has an end. Of an `erased` licence there are no holders,
    no sealed claims and no credential (empty text).
    """

    id: str
    type_slug: str
    type_version: int
    number: str
    licence_identifier: str
    version: int
    current_version: int
    row_version: int
    state: str
    reason: str | None
    changed_at: datetime
    issued_at: datetime
    valid_from: date
    valid_until: date | None
    holders: tuple[Holder, ...]
    claims: Mapping[str, JsonValue]
    region: str | None
    external_ref: str | None
    verification_code: str
    supersedes: int | None
    status_list: int
    status_index: int
    kid: str
    credential: str
    suspended_until: datetime | None = None
    erased: bool = False
    replayed: bool = False

    def request_body(self) -> JsonObject:
        """The request that would issue this version: what renewal and correction start from."""
        body: JsonObject = {
            "type": self.type_slug,
            "type_version": self.type_version,
            "number": self.number,
            "holders": [_holder_body(holder) for holder in self.holders],
            "valid_from": self.valid_from.isoformat(),
            "claims": dict(self.claims),
            # A number the agency once stood by is not questioned again.
            "accept_check_digit": True,
        }
        optional: JsonObject = {
            "region": self.region,
            "external_ref": self.external_ref,
            "valid_until": None if self.valid_until is None else self.valid_until.isoformat(),
        }
        return body | {name: value for name, value in optional.items() if value is not None}


def read_licence(desk: Desk, caller: Caller, licence_id: str, *, version: int | None = None) -> LicenceView:
    """The current version of the agency's licence, or the one named. Raises `NotFound` for anything else."""
    return desk.registry.read(lambda reader: view(reader, desk, caller.agency.id, licence_id, version=version))


def read_what_remains(desk: Desk, caller: Caller, licence_id: str, *, version: int | None = None) -> LicenceView:
    """As `read_licence`; of an erased licence what erasure leaves: numbers, states, dates and open claims."""
    return desk.registry.read(
        lambda reader: view_what_remains(reader, desk, caller.agency.id, licence_id, version=version)
    )


def read_or_outline(desk: Desk, caller: Caller, licence_id: str) -> LicenceView:
    """As `read_what_remains`; what lies open is also answered where a key of ours is missing or a seal is broken."""
    try:
        return read_what_remains(desk, caller, licence_id)
    except KeyFault:
        return desk.registry.read(lambda reader: _outline(_stored(reader, caller.agency.id, licence_id)))


def view(reader: Reader, desk: Desk, agency_id: str, licence_id: str, *, version: int | None = None) -> LicenceView:
    """As `read_licence`, within a reader or unit that is already open."""
    return _whole(reader, desk, _stored(reader, agency_id, licence_id, version))


def view_what_remains(
    reader: Reader, desk: Desk, agency_id: str, licence_id: str, *, version: int | None = None
) -> LicenceView:
    """As `read_what_remains`, within a reader or unit that is already open."""
    stored = _stored(reader, agency_id, licence_id, version)
    try:
        return _whole(reader, desk, stored)
    except NotFound:
        return replace(_outline(stored), erased=True)


@dataclass(frozen=True, slots=True)
class _Stored:
    """One version as it lies in the store, nothing unsealed."""

    licence: StoredLicence
    row: VersionRow
    status: StatusRow
    credential: CredentialRow


def _stored(reader: Reader, agency_id: str, licence_id: str, version: int | None = None) -> _Stored:
    licence = licence_by_id(reader, agency_id, licence_id)
    if licence is None or licence.current_version is None:
        raise _absent()
    number = version or licence.current_version
    row = version_row(reader, agency_id, licence_id, number)
    status = status_of(reader, agency_id, licence_id, number)
    credential = credential_of(reader, agency_id, licence_id, number)
    if row is None or status is None or credential is None:
        raise _absent()
    return _Stored(licence, row, status, credential)


def _whole(reader: Reader, desk: Desk, stored: _Stored) -> LicenceView:
    row = stored.row
    key = data_key(reader, desk, row.agency_id, row.licence_id)
    name = row_name(row.licence_id, row.version)
    sealed = stored.credential.sealed_text
    text = desk.sealer.open(key, sealed, table="credential", column="sealed_text", row=name).decode()
    rows = holders_of(reader, row.agency_id, row.licence_id, row.version)
    holders = tuple(_holder(desk, key, each) for each in rows)
    return _view(stored, claims=_claims(desk, key, row, stored.licence.type_slug), holders=holders, text=text)


def _outline(stored: _Stored) -> LicenceView:
    return _view(stored, claims=_object(stored.row.open_claims), holders=(), text="")


def fresh_view(draft: Draft, slot: StatusSlot, credential: str, now: datetime) -> LicenceView:
    """The licence just issued, from what was written: equal to what reading it back would give."""
    checked = draft.checked
    return LicenceView(
        id=draft.licence_id,
        type_slug=checked.licence_type.slug,
        type_version=checked.licence_type.version,
        number=checked.number,
        licence_identifier=draft.identifier,
        version=draft.version,
        current_version=draft.version,
        row_version=1,
        state=str(LicenceState.ACTIVE),
        reason=None,
        changed_at=now,
        issued_at=draft.issued_at,
        valid_from=checked.valid_from,
        valid_until=checked.valid_until,
        holders=checked.holders,
        claims=dict(checked.claims),
        region=checked.region,
        external_ref=checked.external_ref,
        verification_code=draft.verification_code,
        supersedes=draft.supersedes,
        status_list=slot.list_no,
        status_index=slot.index,
        kid=draft.kid,
        credential=credential,
    )


def history(desk: Desk, caller: Caller, licence_id: str) -> tuple[AuditRow, ...]:
    """Everything that was done to the licence, oldest first."""

    def read(reader: Reader) -> tuple[AuditRow, ...]:
        licence = licence_by_id(reader, caller.agency.id, licence_id)
        if licence is None or licence.current_version is None:
            raise _absent()
        return history_of(reader, caller.agency.id, licence_id)

    return desk.registry.read(read)


def reserved_from(desk: Desk, agency_id: str, licence_id: str, version: int) -> Reserved | None:
    """The intent of a version that is not done, opened so that it can be finished; None if it is done."""

    def read(reader: Reader) -> Reserved | None:
        intent = next((each for each in intents_of(reader, agency_id, licence_id) if each.version == version), None)
        return None if intent is None or intent.state == "done" else open_intent(reader, desk, intent)

    return desk.registry.read(read)


def open_intent(reader: Reader, desk: Desk, intent: IntentRow) -> Reserved:
    """The intent with its sealed bytes opened."""
    key = data_key(reader, desk, intent.agency_id, intent.licence_id)
    blinded = desk.sealer.open(
        key, intent.sealed_signing_input, table="intent", column="sealed_signing_input", row=intent.id
    )
    return Reserved(intent, blinded[BLIND:], key)


def _absent() -> NotFound:
    return NotFound("licence_not_found", "No such licence.")


def data_key(reader: Reader, desk: Desk, agency_id: str, licence_id: str) -> DataKey:
    """The licence's data key, unwrapped; `NotFound` licence_erased where it was destroyed."""
    row = data_key_of(reader, agency_id, licence_id)
    if row is None:
        raise NotFound("licence_erased", "The licence was erased: its number, states and dates remain, nothing else.")
    return desk.sealer.unwrap(WrappedKey(row.kek_id, row.wrapped), agency_id=agency_id, licence_id=licence_id)


def _claims(desk: Desk, key: DataKey, row: VersionRow, type_slug: str) -> Mapping[str, JsonValue]:
    """Open and sealed claims together, in the order of the type file."""
    claims = _object(row.open_claims)
    if row.sealed_claims is not None:
        name = row_name(row.licence_id, row.version)
        claims |= _object(
            desk.sealer.open(key, row.sealed_claims, table="licence_version", column="sealed_claims", row=name)
        )
    return {name: claims[name] for name in desk.catalogue.get(type_slug, row.type_version).claims if name in claims}


def _object(data: bytes) -> JsonObject:
    value = parse_json(data, max_bytes=1_048_576)
    return value if isinstance(value, dict) else {}


def _holder(desk: Desk, key: DataKey, row: HolderRow) -> Holder:
    place = row_name(row.licence_id, row.version, row.position)
    name, ident = row.open_name, None
    if row.sealed_name is not None:
        name = desk.sealer.open(key, row.sealed_name, table="holder", column="sealed_name", row=place).decode()
    if row.sealed_id is not None:
        ident = desk.sealer.open(key, row.sealed_id, table="holder", column="sealed_id", row=place).decode()
    return Holder(kind=row.kind, name=name or "", id_scheme=row.id_scheme, id=ident)


def _holder_body(holder: Holder) -> JsonObject:
    body: JsonObject = {"kind": holder.kind, "name": holder.name}
    if holder.id is not None:
        body |= {"id_scheme": holder.id_scheme, "id": holder.id}
    return body


def _view(
    stored: _Stored, *, claims: Mapping[str, JsonValue], holders: tuple[Holder, ...], text: str
) -> LicenceView:  # fmt: skip
    licence, row, status = stored.licence, stored.row, stored.status
    return LicenceView(
        id=licence.id,
        type_slug=licence.type_slug,
        type_version=row.type_version,
        number=licence.number,
        licence_identifier=row.licence_identifier,
        version=row.version,
        current_version=licence.current_version or row.version,
        row_version=licence.row_version,
        state=status.state,
        reason=status.reason,
        changed_at=status.changed_at,
        issued_at=row.created_at,
        valid_from=row.valid_from_date,
        valid_until=row.valid_until_date,
        holders=holders,
        claims=claims,
        region=row.region,
        external_ref=licence.external_ref,
        verification_code=row.verification_code,
        supersedes=row.supersedes,
        status_list=status.list_no,
        status_index=status.status_index,
        kid=stored.credential.kid,
        credential=text,
        suspended_until=status.until,
    )
