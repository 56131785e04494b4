"""`client`: a secret that leaked is replaced, a system that went over to somebody else is shut out."""

import json
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.shell import Shell
from tests.served import Served
from tests.stalls import Stopwatch
from typer.testing import CliRunner

from elicence.accounts.clients import RATE_CLASSES
from elicence.cli.main import app
from elicence.settings import system_clock

NOBODY = "cli_01m86jbt9ef2paz7kg0dp9tf26"
P256 = {
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
"""The public key of RFC 7515 A.3."""


@pytest.fixture
def here(elsewhere: Served) -> Shell:
    """The registry that is served, by its home."""
    return Shell(elsewhere.home, system_clock)


def added(shell: Shell, *words: str) -> tuple[str, str]:
    """Id and secret of a new client."""
    made = shell.ok("client", "add", "housing", "counter", *words, "--json").json
    return made["client_id"], made["client_secret"]


def ask(http: httpx.Client, client: str, secret: str) -> httpx.Response:
    return http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client, secret))


def calling(elsewhere: Served) -> httpx.Client:
    url = elsewhere.url.replace("127.0.0.1", "localhost")
    return httpx.Client(base_url=url, trust_env=False, timeout=60)


def test_a_disabled_client_gets_no_token_and_the_one_it_has_is_refused_within_5_seconds(
    here: Shell, elsewhere: Served
) -> None:
    client, secret = added(here)
    with calling(elsewhere) as http:
        token = ask(http, client, secret).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert http.get("/v1/licences", headers=bearer).status_code == 200
        told = here.ok("client", "disable", client, "--json").json
        watch = Stopwatch(elsewhere.process.pid)
        assert told["disabled_at"] is not None
        refused = ask(http, client, secret)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        while (answer := http.get("/v1/licences", headers=bearer)).status_code == 200:
            assert watch.seconds() < 5
            time.sleep(0.05)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_another_secret_is_shown_once_and_ends_the_one_before_at_once(here: Shell, elsewhere: Served) -> None:
    client, before = added(here)
    told = here.ok("client", "rotate", client, "--json").json
    now = told.pop("client_secret")
    assert now.startswith("els_live_")
    assert now != before
    assert told in here.ok("client", "list", "--json").objects
    with calling(elsewhere) as http:
        assert ask(http, client, before).status_code == 401
        assert ask(http, client, now).status_code == 200


def test_people_are_told_what_was_done_and_a_secret_only_when_it_is_new(shell: Shell) -> None:
    client, before = added(shell)
    rotated = shell.ok("client", "rotate", client).out
    (secret,) = (word for word in rotated.split() if word.startswith("els_live_"))
    assert "✔ Secret replaced  counter" in rotated
    assert "(shown this once)" in rotated
    disabled = shell.ok("client", "disable", client).out
    assert "✔ Client disabled  counter" in disabled
    assert "已永久停用" in shell.ok("client", "disable", client, "--lang", "zh-CN").out
    listed = shell.ok("client", "list").out
    assert "(disabled)" in listed
    assert not {before, secret} & {*disabled.split(), *listed.split()}
    assert secret.encode() not in b"".join(path.read_bytes() for path in shell.home.glob("registry.db*"))


def test_a_client_that_is_none_is_refused(shell: Shell) -> None:
    for verb in ("disable", "rotate"):
        for name in (NOBODY, "housing", ""):
            shell.refused(4, "client_not_found", "client", verb, name)
        shell.refused(2, "usage", "client", verb)


def test_disabled_is_for_good(shell: Shell) -> None:
    client, _ = added(shell)
    first = shell.ok("client", "disable", client, "--json").json
    shell.refused(3, "validation_failed", "client", "rotate", client)
    shell.clock.move(seconds=60)
    assert shell.ok("client", "disable", client, "--json").json == first
    assert shell.ok("client", "list", "--json").json == first


def test_a_client_that_signs_is_given_no_secret_by_rotating(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(P256))
    client, _ = added(shell, "--jwks", str(file))
    shell.refused(3, "validation_failed", "client", "rotate", client)
    assert shell.ok("client", "list", "--json").json["authentication"] == "private_key_jwt"
    assert shell.ok("client", "disable", client, "--json").json["disabled_at"] is not None


def test_the_rate_class_is_one_of_those_there_are(shell: Shell) -> None:
    made = [shell.ok("client", "add", "housing", "x", *words, "--json").json["rate_class"] for words in (
        (), *(("--rate-class", each) for each in RATE_CLASSES)
    )]  # fmt: skip
    assert made == ["standard", *RATE_CLASSES]
    error = shell.refused(3, "validation_failed", "client", "add", "housing", "x", "--rate-class", "endless").error
    assert [each["pointer"] for each in error["problems"]] == ["/rate_class"]
    told = CliRunner().invoke(app, ["client", "add", "--help"]).stdout
    assert all(each in told for each in RATE_CLASSES)
