"""Words that migrations are written in. Released migrations depend on them: add, never change."""

import sqlalchemy as sa
from alembic import op


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def texts(*names: str) -> list[sa.Column[str]]:
    return [text(name) for name in names]


def number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.INTEGER(), "sqlite"), nullable=null)


def blob(name: str, *, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=null)


def of(table: str, **columns: str) -> sa.ForeignKeyConstraint:
    """A foreign key: column here = column there."""
    return sa.ForeignKeyConstraint(list(columns), [f"{table}.{there}" for there in columns.values()])


def of_agency() -> sa.ForeignKeyConstraint:
    return of("agency", agency_id="id")


def of_licence() -> sa.ForeignKeyConstraint:
    return of("licence", agency_id="agency_id", licence_id="id")


def of_version() -> sa.ForeignKeyConstraint:
    return of("licence_version", agency_id="agency_id", licence_id="licence_id", version="version")


def only_where(condition: str, name: str, table: str, *columns: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def unique_where(condition: str, name: str, table: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, list(columns), unique=True, sqlite_where=where, postgresql_where=where)


def guard(table: str, *, update_unless: str | None = None) -> None:
    """Triggers that refuse DELETE, and UPDATE unless the condition on OLD and NEW holds (None: always).

    They stop defects and hasty hands, not an administrator who drops them: for that there is the published log.
    """
    changed = "" if update_unless is None else f"WHEN (NOT ({update_unless})) "
    if op.get_bind().dialect.name == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table} {changed}{refuse}")
        op.execute(f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {refuse}")
        return
    refuse = "EXECUTE FUNCTION refuse_change()"
    op.execute(f"CREATE TRIGGER {table}_keeps BEFORE UPDATE ON {table} FOR EACH ROW {changed}{refuse}")
    op.execute(f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")


def guard_function() -> None:
    """PostgreSQL keeps what a trigger does in a function; its error is an integrity violation, as SQLite's is."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
            "END $$"
        )


def same(*columns: str) -> str:
    """A condition for `guard`: these columns keep their values, nulls included."""
    return " AND ".join(f"(OLD.{name} = NEW.{name} OR (OLD.{name} IS NULL AND NEW.{name} IS NULL))" for name in columns)
