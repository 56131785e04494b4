"""The counter without a network: it opens, judges by what it has, says how old that is, and catches up by itself."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, expect
from tests.assembly import example
from tests.web.browsing import scan, violations
from tests.web.screens import CHROMIUM, CLOCK, milliseconds, opened
from tests.web.site import ESTATE, FOOD, ask
from tests.web.stage import Stage, staged
from tests.web.test_counter import BUNDLE, next_one, secrets_of, verdict
from tests.web.test_uploads import pdf, picture

from elicence.issuer.bundle import PLACE, _parts, _signed

CONTROLLED = """() => navigator.serviceWorker.controller ? true : new Promise(resolve =>
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true }))"""
SHIFT = "hours => clockIs(Date.now() + hours * 3_600_000)"
SIX_SECONDS = """() => {
  const real = performance.now.bind(performance);
  performance.now = () => real() + 6000;
}"""
ONLINE = "() => dispatchEvent(new Event('online'))"
RELEASE = "() => /static\\/(\\w+)/.exec(document.querySelector('script[src*=counter]').src)[1]"
KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) kept.push(new URL(url).pathname);
  }
  return kept;
}"""
PAGES_KEPT = """async () => {
  const names = (await caches.keys()).filter(name => name.startsWith('elicence.page.'));
  const whole = await Promise.all(names.map(async name => (await caches.open(name)).match('/static/whole')));
  return names.filter((_, at) => whole[at]);
}"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def stage(built: Stage) -> Stage:
    built.back()
    return built


@pytest.fixture
def context(browser: Browser, stage: Stage) -> Iterator[BrowserContext]:
    made = opened(browser, stage, locale="en-GB", viewport={"width": 1024, "height": 800})
    yield made
    made.close()


@pytest.fixture
def desk(context: BrowserContext, stage: Stage) -> Page:
    """The counter, with the lists at hand and itself kept on the device."""
    made = context.new_page()
    made.goto(f"{stage.url}/verify?lang=en")
    at_hand(made)
    assert made.evaluate(CONTROLLED)
    return made


@pytest.fixture
def plain(browser: Browser, stage: Stage) -> Iterator[Page]:
    """The counter in a browser that keeps no pages."""
    made = opened(browser, stage, locale="en-GB", service_workers="block").new_page()
    made.goto(f"{stage.url}/verify?lang=en")
    at_hand(made)
    yield made
    made.context.close()


def strip(page: Page, text: str) -> None:
    expect(page.locator("#lists")).to_contain_text(text)


def at_hand(page: Page) -> None:
    strip(page, "Signed lists at hand")


def nothing_was_told(stage: Stage, *names: str) -> None:
    """What the server was asked, word by word, holds nothing of these licences."""
    sent = " ".join(f"{each.method} {each.target} {each.said.decode('latin-1')}" for each in stage.asked)
    assert "/v1/trust/bundle" in sent
    assert {each.method for each in stage.asked} == {"GET"}
    for name in names:
        assert [piece for piece in secrets_of(stage, name) if piece in sent] == []


# Opening and judging


def test_with_the_server_gone_every_page_opens_and_judges_and_nobody_was_told_what(desk: Page, stage: Stage) -> None:
    digits = stage.contents["valid"].partition("#")[2]
    desk.goto(f"{stage.url}/v#{digits}")
    verdict(desk, "valid")
    stage.stop()
    desk.goto(f"{stage.url}/verify?type={FOOD}&paper=1")
    strip(desk, "Offline since")
    expect(desk.locator("#type")).to_have_value(FOOD)
    expect(desk.locator("#paper")).to_be_checked()
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    next_one(desk)
    image = {"name": "a.png", "mimeType": "image/png", "buffer": picture(stage.contents["valid"])}
    desk.set_input_files("#file", image)
    verdict(desk, "valid")
    next_one(desk)
    desk.set_input_files("#file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf(image["buffer"])})
    verdict(desk, "valid")
    next_one(desk)
    desk.fill("#code", stage.licences["valid"].verification_code)
    desk.keyboard.press("Enter")
    expect(desk.locator(".troubles")).to_contain_text("This needs the server, which cannot be reached now.")
    desk.goto(f"{stage.url}/v?lang=zh-CN#{digits}")
    verdict(desk, "valid")
    expect(desk.locator("#verdict")).to_have_text("有效证照")
    desk.goto(f"{stage.url}/scanner-setup?lang=zh-CN")
    expect(desk.locator("h1")).to_have_text("测试扫码枪")
    nothing_was_told(stage, "valid")
    kept = desk.evaluate(KEPT)
    assert {path for path in kept if not path.startswith("/static/")} == {
        "/verify", "/v", "/scanner-setup", "/v1/trust/bundle",
    }  # fmt: skip


def test_what_is_revoked_meanwhile_turns_without_a_reload_when_the_network_is_back(
    desk: Page, context: BrowserContext, stage: Stage
) -> None:
    content = stage.issue("revoked meanwhile")
    context.set_offline(True)
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    next_one(desk)
    scan(desk, content)
    verdict(desk, "valid")
    stage.revoke("revoked meanwhile")
    desk.evaluate("() => { globalThis.same = true; }")
    context.set_offline(False)
    verdict(desk, "revoked")
    expect(desk.locator(".judged-again")).to_contain_text("Newer lists came")
    expect(desk.locator("#answers h1")).to_be_focused()
    next_one(desk)
    at_hand(desk)
    scan(desk, content)
    verdict(desk, "revoked")
    assert desk.evaluate("() => globalThis.same")
    nothing_was_told(stage, "valid", "revoked meanwhile")
    next_one(desk)
    desk.fill("#code", stage.licences["valid"].verification_code)
    desk.keyboard.press("Enter")
    verdict(desk, "valid")
    assert stage.asked[-1].method == "POST"
    assert not [path for path in desk.evaluate(KEPT) if "verifications" in path]


def test_a_server_that_comes_back_is_found_by_a_press_and_the_lists_go_on_from_there(plain: Page, stage: Stage) -> None:
    content = stage.issue("revoked with the server away")
    stage.stop()
    plain.evaluate(ONLINE)
    strip(plain, "Offline since")
    stage.revoke("revoked with the server away")
    stage.start()
    plain.click("#lists button")
    at_hand(plain)
    expect(plain.locator("#lists button")).to_be_hidden()
    scan(plain, content)
    verdict(plain, "revoked")
    asked = [each for each in stage.asked if each.target.startswith("/v1/trust/bundle")]
    assert b"if-none-match" in asked[-1].said


def test_with_the_network_each_licence_is_judged_by_lists_asked_for_seconds_ago(plain: Page, stage: Stage) -> None:
    content = stage.issue("revoked between two scans")
    scan(plain, stage.contents["valid"])
    verdict(plain, "valid")
    next_one(plain)
    stage.revoke("revoked between two scans")
    plain.evaluate(SIX_SECONDS)
    scan(plain, content)
    verdict(plain, "revoked")


def test_a_bundle_that_is_the_newest_already_is_not_sent_again(plain: Page, stage: Stage) -> None:
    with plain.expect_response(BUNDLE) as answer:
        plain.evaluate(ONLINE)
    assert answer.value.status == 304
    at_hand(plain)


def test_a_network_that_swallows_every_question_keeps_nobody_waiting(desk: Page, stage: Stage) -> None:
    stage.asked.clear()
    stage.held = ("/verify", "/v1/trust/bundle")
    desk.goto(f"{stage.url}/verify?lang=en")
    at_hand(desk)
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    assert set(stage.held) <= {each.target.partition("?")[0] for each in stage.asked}


# Age and clock


def test_lists_grow_old_offline_and_in_the_end_show_nothing(
    desk: Page, context: BrowserContext, stage: Stage, axe: str
) -> None:
    stage.stop()
    for hours, told, face in ((25, "can no longer be told", 1), (193, "too old to show anything", 0)):
        page = later(context, stage, hours)
        strip(page, told)
        scan(page, stage.contents["valid"])
        verdict(page, "status_unknown")
        assert page.locator("dl.face").count() == face
        assert (stage.licences["valid"].number in page.content()) is bool(face)
    expect(page.locator("#page-age")).to_contain_text("last compared with the server’s 8 days ago")
    page.keyboard.press("Enter")
    assert violations(page, axe) == []
    page = later(context, stage, -73, "zh-CN")
    strip(page, "比登记系统慢3天")
    assert violations(page, axe) == []
    scan(page, stage.contents["valid"])
    verdict(page, "clock_wrong")


def later(context: BrowserContext, stage: Stage, hours: int, language: str = "en") -> Page:
    """The page as it opens on this device so many hours later, or with its clock set."""
    page = context.new_page()
    page.add_init_script(f"clockIs(Date.now() + {hours} * 3_600_000)")
    page.goto(f"{stage.url}/verify?lang={language}")
    return page


@pytest.mark.parametrize(("hours", "told"), [(73, "3 days ahead of"), (-73, "3 days behind")])
def test_by_a_clock_three_days_off_nothing_is_judged_until_it_is_right(
    plain: Page, stage: Stage, hours: int, told: str
) -> None:
    plain.evaluate(SHIFT, hours)
    plain.evaluate(ONLINE)
    strip(plain, told)
    scan(plain, stage.contents["valid"])
    verdict(plain, "clock_wrong")
    expect(plain.locator(".sentence")).to_contain_text("by 3 days, so dates cannot be judged")
    assert plain.locator("dl.face").count() == 0
    plain.evaluate(SHIFT, -hours)
    plain.click("#again")
    verdict(plain, "valid")
    next_one(plain)
    at_hand(plain)


@pytest.mark.parametrize("minutes", [4, -4])
def test_a_clock_a_few_minutes_off_is_allowed_for(plain: Page, stage: Stage, minutes: int) -> None:
    """Though the lists were signed later than it shows."""
    plain.evaluate(SHIFT, minutes / 60)
    stage.house.clock.move(seconds=1)
    content = stage.issue(f"new, {minutes}")
    plain.evaluate(ONLINE)
    at_hand(plain)
    scan(plain, content)
    verdict(plain, "valid")


# Lists that are not to be believed


def forged(stage: Stage, **changes: object) -> bytes:
    """A bundle that the roots signed now, with other parts in it."""
    parts = _parts(stage.house.assembly.folder, stage.house.desk.base_url)
    assert parts is not None
    return _signed(stage.house.desk, replace(parts, **changes), stage.house.clock())


def lists(stage: Stage) -> dict[str, str]:
    return json.loads(published(stage))["status_lists"]


def published(stage: Stage) -> bytes:
    return (stage.house.settings.published_dir / PLACE).read_bytes()


def flipped(text: str) -> str:
    return text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]


def test_lists_that_prove_nothing_are_refused_and_the_good_ones_stay(
    plain: Page, stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    older, old_lists = published(stage), lists(stage)
    content = stage.issue("refused")
    stage.revoke("refused")
    plain.evaluate(ONLINE)
    scan(plain, content)
    verdict(plain, "revoked")
    next_one(plain)
    genuine = json.loads(published(stage))
    with staged(tmp_path_factory.mktemp("elsewhere")) as other:
        another = published(other)
    bodies = {
        "bad signature": json.dumps(genuine | {"manifest": flipped(genuine["manifest"])}).encode(),
        "a part changed": json.dumps(genuine | {"status_lists": old_lists}).encode(),
        "rolled back": older,
        "of another registry": another,
        "an older list in a newer bundle": forged(stage, status_lists=old_lists),
        "no bundle": b"<!doctype html>",
    }
    for name, body in bodies.items():
        plain.unroute(BUNDLE)
        plain.route(BUNDLE, answered(body))
        plain.evaluate(ONLINE)
        strip(plain, "Lists came that nothing proves to be the registry’s newest")
        scan(plain, content)
        verdict(plain, "revoked")
        next_one(plain)
        plain.unroute(BUNDLE)
        plain.evaluate(ONLINE)
        at_hand(plain)
        assert name


def answered(body: bytes) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=body, content_type="application/json")


def test_a_list_that_is_cut_off_or_of_another_agency_leaves_the_status_unknown(plain: Page, stage: Stage) -> None:
    ours = next(url for url in lists(stage) if "/market/" in url)
    stage.keep("theirs", ask(stage.house, example(ESTATE), "housing"))
    stage.publish()
    theirs = next(token for url, token in lists(stage).items() if "/housing/" in url)
    for reason, token in (("list_bad", lists(stage)[ours][:-400]), ("list_untrusted", theirs)):
        stage.house.clock.move(seconds=1)
        plain.unroute(BUNDLE)
        plain.route(BUNDLE, answered(forged(stage, status_lists=lists(stage) | {ours: token})))
        with plain.expect_response(BUNDLE):
            plain.evaluate(ONLINE)
        scan(plain, stage.contents["valid"])
        verdict(plain, "status_unknown")
        expect(plain.locator(".checks code")).to_have_text(reason)
        next_one(plain)


# Releases


def test_the_page_that_is_kept_is_the_one_that_the_server_gave_last(
    desk: Page, context: BrowserContext, stage: Stage
) -> None:
    kept = "async () => (await caches.match('/verify?lang=en', { ignoreVary: true })).headers.get('Date')"
    before = desk.evaluate(kept)
    stage.house.clock.move(seconds=1)
    desk.goto(f"{stage.url}/verify?lang=en&paper=1")
    wait_for(desk, lambda: desk.evaluate(kept) != before)
    manifest = context.new_cdp_session(desk).send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{stage.url}/manifest.webmanifest?lang=en"


def test_an_update_that_lacks_one_file_leaves_the_old_page_whole_and_a_whole_one_is_offered(
    desk: Page, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.evaluate(RELEASE)
    stage.failing = "next.css"
    second = stage.release(monkeypatch, "next")
    desk.goto(f"{stage.url}/verify?lang=en")
    assert desk.evaluate(RELEASE) == second
    wait_for(desk, lambda: any("next.css" in each.target for each in stage.asked))
    stage.stop()
    desk.goto(f"{stage.url}/verify?lang=en")
    assert desk.evaluate(RELEASE) == first
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    assert desk.evaluate(PAGES_KEPT) == [f"elicence.page.{first}"]
    stage.failing = None
    stage.release(monkeypatch, "next")
    desk.evaluate(ONLINE)
    expect(desk.locator("#page-age")).to_contain_text("There is a newer version of this page.")
    desk.click("#page-age button")
    at_hand(desk)
    assert desk.evaluate(RELEASE) == second
    wait_for(desk, lambda: desk.evaluate(PAGES_KEPT) == [f"elicence.page.{first}", f"elicence.page.{second}"])
    stage.stop()
    desk.goto(f"{stage.url}/verify?lang=en")
    assert desk.evaluate(RELEASE) == second
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")


def wait_for(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("it did not come about in half a minute")


def test_a_browser_that_is_closed_in_the_middle_of_an_update_opens_the_old_page(
    player: Playwright, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened_again() -> Page:
        context = player.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=["--no-sandbox"], locale="en-GB"
        )
        context.add_init_script(CLOCK.replace("START", str(milliseconds(stage))))
        page = context.pages[0]
        page.goto(f"{stage.url}/verify?lang=en")
        return page

    page = opened_again()
    at_hand(page)
    assert page.evaluate(CONTROLLED)
    first = page.evaluate(RELEASE)
    stage.held = ("next.css",)
    second = stage.release(monkeypatch, "next")
    page.reload()
    wait_for(page, lambda: any("next.css" in each.target for each in stage.asked))
    page.context.close()
    stage.stop()
    page = opened_again()
    assert page.evaluate(RELEASE) == first
    scan(page, stage.contents["valid"])
    verdict(page, "valid")
    stage.held = ()
    stage.release(monkeypatch, "next")
    page.reload()
    wait_for(page, lambda: page.evaluate(PAGES_KEPT) == [f"elicence.page.{first}", f"elicence.page.{second}"])
    assert page.evaluate(RELEASE) == second
    page.context.close()
