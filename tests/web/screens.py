"""Pictures of every page, to be looked at: `python tests/web/screens.py [FOLDER]`; the default folder is not in git.

Each page and each of the twenty verdicts in both languages at three widths; some in forced colours, in grey, at 320 px,
at 200 % and as they print. With `--readme` it also writes `docs/verify-page.png`.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright  # noqa: E402
from tests.web.reports import show_by_server, show_in_browser, vectors  # noqa: E402
from tests.web.site import Site, furnished, stale  # noqa: E402
from tests.web.test_hostile import hostile  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
WIDTHS = (360, 768, 1280)
LANGUAGES = ("zh-CN", "en")
PATHS = {
    "home": "/",
    "verify": "/verify",
    "fragment": "/v",
    "scanner-setup": "/scanner-setup",
    "developers": "/developers",
}
# The page's clock goes on from the registry's instead of the machine's; `clockIs` sets it anew.
CLOCK = """(() => {
  const Real = Date;
  let shift = START - Real.now();
  globalThis.clockIs = (instant) => { shift = instant - Real.now(); };
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  };
})()"""
VERDICTS = (
    "valid", "valid_check_id", "revoked", "suspended", "superseded", "expired", "not_yet_valid", "tampered",
    "unknown_issuer", "not_a_licence", "test_licence", "damaged", "wrong_type", "holder_mismatch", "status_unknown",
)  # fmt: skip
# These come from the report vectors; beside them, answers that share a verdict with another.
FROM_VECTORS = ("unsupported", "key_withdrawn", "clock_wrong", "code_timed_out", "code_reused")
BESIDE = ("holder_not_proven", "needs_network", "long_names")


def launch(player: Playwright, *arguments: str) -> Browser:
    """Debian's Chromium."""
    return player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as player:
        browser = launch(player)
        yield browser
        browser.close()


def milliseconds(site: Site) -> int:
    """The registry's clock as a browser counts."""
    return int(site.house.clock.now.timestamp() * 1000)


def opened(browser: Browser, site: Site, **options: object) -> BrowserContext:
    """A browser's window whose clock is the registry's."""
    context = browser.new_context(**options)
    context.add_init_script(CLOCK.replace("START", str(milliseconds(site))))
    return context


def ask_for(page: Page, site: Site, verdict: str, language: str = "en") -> None:
    """Brings the page to a result with that verdict, by the form as a clerk would."""
    page.goto(f"{site.url}/verify?lang={language}")
    ready(page, site)
    page.fill("#content", site.contents.get(verdict, site.contents["valid"]))
    if verdict == "valid_check_id":
        page.check("#paper")
    if verdict == "wrong_type":
        page.select_option("#type", "degree")
    if verdict == "holder_mismatch":
        page.fill("#tail", "0000")
    page.click("form.ask button[type=submit]")
    page.wait_for_selector(f'[data-verdict="{verdict}"]')


def ready(page: Page, site: Site) -> None:
    """Waits until the lists are at hand, and lets time pass as it did for the registry."""
    page.wait_for_selector("#lists[data-state=good], #lists[data-state=old]", state="attached")
    page.evaluate("instant => clockIs(instant)", milliseconds(site))


def show_vector(page: Page, site: Site, name: str, language: str) -> None:
    """Opens the counter and shows it a report that no scan brings about by itself."""
    page.goto(f"{site.url}/verify?lang={language}")
    ready(page, site)
    show_in_browser(page, name, language)


def show(page: Page, site: Site, verdict: str, language: str = "en") -> None:
    """Any of the twenty verdicts."""
    if verdict in vectors():
        show_vector(page, site, verdict, language)
    elif verdict == "status_unknown":
        with stale(site):
            ask_for(page, site, verdict, language)
    else:
        ask_for(page, site, verdict, language)


def take(page: Page, site: Site, folder: Path, name: str) -> None:
    """The page that is open, whole, at every width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        whole(page, folder / f"{name}-{width}.png")


def whole(page: Page, path: Path) -> None:
    """The page from top to bottom, as on a screen of that height, so that nothing sticks in the middle."""
    size = page.viewport_size or {"width": 1280, "height": 800}
    height = int(page.evaluate("() => document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
    page.screenshot(path=path)
    page.set_viewport_size(size)


def every_page(page: Page, site: Site, folder: Path) -> None:
    """All pages in both languages."""
    for language in LANGUAGES:
        for name, path in PATHS.items():
            page.goto(f"{site.url}{path}?lang={language}")
            take(page, site, folder, f"{name}-{language}")
        page.goto(f"{site.url}/v/000G40R40M3S?lang={language}")
        take(page, site, folder, f"unknown_code-{language}")
        for verdict in (*VERDICTS, *FROM_VECTORS, *BESIDE):
            show(page, site, verdict, language)
            take(page, site, folder, f"result-{verdict}-{language}")
            if verdict == "valid_check_id":
                page.click(".compared label")
                take(page, site, folder, f"result-compared-{language}")
        for name in (*FROM_VECTORS, *BESIDE):
            show_by_server(page, site, name, language)
            take(page, site, folder, f"server-{name}-{language}")
        several = "\n".join(site.contents[name] for name in ("valid", "revoked", "superseded"))
        page.goto(f"{site.url}/verify?lang={language}")
        page.fill("#content", several)
        page.click("form.ask button[type=submit]")
        page.wait_for_selector("[data-verdict=revoked]")
        take(page, site, folder, f"several-{language}")


def in_grey(folder: Path) -> None:
    """Every verdict as a printer without colours or an eye without them has it."""
    for path in [*folder.glob("result-*-768.png"), *folder.glob("forced-*.png")]:
        Image.open(path).convert("L").save(folder / f"grey-{path.name}")


def special_views(browser: Browser, site: Site, folder: Path) -> None:
    """The same answers as some people see them."""
    views = {
        "forced": {"forced_colors": "active"}, "narrow": {"viewport": {"width": 320, "height": 640}},
        "twice": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    }  # fmt: skip
    for view, options in views.items():
        page = opened(browser, site, **options).new_page()
        for verdict in ("valid", "suspended", "superseded", "unknown_issuer"):
            ask_for(page, site, verdict)
            whole(page, folder / f"{view}-{verdict}.png")
        page.goto(f"{site.url}/verify?lang=en")
        whole(page, folder / f"{view}-verify.png")
        page.close()
    page = opened(browser, site, viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{site.url}/verify?lang=en")
    page.fill(
        "#content", hostile(site, "甲\u202e公司\u2066限\u200b有<script>alert(1)</script>", "a\u0301\u0302\u0303" * 900)
    )
    page.click("form.ask button[type=submit]")
    page.wait_for_selector(".unseen")
    page.click("summary")
    whole(page, folder / "hostile-360.png")
    page.close()
    page = opened(browser, site).new_page()
    for verdict in ("valid", "suspended", "superseded", "unknown_issuer", "valid_check_id"):
        page.emulate_media(media="screen")
        ask_for(page, site, verdict, "zh-CN")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 990})
        whole(page, folder / f"print-{verdict}.png")
    page.close()


def readme_picture(browser: Browser, site: Site) -> Path:
    """Three answers side by side, small enough for a README."""
    strips = []
    page = opened(browser, site, viewport={"width": 640, "height": 640}, device_scale_factor=1.5).new_page()
    for verdict, language in (("valid", "en"), ("revoked", "zh-CN"), ("superseded", "en")):
        ask_for(page, site, verdict, language)
        strips.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.close()
    gap = 24
    width = sum(each.width for each in strips) + gap * (len(strips) + 1)
    picture = Image.new("RGB", (width, strips[0].height + 2 * gap), "#d8dde3")
    left = gap
    for each in strips:
        picture.paste(each, (left, gap))
        left += each.width + gap
    path = ROOT / "docs" / "verify-page.png"
    picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.LANCZOS).quantize(
        64, dither=Image.Dither.NONE
    ).save(path, optimize=True)
    return path


def main(folder: Path, *, readme: bool) -> None:
    """Takes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        furnished(Path(home), lambda address, door=None: None) as site,
        chromium() as browser,
    ):
        if readme:
            path = readme_picture(browser, site)
            print(path, path.stat().st_size, "bytes")
            return
        at_a_counter = {"reduced_motion": "reduce", "timezone_id": "Asia/Shanghai"}
        every_page(opened(browser, site, **at_a_counter).new_page(), site, folder)
        special_views(browser, site, folder)
        in_grey(folder)
    print(len(list(folder.glob("*.png"))), "pictures in", folder)


if __name__ == "__main__":
    named = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(Path(named[0]) if named else ROOT / "build" / "screens", readme="--readme" in sys.argv)
