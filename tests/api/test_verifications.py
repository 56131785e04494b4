"""Verifying over the API: 200 with a report whatever the code is; only malformed requests are refused."""

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.api.calls import Calls, code, places

from elicence.api import verifications
from elicence.formats.qr import make_symbol, png


@pytest.fixture(scope="module")
def licence(steady: Calls) -> dict[str, Any]:
    made = steady.issue(500)
    steady.house.assembly.publish()
    return made


def verdict(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["verdict"])


def upload(calls: Calls, data: bytes, **fields: str) -> Any:
    return calls(
        "POST", "/v1/verifications", files={"file": ("scan", data)}, data=fields, headers={"Authorization": None}
    )


def test_every_form_of_a_code_gives_the_same_verdict(steady: Calls, licence: dict[str, Any]) -> None:
    content = licence["qr"]["content"]
    code_ = licence["verification_code"]
    forms = [
        content, content.rpartition("#")[2], licence["credential"]["jwt"], f"  {content}\r\n", code_, code_.lower(),
        f"{code_[:4]}-{code_[4:8]}-{code_[8:]}", licence["verify_url"], licence["verify_url"].upper(),
    ]  # fmt: skip
    for form in forms:
        answer = steady.post("/v1/verifications", {"content": form}, headers={"Authorization": None})
        assert verdict(answer) == "valid"
        assert answer.json()["licence"]["number"] == licence["number"]
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not_a_licence"),
        ("https://evil.example/pay", "not_a_licence"),
        ("WIFI:T:WPA;S:x;P:y;;", "not_a_licence"),
        ("9" * 500, "unsupported"),
        ("eyJhbGciOiJub25lIn0.e30.", "not_a_licence"),
        ("\u202e\u0007", "not_a_licence"),
        ("x" * 16_384, "not_a_licence"),
    ],
)
def test_what_is_no_licence_is_answered_all_the_same(steady: Calls, text: str, expected: str) -> None:
    assert verdict(steady.post("/v1/verifications", {"content": text})) in {expected, "damaged"}


def test_each_flipped_character_of_a_code_is_never_accepted(steady: Calls, licence: dict[str, Any]) -> None:
    digits = licence["qr"]["content"].rpartition("#")[2]
    for at in range(0, len(digits), 37):
        spoilt = f"{digits[:at]}{(int(digits[at]) + 1) % 10}{digits[at + 1 :]}"
        report = steady.post("/v1/verifications", {"content": spoilt}).json()
        assert report["class"] in {"stop", "cannot_decide"}
        assert "licence" not in report


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ("/content", "field_missing")),
        ({"content": 7}, ("/content", "field_missing")),
        ({"content": "x" * 16_385}, ("/content", "too_long")),
        ({"content": "", "now": 1}, ("/now", "field_unknown")),
        ({"content": "", "trust": {}}, ("/trust", "field_unknown")),
        ({"content": "", "expect": "degree"}, ("/expect", "schema")),
        ({"content": "", "expect": {"issuer": "x"}}, ("/expect", "schema")),
        ({"content": "", "expect": None}, ("/expect", "schema")),
        ({"content": "", "id_tail": None}, ("/id_tail", "pattern")),
        ({"content": "", "expect": {"type": "x" * 65}}, ("/expect/type", "too_long")),
        ({"content": "", "max_status_age_s": 0}, ("/max_status_age_s", "number_range")),
        ({"content": "", "max_status_age_s": 604_801}, ("/max_status_age_s", "number_range")),
        ({"content": "", "max_status_age_s": True}, ("/max_status_age_s", "number_range")),
        ({"content": "", "max_status_age_s": 1.5}, ("/max_status_age_s", "number_range")),
        ({"content": "", "paper": "yes"}, ("/paper", "wrong_kind")),
        ({"content": "", "id_tail": "x"}, ("/id_tail", "pattern")),
        ({"content": "", "id_tail": "１２３４"}, ("/id_tail", "pattern")),
    ],
)
def test_a_malformed_question_is_refused(steady: Calls, body: dict[str, Any], place: tuple[str, str]) -> None:
    answer = steady.post("/v1/verifications", body)
    assert code(answer) == (422, "validation_failed")
    assert places(answer) == [place]


def test_what_the_office_asks_for_counts(steady: Calls, licence: dict[str, Any]) -> None:
    content = licence["qr"]["content"]

    def asked(**more: Any) -> str:
        return verdict(steady.post("/v1/verifications", {"content": content, **more}))

    assert asked(expect={"type": "degree"}) == "wrong_type"
    assert asked(expect={"type": licence["type"]}) == "valid"
    assert asked(id_tail=licence["holders"][0]["id"][-4:]) == "valid"
    assert asked(id_tail="0000") == "holder_mismatch"
    assert asked(expect={"type": "never heard of"}) == "wrong_type"


def test_a_revocation_is_seen_with_the_next_publication_and_words_follow_the_reader(calls: Calls) -> None:
    licence = calls.issue()
    calls.house.assembly.publish()
    asked = {"content": licence["qr"]["content"]}
    assert verdict(calls.post("/v1/verifications", asked)) == "valid"
    assert calls.post(f"/v1/licences/{licence['id']}/revoke", {"reason": "penalty"}).status_code == 200
    calls.house.assembly.publish()
    answer = calls.post("/v1/verifications", asked, headers={"Accept-Language": "zh-Hans-CN"})
    assert verdict(answer) == "revoked"
    assert answer.headers["content-language"] == "zh-CN"
    assert "有效" not in answer.json()["heading"]
    calls.house.clock.move(days=1, seconds=1)
    stale = calls.post("/v1/verifications", asked | {"max_status_age_s": 1}).json()
    assert stale["verdict"] in {"revoked", "status_unknown"}


def test_a_code_nobody_was_given_is_404_and_a_mistyped_one_422(steady: Calls) -> None:
    assert code(steady.post("/v1/verifications", {"content": "000G-40R4-0M3S"})) == (404, "verification_code_not_found")
    assert code(steady.post("/v1/verifications", {"content": "000G-40R4-0M3T"})) == (422, "verification_code_bad")


def picture(*contents: str) -> bytes:
    codes = [Image.open(io.BytesIO(png(make_symbol(content), 4))).convert("L") for content in contents]
    sheet = Image.new("L", (sum(each.width for each in codes) + 40, max(each.height for each in codes)), 255)
    left = 0
    for each in codes:
        sheet.paste(each, (left, 0))
        left += each.width + 40
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def test_a_picture_and_a_sheet_with_long_and_short_code_are_read(steady: Calls, licence: dict[str, Any]) -> None:
    content = licence["qr"]["content"]
    assert verdict(upload(steady, picture(content))) == "valid"
    sheet = picture(content, licence["verify_url"].upper(), "https://poster.example/")
    answer = upload(steady, sheet, expect=licence["type"], paper="true", max_status_age_s="60")
    assert verdict(answer) == "valid"
    assert answer.json()["licence"]["holders"][0]["name"] == licence["holders"][0]["name"]
    assert verdict(upload(steady, picture("https://poster.example/"))) == "not_a_licence"


def test_two_licences_in_one_picture_are_no_question(steady: Calls, licence: dict[str, Any]) -> None:
    other = steady.issue(501)
    both = picture(licence["qr"]["content"], other["qr"]["content"])
    assert code(upload(steady, both)) == (422, "qr_several")


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels that unpacks to a gigabyte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(30_001 * 1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (422, "image_bad")),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", (422, "image_bad")),
        (b"<html>", (422, "image_bad")),
        (b"%PDF-1.4\nnothing", (422, "pdf_bad")),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, (422, "image_bad")),
        (picture("x")[:-30], (422, "image_bad")),
        (b"\xff\xd8\xff" * 1000, (422, "image_bad")),
        (bomb(), (422, "image_too_large")),
        (b"\0" * 30_000_001, (413, "file_too_large")),
        (b"\0" * 31_000_000, (413, "file_too_large")),
    ],
)
def test_a_hostile_upload_is_refused(steady: Calls, data: bytes, expected: tuple[int, str]) -> None:
    assert code(upload(steady, data)) == expected


def test_a_picture_without_a_code_says_so(steady: Calls) -> None:
    blank = io.BytesIO()
    Image.new("L", (100, 100), 255).save(blank, "PNG")
    assert code(upload(steady, blank.getvalue())) == (422, "qr_unreadable")


HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"", "multipart/form-data", 400),
        (b"--x", "multipart/form-data; boundary=x", 400),
        (b"nothing", "multipart/form-data; boundary=x", 400),
        (HEAD + b"a\r\n", "multipart/form-data; boundary=x", 400),
        (HEAD + b"a\r\n--x--\r\n", "multipart/form-data; boundary=" + "y" * 500, 400),
        ((HEAD + b"a\r\n") * 2 + b"--x--\r\n", "multipart/form-data; boundary=x", 400),
        (HEAD.replace(b'; filename="a"', b"") * 50_000 + b"--x--\r\n", "multipart/form-data; boundary=x", 400),
        (b"p" * 2_000_000 + b"\r\n" + HEAD + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
        (HEAD.replace(b'"file"', b'"other"') + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x", 422),
        (HEAD.replace(b'; filename="a"', b"") + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x", 422),
        (HEAD.replace(b'"a"', b'"../../a\\r\\nX: y"') + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x", 422),
    ],
)
def test_a_form_that_is_none_is_refused(steady: Calls, body: bytes, kind: str, expected: int) -> None:
    answer = steady("POST", "/v1/verifications", content=body, headers={"Content-Type": kind})
    assert code(answer)[0] == expected


def test_a_field_of_the_form_is_judged_like_its_twin_in_json(steady: Calls, licence: dict[str, Any]) -> None:
    good = picture(licence["qr"]["content"])
    assert places(upload(steady, good, paper="yes")) == [("/paper", "wrong_kind")]
    assert places(upload(steady, good, max_status_age_s="-1")) == [("/max_status_age_s", "number_range")]
    assert places(upload(steady, good, now="1")) == [("/now", "field_unknown")]
    assert places(upload(steady, good, content="x"))[0][0] == "/content"
    assert verdict(upload(steady, good, expect="degree")) == "wrong_type"


def test_uploads_that_never_come_hinder_no_other(
    steady: Calls, licence: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def idle(first: bytes) -> asyncio.Task[httpx.Response]:
        async def body() -> AsyncIterator[bytes]:
            yield first
            await asyncio.sleep(600)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return steady.loop.create_task(
            steady.client.request("POST", "/v1/verifications", content=body(), headers=headers)
        )

    def end(tasks: list[asyncio.Task[httpx.Response]]) -> None:
        for each in tasks:
            each.cancel()
        steady.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    good = picture(licence["qr"]["content"])
    idlers = [idle(b"--x") for _ in range(12)]
    steady.loop.run_until_complete(asyncio.sleep(0.05))
    assert verdict(upload(steady, good)) == "valid"
    end(idlers)
    # What they have sent is bounded all together, and given back.
    monkeypatch.setattr(verifications, "_MOST_HELD", 100_000)
    idlers = [idle(b"-" * 99_900)]
    steady.loop.run_until_complete(asyncio.sleep(0.05))
    assert code(upload(steady, good)) == (503, "overloaded")
    end(idlers)
    assert verdict(upload(steady, good)) == "valid"
