"""The base of the tables and the kinds of column, stored the same way on SQLite and on PostgreSQL.

Three choices keep the two engines equal: instants are whole microseconds since 1970 in UTC (SQLite has no instant type,
PostgreSQL's would come back in the session's zone), civil dates are ISO text (they sort, and have no zone to lose), and
every SQLite column has one of the five names that STRICT tables allow.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import INTEGER, BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, MetaData, Text
from sqlalchemy import text as sql
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_Int64 = BigInteger().with_variant(INTEGER(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware `datetime` as microseconds since the epoch; a naive one is refused, because it names no moment."""

    impl = _Int64
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + timedelta(microseconds=value)


class CivilDate(TypeDecorator[date]):
    """A calendar date without zone, as `YYYY-MM-DD`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:  # noqa: ARG002
        return None if value is None else date.fromisoformat(value)


class Flag(TypeDecorator[bool]):
    """True or false as 1 or 0: STRICT tables know no BOOLEAN."""

    impl = _Int64
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:  # noqa: ARG002
        return None if value is None else bool(value)


class _Kind(Protocol):
    def __call__(self, *, key: bool = False) -> Any: ...  # noqa: ANN401  (what a class attribute of SQLModel has to be)


def _kind(sa_type: type[TypeEngine[Any]] | TypeEngine[Any]) -> _Kind:
    def column(*, key: bool = False) -> Any:  # noqa: ANN401
        return Field(sa_type=sa_type, primary_key=key)

    return column


# One word per kind, so that a table reads as a list of names; whether a column may be null follows from its annotation.
as_text = _kind(Text)
as_number = _kind(_Int64)
as_blob = _kind(LargeBinary)
as_instant = _kind(Instant)
as_date = _kind(CivilDate)
as_flag = _kind(Flag)


class Stored(SQLModel):
    """Base of all tables: its own metadata, with names for every constraint so that a refusal can be told by name."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def shape(*rules: SchemaItem) -> tuple[object, ...]:
    """What `__table_args__` wants: the rules of a table, and STRICT where SQLite keeps it."""
    return (*rules, {"sqlite_strict": True})


def only_where(condition: str, name: str, *columns: str) -> Index:
    """An index over the few rows that still matter, so that it stays small however long the history grows."""
    return Index(name, *columns, sqlite_where=sql(condition), postgresql_where=sql(condition))


def unique_where(condition: str, name: str, *columns: str) -> Index:
    """A rule that holds for the rows that fulfil the condition."""
    return Index(name, *columns, unique=True, sqlite_where=sql(condition), postgresql_where=sql(condition))


def of_agency() -> ForeignKeyConstraint:
    """Rows of this table belong to an agency."""
    return ForeignKeyConstraint(["agency_id"], ["agency.id"])


def of_licence() -> ForeignKeyConstraint:
    """Rows of this table belong to a licence."""
    return ForeignKeyConstraint(["agency_id", "licence_id"], ["licence.agency_id", "licence.id"])


def of_version() -> ForeignKeyConstraint:
    """Rows of this table belong to one version of a licence."""
    return ForeignKeyConstraint(
        ["agency_id", "licence_id", "version"],
        ["licence_version.agency_id", "licence_version.licence_id", "licence_version.version"],
    )


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """The column holds one of these words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)
