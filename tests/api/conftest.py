"""`calls`: the API of a registry of the test's own; `both` the same on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest
from tests.api.calls import Calls, calls_of
from tests.houses import OwnHouse, Pattern


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"calls", "steady", "both"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.store)


@pytest.fixture
def home(pattern_of: Callable[[str], Pattern]) -> Iterator[OwnHouse]:
    """A registry with two agencies, on SQLite, published."""
    with pattern_of("sqlite").copy() as house:
        house.assembly.publish()
        yield house


@pytest.fixture
def calls(home: OwnHouse) -> Iterator[Calls]:
    """Its API, called by a client of the agency housing."""
    opened = calls_of(home)
    yield opened.sign_in()
    opened.close()


@pytest.fixture(scope="module")
def steady(pattern_of: Callable[[str], Pattern]) -> Iterator[Calls]:
    """The same for a whole module, for tests whose calls change nothing that another of them looks at."""
    with pattern_of("sqlite").copy() as house:
        house.assembly.publish()
        opened = calls_of(house)
        yield opened.sign_in()
        opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, pattern_of: Callable[[str], Pattern]) -> Iterator[Calls]:
    """The same on each engine in turn."""
    with pattern_of(request.param).copy() as house:
        house.assembly.publish()
        opened = calls_of(house)
        yield opened.sign_in()
        opened.close()
