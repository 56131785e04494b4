"""Files as people hand them in, and as nobody should: every one gets a clear answer, and none a 5xx."""

import asyncio
import io
import re
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pypdfium2
import pytest
from PIL import Image
from tests.web.site import Site, served

from elicence.formats.qr import make_symbol, png, short_url
from elicence.verifier.decode import looks_like
from elicence.web import question
from elicence.web.reading import CodeReader
from elicence.web.troubles import PageError


def picture(content: str) -> bytes:
    return png(make_symbol(content), 4)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def pdf(*pictures: bytes) -> bytes:
    sheets = [opened(each) for each in pictures]
    target = io.BytesIO()
    sheets[0].save(target, "PDF", save_all=True, append_images=sheets[1:], resolution=150)
    return target.getvalue()


def pdf_of_blank_pages(count: int) -> bytes:
    with pypdfium2.PdfDocument.new() as document:
        for _ in range(count):
            document.new_page(72, 72).close()
        target = io.BytesIO()
        document.save(target)
    return target.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few hundred kilobytes with 900 million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def send(client: httpx.Client, data: bytes, name: str = "code.png", **fields: str) -> httpx.Response:
    return client.post("/verify", data=fields, files={"file": (name, data)})


def verdicts(page: httpx.Response) -> list[str]:
    return re.findall(r'data-verdict="(\w+)"', page.text)


def test_a_picture_and_a_pdf_are_read_and_judged(site: Site, client: httpx.Client) -> None:
    assert verdicts(send(client, picture(site.contents["valid"]))) == ["valid"]
    sheets = pdf(*(picture(site.contents[name]) for name in ("valid", "revoked", "not_a_licence")))
    page = send(client, sheets, "scans.pdf")
    assert verdicts(page) == ["revoked", "valid"]
    assert "a Wi-Fi code" in page.text


def test_the_short_code_on_a_card_is_looked_up(site: Site, client: httpx.Client) -> None:
    code = site.licences["suspended"].verification_code
    assert verdicts(send(client, picture(short_url("https://e.example.gov", code)))) == ["suspended"]
    page = send(client, picture(short_url("https://e.example.gov", "000G40R40M3S")))
    assert page.status_code == 404
    assert not verdicts(page)


def test_a_file_and_a_pasted_code_may_come_together(site: Site, client: httpx.Client) -> None:
    page = send(client, picture(site.contents["valid"]), content=site.contents["revoked"])
    assert verdicts(page) == ["revoked", "valid"]


def test_the_other_language_judges_the_file_s_codes_again_without_the_file(site: Site, client: httpx.Client) -> None:
    page = send(client, picture(site.contents["valid"]))
    assert f'name="content" value="{site.contents["valid"]}"' in page.text


def test_a_form_without_a_chosen_file_is_as_browsers_send_it(site: Site, client: httpx.Client) -> None:
    page = send(client, b"", "", content=site.contents["valid"])
    assert verdicts(page) == ["valid"]


REFUSED = {
    "empty": (b"", 422, "The file is empty."),
    "text": (b"hello, world", 422, "not a whole PNG, JPEG or WebP picture"),
    "half a picture": (picture("hello")[:200], 422, "not a whole PNG, JPEG or WebP picture"),
    "no code": (pdf_of_blank_pages(1), 422, "No QR code could be read"),
    "half a pdf": (b"%PDF-1.7\n" + bytes(50), 422, "The PDF is damaged"),
    "pixel bomb": (bomb(), 422, "more than 50 million pixels"),
    "ten thousand pages": (pdf_of_blank_pages(10_000), 422, "more than 50 pages"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 422, "not a whole PNG"),
    "zip": (b"PK\3\4" + bytes(500), 422, "not a whole PNG"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_holds_nothing_to_judge_is_told_what_it_is(client: httpx.Client, name: str) -> None:
    data, status, sentence = REFUSED[name]
    page = send(client, data, name)
    assert page.status_code == status
    assert sentence in page.text
    assert "This says nothing about any licence." in page.text
    assert 'id="file-fault"' in page.text
    assert not verdicts(page)


def test_fifty_codes_are_judged_and_fifty_one_are_too_many(client: httpx.Client) -> None:
    def sheet(count: int) -> bytes:
        paper = Image.new("RGB", (1200, 1200), "white")
        for n in range(count):
            paper.paste(opened(png(make_symbol(f"text {n}"), 3)), (n % 10 * 115, n // 10 * 115))
        target = io.BytesIO()
        paper.save(target, "PNG")
        return target.getvalue()

    assert verdicts(send(client, sheet(50))) == ["not_a_licence"]
    assert "more than 50 codes" in send(client, sheet(55)).text


# Sizes and shapes of requests


@pytest.mark.parametrize("size", [30_000_001, 31_500_000, 40_000_000])
def test_a_file_of_more_than_thirty_megabytes_is_refused_in_words(client: httpx.Client, size: int) -> None:
    page = send(client, bytes(size))
    assert page.status_code == 413
    assert "larger than 30 MB" in page.text


def test_a_body_without_a_length_is_bounded_too(client: httpx.Client) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(40):
            yield bytes(1_000_000)
        yield b"\r\n--x--\r\n"

    page = client.post("/verify", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert page.status_code == 413


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", b"content=x", 415),
        ("multipart/form-data", b"content=x", 400),
        ("multipart/form-data; boundary=x", b"no boundary in here", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--\r\n", 400),
        ("multipart/form-data; boundary=x; charset=no-such", b"--x--\r\n", 422),
        ("application/x-www-form-urlencoded", b"content=%ff%fe&content=%00", 200),
        ("application/x-www-form-urlencoded", b"content=" + b"9" * 65_000, 200),
        ("application/x-www-form-urlencoded", b"content=" + b"9" * 66_000, 413),
        ("application/x-www-form-urlencoded", b"content=" + b"9" * 1_100_000, 413),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(5000)), 400),
    ],
)
def test_what_is_no_form_is_answered_and_never_an_error_of_ours(
    client: httpx.Client, media: str, body: bytes, status: int
) -> None:
    page = client.post("/verify", content=body, headers={"Content-Type": media})
    assert page.status_code == status
    assert "<h1" in page.text


def lines_of_codes(count: int) -> str:
    return "\n".join(f"{number:018d}" for number in range(count))


@pytest.mark.parametrize("multipart", [False, True])
def test_text_is_bounded_over_all_fields(client: httpx.Client, *, multipart: bool) -> None:
    file = {"files": {"file": ("", b"")}} if multipart else {}
    for texts in (["长" * 22_000], ["9" * 1_100] * 60, ["8" * 65_536, "1"]):
        page = client.post("/verify", data={"content": texts}, **file)
        assert page.status_code == 413
        assert "more text than" in page.text
    assert client.post("/verify", data={"content": "长" * 21_000}, **file).status_code == 200


def test_a_thousand_lines_are_too_many_before_any_is_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    monkeypatch.setattr(question, "looks_like", lambda text: judged.append(text) or looks_like(text))
    with pytest.raises(PageError, match="too_many_codes"):
        question.texts_in(question.Filled((lines_of_codes(3_000), lines_of_codes(3_001))))
    assert len(judged) <= question.MAX_TEXTS + 1
    judged.clear()
    letter = lines_of_codes(50) + "\na letter\n" + lines_of_codes(3_000)
    assert question.texts_in(question.Filled((letter,))) == (letter,)
    assert len(judged) <= question.MAX_TEXTS + 1


def test_many_files_and_many_fields_are_refused(client: httpx.Client) -> None:
    assert client.post("/verify", files=[("file", ("a.png", b"x"))] * 3).status_code == 400
    assert client.post("/verify", data={f"f{n}": "x" for n in range(200)}, files={"file": ("", b"")}).status_code == 400


def test_a_caller_that_hangs_up_in_mid_sentence_harms_nobody(site: Site, client: httpx.Client) -> None:
    place = urlsplit(site.url)
    for _ in range(3):
        with socket.create_connection((place.hostname, place.port)) as caller:
            caller.sendall(
                b"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                b"Content-Length: 90000\r\n\r\n--x\r\n"
                b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
            )
    assert verdicts(client.post("/verify", data={"content": site.contents["valid"]})) == ["valid"]


# The reader


def test_a_file_that_takes_too_long_is_stopped(site: Site) -> None:
    with served(site.house.assembly, lambda address, door=None: None, reader=CodeReader(seconds=0.01)) as url:
        page = httpx.post(f"{url}/verify?lang=en", files={"file": ("a.png", picture("hello"))})
    assert page.status_code == 422
    assert "took too long" in page.text


def test_only_so_many_files_are_read_at_once_and_the_rest_come_again() -> None:
    async def crowd() -> list[object]:
        reader = CodeReader(at_once=1, waiting=1)
        data = picture("hello")
        return await asyncio.gather(*(reader.read(data) for _ in range(5)), return_exceptions=True)

    answers = asyncio.run(crowd())
    refused = [each for each in answers if isinstance(each, PageError)]
    assert answers.count(("hello",)) == 2
    assert [each.troubles[0].code for each in refused] == ["busy"] * 3
    assert all(each.troubles[0].retry_after for each in refused)


def test_a_file_is_opened_without_environment_and_under_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import os, resource, json, sys; from elicence.verifier.reading_child import forgo; forgo(); "
        "os.environ.pop('LC_CTYPE', None); "
        "print(json.dumps({'codes': [str(dict(os.environ)), str(resource.getrlimit(resource.RLIMIT_AS)[1]), "
        "str(resource.getrlimit(resource.RLIMIT_FSIZE)[1])]}))"
    )
    import sys

    from elicence.web import reading

    monkeypatch.setenv("ELICENCE_PASSPHRASE_FILE", "/somewhere")
    monkeypatch.setattr(reading, "_CHILD", (sys.executable, "-I", "-c", script))
    environment, memory, files = asyncio.run(CodeReader().read(b""))
    assert environment == "{}"
    assert int(memory) <= 1_500_000_000
    assert files == "0"


def test_a_child_that_breaks_down_is_an_unreadable_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from elicence.web import reading

    monkeypatch.setattr(reading, "_CHILD", (sys.executable, "-I", "-c", "import os; os.abort()"))
    with pytest.raises(PageError) as raised:
        asyncio.run(CodeReader().read(b"x" * 1_000_000))
    assert raised.value.troubles[0].code == "file_unreadable"


def test_reading_takes_well_under_two_seconds(site: Site, client: httpx.Client) -> None:
    data = picture(site.contents["valid"])
    started = time.monotonic()
    send(client, data)
    assert time.monotonic() - started < 10  # a bound against hanging; the figure itself is a benchmark's business
