"""Transaction one of issuing: numbers are taken and the intent is written, before anything is signed.

Everything here happens in one unit of work. Restricted and closed values leave this module sealed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from elicence.errors import Conflict, RequestError, StoreFault
from elicence.formats.encoding import JsonObject, compact_json
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import Draft, signing_bytes
from elicence.keys.sealing import DataKey
from elicence.licences.disclosure import Disclosure
from elicence.licences.ids import new_id
from elicence.licences.request import Holder
from elicence.licences.verification_code import new_code
from elicence.registry.faults import CodeCollision
from elicence.registry.idempotency import IdempotencyRow, find_idempotent, insert_idempotency
from elicence.registry.intents import IntentRow, insert_intent
from elicence.registry.issuing import (
    DataKeyRow,
    HolderRow,
    LicenceRow,
    VerificationCodeRow,
    VersionRow,
    insert_data_key,
    insert_holders,
    insert_licence,
    insert_verification_code,
    insert_version,
)
from elicence.registry.log import AuditRow, append_audit
from elicence.registry.status import StatusRow, StatusSlot, insert_status_entry, take_status_index
from elicence.registry.unit import Reader, Unit

__all__ = [
    "BLIND",
    "Reserved",
    "Retry",
    "Work",
    "digest_for",
    "find_retry",
    "reserve",
    "retry_of",
    "row_name",
    "submit_draft",
]

BLIND: Final = 32
"""Random bytes sealed before the signing input: its digest stands open in the log and must not be guessed back from."""
_DRAWS: Final = 8
"""Two draws in a thousand million licences are the same; eight in a row are no chance."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A version that now exists as an intent: `signing_input` is exactly what will be signed.

    `draft` and `slot` are known to whoever wrote the intent, and to nobody who read it later.
    """

    intent: IntentRow
    signing_input: bytes
    data_key: DataKey
    draft: Draft | None = None
    slot: StatusSlot | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """The idempotency key was used before, for the same request: it made this version."""

    licence_id: str
    version: int


class Work(Protocol):
    """Transaction one of an act, with the draft as it was drawn last."""

    def __call__(self, unit: Unit, *, draft: Draft) -> Reserved | Retry: ...


def row_name(licence_id: str, version: int | None = None, position: int | None = None) -> str:
    """How the sealed columns of a row name their row, so that a sealed value moved elsewhere does not open."""
    return "/".join(str(part) for part in (licence_id, version, position) if part is not None)


def digest_for(caller: Caller, digest: str) -> str:
    """The digest of a request as this caller makes it: for tests it is another request than in earnest."""
    return digest if caller.use == "live" else f"{caller.use} {digest}"


def find_retry(reader: Reader, desk: Desk, agency_id: str, *, key: str, request_digest: str) -> Retry | None:
    """What the key made before, if anything. Raises `RequestError` if it stood for another request."""
    known = find_idempotent(reader, agency_id, key)
    return None if known is None else retry_of(desk, known, request_digest)


def retry_of(desk: Desk, known: IdempotencyRow, request_digest: str) -> Retry:
    """What the key made, if it stood for this very request; else `RequestError` idempotency_key_reused."""
    if not desk.sealer.has_fingerprint(request_digest, known.request_digest):
        raise RequestError("idempotency_key_reused", "This idempotency key was used for another request.")
    return Retry(known.licence_id, known.version)


def submit_draft(
    desk: Desk, draft: Draft, work: Work, *, idempotency_key: str, request_digest: str
) -> Reserved | Retry:
    """Runs transaction one, with another verification code if the one drawn is already somebody's.

    If the same request wrote its key a moment earlier, answers what that one made.
    """

    def made_before(reader: Reader) -> Retry | None:
        return find_retry(reader, desk, agency_id, key=idempotency_key, request_digest=request_digest)

    agency_id = draft.caller.agency.id
    for _ in range(_DRAWS):
        try:
            return desk.registry.submit(partial(work, draft=draft))
        except CodeCollision:
            draft = replace(draft, verification_code=new_code(desk.entropy))
        except Conflict as error:
            retry = desk.registry.read(made_before) if error.code == "idempotency_in_flight" else None
            if retry is None:
                raise
            return retry
    raise StoreFault("store_refused", "No free verification code was drawn; the source of randomness seems broken.")


def reserve(
    unit: Unit,
    desk: Desk,
    draft: Draft,
    *,
    data_key: DataKey,
    idempotency_key: str,
    request_digest: str,
) -> Reserved:
    """Writes the draft as an intent. Raises `Conflict` idempotency_in_flight if the key is taken by now."""
    agency_id = draft.caller.agency.id
    insert_idempotency(unit, _idempotency(draft, idempotency_key, desk.sealer.fingerprint(request_digest)))
    desk.at("p2")
    if draft.version == 1:
        insert_licence(unit, _licence(draft))
        insert_data_key(unit, _data_key(desk, draft, data_key))
    seal = _sealing(desk, data_key)
    insert_version(unit, _version(draft, seal))
    insert_holders(unit, [_holder(desk, draft, seal, position) for position in range(len(draft.checked.holders))])
    insert_verification_code(
        unit,
        VerificationCodeRow(
            code=draft.verification_code, agency_id=agency_id, licence_id=draft.licence_id, version=draft.version
        ),
    )  # fmt: skip
    slot = take_status_index(unit, agency_id, desk.permute, secret_id=desk.index_secret_id, now=draft.issued_at)
    insert_status_entry(
        unit,
        StatusRow(
            agency_id=agency_id, licence_id=draft.licence_id, version=draft.version, list_no=slot.list_no,
            status_index=slot.index, state="reserved", changed_at=draft.issued_at,
        ),
    )  # fmt: skip
    to_sign = signing_bytes(desk, draft, slot)
    intent = _intent(desk, draft, seal, to_sign)
    insert_intent(unit, intent)
    if draft.checked.warnings:
        append_audit(unit, _warned(desk, draft))
    desk.at("p3")
    return Reserved(intent, to_sign, data_key, draft, slot)


Seal = Callable[[bytes, str, str, str], bytes]


def _sealing(desk: Desk, data_key: DataKey) -> Seal:
    """Seals a value for a table, a column and a row of this licence."""

    def seal(plain: bytes, table: str, column: str, row: str) -> bytes:
        return desk.sealer.seal(data_key, plain, table=table, column=column, row=row, entropy=desk.entropy)

    return seal


def _idempotency(draft: Draft, key: str, fingerprint: str) -> IdempotencyRow:
    return IdempotencyRow(
        agency_id=draft.caller.agency.id, key=key, verb=draft.verb, request_digest=fingerprint,
        licence_id=draft.licence_id, version=draft.version, created_at=draft.issued_at,
    )  # fmt: skip


def _licence(draft: Draft) -> LicenceRow:
    checked = draft.checked
    return LicenceRow(
        agency_id=draft.caller.agency.id, id=draft.licence_id, type_slug=checked.licence_type.slug,
        number=checked.number, external_ref=checked.external_ref, region=checked.region, created_at=draft.issued_at,
    )  # fmt: skip


def _data_key(desk: Desk, draft: Draft, data_key: DataKey) -> DataKeyRow:
    agency_id = draft.caller.agency.id
    wrapped = desk.sealer.wrap(data_key, agency_id=agency_id, licence_id=draft.licence_id, entropy=desk.entropy)
    return DataKeyRow(agency_id=agency_id, licence_id=draft.licence_id, kek_id=wrapped.kek_id, wrapped=wrapped.wrapped)


def _version(draft: Draft, seal: Seal) -> VersionRow:
    open_claims, hidden = _claims_by_class(draft)
    row = row_name(draft.licence_id, draft.version)
    return VersionRow(
        agency_id=draft.caller.agency.id,
        licence_id=draft.licence_id,
        version=draft.version,
        type_version=draft.checked.licence_type.version,
        licence_identifier=draft.identifier,
        valid_from=draft.begins,
        valid_until=draft.ends,
        valid_from_date=draft.checked.valid_from,
        valid_until_date=draft.checked.valid_until,
        open_claims=compact_json(open_claims),
        sealed_claims=seal(compact_json(hidden), "licence_version", "sealed_claims", row) if hidden else None,
        verification_code=draft.verification_code,
        supersedes=draft.supersedes,
        verb=draft.verb,
        region=draft.checked.region,
        created_at=draft.issued_at,
    )


def _claims_by_class(draft: Draft) -> tuple[JsonObject, JsonObject]:
    rules = draft.checked.licence_type.claims
    open_claims: JsonObject = {}
    hidden: JsonObject = {}
    for name, value in draft.checked.claims.items():
        (open_claims if rules[name].disclosure is Disclosure.OPEN else hidden)[name] = value
    return open_claims, hidden


def _holder(desk: Desk, draft: Draft, seal: Seal, position: int) -> HolderRow:
    holder: Holder = draft.checked.holders[position]
    rules = draft.checked.licence_type.holder
    row = row_name(draft.licence_id, draft.version, position)
    is_open = rules.name_disclosure[holder.kind] is Disclosure.OPEN
    secret_id, digest = (None, None)
    if holder.id is not None and holder.id_scheme is not None:
        secret_id, digest = desk.sealer.search_digest(holder.id_scheme, holder.id)
    return HolderRow(
        agency_id=draft.caller.agency.id,
        licence_id=draft.licence_id,
        version=draft.version,
        position=position,
        kind=holder.kind,
        open_name=holder.name if is_open else None,
        sealed_name=None if is_open else seal(holder.name.encode(), "holder", "sealed_name", row),
        id_scheme=holder.id_scheme,
        sealed_id=None if holder.id is None else seal(holder.id.encode(), "holder", "sealed_id", row),
        digest_secret_id=secret_id,
        search_digest=digest,
    )


def _warned(desk: Desk, draft: Draft) -> AuditRow:
    """What the agency insisted on although a check spoke against it: places and codes, no values."""
    warnings = [{"pointer": each.pointer, "code": each.code} for each in draft.checked.warnings]
    return AuditRow(
        agency_id=draft.caller.agency.id, id=new_id("evt", draft.issued_at, desk.entropy), verb="accept",
        licence_id=draft.licence_id, version=draft.version, client_id=draft.caller.client_id,
        operator_id=draft.caller.operator_id, facts=compact_json({"warnings": warnings}), occurred_at=draft.issued_at,
    )  # fmt: skip


def _intent(desk: Desk, draft: Draft, seal: Seal, to_sign: bytes) -> IntentRow:
    intent_id = new_id("int", draft.issued_at, desk.entropy)
    blinded = desk.entropy(BLIND) + to_sign
    return IntentRow(
        agency_id=draft.caller.agency.id,
        id=intent_id,
        licence_id=draft.licence_id,
        version=draft.version,
        verb=draft.verb,
        kid=draft.kid,
        sealed_signing_input=seal(blinded, "intent", "sealed_signing_input", intent_id),
        digest=hashlib.sha256(blinded).hexdigest(),
        reason=draft.reason,
        client_id=draft.caller.client_id,
        operator_id=draft.caller.operator_id,
        created_at=draft.issued_at,
    )
