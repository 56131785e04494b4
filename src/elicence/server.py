"""The server: API and pages as one ASGI application in one process, and the publisher beside it.

uvicorn with uvloop and httptools. Before the first request the objects that live as long as the process are taken out
of the garbage collector's sight: looking through them over and over is what makes one request in a hundred slow.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from elicence.api.app import Pages, create_app, no_pages
from elicence.api.limits import DEFAULT_RATES, Rates
from elicence.bootstrap import Assembly
from elicence.errors import ElicenceError, SettingsFault

__all__ = ["listen", "serve"]

_HEAD_BYTES: Final = 65_536
_HEAD_SECONDS: Final = 15.0
_IDLE_SECONDS: Final = 30
_UNREAD_SECONDS: Final = 5.0
_MOST_UNREAD: Final = 262_144
_GRACE_SECONDS: Final = 10
_PARTING_SECONDS: Final = 3.0
_MOST_CONNECTIONS: Final = 4_096
_KEPT_DESCRIPTORS: Final = 128
_WAITING_CONNECTIONS: Final = 2_048
_COLLECT_AT: Final = (20_000, 20, 100)

_log = logging.getLogger("elicence.server")


def listen(host: str, port: int) -> socket.socket:
    """Takes the address, so that nobody else can have it; callers wait until they are served.

    `SettingsFault` settings_bad where it cannot be had. The socket is for whoever asked to close.
    """
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        # Bound alone it is not taken: two sockets may be bound to an address on which none listens.
        listening.listen(_WAITING_CONNECTIONS)
    except OSError as error:
        listening.close()
        sentence = f"Port {port} of {host} cannot be had ({error.strerror}); name another with --port."
        raise SettingsFault("settings_bad", sentence) from None
    return listening


def serve(
    assembly: Assembly,
    listening: socket.socket,
    pages: Pages = no_pages,
    *,
    ready: Callable[[], None] = lambda: None,
    rates: Rates = DEFAULT_RATES,
    trusted_proxies: Sequence[str] = (),
) -> None:
    """Serves on what `listen` took until SIGINT or SIGTERM, then finishes what has begun and returns; `ready` is called
    once it answers.

    `trusted_proxies` are addresses whose X-Forwarded-For is believed; without one, every caller behind a proxy counts
    as the same address. Closes nothing it was given but the socket.
    """
    stop = threading.Event()
    publisher = threading.Thread(target=assembly.watch, args=(stop,), name="publisher")
    try:
        _publish_first(assembly)
        config = _config(assembly, pages, rates, trusted_proxies)
        publisher.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AT)
        _Server(config, ready).run(sockets=[listening])
    finally:
        stop.set()
        if publisher.is_alive():
            publisher.join()
        listening.close()
        gc.unfreeze()


def _publish_first(assembly: Assembly) -> None:
    """So that the first caller finds what there is; the publisher goes on trying where that fails."""
    try:
        assembly.publish()
    except ElicenceError as error:
        _log.error("%s", error)


def _config(assembly: Assembly, pages: Pages, rates: Rates, trusted_proxies: Sequence[str]) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(assembly, pages=pages, rates=rates),
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=_most_connections(),
    )


def _most_connections() -> int:
    """As many as there are descriptors for, which this process may have more of than it was started with.

    Some are kept back: without them the store, keys and published files could not be opened, and would look absent.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _KEPT_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(_MOST_CONNECTIONS, soft - _KEPT_DESCRIPTORS)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers and leaves the end of the process to its caller."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end serving and nothing more: what comes afterwards must still be closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose heads have to arrive within bounds of size and time, which uvicorn leaves open.

    Between answers and heads too a clock runs that only a whole head stops; a body that nobody reads is not waited for.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection: its first head is awaited."""
        super().connection_made(transport)
        self._in_head, self._head_bytes, self._begun_here = True, 0, False
        self._in_body, self._body_bytes, self._unread = False, 0, 0
        self._last_words: bytes | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._wait(_HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is awaited."""
        self._calm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes in what came, and counts as long as it is part of a head."""
        if self._last_words is not None:
            return  # nothing that comes now can be made sense of
        self._begun_here, self._body_bytes = False, 0
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += self._of_head(data) if self._begun_here else len(data)
            if self._head_bytes > _HEAD_BYTES:
                self._turn_away(431, "Request Header Fields Too Large", "header_too_large")

    def _of_head(self, data: bytes) -> int:
        """How much of the packet can be of the unfinished head that began in it: no body, and nothing up to the last
        blank line.
        """
        blank = data.rfind(b"\r\n\r\n")
        return min(len(data) - self._body_bytes, len(data) if blank < 0 else len(data) - blank - 4)

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        first = self.cycle is None
        self._in_head, self._head_bytes, self._begun_here = True, 0, not first
        if not first:
            self._wait(_HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._in_body = False, True
        self._unread = 0
        self._calm()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body; one that was answered already is let pass, but not for long."""
        self._body_bytes += len(body)
        super().on_body(body)
        if self.cycle.response_complete:
            self._unread += len(body)
            if self._unread > _MOST_UNREAD:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The body is whole; if it was answered before, the next head is awaited."""
        self._in_body = False
        self._calm()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._wait(_IDLE_SECONDS)

    def on_response_complete(self) -> None:
        """An answer is out: what else is in hand goes on, else the next head is awaited."""
        more = bool(self.pipeline)
        super().on_response_complete()
        if more or self.transport.is_closing():
            return
        if self._last_words is not None:
            self.transport.write(self._last_words)
            self.transport.close()
        elif self._in_body:
            self._wait(_UNREAD_SECONDS)
        elif not self._in_head:
            self._wait(_IDLE_SECONDS)

    def shutdown(self) -> None:
        """The server ends: what has begun is finished, but a body that is still on its way must come soon."""
        super().shutdown()
        if self._in_body and not self.transport.is_closing():
            self._wait(_PARTING_SECONDS)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's words; ours are the problem's)
        """What is no HTTP at all."""
        self._turn_away(400, "Bad Request", "header_bad")

    def _in_hand(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._calm()
        self._patience = self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._patience = None
        if self.transport.is_closing():
            return
        if self._in_head:
            self._turn_away(408, "Request Timeout", "request_timeout")
        else:
            self.transport.close()

    def _calm(self) -> None:
        patience: Any = getattr(self, "_patience", None)
        if patience is not None:
            patience.cancel()
            self._patience = None

    def _turn_away(self, status: int, phrase: str, code: str) -> None:
        """The last words on this connection, after the answers in hand; no request is there that could carry an id."""
        body = f'{{"title":"{phrase}","status":{status},"code":"{code}","retryable":false}}'
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        words = f"{head}{body}".encode("ascii")
        if self._in_body:
            # The body itself is broken: its request comes to nothing, unless it has been answered, as those before it.
            if self.pipeline:
                self.pipeline.popleft()
                self._last_words = words
                return
            if self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif self._in_hand():
            self._last_words = words
            return
        self.transport.write(words)
        self.transport.close()
