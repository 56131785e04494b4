"""Many houses quickly: one is built for each engine, and every test gets a copy of it that it may spoil."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from tests.assembly import OTHER_USCC, STANDARDS, House, StandingClock, grant, house, new_agency
from tests.postgres import SUPERUSER, Cluster

from elicence.bootstrap import assemble
from elicence.registry.agencies import AgencyRecord
from elicence.registry.tables import Agency
from elicence.settings import Settings

TABLES = sorted(Agency.metadata.tables)


@dataclass
class Store:
    """The raw database behind a house, for tests that look or lay hands where the program never does."""

    path: Path | None = None
    cluster: Cluster | None = None
    database: str = ""

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}" if self.cluster is None else self.cluster.url(self.database)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection | psycopg.Connection]:
        if self.cluster is None:
            with closing(sqlite3.connect(self.path, timeout=10)) as opened, opened:
                yield opened
            return
        with psycopg.connect(host=str(self.cluster.folder), user=SUPERUSER, dbname=self.database) as opened:
            yield opened

    def rows(self, statement: str) -> list[tuple]:
        with self.connection() as opened:
            return opened.execute(statement).fetchall()

    def value(self, statement: str) -> object:
        return self.rows(statement)[0][0]

    def counts(self) -> Mapping[str, int]:
        """How many rows each table has."""
        return dict(self.rows(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)))

    def everything(self) -> Mapping[str, list[tuple]]:
        """Every row of every table."""
        with self.connection() as opened:
            return {table: sorted(opened.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}

    def tamper(self, *statements: str) -> None:
        """As an administrator would who means harm: past the triggers and foreign keys."""
        with self.connection() as opened:
            if self.cluster is not None:
                opened.execute("SET session_replication_role = replica")
            else:
                for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                    opened.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                opened.execute(statement)

    def files(self) -> Iterator[Path]:
        """Every file in which the engine may have left a byte."""
        if self.cluster is None:
            yield from self.path.parent.glob(f"{self.path.name}*")
            return
        with psycopg.connect(
            host=str(self.cluster.folder), user=SUPERUSER, dbname="postgres", autocommit=True
        ) as admin:
            admin.execute("CHECKPOINT")
        yield from (path for path in self.cluster.folder.rglob("*") if path.is_file())


@dataclass
class OwnHouse(House):
    """A house whose raw database a test may look into and spoil."""

    store: Store = field(default_factory=Store)


@dataclass
class Pattern:
    """A registry that is only ever copied: agency `housing` may issue every type, `market` food licences in 4403."""

    folder: Path
    cluster: Cluster | None
    store: Store = field(default_factory=Store)
    agencies: dict[str, AgencyRecord] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def build(self) -> None:
        home = self.folder / "pattern"
        self.store = Store(path=home / "registry.db")
        if self.cluster is not None:
            self.store = Store(cluster=self.cluster, database=self.cluster.empty())
        with house(home, self.store.url) as built:
            built.agencies["market"] = new_agency(built.assembly, "market", uscc=OTHER_USCC)
            grant(built.assembly, built.agencies["market"], "food-business-licence", region="4403")
            self.agencies = built.agencies
        if self.cluster is not None:
            with self.store.connection() as opened:
                opened.execute("CREATE SCHEMA pattern")
                for table in TABLES:
                    opened.execute(f"CREATE TABLE pattern.{table} AS TABLE public.{table}")

    @contextmanager
    def copy(self) -> Iterator[OwnHouse]:
        """A house of the test's own."""
        home = self.folder / f"copy{next(self.numbers)}"
        shutil.copytree(self.folder / "pattern", home)
        store = self.store if self.cluster is not None else Store(path=home / "registry.db")
        clock = StandingClock()
        settings = Settings(home=home, database_url=store.url, standards_dir=STANDARDS)
        try:
            with assemble(settings, clock=clock) as assembly:
                yield OwnHouse(assembly, clock, settings, dict(self.agencies), store)
        finally:
            if self.cluster is not None:
                self._as_before()
            shutil.rmtree(home)

    def _as_before(self) -> None:
        """One database serves every test: making one takes half a second, emptying it far less."""
        with self.store.connection() as opened:
            opened.execute("SET session_replication_role = replica")
            opened.execute(f"TRUNCATE {', '.join(TABLES)}")
            for table in TABLES:
                opened.execute(f"INSERT INTO {table} SELECT * FROM pattern.{table}")
