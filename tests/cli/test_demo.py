"""The demo as a newcomer meets it: a process, its one line of JSON, and the whole life of a licence over HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.assembly import NOON, STANDARDS, house
from tests.cli.shell import Shell
from tests.pictures import text_in, texts_in_terminal
from tests.ports import free_port
from tests.stalls import Stopwatch

from elicence.cli.demo_paper import commands
from elicence.issuer.issue import issue

EXAMPLES = sorted(STANDARDS.glob("*/examples/valid-*.json"))
RUN = "from elicence.cli.main import run; run()"
VERDICTS = {
    "active": "valid", "suspended": "suspended", "revoked": "revoked", "superseded": "superseded",
    "expired": "expired", "not_yet_valid": "not_yet_valid", "test": "test_licence",
}  # fmt: skip


def environment(temporary: Path) -> dict[str, str]:
    """Ours, but with a folder for temporary files of its own, and nothing of a registry that may be here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELICENCE_")}
    return kept | {"TMPDIR": str(temporary)}


@dataclass
class Demo:
    """A running demo and what it said."""

    process: subprocess.Popen[str]
    told: dict[str, Any]
    http: httpx.Client

    def stop(self, how: int = signal.SIGINT) -> int:
        """Sends the signal; answers the exit code, which comes within two seconds."""
        watch = Stopwatch(self.process.pid)
        self.process.send_signal(how)
        while self.process.poll() is None:
            assert watch.seconds() < 2
            time.sleep(0.01)
        return self.process.returncode

    def verdict(self, content: str) -> str:
        answer = self.http.post("/v1/verifications", json={"content": content})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["verdict"])

    def token(self) -> dict[str, str]:
        answer = self.http.post(
            "/oauth/token", data={"grant_type": "client_credentials"},
            auth=(self.told["client_id"], self.told["client_secret"]),
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@contextmanager
def demo(temporary: Path, *words: object) -> Iterator[Demo]:
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-c", RUN, "demo", "--json", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(temporary)) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            told = json.loads(line)
            with httpx.Client(base_url=told["base_url"], timeout=30, trust_env=False) as http:
                yield Demo(process, told, http)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            assert process.stdout.read() == "", "one line and no more"
        finally:
            if process.poll() is None:
                process.kill()


def test_everything_a_newcomer_tries_works_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path / "tmp", "--port", port) as running:
        assert set(running.told) == {"base_url", "client_id", "client_secret", "agency", "licences"}
        assert running.told["base_url"] == f"http://localhost:{port}"
        samples(running)
        issued = every_example(running)
        one_life(running, issued)
        assert running.http.get("/verify").status_code == 200
        assert running.stop() == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def samples(running: Demo) -> None:
    """Every sample has the verdict its state says, by its QR code and by its verification code."""
    licences = running.told["licences"]
    assert {each["state"] for each in licences} == set(VERDICTS)
    for each in licences:
        assert set(each) == {"id", "type", "state", "qr_content", "verification_code"}
        assert running.verdict(each["qr_content"]) == VERDICTS[each["state"]], each["state"]
    by_code = running.http.get(f"/v/{licences[0]['verification_code']}")
    assert by_code.status_code == 200


def every_example(running: Demo) -> list[dict[str, Any]]:
    """Every example of the catalogue is a request as it stands."""
    token, issued = running.token(), []
    for path in EXAMPLES:
        headers = token | {"Idempotency-Key": f"example-{path.parent.parent.name}-{path.stem}"}
        headers["Content-Type"] = "application/json"
        answer = running.http.post("/v1/licences", content=path.read_bytes(), headers=headers)
        assert answer.status_code == 201, (path, answer.text)
        issued.append(answer.json())
    return issued


def one_life(running: Demo, issued: list[dict[str, Any]]) -> None:
    """The picture is decoded, says valid, and within two seconds of the revocation says revoked."""
    token = running.token()
    licence = next(each for each in issued if each["type"] == "degree")
    picture = running.http.get(f"/v1/licences/{licence['id']}/qr.png", headers=token)
    content = text_in(picture.content)
    assert running.verdict(content) == "valid"
    watch = Stopwatch(running.process.pid)
    revoked = running.http.post(
        f"/v1/licences/{licence['id']}/revoke", json={"reason": "issued_in_error"}, headers=token
    )
    assert revoked.status_code == 200, revoked.text
    while running.verdict(content) != "revoked":
        assert watch.seconds() < 2
        time.sleep(0.05)


def test_a_folder_that_was_named_stays_and_is_gone_on_with(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with demo(tmp_path / "tmp", "--home", home, "--port", port) as first:
        token = first.token()
        assert first.stop(signal.SIGTERM) == 0
    assert (home / "demo.json").stat().st_mode & 0o077 == 0
    with demo(tmp_path / "tmp", "--home", home) as second:
        assert second.told == first.told
        samples(second)
        listed = second.http.get("/v1/licences", headers=token)
        assert len(listed.json()["data"]) == len({each["id"] for each in first.told["licences"]})
    assert list((tmp_path / "tmp").iterdir()) == []
    Shell(home).refused(2, "usage", "demo", "--port", port % 60000 + 1)


def test_stopped_while_it_is_being_made_it_leaves_nothing_behind(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-c", RUN, "demo", "--json", "--port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(temporary)) as process:
        while not list(temporary.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in {0, 130}
    assert list(temporary.iterdir()) == []


def test_killed_while_it_is_being_made_it_is_made_again(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    command = [sys.executable, "-c", RUN, "demo", "--json", "--port", str(port), "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(tmp_path)) as process:
        while not list(home.glob(".elicence-building/keys/private/*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait(timeout=60)
    assert [path.name for path in home.iterdir()] == [".elicence-building"]
    with demo(tmp_path, "--port", port, "--home", home) as running:
        assert running.verdict(running.told["licences"][0]["qr_content"]) == "valid"
        assert running.stop() == 0
    assert not list(home.glob(".elicence-*"))


def test_the_commands_to_paste_issue_a_licence_on_every_day(tmp_path: Path) -> None:
    def request(now: datetime) -> tuple[str, dict[str, Any]]:
        text = commands("cli_x", "els_x", "http://localhost:8000", now)
        (key,), (body,) = re.findall(r"Idempotency-Key: ([^']*)'", text), re.findall(r"-d '(\{.*\})'", text)
        return key, json.loads(body)

    with house(tmp_path / "home", None) as built:
        made = []
        for days in (0, 0, 1, 30):
            now = NOON + timedelta(days=days)
            built.clock.now = now
            key, body = request(now)
            made.append(issue(built.desk, built.caller(), body, idempotency_key=key, now=now).id)
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_a_port_that_cannot_be_had_is_told_before_anything_is_made(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "home")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        told = shell.refused(2, "settings_bad", "demo", "--port", port).error["message"]
    assert f"Port {port}" in told
    assert "--port" in told
    for impossible in (0, 65536, -1):
        shell.refused(2, "usage", "demo", "--port", impossible)
    assert not (tmp_path / "home").exists()


def test_a_registry_that_is_no_demo_is_not_touched(shell: Shell) -> None:
    before = {path: path.stat().st_mtime_ns for path in shell.home.rglob("*")}
    shell.refused(4, "registry_exists", "demo", "--port", free_port())
    assert {path: path.stat().st_mtime_ns for path in shell.home.rglob("*")} == before


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_for_people_it_shows_page_code_verdicts_and_commands_that_work_as_pasted(tmp_path: Path, language: str) -> None:
    port = free_port()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-u", "-c", RUN, "demo", "--port", str(port), "--lang", language]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(temporary)) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C" not in lines[-1]:
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        text = "".join(lines)
        assert f"http://localhost:{port}/verify" in text
        codes = texts_in_terminal(text)
        assert len(codes) == 10
        with httpx.Client(base_url=f"http://localhost:{port}", timeout=30, trust_env=False) as http:
            verdicts = [http.post("/v1/verifications", json={"content": each}).json()["verdict"] for each in codes]
        assert set(verdicts) == set(VERDICTS.values())
        script = text[text.index("export BASE_URL=") : text.rindex("\n\n")]
        answer = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60)
        assert json.loads(answer.stdout)["state"] == "active", answer
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert list(temporary.iterdir()) == []
