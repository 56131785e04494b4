"""Suspensions that have an end are found by it."""

from elicence.registry.migrations.writing import only_where

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    only_where("until IS NOT NULL", "ix_status_entry_until", "status_entry", "until")
