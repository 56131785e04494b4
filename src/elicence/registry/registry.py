"""`Registry`: the one way in. Opens a store of either engine, runs units of work, reads."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Protocol, Self, TypeVar

from elicence.registry.engine import is_sqlite, parse_url, sqlite_path
from elicence.registry.postgres_store import PostgresStore
from elicence.registry.schema import require_current_schema
from elicence.registry.sqlite_store import SqliteStore
from elicence.registry.unit import Reader, Unit

T = TypeVar("T")


class Store(Protocol):
    """What both engines offer."""

    name: str

    @property
    def sound(self) -> bool: ...
    @property
    def commits(self) -> int: ...
    def submit(self, work: Callable[[Unit], T]) -> T: ...
    def submit_nowait(self, work: Callable[[Unit], T]) -> Future[T]: ...
    def read(self, work: Callable[[Reader], T]) -> T: ...
    def acts(self) -> Executor: ...
    def close(self) -> None: ...


class Registry:
    """An open registry; safe to use from many threads. Close it, or use it in a `with`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str, *, patience: float = 5.0, pool_size: int = 16) -> Self:
        """Open `sqlite:///<path>` or `postgresql+psycopg://…`; `patience` is how long locks of others are waited for,
        `pool_size` how many connections to PostgreSQL are held at most.

        Raises `StoreFault`: registry_absent, schema_behind, schema_ahead, sqlite_unsafe, store_corrupt, store_busy,
        store_down or engine_unknown. It never creates or migrates anything: that is `schema.upgrade`.
        """
        parsed = parse_url(url)
        require_current_schema(parsed, patience=patience)
        if is_sqlite(parsed):
            return cls(SqliteStore(sqlite_path(parsed), patience=patience))
        return cls(PostgresStore(parsed, patience=patience, pool_size=pool_size))

    @property
    def engine(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._store.name

    @property
    def sound(self) -> bool:
        """Whether works are still taken: no more once closed, or once the disk has failed."""
        return self._store.sound

    @property
    def commits(self) -> int:
        """Durable commits so far; fewer than works when works were committed together."""
        return self._store.commits

    def submit(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in a transaction and answer what it answered, once that is durable.

        Whatever `work` raises undoes what it wrote and is raised here. `work` may run more than once (on PostgreSQL,
        after a deadlock), so it must do nothing but read and write through its unit.
        """
        return self._store.submit(work)

    def submit_nowait(self, work: Callable[[Unit], T]) -> Future[T]:
        """As `submit`, answering a future that is done once the work is durable or failed."""
        return self._store.submit_nowait(work)

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run `work` on committed rows as of one moment."""
        return self._store.read(work)

    def acts(self) -> Executor:
        """A place to run acts that submit, many at a time, so that they share what a commit costs. Shut it down first.

        An act may wait at every `submit`; it must not hold a lock there, for the next act may run in the same thread.
        """
        return self._store.acts()

    def close(self) -> None:
        """Finish what was submitted, then close."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
