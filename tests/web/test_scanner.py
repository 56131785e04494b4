"""USB scanners: keyboards that type faster than people, under every layout, wherever the focus is."""

import time

import pytest
from playwright.sync_api import CDPSession, Page, expect
from tests.web.browsing import SEND, pressed, scan
from tests.web.screens import ready
from tests.web.site import Site

# What the keys of a scanner with the US setting become on a computer that is set to another layout: `key` by `code`.
# Only what differs and occurs in an address, digits and a token.
COMPUTERS = {
    "german": {
        "KeyY": "zZ", "KeyZ": "yY", "Semicolon": "öÖ", "Slash": "-_", "Minus": "ß?", "Digit3": "3§", "Equal": "´`",
    },
    "french": {
        "KeyQ": "aA", "KeyA": "qQ", "KeyW": "zZ", "KeyZ": "wW", "KeyM": ",?", "Semicolon": "mM", "Slash": "!§",
        "Period": ":/", "Minus": ")°", "Digit0": "à0", "Digit1": "&1", "Digit2": "é2", "Digit3": '"3', "Digit4": "'4",
        "Digit5": "(5", "Digit6": "-6", "Digit7": "è7", "Digit8": "_8", "Digit9": "ç9",
    },
    "british": {"Digit2": '2"', "Digit3": "3£", "Quote": "'@", "Backslash": "#~", "Backquote": "`¬"},
    "input method": None,
}  # fmt: skip

ENTER = ["Enter", "Enter", False]


def on(computer: str, text: str) -> list[tuple[str, str, bool]]:
    """The events such a scan causes on a computer with that layout: code, key, shift."""
    layout = COMPUTERS[computer]
    events = []
    for (code, shift), character in zip(pressed(text), text, strict=True):
        key = "Process" if layout is None else layout[code][shift] if code in layout else character
        events.append((code, key, shift))
    return [*events, ("Enter", "Enter", False)]


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    page.goto(f"{site.url}/verify?lang=en")
    ready(page, site)
    return page


def verdict(page: Page, name: str) -> None:
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", name)


def test_three_hundred_scans_of_three_hundred_arrive_under_foreign_layouts(desk: Page, site: Site) -> None:
    names = ("valid", "revoked", "suspended", "expired", "superseded")
    layouts = ("german", "french", "british")
    scans = {f"{layout} {name}": on(layout, site.contents[name]) for layout in layouts for name in names}
    for each, events in scans.items():
        meant = site.contents[each.split()[1]]
        assert "".join(key for _, key, _ in events[:-1]) != meant, "the keys are not garbled"
    order = [f"{layouts[n % 3]} {names[n % 5]}" for n in range(300)]
    arrived = desk.evaluate(
        """async ([scans, order]) => {
            const stage = document.getElementById('answers');
            const answer = () => new Promise((resolve) => {
                const watch = new MutationObserver(() => {
                    const band = stage.querySelector('[data-verdict]');
                    if (stage.hidden || !band) return;
                    watch.disconnect();
                    resolve(band.dataset.verdict);
                });
                watch.observe(stage, { childList: true, attributes: true });
                setTimeout(() => resolve('nothing'), 60_000);
            });
            const arrived = [];
            for (const each of order) {
                const answered = answer();
                const began = performance.now();
                for (const [n, [code, key, shiftKey]] of scans[each].entries()) {
                    const told = { code, key, shiftKey, bubbles: true, cancelable: true };
                    const event = new KeyboardEvent('keydown', told);
                    Object.defineProperty(event, 'timeStamp', { value: began + 2 * n });
                    document.body.dispatchEvent(event);
                }
                arrived.push(await answered);
                document.getElementById('next').click();
            }
            return arrived;
        }""",
        [scans, order],
    )
    right = sum(got == each.split()[1] for got, each in zip(arrived, order, strict=True))
    print(f"{right} of {len(order)} scans arrived")
    assert right == 300


@pytest.mark.parametrize(
    ("computer", "focus"),
    [("german", None), ("french", "#content"), ("british", "#type"), ("input method", "#content"), ("french", "#code")],
)
def test_keys_of_a_real_keyboard_arrive_wherever_the_focus_is(
    desk: Page, site: Site, computer: str, focus: str | None
) -> None:
    if focus in ("#content", "#code"):
        desk.fill(focus, "ABC")
    desk.evaluate("() => document.activeElement.blur()") if focus is None else desk.focus(focus)
    type_like_a_scanner(desk, on(computer, site.contents["suspended"]))
    verdict(desk, "suspended")
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk")).to_be_visible()


def type_like_a_scanner(page: Page, events: list[tuple[str, str, bool]]) -> None:
    """Real keys, two milliseconds apart by their own account, however busy the machine is.

    The page's timers stand meanwhile: it is this process that may be kept waiting between two keys, and no scanner is.
    """
    session, began = page.context.new_cdp_session(page), time.time()
    now = page.evaluate("() => Date.now()") / 1000  # the registry's, not the machine's
    page.clock.install(time=now)
    page.clock.pause_at(now + 1)
    for n, (code, key, shift) in enumerate(events):
        press(session, code, key, shift, began + n / 500)
    page.clock.resume()


def press(session: CDPSession, code: str, key: str, shift: bool, at: float) -> None:
    text = "\r" if key == "Enter" else key if len(key) == 1 else ""
    event = {
        "timestamp": at,
        "code": code,
        "key": key,
        "modifiers": 8 if shift else 0,
        "windowsVirtualKeyCode": 229 if key == "Process" else 0,
    }
    session.send("Input.dispatchKeyEvent", {"type": "keyDown" if text else "rawKeyDown", "text": text, **event})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


def test_a_scan_arrives_while_an_input_method_is_composing(desk: Page, site: Site) -> None:
    """Somebody has begun a word; every key then belongs to the input method: `isComposing`, key code 229."""
    desk.fill("#content", "")
    desk.focus("#content")
    desk.evaluate(
        """() => {
            globalThis.composing = 0;
            addEventListener('keydown', (event) => { composing += event.isComposing && event.keyCode === 229; }, true);
        }"""
    )
    session = desk.context.new_cdp_session(desk)
    session.send("Input.imeSetComposition", {"text": "zheng'z", "selectionStart": 7, "selectionEnd": 7})
    keys = on("input method", site.contents["superseded"])
    type_like_a_scanner(desk, keys)
    verdict(desk, "superseded")
    assert desk.evaluate("() => composing") >= len(keys) - 1
    desk.keyboard.press("Enter")
    expect(desk.locator("#desk")).to_be_visible()
    assert "http" not in desk.input_value("#content")


@pytest.mark.parametrize("layout", ["german", "french", "british"])
def test_a_scanner_set_to_another_layout_than_the_computer_is_understood(desk: Page, site: Site, layout: str) -> None:
    """The scanner presses the keys that would be right on that layout; the computer is set to the US one."""
    shifted = {
        "german": {":": ("Period", True), "/": ("Digit7", True), "#": ("Backslash", False), "-": ("Slash", False)},
        "french": {},
        "british": {"#": ("Backslash", False)},
    }[layout]
    content = site.contents["revoked"]
    if layout == "french":
        content = content.partition("#")[2]  # its # needs a third level, which such scanners send as Alt codes
    keys = []
    for character in content:
        code, shift = shifted.get(character) or pressed(character)[0]
        keys.append([code, "?", shift or (layout == "french" and character.isdigit())])
    desk.evaluate(SEND, [[*keys, ENTER], "body"])
    verdict(desk, "revoked")


def test_nothing_a_person_types_is_swallowed(desk: Page) -> None:
    desk.focus("#tail")
    desk.keyboard.type("0123456789abcdefgh", delay=1)  # as fast as nobody: too short for a licence
    expect(desk.locator("#tail")).to_have_value("0123456789abcdefgh")
    desk.focus("#content")
    text = "a letter that somebody types, quickly, at a hundred words a minute"
    desk.keyboard.type(text, delay=100)
    expect(desk.locator("#content")).to_have_value(text)
    desk.focus("#content")
    desk.evaluate(
        """() => {
            for (let n = 0; n < 60; n += 1) {
                const held = { code: 'KeyA', key: 'a', repeat: n > 0, bubbles: true, cancelable: true };
                document.activeElement.dispatchEvent(new KeyboardEvent('keydown', held));
            }
        }"""
    )
    desk.wait_for_timeout(300)
    assert desk.locator("[data-verdict], .troubles").count() == 0
    expect(desk.locator("#content")).to_have_value(text)


def test_a_scan_leaves_the_field_it_fell_into_as_it_was(desk: Page, site: Site) -> None:
    desk.fill("#tail", "1r5l")
    desk.focus("#tail")
    type_like_a_scanner(desk, on("german", site.contents["valid"]))
    verdict(desk, "valid")
    expect(desk.locator("#tail")).to_have_value("1r5l")


def test_a_scanner_without_enter_and_one_with_tab_work_too(desk: Page, site: Site) -> None:
    scan(desk, site.contents["valid"], suffix=None)
    verdict(desk, "valid")
    desk.keyboard.press("Space")
    scan(desk, site.contents["expired"], suffix="Tab")
    verdict(desk, "expired")


def test_the_next_scan_replaces_the_answer_and_its_enter_is_not_next(desk: Page, site: Site) -> None:
    for name in ("valid", "revoked"):
        scan(desk, site.contents[name])
        verdict(desk, name)
    expect(desk.locator("#answers")).to_be_visible()


# The setup sheet

TEST = "elicence:scanner/AZQWYM#0123456789?_=-.azqwym"


def setup(page: Page, site: Site, keys: list) -> str | None:
    page.goto(f"{site.url}/scanner-setup?lang=en")
    assert page.get_attribute("[data-test=keys]", "data-text") == TEST
    page.wait_for_selector("html.ready")
    page.evaluate(SEND, [keys, "body"])
    page.wait_for_selector("[data-found]")
    return page.get_attribute("#test-said", "data-found")


def us_keys(text: str) -> list[list]:
    return [[code, character, shift] for (code, shift), character in zip(pressed(text), text, strict=True)]


@pytest.mark.parametrize("computer", ["german", "french", "british", "input method"])
def test_the_us_setting_is_right_on_every_computer(page: Page, site: Site, computer: str) -> None:
    assert setup(page, site, [list(each) for each in on(computer, TEST)]) == "scanner.good"
    expect(page.locator("#test-said strong")).to_have_text("The scanner works")


def test_wrong_settings_are_named(page: Page, site: Site) -> None:
    german = {"A": "A", "Z": "Y", "Y": "Z", "z": "y", "y": "z"}
    special = {":": ("Period", True), "/": ("Digit7", True), "#": ("Backslash", False), "?": ("Minus", True),
               "_": ("Slash", True), "=": ("Digit0", True), "-": ("Slash", False)}  # fmt: skip
    keys = [[*(special.get(c) or pressed(german.get(c, c))[0]), c] for c in TEST]
    as_events = [[code, "x", shift] for code, shift, _ in keys]
    assert setup(page, site, [*as_events, ENTER]) == "scanner.wrong_layout"
    expect(page.locator("#test-said")).to_contain_text("set to the German keyboard")
    same = [[code, character, shift] for code, shift, character in keys]
    assert setup(page, site, [*same, ENTER]) == "scanner.good_same"
    caps = [
        [code, key, not shift if code.startswith("Key") else shift]
        for code, key, shift in us_keys(TEST.swapcase().swapcase())
    ]
    assert setup(page, site, [*[[c, "x", s] for c, _, s in caps], ENTER]) == "scanner.caps"
    lost = us_keys(TEST)
    del lost[7], lost[20]
    assert setup(page, site, [*lost, ENTER]) == "scanner.lost"
    expect(page.locator("#test-said")).to_contain_text(f"2 of {len(TEST)} characters are missing")
    assert setup(page, site, [*us_keys("prefix"), *us_keys(TEST), ENTER]) == "scanner.additions"
    assert setup(page, site, [*us_keys("something.else.altogether"), ENTER]) == "scanner.unknown"
    assert setup(page, site, us_keys(TEST)) == "scanner.good"
    expect(page.locator("#test-said")).to_contain_text("The scanner ends without Enter.")


def test_the_long_test_code_counts_what_is_lost(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/scanner-setup?lang=en")
    long = page.get_attribute("[data-test=long]", "data-text") or ""
    assert len(long) > 1000
    keys = us_keys(long)
    assert setup(page, site, [*keys, ENTER]) == "scanner.good"
    del keys[500:503]
    assert setup(page, site, [*keys, ENTER]) == "scanner.lost"
    expect(page.locator("#test-said")).to_contain_text("3 of")
