"""`Reader` and `Unit`: the two handles through which the rest of this room speaks SQL.

A reader sees one consistent state and changes nothing. A unit is one unit of work: everything it wrote becomes durable
together or not at all. Neither is made by callers: `Registry.read` and `Registry.submit` hand them to a function.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from elicence.registry.faults import translated

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Reader:
    """Reads committed rows, all as of one moment."""

    __slots__ = ("_connection", "failure")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.failure: SQLAlchemyError | None = None

    def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run one statement. After a failure every further one fails: a work cannot swallow it and go on.

        PostgreSQL enforces that by itself; SQLite would let the work commit its other half.
        """
        if self.failure is not None:
            raise translated(self.failure) from None
        try:
            return self._connection.execute(statement, parameters)
        except SQLAlchemyError as error:
            self.failure = error
            if not isinstance(error, DBAPIError | PoolTimeoutError):
                raise  # a defect of our own statement or value, not a word of the engine
            raise translated(error) from None

    def first(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Row[Any] | None:
        return self.execute(statement, parameters).first()

    def all(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        return self.execute(statement, parameters).all()


class Unit(Reader):
    """A reader that may write; it sees its own writes."""

    __slots__ = ()
