"""The pages as a browser without script gets them: what each answers, and what none ever does."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.assembly import example
from tests.web.site import FOOD, Site, served, stale

from elicence.api.limits import Limits, Rates

SEALED = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types counter"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NOBODYS = "000G40R40M3S"


def verdicts(page: httpx.Response) -> list[str]:
    return re.findall(r'data-verdict="(\w+)"', page.text)


def ask(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/verify", data=fields)


@pytest.mark.parametrize(
    "verdict",
    ["valid", "revoked", "suspended", "superseded", "expired", "not_yet_valid", "tampered", "unknown_issuer",
     "not_a_licence", "test_licence", "damaged"],
)  # fmt: skip
def test_each_verdict_has_its_words_its_class_and_one_instruction(
    site: Site, client: httpx.Client, verdict: str
) -> None:
    page = ask(client, content=site.contents[verdict])
    assert page.status_code == 200
    assert verdicts(page) == [verdict]
    assert page.text.count('class="advice"') == 1
    assert re.search(r"<h1 [^>]*>[^<]+</h1>", page.text)
    assert "by the server e.example.gov" in page.text


def test_stale_lists_end_as_status_unknown(site: Site, client: httpx.Client) -> None:
    with stale(site):
        assert verdicts(ask(client, content=site.contents["valid"])) == ["status_unknown"]


def test_expectations_are_checked(site: Site, client: httpx.Client) -> None:
    content = site.contents["valid"]
    assert verdicts(ask(client, content=content, type=FOOD)) == ["valid"]
    assert verdicts(ask(client, content=content, type="degree")) == ["wrong_type"]
    assert verdicts(ask(client, content=content, tail="0000")) == ["holder_mismatch"]
    assert verdicts(ask(client, content=content, tail=" 1r5l ")) == ["valid"]
    paper = site.contents["valid_check_id"]
    assert verdicts(ask(client, content=paper)) == ["valid"]
    assert verdicts(ask(client, content=paper, paper="1")) == ["valid_check_id"]


def test_paper_is_not_green_before_somebody_says_that_it_was_compared(site: Site, client: httpx.Client) -> None:
    def band(page: httpx.Response) -> list[str]:
        return re.findall(r'class="band (\w+)" data-verdict="valid_check_id"', page.text)

    asked = {"content": site.contents["valid_check_id"], "paper": "1"}
    first = client.post("/verify", data=asked)
    assert band(first) == ["check"]
    assert "Compare first" in first.text
    assert ">Accept<" not in first.text
    identifiers = re.findall(r'name="compared" value="([^"]+)"', first.text)
    assert len(identifiers) == 1
    second = client.post("/verify", data=asked | {"compared": identifiers})
    assert band(second) == ["accept"]
    assert ">Accept<" in second.text
    assert "I have compared" not in second.text
    # The other language keeps what was said; a new check asks again; another licence's comparison counts for nothing.
    switch, again = re.findall(r'<form class="same".*?</form>', second.text, re.DOTALL)
    assert 'name="compared"' in switch
    assert 'name="compared"' not in again
    other = site.licences["valid"].licence_identifier
    assert band(client.post("/verify", data=asked | {"compared": other})) == ["check"]


def test_the_next_question_keeps_what_the_office_expects(site: Site, client: httpx.Client) -> None:
    page = ask(client, content=site.contents["valid"], type=FOOD, paper="1")
    link = re.search(r'id="next" href="([^"]+)"', page.text)
    assert link is not None
    again = client.get(link[1].replace("&amp;", "&")).text
    assert f'value="{FOOD}" selected' in again
    assert re.search(r'id="paper"[^>]* checked', again)


@pytest.mark.parametrize("verdict", ["tampered", "unknown_issuer", "damaged"])
def test_nothing_of_a_licence_is_shown_that_is_not_known_to_be_genuine(
    site: Site, client: httpx.Client, verdict: str
) -> None:
    page = ask(client, content=site.contents[verdict])
    assert 'class="face"' not in page.text
    assert example(FOOD)["holders"][0]["name"] not in page.text


@pytest.mark.parametrize(
    ("scanned", "named"),
    [
        ("https://qr.alipay.com/fkx0123", "a payment code"),
        ("http://example.com/a?b=c", "a web link"),
        ("BEGIN:VCARD\nFN:Somebody\nEND:VCARD", "a contact card"),
        ("HC1:6BFOXN%TSMAHN", "a health certificate"),
        ("hello", "plain text"),
    ],
)
def test_what_is_no_licence_is_named_and_never_becomes_a_link(client: httpx.Client, scanned: str, named: str) -> None:
    page = ask(client, content=scanned)
    assert verdicts(page) == ["not_a_licence"]
    assert f"This looks like {named}. It was not opened." in page.text
    assert not re.search(r'(?:href|src)="(?:https?:|//)', page.text)


def test_several_codes_are_each_judged_the_gravest_first(site: Site, client: httpx.Client) -> None:
    names = ("valid", "superseded", "revoked", "unknown_issuer")
    page = ask(client, content="\r\n".join(site.contents[name] for name in names))
    assert verdicts(page) == ["revoked", "unknown_issuer", "superseded", "valid"]
    assert "<h1" in page.text
    assert "4 licences checked" in page.text


def test_a_poster_beside_a_licence_is_named_and_does_not_stand_in_its_way(site: Site, client: httpx.Client) -> None:
    page = ask(client, content=f"{site.contents['not_a_licence']}\n{site.contents['valid']}")
    assert verdicts(page) == ["valid"]
    assert "Also read, and not opened:" in page.text
    assert "a Wi-Fi code" in page.text


def test_the_long_and_the_short_code_of_one_licence_are_one_answer(site: Site, client: httpx.Client) -> None:
    code = site.licences["valid"].verification_code
    page = ask(client, content=f"{site.contents['valid']}\nHTTPS://E.EXAMPLE.GOV/V/{code}")
    assert verdicts(page) == ["valid"]


# Verification codes


def test_a_typed_code_is_looked_up_however_it_is_written(site: Site, client: httpx.Client) -> None:
    code = site.licences["revoked"].verification_code
    for typed in (code, code.lower(), f"{code[:4]}-{code[4:8]}-{code[8:]}", f" {code[:6]} {code[6:]} "):
        assert verdicts(ask(client, code=typed)) == ["revoked"]
    assert verdicts(client.get(f"/v/{code}")) == ["revoked"]
    assert verdicts(client.get(f"/V/{code}")) == ["revoked"]


def test_a_slip_of_a_key_is_told_at_the_field(client: httpx.Client) -> None:
    page = ask(client, code="000G-40R4-0M3T")
    assert page.status_code == 422
    assert 'id="code-fault"' in page.text
    assert 'value="000G-40R4-0M3T"' in page.text
    assert client.get("/v/000G40R40M3T").status_code == 422


def test_codes_that_show_nothing_have_one_answer(client: httpx.Client) -> None:
    pages = [client.get(f"/v/{NOBODYS}"), client.get(f"/V/{NOBODYS}"), ask(client, code=NOBODYS)]
    assert {page.status_code for page in pages} == {404}
    assert all("This registry has issued no licence with that verification code." in page.text for page in pages)
    assert not any(verdicts(page) for page in pages)


def test_looking_up_codes_is_limited_by_address_on_every_way(site: Site) -> None:
    three = Limits(site.house.clock, Rates(codes=3)).attempt
    with served(site.house.assembly, three) as url, httpx.Client(base_url=url) as client:
        assert client.get(f"/v/{NOBODYS}").status_code == 404
        assert ask(client, code=NOBODYS).status_code == 404
        assert ask(client, content=f"https://e.example.gov/v/{NOBODYS}").status_code == 404
        for page in (client.get(f"/v/{NOBODYS}"), ask(client, code=NOBODYS), ask(client, content=NOBODYS)):
            assert page.status_code == 429
            assert int(page.headers["retry-after"]) > 0
        # Whole codes need no look-up, so a counter goes on working.
        assert verdicts(ask(client, content=site.contents["valid"])) == ["valid"]


def test_a_code_behind_a_link_to_another_site_is_not_looked_up(site: Site, client: httpx.Client) -> None:
    code = site.licences["valid"].verification_code
    assert verdicts(ask(client, content=f"HTTPS://E.EXAMPLE.GOV/V/{code}")) == ["valid"]
    page = ask(client, content=f"https://e.example.gov.evil/v/{code}")
    assert verdicts(page) == ["not_a_licence"]
    assert "a licence code that leads to another website" in page.text


def test_a_typist_sees_open_claims_only_where_the_register_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = site.house.desk
    licence = site.licences["valid_check_id"]
    person = licence.holders[0].name
    hidden = {slug: replace(desk.catalogue.get(slug), register="none") for slug in (licence.type_slug,)}
    with served(site.house.assembly, lambda address, door=None: None) as url, httpx.Client(base_url=url) as client:
        assert person in client.get(f"/v/{licence.verification_code}").text
        monkeypatch.setattr(type(desk.catalogue), "get", lambda self, slug, version=None: hidden[slug], raising=True)
        page = client.get(f"/v/{licence.verification_code}")
        assert verdicts(page) == ["valid"]
        assert person not in page.text
        # Whoever holds the whole code was given it.
        assert person in ask(client, content=site.contents["valid_check_id"]).text


# Mistakes in the form


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({}, 422, "content"),
        ({"content": "  \r\n "}, 422, "content"),
        ({"content": "x", "type": "no-such-type"}, 422, "type"),
        ({"content": "x", "tail": "?"}, 422, "tail"),
        ({"content": "x", "tail": "7"}, 422, "tail"),
        ({"content": "\n".join(f"http://e.example/{n}" for n in range(60))}, 422, "content"),
    ],
)
def test_a_mistake_is_told_on_top_and_at_its_field_and_is_no_verdict(
    client: httpx.Client, fields: dict[str, str], status: int, field: str
) -> None:
    page = ask(client, **(fields or {"unknown": "1"}))
    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-fault"' in page.text
    assert not verdicts(page)
    assert page.text.count("autofocus") == 1


def test_what_was_filled_in_stays_after_a_mistake(client: httpx.Client) -> None:
    page = ask(client, content="abc <b>", code="wrong", type=FOOD, tail="12", paper="1")
    assert "abc &lt;b&gt;</textarea>" in page.text
    assert f'value="{FOOD}" selected' in page.text
    assert 'value="wrong"' in page.text


# Headers, static files, state


def test_every_answer_is_sealed_and_none_sets_a_cookie(site: Site, client: httpx.Client) -> None:
    css = re.search(r'href="(/static/[^"]+\.css)"', client.get("/").text)
    assert css is not None
    answers = [
        client.get("/"), client.get("/verify"), client.get("/v"), client.get(f"/v/{NOBODYS}"), client.get("/v/%00"),
        client.get(css[1]), client.get("/static/0/page.css"), ask(client, content=site.contents["valid"]),
        ask(client, content=""), client.post("/verify", json={}), client.head("/verify"),
    ]  # fmt: skip
    for answer in answers:
        for name, value in SEALED.items():
            assert answer.headers[name] == value, answer.url
        assert "set-cookie" not in answer.headers
        assert answer.status_code < 500
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers if "css" not in str(answer.url))


def test_static_files_may_be_kept_for_ever_and_nothing_else_is_served(client: httpx.Client) -> None:
    page = client.get("/verify").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) > 40
    for file in files:
        assert "immutable" in client.get(file).headers["cache-control"]
    digest = files[0].split("/")[2]
    for name in ("..%2Fpages.py", "%2e%2e/pages.py", "page.css%00", "package.json"):
        assert client.get(f"/static/{digest}/{name}").status_code == 404


def test_no_page_has_inline_script_or_style_and_every_reference_stays_here(site: Site, client: httpx.Client) -> None:
    pages = [client.get(path).text for path in ("/", "/verify", "/v", "/scanner-setup")]
    for text in (*pages, ask(client, content=site.contents["valid"]).text):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert all(
            each.startswith(("/", "#", "data:image/")) for each in re.findall(r'(?:href|src|action)="([^"]*)"', text)
        )


def test_the_style_sheet_is_small_and_loads_nothing() -> None:
    import elicence.web

    css = (Path(elicence.web.__file__).parent / "static" / "page.css").read_text("utf-8")
    assert len(css) <= 15_500
    assert "url(" not in css
    assert "@import" not in css


def test_the_page_for_phone_cameras_says_how_to_go_on_without_script(client: httpx.Client) -> None:
    page = client.get("/v").text
    assert "type the verification code" in page
    assert 'name="code"' in page
