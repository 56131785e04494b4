"""Fixtures of all rooms: `registry` and `database_url` run a test on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tests.houses import Pattern
from tests.postgres import Cluster
from xdist.scheduler import LoadScopeScheduling

from elicence.registry.registry import Registry
from elicence.registry.schema import upgrade

# How long an example may take depends on the machine, and is no property of ours.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

# Files whose tests share what is costly or there only once (a browser, what npm brings for it): one worker runs them.
# By name, because this pytest-xdist cannot tell this pytest about its groups and leaves them out without a word.
TOGETHER = {
    "tests/web/test_browser.py", "tests/web/test_counter.py", "tests/web/test_scanner.py", "tests/web/test_camera.py",
    "tests/api/test_five_hundred_types.py",
}  # fmt: skip

STORE_FIXTURES = {"registry", "database_url", "empty_database_url", "cluster", "sqlite_url", "postgres_url"}


class Scheduling(LoadScopeScheduling):
    """Test by test to whichever worker is free, but for the files that stay together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    return Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if STORE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.store)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL, one server per test process."""
    server = Cluster()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A registry of its own on SQLite."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'registry.db')}"


@pytest.fixture
def postgres_url(cluster: Cluster) -> Iterator[str]:
    """A registry of its own on PostgreSQL."""
    name = cluster.migrated()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A registry of its own, on each engine in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a registry that holds nothing yet, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'registry.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.empty()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def registry(database_url: str) -> Iterator[Registry]:
    """An open registry, on each engine in turn."""
    with Registry.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def pattern_of(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Pattern]:
    """The registry from which those of the tests are copied, built when the first test asks for its engine."""
    built: dict[str, Pattern] = {}

    def pattern(engine: str) -> Pattern:
        if engine not in built:
            cluster = request.getfixturevalue("cluster") if engine == "postgresql" else None
            made = Pattern(tmp_path_factory.mktemp(engine), cluster)
            made.build()
            built[engine] = made
        return built[engine]

    return pattern
