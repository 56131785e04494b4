"""From a frozen record to a row and back, by equal names.

A record is a frozen dataclass whose fields are named after the columns they fill. `Rows` prepares its INSERT and SELECT
once, at import, so that the hot path only ever meets statements that SQLAlchemy has compiled before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, bindparam, insert, select
from sqlmodel import SQLModel

from elicence.registry.unit import Reader, Unit

R = TypeVar("R")


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a table class."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


class Rows(Generic[R]):
    """The rows of one table, seen as records of one class."""

    def __init__(self, model: type[SQLModel], record: type[R]) -> None:
        self.table = table_of(model)
        self.record: Callable[..., R] = record
        self.names = tuple(field.name for field in fields(record))  # type: ignore[arg-type]
        self._values = attrgetter(*self.names)
        self._insert = insert(self.table)
        self._columns = [self.table.c[name] for name in self.names]

    def select(self, *conditions: ColumnElement[bool], **equal: str) -> Select[Any]:
        """A SELECT of records where `column=parameter` name equalities to be filled in at execution."""
        equalities = [self.table.c[column] == bindparam(parameter) for column, parameter in equal.items()]
        return select(*self._columns).where(*equalities, *conditions)

    def add(self, unit: Unit, record: R, **further: object) -> None:
        """Insert one record; `further` fills columns that are no field of it."""
        unit.execute(self._insert, self._parameters(record) | further)

    def add_all(self, unit: Unit, records: Iterable[R]) -> None:
        if rows := [self._parameters(record) for record in records]:
            unit.execute(self._insert, rows)

    def first(self, reader: Reader, statement: Select[Any], parameters: Mapping[str, object]) -> R | None:
        row = reader.first(statement, parameters)
        return None if row is None else self.record(*row)

    def all(self, reader: Reader, statement: Select[Any], parameters: Mapping[str, object]) -> tuple[R, ...]:
        return tuple(self.record(*row) for row in reader.all(statement, parameters))

    def _parameters(self, record: R) -> dict[str, object]:
        return dict(zip(self.names, self._values(record), strict=True))
