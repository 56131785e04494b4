"""What a place may lack: parts of the release that npm brings, and an address that browsers protect."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from tests.web.browsing import paste, scan, violations
from tests.web.films import code_picture, laid
from tests.web.screens import launch, opened, ready
from tests.web.site import Site, served
from tests.web.test_counter import as_file, encoded, verdict
from tests.web.test_uploads import pdf, picture

from elicence.web import rendering, static_files

PLAIN = "plain.example"


@pytest.fixture
def lacking(site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Page]]:
    """Opens the counter of a release that lacks a folder."""
    whole = static_files.release_files()
    with ExitStack() as after:

        def without(folder: str, path: str = "/verify") -> Page:
            less = {name: content for name, content in whole.items() if not name.startswith(folder)}
            assert len(less) < len(whole)
            for module in (static_files, rendering):
                monkeypatch.setattr(module, "release_files", lambda: less)
            url = after.enter_context(served(site.house.assembly))
            context = opened(browser, site, locale="en-GB")
            after.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: pytest.fail(str(error)))
            page.goto(f"{url}{path}?lang=en")
            return page

        yield without


def test_without_what_npm_brings_the_server_checks_and_the_page_says_why(
    lacking: Callable[[str], Page], site: Site, axe: str
) -> None:
    page = lacking("vendor/")
    expect(page.locator("#where")).to_contain_text("Checks are made by the server e.example.gov, because it was set up")
    expect(page.locator("#camera")).to_be_hidden()
    assert page.locator("script[src*=counter]").count() == page.locator("link[rel=modulepreload]").count() == 0
    assert violations(page, axe) == []
    page.fill("#content", site.contents["suspended"])
    page.click("form.ask button[type=submit]")
    verdict(page, "suspended")
    expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")
    page.click("#next")
    page.set_input_files("#file", as_file(picture(site.contents["valid"])))
    page.click("form.ask button[type=submit]")
    verdict(page, "valid")


def test_without_the_reader_what_is_text_is_checked_here_and_files_go_to_the_server(
    lacking: Callable[[str], Page], site: Site, axe: str
) -> None:
    page = lacking("vendor/zxing-wasm/")
    ready(page, site)
    expect(page.locator("#where")).to_contain_text("Only a typed verification code and files go to the server")
    expect(page.locator("#file-hint")).to_contain_text("pictures and PDF are read by the server e.example.gov")
    expect(page.locator("#camera")).to_be_hidden()
    assert violations(page, axe) == []
    for enter, name in ((paste, "expired"), (scan, "revoked")):
        enter(page, site.contents[name])
        verdict(page, name)
        expect(page.locator("dl.when")).to_contain_text("on this device")
        page.keyboard.press("Enter")
        expect(page.locator("#desk")).to_be_visible()
    photo = encoded(laid((code_picture(site.contents["valid"], 600), (640, 360))), "JPEG")
    for file in (as_file(photo, "a.jpg", "image/jpeg"), as_file(pdf(photo), "a.pdf", "application/pdf")):
        page.set_input_files("#file", file)
        verdict(page, "valid")
        expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")
        page.click("#next")
        ready(page, site)


def test_without_the_reader_of_pdf_the_server_reads_it_and_the_page_says_so(
    lacking: Callable[[str], Page], site: Site
) -> None:
    page = lacking("vendor/pdfjs/")
    ready(page, site)
    expect(page.locator("#file-hint")).to_contain_text("the pages of a PDF are read by the server e.example.gov")
    expect(page.locator("#where")).to_contain_text(
        "Only a typed verification code and the pages of a PDF go to the server"
    )
    page.fill("#content", site.contents["revoked"])
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.set_input_files("#file", as_file(pdf(picture(site.contents["valid"])), "a.pdf", "application/pdf"))
    verdict(page, "valid")
    expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")
    assert site.contents["revoked"][:60].encode() not in (posted.value.post_data_buffer or b"")


def test_without_what_npm_brings_a_phone_is_asked_for_the_typed_code(lacking: Callable[..., Page], site: Site) -> None:
    page = lacking("vendor/", "/v")
    expect(page.locator("#fragment-by-hand")).to_contain_text("type the verification code")
    page.fill("#code", site.licences["valid"].verification_code)
    page.click("#fragment-form button")
    verdict(page, "valid")


def test_a_plain_address_of_another_machine_leaves_the_check_to_the_server(player: Playwright, site: Site) -> None:
    """A host name that browsers do not protect without HTTPS, as they protect localhost."""
    browser = launch(player, f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1")
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    plain = site.url.replace("127.0.0.1", PLAIN)
    page.goto(f"{plain}/verify?lang=en")
    assert page.evaluate("() => [isSecureContext, 'mediaDevices' in navigator, 'subtle' in crypto]") == [False] * 3
    expect(page.locator("#where")).to_contain_text("the address has no HTTPS")
    expect(page.locator("#camera")).to_be_hidden()
    paste(page, site.contents["revoked"])
    verdict(page, "revoked")
    expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")
    page.click("#next")
    page.set_input_files("#file", as_file(picture(site.contents["superseded"])))
    page.click("form.ask button[type=submit]")
    verdict(page, "superseded")
    page.goto(f"{plain}/v#{site.contents['valid'].partition('#')[2]}")
    verdict(page, "valid")
    browser.close()
