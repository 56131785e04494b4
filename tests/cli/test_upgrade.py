"""`elicence upgrade`: a store of an earlier version is refused until it is up to date, and keeps what it has."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.shell import Shell

from elicence.registry.migrations import REVISIONS


def put_back(home: Path) -> None:
    """The store as the program before the last change of the tables left it."""
    with closing(sqlite3.connect(home / "registry.db")) as driver, driver:
        driver.execute("DROP INDEX ix_status_entry_until")
        driver.execute("UPDATE alembic_version SET version_num = ?", [REVISIONS[-2]])


def test_an_older_store_is_refused_with_the_way_out_and_keeps_its_licences(shell: Shell) -> None:
    issued = shell.issue()
    put_back(shell.home)
    refused = shell.refused(4, "schema_behind", "licence", "get", issued["id"])
    assert "elicence upgrade" in refused.err
    assert shell.ok("--json", "upgrade").json == {"object": "upgrade", "changed": True}
    assert shell.ok("--json", "licence", "get", issued["id"]).json["id"] == issued["id"]
    assert shell.ok("--json", "upgrade").json["changed"] is False


def test_a_newer_store_is_left_alone(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.home / "registry.db")) as driver, driver:
        driver.execute("UPDATE alembic_version SET version_num = '9999'")
    shell.refused(4, "schema_ahead", "upgrade")
    with closing(sqlite3.connect(shell.home / "registry.db")) as driver:
        assert driver.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_where_there_is_no_registry_none_is_made(tmp_path: Path) -> None:
    Shell(tmp_path / "empty").refused(4, "registry_absent", "upgrade")
    assert not (tmp_path / "empty" / "registry.db").exists()
