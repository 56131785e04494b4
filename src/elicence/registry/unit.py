"""`Reader` and `Unit`: the two handles through which the rest of this room speaks SQL.

A reader sees one consistent state and changes nothing. A unit is one unit of work: everything it wrote becomes durable
together or not at all. Neither is made by callers: `Registry.read` and `Registry.submit` hand them to a function.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable, Row
from sqlalchemy.engine import Connection

from elicence.registry.faults import STATEMENT_ERRORS, translated

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Reader:
    """Reads committed rows, all as of one moment."""

    __slots__ = ("_connection", "failure")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.failure: Exception | None = None

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run one statement. After a failure every further one fails: a work cannot swallow it and go on.

        PostgreSQL enforces that by itself; SQLite would let the work commit its other half.
        """
        self._go_on()
        try:
            return self._connection.execute(statement, parameters)
        except STATEMENT_ERRORS as error:
            raise self._failed(error) from None

    def first(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return self.execute(statement, parameters).first()

    def all(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        """All rows."""
        return self.execute(statement, parameters).all()

    def _go_on(self) -> None:
        if self.failure is not None:
            raise translated(self.failure) from None

    def _failed(self, error: Exception) -> Exception:
        self.failure = error
        return translated(error)


class Unit(Reader):
    """A reader that may write; it sees its own writes."""

    __slots__ = ()

    def execute_text(self, text: str, parameters: tuple[object, ...] | dict[str, object]) -> None:
        """Run a statement in the words of the engine, as `rows.Insert` prepared it."""
        self._go_on()
        try:
            self._connection.exec_driver_sql(text, parameters)
        except STATEMENT_ERRORS as error:
            raise self._failed(error) from None
