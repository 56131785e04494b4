"""From paper to verdict at the counter: `python tests/benchmarks/bench_counter.py [--codes 30] [--rounds 3]`.

Chromium's make-believe camera plays films of licences laid down one after the other. Measured inside the page, from the
frame in which a code is first whole in the picture to the heading of its verdict in the page; Space then goes on to the
next. Online, and with the network off once the lists and the reader are at hand; then 50 licences in a row against the
clock. A code that goes by unread counts as one that took for ever. Ends with status 1 if the best of a few rounds is
above a bound. Without Chromium, or without what `make vendor` brings, nothing is measured, and that is said.
"""

import argparse
import io
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from PIL import Image, ImageDraw
from playwright.sync_api import Page, Playwright, sync_playwright
from tests.assembly import house
from tests.web.films import SIZE, code_picture, laid
from tests.web.screens import CHROMIUM, launch, opened, ready
from tests.web.site import Site, ask, food, open_market, served

from elicence.web.static_files import StaticFiles

FRAMES_A_SECOND: Final = 30  # at which Chromium plays such a film
BITS, SQUARE = 8, 40
ONLINE_MS, OFFLINE_MS, ROW_SECONDS = 1_000, 500, 60
ROW: Final = 50
# How many frames a paper lies there, and the desk is empty.
SLOW, BRISK = (36, 9), (22, 5)

# Each paper has its number beside it in black and white squares: so the page's script knows when it saw which.
WATCH = """async ([numbers, wanted, patience]) => {
  const video = document.getElementById('camera-video');
  const stage = document.getElementById('answers');
  const pen = Object.assign(document.createElement('canvas'), { width: 8, height: 1 })
    .getContext('2d', { willReadFrequently: true });
  const first = new Map();
  const told = [];
  let lying = 0;
  let laid = 0;
  const look = (now, { captureTime, presentationTime }) => {
    const square = video.videoHeight * 40 / 720;
    pen.drawImage(video, 0, video.videoHeight - square, 8 * square, square, 0, 0, 8, 1);
    const { data } = pen.getImageData(0, 0, 8, 1);
    const paper = [...Array(8).keys()].reduce((sum, bit) => sum + (data[4 * bit] > 127 ? 2 ** bit : 0), 0);
    if (paper && paper !== lying) {
      first.set(paper, captureTime ?? presentationTime);
      laid += 1;
    }
    lying = paper;
    if (!done) video.requestVideoFrameCallback(look);
  };
  let done = false;
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const ending = setTimeout(() => finish(), patience);
  const answered = new MutationObserver(() => {
    const heading = stage.querySelector('h1.verdict');
    if (stage.hidden || !heading) return;
    const at = performance.now();
    const paper = numbers[stage.querySelector('dl.face bdi.code')?.textContent] ?? 0;
    const { verdict } = stage.querySelector('[data-verdict]').dataset;
    told.push({ paper, verdict, took: at - (first.get(paper) ?? -Infinity) });
    const space = { key: ' ', code: 'Space', bubbles: true, cancelable: true };
    setTimeout(() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', space)));
    if (new Set(told.map((each) => each.paper)).size >= wanted) finish();
  });
  answered.observe(stage, { childList: true, attributes: true });
  const began = performance.now();
  video.requestVideoFrameCallback(look);
  await finished;
  done = true;
  clearTimeout(ending);
  answered.disconnect();
  return { told, laid, seconds: (performance.now() - began) / 1000 };
}"""


def numbered(scene: Image.Image, number: int) -> bytes:
    """The scene as a JPEG with its number in squares at the lower left; none for the empty desk."""
    pen = ImageDraw.Draw(scene)
    for bit in range(BITS):
        left, top = bit * SQUARE, SIZE[1] - SQUARE
        pen.rectangle((left, top, left + SQUARE - 1, top + SQUARE - 1), "white" if number >> bit & 1 else "black")
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def write_film(path: Path, contents: Sequence[str], pace: tuple[int, int]) -> Path:
    """One paper after the other, each picture drawn once and written as often as it stays."""
    lying, empty = pace
    desk = numbered(laid(), 0)
    with path.open("wb") as file:
        for number, content in enumerate(contents, 1):
            paper = numbered(laid((code_picture(content, 600), (SIZE[0] // 2, SIZE[1] // 2 - 20))), number)
            for _ in range(empty):
                file.write(desk)
            for _ in range(lying):
                file.write(paper)
    return path


@contextmanager
def registry_of(folder: Path, count: int) -> Iterator[Site]:
    """A served registry that issued so many licences."""
    with house(folder, None) as built:
        site = Site(built)
        open_market(built)
        for n in range(1, count + 1):
            site.keep(f"{n}", ask(built, food(n)))
        built.assembly.publish()
        built.assembly.bundle.publish(now=built.clock(), at_once=True)
        with served(built.assembly) as site.url:
            yield site


@contextmanager
def at_the_camera(player: Playwright, site: Site, film: Path) -> Iterator[Page]:
    """The counter with its lists, its reader and the camera that plays the film."""
    browser = launch(
        player,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    page = opened(browser, site, permissions=["camera"], viewport={"width": 1024, "height": 800}).new_page()
    page.goto(f"{site.url}/verify?lang=en")
    ready(page, site)
    page.click("#camera-start")
    page.wait_for_selector("h1.verdict")  # the reader is there
    page.keyboard.press("Space")
    page.wait_for_selector("#desk", state="visible")
    yield page
    browser.close()


def watch(page: Page, site: Site, wanted: int, patience_s: float) -> dict[str, Any]:
    numbers = {licence.number: int(name) for name, licence in site.licences.items()}
    return page.evaluate(WATCH, [numbers, wanted, patience_s * 1000])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not pass."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def delays(page: Page, site: Site, name: str, *, codes: int, bound: int) -> bool:
    """Prints how long the verdicts took; whether they kept within the bound."""
    lying, empty = SLOW
    seen = watch(page, site, codes, codes * (lying + empty) / FRAMES_A_SECOND + 5)
    took = [each["took"] for each in seen["told"] if each["paper"]]
    wrong = [each["verdict"] for each in seen["told"] if each["verdict"] != "valid"]
    unread = max(0, seen["laid"] - len(took) - 1)  # the last one may lie there still
    all_of_them = took + [math.inf] * unread
    p50, p95 = percentile(all_of_them, 0.5), percentile(all_of_them, 0.95)
    print(f"{name:8} {len(took):3} verdicts  p50 {p50:5.0f} ms  p95 {p95:5.0f} ms (bound {bound})  "
          f"most {max(took):5.0f} ms  unread {unread}  wrong {len(wrong)}  {load()}", flush=True)  # fmt: skip
    return p95 <= bound and not wrong


def in_a_row(page: Page, site: Site) -> bool:
    """Prints how long 50 different licences took, one after the other."""
    seen = watch(page, site, ROW, 2 * ROW_SECONDS)
    papers = len({each["paper"] for each in seen["told"]})
    print(f"in a row {papers:3} licences in {seen['seconds']:5.1f} s (bound {ROW_SECONDS})  {load()}", flush=True)
    return papers >= ROW and seen["seconds"] <= ROW_SECONDS


def measure(player: Playwright, site: Site, folder: Path, options: argparse.Namespace) -> bool:
    """All three figures, each the best of a few rounds."""
    contents = list(site.contents.values())
    slow = write_film(folder / "slow.mjpeg", contents[: options.codes], SLOW)
    kept = []
    for name, bound, offline in (("online", ONLINE_MS, False), ("offline", OFFLINE_MS, True)):
        for _ in range(options.rounds):
            with at_the_camera(player, site, slow) as page:
                page.context.set_offline(offline)
                good = delays(page, site, name, codes=options.codes, bound=bound)
            if good:
                break
        kept.append(good)
    brisk = write_film(folder / "brisk.mjpeg", contents, BRISK)
    for _ in range(options.rounds):
        with at_the_camera(player, site, brisk) as page:
            good = in_a_row(page, site)
        if good:
            break
    return all((*kept, good))


def main() -> int:
    """0 within the bounds."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--codes", type=int, default=30)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    if not Path(CHROMIUM).exists() or not StaticFiles().has("vendor/zxing-wasm/zxing_reader.wasm"):
        print("bench_counter: chromium (Debian) or static/vendor (`make vendor`) is missing; nothing was measured")
        return 0
    with (
        tempfile.TemporaryDirectory() as home,
        registry_of(Path(home) / "registry", ROW) as site,
        sync_playwright() as player,
    ):
        return 0 if measure(player, site, Path(home), options) else 1


if __name__ == "__main__":
    sys.exit(main())
