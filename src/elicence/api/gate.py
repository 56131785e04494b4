"""The outermost door: what is asked of every request before anything is routed, and put on every answer.

Requests get an id. A wrong Host, headers or paths beyond measure are turned away. HEAD is answered as GET without a
body. Whatever goes wrong inside, the caller is told an id and nothing else, and the log a kind of error and a place in
the code, never a value.
"""

import logging
import traceback
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from elicence.api.language import preferred
from elicence.api.problems import INTERNAL, Told, problem_response, told
from elicence.bootstrap import Assembly
from elicence.errors import CallRefused
from elicence.licences.ids import new_id

__all__ = ["Gate", "instance_of"]

_MOST_HEADERS: Final = 100
_LARGEST_HEADERS: Final = 32_768
_LONGEST_PATH: Final = 2_048
_LONGEST_QUERY: Final = 8_192
_LOOPBACK: Final = ("127.0.0.1", "[::1]", "localhost")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# Open to scripts of every site: nothing here depends on who asks.
_OPEN: Final = (
    "/v1/verifications", "/v1/types", "/v1/trust", "/problems/", "/status/", "/.well-known/", "/a/", "/ns/", "/types/",
    "/qr/", "/trusted-list.json", "/openapi.",
)  # fmt: skip
_CORS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy"),
]
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Content-Type, Accept-Language, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_ALWAYS: Final = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
# After these the caller may still be sending: nobody listens any more.
_LAST: Final = frozenset({408, 413, 431})
_SEALED: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")

_log = logging.getLogger("elicence.api")


class Gate:
    """ASGI middleware around everything, pages included."""

    def __init__(self, app: ASGIApp, assembly: Assembly) -> None:
        self._app = app
        self._base_url = assembly.desk.base_url
        self._clock, self._entropy = assembly.clock, assembly.desk.entropy
        self._language = assembly.settings.lang
        self._hosts = _hosts(self._base_url, assembly.desk.environment)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1003})
                return
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = new_id("req", self._clock(), self._entropy)
        answering = _Answering(scope, send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await self._tell(told(refusal), scope, receive, answering)
        elif scope["method"] == "OPTIONS" and scope["path"].startswith(_OPEN):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, answering)
        else:
            await self._pass_on(scope, receive, answering)

    async def _pass_on(self, scope: Scope, receive: Receive, answering: "_Answering") -> None:
        # A copy: the server must go on seeing the HEAD.
        inside = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        last = _LastResort()
        with last:
            await self._app(inside, receive, answering)
        if last.error is not None:
            _log.error("%s %s: %s", scope["state"]["request_id"], type(last.error).__name__, last.place)
            if answering.ended:
                return
            if answering.started:
                raise RuntimeError("an answer broke off")
            await self._tell(INTERNAL, scope, receive, answering)

    async def _tell(self, what: Told, scope: Scope, receive: Receive, send: Send) -> None:
        header = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        response = problem_response(
            what, language=preferred(header.decode("latin-1"), self._language), base_url=self._base_url,
            instance=instance_of(scope), request_id=scope["state"]["request_id"],
        )  # fmt: skip
        await response(scope, receive, send)

    def _refusal(self, scope: Scope) -> CallRefused | None:
        """What speaks against the request as such."""
        size, host = 0, None
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"host":
                if host is not None:
                    return CallRefused("host", "There is more than one Host header.")
                host = value
        if size > _LARGEST_HEADERS or len(scope["headers"]) > _MOST_HEADERS:
            return CallRefused("header_too_large", f"At most {_MOST_HEADERS} headers and {_LARGEST_HEADERS} bytes.")
        if len(scope.get("raw_path") or b"") > _LONGEST_PATH or len(scope["query_string"]) > _LONGEST_QUERY:
            return CallRefused("path_too_long", f"A path has at most {_LONGEST_PATH} bytes, a query {_LONGEST_QUERY}.")
        if host is None or host.lower() not in self._hosts:
            return CallRefused("host", "The Host header does not name this registry.")
        return None


class _Answering:
    """Sends an answer on, with the headers that belong on every one."""

    __slots__ = ("_head", "_open", "_scope", "_send", "ended", "started")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._head = scope["method"] == "HEAD"
        self._open = scope["path"].startswith(_OPEN)
        self.started = self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = self._headers(message["headers"], message["status"])
        elif message["type"] == "http.response.body":
            self.ended = not message.get("more_body", False)
            if self._head:
                message["body"] = b""
        await self._send(message)

    def _headers(self, given: Any, status: int) -> list[tuple[bytes, bytes]]:  # noqa: ANN401  (whatever an app sends)
        headers: list[tuple[bytes, bytes]] = list(given)
        names = {name.lower() for name, _ in headers}
        state = self._scope["state"]
        headers.append((b"x-request-id", state["request_id"].encode()))
        headers += [pair for pair in _ALWAYS if pair[0] not in names]
        if b"content-security-policy" not in names:
            headers.append(_SEALED)
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        if status in _LAST and b"connection" not in names:
            headers.append((b"connection", b"close"))
        if self._open:
            headers += _CORS
        if (allowance := state.get("allowance")) is not None:
            headers += allowance.headers()
        return headers


class _LastResort:
    """Catches what nobody foresaw. Its message may hold a value, so only its kind and place are kept for the log."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.place = ""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        self.place = " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(traceback.extract_tb(trace)[-6:]))
        return True


def instance_of(scope: Scope) -> str:
    """The path of the request as it was sent, for `instance`."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", errors="replace")
    return raw[:_LONGEST_PATH].decode("ascii", errors="replace")


def _hosts(base_url: str, environment: str) -> frozenset[bytes]:
    """The Host values under which this registry is called (RFC 9110 §7.2)."""
    parts = urlsplit(base_url)
    names = {parts.netloc}
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    if port == _DEFAULT_PORTS[parts.scheme]:
        names |= {str(parts.hostname), f"{parts.hostname}:{port}"}
    if environment == "demo":
        names |= {f"{name}:{port}" for name in _LOOPBACK} | ({*_LOOPBACK} if port in (80, 443) else set())
    return frozenset(name.encode("ascii") for name in names)
