"""A home with an agency that may issue food, property and degree licences; made once, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.assembly import BASE_URL, USCC
from tests.cli.shell import DEGREE, ESTATE, FOOD, Shell, copy_of
from tests.served import Served, served


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shell = Shell(tmp_path_factory.mktemp("made") / "home")
    shell.ok("init", "--base-url", BASE_URL, "--environment", "demo")
    shell.ok(
        "agency", "add", "housing", "--name-zh", "示例市住房局", "--name-en", "Example Housing Office",
        "--uscc", USCC, "--region", "3204",
    )  # fmt: skip
    for slug in (FOOD, ESTATE, DEGREE):
        shell.ok("grant", "add", "housing", slug)
    return shell.home


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A registry elsewhere, in a process of its own."""
    with served(tmp_path_factory.mktemp("elsewhere") / "home", None, (FOOD, ESTATE, DEGREE)) as running:
        yield running


@pytest.fixture
def shell(made_home: Path, tmp_path: Path) -> Shell:
    """The made home, to change at will."""
    return Shell(copy_of(made_home, tmp_path / "home"))
