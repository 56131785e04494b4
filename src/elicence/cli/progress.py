"""Progress of long work: a bar on the terminal while it lasts, gone when it is done.

It is drawn on standard error, and only where a person looks on: never with `--json`, never when anything is piped.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from elicence.cli.door import Door
from elicence.cli.paper import safe
from elicence.cli.words import word

__all__ = ["Step", "is_watched", "notice", "progress"]


class Step(Protocol):
    """Tells that some of the work is done, and optionally what comes next."""

    def __call__(self, done: int = 1, *, now: str | None = None) -> None: ...


def is_watched(door: Door) -> bool:
    """Whether a person sits before the terminal and reads along."""
    return not door.as_json and sys.stdout.isatty() and sys.stderr.isatty()


@contextmanager
def progress(door: Door, what: str, total: int | None = None) -> Iterator[Step]:
    """Shows how far the work is that is done inside; `what` is a word of ours, `total` how many steps, if known."""
    if not is_watched(door):
        yield _unseen
        return
    shown = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(file=sys.stderr), transient=True,
    )  # fmt: skip
    with shown:
        task = shown.add_task(word(what, door.language), total=total)

        def step(done: int = 1, *, now: str | None = None) -> None:
            shown.update(task, advance=done, description=None if now is None else safe(now).plain)

        yield step


def notice(door: Door, text: str) -> None:
    """One quiet line beside the answer, for whoever reads along."""
    if is_watched(door):
        Console(file=sys.stderr, highlight=False, soft_wrap=True).print(safe(text), style="dim")


def _unseen(done: int = 1, *, now: str | None = None) -> None:
    """Nobody looks."""
