"""`licence …` and `qr make` against a registry elsewhere: what is refused, and that answers are those of a home."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.between import Between, between
from tests.cli.elsewhere import SECRET, User, secret_of
from tests.cli.shell import DEGREE, ESTATE, FOOD, Answer, Shell
from tests.pictures import text_in
from tests.served import Served

from elicence.settings import system_clock


@pytest.fixture
def here(elsewhere: Served) -> Shell:
    """The same registry by its home, as its operator has it."""
    return Shell(elsewhere.home, system_clock)


@pytest.fixture
def user(elsewhere: Served, tmp_path: Path) -> User:
    made = User(tmp_path, secret=elsewhere.client_secret)
    made.add("registry", elsewhere.url.replace("127.0.0.1", "localhost"), elsewhere.client_id, "--use")
    return made


@pytest.fixture
def line(elsewhere: Served, user: User) -> Iterator[Between]:
    """The line to the registry, which can be tapped; the context in use goes over it."""
    with between(elsewhere.url) as tapped:
        user.add("line", tapped.url, elsewhere.client_id, "--use")
        yield tapped


_numbers = iter(range(10**6, 10**7))


def food(shell: Shell, **changes: Any) -> str:
    """A food licence under a number nobody has used."""
    return shell.request(FOOD, number=f"JY1990101{next(_numbers):07d}", **changes)


def issued(user: User, request: str | None = None) -> dict[str, Any]:
    return user.ok("licence", "issue", "-", "--json", stdin=request or food(user)).json


def same(user: User, here: Shell, *words: object, stdin: str | None = None) -> Answer:
    """Both are asked, and say the same."""
    there, home = user.run(*words, stdin=stdin), here.run(*words, "--agency", "housing", stdin=stdin)
    assert (there.code, there.out) == (home.code, home.out), (there.err, home.err)
    return there


def test_the_same_request_is_the_same_licence_here_and_elsewhere(user: User, here: Shell) -> None:
    request = food(user)
    first = issued(user, request)
    again = issued(user, request)
    home = here.ok("licence", "issue", "-", "--agency", "housing", "--json", stdin=request).json
    assert (first.pop("replayed"), again.pop("replayed"), home.pop("replayed")) == (False, True, True)
    assert first == again == home
    assert "Issued before" in user.ok("licence", "issue", "-", stdin=request).out


def test_every_verb_answers_as_it_does_in_a_home(user: User, here: Shell) -> None:
    licence = issued(user)
    name = licence["id"]
    same(user, here, "licence", "get", name, "--json")
    same(user, here, "licence", "get", name)
    same(user, here, "licence", "get", name, "--lang", "zh-CN")
    until = "2099-12-31"
    suspended = user.ok("licence", "suspend", name, "--reason", "penalty", "--until", until, "--json").json
    assert (suspended["state"], suspended["suspended_until"]) == ("suspended", until)
    same(user, here, "licence", "get", name, "--json")
    assert user.ok("licence", "reinstate", name, "--json").json["state"] == "active"
    renewed = user.ok("licence", "renew", name, "--json").json
    assert (renewed["version"], renewed["supersedes"]) == (2, 1)
    claims = '{"claims": {"complaint_phone": "12345"}}'
    corrected = user.ok("licence", "correct", name, "-", "--reason", "issued_in_error", "--json", stdin=claims).json
    assert corrected["version"] == 3
    whole = json.loads(same(user, here, "licence", "get", name, "--json").out)
    assert whole["claims"]["complaint_phone"] == "12345"
    same(user, here, "licence", "get", name, "--version", "1", "--json")
    same(user, here, "licence", "get", name, "--version", "1")
    assert user.ok("licence", "revoke", name, "--reason", "penalty", "--json").json["state"] == "revoked"
    same(user, here, "licence", "history", name, "--json")
    assert "撤销" in same(user, here, "licence", "history", name, "--lang", "zh-CN").out
    same(user, here, "licence", "revoke", name, "--reason", "penalty")


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("get", "lic_0"), None), (("get", "LICENCE", "--version", "9"), None), (("get", "../../v1/types"), None),
        (("suspend", "LICENCE"), None), (("suspend", "LICENCE", "--reason", "bad_mood"), None),
        (("suspend", "LICENCE", "--reason", "penalty", "--until", "2000-01-01"), None),
        (("revoke", "LICENCE", "--reason", "bad_mood"), None), (("revoke", "lic_0", "--reason", "penalty"), None),
        (("revoke", "LICENCE", "--reason", "penalty", "--if-version", "99"), None),
        (("renew", "LICENCE", "--if-version", "99"), None),
        (("renew", "LICENCE", "--valid-until", "2000-01-01"), None), (("renew", "LICENCE", "--valid-until", "x"), None),
        (("correct", "LICENCE", "-", "--reason", "bad_mood"), {"claims": {"complaint_phone": "1"}}),
        (("correct", "LICENCE", "-", "--reason", "issued_in_error"), {"number": "JY1"}),
        (("correct", "LICENCE", "-", "--reason", "issued_in_error"), {"reason": "penalty"}),
        (("correct", "LICENCE", "-", "--reason", "issued_in_error"), {"claims": {"colour": "red"}}),
        (("issue", "-"), {}), (("issue", "-"), {"type": "no-such-type"}), (("history", "lic_0"), None),
        (("issue", "-", "--idempotency-key", "\n"), {"type": FOOD}), (("issue", "-"), {"type": FOOD, "colour": "red"}),
        (("issue", "-", "--operator", "somebody"), {"type": FOOD}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else json.dumps(value),
)  # fmt: skip
def test_a_refusal_is_the_same_error_as_in_a_home(
    user: User, here: Shell, words: tuple[str, ...], body: dict[str, Any] | None
) -> None:
    name = issued(user)["id"]
    asked = ("licence", *(name if word == "LICENCE" else word for word in words), "--json")
    stdin = None if body is None else json.dumps(body)
    there, home = user.run(*asked, stdin=stdin), here.run(*asked, "--agency", "housing", stdin=stdin)
    assert there.code == home.code >= 2, (there.err, home.err)
    assert there.out == home.out == ""
    assert there.error["code"] == home.error["code"]
    places = [[(each["pointer"], each["code"]) for each in which.error["problems"]] for which in (there, home)]
    assert places[0] == places[1]
    assert there.error.get("facts", {}).get("allowed") == home.error.get("facts", {}).get("allowed")


def test_a_refusal_is_told_in_the_language_asked_for(user: User) -> None:
    name = issued(user)["id"]
    told = user.run("licence", "revoke", name, "--reason", "bad_mood", "--lang", "zh-CN")
    assert told.code == 3
    assert "原因代码" in told.err


def test_a_licence_of_another_agency_is_answered_like_none(user: User, here: Shell, elsewhere: Served) -> None:
    name = issued(user)["id"]
    here.ok(
        "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Tax", "--uscc", "91350100M000100Y43", "--region",
        "35",
    )  # fmt: skip
    client, secret = secret_of(here.ok("client", "add", "tax", "other", "--json"))
    stranger = User(user.home / "stranger", secret=secret)
    stranger.add("registry", elsewhere.url.replace("127.0.0.1", "localhost"), client, "--use")
    absent = "lic_01m864m4c3ej1vz73fy85taex9"
    for verb in (("get",), ("history",), ("revoke", "--reason", "penalty"), ("reinstate",), ("renew",)):
        foreign, missing = (
            stranger.refused(4, "licence_not_found", "licence", verb[0], each, *verb[1:]) for each in (name, absent)
        )
        assert foreign.err == missing.err
    stranger.refused(4, "licence_not_found", "qr", "make", name)
    assert stranger.ok("licence", "list", "--json").out == ""
    stranger.refused(3, "agency_not_allowed_type", "licence", "issue", "-", stdin=food(user))
    assert user.ok("licence", "get", name, "--json").json["state"] == "active"


def test_a_wrong_secret_or_client_is_refused_and_not_repeated(user: User, line: Between) -> None:
    user.secret = "els_live_" + "A" * 43
    user.refused(2, "client_refused", "licence", "list")
    assert line.paths() == []
    user.ok("context", "add", "nobody", "--base-url", line.url, "--client-id", "cli_01m86jbt9ef2paz7kg0dp9tf26",
            "--secret-env", SECRET)  # fmt: skip
    user.refused(2, "client_refused", "licence", "list", "--context", "nobody")


def test_a_client_without_the_scope_is_told_so(user: User, here: Shell, elsewhere: Served) -> None:
    name = issued(user)["id"]
    client, secret = secret_of(here.ok("client", "add", "housing", "reader", "--scope", "licences:read", "--json"))
    reader = User(user.home / "reader", secret=secret)
    reader.add("registry", elsewhere.url.replace("127.0.0.1", "localhost"), client, "--use")
    assert reader.ok("licence", "get", name, "--json").json["id"] == name
    reader.refused(3, "scope_missing", "licence", "revoke", name, "--reason", "penalty")


def test_what_only_a_home_knows_is_a_wrong_use(user: User, line: Between) -> None:
    user.refused(2, "usage", "licence", "list", "--agency", "housing")
    user.refused(2, "usage", "licence", "issue", "-", "--test", stdin=food(user))
    user.refused(2, "usage", "licence", "issue", "-", "--operator", "证\n", stdin=food(user))
    user.refused(2, "usage", "licence", "list", "--all", "--limit", "3")
    assert line.seen == []


def test_a_test_client_issues_test_licences(user: User, here: Shell, elsewhere: Served) -> None:
    here.ok("licence", "issue", "-", "--agency", "housing", "--test", stdin=food(user))
    client, secret = secret_of(here.ok("client", "add", "housing", "trial", "--test", "--json"))
    trial = User(user.home / "trial", secret=secret)
    trial.add("registry", elsewhere.url.replace("127.0.0.1", "localhost"), client, "--use")
    request = food(user)
    made = trial.ok("licence", "issue", "-", "--test", "--json", stdin=request).json
    assert here.verify(made["qr"]["content"]) == (10, "test_licence")
    home = here.ok("licence", "issue", "-", "--test", "--agency", "housing", "--json", stdin=request).json
    assert (home["id"], home["replayed"]) == (made["id"], True)


def test_a_grant_with_four_eyes_answers_with_a_proposal(user: User, here: Shell, elsewhere: Served) -> None:
    here.ok(
        "agency", "add", "eyes", "--name-zh", "某局", "--name-en", "Eyes", "--uscc", "11990100MB1A0001XJ", "--region",
        "99",
    )  # fmt: skip
    here.ok("grant", "add", "eyes", FOOD, "--four-eyes")
    operator = here.ok("operator", "add", "eyes", "Maker", "--json").json["id"]
    client, secret = secret_of(here.ok("client", "add", "eyes", "counter", "--json"))
    counter = User(user.home / "counter", secret=secret)
    counter.add("registry", elsewhere.url.replace("127.0.0.1", "localhost"), client, "--use")
    request = food(user)
    counter.refused(3, "four_eyes_required", "licence", "issue", "-", stdin=request)
    words = ("licence", "issue", "-", "--operator", operator)
    waiting = counter.ok(*words, "--json", stdin=request).json
    home = here.ok(*words, "--agency", "eyes", "--json", stdin=request).json
    assert waiting == home
    assert f"elicence proposal show {waiting['id']}" in counter.ok(*words, stdin=request).out


def test_pages_are_followed_to_the_end(user: User, here: Shell, line: Between) -> None:
    ids = sorted(issued(user, user.request(ESTATE, number=f"苏(2026)示例不动产权第{n:07d}号"))["id"] for n in range(5))
    words, line.page = ("licence", "list", "--type", ESTATE, "--json"), 2
    line.seen.clear()
    assert [each["id"] for each in same(user, here, *words, "--all").objects] == ids
    assert len([path for path in line.paths() if "cursor=" in path]) == 2
    assert [each["id"] for each in same(user, here, *words, "--all", "--after", ids[2]).objects] == ids[3:]
    assert [each["id"] for each in same(user, here, *words, "--after", ids[2], "--limit", "1").objects] == [ids[3]]
    assert [each["id"] for each in same(user, here, *words, "--limit", "3").objects] == ids[:3]
    line.page = None
    same(user, here, "licence", "list", "--limit", "3")
    same(user, here, "licence", "list", "--type", FOOD, "--state", "active", "--json")
    assert same(user, here, "licence", "list", "--type", DEGREE).out == "Nothing there.\n"


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_picture_of_the_code_comes_from_the_registry(user: User, here: Shell, line: Between, kind: str) -> None:
    licence = issued(user)
    there, home = (user.home / f"{which}.{kind}" for which in ("there", "home"))
    told = user.ok("qr", "make", licence["id"], "-o", there, "--json").json
    here.ok("qr", "make", licence["id"], "-o", home)
    assert told["content"] == licence["qr"]["content"]
    assert there.read_bytes() == home.read_bytes()
    assert line.paths()[-1].startswith(f"/v1/licences/{licence['id']}/qr.{kind}")
    if kind == "png":
        assert text_in(there) == licence["qr"]["content"]
        user.refused(3, "validation_failed", "qr", "make", licence["id"], "-o", there, "--scale", "64")
    same(user, here, "qr", "make", licence["id"])
    same(user, here, "qr", "make", licence["id"], "--short", "--json")


def test_a_registry_elsewhere_is_asked_without_loading_a_database(user: User) -> None:
    code = (
        "import sys\nfrom elicence.cli.main import run\ntry:\n    run()\nfinally:\n"
        "    print([name for name in ('sqlmodel', 'sqlalchemy', 'psycopg', 'fastapi') if name in sys.modules])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELICENCE_")}
    env = kept | {"XDG_CONFIG_HOME": str(user.home / "config"), SECRET: str(user.secret)}
    told = subprocess.run(
        [sys.executable, "-c", code, "licence", "list", "--limit", "1"], env=env, capture_output=True, text=True,
        timeout=60, cwd=user.home,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "[]"
    assert told.stderr == ""


def test_nothing_of_a_command_stays_but_the_contexts(user: User) -> None:
    before = sorted(path for path in user.home.rglob("*"))
    user.ok("licence", "list")
    assert sorted(path for path in user.home.rglob("*")) == before
