"""The answers about licences as JSON: names of the design, shapes as documented in `shapes.py`."""

import hashlib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.responses import Response

from elicence.formats.did import did_web
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.qr import Level, symbol_version
from elicence.issuer.desk import Desk
from elicence.issuer.draft import DICTIONARY_ID
from elicence.issuer.propose import Proposal
from elicence.issuer.read import LicenceView
from elicence.licences.request import Holder
from elicence.registry.agencies import AgencyRecord
from elicence.registry.log import AuditRow

__all__ = [
    "event_json",
    "json_response",
    "licence_json",
    "licence_response",
    "proposal_in_full",
    "proposal_json",
    "qr_content",
]

JSON = "application/json"


def qr_content(desk: Desk, licence: LicenceView) -> str:
    """The text of the licence's QR code."""
    digits = encode_frame(licence.credential, DICTIONARY_ID, desk.dictionaries[DICTIONARY_ID])
    return licence_url(desk.base_url, digits)


def licence_json(desk: Desk, agency: AgencyRecord, licence: LicenceView) -> dict[str, Any]:
    """One version of a licence, whole: only its own agency is shown this.

    Where the credential cannot be opened any more, after erasure above all, it and the QR code are left out.
    """
    base_url, here = desk.base_url, f"{desk.base_url}/v1/licences/{licence.id}"
    licence_type = desk.catalogue.get(licence.type_slug, licence.type_version)
    body: dict[str, Any] = {
        "object": "licence",
        "id": licence.id,
        "type": licence.type_slug,
        "type_version": licence.type_version,
        "number": licence.number,
        "licence_identifier": licence.licence_identifier,
        "external_ref": licence.external_ref,
        "region": licence.region,
        "version": licence.version,
        "current_version": licence.current_version,
        "supersedes": licence.supersedes,
        "row_version": licence.row_version,
        "state": licence.state,
        "reason": licence.reason,
        "changed_at": _instant(licence.changed_at),
        "suspended_until": _day(licence.suspended_until, licence_type.validity.time_zone),
        "use": desk.chest.keyring.get(licence.kid).use,
        "issuer": _issuer(base_url, agency),
        "issued_at": _instant(licence.issued_at),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": None if licence.valid_until is None else licence.valid_until.isoformat(),
        "time_zone": licence_type.validity.time_zone,
        "holders": [_holder(each) for each in licence.holders],
        "claims": dict(licence.claims),
        "verification_code": licence.verification_code,
        "verify_url": f"{base_url}/v/{licence.verification_code}",
        "erased": licence.erased,
        "status_ref": {
            "uri": f"{base_url}/status/{agency.slug}/{licence.status_list}",
            "index": licence.status_index,
        },
        "links": {"self": here, "history": f"{here}/history"},
    }
    return body | _signed(desk, licence, here, licence_type.code_budget.level) if licence.credential else body


def _signed(desk: Desk, licence: LicenceView, here: str, level: Level) -> dict[str, Any]:
    version = "" if licence.version == licence.current_version else f"?version={licence.version}"
    content = qr_content(desk, licence)
    return {
        "credential": {
            "format": "vc+jwt",
            "kid": licence.kid,
            "digest": f"sha-256:{hashlib.sha256(licence.credential.encode()).hexdigest()}",
            "jwt": licence.credential,
            "url": f"{here}/credential{version}",
        },
        "qr": {
            "content": content,
            "version": symbol_version(content, level=level),
            "level": level,
            "svg_url": f"{here}/qr.svg{version}",
            "png_url": f"{here}/qr.png{version}",
        },
    }


def licence_response(desk: Desk, agency: AgencyRecord, licence: LicenceView, *, status: int = 200) -> Response:
    """The licence with its ETag; `Location` where it is new, `Idempotent-Replayed` where it was made before."""
    headers = {"ETag": f'"{licence.row_version}"'}
    if status == 201:
        headers["Location"] = f"/v1/licences/{licence.id}"
    if licence.replayed:
        headers["Idempotent-Replayed"] = "true"
    return json_response(licence_json(desk, agency, licence), status=status, headers=headers)


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """A request that waits for a second operator; what it asks for is not repeated."""
    return {
        "object": "proposal",
        "id": proposal.id,
        "verb": proposal.verb,
        "licence_id": proposal.licence_id,
        "digest": proposal.digest,
        "state": proposal.state,
        "proposed_by": proposal.proposed_by,
        "decided_by": proposal.decided_by,
        "created_at": _instant(proposal.created_at),
    }


def proposal_in_full(proposal: Proposal) -> dict[str, Any]:
    """The proposal with what it asks for: the body as it was sent, or the change with its reason."""
    return proposal_json(proposal) | {"request": proposal.request}


def event_json(event: AuditRow) -> dict[str, Any]:
    """One thing that was done to a licence."""
    return {
        "object": "event",
        "id": event.id,
        "verb": event.verb,
        "version": event.version,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "reason": event.reason,
        "until": _until(event.facts),
        "client_id": event.client_id,
        "operator_id": event.operator_id,
        "occurred_at": _instant(event.occurred_at),
    }


def json_response(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON bytes as an answer."""
    return Response(orjson.dumps(body), status_code=status, headers=headers, media_type=JSON)


def _issuer(base_url: str, agency: AgencyRecord) -> dict[str, Any]:
    return {
        "id": agency.id,
        "slug": agency.slug,
        "did": did_web(base_url, agency.slug),
        "name": {"zh-CN": agency.name_zh, "en": agency.name_en},
    }


def _holder(holder: Holder) -> dict[str, str]:
    members = {"kind": holder.kind, "name": holder.name, "id_scheme": holder.id_scheme, "id": holder.id}
    return {name: value for name, value in members.items() if value is not None}


def _day(last_second: datetime | None, time_zone: str) -> str | None:
    """The civil day of the instant in the zone of the type."""
    return None if last_second is None else last_second.astimezone(ZoneInfo(time_zone)).date().isoformat()


def _until(facts: bytes | None) -> object:
    """The last day of a suspension, which stands in the facts of its event."""
    known = {} if facts is None else orjson.loads(facts)
    return known.get("until")


def _instant(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
