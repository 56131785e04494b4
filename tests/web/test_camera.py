"""The camera, make-believe but for the pictures: Chromium plays films of our own codes to the page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from tests.web.films import Frame, code_picture, film, laid, scenes
from tests.web.screens import launch, opened, ready
from tests.web.site import Site

FAKE = "--use-fake-device-for-media-stream"
ALLOW = "--use-fake-ui-for-media-stream"
Projector = Callable[..., Page]


@contextmanager
def watched(player: Playwright, site: Site, *arguments: str, allowed: bool = True) -> Iterator[BrowserContext]:
    browser = launch(player, *arguments)
    options = {"permissions": ["camera"]} if allowed else {}
    yield opened(
        browser, site, locale="en-GB", viewport={"width": 1024, "height": 800}, service_workers="block", **options
    )  # fmt: skip
    browser.close()


@pytest.fixture
def project(player: Playwright, site: Site, tmp_path: Path) -> Iterator[Projector]:
    """Opens the counter in a browser whose camera sees the film."""
    open_ones: list = []

    def projected(frame: Frame, frames: int = 12) -> Page:
        path = film(tmp_path / f"{len(open_ones)}.mjpeg", frame, frames=frames)
        within = watched(player, site, FAKE, ALLOW, f"--use-file-for-fake-video-capture={path}")
        context = within.__enter__()
        open_ones.append(within)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(f"{site.url}/verify?lang=en")
        ready(page, site)
        return page

    yield projected
    for within in open_ones:
        within.__exit__(None, None, None)


def start(page: Page) -> None:
    page.click("#camera-start")


def verdicts(page: Page) -> list[str | None]:
    page.wait_for_selector("[data-verdict]", timeout=30_000)
    return [each.get_attribute("data-verdict") for each in page.locator("[data-verdict]").all()]


@pytest.mark.parametrize("scene", ["rotated", "blurred", "dim", "small", "moving", "perspective"])
def test_a_code_is_read_however_it_is_held(project: Projector, site: Site, scene: str) -> None:
    page = project(scenes(site.contents["suspended"], site.contents["revoked"])[scene])
    start(page)
    assert verdicts(page) == ["suspended"]


def test_two_codes_at_once_are_both_judged(project: Projector, site: Site) -> None:
    page = project(scenes(site.contents["valid"], site.contents["revoked"])["two"])
    start(page)
    assert verdicts(page) == ["revoked", "valid"]


def test_a_code_that_stays_in_view_is_not_read_again_and_the_camera_goes_on(project: Projector, site: Site) -> None:
    page = project(scenes(site.contents["valid"], "x")["clean"])
    start(page)
    assert verdicts(page) == ["valid"]
    assert page.evaluate("() => document.getElementById('camera-video').srcObject.active")
    page.keyboard.press("Space")
    expect(page.locator("#camera-told")).to_have_text("Hold the QR code before the camera.")
    page.wait_for_timeout(2_000)
    assert page.locator("[data-verdict]").count() == 0
    page.keyboard.press("Escape")
    expect(page.locator("#camera-told")).to_have_text("The camera is off.")
    start(page)
    assert verdicts(page) == ["valid"]


def test_several_codes_in_a_row_come_to_their_verdicts_while_the_camera_runs(project: Projector, site: Site) -> None:
    """The film changes papers; each answer is left by the key for the next one."""
    names = ("valid", "expired", "suspended", "revoked", "superseded", "not_yet_valid")
    papers = [laid((code_picture(site.contents[name], 600), (640, 360))) for name in names]
    page = project(lambda n: papers[n // 5], 5 * len(names))
    start(page)
    seen: set[str | None] = set()
    for _ in range(5 * len(names)):
        seen.update(verdicts(page))
        if seen == set(names):
            break
        page.keyboard.press("Space")
    assert seen == set(names)


def test_a_poster_is_named_when_it_stays_and_never_opened(project: Projector, site: Site) -> None:
    poster = laid((code_picture("https://example.com/poster", 400), (640, 360)))
    page = project(lambda _: poster)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    start(page)
    assert verdicts(page) == ["not_a_licence"]
    expect(page.locator(".sentence")).to_contain_text("a web link")
    assert not [url for url in asked if "example.com" in url]


def test_a_film_without_a_code_ends_in_advice_and_never_in_an_error(project: Projector, site: Site) -> None:
    page = project(scenes(site.contents["valid"], "x")["nothing"])
    start(page)
    expect(page.locator("#camera-told")).to_contain_text("No code seen yet.")
    expect(page.locator("#camera-photo")).to_be_visible()
    assert page.locator(".troubles").count() == 0
    # Hidden, it rests and says so; shown again, it goes on.
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    expect(page.locator("#camera-told")).to_have_text("Paused while this page is in the background.")
    page.evaluate(hide, False)
    expect(page.locator("#camera-told")).to_have_text("Hold the QR code before the camera.")
    page.evaluate(
        "() => document.getElementById('camera-video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    expect(page.locator("#camera-told")).to_contain_text("unplugged or taken by another program")
    expect(page.locator("#camera-start")).to_be_visible()


def test_refused_absent_and_busy_cameras_are_told_in_words(player: Playwright, site: Site) -> None:
    cases = [
        ((FAKE,), None, "The camera is not allowed here."),
        ((), None, "No camera was found on this device."),
        ((FAKE, ALLOW), "NotReadableError", "The camera is in use by another program."),
        ((FAKE, ALLOW), "NothingKnownError", "The camera could not be started."),
    ]
    for arguments, error, told in cases:
        with watched(player, site, *arguments, allowed=arguments != (FAKE,)) as context:
            if error:
                context.add_init_script(
                    "navigator.mediaDevices.getUserMedia = "
                    f"() => Promise.reject(Object.assign(new Error('x'), {{ name: '{error}' }}))"
                )
            page = context.new_page()
            page.goto(f"{site.url}/verify?lang=en")
            ready(page, site)
            start(page)
            expect(page.locator("#camera-told")).to_contain_text(told)
            expect(page.locator("#camera-start")).to_be_visible()
            page.fill("#content", site.contents["valid"])
            page.keyboard.press("Enter")
            assert verdicts(page) == ["valid"]


def test_lens_light_and_zoom_are_offered_where_the_device_has_them(player: Playwright, site: Site) -> None:
    """Chromium's make-believe cameras: two of them, with no light; the light and zoom are those of a phone's track."""
    phone = """() => {
        const wishes = [];
        globalThis.wishes = wishes;
        MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 5, step: 0.5 } });
        MediaStreamTrack.prototype.applyConstraints = async (wish) => { wishes.push(wish.advanced[0]); };
    }"""
    with watched(player, site, f"{FAKE}=device-count=2", ALLOW) as context:
        page = context.new_page()
        page.goto(f"{site.url}/verify?lang=en")
        ready(page, site)
        start(page)
        expect(page.locator("#camera-lens option")).to_have_count(2)
        expect(page.locator("#camera-torch-part")).to_be_hidden()
        page.evaluate(phone)
        page.select_option("#camera-lens", index=1)
        expect(page.locator("#camera-torch-part")).to_be_visible()
        page.click("#camera-torch")
        expect(page.locator("#camera-torch")).to_have_attribute("aria-pressed", "true")
        page.fill("#camera-zoom", "2.5")
        assert page.evaluate("() => wishes") == [{"torch": True}, {"zoom": 2.5}]
        chosen = page.input_value("#camera-lens")
        # The lens is remembered, and a camera that was in use and is allowed starts by itself.
        page.reload()
        expect(page.locator("#camera-lens")).to_have_value(chosen)
