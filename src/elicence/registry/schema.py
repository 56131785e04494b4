"""Which schema a database has, and how it gets the current one. Only `upgrade` ever creates or changes tables."""

import os
from enum import StrEnum
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from elicence.errors import StoreFault
from elicence.registry.engine import is_sqlite, parse_url, postgres_engine, sqlite_engine, sqlite_path
from elicence.registry.faults import fault
from elicence.registry.migrations import REVISIONS

_MIGRATIONS = Path(__file__).parent / "migrations"
_PATIENCE = 5.0
LOCK = 0x656C6963  # any number no other program on this database uses as an advisory lock


class SchemaState(StrEnum):
    """What a database holds, seen from this program."""

    ABSENT = "absent"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"


def schema_state(url: str) -> SchemaState:
    """Whether the database at `url` has no registry, an older one, ours, or one of a newer program."""
    parsed = parse_url(url)
    if is_sqlite(parsed) and not sqlite_path(parsed).is_file():
        return SchemaState.ABSENT
    engine = _engine(parsed, patience=_PATIENCE)
    try:
        with engine.connect() as connection:
            return _state(connection)
    except DBAPIError as error:
        raise fault(error) from None
    finally:
        engine.dispose()


def require_current_schema(url: URL, *, patience: float) -> None:
    """Raises `StoreFault` unless there is a sound database with exactly the schema this program knows."""
    if is_sqlite(url) and not sqlite_path(url).is_file():
        raise StoreFault("registry_absent", "there is no registry at this place; create one first")
    engine = _engine(url, patience=patience)
    try:
        with engine.connect() as connection:
            if is_sqlite(url):
                _require_sound_file(connection)
            state = _state(connection)
    except DBAPIError as error:
        raise fault(error) from None
    finally:
        engine.dispose()
    match state:
        case SchemaState.ABSENT:
            raise StoreFault("registry_absent", "this database holds no registry; create one first")
        case SchemaState.BEHIND:
            raise StoreFault("schema_behind", "this registry is of an older version; run `elicence upgrade`")
        case SchemaState.AHEAD:
            raise StoreFault("schema_ahead", "this registry is of a newer version than this program")
        case SchemaState.CURRENT:
            return


def upgrade(url: str) -> None:
    """Create the registry's tables, or bring older ones up to date. Doing it twice changes nothing."""
    # Imported here: Alembic is needed to change a schema, not to use one, and costs a fifth of a second.
    from alembic import command
    from alembic.config import Config

    parsed = parse_url(url)
    if is_sqlite(parsed):
        _make_private_file(sqlite_path(parsed))
    engine = _engine(parsed, patience=_PATIENCE)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with engine.connect() as connection, connection.begin():
            # One at a time, and all or nothing: two processes may start on one empty database.
            connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if is_sqlite(parsed) else f"SELECT pg_advisory_xact_lock({LOCK})"
            )
            if _state(connection) is SchemaState.AHEAD:
                raise StoreFault("schema_ahead", "this registry is of a newer version than this program")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise fault(error) from error  # DDL holds no values, so the cause may be shown
    finally:
        engine.dispose()


def _engine(url: URL, *, patience: float) -> Engine:
    if is_sqlite(url):
        return sqlite_engine(sqlite_path(url), patience=patience, writes=True, pool_size=1)
    return postgres_engine(url, patience=patience, pool_size=1)


def _state(connection: Connection) -> SchemaState:
    if not inspect(connection).has_table("alembic_version"):
        return SchemaState.ABSENT
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is None:
        return SchemaState.ABSENT
    if found == REVISIONS[-1]:
        return SchemaState.CURRENT
    return SchemaState.BEHIND if found in REVISIONS else SchemaState.AHEAD


def _require_sound_file(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
        raise StoreFault("store_corrupt", "the database file is damaged; restore a backup")


def _make_private_file(path: Path) -> None:
    """Nobody but the owner may read a registry; SQLite itself would follow the umask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
