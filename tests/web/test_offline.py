"""The counter without a network: it opens, judges by what it has, says how old that is, and catches up by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.web.browsing import scan
from tests.web.screens import opened
from tests.web.stage import Stage, staged
from tests.web.test_counter import next_one, verdict
from tests.web.test_uploads import picture

CONTROLLED = """() => navigator.serviceWorker.controller ? true : new Promise(resolve =>
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true }))"""
SHIFT = "hours => clockIs(Date.now() + hours * 3_600_000)"


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


def at_hand(page: Page) -> None:
    expect(page.locator("#lists")).to_contain_text("Signed lists at hand")


def test_with_the_server_gone_every_page_opens_and_judges(desk: Page, stage: Stage) -> None:
    stage.stop()
    desk.goto(f"{stage.url}/verify")
    expect(desk.locator("#lists")).to_contain_text("Offline since")
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    next_one(desk)
    image = {"name": "a.png", "mimeType": "image/png", "buffer": picture(stage.contents["valid"])}
    desk.set_input_files("#file", image)
    verdict(desk, "valid")
    next_one(desk)
    desk.fill("#code", stage.licences["valid"].verification_code)
    desk.keyboard.press("Enter")
    expect(desk.locator(".troubles")).to_contain_text("This needs the server, which cannot be reached now.")
    desk.goto(f"{stage.url}/v?lang=zh-CN#{stage.contents['valid'].partition('#')[2]}")
    verdict(desk, "valid")
    expect(desk.locator("#verdict")).to_have_text("有效证照")
    desk.goto(f"{stage.url}/scanner-setup?lang=zh-CN")
    expect(desk.locator("h1")).to_have_text("测试扫码枪")


def test_what_is_revoked_meanwhile_turns_without_a_reload_when_the_network_is_back(
    desk: Page, context: BrowserContext, stage: Stage
) -> None:
    content = stage.issue("revoked meanwhile")
    context.set_offline(True)
    scan(desk, stage.contents["valid"])
    verdict(desk, "valid")
    next_one(desk)
    context.set_offline(False)
    scan(desk, content)
    verdict(desk, "valid")
    context.set_offline(True)
    stage.revoke("revoked meanwhile")
    desk.evaluate("() => { globalThis.same = true; }")
    context.set_offline(False)
    verdict(desk, "revoked")
    expect(desk.locator(".judged-again")).to_contain_text("Newer lists came")
    next_one(desk)
    scan(desk, content)
    verdict(desk, "revoked")
    assert desk.evaluate("() => globalThis.same")
