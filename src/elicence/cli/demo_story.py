"""The story of the demo: who is there, what was issued, and what became of it.

Licences are examples of the shipped types under numbers of their own, so that every example can still be issued as it
stands. All names and numbers are invented.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from elicence.accounts.agencies import AgencyRequest, add_agency
from elicence.accounts.clients import ClientRequest, add_client
from elicence.accounts.grants import GrantRequest, add_grant
from elicence.bootstrap import Assembly
from elicence.cli.local_desk import qr_content
from elicence.cli.progress import Step
from elicence.errors import Conflict
from elicence.formats.encoding import JsonObject
from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct
from elicence.issuer.propose import Proposal
from elicence.issuer.read import LicenceView
from elicence.keys.keyring import Purpose
from elicence.licences.lifecycle import Action
from elicence.registry.agencies import AgencyRecord

__all__ = ["AGENCY", "STEPS", "Told", "tell"]

AGENCY = "approval"
"""The agency of the demo client. It may issue every type; the other one only food licences."""
_OTHER = "market"
_AGENCIES = (
    AgencyRequest(
        AGENCY, "样例市行政审批局", "Sample City Approval Bureau", "11990100MB1A0001XJ", "9901", "0999-0000001"
    ),
    AgencyRequest(
        _OTHER, "样例市市场监督管理局", "Sample City Market Regulator", "11990100MB1A0002XK", "9901", "0999-0000002"
    ),
)
_CLIENT = "demo"


@dataclass(frozen=True, slots=True)
class _Sample:
    """A licence made of an example. `begins` is days from today; with `dated` also the day of that claim."""

    state: str
    type_slug: str
    example: str
    number: str
    begins: int
    dated: tuple[str, ...] = ()
    agency: str = AGENCY
    holder: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    correction: Mapping[str, str] | None = None


_FOOD, _BUSINESS, _TAX = "food-business-licence", "business-licence", "business-licence-tax-certificate"
_SOLE_TRADER = "92990100MA9L5Y202N"
_SAMPLES = (
    _Sample("active", _FOOD, "corner-shop", "JY19901010000990", -30, ("issue_date",)),
    _Sample("active", "degree", "master", "9999932026990001", -30, ("award_date",)),
    _Sample(
        "suspended", _BUSINESS, "sole-trader", _SOLE_TRADER, -30, ("registration_date", "establishment_date"),
        holder={"id": _SOLE_TRADER}, reason="ordered_to_stop",
    ),
    _Sample(
        "revoked", "degree", "doctor-foreign-passport", "9999922026990002", -60, ("award_date",),
        reason="academic_misconduct",
    ),
    _Sample(
        "superseded", _TAX, "roaster", "0000000000009901", -90, reason="issued_in_error",
        correction={"trade_name": "EXAMPLE HARBOR COFFEE AND TEA"},
    ),
    _Sample("expired", _FOOD, "corner-shop", "JY19901010000991", -6 * 366, ("issue_date",)),
    _Sample("not_yet_valid", "resident-identity", "long-term", "JMSF990101-2026-00000990", 30),
    _Sample("test", "real-estate-registration", "company", "示(2026)样例不动产权第0009901号", -10),
    _Sample("active", _FOOD, "restaurant", "JY29901010000992", -20, ("issue_date",), agency=_OTHER),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """The client with its secret, and the licences in the order of the story."""

    client_id: str
    client_secret: str
    licences: tuple[JsonObject, ...]


STEPS = len(_AGENCIES) + len(_SAMPLES) + 1
"""Into how many steps the story falls."""


def tell(assembly: Assembly, now: datetime, step: Step) -> Told:
    """Adds agencies, grants, client and licences to a registry that was made a moment ago, and publishes them."""
    desk, agencies = assembly.desk, {}
    for each in _AGENCIES:
        agencies[each.slug] = _agency(assembly, each, now)
        step()
    asked = ClientRequest(_CLIENT)
    client = add_client(desk.registry, agencies[AGENCY], asked, now=now, entropy=desk.entropy)
    if client.secret is None:
        raise LookupError("a client without keys has a secret")
    licences: list[JsonObject] = []
    for sample in _SAMPLES:
        licences += _played(assembly, sample, agencies, now)
        step()
    assembly.publish()
    step()
    return Told(client.record.id, client.secret, tuple(licences))


def _agency(assembly: Assembly, asked: AgencyRequest, now: datetime) -> AgencyRecord:
    desk = assembly.desk
    agency = add_agency(
        desk.registry, desk.chest.keyring, assembly.maker, asked,
        base_url=desk.base_url, now=now, save=assembly.save_keyring,
    )  # fmt: skip
    types = {each.slug for each in desk.catalogue.types()} if asked.slug == AGENCY else {_FOOD}
    for slug in sorted(types):
        grant = GrantRequest(slug, None, now - timedelta(days=1), None)
        add_grant(desk.registry, desk.catalogue, agency, grant, now=now, entropy=desk.entropy)
    if asked.slug == AGENCY:
        made = assembly.maker.make_active(
            desk.chest.keyring, agency=agency.slug, purpose=Purpose.CREDENTIAL, now=now, use="test"
        )
        assembly.save_keyring(made)
    return agency


def _played(
    assembly: Assembly, sample: _Sample, agencies: Mapping[str, AgencyRecord], now: datetime
) -> list[JsonObject]:
    """The licence as it was issued, and after a correction also the version that replaced it."""
    desk = assembly.desk
    caller = Caller(agencies[sample.agency], use="test" if sample.state == "test" else "live")
    key = f"demo-{sample.number.encode().hex()}"
    issued = _done(issue(desk, caller, _request(assembly, sample, now), idempotency_key=key, now=now))
    told = [_entry(assembly, issued, sample.agency, sample.state)]
    action = {"suspended": Action.SUSPEND, "revoked": Action.REVOKE}.get(sample.state)
    if action is not None:
        change_status(desk, caller, issued.id, action, reason=sample.reason, now=now)
    if sample.correction is not None:
        newer = _done(
            correct(
                desk, caller, issued.id, {"claims": dict(sample.correction)}, reason=sample.reason or "",
                if_version=issued.row_version, idempotency_key=f"{key}-2", now=now,
            )
        )  # fmt: skip
        told.append(_entry(assembly, newer, sample.agency, "active"))
    return told


def _request(assembly: Assembly, sample: _Sample, now: datetime) -> JsonObject:
    path = assembly.settings.types_dir / sample.type_slug / "examples" / f"valid-{sample.example}.json"
    body: dict[str, Any] = json.loads(path.read_bytes())
    first = _day(now, sample.begins)
    body |= {"number": sample.number, "valid_from": first.isoformat(), "external_ref": f"DEMO-{sample.begins:+d}"}
    body.pop("valid_until", None)
    body["claims"] |= dict.fromkeys(sample.dated, first.isoformat())
    body["holders"][0] |= sample.holder
    return body


def _day(now: datetime, days: int) -> date:
    return (now + timedelta(days=days)).date()


def _done(answer: LicenceView | Proposal) -> LicenceView:
    if isinstance(answer, Proposal):
        raise Conflict("transition_not_allowed", "The demo's grants ask for no second operator.")
    return answer


def _entry(assembly: Assembly, licence: LicenceView, agency: str, state: str) -> JsonObject:
    return {
        "id": licence.id, "agency": agency, "type": licence.type_slug, "state": state, "number": licence.number,
        "qr_content": qr_content(assembly, licence), "verification_code": licence.verification_code,
    }  # fmt: skip
