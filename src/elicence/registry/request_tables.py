"""The tables of requests: which key stood for which, what is to be signed, and what waits for a second operator."""

from datetime import datetime

from sqlalchemy import UniqueConstraint

from elicence.registry.columns import (
    Stored,
    as_blob,
    as_instant,
    as_number,
    as_text,
    of_agency,
    of_version,
    one_of,
    only_where,
    shape,
)

INTENT_STATES = ("pending", "done", "failed")
PROPOSAL_STATES = ("proposed", "approved", "declined")


class Idempotency(Stored, table=True):
    """Which request a key stood for."""

    __table_args__ = shape(of_agency())
    agency_id: str = as_text(key=True)
    key: str = as_text(key=True)
    verb: str = as_text()
    request_digest: str = as_text()
    licence_id: str = as_text()
    version: int = as_number()
    created_at: datetime = as_instant()


class Intent(Stored, table=True):
    """The exact bytes to be signed, sealed, written down before anything is signed."""

    __table_args__ = shape(
        of_version(),
        one_of("state", INTENT_STATES),
        only_where("state = 'pending'", "ix_intent_pending", "created_at"),
    )
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    licence_id: str = as_text()
    version: int = as_number()
    verb: str = as_text()
    kid: str = as_text()
    sealed_signing_input: bytes = as_blob()
    digest: str = as_text()
    state: str = as_text()
    reason: str | None = as_text()
    client_id: str | None = as_text()
    operator_id: str | None = as_text()
    created_at: datetime = as_instant()
    finished_at: datetime | None = as_instant()


class Proposal(Stored, table=True):
    """A request that waits for a second operator, sealed under a data key of its own."""

    __table_args__ = shape(
        of_agency(),
        UniqueConstraint("agency_id", "idempotency_key", name="uq_proposal_idempotency_key"),
        one_of("state", PROPOSAL_STATES),
        only_where("state = 'proposed'", "ix_proposal_open", "agency_id"),
    )
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    verb: str = as_text()
    licence_id: str | None = as_text()
    idempotency_key: str = as_text()
    digest: str = as_text()
    kek_id: str = as_text()
    wrapped: bytes = as_blob()
    sealed_request: bytes = as_blob()
    state: str = as_text()
    client_id: str | None = as_text()
    proposed_by: str = as_text()
    decided_by: str | None = as_text()
    created_at: datetime = as_instant()
    decided_at: datetime | None = as_instant()
