"""The command line as a user of a registry elsewhere has it: no home, a folder for contexts, a secret somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.assembly import CHEAP
from tests.cli.shell import Answer, Shell

from elicence.cli.door import Door
from elicence.settings import system_clock

SECRET = "HOUSING_SECRET"


@dataclass
class User(Shell):
    """`home` is the home folder of the user; pauses are written down and not waited for."""

    secret: str | None = None
    pauses: list[float] = field(default_factory=list)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The file of contexts."""
        return self.home / "config" / "elicence" / "contexts.json"

    def door(self) -> Door:
        return Door(clock=system_clock, cost=CHEAP, pause=self.pauses.append)

    def run(self, *words: object, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Answer:
        own = {"XDG_CONFIG_HOME": str(self.home / "config"), **self.settings}
        if self.secret is not None:
            own[SECRET] = self.secret
        answer = super().run(*words, stdin=stdin, env=own | dict(env or {}))
        # Whatever was asked and whatever went wrong.
        assert self.secret is None or self.secret not in answer.out + answer.err
        return answer

    def add(self, name: str, base_url: str, client_id: str, *words: object) -> None:
        """A context whose secret is in the environment."""
        self.ok(
            "context", "add", name, "--base-url", base_url, "--client-id", client_id, "--secret-env", SECRET, *words
        )


def secret_of(answer: Answer) -> tuple[str, str]:
    """Id and secret of a client that was just added."""
    return answer.json["client_id"], answer.json["client_secret"]
