"""The desk of a registry in a home of this machine: the verbs carried out here, and public before they return."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from elicence.bootstrap import Assembly
from elicence.cli.desk_at_hand import Change, Code, Event, Licence, Listed, Proposal, Wanted, Who
from elicence.cli.door import Door
from elicence.cli.home import caller_of, opened
from elicence.formats.encoding import JsonObject, parse_json
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.qr import make_symbol, png, short_url, svg
from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller
from elicence.issuer.draft import DICTIONARY_ID
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct, renew
from elicence.issuer.propose import Proposal as Proposed
from elicence.issuer.read import LicenceView, history, read_what_remains
from elicence.keys.keyring import Purpose
from elicence.licences.licence_type import LicenceType
from elicence.registry.log import AuditRow
from elicence.registry.reading import LicenceFilter, StoredLicence, licences_page, version_row
from elicence.registry.status import status_of
from elicence.registry.unit import Reader

__all__ = ["LocalDesk", "licence_of", "local_desk", "qr_content"]

_A_PAGE = 500


@contextmanager
def local_desk(door: Door, who: Who) -> Iterator["LocalDesk"]:
    """The desk of the registry in the home, for one command."""
    with opened(door) as assembly:
        caller = caller_of(assembly, who.agency, operator=who.operator, use="test" if who.test else "live")
        if who.test:
            _have_test_key(assembly, caller, door.clock())
        yield LocalDesk(assembly, caller)


class LocalDesk:
    """`DeskAtHand` of an open registry, for one of its agencies."""

    def __init__(self, assembly: Assembly, caller: Caller) -> None:
        self._assembly, self._desk, self._caller = assembly, assembly.desk, caller

    @property
    def use(self) -> Literal["live", "test"]:
        """Whether what it issues counts."""
        return "test" if self._caller.use == "test" else "live"

    def issue(self, body: JsonObject, *, key: str) -> Licence | Proposal:
        """Issues and publishes."""
        return self._made(issue(self._desk, self._caller, body, idempotency_key=key, now=self._now))

    def read(self, licence_id: str, *, version: int | None = None) -> Licence:
        """Whole, or what remains."""
        return self._licence(read_what_remains(self._desk, self._caller, licence_id, version=version))

    def listed(self, wanted: Wanted) -> Iterator[Listed]:
        """Licences of the agency, page by page; those still being signed too."""
        only = LicenceFilter(type_slug=wanted.type_slug, state=wanted.state)
        after, left = wanted.after, wanted.limit
        while left is None or left > 0:
            size = _A_PAGE if left is None else min(left, _A_PAGE)
            page = self._page(after, size, only)
            yield from page
            if len(page) < size:
                return
            after, left = page[-1].id, None if left is None else left - size

    def change(self, licence_id: str, change: Change) -> Licence:
        """Changes the state and publishes."""
        changed = change_status(
            self._desk, self._caller, licence_id, change.action,
            reason=change.reason, now=self._now, if_version=change.if_version, until=change.until,
        )  # fmt: skip
        self._assembly.publish()
        return self._licence(changed)

    def renew(self, licence_id: str, body: JsonObject, *, seen: int, key: str) -> Licence | Proposal:
        """Renews and publishes."""
        return self._made(
            renew(self._desk, self._caller, licence_id, body, if_version=seen, idempotency_key=key, now=self._now)
        )

    def correct(self, licence_id: str, body: JsonObject, reason: str, *, seen: int, key: str) -> Licence | Proposal:
        """Corrects and publishes."""
        made = correct(
            self._desk, self._caller, licence_id, body,
            reason=reason, if_version=seen, idempotency_key=key, now=self._now,
        )  # fmt: skip
        return self._made(made)

    def history(self, licence_id: str) -> Sequence[Event]:
        """Everything that was done to the licence."""
        return [_event(each) for each in history(self._desk, self._caller, licence_id)]

    def licence_type(self, licence: Licence) -> LicenceType:
        """From the catalogue."""
        return self._desk.catalogue.get(licence.type_slug, licence.type_version)

    def picture(self, licence: Licence, *, scale: int | None) -> bytes:
        """Drawn here."""
        if licence.code is None:
            raise LookupError("an erased licence has no code")
        symbol = make_symbol(licence.code.content, level=licence.code.level)
        return svg(symbol) if scale is None else png(symbol, scale)

    @property
    def _now(self) -> datetime:
        return self._assembly.clock()

    def _made(self, made: LicenceView | Proposed) -> Licence | Proposal:
        if isinstance(made, Proposed):
            return Proposal(id=made.id, verb=made.verb, state=made.state, digest=made.digest)
        self._assembly.publish()
        return self._licence(made)

    def _licence(self, view: LicenceView) -> Licence:
        return licence_of(self._assembly, view, self._caller.agency.slug)

    def _page(self, after: str, size: int, only: LicenceFilter) -> list[Listed]:
        agency_id = self._caller.agency.id

        def read(reader: Reader) -> list[Listed]:
            rows = licences_page(reader, agency_id, after_id=after, limit=size, only=only)
            return [_listed(reader, each) for each in rows]

        return self._desk.registry.read(read)


def qr_content(assembly: Assembly, licence: LicenceView) -> str:
    """The text of the licence's QR code."""
    digits = encode_frame(licence.credential, DICTIONARY_ID, assembly.desk.dictionaries[DICTIONARY_ID])
    return licence_url(assembly.desk.base_url, digits)


def licence_of(assembly: Assembly, view: LicenceView, agency: str) -> Licence:
    """A licence of this registry as commands work with it."""
    licence_type = assembly.desk.catalogue.get(view.type_slug, view.type_version)
    code = Code(qr_content(assembly, view), licence_type.code_budget.level) if view.credential else None
    return Licence(
        id=view.id,
        agency=agency,
        type_slug=view.type_slug,
        type_version=view.type_version,
        number=view.number,
        licence_identifier=view.licence_identifier,
        version=view.version,
        current_version=view.current_version,
        row_version=view.row_version,
        supersedes=view.supersedes,
        state=view.state,
        reason=view.reason,
        changed_at=view.changed_at,
        suspended_until=_last_day(view, licence_type),
        erased=view.erased,
        issued_at=view.issued_at,
        valid_from=view.valid_from,
        valid_until=view.valid_until,
        region=view.region,
        external_ref=view.external_ref,
        verification_code=view.verification_code,
        status_list=view.status_list,
        status_index=view.status_index,
        replayed=view.replayed,
        kid=view.kid,
        credential=view.credential,
        code=code,
        online_code=short_url(assembly.desk.base_url, view.verification_code),
        holders=view.holders,
        claims=view.claims,
    )


def _last_day(view: LicenceView, licence_type: LicenceType) -> date | None:
    """The last day of a suspension that has one, in the zone of the type."""
    last = view.suspended_until
    return None if last is None else last.astimezone(ZoneInfo(licence_type.validity.time_zone)).date()


def _listed(reader: Reader, row: StoredLicence) -> Listed:
    version = row.current_version
    status = None if version is None else status_of(reader, row.agency_id, row.id, version)
    details = None if version is None else version_row(reader, row.agency_id, row.id, version)
    return Listed(
        id=row.id, type_slug=row.type_slug, number=row.number, version=version, row_version=row.row_version,
        state="pending" if status is None else status.state,
        valid_from=None if details is None else details.valid_from_date,
        valid_until=None if details is None else details.valid_until_date,
        region=row.region, external_ref=row.external_ref,
    )  # fmt: skip


def _event(row: AuditRow) -> Event:
    return Event(
        id=row.id, verb=row.verb, licence_id=row.licence_id or "", version=row.version, from_state=row.from_state,
        to_state=row.to_state, reason=row.reason, client_id=row.client_id, operator_id=row.operator_id,
        facts=None if row.facts is None else parse_json(row.facts), occurred_at=row.occurred_at,
    )  # fmt: skip


def _have_test_key(assembly: Assembly, caller: Caller, now: datetime) -> None:
    """Agencies are made without test keys; the first test licence asks for one."""
    keyring, slug = assembly.desk.chest.keyring, caller.agency.slug
    if not keyring.active(slug, Purpose.CREDENTIAL, "test"):
        assembly.save_keyring(
            assembly.maker.make_active(keyring, agency=slug, purpose=Purpose.CREDENTIAL, now=now, use="test")
        )
