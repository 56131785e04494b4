"""Something between the command line and a registry, as networks have it: it passes calls on, or plays a trick."""

import contextlib
import datetime
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Seen:
    """A call that came by."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Between:
    """`plan` holds what to do to the next calls whose path begins so; every other call is passed on."""

    url: str
    upstream: str
    plan: list[tuple[str, "Trick"]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    poured: int = 0
    """Megabytes that somebody took of an answer without end."""
    page: int | None = None
    """Pages are asked for in this size, whatever the caller says."""

    def paths(self) -> list[str]:
        """Where the calls went, tokens left out."""
        return [each.path for each in self.seen if each.path != "/oauth/token"]

    def pass_on(self, call: Seen) -> httpx.Response:
        headers = {name: value for name, value in call.headers.items() if name not in {"host", "connection"}}
        path = call.path if self.page is None else call.path.replace("limit=200", f"limit={self.page}")
        return httpx.request(
            call.method, self.upstream + path, headers=headers, content=call.body, timeout=30, trust_env=False
        )

    def trick_for(self, path: str) -> "Trick | None":
        for place, (prefix, trick) in enumerate(self.plan):
            if path.startswith(prefix):
                del self.plan[place]
                return trick
        return None


Trick = Callable[["_Handler", Between, Seen], None]


def answers(status: int, content: bytes | str = b"", media_type: str = "application/json", **headers: str) -> Trick:
    """Answers in place of the registry."""

    def trick(handler: "_Handler", between: Between, call: Seen) -> None:
        body = content.encode() if isinstance(content, str) else content
        handler.answer(
            status, body, {"Content-Type": media_type} | {k.replace("_", "-"): v for k, v in headers.items()}
        )

    return trick


def problem(status: int, code: str, **headers: str) -> Trick:
    """Answers as a registry does that cannot do it."""
    body = {"title": code, "status": status, "code": code, "detail": f"It is {code}.", "retryable": False}
    return answers(status, json.dumps(body), "application/problem+json", **headers)


def breaks_off(handler: "_Handler", between: Between, call: Seen) -> None:
    """The registry does it, and the answer is lost."""
    between.pass_on(call)
    handler.hang_up()


def is_deaf(handler: "_Handler", between: Between, call: Seen) -> None:
    """The call never reaches the registry."""
    handler.hang_up()


def never_ends(handler: "_Handler", between: Between, call: Seen) -> None:
    """Answers with more than anybody asked for."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(128):
            handler.wfile.write(b" " * 1_048_576)
            between.poured += 1


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        call = Seen(
            self.command, self.path, {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )  # fmt: skip
        between = self.server.between
        between.seen.append(call)
        trick = between.trick_for(call.path)
        if trick is not None:
            trick(self, between, call)
            return
        answer = between.pass_on(call)
        kept = ("content-type", "etag", "retry-after", "idempotent-replayed")
        self.answer(answer.status_code, answer.content, {n: answer.headers[n] for n in kept if n in answer.headers})

    do_POST = do_GET  # noqa: N815

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, *args: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    between: Between

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections are closed under its feet on purpose."""


@contextlib.contextmanager
def between(upstream: str, certificate: Path | None = None) -> Iterator[Between]:
    """Listens on a port of its own; with TLS if it has a certificate, whose key is in the same file."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        server.between = Between(f"{scheme}://localhost:{server.server_address[1]}", upstream)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.between
        finally:
            server.shutdown()
            thread.join()


def new_certificate(folder: Path) -> Path:
    """A certificate for localhost that vouches for itself, and its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
