"""A line that breaks, a registry that asks to wait, and what answers that is no registry at all."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.between import Between, answers, between, breaks_off, is_deaf, never_ends, new_certificate, problem
from tests.cli.elsewhere import User
from tests.cli.shell import FOOD, Shell
from tests.ports import free_port
from tests.served import Served

from elicence.settings import system_clock

LISTING = ("licence", "list", "--json")
CLIENT = "cli_01m86jbt9ef2paz7kg0dp9tf26"


@pytest.fixture
def line(elsewhere: Served) -> Iterator[Between]:
    with between(elsewhere.url) as opened:
        yield opened


@pytest.fixture
def user(elsewhere: Served, line: Between, tmp_path: Path) -> User:
    made = User(tmp_path, secret=elsewhere.client_secret)
    made.add("line", line.url, elsewhere.client_id, "--use")
    return made


_numbers = iter(range(10**6, 10**7))


def food(user: User) -> tuple[str, str]:
    """A request and its number."""
    number = f"JY1990102{next(_numbers):07d}"
    return user.request(FOOD, number=number), number


def issued(user: User) -> dict[str, Any]:
    return user.ok("licence", "issue", "-", "--json", stdin=food(user)[0]).json


def in_registry(elsewhere: Served, number: str) -> list[dict[str, Any]]:
    """The licences of that number that the registry's own home knows."""
    here = Shell(elsewhere.home, system_clock)
    return [
        each
        for each in here.ok("licence", "list", "--agency", "housing", "--all", "--json").objects
        if each["number"] == number
    ]


@pytest.mark.parametrize("broken", [1, 2, 4])
def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same_licence(
    user: User, line: Between, elsewhere: Served, broken: int
) -> None:
    request, number = food(user)
    line.plan = [("/v1/licences", breaks_off)] * broken
    licence = user.ok("licence", "issue", "-", "--json", stdin=request).json
    assert licence["replayed"]
    assert [each["id"] for each in in_registry(elsewhere, number)] == [licence["id"]]
    calls = [each for each in line.seen if each.path == "/v1/licences"]
    assert len(calls) == broken + 1
    assert len({(each.headers["idempotency-key"], each.body) for each in calls}) == 1
    assert len(user.pauses) == broken
    assert user.pauses == sorted(user.pauses)


def test_a_line_that_breaks_every_time_is_given_up_and_the_command_may_be_repeated(
    user: User, line: Between, elsewhere: Served
) -> None:
    request, number = food(user)
    line.plan = [("/v1/licences", breaks_off)] * 5
    user.refused(4, "remote_unreachable", "licence", "issue", "-", stdin=request)
    assert line.plan == []
    assert len(user.pauses) == 4
    licence = user.ok("licence", "issue", "-", "--json", stdin=request).json
    assert licence["replayed"]
    assert [each["id"] for each in in_registry(elsewhere, number)] == [licence["id"]]


@pytest.mark.parametrize("verb", ["renew", "correct"])
def test_a_new_version_whose_answer_was_lost_is_made_once(user: User, line: Between, verb: str) -> None:
    licence = issued(user)
    line.plan = [(f"/v1/licences/{licence['id']}/{verb}", breaks_off)]
    words = ("-", "--reason", "issued_in_error") if verb == "correct" else ()
    made = user.ok(
        "licence", verb, licence["id"], *words, "--json", stdin='{"claims": {"complaint_phone": "12345"}}'
    ).json
    assert (made["version"], made["replayed"]) == (2, True)
    assert user.ok("licence", "get", licence["id"], "--json").json["current_version"] == 2


def test_a_revocation_whose_answer_was_lost_is_repeated_without_harm(user: User, line: Between) -> None:
    licence = issued(user)
    line.plan = [(f"/v1/licences/{licence['id']}/revoke", breaks_off)]
    assert user.ok("licence", "revoke", licence["id"], "--reason", "penalty", "--json").json["state"] == "revoked"
    acts = [each["verb"] for each in user.ok("licence", "history", licence["id"], "--json").objects]
    assert acts.count("revoke") == 1


@pytest.mark.parametrize(
    "words", [("reinstate",), ("suspend", "--reason", "penalty", "--if-version", "2")], ids=" ".join
)
@pytest.mark.parametrize("trick", [breaks_off, is_deaf, answers(504)], ids=["after", "before", "gateway"])
def test_what_may_not_be_done_twice_is_left_open_and_said_so(
    user: User, line: Between, words: tuple[str, ...], trick: Any
) -> None:
    licence = issued(user)
    user.ok("licence", "suspend", licence["id"], "--reason", "penalty")
    line.plan = [(f"/v1/licences/{licence['id']}/{words[0]}", trick)]
    before = len(line.paths())
    answer = user.run("licence", words[0], licence["id"], *words[1:], "--json")
    assert (answer.code, answer.out) == (4, "")
    assert answer.error["code"] == "remote_unsure"
    assert [path for path in line.paths()[before:] if path.endswith(words[0])] == [
        f"/v1/licences/{licence['id']}/{words[0]}"
    ]
    assert user.pauses == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_asks_to_wait_is_waited_for(user: User, line: Between, status: int) -> None:
    code = "rate_limited" if status == 429 else "overloaded"
    line.plan = [
        ("/v1/licences", problem(status, code, Retry_After="7")),
        ("/oauth", problem(429, code, Retry_After="3")),
    ]
    user.ok(*LISTING)
    assert user.pauses == [3, 7]
    user.pauses.clear()
    line.plan = [("/v1/licences", problem(status, code))]
    user.ok(*LISTING)
    assert len(user.pauses) == 1
    assert 0 < user.pauses[0] < 1


def test_a_wait_beyond_patience_is_told_at_once(user: User, line: Between) -> None:
    line.plan = [("/v1/licences", problem(429, "rate_limited", Retry_After="3600"))]
    user.refused(3, "rate_limited", *LISTING[:-1])
    assert user.pauses == []
    line.plan = [("/v1/licences", problem(429, "rate_limited", Retry_After="40"))] * 5
    user.refused(3, "rate_limited", *LISTING[:-1])
    assert user.pauses == [40, 40], "ninety seconds in all"
    user.pauses.clear()
    line.plan = [("/v1/licences", problem(503, "store_unavailable", Retry_After="Tue, 24 Nov 2026 00:00:00 GMT"))] * 5
    answer = user.refused(4, "remote_failure", *LISTING[:-1])
    assert answer.error["facts"]["problem"] == "store_unavailable"
    assert len(user.pauses) == 4


def test_a_key_in_flight_is_asked_about_again(user: User, line: Between) -> None:
    line.plan = [("/v1/licences", problem(409, "idempotency_in_flight", Retry_After="1"))]
    issued(user)
    assert user.pauses == [1]


def test_other_refusals_are_not_repeated(user: User, line: Between) -> None:
    for status, code, exits in ((409, "number_taken", 4), (404, "not_found", 3), (500, "internal_error", 4)):
        line.plan = [("/v1/licences", problem(status, code))]
        before = len(line.paths())
        assert user.run(*LISTING).code == exits
        assert len(line.paths()) == before + 1
    assert user.pauses == []


def test_a_token_that_has_ended_is_renewed_once(user: User, line: Between) -> None:
    line.plan = [("/v1/licences", problem(401, "token_expired"))]
    user.ok(*LISTING)
    assert [each.path for each in line.seen].count("/oauth/token") == 2
    line.plan = [("/v1/licences", problem(401, "token_expired"))] * 3
    user.refused(3, "token_expired", *LISTING[:-1])
    assert len(line.plan) == 1


def test_one_token_serves_a_command_of_many_calls(user: User, line: Between) -> None:
    for _ in range(3):
        issued(user)
    line.seen.clear()
    line.page = 1
    user.ok("licence", "list", "--all", "--json")
    assert len(line.paths()) >= 3
    assert [each.path for each in line.seen].count("/oauth/token") == 1
    secret = str(user.secret)
    assert not [each for each in line.seen if secret in each.path or secret.encode() in each.body]


def test_a_registry_that_is_down_is_told_after_a_few_tries(user: User) -> None:
    user.add("down", f"http://localhost:{free_port()}", CLIENT, "--use")
    user.refused(4, "remote_unreachable", *LISTING[:-1])
    assert len(user.pauses) == 4
    assert sum(user.pauses) < 15
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))  # bound, and nobody listens
        user.add("full", f"http://127.0.0.1:{full.getsockname()[1]}", CLIENT, "--use")
        user.refused(4, "remote_unreachable", "licence", "issue", "-", stdin=food(user)[0])


HTML = answers(200, "<html>Welcome</html>", "text/html")


@pytest.mark.parametrize("where", ["/oauth/token", "/v1/licences"])
@pytest.mark.parametrize(
    "trick",
    [
        HTML, answers(404, "<html>", "text/html"), answers(200, "<html>"), answers(200, "[]"), answers(200, "{}"),
        answers(200, '{"object": "list", "data": {}, "access_token": 7, "expires_in": "x"}'),
        answers(200, '{"data": [7], "access_token": "x", "expires_in": true}'), answers(200, b"\xff"),
        answers(200, "{}", Content_Encoding="gzip"), answers(204), answers(418, "short and stout", "text/plain"),
        answers(400, "[]", "application/problem+json"), answers(400, "{}", "application/problem+json"), never_ends,
    ],
    ids=["html", "html 404", "html as json", "list", "empty", "kinds", "more kinds", "bytes", "gzip", "nothing",
         "teapot", "problem list", "problem empty", "endless"],
)  # fmt: skip
def test_what_answers_but_is_no_registry_is_told_as_such(user: User, line: Between, where: str, trick: Any) -> None:
    line.plan = [(where, trick)]
    user.refused(4, "remote_answer_bad", *LISTING[:-1])
    assert line.plan == []
    assert user.pauses == []


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nHost: x", "\x1b", "证"])
def test_a_token_that_fits_no_header_is_refused_and_never_sent(user: User, line: Between, token: str) -> None:
    line.plan = [("/oauth/token", answers(200, json.dumps({"access_token": token, "expires_in": 600})))]
    user.refused(4, "remote_answer_bad", *LISTING[:-1])
    assert (line.paths(), user.pauses) == ([], [])


@pytest.mark.parametrize("text", [" key", "key ", "a\tb", "证", "x" * 256])
def test_a_key_that_fits_no_header_is_refused_before_anything_is_sent(user: User, line: Between, text: str) -> None:
    request, _ = food(user)
    user.refused(3, "idempotency_key_bad", "licence", "issue", "-", "--idempotency-key", text, stdin=request)
    user.refused(2, "usage", "licence", "issue", "-", "--operator", text, stdin=request)
    assert (line.seen, user.pauses) == ([], [])


def test_of_an_answer_without_end_no_more_is_read_than_the_bound(user: User, line: Between) -> None:
    line.plan = [("/v1/licences", never_ends)]
    user.refused(4, "remote_answer_bad", *LISTING[:-1])
    assert 30 < line.poured < 64


def test_a_page_that_comes_again_and_again_is_refused(user: User, line: Between) -> None:
    same = answers(200, '{"object": "list", "data": [], "has_more": true, "next_cursor": "x"}')
    line.plan = [("/v1/licences", same)] * 5
    user.refused(4, "remote_answer_bad", *LISTING[:-1])
    assert len(line.plan) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["/oauth/token", "/v1/licences"])
def test_a_redirect_is_not_followed(user: User, line: Between, elsewhere: Served, where: str, status: int) -> None:
    with between(elsewhere.url) as trap:
        line.plan = [(where, answers(status, Location=f"{trap.url}{where}"))]
        user.refused(4, "remote_redirected", *LISTING[:-1])
        assert trap.seen == []


def test_codes_of_a_later_version_are_told_by_their_sentence(user: User, line: Between) -> None:
    line.plan = [("/v1/licences", problem(409, "too_blue"))]
    answer = user.refused(4, "remote_failure", *LISTING[:-1])
    assert (answer.error["message"], answer.error["facts"]["problem"]) == ("It is too_blue.", "too_blue")
    body = (
        '{"code": "validation_failed", "detail": "Bad.", "errors": '
        '[{"pointer": "/x", "code": "too_blue", "detail": "x is too blue."}]}'
    )
    line.plan = [("/v1/licences", answers(422, body, "application/problem+json"))]
    (told,) = user.refused(3, "validation_failed", *LISTING[:-1]).error["problems"]
    assert told == {"pointer": "/x", "code": "schema", "detail": "x is too blue."}


def test_what_a_registry_says_cannot_colour_the_terminal(user: User, line: Between) -> None:
    body = '{"code": "number_taken", "detail": "\\u001b[31mred \\u202e"}'
    line.plan = [("/v1/licences", answers(409, body, "application/problem+json"))]
    told = user.run("licence", "list")
    assert (told.code, "\x1b" in told.err, "\u202e" in told.err) == (4, False, False)


def test_a_certificate_nobody_vouches_for_is_refused_and_one_named_is_believed(
    user: User, elsewhere: Served, tmp_path: Path
) -> None:
    certificate = new_certificate(tmp_path)
    with between(elsewhere.url, certificate) as secure:
        user.add("strange", secure.url, elsewhere.client_id)
        user.refused(4, "remote_tls", *LISTING[:-1], "--context", "strange")
        assert secure.seen == []
        assert user.pauses == []
        user.add("known", secure.url, elsewhere.client_id, "--ca-file", certificate)
        user.ok(*LISTING, "--context", "known")
        user.add("other-name", secure.url.replace("localhost", "127.0.0.1"), elsewhere.client_id, "--ca-file",
                 certificate)  # fmt: skip
        user.refused(4, "remote_tls", *LISTING[:-1], "--context", "other-name")
    for name, content in (("none", None), ("empty", b""), ("text", b"hello")):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        user.add(name, "https://localhost:1", CLIENT, "--ca-file", file)
        user.refused(2, "contexts_bad", *LISTING[:-1], "--context", name)
