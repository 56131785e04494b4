"""Rows as the issuer would write them, for tests of the store: an agency, and licences in two units of work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from elicence.registry import idempotency, intents, issuing, log, outbox, status
from elicence.registry.agencies import AgencyRecord, add_agency
from elicence.registry.registry import Registry
from elicence.registry.unit import Unit

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AGENCY = "agc_00000000000000000000000001"


def plain(secret_id: str, list_id: str, counter: int) -> int:
    """A permutation that changes nothing, so that tests can foresee it."""
    return counter


def holder_digest(person: int) -> bytes:
    """Stands for the keyed digest of a holder's id; licence `n` belongs to person `n % 10`."""
    return sha256(b"holder %d" % person).digest()


@dataclass(frozen=True)
class Example:
    """Licence number `n` of an agency."""

    n: int
    agency: str = AGENCY
    size: int = status.LIST_SIZE
    permute: Callable[[str, str, int], int] = plain

    @property
    def licence(self) -> str:
        return f"lic_{self.n:026d}"

    @property
    def key(self) -> str:
        return f"key-{self.n}"

    def reserve(self, unit: Unit) -> status.StatusSlot:
        """Transaction one."""
        of = {"agency_id": self.agency, "licence_id": self.licence, "version": 1}
        if idempotency.find_idempotent(unit, self.agency, self.key):
            raise AssertionError("used before")
        slot = status.take_status_index(unit, self.agency, self.permute, secret_id="s1", now=NOW, size=self.size)
        issuing.insert_licence(
            unit,
            issuing.LicenceRow(
                agency_id=self.agency, id=self.licence, type_slug="degree", number=f"N-{self.n}", created_at=NOW
            ),
        )
        issuing.insert_version(
            unit,
            issuing.VersionRow(
                **of, type_version=1, licence_identifier=f"1.2.156.3005.2.{self.agency}.{self.n}", valid_from=NOW,
                valid_until=NOW + timedelta(days=365), valid_from_date=date(2026, 11, 23),
                valid_until_date=date(2027, 11, 22), open_claims=b'{"field":"mathematics"}',
                sealed_claims=b"\x00" * 400,
                verification_code=self.code, verb="issue", created_at=NOW,
            ),
        )  # fmt: skip
        issuing.insert_holders(
            unit,
            [
                issuing.HolderRow(
                    **of, position=0, kind="person", sealed_name=b"\x01" * 40, id_scheme="CN-RIC",
                    sealed_id=b"\x02" * 50, digest_secret_id="d1", search_digest=holder_digest(self.n % 10),
                )
            ],
        )  # fmt: skip
        issuing.insert_data_key(
            unit,
            issuing.DataKeyRow(agency_id=self.agency, licence_id=self.licence, kek_id="k1", wrapped=b"\x03" * 60),
        )
        intents.insert_intent(
            unit,
            intents.IntentRow(
                **of, id=self.intent, verb="issue", kid="kid", sealed_signing_input=b"\x04" * 1800, digest="0" * 64,
                created_at=NOW,
            ),
        )  # fmt: skip
        idempotency.insert_idempotency(
            unit, idempotency.IdempotencyRow(**of, key=self.key, verb="issue", request_digest="1" * 64, created_at=NOW)
        )
        status.insert_status_entry(
            unit,
            status.StatusRow(**of, list_no=slot.list_no, status_index=slot.index, state="reserved", changed_at=NOW),
        )
        issuing.insert_verification_code(unit, issuing.VerificationCodeRow(**of, code=self.code))
        return slot

    @property
    def code(self) -> str:
        return f"C{self.agency[-1]}{self.n:010d}"

    @property
    def intent(self) -> str:
        return f"int_{self.n:026d}"

    def finish(self, unit: Unit) -> None:
        """Transaction two."""
        of = {"agency_id": self.agency, "licence_id": self.licence, "version": 1}
        issuing.insert_credential(
            unit,
            issuing.CredentialRow(
                **of, format="vc+jwt", kid="kid", sealed_text=b"\x05" * 1900, digest="2" * 64, issued_at=NOW
            ),
        )
        intents.finish_intent(unit, self.agency, self.intent, state="done", finished_at=NOW)
        status.set_status(unit, self.agency, self.licence, 1, state="active", changed_at=NOW)
        self.tell(unit, "issue")
        issuing.bump_licence(unit, self.agency, self.licence, current_version=1)

    def tell(self, unit: Unit, verb: str, *, at: datetime = NOW) -> None:
        """The log entry, audit event and outbox row of one act."""
        of = {"agency_id": self.agency, "licence_id": self.licence, "version": 1}
        digest = sha256(f"{self.agency} {self.n} {verb}".encode()).digest()
        log.append_log_entry(
            unit,
            log.LogEntryRow(
                **of, id=f"log_{verb}_{self.n:020d}", kind=verb, salt=b"\x06" * 16, digest=digest, occurred_at=at
            ),
        )
        log.append_audit(
            unit, log.AuditRow(**of, id=f"evt_{verb}_{self.n:020d}", verb=verb, to_state="active", occurred_at=at)
        )
        outbox.append_outbox(
            unit, outbox.OutboxRow(**of, id=f"out_{verb}_{self.n:020d}", kind="publish", created_at=at, due_at=at)
        )

    def issue(self, registry: Registry) -> status.StatusSlot:
        slot = registry.submit(self.reserve)
        registry.submit(self.finish)
        return slot


def found(registry: Registry, agency: str = AGENCY, slug: str = "harbour") -> None:
    """An agency to issue for."""
    record = AgencyRecord(
        id=agency, slug=slug, name_zh="港务局", name_en="Harbour office", uscc="911100000000133380", region="110000",
        created_at=NOW,
    )  # fmt: skip
    registry.submit(lambda unit: add_agency(unit, record))
