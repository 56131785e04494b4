"""The tables: what was issued, what changed, and what is still to be done.

Every key leads with the agency, so that one agency's rows can live on one partition or node and row-level security is
one comparison. Four small tables are global: `verification_code` and `parked` (found without knowing the agency),
`log_sequence` (the one order of everything) and `registry_meta`. No key is a counter of the engine, so nothing depends
on the order in which an engine hands out row ids.

`sealed_*` columns hold ciphertext made by `elicence.keys.sealing`; this room never sees what is inside. Destroying a
row of `data_key` and blanking `holder.search_digest` erases a person; numbers, states and log leaves remain.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint

from elicence.registry.columns import (
    Stored,
    as_blob,
    as_date,
    as_flag,
    as_instant,
    as_number,
    as_text,
    of_agency,
    of_licence,
    of_version,
    one_of,
    only_where,
    shape,
    unique_where,
)
from elicence.registry.request_tables import Idempotency, Intent, Proposal

__all__ = [
    "Agency", "AuditEvent", "Client", "ClientAssertion", "Credential", "DataKey", "Grant", "Holder", "Idempotency",
    "Intent", "Licence", "LicenceVersion", "LogEntry", "LogSequence", "Operator", "Outbox", "Parked", "Proposal",
    "RegistryMeta", "StatusEntry", "StatusList", "StatusPublication", "VerificationCode",
]  # fmt: skip

STATUS_STATES = ("reserved", "active", "suspended", "revoked", "superseded")


# Who


class Agency(Stored, table=True):
    """A party that issues."""

    __table_args__ = shape(UniqueConstraint("slug", name="uq_agency_slug"))
    id: str = as_text(key=True)
    slug: str = as_text()
    name_zh: str = as_text()
    name_en: str = as_text()
    uscc: str = as_text()
    region: str = as_text()
    contact: str | None = as_text()
    created_at: datetime = as_instant()


class Client(Stored, table=True):
    """A system of an agency that may call us. Of its secret only the digest is kept."""

    __table_args__ = shape(of_agency(), Index("ix_client_id", "id"))
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    name: str = as_text()
    created_at: datetime = as_instant()
    disabled_at: datetime | None = as_instant()
    secret_digest: bytes | None = as_blob()
    public_keys: bytes | None = as_blob()
    scopes: str = as_text()
    rate_class: str = as_text()
    use: str = as_text()


class ClientAssertion(Stored, table=True):
    """A signed assertion with which a client has asked for a token: good once. Forgotten when it has expired."""

    __tablename__ = "client_assertion"
    __table_args__ = shape(of_agency(), Index("ix_client_assertion_expires_at", "expires_at"))
    agency_id: str = as_text(key=True)
    client_id: str = as_text(key=True)
    digest: bytes = as_blob(key=True)
    expires_at: datetime = as_instant()


class Operator(Stored, table=True):
    """A person of an agency."""

    __table_args__ = shape(of_agency())
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    name: str = as_text()
    created_at: datetime = as_instant()
    disabled_at: datetime | None = as_instant()


class Grant(Stored, table=True):
    """What an agency may issue, where and when."""

    __tablename__ = "grant_row"  # GRANT is a word of SQL
    __table_args__ = shape(of_agency())
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    type_slug: str = as_text()
    region: str | None = as_text()
    valid_from: datetime = as_instant()
    valid_until: datetime | None = as_instant()
    four_eyes: bool = as_flag()
    created_at: datetime = as_instant()


# Licences


class Licence(Stored, table=True):
    """A licence and which of its versions is current; `row_version` counts changes and is what `If-Match` compares.

    `given_up_at`: issuing it failed for good before anything was signed out; its number may be used again.
    """

    __table_args__ = shape(
        of_agency(), unique_where("given_up_at IS NULL", "uq_licence_number", "agency_id", "type_slug", "number")
    )
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    type_slug: str = as_text()
    number: str = as_text()
    external_ref: str | None = as_text()
    region: str | None = as_text()
    current_version: int | None = as_number()
    row_version: int = as_number()
    created_at: datetime = as_instant()
    given_up_at: datetime | None = as_instant()


class LicenceVersion(Stored, table=True):
    """What a licence says as of one version; a correction is a new version, never a change."""

    __tablename__ = "licence_version"
    __table_args__ = shape(of_licence(), Index("ix_licence_version_identifier", "agency_id", "licence_identifier"))
    agency_id: str = as_text(key=True)
    licence_id: str = as_text(key=True)
    version: int = as_number(key=True)
    type_version: int = as_number()
    licence_identifier: str = as_text()
    valid_from: datetime = as_instant()
    valid_until: datetime | None = as_instant()
    valid_from_date: date = as_date()
    valid_until_date: date | None = as_date()
    open_claims: bytes = as_blob()
    sealed_claims: bytes | None = as_blob()
    verification_code: str = as_text()
    supersedes: int | None = as_number()
    verb: str = as_text()
    region: str | None = as_text()
    created_at: datetime = as_instant()


class Holder(Stored, table=True):
    """A holder as of one version, sealed unless the type says its field is open."""

    __table_args__ = shape(of_version(), Index("ix_holder_search_digest", "agency_id", "search_digest"))
    agency_id: str = as_text(key=True)
    licence_id: str = as_text(key=True)
    version: int = as_number(key=True)
    position: int = as_number(key=True)
    kind: str = as_text()
    open_name: str | None = as_text()
    sealed_name: bytes | None = as_blob()
    id_scheme: str | None = as_text()
    sealed_id: bytes | None = as_blob()
    digest_secret_id: str | None = as_text()
    search_digest: bytes | None = as_blob()


class DataKey(Stored, table=True):
    """The licence's data key, wrapped by key-encryption key `kek_id`; without this row its sealed columns are noise."""

    __tablename__ = "data_key"
    __table_args__ = shape(of_licence(), Index("ix_data_key_kek_id", "kek_id"))
    agency_id: str = as_text(key=True)
    licence_id: str = as_text(key=True)
    kek_id: str = as_text()
    wrapped: bytes = as_blob()


class Credential(Stored, table=True):
    """A signed credential, sealed, once for ever."""

    __table_args__ = shape(of_version())
    agency_id: str = as_text(key=True)
    licence_id: str = as_text(key=True)
    version: int = as_number(key=True)
    format: str = as_text(key=True)
    kid: str = as_text()
    sealed_text: bytes = as_blob()
    digest: str = as_text()
    issued_at: datetime = as_instant()


class VerificationCode(Stored, table=True):
    """Global: a typed code names no agency."""

    __tablename__ = "verification_code"
    __table_args__ = shape(of_version())
    code: str = as_text(key=True)
    agency_id: str = as_text()
    licence_id: str = as_text()
    version: int = as_number()


# Status


class StatusList(Stored, table=True):
    """A list and how many of its places are taken; `secret_id` names the permutation secret, fixed for its life."""

    __tablename__ = "status_list"
    __table_args__ = shape(of_agency(), CheckConstraint("taken BETWEEN 0 AND size", name="taken"))
    agency_id: str = as_text(key=True)
    list_no: int = as_number(key=True)
    size: int = as_number()
    taken: int = as_number()
    secret_id: str = as_text()
    created_at: datetime = as_instant()


class StatusEntry(Stored, table=True):
    """Where a version stands on which list, and its state."""

    __tablename__ = "status_entry"
    __table_args__ = shape(
        of_version(),
        ForeignKeyConstraint(["agency_id", "list_no"], ["status_list.agency_id", "status_list.list_no"]),
        UniqueConstraint("agency_id", "list_no", "status_index", name="uq_status_entry_index"),
        one_of("state", STATUS_STATES),
        only_where("state IN ('suspended', 'revoked', 'superseded')", "ix_status_entry_marked", "agency_id", "list_no"),
        only_where("until IS NOT NULL", "ix_status_entry_until", "until"),
    )
    agency_id: str = as_text(key=True)
    licence_id: str = as_text(key=True)
    version: int = as_number(key=True)
    list_no: int = as_number()
    status_index: int = as_number()
    state: str = as_text()
    reason: str | None = as_text()
    changed_at: datetime = as_instant()
    until: datetime | None = as_instant()


class StatusPublication(Stored, table=True):
    """Every signed list that was published, so that the answer of a past day can be given again."""

    __tablename__ = "status_publication"
    __table_args__ = shape(
        ForeignKeyConstraint(["agency_id", "list_no"], ["status_list.agency_id", "status_list.list_no"]),
        Index("ix_status_publication_published_at", "agency_id", "list_no", "form", "published_at"),
    )
    agency_id: str = as_text(key=True)
    list_no: int = as_number(key=True)
    form: str = as_text(key=True)
    serial: int = as_number(key=True)
    sequence: int = as_number()
    kid: str = as_text()
    digest: str = as_text()
    document: bytes = as_blob()
    published_at: datetime = as_instant()
    expires_at: datetime = as_instant()


# What happened


class LogEntry(Stored, table=True):
    """A leaf of the log: a salted digest, no personal data. `position` is set once, by the sequencer, after commit."""

    __tablename__ = "log_entry"
    __table_args__ = shape(
        of_agency(),
        Index("ix_log_entry_licence", "agency_id", "licence_id"),
        only_where("position IS NULL", "ix_log_entry_unnumbered", "occurred_at"),
    )
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    kind: str = as_text()
    licence_id: str | None = as_text()
    version: int | None = as_number()
    salt: bytes = as_blob()
    digest: bytes = as_blob()
    occurred_at: datetime = as_instant()
    position: int | None = as_number()


class LogSequence(Stored, table=True):
    """The one order of all agencies' entries: positions from 0 without a gap."""

    __tablename__ = "log_sequence"
    __table_args__ = shape(
        ForeignKeyConstraint(["agency_id", "entry_id"], ["log_entry.agency_id", "log_entry.id"]),
        UniqueConstraint("agency_id", "entry_id", name="uq_log_sequence_entry"),
    )
    position: int = as_number(key=True)
    agency_id: str = as_text()
    entry_id: str = as_text()


class AuditEvent(Stored, table=True):
    """Who did what to which licence; `facts` is JSON without personal data."""

    __tablename__ = "audit_event"
    __table_args__ = shape(of_agency(), Index("ix_audit_event_licence", "agency_id", "licence_id", "id"))
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    verb: str = as_text()
    licence_id: str | None = as_text()
    version: int | None = as_number()
    from_state: str | None = as_text()
    to_state: str | None = as_text()
    reason: str | None = as_text()
    client_id: str | None = as_text()
    operator_id: str | None = as_text()
    facts: bytes | None = as_blob()
    occurred_at: datetime = as_instant()


class Outbox(Stored, table=True):
    """Work to be done because of a committed change, written in the change's own transaction."""

    __table_args__ = shape(
        of_agency(),
        only_where("done_at IS NULL", "ix_outbox_due", "due_at"),
    )
    agency_id: str = as_text(key=True)
    id: str = as_text(key=True)
    kind: str = as_text()
    licence_id: str | None = as_text()
    version: int | None = as_number()
    body: bytes | None = as_blob()
    created_at: datetime = as_instant()
    due_at: datetime = as_instant()
    attempts: int = as_number()
    done_at: datetime | None = as_instant()


# Global and small


class Parked(Stored, table=True):
    """A presentation waiting to be taken once, found by the digest of a token that we never keep."""

    __table_args__ = shape(of_agency())
    digest: bytes = as_blob(key=True)
    agency_id: str = as_text()
    licence_id: str = as_text()
    sealed: bytes | None = as_blob()
    parked_at: datetime = as_instant()
    expires_at: datetime = as_instant()
    taken_at: datetime | None = as_instant()


class RegistryMeta(Stored, table=True):
    """Facts about the registry itself, such as its fixed base URL."""

    __tablename__ = "registry_meta"
    __table_args__ = shape()
    key: str = as_text(key=True)
    value: str = as_text()
