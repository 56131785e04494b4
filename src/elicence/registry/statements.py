"""Statements kept in the words of an engine's driver.

Executing a construct costs SQLAlchemy more than most statements cost SQLite. So a statement that never changes is
written out once for each engine, by SQLAlchemy itself, and from then on the driver is handed text and values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Select, Update

__all__ = ["Prepared", "Statement", "Values"]

Values = tuple[object, ...] | dict[str, object]
"""What a driver takes: by position (SQLite) or by name (psycopg)."""


class Prepared:
    """One statement in the words of one engine, and what turns values into the driver's and back."""

    def __init__(self, construct: Select[Any] | Update, dialect: Dialect) -> None:
        compiled = construct.compile(dialect=dialect)
        self.text = str(compiled)
        names = compiled.positiontup if compiled.positional else list(dict.fromkeys(compiled.bind_names.values()))
        kinds = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        # name, its constant value if the statement has one, and what the driver wants done with the value
        self._places = [(name, constants.get(name), kinds[name].bind_processor(dialect)) for name in names or ()]
        self._by_name = not compiled.positional
        readers = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in construct.exported_columns
        ]
        self._readers: list[tuple[int, Callable[[Any], Any]]] = [
            (at, each) for at, each in enumerate(readers) if each is not None
        ]

    def values(self, parameters: Mapping[str, object]) -> Values:
        """The driver's values for these parameters."""
        found = [
            constant if constant is not None else (parameters[name] if convert is None else convert(parameters[name]))
            for name, constant, convert in self._places
        ]
        if self._by_name:
            return {place[0]: value for place, value in zip(self._places, found, strict=True)}
        return tuple(found)

    def row(self, raw: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row of the driver in our types."""
        if not self._readers:
            return raw
        row = list(raw)
        for at, convert in self._readers:
            row[at] = convert(row[at])
        return tuple(row)


class Statement:
    """A SELECT or UPDATE that stays the same but for its parameters; written out when an engine first meets it."""

    __slots__ = ("_construct", "_prepared")

    def __init__(self, construct: Select[Any] | Update) -> None:
        self._construct = construct
        self._prepared: dict[str, Prepared] = {}

    def prepared(self, dialect: Dialect) -> Prepared:
        """The statement in the words of this engine."""
        found = self._prepared.get(dialect.name)
        if found is None:
            found = self._prepared[dialect.name] = Prepared(self._construct, dialect)
        return found
