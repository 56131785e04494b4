"""What nobody should hand to the counter, handed to the page in the browser: it answers, and nothing else happens."""

import sys
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.web.browsing import paste, scan
from tests.web.screens import ready
from tests.web.site import Site
from tests.web.test_counter import BUNDLE, verdict
from tests.web.test_hostile import SCRIPT, hostile

HIDDEN = "\u202e\u2066\u200b\u3164"


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    page.goto(f"{site.url}/verify?lang=en")
    ready(page, site)
    return page


@pytest.fixture
def long_numbers() -> Iterator[None]:
    """Python by itself writes no number of so many digits."""
    most = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(most)


def bomb(size: int) -> str:
    """The digits of a frame that inflates to so many bytes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(deflate.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)) + deflate.flush()
    return str(int.from_bytes(bytes([1, 1, 20]) + packed + bytes(64), "big"))


def test_a_frame_that_would_inflate_to_a_hundred_megabytes_is_a_damaged_code(
    desk: Page, site: Site, long_numbers: None
) -> None:
    within_a_symbol, beyond = bomb(1_000_000), bomb(100_000_000)
    assert len(within_a_symbol) <= 4296 < len(beyond)
    for digits in (within_a_symbol, beyond):
        paste(desk, f"https://e.example.gov/v#{digits}")
        verdict(desk, "damaged")
        desk.keyboard.press("Enter")
        expect(desk.locator("#desk")).to_be_visible()
    scan(desk, site.contents["valid"])
    verdict(desk, "valid")


@pytest.mark.parametrize(
    ("name", "premises", "shown"),
    [
        (SCRIPT, "somewhere", SCRIPT),
        (f"甲{HIDDEN}公司", "somewhere", "甲U+202EU+2066U+200BU+3164公司"),
        ("somebody", "w" * 5000, "w" * 5000),
    ],
    ids=["script", "unseen", "long"],
)
def test_a_hostile_licence_breaks_out_of_nothing_and_its_trick_is_shown(
    desk: Page, site: Site, name: str, premises: str, shown: str
) -> None:
    paste(desk, hostile(site, name, premises))
    verdict(desk, "valid")
    face = desk.locator("dl.face")
    assert "".join(shown.split()) in "".join((face.text_content() or "").split())
    assert desk.locator("#answers :is(img, script, iframe, a[href])").count() == 0
    assert not set(HIDDEN) & set(face.text_content() or "")
    tricky = desk.locator(".notice-stop")
    expect(tricky).to_have_count(1 if set(HIDDEN) & set(name) else 0)
    assert desk.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    expect(desk.locator("#next")).to_be_in_viewport()


def test_a_name_of_five_thousand_characters_is_no_name(desk: Page, site: Site) -> None:
    paste(desk, hostile(site, "x" * 5000))
    verdict(desk, "unsupported")
    expect(desk.locator("#answers")).not_to_contain_text("xxxxx")


def cut_short(lists: dict[str, str]) -> None:
    for url in lists:
        lists[url] = lists[url][: len(lists[url]) // 2]


def exchanged(lists: dict[str, str]) -> None:
    urls = list(lists)
    assert len(urls) > 1
    for url, token in zip(urls, [lists[each] for each in urls[1:] + urls[:1]], strict=True):
        lists[url] = token


def left_out(lists: dict[str, str]) -> None:
    lists.clear()


@pytest.mark.parametrize("spoil", [cut_short, exchanged, left_out])
def test_a_status_list_that_is_cut_short_exchanged_or_left_out_spoils_the_whole_bundle(
    page: Page, site: Site, spoil: Callable[[dict[str, str]], None]
) -> None:
    bundle = httpx.get(f"{site.url}/v1/trust/bundle").json()
    spoil(bundle["status_lists"])
    page.goto(f"{site.url}/verify?lang=en")
    ready(page, site)
    page.route(BUNDLE, lambda route: route.fulfill(json=bundle))
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("#lists")).not_to_have_attribute("data-state", "good")
    # What was at hand before still serves: the revoked licence is not forgotten.
    paste(page, site.contents["revoked"])
    verdict(page, "revoked")
