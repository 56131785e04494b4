"""`elicence demo`: a throw-away registry with sample licences, served until Ctrl-C.

Everything is in one folder. Without `--home` that is a temporary one, gone when the command ends; with it the folder
stays, and the next start goes on with what is there.
"""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from elicence.bootstrap import assemble, initialise
from elicence.cli.building_site import building_site, finish_moving
from elicence.cli.demo_paper import print_demo
from elicence.cli.demo_story import AGENCY, STEPS, tell
from elicence.cli.door import Door, command, noun
from elicence.cli.failures import usage
from elicence.cli.paper import say_json
from elicence.cli.progress import progress
from elicence.errors import Conflict
from elicence.formats.encoding import JsonObject
from elicence.server import listen, serve
from elicence.settings import Settings, home_file
from elicence.web.pages import pages

app = noun(alone=True)

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PORT, _HIGHEST = 8000, 65535
_NOTE = "demo.json"
_IN_JSON = ("id", "type", "state", "qr_content", "verification_code")


@command(app, "demo")
def demo(
    door: Door,
    port: Annotated[
        int | None, typer.Option(metavar="N", help="Port of http://localhost:N; 8000, or that of the demo in --home.")
    ] = None,
) -> None:
    """Make a throw-away registry with sample licences and serve it until Ctrl-C.

    With --home DIR everything is in DIR and stays; without, nothing is left behind.
    """
    if port is not None and not 1 <= port <= _HIGHEST:
        raise usage("the port stands in every licence, so it is one of 1 to 65535", "--port")
    with _stopped_by_signals(), _folder(door.home) as home:
        settings = _settings(door, home)
        note = _read_note(home)
        kept = None if note is None else int(str(note["port"]))
        if kept is not None and port not in (None, kept):
            raise usage(f"the demo in this folder was made for port {kept}, which stands in its licences", "--port")
        port = kept or port or _PORT
        # Taken before anything is made, because it stands in every licence.
        with closing(listen("127.0.0.1", port)) as listening:
            _serve(door, settings, note or _made(door, settings, port), listening)


def _serve(door: Door, settings: Settings, facts: JsonObject, listening: socket.socket) -> None:
    with assemble(settings, clock=door.clock, entropy=door.entropy) as assembly:

        def ready() -> None:
            if door.as_json:
                say_json(_answer(facts))
            else:
                print_demo(door, assembly, facts, stays=door.home)
            sys.stdout.flush()

        serve(assembly, listening, partial(pages, assembly), ready=ready)


def _made(door: Door, settings: Settings, port: int) -> JsonObject:
    """A new demo in the home, and what is noted of it."""
    with building_site(settings) as site, progress(door, "making_demo", 1 + STEPS) as step:
        initialise(
            site, base_url=f"http://localhost:{port}", environment="demo", roots=1,
            clock=door.clock, entropy=door.entropy, cost=door.cost,
        )  # fmt: skip
        step()
        with assemble(site, clock=door.clock, entropy=door.entropy) as assembly:
            told = tell(assembly, door.clock(), step)
            note: JsonObject = {
                "base_url": assembly.desk.base_url, "port": port, "client_id": told.client_id,
                "client_secret": told.client_secret, "agency": AGENCY, "licences": list(told.licences),
            }  # fmt: skip
        _write_note(site.home, note)
    return note


def _answer(note: JsonObject) -> JsonObject:
    """What `--json` promises; licences are those the client's agency may change."""
    licences: Any = note["licences"]
    own = [each for each in licences if each["agency"] == note["agency"]]
    return {
        **{name: note[name] for name in ("base_url", "client_id", "client_secret", "agency")},
        "licences": [{name: each[name] for name in _IN_JSON} for each in own],
    }


def _settings(door: Door, home: Path) -> Settings:
    """The settings of this process, but for where things are: a demo touches its own folder and nothing else."""
    own = {"home": home, "database_url": None, "passphrase_file": None, "environment": None}
    return door.settings().model_copy(update=own)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """The folder named, or a temporary one that is removed whatever happens inside."""
    if kept is not None:
        yield kept
        return
    # A signal between the folder's making and the `try` would leave it behind, so none is let through there.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    home = Path(tempfile.mkdtemp(prefix="elicence-demo-"))
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        yield home
    finally:
        for each in _STOPS:
            signal.signal(each, signal.SIG_IGN)
        shutil.rmtree(home)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """A service manager and a terminal that closes end the demo as Ctrl-C does, so that it is cleaned up."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _read_note(home: Path) -> JsonObject | None:
    """What a demo of before left in the folder; `Conflict` for a registry that is none of ours."""
    finish_moving(home)
    path = home / _NOTE
    if path.is_file():
        note: JsonObject = json.loads(path.read_bytes())
        return note
    if home_file(home).exists() or (home / "keys").exists():
        raise Conflict(
            "registry_exists", "There is a registry in this folder, or the beginning of one, that is no demo."
        )
    return None


def _write_note(home: Path, note: JsonObject) -> None:
    """It has the secret, so it is for the owner only."""
    descriptor = os.open(home / _NOTE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(note, file, ensure_ascii=False, indent=1)
