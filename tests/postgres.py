"""A PostgreSQL of our own for the tests: started on first use, reached by a socket in a private folder, gone after.

Works as an ordinary user and as root (PostgreSQL refuses to run as root, so it then runs as `postgres` or `nobody`).
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg
import pytest

SUPERUSER = "elicence"
# Nothing here cuts the power, so nothing here needs the disk: a killed process leaves its writes with the kernel.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "deadlock_timeout": "100ms",
}
# The shell stops the server when its input ends, which happens however this process ends, kill -9 included.
KEEPER = '"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server'


def binaries() -> Path | None:
    """Where initdb and postgres are, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name != "15")
    if config := shutil.which("pg_config"):
        folders.append(Path(subprocess.run([config, "--bindir"], capture_output=True, text=True).stdout.strip()))
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def required_binaries() -> Path:
    found = binaries()
    if found is None:
        missing = "PostgreSQL is not installed (Debian package postgresql-15), so half of the store is untested"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def unprivileged() -> dict[str, object]:
    """For `subprocess`: who runs the server when we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    pytest.fail("PostgreSQL does not run as root, and there is no user postgres or nobody")


class Cluster:
    """One server. `fresh()` makes a database that holds a copy of the migrated one, or nothing."""

    def __init__(self) -> None:
        self.bin = required_binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="elpg-", dir="/tmp"))  # a socket's path may have 107 bytes
        self.identity = unprivileged()
        if self.identity:
            os.chown(self.folder, self.identity["user"], self.identity["group"])
        self._names = (f"t{number}" for number in count())
        self._template: str | None = None
        self._server: subprocess.Popen[bytes] | None = None
        initdb = [self.bin / "initdb", "-D", self.folder / "data", "-U", SUPERUSER, "--auth=trust", "--no-sync"]
        made = subprocess.run(
            [*initdb, "--encoding=UTF8", "--locale=C.UTF-8"], cwd=self.folder, capture_output=True, **self.identity
        )
        assert made.returncode == 0, made.stderr.decode()
        self.start()

    def start(self) -> None:
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            server = [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *settings]
            self._server = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "keeper", *server],
                cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self.identity,
            )  # fmt: skip
        for _ in range(200):
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"PostgreSQL did not start: {(self.folder / 'log').read_text('utf-8')[-2000:]}")

    def stop(self) -> None:
        """Fast shutdown: open sessions are ended, as when an administrator restarts the server."""
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
            self._server.wait(timeout=30)
            self._server = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """One statement of the administrator, outside a transaction."""
        with psycopg.connect(host=str(self.folder), user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)

    def empty(self) -> str:
        name = next(self._names)
        self.run(f"CREATE DATABASE {name}")
        return name

    def migrated(self) -> str:
        """A copy of a database that was migrated once: much faster than migrating each."""
        from elicence.registry.schema import upgrade

        if self._template is None:
            self._template = self.empty()
            upgrade(self.url(self._template))
        name = next(self._names)
        self.run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")
