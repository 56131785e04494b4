"""Clients get what they prove themselves with, what they may ask for, and how often."""

import sqlalchemy as sa
from alembic import op

from elicence.registry.migrations.writing import blob, number, of_agency, texts

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (blob("secret_digest", null=True), blob("public_keys", null=True)):
        op.add_column("client", column)
    for name, before in (("scopes", ""), ("rate_class", "standard"), ("use", "live")):
        op.add_column("client", sa.Column(name, sa.Text(), nullable=False, server_default=before))
    op.create_index("ix_client_id", "client", ["id"])
    op.create_table(
        "client_assertion",
        *texts("agency_id", "client_id"),
        blob("digest"),
        number("expires_at"),
        sa.PrimaryKeyConstraint("agency_id", "client_id", "digest"),
        of_agency(),
        sqlite_strict=True,
    )
    op.create_index("ix_client_assertion_expires_at", "client_assertion", ["expires_at"])
