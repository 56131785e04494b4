"""A licence whose texts were written to do harm: an agency signed it, so it is shown, as text and as nothing else."""

import json
import re
from collections.abc import Callable

import httpx
import pytest
from tests.assembly import NOON
from tests.web.site import Site, content_of, signed_again

from elicence.keys.keyring import Purpose

SCRIPT = "</dd><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\"'`"


def hostile(site: Site, name: str, premises: str = "somewhere") -> str:
    """The valid licence in the name of somebody else, under the agency's real key."""

    def change(payload: bytes) -> bytes:
        credential = json.loads(payload)
        credential["credentialSubject"]["holders"][0]["name"] = name
        credential["credentialSubject"]["claims"]["business_premises"] = premises
        return json.dumps(credential, ensure_ascii=False, separators=(",", ":")).encode()

    signer = site.house.desk.chest.signer_for("market", Purpose.CREDENTIAL, NOON)
    return signed_again(site, signer, change)


@pytest.fixture
def show(site: Site, client: httpx.Client) -> Callable[[str], str]:
    def shown(name: str) -> str:
        page = client.post("/verify", data={"content": hostile(site, name)})
        assert page.status_code == 200
        assert 'data-verdict="valid"' in page.text
        return page.text

    return shown


def test_markup_in_a_name_stays_text(show: Callable[[str], str]) -> None:
    text = show(SCRIPT)
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text


def test_bidirectional_and_invisible_characters_are_written_out_and_told(show: Callable[[str], str]) -> None:
    text = show("甲\u202e公司\u2066限\u200b有\u2069司\u3164")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u3164]", text)
    for name in ("U+202E", "U+2066", "U+2069", "U+200B", "U+3164"):
        assert f'<span class="unseen">{name}</span>' in text
    assert "characters that cannot be seen" in text
    assert re.search(r"<bdi[^>]*>甲", text)


@pytest.mark.parametrize("text", ["长" * 2000, "x" * 5000, "a\u0301\u0302\u0303" * 1000])
def test_a_text_of_thousands_of_characters_gets_a_box_of_its_own(site: Site, client: httpx.Client, text: str) -> None:
    page = client.post("/verify", data={"content": hostile(site, "somebody", text)}).text
    assert 'data-verdict="valid"' in page
    assert '<div class="long" tabindex="0" role="group" aria-label="Business premises">' in page
    assert text in page


def test_a_name_of_five_thousand_characters_is_no_name(site: Site, client: httpx.Client) -> None:
    page = client.post("/verify", data={"content": hostile(site, "x" * 5000)}).text
    assert 'data-verdict="unsupported"' in page
    assert "xxxxx" not in re.sub(r"<input[^>]*>", "", page)


def test_right_to_left_names_are_isolated(show: Callable[[str], str]) -> None:
    assert "<bdi>שלום (123)</bdi>" in show("שלום (123)")


def test_what_was_pasted_is_echoed_as_text_only(client: httpx.Client) -> None:
    page = client.post("/verify", data={"content": SCRIPT, "type": SCRIPT, "tail": SCRIPT, "code": SCRIPT})
    assert page.status_code == 422
    assert "<script>alert" not in page.text
    assert client.get("/v/%3Cscript%3Ealert(1)").text.count("<script>") == 0
    assert client.get("/verify", params={"type": SCRIPT}).text.count("<script>") == 0


def test_a_qr_code_may_carry_the_hostile_licence_too(site: Site, client: httpx.Client) -> None:
    content = content_of(site.house, hostile(site, SCRIPT))
    assert "&lt;script&gt;" in client.post("/verify", data={"content": content}).text
