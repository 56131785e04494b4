"""The counter in Debian's Chromium: every way in leads to the verdict at once, on the device, and tells nobody."""

import gzip
import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from tests.web.browsing import paste, scan, violations
from tests.web.films import code_picture, laid
from tests.web.screens import opened, ready
from tests.web.site import FOOD, Site
from tests.web.test_uploads import bomb, pdf_of_blank_pages, picture

from elicence.formats.frame import decode_frame, digits_of
from elicence.issuer.draft import DICTIONARY_ID
from elicence.licences.verification_code import grouped

BUDGET = 120_000
BUNDLE = "**/v1/trust/bundle"


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    """The counter, with the lists at hand."""
    page.goto(f"{site.url}/verify?lang=en")
    ready(page, site)
    return page


@pytest.fixture
def asked(page: Page) -> Iterator[list[Request]]:
    """Every request the page makes."""
    log: list[Request] = []
    page.on("request", lambda request: log.append(request))
    return log


def verdict(page: Page, name: str) -> None:
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", name)


def next_one(page: Page) -> None:
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).to_be_visible()


def as_file(data: bytes, name: str = "scan.png", media: str = "image/png") -> dict:
    return {"name": name, "mimeType": media, "buffer": data}


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, quality=85)
    return buffer.getvalue()


def secrets_of(site: Site, name: str) -> list[str]:
    """Pieces of a licence that no request may carry: windows of its digits and of its token, and what is in it."""
    digits = site.contents[name].partition("#")[2]
    token = decode_frame(digits_of(digits), {DICTIONARY_ID: site.house.desk.dictionaries[DICTIONARY_ID]})
    windows = [text[at : at + 20] for text in (digits, token) for at in range(0, len(text) - 20, 10)]
    return [*windows, site.licences[name].number]


# Ways in


def test_every_way_in_leads_to_the_verdict_and_no_request_carries_the_licence(
    desk: Page, site: Site, asked: list[Request]
) -> None:
    asked_before = len(asked)
    paste(desk, site.contents["expired"])
    verdict(desk, "expired")
    next_one(desk)
    desk.fill("#content", site.contents["valid"])
    desk.keyboard.press("Enter")
    verdict(desk, "valid")
    next_one(desk)
    scan(desk, site.contents["suspended"])
    verdict(desk, "suspended")
    next_one(desk)
    for form, media in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")):
        photo = laid((code_picture(site.contents["revoked"], 600), (640, 360)))
        desk.set_input_files("#file", as_file(encoded(photo, form), f"a.{form.lower()}", media))
        verdict(desk, "revoked")
        next_one(desk)
    paste(desk, "", picture(site.contents["superseded"]))
    verdict(desk, "superseded")
    sent = " ".join(f"{each.url} {each.headers} {each.post_data or ''}" for each in asked)
    for name in ("expired", "valid", "suspended", "revoked", "superseded"):
        assert [piece for piece in secrets_of(site, name) if piece in sent] == []
    assert {each.method for each in asked} <= {"GET"}
    assert len(asked) > asked_before  # the reader of codes was fetched: the log was alive


def test_a_typed_code_goes_to_the_server_and_the_page_says_so(desk: Page, site: Site, asked: list[Request]) -> None:
    expect(desk.locator("#where")).to_contain_text("Only a typed verification code goes to the server")
    desk.fill("#code", site.licences["suspended"].verification_code.lower())
    desk.keyboard.press("Enter")
    verdict(desk, "suspended")
    expect(desk.locator("dl.when")).to_contain_text("by the server e.example.gov")
    (posted,) = [each for each in asked if each.method == "POST"]
    assert json.loads(posted.post_data) == {
        "content": grouped(site.licences["suspended"].verification_code),
        "paper": False,
    }


def test_a_code_nobody_has_is_a_trouble_and_no_verdict(desk: Page) -> None:
    desk.fill("#code", "000G-40R4-0M3S")
    desk.keyboard.press("Enter")
    expect(desk.locator(".troubles")).to_be_focused()
    expect(desk.locator(".troubles")).to_contain_text("This registry has issued no licence with that")
    assert desk.locator("[data-verdict]").count() == 0
    desk.fill("#code", "000G-40R4-0M3T")
    desk.keyboard.press("Enter")
    expect(desk.locator(".troubles")).to_contain_text("does not fit together")


def scanned_pdf(*sheets: Image.Image) -> bytes:
    """A page for each, kept as Pillow does by mode: as a fax (CCITT), as JPEG, as JPEG 2000 where there is alpha."""
    target = io.BytesIO()
    sheets[0].save(target, "PDF", save_all=True, append_images=sheets[1:], resolution=150)
    data = target.getvalue()
    assert all(kind in data for kind in (b"/CCITTFaxDecode", b"/DCTDecode", b"/JPXDecode"))
    return data


def test_all_pages_of_a_pdf_are_read_on_the_device(desk: Page, site: Site, asked: list[Request]) -> None:
    expect(desk.locator("#file-hint")).to_contain_text("Pictures and PDF are read on this device.")
    assert not [each for each in asked if "pdfjs" in each.url]  # fetched with the first PDF
    sheets = scanned_pdf(
        Image.new("RGB", (600, 800), "white"),
        code_picture(site.contents["valid"], 900).convert("1", dither=Image.Dither.NONE),
        code_picture("WIFI:T:WPA;S:office;P:x;;", 300),
        code_picture(site.contents["revoked"], 700).convert("RGBA"),
    )
    desk.set_input_files("#file", as_file(sheets, "a.pdf", "application/pdf"))
    expect(desk.locator("[data-verdict]")).to_have_count(2)
    assert [each.get_attribute("data-verdict") for each in desk.locator("[data-verdict]").all()] == ["revoked", "valid"]
    expect(desk.locator("#answers")).to_contain_text("a Wi-Fi code")
    expect(desk.locator("dl.when").first).to_contain_text("on this device")
    assert {each.method for each in asked} == {"GET"}
    assert [each for each in asked if "pdfjs" in each.url]


def locked_pdf() -> bytes:
    """A page behind a password that nobody knows (ISO 32000-1 §7.6.3)."""
    return b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
%%%%EOF""" % (b"0" * 64, b"1" * 64)


def test_a_pdf_that_cannot_be_read_is_told_in_words(desk: Page) -> None:
    for data, told in (
        (b"%PDF-1.7\n and no more", "The PDF is damaged, empty or locked by a password."),
        (locked_pdf(), "The PDF is damaged, empty or locked by a password."),
        (pdf_of_blank_pages(51), "more than 50 pages"),
        (pdf_of_blank_pages(1), "No QR code could be read in the file."),
    ):
        desk.set_input_files("#file", as_file(data, "a.pdf", "application/pdf"))
        expect(desk.locator(".troubles")).to_contain_text(told)
        desk.evaluate("() => document.getElementById('troubles').replaceChildren()")


def test_several_codes_in_one_picture_become_a_list(desk: Page, site: Site) -> None:
    sheet = laid(
        (code_picture(site.contents["valid"], 620), (330, 330)),
        (code_picture(site.contents["revoked"], 620), (980, 330)),
        (code_picture("WIFI:T:WPA;S:office;P:secret;;", 240), (330, 850)),
        size=(1320, 1000),
    )
    desk.set_input_files("#file", as_file(encoded(sheet, "PNG")))
    expect(desk.locator("[data-verdict]")).to_have_count(2)
    assert [each.get_attribute("data-verdict") for each in desk.locator("[data-verdict]").all()] == ["revoked", "valid"]
    expect(desk.locator("#answers h1")).to_have_text("2 licences checked")
    expect(desk.locator("#answers")).to_contain_text("a Wi-Fi code")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n and no more", "not a whole PNG, JPEG or WebP picture"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words(desk: Page, data: bytes, told: str) -> None:
    desk.set_input_files("#file", as_file(data))
    expect(desk.locator(".troubles")).to_contain_text(told)


def test_a_file_larger_than_the_server_would_take_is_not_read(desk: Page) -> None:
    desk.evaluate(
        """() => {
            const chosen = new DataTransfer();
            chosen.items.add(new File([new Uint8Array(30_000_001)], 'a.png', { type: 'image/png' }));
            const input = document.getElementById('file');
            input.files = chosen.files;
            input.dispatchEvent(new Event('change'));
        }"""
    )
    expect(desk.locator(".troubles")).to_contain_text("larger than 30 MB")


def test_a_picture_without_a_code_and_one_too_large_are_told_in_words(desk: Page) -> None:
    desk.set_input_files("#file", as_file(encoded(laid(), "PNG")))
    expect(desk.locator(".troubles")).to_contain_text("No QR code could be read in the file.")
    large = Image.new("L", (8000, 6300), 255)
    for data in (bomb(), encoded(large, "PNG"), encoded(large, "JPEG"), encoded(large, "WEBP")):
        desk.set_input_files("#file", as_file(data))
        expect(desk.locator(".troubles")).to_contain_text("more than 50 million pixels")
        desk.evaluate("() => document.getElementById('troubles').replaceChildren()")


@pytest.mark.parametrize(
    ("scanned", "named"),
    [
        ("https://qr.alipay.com/fkx0123", "a payment code"),
        ("http://example.com/a?b=c", "a web link"),
        ("WIFI:T:WPA;S:office;P:secret;;", "a Wi-Fi code"),
        ("HC1:6BFOXN%TSMAHN-H", "a health certificate"),
        ("BEGIN:VCARD\nFN:Somebody\nEND:VCARD", "a contact card"),
        ("javascript:alert(1)", "a link of another kind"),
    ],
)
def test_what_is_no_licence_is_named_and_never_opened(
    desk: Page, site: Site, asked: list[Request], scanned: str, named: str
) -> None:
    asked.clear()
    paste(desk, scanned)
    verdict(desk, "not_a_licence")
    expect(desk.locator(".sentence")).to_contain_text(named)
    assert desk.locator("#answers a[href]").count() == 0
    assert [each.url for each in asked if not each.url.endswith("/v1/trust/bundle")] == []
    assert desk.url == f"{site.url}/verify?lang=en"


# Answers


def test_paper_turns_green_only_after_the_photo_was_compared(desk: Page, site: Site) -> None:
    desk.check("#paper")
    paste(desk, site.contents["valid_check_id"])
    verdict(desk, "valid_check_id")
    band = desk.locator(".band")
    expect(band).to_have_class("band check")
    expect(band.locator(".band-class")).to_have_text("Compare first")
    desk.click(".compared label")
    expect(band).to_have_class("band accept")
    expect(band.locator(".band-class")).to_have_text("Accept")
    expect(desk.locator("#said-at-once")).to_contain_text("Accept")
    desk.click(".compared label")
    expect(band).to_have_class("band check")


def test_the_verdict_is_announced_and_the_heading_has_the_focus(desk: Page, site: Site) -> None:
    paste(desk, site.contents["suspended"])
    expect(desk.locator("#answers h1")).to_be_focused()
    expect(desk.locator("#said-at-once")).to_have_attribute("role", "alert")
    expect(desk.locator("#said-at-once")).to_contain_text("Stop: Suspended.")
    assert desk.title() == "Suspended – E-Licence Registry"
    next_one(desk)
    expect(desk.locator("#said-at-once")).to_have_text("")
    assert desk.title() == "Check a licence – E-Licence Registry"
    assert desk.locator("article").count() == 0


def test_what_the_office_expects_stays_and_what_the_person_said_goes(desk: Page, site: Site) -> None:
    desk.select_option("#type", FOOD)
    desk.fill("#tail", "1r5l")
    paste(desk, site.contents["valid"])
    verdict(desk, "valid")
    next_one(desk)
    expect(desk.locator("#type")).to_have_value(FOOD)
    expect(desk.locator("#tail")).to_have_value("")
    desk.fill("#tail", "0000")
    paste(desk, site.contents["valid"])
    verdict(desk, "holder_mismatch")
    next_one(desk)
    desk.select_option("#type", "degree")
    paste(desk, site.contents["valid"])
    verdict(desk, "wrong_type")
    next_one(desk)
    desk.fill("#tail", "no?")
    paste(desk, site.contents["valid"])
    expect(desk.locator(".troubles")).to_contain_text("Give 2 to 18 digits or letters")


def test_the_page_shows_what_the_server_would(desk: Page, browser: Browser, site: Site) -> None:
    """Band, face and checks of the same licence, drawn here and drawn there."""
    plain = browser.new_context(java_script_enabled=False, locale="en-GB").new_page()
    for name in ("valid", "suspended", "unknown_issuer", "not_yet_valid"):
        paste(desk, site.contents[name])
        verdict(desk, name)
        plain.goto(f"{site.url}/verify?lang=en")
        plain.fill("#content", site.contents[name])
        plain.click("form.ask button[type=submit]")
        for part in (".band", "dl.face", ".checks ul"):
            ours, theirs = desk.locator(f"#answers {part}"), plain.locator(part)
            assert ours.count() == theirs.count(), (name, part)
            if ours.count():
                assert words_of(ours.text_content()) == words_of(theirs.text_content()), (name, part)
        next_one(desk)
    plain.context.close()


def words_of(text: str | None) -> list[str]:
    return (text or "").replace("Do this:", " Do this: ").split() and ["".join((text or "").split())]


# Trust


def test_without_the_lists_nothing_is_judged_and_the_server_is_offered(page: Page, site: Site) -> None:
    page.route(BUNDLE, lambda route: route.abort())
    page.goto(f"{site.url}/verify?lang=en")
    expect(page.locator("#lists")).to_contain_text("nothing can be checked on this device")
    paste(page, site.contents["valid"])
    expect(page.locator(".troubles")).to_contain_text("could not be fetched")
    assert page.locator("[data-verdict]").count() == 0
    page.unroute(BUNDLE)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("#lists")).to_contain_text("Signed lists at hand")
    paste(page, site.contents["valid"])
    verdict(page, "valid")


def test_the_server_is_asked_only_by_a_press_of_the_button_that_names_it(page: Page, site: Site) -> None:
    page.route(BUNDLE, lambda route: route.abort())
    page.goto(f"{site.url}/verify?lang=en")
    paste(page, site.contents["revoked"])
    page.click("text=Let the server e.example.gov check it")
    verdict(page, "revoked")
    expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")


def test_a_bundle_that_was_tampered_with_is_not_believed(page: Page, site: Site) -> None:
    def forge(route: Route) -> None:
        bundle = route.fetch().json()
        manifest = bundle["manifest"]
        bundle["manifest"] = manifest[:-8] + ("A" if manifest[-8] != "A" else "B") + manifest[-7:]
        route.fulfill(json=bundle)

    page.route(BUNDLE, forge)
    page.goto(f"{site.url}/verify?lang=en")
    expect(page.locator("#lists")).to_have_attribute("data-state", "none")


# What this browser can


def test_an_address_without_https_leaves_the_check_to_the_server_and_says_so(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="en-GB")
    context.add_init_script("Object.defineProperty(globalThis, 'isSecureContext', { value: false })")
    page = context.new_page()
    page.goto(f"{site.url}/verify?lang=en")
    expect(page.locator("#where")).to_contain_text("Checks are made by the server e.example.gov")
    expect(page.locator("#camera")).to_be_hidden()
    paste(page, site.contents["suspended"])
    verdict(page, "suspended")
    expect(page.locator("dl.when")).to_contain_text("by the server e.example.gov")
    page.goto(f"{site.url}/v#{site.contents['valid'].partition('#')[2]}")
    verdict(page, "valid")
    context.close()


def test_another_licence_opened_in_the_same_tab_is_judged_anew(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/v#{site.contents['valid'].partition('#')[2]}")
    verdict(page, "valid")
    page.evaluate("hash => { location.hash = hash; }", site.contents["revoked"].partition("#")[2])
    verdict(page, "revoked")
    assert page.evaluate("location.hash") == ""


def test_what_is_still_being_asked_when_next_is_pressed_is_not_shown_to_the_next_person(
    context: BrowserContext, site: Site
) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/verify?lang=en")
    page.wait_for_selector(".at-counter")
    paste(page, site.licences["valid"].verification_code)
    verdict(page, "valid")
    held: list[Route] = []
    page.route("**/v1/verifications", lambda route: held.append(route))
    page.locator("#again").click()
    page.wait_for_function("() => document.getElementById('busy').textContent !== ''")
    page.locator("#next").click()
    expect(page.locator("#answers")).to_be_hidden()
    while not held:
        page.wait_for_timeout(20)
    with page.expect_response("**/v1/verifications") as answered:
        held[0].continue_()
    answered.value.finished()
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 100))")
    expect(page.locator("#answers")).to_be_hidden()


def test_without_script_the_page_says_who_checks(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site.url}/verify")
    expect(page.locator("#where")).to_contain_text("Checks are made by the server e.example.gov")
    for hidden in ("#camera", "#lists", ".scanner-line"):
        expect(page.locator(hidden)).to_be_hidden()
    context.close()


def test_no_text_can_become_markup_or_a_script(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/verify")
    page.wait_for_selector(".at-counter")
    refused = page.evaluate(
        """() => [
            () => { document.body.innerHTML = '<b>x</b>'; },
            () => { document.createElement('script').src = '/x.js'; },
            () => new Worker('/static/x.js'),
            () => trustedTypes.createPolicy('counter', {}),
            () => trustedTypes.createPolicy('another', {}),
        ].map((attempt) => { try { attempt(); return 'went'; } catch (error) { return error.name; } })"""
    )
    assert refused == ["TypeError"] * 5


@pytest.mark.parametrize("path", ["/verify", "/v"])
def test_the_page_names_every_module_at_once(page: Page, site: Site, asked: list[Request], path: str) -> None:
    page.goto(f"{site.url}{path}?lang=en")
    page.wait_for_load_state("networkidle")
    scripts = {each.url for each in asked if each.resource_type == "script"}
    named = page.evaluate(
        "() => [...document.querySelectorAll('script[src], link[rel=modulepreload]')].map(e => e.src || e.href)"
    )
    assert len(scripts) > 30
    assert len(named) == len(set(named))
    assert scripts == set(named)


def test_the_page_weighs_less_than_its_budget_before_the_reader_is_loaded(browser: Browser, site: Site) -> None:
    context = opened(browser, site)
    page = context.new_page()
    weights: dict[str, int] = {}
    page.on("response", lambda answer: weights.update({answer.url: len(gzip.compress(answer.body(), 9))}))
    page.goto(f"{site.url}/verify?lang=zh-CN")
    ready(page, site)
    page.wait_for_load_state("networkidle")
    assert not [url for url in weights if "wasm" in url]
    own = {url: weight for url, weight in weights.items() if "/v1/trust/bundle" not in url}
    print(f"/verify weighs {sum(own.values()):,} bytes gzipped in {len(own)} files")
    assert 10_000 < sum(own.values()) <= BUDGET
    context.close()


def test_axe_finds_nothing_on_troubles_and_on_the_tick(desk: Page, site: Site, axe: str) -> None:
    desk.fill("#code", "000G-40R4-0M3T")
    desk.keyboard.press("Enter")
    expect(desk.locator(".troubles")).to_be_visible()
    assert violations(desk, axe) == []
    desk.check("#paper")
    paste(desk, site.contents["valid_check_id"])
    desk.click(".compared label")
    assert violations(desk, axe) == []
