"""A new registry: what is refused, what is made, and that no secret is told."""

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.assembly import BASE_URL, CHEAP, ROOT
from tests.cli.shell import Shell, tables_of
from tests.postgres import Cluster

from elicence.cli.door import Door


@pytest.fixture
def fresh(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home")


def test_a_second_init_is_refused_and_changes_nothing(shell: Shell) -> None:
    before = {path: path.read_bytes() for path in shell.home.rglob("*") if path.is_file()}
    shell.refused(4, "registry_exists", "init", "--base-url", "https://other.example.gov")
    assert {path: path.read_bytes() for path in shell.home.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "base_url",
    [
        "e.example.gov",
        "http://e.example.gov",
        "https://E.example.gov",
        "https://e.example.gov/",
        "https://e.example.gov/x",
    ],
)
def test_a_base_url_of_another_form_is_refused_before_anything_is_made(fresh: Shell, base_url: str) -> None:
    fresh.refused(2, "base_url_bad", "init", "--base-url", base_url)
    assert not fresh.home.exists()


def test_production_asks_for_https(fresh: Shell) -> None:
    fresh.refused(2, "production_refused", "init", "--base-url", "http://localhost:8000")
    assert not fresh.home.exists()


def test_a_password_in_an_argument_is_refused_and_not_repeated(fresh: Shell) -> None:
    for url in ("postgresql://me:hunter2@db/elicence", "postgresql://db/elicence?password=hunter2"):
        answer = fresh.refused(2, "usage", "init", "--base-url", BASE_URL, "--postgres", url)
        assert "hunter2" not in answer.err
    assert not fresh.home.exists()


def test_a_database_of_another_kind_is_refused(fresh: Shell) -> None:
    fresh.refused(2, "usage", "init", "--base-url", BASE_URL, "--postgres", "mysql://db/elicence")


def test_a_number_of_roots_that_cannot_be_is_refused(fresh: Shell) -> None:
    for roots in ("0", "17", "two"):
        fresh.refused(2, "usage", "init", "--base-url", BASE_URL, "--roots", roots)


@pytest.mark.parametrize(
    ("words", "roots"),
    [((), 2), (("--roots", "3"), 3), (("--environment", "demo"), 1)],
    ids=["production", "three", "demo"],
)
def test_production_has_two_roots_and_a_demo_one_unless_told(fresh: Shell, words: tuple[str, ...], roots: int) -> None:
    made = fresh.ok("init", "--base-url", BASE_URL, *words, "--json").json
    assert (len(made["roots"]), made["threshold"]) == (roots, roots)
    trusted = (fresh.home / "published" / "trusted-list.json").read_text()
    assert trusted.count(".") == 2 * roots


def test_the_passphrase_is_in_a_file_of_its_own_and_in_no_answer(fresh: Shell) -> None:
    answer = fresh.ok("init", "--base-url", BASE_URL)
    passphrase = fresh.home / "keys" / "passphrase"
    assert passphrase.read_text().strip() not in answer.out
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert stat.S_IMODE((fresh.home / "elicence.json").stat().st_mode) == 0o600


KILLED = """
import os, sys
from itertools import count
from pathlib import Path
import typer
from tests.assembly import CHEAP, StandingClock
from elicence.cli.door import Door
from elicence.cli.main import app

draws = count(1)
def entropy(size):
    if next(draws) == int(sys.argv[2]):
        os._exit(9)
    return os.urandom(size)

door = Door(home=Path(sys.argv[1]), clock=StandingClock(), cost=CHEAP, entropy=entropy)
typer.main.get_command(app).main(["init", "--base-url", "https://e.example.gov", "--json"], obj=door)
"""


@pytest.mark.parametrize("draw", [1, 4, 7])
def test_a_crash_while_it_is_being_made_is_made_good_by_the_next_init(fresh: Shell, draw: int) -> None:
    words = [sys.executable, "-c", KILLED, str(fresh.home), str(draw)]
    killed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert killed.returncode == 9, killed.stderr
    assert [path.name for path in fresh.home.iterdir()] == [".elicence-building"]
    fresh.refused(4, "registry_absent", "licence", "list")
    fresh.ok("init", "--base-url", BASE_URL)
    assert not list(fresh.home.glob(".elicence-*"))
    assert fresh.ok("doctor", "--json").json["passed"]


def test_a_failure_while_it_is_being_made_leaves_nothing(fresh: Shell) -> None:
    def fails(_size: int) -> bytes:
        raise KeyboardInterrupt

    fresh.door = lambda: Door(home=fresh.home, clock=fresh.clock, cost=CHEAP, entropy=fails)
    assert fresh.run("init", "--base-url", BASE_URL).code == 130
    assert not fresh.home.exists()
    fresh.home.mkdir()
    (fresh.home / "notes.txt").write_text("mine")
    assert fresh.run("init", "--base-url", BASE_URL).code == 130
    assert [path.name for path in fresh.home.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("moved", [(), ("keys",), ("keys", "published", "registry.db")], ids=len)
def test_a_crash_while_what_was_made_is_moved_is_made_good(shell: Shell, moved: tuple[str, ...]) -> None:
    built = shell.home / ".elicence-built"
    built.mkdir()
    for path in list(shell.home.iterdir()):
        if path != built and path.name not in moved:
            path.rename(built / path.name)
    if "keys" in moved:  # one folder was half moved
        (built / "keys").mkdir()
        (shell.home / "keys" / "keyring.json").rename(built / "keys" / "keyring.json")
    shell.refused(4, "registry_exists", "init", "--base-url", BASE_URL)
    assert not built.exists()
    assert shell.ok("doctor", "--json").json["passed"]
    shell.issue()


def test_what_cannot_be_moved_waits_whole_until_it_can(fresh: Shell) -> None:
    fresh.home.mkdir()
    (fresh.home / "published").write_text("a file where a folder belongs")
    fresh.refused(4, "file_error", "init", "--base-url", BASE_URL)
    fresh.refused(4, "file_error", "init", "--base-url", BASE_URL)
    (fresh.home / "published").unlink()
    fresh.refused(4, "registry_exists", "init", "--base-url", BASE_URL)
    assert not list(fresh.home.glob(".elicence-*"))
    fresh.ok("status", "publish")
    assert fresh.ok("doctor", "--json").json["passed"]


def test_two_do_not_make_a_registry_in_one_home(fresh: Shell) -> None:
    fresh.home.mkdir()
    folder = os.open(fresh.home, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        fresh.refused(4, "registry_exists", "init", "--base-url", BASE_URL)
    finally:
        os.close(folder)
    assert list(fresh.home.iterdir()) == []
    fresh.ok("init", "--base-url", BASE_URL)


def test_a_passphrase_that_lies_ready_is_used_and_stays(fresh: Shell) -> None:
    passphrase = fresh.home / "keys" / "passphrase"
    passphrase.parent.mkdir(parents=True)
    passphrase.write_text("ready and waiting\n")
    passphrase.chmod(0o600)
    fresh.ok("init", "--base-url", BASE_URL)
    assert passphrase.read_text() == "ready and waiting\n"
    assert fresh.ok("doctor", "--json").json["passed"]


def test_a_home_that_is_no_registry_is_named_as_such(tmp_path: Path) -> None:
    nobody = Shell(tmp_path / "nothing")
    nobody.refused(4, "registry_absent", "licence", "list")
    nobody.refused(2, "settings_bad", "verify", "x")
    assert not nobody.home.exists()


def test_an_unknown_setting_is_refused(shell: Shell) -> None:
    answer = shell.run("licence", "list", env={"ELICENCE_DATABSE_URL": "sqlite:///x"})
    assert answer.code == 2
    assert "ELICENCE_DATABSE_URL" in answer.err


def test_a_registry_on_postgresql_issues_and_verifies(cluster: Cluster, fresh: Shell) -> None:
    name = cluster.empty()
    try:
        url = cluster.url(name).replace("postgresql+psycopg://", "postgresql://")
        assert fresh.ok("init", "--base-url", BASE_URL, "--postgres", url, "--json").json["engine"] == "postgresql"
        assert not (fresh.home / "registry.db").exists()
        fresh.ok(
            "agency", "add", "food", "--name-zh", "示例局", "--name-en", "Food", "--uscc", "11320482014138860P",
            "--region", "32",
        )  # fmt: skip
        fresh.ok("grant", "add", "food", "food-business-licence")
        licence = fresh.issue()
        assert fresh.verify(licence["qr"]["content"]) == (0, "valid")
        fresh.ok("licence", "revoke", licence["id"], "--reason", "penalty")
        assert fresh.verify(licence["qr"]["content"]) == (10, "revoked")
        assert fresh.ok("doctor", "--json").json["passed"]
    finally:
        cluster.drop(name)


def test_a_refused_agency_leaves_the_registry_as_it_was(shell: Shell) -> None:
    before = tables_of(shell.home)
    words = ("--name-zh", "某局", "--name-en", "Office", "--uscc", "11320482014138860P", "--region", "3204")
    shell.refused(4, "agency_exists", "agency", "add", "housing", *words)
    problems = shell.refused(3, "validation_failed", "agency", "add", "Housing Office", *words).error["problems"]
    assert [each["pointer"] for each in problems] == ["/slug"]
    wrong = shell.refused(
        3, "check_digit_wrong", "agency", "add", "tax", *words[:4], "--uscc", "113204820141388600", "--region", "3204"
    )
    assert "/uscc" in {each["pointer"] for each in wrong.error["problems"]}
    assert tables_of(shell.home) == before


def test_agencies_are_listed_in_both_languages(shell: Shell) -> None:
    assert "Example Housing Office" in shell.ok("agency", "list").out
    assert "示例市住房局" in shell.ok("agency", "list", "--lang", "zh-CN").out
    assert shell.ok("agency", "list", "--json").json["slug"] == "housing"
