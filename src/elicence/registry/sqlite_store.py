"""The store on one SQLite file: works that wait are committed together, and readers stand beside."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from elicence.errors import StoreFault
from elicence.registry.acts import Acts, wait_here
from elicence.registry.engine import sqlite_engine
from elicence.registry.faults import fault
from elicence.registry.sqlite_writer import ATTEMPTS, Writer, driver_of
from elicence.registry.unit import Reader, Unit

T = TypeVar("T")
_READERS = 8


class SqliteStore:
    """A writer thread and a pool of readers on one file."""

    name = "sqlite"

    def __init__(self, path: Path, *, patience: float) -> None:
        self._readers = sqlite_engine(path, patience=patience, writes=False, pool_size=_READERS)
        self._free, self._patience = threading.Semaphore(_READERS), patience
        self._idle: deque[tuple[Connection, sqlite3.Connection]] = deque()
        self._writer = Writer(sqlite_engine(path, patience=patience / ATTEMPTS, writes=True, pool_size=1))

    @property
    def sound(self) -> bool:
        return self._writer.sound

    @property
    def commits(self) -> int:
        return self._writer.commits

    def submit(self, work: Callable[[Unit], T]) -> T:
        done = wait_here(self._writer, work) or self._writer.submit(work)
        answer: T = done.result()
        return answer

    def submit_nowait(self, work: Callable[[Unit], T]) -> Future[T]:
        return self._writer.submit(work)

    def acts(self) -> Executor:
        """Where many acts wait for commits in one thread."""
        return Acts(self._writer)

    def read(self, work: Callable[[Reader], T]) -> T:
        try:
            with self._lent() as (connection, driver):
                driver.execute("BEGIN")
                try:
                    return work(Reader(connection, driver))
                finally:
                    driver.rollback()
        except (DBAPIError, PoolTimeoutError, sqlite3.Error) as error:
            raise fault(error) from None

    @contextmanager
    def _lent(self) -> Iterator[tuple[Connection, sqlite3.Connection]]:
        """A connection for reading, kept open between two loans: a pool that looks after it each time costs more."""
        if not self._free.acquire(timeout=self._patience):
            raise StoreFault("store_busy", "too many are reading; nothing was changed")
        lent = None
        try:
            lent = self._taken() or self._opened()
            yield lent
        finally:
            if lent is not None:
                self._give_back(lent)
            self._free.release()

    def _give_back(self, lent: tuple[Connection, sqlite3.Connection]) -> None:
        """A look that finds nothing raises, too; only a connection that could not be rolled back is not lent again."""
        if lent[1].in_transaction:
            lent[0].close()
        else:
            self._idle.append(lent)

    def _taken(self) -> tuple[Connection, sqlite3.Connection] | None:
        try:
            return self._idle.pop()
        except IndexError:  # another reader was faster than a look beforehand could be
            return None

    def _opened(self) -> tuple[Connection, sqlite3.Connection]:
        connection = self._readers.connect()
        return connection, driver_of(connection)

    def close(self) -> None:
        """Commit what is waiting, then close; a later `submit` is refused."""
        self._writer.close()
        while self._idle:
            self._idle.pop()[0].close()
        self._readers.dispose()
