"""What holds for every command: help, JSON, exit codes, languages, and what a process loads and tells."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.assembly import ROOT
from tests.cli.shell import Shell
from typer.testing import CliRunner

import elicence
from elicence import errors
from elicence.cli.failures import exit_code
from elicence.cli.main import NOUNS, _load, app


def commands() -> Iterator[tuple[str, ...]]:
    for name in NOUNS:
        loaded = _load(name)
        nested = getattr(loaded, "commands", None)
        yield from ((name, each) for each in nested) if nested else [(name,)]


EVERY_COMMAND = sorted(commands())


def test_the_commands_are_those_of_the_design() -> None:
    assert {" ".join(each) for each in EVERY_COMMAND} == {
        "init", "agency add", "agency list", "grant add", "grant list",
        "licence issue", "licence get", "licence list", "licence suspend", "licence reinstate", "licence revoke",
        "licence renew", "licence correct", "licence history",
        "verify", "inspect", "qr make", "qr read", "type list", "type show", "type lint",
        "key list", "key rotate", "key compromise", "status publish", "doctor", "operator add", "operator list",
        "proposal list", "proposal show", "proposal approve", "proposal decline",
        "client add", "client list", "client rotate", "client disable",
        "context add", "context list", "context use", "context show", "context remove",
        "serve", "publish", "demo", "upgrade",
    }  # fmt: skip


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_has_help_and_the_common_options(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, [*words, "--help"])
    assert told.exit_code == 0
    for option in ("--home", "--json", "--lang"):
        assert option in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80


def test_a_noun_alone_shows_its_help_and_counts_as_wrong_usage() -> None:
    for words in ([], ["licence"], ["qr"]):
        told = CliRunner().invoke(app, words)
        assert told.exit_code == 2
        assert "Usage: " in told.stderr


def test_a_word_that_is_no_command_is_told_in_either_form(shell: Shell) -> None:
    assert shell.run("licenc").code == 2
    assert "Did you mean 'licence'" in shell.run("licenc").err
    assert shell.refused(2, "usage", "licence", "burn").error["message"] == "No such command 'burn'."
    assert shell.run("licence", "get").code == 2
    shell.refused(2, "usage", "licence", "get", "x", "--colour")


def test_options_may_stand_before_the_noun_too(shell: Shell) -> None:
    assert shell.ok("--json", "agency", "list").json["slug"] == "housing"
    assert "示例市住房局" in shell.ok("--lang", "zh-CN", "agency", "list").out
    assert "示例市住房局" in shell.run("agency", "list", env={"ELICENCE_LANG": "zh-CN"}).out


def test_every_error_has_an_exit_code() -> None:
    classes = {
        each for name in errors.__all__
        if isinstance(each := getattr(errors, name), type) and issubclass(each, errors.ElicenceError) and each.codes
    }  # fmt: skip
    for each in classes:
        options = {"file": "x"} if each is errors.TypeFileError else {}
        assert exit_code(each(min(each.codes), "a sentence", **options)) in {2, 3, 4}


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert elicence.__version__ == project["version"]
    assert CliRunner().invoke(app, ["--version"]).stdout == f"elicence {elicence.__version__}\n"
    assert json.loads(CliRunner().invoke(app, ["--version", "--json"]).stdout)["version"] == elicence.__version__


def run(
    *words: str, code: str = "from elicence.cli.main import run; run()", **env: str
) -> subprocess.CompletedProcess[bytes]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON", "ELICENCE_"))
    }
    return subprocess.run([sys.executable, "-c", code, *words], env=kept | env, capture_output=True, timeout=60)


@pytest.mark.parametrize("env", [{"LANG": "C"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii", "LC_ALL": "POSIX"}])
def test_chinese_is_written_in_utf_8_whatever_the_locale(env: dict[str, str]) -> None:
    told = run("type", "list", "--lang", "zh-CN", **env)
    assert told.returncode == 0, told.stderr
    assert "食品经营许可证" in told.stdout.decode("utf-8")


def test_a_check_loads_no_database_library(shell: Shell) -> None:
    content = shell.issue()["qr"]["content"]
    published = shell.home / "published"
    code = (
        "import sys\nfrom elicence.cli.main import run\ntry:\n    run()\nfinally:\n"
        "    print([name for name in ('sqlmodel', 'sqlalchemy', 'psycopg', 'stdnum') if name in sys.modules])"
    )
    told = run(
        "verify", content, "--published", str(published), "--roots", str(published / "roots.json"), "--json", code=code
    )
    report, loaded = told.stdout.decode().splitlines()
    # The clock of that process does not stand, so only the signature is certain.
    assert json.loads(report)["verdict"] in {"valid", "status_unknown", "not_yet_valid"}
    assert loaded == "[]"


def test_a_failure_of_our_own_is_written_down_under_a_name_and_exits_1(tmp_path: Path) -> None:
    code = (
        "import rich.console\nfrom elicence.cli.main import run\n"
        "def broken(_): raise ZeroDivisionError('number of the holder')\n"
        "rich.console.Console.capture = broken\nrun()"
    )
    told = run("type", "list", code=code, TMPDIR=str(tmp_path))
    assert told.returncode == 1
    assert b"[internal]" in told.stderr
    assert b"number of the holder" not in told.stderr
    (written,) = tmp_path.glob("elicence-failure-*.txt")
    assert str(written) in told.stderr.decode()
    assert "ZeroDivisionError" in written.read_text()
    assert written.stat().st_mode & 0o077 == 0


def test_whoever_stops_reading_causes_no_noise() -> None:
    command = f"{sys.executable} -c 'from elicence.cli.main import run; run()' type show degree --json | head -c 10"
    told = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60)
    assert told.stderr == b""


def test_usage_errors_name_the_option() -> None:
    from elicence.cli.failures import usage

    assert isinstance(usage("a sentence", "--option"), typer.TyperException)
    assert "--option" in usage("a sentence", "--option").format_message()
