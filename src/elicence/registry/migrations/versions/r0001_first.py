"""The whole registry as of its first version."""

import sqlalchemy as sa
from alembic import op

from elicence.registry.migrations.writing import (
    blob,
    guard,
    guard_function,
    number,
    of,
    of_agency,
    of_licence,
    of_version,
    only_where,
    same,
    text,
    texts,
    unique_where,
)  # fmt: skip

revision = "0001"
down_revision = None


def upgrade() -> None:
    _parties()
    _licences()
    _credentials()
    _status()
    _requests()
    _log()
    _consequences()
    _global_tables()
    _guards()


def _parties() -> None:
    op.create_table(
        "agency",
        *texts("id", "slug", "name_zh", "name_en", "uscc", "region"),
        text("contact", null=True),
        number("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug", name="uq_agency_slug"),
        sqlite_strict=True,
    )
    op.create_table(
        "client",
        *texts("agency_id", "id", "name"),
        number("created_at"),
        number("disabled_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_table(
        "operator",
        *texts("agency_id", "id", "name"),
        number("created_at"),
        number("disabled_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_table(
        "grant_row",
        *texts("agency_id", "id", "type_slug"),
        text("region", null=True),
        number("valid_from"),
        number("valid_until", null=True),
        number("four_eyes"),
        number("created_at"),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )


def _licences() -> None:
    op.create_table(
        "licence",
        *texts("agency_id", "id", "type_slug", "number"),
        text("external_ref", null=True),
        text("region", null=True),
        number("current_version", null=True),
        number("row_version"),
        number("created_at"),
        number("given_up_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    unique_where("given_up_at IS NULL", "uq_licence_number", "licence", "agency_id", "type_slug", "number")
    op.create_table(
        "licence_version",
        *texts("agency_id", "licence_id"),
        number("version"),
        number("type_version"),
        text("licence_identifier"),
        number("valid_from"),
        number("valid_until", null=True),
        text("valid_from_date"),
        text("valid_until_date", null=True),
        blob("open_claims"),
        blob("sealed_claims", null=True),
        text("verification_code"),
        number("supersedes", null=True),
        text("verb"),
        text("region", null=True),
        number("created_at"),
        sa.PrimaryKeyConstraint("agency_id", "licence_id", "version"),
        of_licence(),
        sqlite_strict=True,
    )
    op.create_index("ix_licence_version_identifier", "licence_version", ["agency_id", "licence_identifier"])
    op.create_table(
        "holder",
        *texts("agency_id", "licence_id"),
        number("version"),
        number("position"),
        text("kind"),
        text("open_name", null=True),
        blob("sealed_name", null=True),
        text("id_scheme", null=True),
        blob("sealed_id", null=True),
        text("digest_secret_id", null=True),
        blob("search_digest", null=True),
        sa.PrimaryKeyConstraint("agency_id", "licence_id", "version", "position"),
        of_version(),
        sqlite_strict=True,
    )
    op.create_index("ix_holder_search_digest", "holder", ["agency_id", "search_digest"])


def _credentials() -> None:
    op.create_table(
        "data_key",
        *texts("agency_id", "licence_id", "kek_id"),
        blob("wrapped"),
        sa.PrimaryKeyConstraint("agency_id", "licence_id"),
        of_licence(),
        sqlite_strict=True,
    )
    op.create_index("ix_data_key_kek_id", "data_key", ["kek_id"])
    op.create_table(
        "credential",
        *texts("agency_id", "licence_id"),
        number("version"),
        *texts("format", "kid"),
        blob("sealed_text"),
        text("digest"),
        number("issued_at"),
        sa.PrimaryKeyConstraint("agency_id", "licence_id", "version", "format"),
        of_version(),
        sqlite_strict=True,
    )
    op.create_table(
        "verification_code",
        *texts("code", "agency_id", "licence_id"),
        number("version"),
        sa.PrimaryKeyConstraint("code"),
        of_version(),
        sqlite_strict=True,
    )


def _status() -> None:
    op.create_table(
        "status_list",
        text("agency_id"),
        number("list_no"),
        number("size"),
        number("taken"),
        text("secret_id"),
        number("created_at"),
        sa.PrimaryKeyConstraint("agency_id", "list_no"),
        of_agency(),
        sa.CheckConstraint("taken BETWEEN 0 AND size", name="taken"),
        sqlite_strict=True,
    )
    op.create_table(
        "status_entry",
        *texts("agency_id", "licence_id"),
        number("version"),
        number("list_no"),
        number("status_index"),
        text("state"),
        text("reason", null=True),
        number("changed_at"),
        number("until", null=True),
        sa.PrimaryKeyConstraint("agency_id", "licence_id", "version"),
        of_version(),
        of("status_list", agency_id="agency_id", list_no="list_no"),
        sa.UniqueConstraint("agency_id", "list_no", "status_index", name="uq_status_entry_index"),
        sa.CheckConstraint("state IN ('reserved', 'active', 'suspended', 'revoked', 'superseded')", name="state"),
        sqlite_strict=True,
    )
    only_where(
        "state IN ('suspended', 'revoked', 'superseded')",
        "ix_status_entry_marked",
        "status_entry",
        "agency_id",
        "list_no",
    )
    op.create_table(
        "status_publication",
        text("agency_id"),
        number("list_no"),
        text("form"),
        number("serial"),
        number("sequence"),
        *texts("kid", "digest"),
        blob("document"),
        number("published_at"),
        number("expires_at"),
        sa.PrimaryKeyConstraint("agency_id", "list_no", "form", "serial"),
        of("status_list", agency_id="agency_id", list_no="list_no"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_status_publication_published_at", "status_publication", ["agency_id", "list_no", "form", "published_at"]
    )


def _requests() -> None:
    op.create_table(
        "idempotency",
        *texts("agency_id", "key", "verb", "request_digest", "licence_id"),
        number("version"),
        number("created_at"),
        sa.PrimaryKeyConstraint("agency_id", "key"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_table(
        "intent",
        *texts("agency_id", "id", "licence_id"),
        number("version"),
        *texts("verb", "kid"),
        blob("sealed_signing_input"),
        *texts("digest", "state"),
        text("reason", null=True),
        text("client_id", null=True),
        text("operator_id", null=True),
        number("created_at"),
        number("finished_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_version(),
        sa.CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
        sqlite_strict=True,
    )
    only_where("state = 'pending'", "ix_intent_pending", "intent", "created_at")
    op.create_table(
        "proposal",
        *texts("agency_id", "id", "verb"),
        text("licence_id", null=True),
        *texts("idempotency_key", "digest", "kek_id"),
        blob("wrapped"),
        blob("sealed_request"),
        text("state"),
        text("client_id", null=True),
        text("proposed_by"),
        text("decided_by", null=True),
        number("created_at"),
        number("decided_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sa.UniqueConstraint("agency_id", "idempotency_key", name="uq_proposal_idempotency_key"),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'declined')", name="state"),
        sqlite_strict=True,
    )
    only_where("state = 'proposed'", "ix_proposal_open", "proposal", "agency_id")


def _log() -> None:
    op.create_table(
        "log_entry",
        *texts("agency_id", "id", "kind"),
        text("licence_id", null=True),
        number("version", null=True),
        blob("salt"),
        blob("digest"),
        number("occurred_at"),
        number("position", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_index("ix_log_entry_licence", "log_entry", ["agency_id", "licence_id"])
    only_where("position IS NULL", "ix_log_entry_unnumbered", "log_entry", "occurred_at")
    op.create_table(
        "log_sequence",
        number("position"),
        *texts("agency_id", "entry_id"),
        sa.PrimaryKeyConstraint("position"),
        of("log_entry", agency_id="agency_id", entry_id="id"),
        sa.UniqueConstraint("agency_id", "entry_id", name="uq_log_sequence_entry"),
        sqlite_strict=True,
    )


def _consequences() -> None:
    op.create_table(
        "audit_event",
        *texts("agency_id", "id", "verb"),
        text("licence_id", null=True),
        number("version", null=True),
        text("from_state", null=True),
        text("to_state", null=True),
        text("reason", null=True),
        text("client_id", null=True),
        text("operator_id", null=True),
        blob("facts", null=True),
        number("occurred_at"),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_event_licence", "audit_event", ["agency_id", "licence_id", "id"])
    op.create_table(
        "outbox",
        *texts("agency_id", "id", "kind"),
        text("licence_id", null=True),
        number("version", null=True),
        blob("body", null=True),
        number("created_at"),
        number("due_at"),
        number("attempts"),
        number("done_at", null=True),
        sa.PrimaryKeyConstraint("agency_id", "id"),
        of_agency(),
        sqlite_strict=True,
    )
    only_where("done_at IS NULL", "ix_outbox_due", "outbox", "due_at")


def _global_tables() -> None:
    op.create_table(
        "parked",
        blob("digest"),
        *texts("agency_id", "licence_id"),
        blob("sealed", null=True),
        number("parked_at"),
        number("expires_at"),
        number("taken_at", null=True),
        sa.PrimaryKeyConstraint("digest"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_table(
        "registry_meta",
        *texts("key", "value"),
        sa.PrimaryKeyConstraint("key"),
        sqlite_strict=True,
    )


def _guards() -> None:
    guard_function()
    for table in ("licence_version", "credential", "audit_event", "log_sequence"):
        guard(table)
    leaf = same("agency_id", "id", "kind", "licence_id", "version", "salt", "digest", "occurred_at")
    guard("log_entry", update_unless=f"OLD.position IS NULL AND NEW.position IS NOT NULL AND {leaf}")
    place = same("agency_id", "licence_id", "version", "list_no", "status_index")
    lawful = "OLD.state = NEW.state OR OLD.state NOT IN ('revoked', 'superseded') OR NEW.state = 'revoked'"
    guard("status_entry", update_unless=f"{place} AND ({lawful})")
