"""From a frozen record to a row and back, by equal names.

A record is a frozen dataclass whose fields are named after the columns they fill. `Rows` prepares its SELECTs and its
INSERT once. Inserting is what a licence mostly costs, so an INSERT is kept as the text the engine's driver takes:
that halves its price against executing the construct, and SQLAlchemy still writes the text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Dialect, Select, Table, bindparam, insert, select
from sqlmodel import SQLModel

from elicence.registry.statements import Statement, Values
from elicence.registry.unit import Reader, Unit

R = TypeVar("R")


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind a table class."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


class Insert:
    """An INSERT of some columns in the words of one engine: its text, and what turns values into the driver's."""

    def __init__(self, table: Table, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = insert(table).compile(dialect=dialect, column_keys=list(names))
        self.text = str(compiled)
        self._names = None if compiled.positional else names
        # The text names columns in the order of the table, whatever the order of the record.
        self._order = tuple(names.index(name) for name in compiled.positiontup or ())
        processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        self._processors = [(at, convert) for at, convert in enumerate(processors) if convert is not None]

    def parameters(self, values: Iterable[object]) -> Values:
        converted = list(values)
        for at, convert in self._processors:
            converted[at] = convert(converted[at])
        if self._names is None:
            return tuple([converted[at] for at in self._order])
        return dict(zip(self._names, converted, strict=True))


class Rows(Generic[R]):
    """The rows of one table, seen as records of one class."""

    def __init__(self, model: type[SQLModel], record: type[R], *further: str) -> None:
        """`further` names columns that are no field of the record, and are given apart when one is added."""
        self.table = table_of(model)
        self.record: Callable[..., R] = record
        self.names = tuple(field.name for field in fields(record))  # type: ignore[arg-type]
        self._filled = (*self.names, *further)
        self._values = attrgetter(*self.names)
        self._inserts: dict[str, Insert] = {}
        self._columns = [self.table.c[name] for name in self.names]

    def select(self, *conditions: ColumnElement[bool], **equal: str) -> Select[Any]:
        """A SELECT of records where `column=parameter` name equalities to be filled in at execution."""
        equalities = [self.table.c[column] == bindparam(parameter) for column, parameter in equal.items()]
        return select(*self._columns).where(*equalities, *conditions)

    def add(self, unit: Unit, record: R, *further: object) -> None:
        """Insert one record; `further` are the values of the further columns, in their order."""
        statement = self._inserts.get(unit.dialect.name)
        if statement is None:
            statement = self._inserts[unit.dialect.name] = Insert(self.table, self._filled, unit.dialect)
        unit.insert(statement.text, statement.parameters((*self._values(record), *further)))

    def first(self, reader: Reader, statement: Statement | Select[Any], parameters: Mapping[str, object]) -> R | None:
        row = reader.first(statement, parameters)
        return None if row is None else self._record_of(row)

    def all(
        self, reader: Reader, statement: Statement | Select[Any], parameters: Mapping[str, object]
    ) -> tuple[R, ...]:
        return tuple(self._record_of(row) for row in reader.all(statement, parameters))

    def _record_of(self, row: tuple[Any, ...]) -> R:
        return self.record(**dict(zip(self.names, row, strict=True)))
