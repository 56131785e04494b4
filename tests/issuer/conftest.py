"""`home`: a registry of the test's own, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest
from tests.houses import OwnHouse, Pattern


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "home" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.store)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, pattern_of: Callable[[str], Pattern]) -> Iterator[OwnHouse]:
    """A registry with two agencies, on each engine in turn."""
    with pattern_of(request.param).copy() as house:
        yield house


@pytest.fixture
def sqlite_home(pattern_of: Callable[[str], Pattern]) -> Iterator[OwnHouse]:
    """The same on SQLite only, for what does not hang on the engine."""
    with pattern_of("sqlite").copy() as house:
        yield house
