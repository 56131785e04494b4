"""The command line called in this process: as a person would type it, with a clock that stands and cheap secrets."""

import json
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.assembly import CHEAP, STANDARDS, StandingClock
from typer.testing import CliRunner

from elicence.cli.door import Door
from elicence.cli.main import app

FOOD = "food-business-licence"
ESTATE = "real-estate-registration"
DEGREE = "degree"


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The only object of the answer."""
        (answer,) = self.objects
        return answer

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Every object, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The error that was told, as `--json` tells it."""
        (line,) = self.err.splitlines()
        return json.loads(line)["error"]


@dataclass
class Shell:
    """A home, and commands run in it."""

    home: Path
    clock: StandingClock = field(default_factory=StandingClock)

    def door(self) -> Door:
        """How the process of each command is called."""
        return Door(home=self.home, clock=self.clock, cost=CHEAP)

    def run(self, *words: object, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Answer:
        result = CliRunner(env={"COLUMNS": "80"} | dict(env or {})).invoke(
            app, [str(word) for word in words], input=stdin, obj=self.door(), catch_exceptions=False,
            prog_name="elicence",
        )  # fmt: skip
        return Answer(result.exit_code, result.stdout, result.stderr)

    def ok(self, *words: object, stdin: str | bytes | None = None) -> Answer:
        """Runs a command that must succeed."""
        answer = self.run(*words, stdin=stdin)
        assert answer.code == 0, answer.err or answer.out
        return answer

    def refused(self, code: int, error: str, *words: object, stdin: str | bytes | None = None) -> Answer:
        """Runs a command that must fail with this exit code and error code, and say nothing on standard output."""
        answer = self.run(*words, "--json", stdin=stdin)
        assert (answer.code, answer.error["code"]) == (code, error), answer
        assert answer.out == ""
        return answer

    def request(self, type_slug: str = FOOD, **changes: Any) -> str:
        """A valid request as text, with changes; a change to None removes the field."""
        path = min((STANDARDS / type_slug / "examples").glob("valid-*.json"))
        body = json.loads(path.read_bytes()) | changes
        return json.dumps({name: value for name, value in body.items() if value is not None}, ensure_ascii=False)

    def issue(self, type_slug: str = FOOD, **changes: Any) -> dict[str, Any]:
        """A licence, issued."""
        return self.ok("licence", "issue", "-", "--json", stdin=self.request(type_slug, **changes)).json

    def verify(self, *words: object, stdin: str | None = None) -> tuple[int, str]:
        """Exit code and verdict of one verification."""
        answer = self.run("verify", *words, "--json", stdin=stdin)
        return answer.code, answer.json["verdict"]


def copy_of(home: Path, to: Path) -> Path:
    """A home copied whole."""
    shutil.copytree(home, to)
    return to


def tables_of(home: Path) -> int:
    """How many rows the registry holds altogether: whether anything was written."""
    with sqlite3.connect(home / "registry.db") as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names)
