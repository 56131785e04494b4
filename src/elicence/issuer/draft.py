"""A licence version before it has a status index: all that can be known and checked before anything is written."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from elicence.errors import FormatError, NotFound, RequestError
from elicence.formats.did import did_web
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.jws import assemble, signing_input
from elicence.formats.qr import symbol_version
from elicence.formats.vc_jwt import BASE_CONTEXT, CodeCredential, StatusEntry, encode_payload, header, outline_payload
from elicence.issuer.desk import Caller, Desk
from elicence.keys.keyring import Purpose
from elicence.licences.face import subject_of
from elicence.licences.grant import Grant, covering
from elicence.licences.licence_identifier import LicenceIdentifier
from elicence.licences.request import CheckedRequest, check_request
from elicence.licences.validity import instants
from elicence.licences.verification_code import new_code
from elicence.registry.agencies import GrantRecord
from elicence.registry.status import StatusSlot

__all__ = ["Draft", "check_body", "check_density", "check_grant", "draft_version", "signing_bytes"]

DICTIONARY_ID = 1
_SERIAL = re.compile(r"[0-9A-Z]{1,32}")
_NO_SIGNATURE = bytes(64)
_LAST_SLOT = StatusSlot(list_no=9_999, index=131_071)


@dataclass(frozen=True, slots=True)
class Draft:
    """One version to be: who asks, what was checked, the numbers drawn for it, and the key that will sign it."""

    caller: Caller
    verb: str
    checked: CheckedRequest
    licence_id: str
    version: int
    supersedes: int | None
    identifier: str
    verification_code: str
    begins: datetime
    ends: datetime | None
    issued_at: datetime
    issuer: str
    kid: str
    reason: str | None = None

    @property
    def header(self) -> JsonObject:
        """The JOSE header its credential will carry."""
        return header(f"{self.issuer}#{self.kid}")


def check_body(desk: Desk, body: Mapping[str, JsonValue]) -> CheckedRequest:
    """The request against its type."""
    slug, version = body.get("type"), body.get("type_version")
    if not isinstance(slug, str) or not (version is None or type(version) is int):
        raise RequestError("validation_failed", "type must be the name of a licence type, type_version a whole number")
    licence_type = desk.catalogue.get(slug, version)
    if licence_type.status == "draft":  # not in the trusted list, so nobody could check what was issued under it
        raise NotFound("type_not_found", "That version of the licence type is a draft; it issues nothing yet.")
    return check_request(licence_type, dict(body))


def check_grant(grants: Iterable[GrantRecord], checked: CheckedRequest, now: datetime) -> Grant:
    """The grant that covers this licence here and now; raises `NotAllowed` with the nearest miss."""
    return covering(map(_rule, grants), checked.licence_type.slug, checked.region, now)


def draft_version(
    desk: Desk,
    caller: Caller,
    checked: CheckedRequest,
    *,
    verb: str,
    licence_id: str,
    now: datetime,
    version: int = 1,
    supersedes: int | None = None,
    reason: str | None = None,
) -> Draft:
    """Draws the numbers of a new version and fixes the key that will sign it."""
    licence_type = checked.licence_type
    begins, ends = instants(licence_type.validity.time_zone, checked.valid_from, checked.valid_until)
    identifier = LicenceIdentifier.build(
        licence_type.code, caller.agency.uscc, serial=_serial(checked.number), version=version
    )
    return Draft(
        caller=caller,
        verb=verb,
        checked=checked,
        licence_id=licence_id,
        version=version,
        supersedes=supersedes,
        identifier=str(identifier),
        verification_code=new_code(desk.entropy),
        begins=begins,
        ends=ends,
        issued_at=now.replace(microsecond=0),
        issuer=did_web(desk.base_url, caller.agency.slug),
        kid=desk.chest.signer_for(caller.agency.slug, Purpose.CREDENTIAL, now, use=caller.use).kid,
        reason=reason,
    )


def signing_bytes(desk: Desk, draft: Draft, slot: StatusSlot) -> bytes:
    """The exact bytes to be signed: JOSE header and payload of the code credential at this place of the status list."""
    return signing_input(draft.header, encode_payload(_credential(desk, draft, slot)))


def check_density(desk: Desk, draft: Draft) -> int:
    """The version of its QR code; refuses one that would be finer than the type allows, before anything is written.

    Judged with the longest status index there is, so that the real one can only be smaller. The message names the
    claims that take most room.
    """
    budget = draft.checked.licence_type.code_budget
    text = assemble(signing_input(draft.header, outline_payload(_credential(desk, draft, _LAST_SLOT))), _NO_SIGNATURE)
    try:
        digits = encode_frame(text, DICTIONARY_ID, desk.dictionaries[DICTIONARY_ID])
        version = symbol_version(licence_url(desk.base_url, digits), level=budget.level)
    except FormatError as error:
        if error.code != "qr_too_dense":
            raise
        version = None
    if version is None or version > budget.max_version:
        raise RequestError(
            "qr_too_dense",
            f"The QR code would need version {version or 'over 40'}; this type allows {budget.max_version}. Longest: "
            + ", ".join(_longest_claims(draft)),
            version=version,
            allowed=budget.max_version,
            longest=_longest_claims(draft),
        )
    return version


def _credential(desk: Desk, draft: Draft, slot: StatusSlot) -> CodeCredential:
    licence_type = draft.checked.licence_type
    family = f"{desk.base_url}/status/{draft.caller.agency.slug}/{slot.list_no}"
    purposes = ("revocation", "suspension") if licence_type.changes.suspension else ("revocation",)
    return CodeCredential(
        contexts=(BASE_CONTEXT, desk.base_url + licence_type.context_path),
        vc_type=licence_type.vc_type,
        issuer=draft.issuer,
        issued_at=draft.issued_at,
        valid_from=draft.begins,
        valid_until=draft.ends,
        status=tuple(StatusEntry(purpose, slot.index, f"{family}/{purpose}") for purpose in purposes),
        subject=subject_of(licence_type, draft.checked, licence_identifier=draft.identifier, version=draft.version),
    )


def _rule(row: GrantRecord) -> Grant:
    return Grant(row.agency_id, row.type_slug, row.region, row.valid_from, row.valid_until, row.four_eyes)


def _serial(number: str) -> str:
    """The serial of the licence identifier: the licence number where it has that form, else part of its digest."""
    return number if _SERIAL.fullmatch(number) else hashlib.sha256(number.encode()).hexdigest()[:20].upper()


def _longest_claims(draft: Draft) -> list[str]:
    claims = draft.checked.claims
    names = [name for name in draft.checked.licence_type.code_claims if name in claims]
    return sorted(names, key=lambda name: len(str(claims[name]).encode()), reverse=True)[:3]
