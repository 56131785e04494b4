"""The schema: absent, behind, current, ahead; the migrations give exactly the tables."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, make_url

from elicence.errors import StoreFault
from elicence.registry import migrations
from elicence.registry.migrations import REVISIONS
from elicence.registry.registry import Registry
from elicence.registry.schema import SchemaState, schema_state, upgrade
from elicence.registry.tables import Agency

METADATA = Agency.metadata


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def execute(url: str, statement: str) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql(statement)


def test_an_empty_place_holds_no_registry_and_opening_it_creates_none(empty_database_url: str) -> None:
    assert schema_state(empty_database_url) is SchemaState.ABSENT
    with pytest.raises(StoreFault, match="registry_absent"):
        Registry.open(empty_database_url)
    assert schema_state(empty_database_url) is SchemaState.ABSENT


@pytest.mark.parametrize(
    ("statement", "state", "code"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", SchemaState.AHEAD, "schema_ahead"),
        ("DELETE FROM alembic_version", SchemaState.ABSENT, "registry_absent"),
    ],
)
def test_a_registry_of_another_version_is_refused(
    database_url: str, statement: str, state: SchemaState, code: str
) -> None:
    execute(database_url, statement)
    assert schema_state(database_url) is state
    with pytest.raises(StoreFault, match=code):
        Registry.open(database_url)


def test_a_registry_of_an_older_version_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elicence.registry.schema.REVISIONS", (*REVISIONS, "0002-to-come"))
    assert schema_state(database_url) is SchemaState.BEHIND
    with pytest.raises(StoreFault, match="schema_behind"):
        Registry.open(database_url)


def test_a_newer_registry_is_not_upgraded(database_url: str) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreFault, match="schema_ahead"):
        upgrade(database_url)


def test_the_migrations_give_exactly_the_tables(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    upgrade(empty_database_url)
    assert schema_state(empty_database_url) is SchemaState.CURRENT
    with connected(empty_database_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
        engine = connection.dialect.name
        found = {row[0] for row in connection.exec_driver_sql(NAMES[engine])}
    rules = {str(rule.name) for table in METADATA.tables.values() for rule in table.constraints}
    if engine == "postgresql":
        assert rules == found - {"alembic_version_pkc"}
    else:
        assert all(any(rule in sql for sql in found) for rule in rules)


NAMES = {
    "postgresql": "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'table'",
}


def test_revisions_are_the_ones_alembic_finds_in_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_every_key_leads_with_the_agency_save_the_small_global_ones() -> None:
    leads = {table.name: next(iter(table.primary_key.columns)).name for table in METADATA.tables.values()}
    assert {name for name, column in leads.items() if column != "agency_id"} == {
        "agency", "verification_code", "parked", "log_sequence", "registry_meta",
    }  # fmt: skip


def test_a_migration_that_fails_half_way_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("half way")

    with monkeypatch.context() as patch:
        patch.setattr("elicence.registry.migrations.writing.guard", broken)
        with pytest.raises(RuntimeError, match="half way"):
            upgrade(empty_database_url)
    assert schema_state(empty_database_url) is SchemaState.ABSENT
    upgrade(empty_database_url)
    Registry.open(empty_database_url).close()


def test_two_processes_may_create_one_registry_at_once(empty_database_url: str) -> None:
    code = "import sys; from elicence.registry.schema import upgrade; upgrade(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", code, empty_database_url]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    Registry.open(empty_database_url).close()


def test_a_new_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    upgrade(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite_tables_are_strict(sqlite_url: str) -> None:
    with sqlite3.connect(make_url(sqlite_url).database or "") as connection:
        flags = dict(connection.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall())
    connection.close()
    assert {flags[name] for name in METADATA.tables} == {1}


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/name", "postgresql://host/name", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_of_no_engine_we_know_is_refused(url: str) -> None:
    with pytest.raises(StoreFault, match="engine_unknown"):
        Registry.open(url)


def test_a_server_that_is_not_there_is_down(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="store_down") as caught:
        Registry.open(f"postgresql+psycopg://secret-name@/db?host={tmp_path}")
    assert "secret-name" not in str(caught.value)


def test_a_file_that_is_no_database_or_a_damaged_one_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    nonsense = tmp_path / "nonsense.db"
    nonsense.write_bytes(b"not a database at all, but longer than its header" * 40)
    with pytest.raises(StoreFault, match="store_corrupt"):
        Registry.open(f"sqlite:///{nonsense}")
    path = Path(make_url(sqlite_url).database or "")
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 5] = bytes(4096 * 2)
    path.write_bytes(content)
    with pytest.raises(StoreFault, match="store_corrupt"):
        Registry.open(sqlite_url)


@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 51, 3), reason="this SQLite may use WAL")
def test_a_file_in_wal_mode_is_refused_where_sqlite_can_corrupt_it(sqlite_url: str) -> None:
    connection = sqlite3.connect(make_url(sqlite_url).database or "")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    with pytest.raises(StoreFault, match="sqlite_unsafe"):
        Registry.open(sqlite_url)


def test_a_server_set_to_answer_before_it_is_safe_is_overruled(postgres_url: str) -> None:
    from elicence.registry.engine import parse_url, postgres_engine

    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER ROLE elicence SET synchronous_commit TO off")
    try:
        engine = postgres_engine(parse_url(postgres_url), patience=5.0)
        with engine.connect() as ours:
            assert ours.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        engine.dispose()
    finally:
        with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ALTER ROLE elicence RESET synchronous_commit")
