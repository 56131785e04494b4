"""`Reader` and `Unit`: the two handles through which the rest of this room speaks SQL.

A reader sees one consistent state and changes nothing. A unit is one unit of work: everything it wrote becomes durable
together or not at all. Neither is made by callers: `Registry.read` and `Registry.submit` hand them to a function.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from elicence.registry.faults import STATEMENT_ERRORS, translated
from elicence.registry.statements import Statement, Values

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]
_ERRORS = (*STATEMENT_ERRORS, sqlite3.Error)
_Answer = tuple[list[tuple[Any, ...]], int]


class Reader:
    """Reads committed rows, all as of one moment."""

    __slots__ = ("_connection", "_sqlite", "dialect", "failure")

    def __init__(self, connection: Connection, sqlite: sqlite3.Connection | None = None) -> None:
        """`sqlite` is the driver under the connection, where it is one that may be spoken to directly."""
        self._connection, self._sqlite = connection, sqlite
        self.dialect: Dialect = connection.dialect
        self.failure: Exception | None = None

    def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run one statement. After a failure every further one fails: a work cannot swallow it and go on.

        PostgreSQL enforces that by itself; SQLite would let the work commit its other half.
        """
        self._go_on()
        try:
            return self._connection.execute(statement, parameters)
        except STATEMENT_ERRORS as error:
            raise self._failed(error) from None

    def first(
        self, statement: Statement | Executable, parameters: Mapping[str, object] | None = None
    ) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.all(statement, parameters)
        return rows[0] if rows else None

    def all(
        self, statement: Statement | Executable, parameters: Mapping[str, object] | None = None
    ) -> Sequence[tuple[Any, ...]]:
        """All rows."""
        if not isinstance(statement, Statement):
            return self.execute(statement, parameters).all()
        prepared = statement.prepared(self.dialect)
        rows, _ = self._tell(prepared.text, prepared.values(parameters or {}))
        return [prepared.row(row) for row in rows]

    def _tell(self, text: str, values: Values) -> _Answer:
        """Hand the driver a statement in its own words; its rows, and how many it touched."""
        self._go_on()
        try:
            if self._sqlite is not None:
                cursor = self._sqlite.execute(text, values)
                # All rows are fetched: a statement left open would keep SQLite from committing.
                return cursor.fetchall(), cursor.rowcount
            result = self._connection.exec_driver_sql(text, values)
            return ([tuple(row) for row in result] if result.returns_rows else []), result.rowcount
        except _ERRORS as error:
            raise self._failed(self._told(error)) from None

    def _told(self, error: Exception) -> Exception:
        """A driver's error as SQLAlchemy tells it."""
        if not isinstance(error, sqlite3.Error):
            return error
        return DBAPIError.instance(None, None, error, sqlite3.Error, hide_parameters=True, dialect=self.dialect)

    def _go_on(self) -> None:
        if self.failure is not None:
            raise translated(self.failure) from None

    def _failed(self, error: Exception) -> Exception:
        self.failure = error
        return translated(error)


class Unit(Reader):
    """A reader that may write; it sees its own writes."""

    __slots__ = ()

    def insert(self, text: str, values: Values) -> None:
        """Add a row with an INSERT in the words of the engine, as `rows.Insert` prepared it."""
        self._tell(text, values)

    def change(self, statement: Statement, parameters: Mapping[str, object]) -> int:
        """Run an UPDATE; answers how many rows it changed."""
        prepared = statement.prepared(self.dialect)
        return self._tell(prepared.text, prepared.values(parameters))[1]
