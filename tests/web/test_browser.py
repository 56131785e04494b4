"""The pages in Debian's Chromium: accessible, whole without script, and quicker with it."""

import base64
import itertools

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.web.browsing import paste, violations
from tests.web.screens import FROM_VECTORS, LANGUAGES, VERDICTS, WIDTHS, ask_for, show
from tests.web.site import Site
from tests.web.test_hostile import SCRIPT, hostile
from tests.web.test_uploads import picture


def wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))


# Accessibility


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/", "/verify", "/scanner-setup", "/developers", "/v", "/v/000G40R40M3S"])
def test_axe_finds_nothing_on_any_page(page: Page, site: Site, axe: str, path: str, language: str) -> None:
    page.goto(f"{site.url}{path}?lang={language}")
    assert violations(page, axe) == []
    assert page.title()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", [*VERDICTS, *FROM_VECTORS])
def test_any_answer_is_in_sight_at_every_width_and_axe_finds_nothing(
    page: Page, site: Site, axe: str, verdict: str, language: str
) -> None:
    show(page, site, verdict, language)
    expect(page.locator("h1:visible")).to_be_focused()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not wider_than_the_screen(page), width
        for part in (".verdict", ".advice", "#next"):
            expect(page.locator(f"#answers {part}")).to_be_in_viewport(ratio=0.99)
    page.click("summary")
    assert violations(page, axe) == []
    assert page.get_attribute("html", "lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_reference_unfolded_and_it_is_no_wider_than_a_phone(
    page: Page, site: Site, axe: str, language: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{site.url}/developers?lang={language}")
    page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert violations(page, axe) == []
    assert not wider_than_the_screen(page)


def test_axe_finds_nothing_on_a_list_of_answers_and_on_a_hostile_licence(page: Page, site: Site, axe: str) -> None:
    for content in (f"{site.contents['valid']}\n{site.contents['revoked']}", hostile(site, SCRIPT, "x" * 5000)):
        page.goto(f"{site.url}/verify")
        page.fill("#content", content)
        page.click("form.ask button[type=submit]")
        page.wait_for_selector("article")
        assert violations(page, axe) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen_not_even_a_hostile_licence(page: Page, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    for path in ("/", "/verify", "/scanner-setup", "/v", "/v/000G40R40M3S"):
        page.goto(f"{site.url}{path}")
        assert not wider_than_the_screen(page), path
    ask_for(page, site, "suspended")
    assert not wider_than_the_screen(page)
    page.goto(f"{site.url}/verify")
    page.fill("#content", hostile(site, "a\u0301" * 200 + "\u202ex" + "W" * 100, "W" * 5000))
    page.click("form.ask button[type=submit]")
    page.wait_for_selector(".unseen")
    assert not wider_than_the_screen(page)


def test_everything_one_presses_is_large_enough(page: Page, site: Site) -> None:
    def small() -> list[str]:
        return page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
            .filter(each => each.offsetParent !== null && each.type !== 'hidden' && !each.matches('.skip, p > a, li a'))
            .map(each => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
            .filter(([_, box]) => box.height < 24 || box.width < 24).map(([text]) => text)"""
        )

    page.goto(f"{site.url}/verify")
    assert small() == []
    ask_for(page, site, "valid")
    assert small() == []


def test_what_has_the_focus_is_never_behind_the_bar_at_the_bottom(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 800, "height": 700})
    ask_for(page, site, "valid")
    page.locator("summary").focus()
    summary, bar = page.locator("summary").bounding_box(), page.locator(".after").bounding_box()
    assert summary is not None
    assert bar is not None
    assert summary["y"] + summary["height"] <= bar["y"] + 1


# Without script


def test_everything_works_without_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(site.url)
    page.click(".door-first a")
    page.fill("#content", site.contents["revoked"])
    page.click("form.ask button[type=submit]")
    assert page.locator("h1").text_content() == "证照已作废"
    page.click("button.switch")
    assert page.locator("h1").text_content() == "Revoked"
    page.click("#next")
    assert page.get_attribute("html", "lang") == "en"
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": picture(site.contents["valid"])})
    page.click("form.ask button[type=submit]")
    assert page.locator("h1").text_content() == "Valid licence"
    page.goto(f"{site.url}/v#{site.contents['valid'].partition('#')[2]}")
    page.fill("#code", site.licences["suspended"].verification_code)
    page.click("form button[type=submit]")
    assert page.locator("[data-verdict=suspended]").count() == 1
    assert page.locator("#print").is_hidden()
    page.goto(f"{site.url}/verify?lang=en")
    page.fill("#content", site.contents["valid_check_id"])
    page.check("#paper")
    page.click("form.ask button[type=submit]")
    expect(page.locator(".band.check .band-class")).to_have_text("Compare first")
    page.click("form.compared button")
    expect(page.locator(".band.accept .band-class")).to_have_text("Accept")
    context.close()


def test_the_keyboard_alone_is_enough(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/verify")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.insert_text(site.contents["valid"])
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-verdict=valid]")
    page.keyboard.press("Space")
    page.wait_for_selector("#content")
    page.keyboard.type(site.contents["not_a_licence"])
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-verdict=not_a_licence]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#content")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"


# With script


def test_a_slip_in_a_code_is_told_while_typing(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/verify?lang=en")
    told = page.locator("#code-told")
    page.locator("#code").press_sequentially("000g 40r4 0m3t")
    expect(told).to_have_text("One character is wrong. Compare the code once more.")
    page.fill("#code", "ooog40r4om3s")
    expect(told).to_have_text("The code fits together.")
    expect(page.locator("#code")).to_have_value("000G-40R4-0M3S")
    page.fill("#code", "000u")
    expect(told).to_have_text("The letter U and signs are never part of a code.")
    page.fill("#code", "000")
    expect(told).to_have_text("")


def test_the_browser_and_the_server_judge_a_code_alike(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/verify?lang=en")
    told = page.locator("#code-told")
    for licence in site.licences.values():
        code = licence.verification_code
        page.fill("#code", code)
        expect(told).to_have_attribute("data-state", "right")
        for place in (0, 5, 11):
            wrong = code[:place] + ("7" if code[place] != "7" else "8") + code[place + 1 :]
            page.fill("#code", wrong)
            expect(told).to_have_attribute("data-state", "wrong")


def test_pasting_anywhere_sends_text_and_pictures(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/verify")
    paste(page, site.contents["expired"])
    page.wait_for_selector("[data-verdict=expired]")
    page.goto(f"{site.url}/verify")
    paste(page, "", picture(site.contents["revoked"]))
    page.wait_for_selector("[data-verdict=revoked]")


def test_dropping_a_file_sends_it(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/verify")
    page.evaluate(
        """picture => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(picture), each => each.charCodeAt(0));
            data.items.add(new File([bytes], 'scan.png', {type: 'image/png'}));
            document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        base64.b64encode(picture(site.contents["valid"])).decode(),
    )
    page.wait_for_selector("[data-verdict=valid]")


def test_a_phone_camera_s_address_is_judged_and_leaves_no_trace(page: Page, site: Site) -> None:
    digits = site.contents["valid"].partition("#")[2]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/")
    page.goto(f"{site.url}/v#{digits}")
    page.wait_for_selector("[data-verdict=valid]")
    assert not any(digits[:20] in url.partition("#")[0] for url in asked)
    assert digits[:20] not in page.url
    page.go_back()
    assert digits[:20] not in page.url
    assert digits[:20] not in page.content()


def test_an_address_without_a_licence_asks_for_the_code(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/v?lang=en")
    expect(page.locator("#fragment-told")).to_contain_text("no licence code in this address")
    expect(page.locator("#fragment-by-hand")).to_be_hidden()


def test_the_language_is_remembered_on_this_device_and_nowhere_else(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(site.url)
    assert page.get_attribute("html", "lang") == "en"
    page.click("a.switch")
    page.wait_for_selector("html[lang=zh-CN]")
    page.goto(f"{site.url}/verify")
    page.wait_for_selector("html[lang=zh-CN]")
    assert context.cookies() == []


def test_the_language_of_an_answer_changes_without_asking_again(page: Page, site: Site) -> None:
    ask_for(page, site, "suspended", "en")
    page.click(".switch")
    page.wait_for_selector("html[lang=zh-CN]")
    expect(page.locator("[data-verdict=suspended] h1")).to_have_text("证照已暂停使用")
    assert page.evaluate("() => sessionStorage.length") == 0


def test_a_hostile_licence_runs_nothing(page: Page, site: Site) -> None:
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    page.goto(f"{site.url}/verify?lang=en")
    page.fill("#content", hostile(site, SCRIPT, f"\u202e{SCRIPT}"))
    page.click("form.ask button[type=submit]")
    page.wait_for_selector("[data-verdict=valid]")
    assert page.locator("main img, main script").count() == 0
    assert SCRIPT in (page.locator("dl.face").text_content() or "")


def test_the_classes_are_told_apart_in_grey(page: Page, site: Site) -> None:
    shades = {}
    for verdict in ("valid", "suspended", "superseded", "unknown_issuer"):
        ask_for(page, site, verdict)
        colour = page.evaluate("() => getComputedStyle(document.querySelector('.band')).backgroundColor")
        shades[verdict] = luminance(colour)
    ordered = [shades[verdict] for verdict in ("suspended", "valid", "superseded", "unknown_issuer")]
    assert ordered == sorted(ordered)
    ratios = [(lighter + 0.05) / (darker + 0.05) for darker, lighter in itertools.pairwise(ordered)]
    assert min(ratios) > 1.5


def luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_printed_answer_spends_no_ink_on_colour(page: Page, site: Site) -> None:
    ask_for(page, site, "suspended")
    page.emulate_media(media="print")
    band = page.evaluate(
        "() => (style => [style.backgroundImage, style.backgroundColor, style.borderTopWidth])"
        "(getComputedStyle(document.querySelector('.band')))"
    )
    assert band == ["none", "rgba(0, 0, 0, 0)", "6px"]
    assert page.locator("#next").is_hidden()
