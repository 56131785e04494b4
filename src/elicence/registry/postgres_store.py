"""The store on PostgreSQL: each work is a transaction of its own, in the thread that asked.

The server groups commits by itself, so there is no writer thread. A transaction that the server took back because of
others, or that lost its connection before COMMIT was sent, runs again; one that lost it during COMMIT may or may not
have happened, and only an idempotent retry of the caller can tell.
"""

import itertools
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from elicence.errors import StoreFault
from elicence.registry.engine import postgres_engine
from elicence.registry.faults import Undone, fault, translated, undone
from elicence.registry.unit import Reader, Unit

T = TypeVar("T")
PAUSES = (0.01, 0.04, 0.16)  # seconds before each of three further attempts


class PostgresStore:
    """A pool of connections and a transaction for each work."""

    name = "postgresql"

    def __init__(self, url: URL, *, patience: float, pool_size: int = 16) -> None:
        self._engine = postgres_engine(url, patience=patience, pool_size=pool_size)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._threads = ThreadPoolExecutor(max_workers=pool_size, thread_name_prefix="registry")
        self._commits = itertools.count()
        self._pool_size = pool_size
        self._closed = False
        self.commits = 0

    @property
    def sound(self) -> bool:
        return not self._closed

    def submit(self, work: Callable[[Unit], T]) -> T:
        return _retried(lambda: self._transact(work))

    def submit_nowait(self, work: Callable[[Unit], T]) -> Future[T]:
        return self._threads.submit(self.submit, work)

    def acts(self) -> Executor:
        """A thread for each connection: the server groups their commits."""
        return ThreadPoolExecutor(self._pool_size, thread_name_prefix="acts")

    def read(self, work: Callable[[Reader], T]) -> T:
        return _retried(lambda: self._look(work))

    def close(self) -> None:
        """Finish what was submitted; a later `submit` is refused."""
        self._threads.shutdown(wait=True)
        self._closed = True
        self._engine.dispose()

    def _transact(self, work: Callable[[Unit], T]) -> T:
        if self._closed:
            raise StoreFault("store_down", "the registry is closed")
        try:
            with self._engine.connect() as connection, connection.begin():
                unit = Unit(connection)
                result = work(unit)
                if unit.failure is not None:
                    raise translated(unit.failure) from None  # the work swallowed it; half a work is not committed
        except (DBAPIError, PoolTimeoutError) as error:
            # Statements are translated by the unit; what arrives here is connecting, COMMIT or ROLLBACK.
            raise undone(error) or fault(error) from None
        self.commits = next(self._commits) + 1
        return result

    def _look(self, work: Callable[[Reader], T]) -> T:
        try:
            with self._snapshots.connect() as connection:
                return work(Reader(connection))
        except (DBAPIError, PoolTimeoutError) as error:
            raise fault(error) from None


def _retried(attempt: Callable[[], T]) -> T:
    for pause in PAUSES:
        try:
            return attempt()
        except Undone:
            time.sleep(pause)  # lets the one we collided with finish
    return attempt()
