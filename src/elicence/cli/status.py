"""`elicence status`: the published files kept up to the registry."""

import signal
import threading
from typing import Annotated

import typer

from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import headline, say
from elicence.cli.progress import progress
from elicence.cli.words import word
from elicence.formats.encoding import JsonObject
from elicence.registry.status import status_lists

app = noun()


@app.callback()
def status() -> None:
    """Publish status lists and the trusted list."""


@command(app, "publish")
def publish(
    door: Door,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until stopped; a change is public within two seconds.")
    ] = False,
) -> None:
    """Bring the published files up to date, and finish what a crash left open."""
    with opened(door) as assembly:
        with progress(door, "publishing", 2) as step:
            reaped = assembly.reap()
            step()
            assembly.publish()
            step()
        lists = len(assembly.registry.read(status_lists))
        answer: JsonObject = {
            "object": "publication", "status_lists": lists, "finished": reaped.finished, "failed": reaped.failed,
            "left": reaped.left, "folder": str(assembly.settings.published_dir), "watching": watch,
        }  # fmt: skip
        more = [f"{count} {what}" for count, what in _left_open(reaped.finished, reaped.failed, reaped.left) if count]
        say(door, answer, headline("✔", word("published", door.language, n=lists), "green", *more))
        if watch:
            assembly.watch(_until_stopped())


def _left_open(finished: int, failed: int, left: int) -> list[tuple[int, str]]:
    return [(finished, "open licences finished"), (failed, "given up"), (left, "left for another try")]


def _until_stopped() -> threading.Event:
    """An event that Ctrl-C and a service manager set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
