"""A registry behind a server that a test stops, starts again at the same address, and gives another release."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest
import uvicorn
from tests.assembly import house
from tests.web.site import Site, ask, food, open_market

from elicence.api.app import create_app
from elicence.api.limits import Rates
from elicence.issuer.change_status import change_status
from elicence.licences.lifecycle import Action
from elicence.web import static_files
from elicence.web.pages import pages
from elicence.web.static_files import release_files


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    target: str
    said: bytes


@dataclass
class Stage(Site):
    """What is asked of it is written down; paths ending in `failing` get 503, those in one of `held` no answer."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    failing: str | None = None
    held: tuple[str, ...] = ()
    _other: bool = False
    _stop: Callable[[], None] | None = None

    def start(self) -> None:
        rates = Rates(codes=10**9, verifications=10**9)
        assembly = self.house.assembly
        whole = create_app(
            assembly, pages=lambda _, documents: pages(assembly, lambda *_: None, documents), rates=rates
        )

        async def app(scope: dict, receive: Callable, send: Callable) -> None:
            body: list[bytes] = []

            async def heard() -> dict:
                message = await receive()
                body.append(message.get("body", b""))
                return message

            async def dated(message: dict) -> None:
                if message["type"] == "http.response.start":
                    date = formatdate(self.house.clock().timestamp(), usegmt=True).encode()
                    message = message | {"headers": [*message["headers"], (b"date", date)]}
                await send(message)

            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            target = (scope["raw_path"] + b"?" + scope["query_string"]).decode()
            said = Asked(scope["method"], target, b" ".join(b"%b:%b" % each for each in headers))
            self.asked.append(said)
            if self.failing and scope["path"].endswith(self.failing):
                await dated({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            if scope["path"].endswith(self.held):
                await asyncio.sleep(60)
            await whole(scope | {"headers": [*headers, (b"host", b"e.example.gov")]}, heard, dated)
            said.said += b"".join(body)

        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        server = uvicorn.Server(uvicorn.Config(app, date_header=False, log_level="critical", lifespan="off"))

        async def serve() -> None:
            await server.serve([listening])
            # Connections that are in the middle of something would be left open, with nobody to answer on them.
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0.01)

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        patience = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < patience, "the server did not start in a minute"
            time.sleep(0.01)

        def stop() -> None:
            server.should_exit = server.force_exit = True
            thread.join(60)
            listening.close()

        self._stop, self._other = stop, False

    def stop(self) -> None:
        """Whoever asks from now on finds nobody at the address."""
        if self._stop is not None:
            self._stop()
        self._stop = None

    def release(self, monkeypatch: pytest.MonkeyPatch, name: str) -> str:
        """Goes on with another release of the files, which has one more."""
        files = dict(release_files()) | {f"{name}.css": b"/* another release */"}
        self.stop()
        with monkeypatch.context() as patch:
            patch.setattr(static_files, "release_files", lambda: files)
            made = static_files.StaticFiles().release
            self.start()
        self._other = True
        return made

    def back(self) -> None:
        """As it was: the release that is installed, and every file served."""
        self.failing, self.held = None, ()
        self.asked.clear()
        if self._other or self._stop is None:
            self.stop()
            self.start()

    def publish(self) -> None:
        self.house.assembly.publish()
        self.house.assembly.bundle.publish(now=self.house.clock(), at_once=True)

    def issue(self, name: str) -> str:
        """A licence that is in force; what its code says."""
        self.keep(name, ask(self.house, food(len(self.licences) + 1)))
        self.publish()
        return self.contents[name]

    def revoke(self, name: str) -> None:
        """A second later, as the age of a list is told in whole ones."""
        built = self.house
        built.clock.move(seconds=1)
        reason = built.desk.catalogue.get("food-business-licence").changes.reasons[0]
        licence = self.licences[name].id
        change_status(built.desk, built.caller("market"), licence, Action.REVOKE, reason=reason, now=built.clock())
        self.publish()


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage with one licence that is in force, `valid`."""
    with house(folder, None) as built:
        stage = Stage(built)
        open_market(built)
        stage.issue("valid")
        stage.start()
        try:
            yield stage
        finally:
            stage.stop()
