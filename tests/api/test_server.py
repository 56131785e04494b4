"""The server itself, over a socket: what a library in between would hide."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.assembly import CHEAP, STANDARDS
from tests.ports import free_port

from elicence import server
from elicence.bootstrap import assemble, initialise
from elicence.errors import SettingsFault
from elicence.settings import Settings

CHILD = """
import sys
from pathlib import Path
from elicence.bootstrap import assemble
from elicence.server import listen, serve
from elicence.settings import Settings
settings = Settings(home=Path(sys.argv[1]), standards_dir=Path(sys.argv[2]))
with assemble(settings) as assembly:
    serve(assembly, listen("127.0.0.1", int(sys.argv[3])), ready=lambda: print("ready", flush=True))
print("closed", flush=True)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A demo registry served by a process of its own."""
    home, port = tmp_path_factory.mktemp("served") / "home", free_port()
    settings = Settings(home=home, standards_dir=STANDARDS)
    initialise(settings, base_url=f"http://localhost:{port}", environment="demo", roots=1, cost=CHEAP)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), str(STANDARDS), str(port)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    yield port, child
    if child.poll() is None:
        child.kill()
        child.wait()
    child.stdout.close()


def raw(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        try:
            for part in parts:
                link.sendall(part)
                time.sleep(pause)
        except OSError:
            pass  # turned away before the end
        answer = b""
        while True:
            try:
                more = link.recv(65_536)
            except OSError:
                return answer
            answer += more
            if not more or (b"\r\n\r\n" in answer and b"connection: close" not in answer.lower()):
                return answer


def listens(port: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    """The port of a server in a thread of this process, so that its bounds can be made small."""
    port = free_port()
    settings = Settings(home=tmp_path / "home", standards_dir=STANDARDS)
    initialise(settings, base_url=f"http://localhost:{port}", environment="demo", roots=1, cost=CHEAP)
    ready, servers = threading.Event(), []

    class Watched(server._Server):
        def __init__(self, *parts: object) -> None:
            super().__init__(*parts)
            servers.append(self)

    monkeypatch.setattr(server, "_Server", Watched)
    with assemble(settings) as assembly:
        listening = server.listen("127.0.0.1", port)
        thread = threading.Thread(target=server.serve, args=(assembly, listening), kwargs={"ready": ready.set})
        thread.start()
        try:
            assert ready.wait(60)
            yield port
        finally:
            servers[0].should_exit = True
            thread.join(60)
        assert not thread.is_alive()


def test_it_answers_once_it_says_so_and_publishes_first(served: tuple[int, object]) -> None:
    port, _ = served
    host = b"Host: localhost:%d\r\n\r\n" % port
    assert status(raw(port, b"GET /readyz HTTP/1.1\r\n" + host)) == 200
    assert status(raw(port, b"GET /trusted-list.json HTTP/1.1\r\n" + host)) == 200
    head = raw(port, b"HEAD /trusted-list.json HTTP/1.1\r\n" + host)
    assert status(head) == 200
    assert head.endswith(b"\r\n\r\n")
    assert b"server:" not in head.lower()


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/verifications HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /v1/verifications HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
        b"POST /v1/verifications HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: HOST\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : HOST\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nX: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_clean_http_is_400(served: tuple[int, object], sent: bytes) -> None:
    port, _ = served
    answer = raw(port, sent.replace(b"HOST", b"localhost:%d" % port))
    assert status(answer) == 400
    assert b"application/problem+json" in answer


def test_a_head_without_end_is_cut_off(served: tuple[int, object]) -> None:
    port, _ = served
    answer = raw(port, b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n" % port + b"X: " + b"a" * 200_000)
    assert answer == b"" or status(answer) == 431


def test_a_caller_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server, "_HEAD_SECONDS", 0.3)
    with serving(monkeypatch, tmp_path) as port:
        assert status(raw(port, b"GET /healthz HTTP/1.1\r\n")) == 408
        assert status(raw(port)) == 408


def everything(port: int, *parts: bytes, pause: float = 0.1, patience: float = 20.0) -> bytes:
    """All that comes back until the server closes; fails when it does not within `patience`."""
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.settimeout(patience)
        for part in parts:
            link.sendall(part)
            time.sleep(pause)
        answer = b""
        try:
            while more := link.recv(65_536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def post(port: int, body: bytes, length: int | None = None) -> bytes:
    head = b"POST /v1/verifications HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: application/json\r\n" % port
    return head + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


def test_a_body_that_is_too_large_is_not_swallowed(served: tuple[int, object]) -> None:
    port, _ = served
    head = b"POST /v1/verifications HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: application/json\r\n" % port
    for sent in (
        post(port, b"", 70_000),
        head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"fff0\r\n" + b" " * 65_520 + b"\r\n") * 2,
    ):
        answer = everything(port, sent)
        assert status(answer) == 413
        assert b"connection: close" in answer.lower()


def test_what_is_in_hand_is_answered_before_what_cannot_be_read(served: tuple[int, object]) -> None:
    port, _ = served
    answer = everything(port, post(port, b'{"content":"x"}') + b"\x00garbage\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]
    broken = b"POST /v1/verifications HTTP/1.1\r\nHost: localhost:%d\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" % port
    answer = everything(port, post(port, b'{"content":"x"}') + broken)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


def test_a_body_before_a_head_is_no_part_of_it(served: tuple[int, object]) -> None:
    port, _ = served
    body = b'{"content":"x"' + b" " * 65_485 + b"}"
    rest = b"TP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % port
    answer = everything(port, post(port, body) + b"GET /healthz HT", rest)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200"]
    heads = b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port * 3
    answer = everything(port, heads + b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 70_000)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert b"HTTP/1.1 431" in answer


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    """A server that waits for nobody."""
    monkeypatch.setattr(server, "_IDLE_SECONDS", 1)
    monkeypatch.setattr(server, "_UNREAD_SECONDS", 1.0)
    with serving(monkeypatch, tmp_path) as port:
        yield port


def test_no_connection_is_held_by_a_stray_byte_or_an_unfinished_body(hasty: int) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % hasty
    begun = time.monotonic()
    assert status(everything(hasty, whole, b"\r\n", patience=6)) == 200
    unread = b"POST /v1/licences HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 1000\r\n\r\n" % hasty
    assert status(everything(hasty, unread, b"x", b"x", patience=6)) == 401
    assert time.monotonic() - begun < 6
    # A body that comes late but comes harms nobody.
    two = everything(hasty, unread, b"x" * 1000, whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert [part[:3] for part in two.split(b"HTTP/1.1 ")[1:]] == [b"401", b"200"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_is_taken_at_once_and_a_second_taker_is_refused_in_words(host: str) -> None:
    with server.listen(host, 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(SettingsFault, match=f"Port {port} of {host} cannot be had .*--port"):
            server.listen(host, port)
        with socket.create_connection((host, port), timeout=5):
            pass
    server.listen(host, port).close()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "::x"])
def test_an_address_that_is_not_of_this_machine_is_refused_in_words(host: str) -> None:
    with pytest.raises(SettingsFault, match="cannot be had"):
        server.listen(host, 0)


def test_it_ends_on_a_signal_and_closes_what_is_open(served: tuple[int, subprocess.Popen[str]]) -> None:
    port, child = served
    body = json.dumps({"content": "x"}).encode()
    head = b"POST /v1/verifications HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: application/json\r\n" % port
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert status(link.recv(65_536)) == 100  # it has begun to work on it
        link.sendall(body[:3])
        os.kill(child.pid, signal.SIGTERM)
        until = time.monotonic() + 60
        while listens(port):
            assert time.monotonic() < until, "it went on taking calls"
            time.sleep(0.01)
        link.sendall(body[3:])
        assert status(link.recv(65_536)) == 200
    assert child.wait(60) == 0
    assert child.stdout is not None
    assert child.stdout.read() == "closed\n"


def test_an_upload_that_does_not_come_to_its_end_holds_up_nobody_who_ends_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "_PARTING_SECONDS", 0.2)
    monkeypatch.setattr(server, "_GRACE_SECONDS", 120)
    with serving(monkeypatch, tmp_path) as port:
        link = socket.create_connection(("127.0.0.1", port), 60)
        head = b"POST /v1/verifications HTTP/1.1\r\nHost: localhost:%d\r\nExpect: 100-continue\r\n" % port
        link.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n")
        assert status(link.recv(65_536)) == 100
        link.sendall(b"--x\r\n")
    with link:
        assert link.recv(65_536) == b""
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "after"), [(256, 256, 128, 256), (256, 2048, 1920, 2048), (256, 8192, 4096, 4224)]
)
def test_connections_never_take_the_last_descriptors(soft: int, hard: int, connections: int, after: int) -> None:
    asked = (
        "import resource, elicence.server as server\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "print(server._most_connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [str(connections), str(after)]
