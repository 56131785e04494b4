"""Group commit on SQLite: one connection that writes, for whole groups of works at a time.

An fsync costs more than the work of a licence, so works that arrive while one commit is on its way to the disk share
the next. Each runs in a savepoint of its own: one that fails is undone alone. Nobody is answered before the commit
that carries the answer has returned.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from elicence.errors import ElicenceError, StoreFault
from elicence.registry.faults import fault, is_busy, sqlite_code, translated
from elicence.registry.unit import Unit

__all__ = ["ATTEMPTS", "Writer", "driver_of"]

T = TypeVar("T")
GROUP_LIMIT = 256  # bounds how long the first of a group waits for the last
ATTEMPTS = 3  # at a lock of another process, each as long as the busy timeout


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, for BEGIN, COMMIT and savepoints."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  (tells the type checker what the engine is made of)
    return driver


class Turn:
    """One work of a group: a savepoint around it, and the answer it gets after the commit.

    A context manager rather than an `except`: whatever a work raises, a simulated kill included, belongs to its caller
    and must neither end the writer nor reach the neighbours.
    """

    __slots__ = ("_driver", "_unit", "error", "future", "result", "work")

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self, connection: Connection, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._unit = Unit(connection, driver)
        with self:
            self.result = self.work(self._unit)

    def __enter__(self) -> None:
        self._driver.execute("SAVEPOINT work")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None and self._unit.failure is not None:
            error = translated(self._unit.failure)  # the work swallowed it; half a work is not committed
        self.error = error
        if self._driver.in_transaction:  # a full disk takes the whole transaction back, savepoints and all
            if error is not None:
                self._driver.execute("ROLLBACK TO work")
            self._driver.execute("RELEASE work")
        return True

    def answer(self, failure: ElicenceError | None = None) -> None:
        """Tell the caller. When the group failed that comes first: a refusal may rest on a row that never was."""
        if failure is not None:
            self.future.set_exception(type(failure)(failure.code, failure.message))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Committer:
    """The connection that writes. Threads take turns with it, a group of works at a turn."""

    def __init__(self, engine: Engine) -> None:
        self.commits = 0
        self.sound = True
        """False once the disk failed: only opening the file anew finds out what it holds."""
        self._engine = engine
        self._lock = threading.Lock()
        self._at_work: int | None = None
        self._connection = engine.connect()
        self._driver = driver_of(self._connection)

    def refuse_nesting(self) -> None:
        """Raises `RuntimeError` within a work."""
        if self._at_work == threading.get_ident():
            raise RuntimeError("a work must not submit another: it would wait for itself")

    def commit(self, turns: Sequence[Turn]) -> None:
        """One transaction for the group. What fails here fails for all of it, and is told to all of it."""
        with self._lock:
            failure = self._transact(turns) if self.sound else StoreFault("store_down", "the disk has failed")
        for turn in turns:
            turn.answer(failure)

    def close(self) -> None:
        """Nothing can be committed any more."""
        with self._lock:
            self.sound = False
            self._connection.close()
            self._engine.dispose()

    def _transact(self, turns: Sequence[Turn]) -> ElicenceError | None:
        try:
            self._patiently("BEGIN IMMEDIATE")
            self._run(turns)
            if not self._driver.in_transaction:
                return StoreFault("store_down", "the disk is full or fails; nothing was changed")
            self._patiently("COMMIT")
        except sqlite3.Error as error:
            self.sound = sqlite_code(error) != sqlite3.SQLITE_IOERR and self._undone()
            return fault(error)
        self.commits += 1
        return None

    def _undone(self) -> bool:
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True

    def _run(self, turns: Sequence[Turn]) -> None:
        self._at_work = threading.get_ident()
        try:
            for turn in turns:
                turn.run(self._connection, self._driver)
                if not self._driver.in_transaction:
                    break
        finally:
            self._at_work = None

    def _patiently(self, statement: str) -> None:
        """BEGIN IMMEDIATE and COMMIT wait for other processes; the transaction stays whole in between."""
        for attempt in range(ATTEMPTS):
            try:
                self._driver.execute(statement)
            except sqlite3.OperationalError as error:
                if attempt == ATTEMPTS - 1 or not is_busy(error):
                    raise
            else:
                return


class Writer:
    """Takes works from any thread. Its own thread lives until `close` or until the disk fails under it."""

    def __init__(self, engine: Engine) -> None:
        self._committer = Committer(engine)
        self._waiting: SimpleQueue[Turn | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed: str | None = None  # why no more works are taken
        self._group: list[Turn] = []
        self._thread = threading.Thread(target=self._loop, name="registry-writer", daemon=True)
        self._thread.start()

    @property
    def sound(self) -> bool:
        """Whether works are still taken."""
        return self._closed is None and self._committer.sound

    @property
    def commits(self) -> int:
        """Transactions that are on the disk."""
        return self._committer.commits

    def submit(self, work: Callable[[Unit], T]) -> Future[T]:
        """Hands a work to the writer's thread."""
        self._committer.refuse_nesting()
        turn = Turn(work)
        with self._gate:
            if self._closed is not None:
                raise StoreFault("store_down", self._closed)
            self._waiting.put(turn)
        return turn.future

    def commit(self, works: Sequence[Callable[[Unit], Any]]) -> Sequence[Future[Any]]:
        """Commits works together in the calling thread; what became of each is there on return."""
        turns = [Turn(work) for work in works]
        if self._closed is None:
            self._committer.commit(turns)
        else:
            for turn in turns:
                turn.answer(StoreFault("store_down", self._closed))
        if not self._committer.sound:
            self.close()
        return [turn.future for turn in turns]

    def close(self) -> None:
        """Commits what is waiting and ends."""
        with self._gate:
            if self._closed is None:
                self._closed = "the registry is closed"
                self._waiting.put(None)
        self._thread.join()

    def _loop(self) -> None:
        try:
            while self._committer.sound and self._take_group():
                self._committer.commit(self._group)
                self._group = []
        finally:
            self._stop()

    def _take_group(self) -> bool:
        """Wait for a work and take all that came with it; False when it is time to end."""
        first = self._waiting.get()
        taken = [first, *(self._waiting.get() for _ in range(min(self._waiting.qsize(), GROUP_LIMIT - 1)))]
        if None in taken:
            self._waiting.put(None)  # nothing comes after the end, so the rest of it is taken first
        self._group = [turn for turn in taken if turn is not None and turn.future.set_running_or_notify_cancel()]
        return bool(self._group) or first is not None

    def _stop(self) -> None:
        """Also reached by a defect of our own: nobody may be left waiting for ever."""
        with self._gate:
            self._closed = self._closed or "the writer has ended; open the registry again"
        left = [*self._group, *(self._waiting.get() for _ in range(self._waiting.qsize()))]
        for turn in left:
            if turn is not None and not turn.future.done():
                turn.answer(StoreFault("store_down", self._closed))
        self._committer.close()
