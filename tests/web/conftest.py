"""`site`: one served registry for all tests of the pages; they only read it. And a browser to look at it with."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from tests.web.browsing import here
from tests.web.screens import CHROMIUM, launch, opened
from tests.web.site import Site, furnished

import elicence.web

WEB = Path(elicence.web.__file__).parent
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with furnished(tmp_path_factory.mktemp("site"), lambda address, door=None: None) as made:
        yield made


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, headers={"Accept-Language": "en"}, timeout=60) as made:
        yield made


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


# Not for the session: where Playwright is at work, no other event loop can be started in that thread.
@pytest.fixture(scope="module")
def player() -> Iterator[Playwright]:
    if not Path(CHROMIUM).exists():
        missing("Debian's package chromium")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(player: Playwright) -> Iterator[Browser]:
    made = launch(player)
    yield made
    made.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The axe-core script, fetched by npm when it is not there yet."""
    if not AXE.exists():
        if shutil.which("npm") is None:
            missing("npm, which brings axe-core")
        words = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(words, cwd=WEB, capture_output=True, timeout=120).returncode:
            missing("axe-core, which npm could not bring")
    return AXE.read_text("utf-8")


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    # The service worker has its own tests; in all the others it would fetch every file once more.
    made = opened(
        browser, site, locale="en-GB", viewport={"width": 1024, "height": 800}, service_workers="block"
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: Site) -> Iterator[Page]:
    """A page on which every complaint of the console, and every request to elsewhere, fails the test."""
    complaints: list[str] = []
    made = context.new_page()
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("request", lambda request: None if here(request, site) else complaints.append(request.url))
    yield made
    # A status of 404 or 422 is noted by the console, too, and is what was asked for.
    assert [each for each in complaints if "Failed to load resource" not in each] == []
