"""Publishing status lists: signed files made of the rows, and of nothing else.

1  committed log entries are numbered, so that the rows can be named by a sequence number
2  for each list: the marked rows, as of that number, and what was published last
3  nothing to do if the content and the signing key are the same and the list is still young
4  a revoked entry that would become anything else stops publishing with an alarm
5  the agency's status-list key signs the three forms; each is read back before it goes on
6  the forms are recorded, serial by serial, so that an older list never follows a newer one
7  files are written; after a crash before this, the next round writes what was recorded

A list in trouble stops nothing but itself: the others are published first, then its fault is raised.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from elicence.errors import Conflict, FormatError, KeyFault, PublishFault
from elicence.formats import bitstring
from elicence.formats.did import did_web
from elicence.formats.encoding import JsonObject
from elicence.formats.jws import assemble, parse_jws, signing_input
from elicence.formats.status_list import (
    INVALID,
    TYP,
    StatusList,
    decode_token_payload,
    pack,
    token_header,
    token_payload,
)
from elicence.issuer.desk import Desk
from elicence.issuer.published_folder import PublishedFolder
from elicence.issuer.set_back import refuse_set_back
from elicence.keys.keyring import Purpose
from elicence.keys.signer import VerifiedSigner
from elicence.licences.lifecycle import LicenceState, status_value
from elicence.registry.agencies import AgencyRecord, agency_by_id
from elicence.registry.outbox import OutboxRow, due_outbox, finish_outbox
from elicence.registry.publications import PublicationRow, last_publication, record_publication
from elicence.registry.sequencer import number_entries
from elicence.registry.status import StatusListRow, StatusPage, status_lists, statuses
from elicence.registry.unit import Reader, Unit
from elicence.verifier.sources import MAX_STATUS_CHARS, path_of

__all__ = ["LIFETIME", "REFRESH", "TTL", "publish_statuses"]

LIFETIME = timedelta(hours=23)
"""From signing to `exp`. Below the 24 hours within which a revocation must be known everywhere."""
REFRESH = timedelta(hours=1)
"""A list this old is signed anew although nothing changed."""
TTL = 300
"""Seconds after which a cache should ask again."""

_FORMS = ("token", "revocation", "suspension")
_LOOKS = 50


@dataclass(frozen=True, slots=True)
class _Round:
    """One list at one moment: whose it is, its marked rows, its packed content, and what was published before."""

    agency: AgencyRecord
    row: StatusListRow
    page: StatusPage
    data: bytes
    last: Mapping[str, PublicationRow]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def url(self, base_url: str, form: str) -> str:
        """Where the form is published."""
        list_url = f"{base_url}/status/{self.agency.slug}/{self.row.list_no}"
        return list_url if form == "token" else f"{list_url}/{form}"


def publish_statuses(desk: Desk, folder: PublishedFolder, *, now: datetime) -> int:
    """Brings every published list up to the rows; answers how many were signed. Safe to run from several processes."""
    notes = desk.registry.read(lambda reader: due_outbox(reader, now=now, limit=10_000))
    # 1 · Give every committed change its number.
    while number_entries(desk.registry):
        continue
    signed = 0
    faults: dict[str, PublishFault | KeyFault] = {}
    for row in desk.registry.read(status_lists):
        try:
            signed += _publish_list(desk, folder, row, now)
        except (PublishFault, KeyFault) as fault:
            faults[row.agency_id] = fault
    # What was written down before the rows were read is in the lists now.
    done = [note for note in notes if note.agency_id not in faults]
    if done:
        desk.registry.submit(lambda unit: _mark_done(unit, done, now))
    if faults:
        raise next(iter(faults.values()))
    return signed


def _publish_list(desk: Desk, folder: PublishedFolder, row: StatusListRow, now: datetime) -> int:
    # 2 · The rows, and what stands published.
    this = _look_settled(desk, row)
    _refuse_set_back(desk, folder, this)
    fresh = _needed(desk, this, now)
    recorded = this.last
    if fresh:
        # 4 · Never un-revoke.
        _refuse_regress(this, this.url(desk.base_url, "token"))
        # 5 · Sign.
        forms = _sign(desk, this, now)
        # 6 · Record, unless another publisher was faster: then its lists are written below.
        fresh, recorded = _record(desk, this, forms)
    # 7 · Write what is recorded; of two publishers, the slower one looks again and leaves the newer files.
    while _write(desk, folder, this, recorded):
        newest = desk.registry.read(lambda reader: _recorded(reader, row))
        if newest == recorded:
            break
        recorded = newest
    return int(fresh)


def _refuse_set_back(desk: Desk, folder: PublishedFolder, this: _Round) -> None:
    url = this.url(desk.base_url, "token")
    published = folder.read(path_of(url))
    # What a faster publisher wrote meanwhile is recorded by now.
    newest = desk.registry.read(lambda reader: _recorded(reader, this.row)).get("token")
    at = None if newest is None else newest.published_at
    refuse_set_back(desk, published, agency=this.agency.slug, url=url, recorded_at=at)


def _look_settled(desk: Desk, row: StatusListRow) -> _Round:
    """The rows of exactly the numbered changes: looked at again while a change without a number slips in between.

    Where that never ends, a number that is too small does less harm than a revocation that waits.
    """
    this = desk.registry.read(lambda reader: _look(reader, row))
    for _ in range(_LOOKS):
        if not this.page.unnumbered:
            break
        number_entries(desk.registry)
        this = desk.registry.read(lambda reader: _look(reader, row))
    return this


def _record(desk: Desk, this: _Round, forms: list[PublicationRow]) -> tuple[bool, Mapping[str, PublicationRow]]:
    """Whether these forms are the newest now, and what is."""
    fresh = True
    try:
        desk.registry.submit(lambda unit: [record_publication(unit, each) for each in forms])
    except (Conflict, PublishFault):
        fresh = False
        if desk.registry.read(lambda reader: _recorded(reader, this.row)) == this.last:
            raise  # refused, and nobody was faster
    return fresh, desk.registry.read(lambda reader: _recorded(reader, this.row))


def _write(desk: Desk, folder: PublishedFolder, this: _Round, recorded: Mapping[str, PublicationRow]) -> bool:
    written = [
        folder.write(path_of(this.url(desk.base_url, form)), publication.document)
        for form, publication in recorded.items()
    ]
    return any(written)


def _look(reader: Reader, row: StatusListRow) -> _Round:
    agency = agency_by_id(reader, row.agency_id)
    if agency is None:
        raise PublishFault("list_refused", "A status list belongs to an agency that is not there.")
    page = statuses(reader, row.agency_id, row.list_no)
    values = {index: status_value(LicenceState(state)) for index, state in page.states.items()}
    return _Round(agency, row, page, pack(values, bits=2, size=page.size), _recorded(reader, row))


def _recorded(reader: Reader, row: StatusListRow) -> Mapping[str, PublicationRow]:
    found = {form: last_publication(reader, row.agency_id, row.list_no, form) for form in _FORMS}
    return {form: publication for form, publication in found.items() if publication is not None}


def _needed(desk: Desk, this: _Round, now: datetime) -> bool:
    """3 · Whether the list has to be signed: never was, has other content, another key, or is no longer young."""
    if len(this.last) < len(_FORMS):
        return True
    token = this.last["token"]
    active = {entry.kid for entry in desk.chest.keyring.active(this.agency.slug, Purpose.STATUS_LIST)}
    return token.digest != this.digest or token.kid not in active or now - token.published_at >= REFRESH


def _refuse_regress(this: _Round, url: str) -> None:
    before = this.last.get("token")
    if before is None:
        return
    jws = parse_jws(before.document.decode(), typ=TYP, max_chars=MAX_STATUS_CHARS)
    old = decode_token_payload(jws.payload, expected_uri=url, size=this.page.size).statuses
    new = StatusList(bits=2, data=this.data, size=this.page.size)
    changed = (byte for byte, (was, now) in enumerate(zip(old.data, new.data, strict=True)) if was != now)
    for index in (4 * byte + entry for byte in changed for entry in range(4)):
        if old.get(index) == INVALID and new.get(index) != INVALID:
            raise PublishFault(
                "status_regressed",
                f"A licence revoked in the published list would become valid again ({url}, entry {index});"
                " the published list stays. Run `elicence doctor`.",
            )


def _sign(desk: Desk, this: _Round, now: datetime) -> list[PublicationRow]:
    signer = desk.chest.signer_for(this.agency.slug, Purpose.STATUS_LIST, now)
    issued_at = now.replace(microsecond=0)
    did = did_web(desk.base_url, this.agency.slug)
    rows = []
    for form in _FORMS:
        header, payload = _form(this, form, this.url(desk.base_url, form), did=did, kid=signer.kid, at=issued_at)
        document = _signed(signer, header, payload).encode()
        rows.append(
            PublicationRow(
                agency_id=this.agency.id,
                list_no=this.row.list_no,
                form=form,
                sequence=this.page.sequence,
                kid=signer.kid,
                digest=this.digest,
                document=document,
                published_at=issued_at,
                expires_at=issued_at + LIFETIME,
            )
        )
    return rows


def _form(this: _Round, form: str, url: str, *, did: str, kid: str, at: datetime) -> tuple[JsonObject, bytes]:
    """Header and payload of one form, read back with the reader that verifiers use."""
    until = at + LIFETIME
    try:
        if form == "token":
            whole = StatusList(bits=2, data=this.data, size=this.page.size)
            payload = token_payload(whole, sub=url, issued_at=at, expires_at=until, ttl=TTL)
            read_back = decode_token_payload(payload, expected_uri=url, size=this.page.size).statuses.data
            header, written = token_header(kid), whole.data
        else:
            values = {index: status_value(LicenceState(state)) for index, state in this.page.states.items()}
            written = bitstring.purpose_bits(values, purpose=form, size=this.page.size)
            payload = bitstring.list_payload(
                written, url=url, issuer=did, purpose=form, issued_at=at, expires_at=until, ttl=TTL
            )
            listed = bitstring.decode_list_payload(payload, expected_url=url, purpose=form, size=this.page.size)
            header, read_back = bitstring.list_header(f"{did}#{kid}"), listed.bits.data
    except FormatError as error:
        raise PublishFault("list_refused", f"A list does not read back: {error}") from error
    if read_back != written:
        raise PublishFault("list_refused", "A list does not read back as it was written.")
    return header, payload


def _signed(signer: VerifiedSigner, header: JsonObject, payload: bytes) -> str:
    to_sign = signing_input(header, payload)
    return assemble(to_sign, signer.sign(to_sign))


def _mark_done(unit: Unit, notes: Sequence[OutboxRow], now: datetime) -> None:
    for note in notes:
        finish_outbox(unit, note.agency_id, note.id, done_at=now)
