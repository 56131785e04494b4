"""Progress is shown to people who look on, and to nobody else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.shell import Shell
from tests.cli.test_demo import RUN, environment
from tests.ports import free_port

COMMANDS = {
    "publish": ("Writing files", "publish", "www"),
    "status": ("Publishing", "status", "publish"),
    "doctor": ("Checking", "doctor"),
    "list": ("Reading licences", "licence", "list", "--all"),
    "init": ("Making the registry", "init", "--base-url", "https://e.example.gov", "--home", "new"),
}


def on_terminal(shell: Shell, *words: str, output: bool = True) -> tuple[str, str]:
    """What the command writes on a terminal; with `output` off, standard output is piped and answered apart."""
    ours, theirs = pty.openpty()
    env = environment(shell.home) | {"TERM": "xterm", "COLUMNS": "120", "ELICENCE_HOME": str(shell.home)}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *words], env=env, cwd=shell.home, stdin=subprocess.DEVNULL,
        stdout=theirs if output else subprocess.PIPE, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65_536):
                written += chunk
        except OSError:
            pass  # the other end is closed
        piped = b"" if process.stdout is None else process.stdout.read()
        assert process.wait(timeout=60) in {0, 1}, written
    os.close(ours)
    return written.decode(), piped.decode()


@pytest.mark.parametrize("name", COMMANDS)
def test_long_work_shows_a_bar_that_is_gone_when_it_is_done(shell: Shell, name: str) -> None:
    what, *words = COMMANDS[name]
    shown, _ = on_terminal(shell, *words)
    assert what in shown
    last = shown.rindex(what)
    assert "\x1b[2K" in shown[last:], "the line is wiped"


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_drawn_where_the_answer_is_piped(shell: Shell, name: str) -> None:
    _, *words = COMMANDS[name]
    shown, piped = on_terminal(shell, *words, output=False)
    assert shown == ""
    assert "\x1b" not in piped


def test_nothing_is_drawn_around_json(shell: Shell) -> None:
    shown, _ = on_terminal(shell, "status", "publish", "--json")
    assert shown.count("{") == 1
    assert "\x1b" not in shown


def test_the_demo_says_what_it_is_doing_while_it_starts(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    env = environment(tmp_path) | {"TERM": "xterm", "COLUMNS": "120"}
    command = [sys.executable, "-c", RUN, "demo", "--port", str(free_port())]
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"Ctrl-C" not in shown:
            shown += os.read(ours, 65_536)
        process.terminate()
        assert process.wait(timeout=60) == 0
    os.close(ours)
    text = shown.decode()
    assert text.index("Making the demo") < text.index("Demo registry")
    assert "13/13" in text[: text.index("Demo registry")]
