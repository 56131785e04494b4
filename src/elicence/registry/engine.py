"""How a database is opened: the two profiles that lose no acknowledged write."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from elicence.errors import StoreFault

# Versions before 3.51.3 can corrupt a WAL database that two connections use while the log is reset.
SAFE_WAL = (3, 51, 3)
_WAL_VERSION = 2  # bytes 18 and 19 of a database file: the format versions for writing and for reading


def parse_url(url: str) -> URL:
    """A database URL of a kind we keep licences in: `sqlite:///path` or `postgresql+psycopg://…`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreFault("engine_unknown", "the database URL is no URL") from None
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreFault(
            "engine_unknown",
            f"no engine {parsed.drivername!r}; use sqlite:///<path> or postgresql+psycopg://<host>/<name>",
        )
    if is_sqlite(parsed) and parsed.database in {None, "", ":memory:"}:
        raise StoreFault("engine_unknown", "a registry is a file: sqlite:///<path>")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file."""
    return url.drivername == "sqlite"


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite URL."""
    return Path(url.database or "")


def sqlite_engine(path: Path, *, patience: float, writes: bool, pool_size: int = 8) -> Engine:
    """An engine on an existing file. SQLAlchemy leaves BEGIN and COMMIT to us, because the driver would hide them.

    Journal DELETE with `synchronous=EXTRA`: a commit returns after the journal's removal is on disk too.
    """
    _refuse_unsafe_wal(path)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            _profile(connection, writes=writes)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return create_engine(
        "sqlite://",
        creator=connect,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience,
        hide_parameters=True,
        poolclass=QueuePool,
    )


def _profile(connection: sqlite3.Connection, *, writes: bool) -> None:
    for setting in (
        "journal_mode=DELETE" if sqlite3.sqlite_version_info < SAFE_WAL else "journal_mode",
        "synchronous=EXTRA",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "recursive_triggers=ON",  # so that REPLACE cannot slip past the triggers that refuse DELETE
        "cell_size_check=ON",
        "temp_store=MEMORY",  # undo pages of savepoints; a temporary file for each would cost dear
        f"cache_size={-65_536 if writes else -16_384}",  # negative: in kB
        f"query_only={'OFF' if writes else 'ON'}",
    ):
        connection.execute(f"PRAGMA {setting}").fetchall()
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "foreign_keys")]
    if found != [3, 1]:
        raise StoreFault(
            "sqlite_unsafe", f"SQLite {sqlite3.sqlite_version} does not take the settings that lose nothing"
        )


def _refuse_unsafe_wal(path: Path) -> None:
    if sqlite3.sqlite_version_info >= SAFE_WAL:
        return
    with path.open("rb") as file:
        header = file.read(20)
    if _WAL_VERSION in header[18:20]:
        raise StoreFault(
            "sqlite_unsafe",
            f"this file is in WAL mode, which SQLite {sqlite3.sqlite_version} can corrupt; "
            f"set journal_mode=DELETE first or use SQLite 3.51.3 or later",
        )


def postgres_engine(url: URL, *, patience: float, pool_size: int = 16) -> Engine:
    """An engine whose locks wait `patience` seconds and whose commits wait for the disk (or the replicas)."""
    milliseconds = int(patience * 1000)
    options = f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout=60000 -c TimeZone=UTC"
    engine = create_engine(
        url,
        connect_args={"options": options, "connect_timeout": max(2, int(patience)), "application_name": "elicence"},
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _insist_on_durable_commits)
    return engine


def _insist_on_durable_commits(connection: psycopg.Connection[Any], _record: object) -> None:
    """A server or role may be set to `off` or `local`; then a commit says yes before it is safe."""
    found = connection.execute("SHOW synchronous_commit").fetchone()
    if found is not None and found[0] in {"off", "local"}:
        connection.execute("SET SESSION synchronous_commit TO on")
    connection.commit()
