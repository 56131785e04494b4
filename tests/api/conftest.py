"""`calls`: the API of a registry of the test's own; `both` the same on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest
from tests.api.calls import Calls, calls_of
from tests.houses import OwnHouse, Pattern


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"calls", "steady", "both"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.store)


@pytest.fixture(scope="session")
def pattern_of(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Pattern]:
    """The registry from which those of the tests are copied, built when the first test asks for its engine."""
    built: dict[str, Pattern] = {}

    def pattern(engine: str) -> Pattern:
        if engine not in built:
            cluster = request.getfixturevalue("cluster") if engine == "postgresql" else None
            made = Pattern(tmp_path_factory.mktemp(f"api-{engine}"), cluster)
            made.build()
            built[engine] = made
        return built[engine]

    return pattern


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
