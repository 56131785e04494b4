"""Hostile requests, row by row of the corpus: never a 5xx, nothing changed, no value repeated, and twins that pass."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.api.calls import Calls, calls_of, code, food, places, text_of
from tests.assembly import BASE_URL

from elicence.api.problems import words
from elicence.errors import CallRefused, Conflict, FormatError, NotAllowed, NotFound, RequestError

CANARY = "11010519491231002X"


@contextmanager
def nothing_changes(calls: Calls) -> Iterator[None]:
    before = calls.house.store.everything()
    yield
    assert calls.house.store.everything() == before


def ask(calls: Calls, body: bytes, **headers: Any) -> httpx.Response:
    """An issue request of exactly these bytes."""
    sent = {"Idempotency-Key": "k", "Content-Type": "application/json"} | headers
    return calls("POST", "/v1/licences", content=body, headers={k: v for k, v in sent.items() if v is not None})


def spoilt(text: str) -> bytes:
    """A good request in which the number is something else."""
    return text_of(food()).replace(b'"JY10000000000001"', text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (spoilt('"a\\u0000b"'), (422, "validation_failed")),
        (spoilt('"\\ud800"'), (422, "validation_failed")),
        (spoilt('"a\x00b"'), (400, "json_text")),
        (b'["\\u0000"]', (422, "validation_failed")),
        (spoilt("9223372036854775808"), (400, "json_number")),
        (spoilt("1e999"), (400, "json_number")),
        (spoilt("NaN"), (400, "json_number")),
        (spoilt("Infinity"), (400, "json_number")),
        (spoilt("-0"), (400, "json_number")),
        (spoilt('"x","number":"y"'), (400, "json_duplicate_key")),
        (b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}", (400, "json_depth")),
        (b"\xff\xfe{\x00}\x00", (400, "json_text")),
        (text_of(food()).decode().encode("utf-16"), (400, "json_text")),
        (b"\xef\xbb\xbf" + text_of(food()), (400, "json_text")),
        (b'{"number":"\xff"}', (400, "json_text")),
        (b"{", (400, "json_syntax")),
        (b"{'a': 1}", (400, "json_syntax")),
        (b"", (400, "body_missing")),
        (b"null", (422, "validation_failed")),
        (b"[]", (422, "validation_failed")),
        (b'""', (422, "validation_failed")),
        (b"{}", (422, "validation_failed")),
        (text_of({"a": "x" * 65_536}), (413, "file_too_large")),
        (b"x" * 50_000_000, (413, "file_too_large")),
    ],
)
def test_a_body_that_is_no_good_json_is_refused_and_changes_nothing(
    steady: Calls, body: bytes, expected: tuple[int, str]
) -> None:
    with nothing_changes(steady):
        assert code(ask(steady, body)) == expected


@pytest.mark.parametrize("text", ['"\\u0000"', '"x\\ud800"', '"\\udc00\\ud800"', '"\\u0001"', '"\\u202e"'])
def test_a_string_that_json_can_write_and_we_do_not_take_is_named_at_its_place(steady: Calls, text: str) -> None:
    with nothing_changes(steady):
        assert places(ask(steady, spoilt(text))) == [("/number", "text_policy")]
        whole = text_of(food(claims=987654321)).partition(b"987654321")
        deep = whole[0] + b'{"a":["x",{"b":' + text.encode() + b"}]}" + whole[2]
        assert ("/claims/a/1/b", "text_policy") in places(ask(steady, deep))
        named = whole[0] + b"{" + text.encode() + b":1}" + whole[2]
        assert ("/claims", "field_unknown") in places(ask(steady, named))
    verify = steady(
        "POST", "/v1/verifications", content=b'{"content":' + text.encode() + b"}",
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    if text in {'"\\u0001"', '"\\u202e"'}:
        assert verify.json()["verdict"] == "not_a_licence"
    else:
        assert places(verify) == [("/content", "text_policy")]


def test_the_twin_of_those_bodies_is_issued(steady: Calls) -> None:
    assert ask(steady, text_of(food(1001)), **{"Idempotency-Key": "twin"}).status_code == 201


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/xml", "application/json; charset=utf-16", "application/json; charset=utf-7",
     "application/x-www-form-urlencoded", "application/jsonp", ""],
)  # fmt: skip
def test_another_media_type_is_refused(steady: Calls, kind: str | None) -> None:
    assert code(ask(steady, text_of(food()), **{"Content-Type": kind})) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"']
)
def test_json_by_any_of_its_names_is_taken(steady: Calls, kind: str) -> None:
    body = food(2000 + len(kind))
    assert ask(steady, text_of(body), **{"Content-Type": kind, "Idempotency-Key": kind}).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip"])
def test_a_compressed_body_is_refused_unopened(steady: Calls, encoding: str) -> None:
    assert code(ask(steady, b"\x1f\x8b" * 99, **{"Content-Encoding": encoding})) == (415, "unsupported_encoding")


def test_headers_that_must_be_single_are_refused_when_doubled(steady: Calls) -> None:
    for name in ("Idempotency-Key", "Content-Type", "Authorization"):
        headers = [*steady.headers.items(), ("Idempotency-Key", "a"), ("Content-Type", "application/json"), (name, "b")]
        answer = steady.loop.run_until_complete(
            steady.client.request("POST", "/v1/licences", content=text_of(food()), headers=headers)
        )
        assert code(answer) == (400, "header_bad")


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "99999999999999999999", "65537"])
def test_a_length_that_lies_or_is_too_much_is_refused(steady: Calls, length: str) -> None:
    assert code(ask(steady, text_of(food()), **{"Content-Length": length})) == (413, "file_too_large")


def test_an_endless_body_is_cut_off_at_the_cap(steady: Calls) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 1000

    answer = steady(
        "POST", "/v1/licences", content=endless(), headers={"Content-Type": "application/json", "Idempotency-Key": "k"}
    )
    assert code(answer) == (413, "file_too_large")


@pytest.mark.parametrize(
    "extra",
    [
        "status",
        "state",
        "idx",
        "agency_id",
        "version",
        "signed_at",
        "kid",
        "licence_id",
        "__proto__",
        "verification_code",
    ],
)
def test_a_field_that_is_not_the_callers_to_set_is_refused(steady: Calls, extra: str) -> None:
    with nothing_changes(steady):
        answer = ask(steady, text_of(food(**{extra: CANARY})))
        assert code(answer) == (422, "validation_failed")
        assert [each for _, each in places(answer)] == ["field_unknown"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    "changes",
    [
        {"holders": [{"kind": "person", "name": CANARY, "id_scheme": "CN-RIC", "id": CANARY}]},
        {"valid_from": CANARY},
        {"region": CANARY},
        {"number": CANARY},
        {"type": CANARY},
        {"claims": {CANARY: CANARY}},
        {CANARY * 9: 1},
        {f"{CANARY} a": 1},
        {"external_ref": CANARY * 20},
    ],
)
def test_no_rejected_value_is_repeated(steady: Calls, changes: dict[str, Any], language: str, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    answer = ask(steady, text_of(food(**changes)), **{"Accept-Language": language})
    assert answer.status_code in {404, 422}
    assert answer.headers["content-language"] == language
    # A member's own name may be pointed at when it is plain; a value never.
    shown = json.dumps(answer.json(), ensure_ascii=False)
    assert CANARY not in shown.replace(f"/claims/{CANARY}", "")
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "host", ["evil.example", "e.example.gov.evil", "e.example.gov:81", "e.example.gov/x", "", "127.0.0.1.evil"]
)
def test_a_host_that_is_not_ours_is_refused(steady: Calls, host: str) -> None:
    assert code(steady.get("/healthz", headers={"Host": host})) == (400, "host")


def test_forwarding_headers_change_nothing(steady: Calls) -> None:
    answer = steady.get("/v1/types", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert "evil" not in answer.text
    assert answer.json()["data"][0]["document_url"].startswith(BASE_URL)


@pytest.mark.parametrize(
    "path",
    ["/v1/../etc/passwd", "/v1/licences/%2e%2e%2f", "/status/housing/1/../../../keys/keyring.json", "/v1//licences",
     "/v1/licences/", "/v1/licences;x=1", "/types/degree/v1.json%00", "/a/..%2f..%2fkeys/did.json", "/roots.json",
     "/keys/keyring.json", "/.well-known/jwks.json/", "/%ff", "/status/housing/0", "/status/housing/1.statuslist+jwt",
     "/ns/degree/v1/", "/docs", "/redoc", "/V1/licences"],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_404(steady: Calls, path: str) -> None:
    assert code(steady.get(path))[0] == 404


def test_a_path_or_query_or_head_beyond_measure_is_refused(steady: Calls) -> None:
    assert code(steady.get("/" + "a" * 8_000)) == (414, "path_too_long")
    assert code(steady.get("/v1/types?" + "a=1&" * 9_000)) == (414, "path_too_long")
    assert code(steady.get("/healthz", headers={"X-Long": "a" * 40_000})) == (431, "header_too_large")
    assert code(steady.get("/healthz", headers={f"X-{n}": "a" for n in range(120)})) == (431, "header_too_large")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "FOO"])
def test_another_method_is_405_and_says_which_there_are(steady: Calls, method: str) -> None:
    answer = steady(method, "/v1/licences", headers={"X-HTTP-Method-Override": "GET"})
    assert code(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    "query",
    ["limit=-5", "limit=0", "limit=1000000000", "limit=1.5", "limit=%00", "limit=１", "limit=", "limit",
     "limit=1&limit=2",
     "sort=number;drop", "state=superseded", "state=%27 OR 1=1", "type=" + "x" * 65, "external_ref=%00",
     "external_ref=%E2%80%AE", "a=1", "%ff=1", "limit=" + "9" * 400,
     "number=1", "type=degree&number=" + "1" * 65, "type=degree&number=%00"],
)  # fmt: skip
def test_a_query_out_of_bounds_is_422(steady: Calls, query: str) -> None:
    assert code(steady.get(f"/v1/licences?{query}")) == (422, "validation_failed")


@pytest.mark.parametrize(
    "cursor",
    ["x", "lic_0", "lic_01m838z2g0e009c4awq0vrpza7", "' OR 1=1 --", "../..", "%", "_", "A" * 62, "A" * 22, "A" * 64],
)
def test_a_cursor_that_was_not_given_is_refused(steady: Calls, cursor: str) -> None:
    assert code(steady.get("/v1/licences", params={"cursor": cursor})) == (400, "cursor_invalid")


def test_head_is_get_without_its_body_and_a_range_is_not_served(steady: Calls) -> None:
    whole = steady.get("/trusted-list.json")
    head = steady("HEAD", "/trusted-list.json")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", whole.headers["etag"])
    assert head.headers["content-length"] == str(len(whole.content))
    ranges = ",".join(f"{n}-{n}" for n in range(3000))
    part = steady.get("/trusted-list.json", headers={"Range": f"bytes={ranges}"})
    assert (part.status_code, part.content) == (200, whole.content)


def test_scripts_of_other_sites_may_verify_and_nothing_else(steady: Calls) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = steady("OPTIONS", "/v1/verifications", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    closed = steady("OPTIONS", "/v1/licences", headers=asked)
    assert code(closed) == (405, "method_not_allowed")
    for answer in (preflight, closed, steady.get("/v1/licences", headers=asked)):
        assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in steady.get("/v1/licences", headers=asked).headers


def test_every_answer_has_an_id_of_ours_and_none_of_the_callers(steady: Calls) -> None:
    seen = {steady.get("/healthz", headers={"X-Request-Id": "mine"}).headers["x-request-id"] for _ in range(20)}
    assert len(seen) == 20
    assert all(each.startswith("req_") for each in seen)


def test_what_nobody_foresaw_is_told_by_an_id_only(steady: Calls, monkeypatch: Any, caplog: Any) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(CANARY)

    for hot in (True, False):
        opened = calls_of(steady.house, hot=hot)
        opened.headers = steady.headers
        monkeypatch.setattr("elicence.api.licences.issue", broken)
        answer = ask(opened, text_of(food()))
        assert code(answer) == (500, "internal_error")
        assert CANARY not in answer.text
        assert answer.json()["request_id"] in caplog.text
        assert "ZeroDivisionError" in caplog.text
        assert CANARY not in caplog.text
        caplog.clear()
        opened.close()


def test_every_code_a_caller_may_meet_has_words_in_both_languages() -> None:
    texts = words()
    kinds = (CallRefused, RequestError, NotAllowed, NotFound, Conflict)
    met = {code for kind in kinds for code in kind.codes}
    met |= {code for code in FormatError.codes if code.startswith(("json_", "image_", "pdf_"))}
    met |= {
        "qr_several",
        "qr_unreadable",
        "verification_code_bad",
        "signer_unavailable",
        "store_unavailable",
        "internal_error",
    }
    assert met <= texts["problems"].keys()
    assert RequestError.problem_codes <= texts["fields"].keys()
    for each in texts["problems"].values():
        assert each["title"]["zh-CN"]
        assert each["title"]["en"]
        assert each["detail"]["zh-CN"]
