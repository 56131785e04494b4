"""Issuing as it is plainly written with SQLModel: one session a licence, objects added, two commits.

The opponent of `bench_issue.py`. It does everything `elicence.issuer.issue` does (the same checks, numbers, sealing,
signature, stranger's check, rows and durability); only the way to the disk is the one of the tutorials. A lock keeps
writers apart, which serves it better than SQLite's busy timeout.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Session, SQLModel, create_engine, select

from elicence.formats.encoding import JsonValue, canonical_json
from elicence.formats.jws import assemble
from elicence.issuer import finish, reserve
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.draft import Draft, check_density, draft_version, signing_bytes
from elicence.keys.keyring import Purpose
from elicence.keys.sealing import DataKey
from elicence.licences.grant import Grant, covering
from elicence.licences.ids import new_id
from elicence.licences.request import check_request
from elicence.registry import tables
from elicence.registry.status import StatusSlot


def plain_engine(path: Path, *, connections: int) -> Engine:
    """SQLite with the same promise of durability as the product's."""
    engine = create_engine(f"sqlite:///{path}", pool_size=connections, max_overflow=0, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def durable(connection: Any, _record: object) -> None:
        for setting in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    return engine


class PlainIssuer:
    """Issues licences into one database file."""

    def __init__(self, desk: Desk, caller: Caller, engine: Engine) -> None:
        self.desk, self.caller, self.engine = desk, caller, engine
        self.one_writer = threading.Lock()

    def issue(self, body: Mapping[str, JsonValue], *, idempotency_key: str, now: datetime) -> dict[str, Any]:
        """The licence, committed."""
        with Session(self.engine) as session:
            draft = self.draft(session, body, now)
            data_key = self.desk.sealer.new_data_key(self.desk.entropy)
            with self.one_writer:
                if session.get(tables.Idempotency, (self.caller.agency.id, idempotency_key)) is not None:
                    raise LookupError("known already; a benchmark sends no retries")
                intent, to_sign, status = self.reserve(session, draft, data_key, idempotency_key)
                session.commit()
            credential = self.sign(to_sign, draft.kid, now)
            with self.one_writer:
                licence = self.complete(session, draft, data_key, (intent, status, credential), now)
                session.commit()
                session.refresh(licence)
                session.refresh(status)
            return {**licence.model_dump(), "state": status.state, "credential": credential}

    def draft(self, session: Session, body: Mapping[str, JsonValue], now: datetime) -> Draft:
        """All that is checked before anything is written."""
        checked = check_request(self.desk.catalogue.get(str(body["type"])), dict(body))
        rows = session.exec(select(tables.Grant).where(tables.Grant.agency_id == self.caller.agency.id)).all()
        grants = [
            Grant(row.agency_id, row.type_slug, row.region, row.valid_from, row.valid_until, row.four_eyes)
            for row in rows
        ]
        session.rollback()
        covering(grants, checked.licence_type.slug, checked.region, now)
        licence_id = new_id("lic", now, self.desk.entropy)
        draft = draft_version(self.desk, self.caller, checked, verb="issue", licence_id=licence_id, now=now)
        check_density(self.desk, draft)
        return draft

    def reserve(
        self, session: Session, draft: Draft, data_key: DataKey, idempotency_key: str
    ) -> tuple[tables.Intent, bytes, tables.StatusEntry]:
        """The rows of the first transaction."""
        desk, place = self.desk, (draft.caller.agency.id, draft.licence_id, draft.version)
        seal = reserve._sealing(desk, data_key)
        digest = hashlib.sha256(canonical_json({"number": draft.checked.number})).hexdigest()
        session.add(row(tables.Idempotency, reserve._idempotency(draft, idempotency_key, digest)))
        session.add(row(tables.Licence, reserve._licence(draft), row_version=0))
        session.flush()
        session.add(row(tables.DataKey, reserve._data_key(desk, draft, data_key)))
        session.add(row(tables.LicenceVersion, reserve._version(draft, seal)))
        session.flush()
        for position in range(len(draft.checked.holders)):
            session.add(row(tables.Holder, reserve._holder(desk, draft, seal, position)))
        agency_id, licence_id, version = place
        session.add(
            tables.VerificationCode(
                code=draft.verification_code, agency_id=agency_id, licence_id=licence_id, version=version
            )
        )
        slot = self.take_place(session, agency_id, draft.issued_at)
        status = tables.StatusEntry(
            agency_id=agency_id, licence_id=licence_id, version=version, list_no=slot.list_no,
            status_index=slot.index, state="reserved", changed_at=draft.issued_at,
        )  # fmt: skip
        to_sign = signing_bytes(desk, draft, slot)
        intent = row(tables.Intent, reserve._intent(desk, draft, seal, to_sign))
        session.add_all([status, intent])
        return intent, to_sign, status

    def take_place(self, session: Session, agency_id: str, now: datetime) -> StatusSlot:
        listed = session.get(tables.StatusList, (agency_id, 1))
        if listed is None:
            listed = tables.StatusList(
                agency_id=agency_id, list_no=1, size=131_072, taken=0,
                secret_id=self.desk.index_secret_id, created_at=now,
            )  # fmt: skip
        listed.taken += 1
        session.add(listed)
        session.flush()
        return StatusSlot(1, self.desk.permute(listed.secret_id, f"{agency_id}/1", listed.taken - 1))

    def sign(self, to_sign: bytes, kid: str, now: datetime) -> str:
        """The credential, checked as a stranger would."""
        slug = self.caller.agency.slug
        signer = self.desk.chest.signer_by_kid(kid, agency_slug=slug, purpose=Purpose.CREDENTIAL)
        credential = assemble(to_sign, signer.sign(to_sign))
        finish._check_as_a_stranger(self.desk, credential, now)
        return credential

    def complete(
        self,
        session: Session,
        draft: Draft,
        data_key: DataKey,
        made: tuple[tables.Intent, tables.StatusEntry, str],
        now: datetime,
    ) -> tables.Licence:
        """The rows of the second transaction."""
        intent, status, credential = made
        agency_id, licence_id, version = draft.caller.agency.id, draft.licence_id, draft.version
        licence = session.get_one(tables.Licence, (agency_id, licence_id))
        licence.row_version += 1
        licence.current_version = version
        status.state, status.changed_at = "active", now
        intent.state, intent.finished_at = "done", now
        sealed = self.desk.sealer.seal(
            data_key, credential.encode(), table="credential", column="sealed_text",
            row=reserve.row_name(licence_id, version), entropy=self.desk.entropy,
        )  # fmt: skip
        about = {"agency_id": agency_id, "licence_id": licence_id, "version": version}
        salt = self.desk.entropy(32)
        leaf = canonical_json({"kind": "issue", **about, "state": "active", "at": now.isoformat()})
        session.add_all([
            tables.Credential(**about, format="vc+jwt", kid=draft.kid, sealed_text=sealed,
                              digest=hashlib.sha256(credential.encode()).hexdigest(), issued_at=now),
            tables.LogEntry(**about, id=new_id("log", now, self.desk.entropy), kind="issue", salt=salt,
                            digest=hashlib.sha256(salt + leaf + intent.digest.encode()).digest(), occurred_at=now),
            tables.AuditEvent(**about, id=new_id("evt", now, self.desk.entropy), verb="issue", to_state="active",
                              occurred_at=now),
            tables.Outbox(**about, id=new_id("out", now, self.desk.entropy), kind="status", attempts=0,
                          created_at=now, due_at=now),
            licence, status, intent,
        ])  # fmt: skip
        return licence


def row(table: type[SQLModel], record: Any, **more: object) -> Any:
    """A record of the product as an object of the table's class."""
    return table(**asdict(record), **more)
