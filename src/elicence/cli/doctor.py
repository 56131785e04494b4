"""`elicence doctor`: everything that must be in order, checked one by one, gravest news included."""

from collections.abc import Iterator

import typer
from rich.text import Text

from elicence.bootstrap import assemble
from elicence.cli.door import Door, command, noun
from elicence.cli.health_of_keys import key_findings
from elicence.cli.health_of_registry import Finding, registry_findings
from elicence.cli.paper import columns, say, write
from elicence.cli.progress import progress
from elicence.cli.words import word
from elicence.errors import ElicenceError
from elicence.formats.encoding import JsonObject
from elicence.settings import Settings

app = noun(alone=True)

_MARKS = {"passed": ("✔", "green"), "warning": ("!", "yellow"), "failed": ("✘", "red")}


@command(app, "doctor")
def doctor(door: Door) -> None:
    """Check keys, store, clock and published files. Exit 1 if anything is wrong; a warning is not."""
    findings = []
    with progress(door, "checking") as step:
        for each in _findings(door):
            findings.append(each)
            step(now=each.name)
    failed = [each for each in findings if each.outcome == "failed"]
    rows = [(Text(_MARKS[each.outcome][0], _MARKS[each.outcome][1]), each.name, each.sentence) for each in findings]
    answer: JsonObject = {
        "object": "health", "passed": not failed,
        "checks": [{"name": each.name, "outcome": each.outcome, "sentence": each.sentence} for each in findings],
    }  # fmt: skip
    say(door, answer, columns(("", "", ""), rows, fixed=(0, 1)))
    if not door.as_json and not failed:
        sound = all(each.outcome == "passed" for each in findings)
        write(Text(word("in_order" if sound else "not_broken", door.language)))
    if failed:
        raise typer.Exit(1)


def _findings(door: Door) -> Iterator[Finding]:
    """Keys are looked at one by one even if, or just because, the registry does not open."""
    settings = door.settings()
    yield from key_findings(settings)
    yield from _registry(door, settings)


def _registry(door: Door, settings: Settings) -> Iterator[Finding]:
    try:
        with assemble(settings, clock=door.clock, entropy=door.entropy) as assembly:
            yield from registry_findings(assembly, now=door.clock())
    except ElicenceError as error:
        yield Finding("registry", "failed", f"{error.message} [{error.code}]")
