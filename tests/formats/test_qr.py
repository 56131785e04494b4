"""QR symbols: the smallest version, read back by two independent readers, drawn in three ways."""

import doctest
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from tests.benchmarks import bench_qr

from elicence.errors import FormatError
from elicence.formats import qr
from elicence.formats.frame import decode_frame, digits_of
from elicence.formats.qr import QUIET_ZONE, Symbol, make_symbol, png, short_url, svg, symbol_version, terminal

CAPACITY = json.loads((Path(__file__).parents[1] / "vectors/qr-capacity/capacity.json").read_text("utf-8"))["capacity"]
HOST = "https://licence.example"
URL = f"{HOST}/v#" + "".join(str(index * index % 10) for index in range(1200))
MIXED = make_symbol(URL)


def picture(symbol: Symbol, scale: int = 4) -> Image.Image:
    import io

    return Image.open(io.BytesIO(png(symbol, scale)))


def needed_bits(version: int, text: int, digits: int) -> int:
    """ISO/IEC 18004: four bits of mode, a length field by version, 8 bits a byte, 10 bits for three digits."""
    byte_field, digit_field = (8, 10) if version < 10 else (16, 12) if version < 27 else (16, 14)
    return 4 + byte_field + 8 * text + 4 + digit_field + 10 * (digits // 3) + (0, 4, 7)[digits % 3]


def test_the_examples_in_the_module_run() -> None:
    assert doctest.testmod(qr).failed == 0


@pytest.mark.parametrize("digits", [200, 513, 600, 900, 1266, 1267, 2000, 4296])
@pytest.mark.parametrize("level", ["L", "M", "Q"])
def test_a_licence_url_takes_two_segments_and_the_smallest_version_that_holds_them(digits: int, level: str) -> None:
    text = f"{HOST}/v#"
    fitting = [
        version
        for version in range(1, 41)
        if needed_bits(version, len(text), digits) <= CAPACITY[str(version)][level]["data_bits"]
    ]
    if not fitting:
        with pytest.raises(FormatError, match="qr_too_dense"):
            symbol_version(text + "7" * digits, level=level)
    else:
        assert symbol_version(text + "7" * digits, level=level) == fitting[0]


@pytest.mark.parametrize("version", [1, 4, 9, 10, 26, 27, 40])
@pytest.mark.parametrize(("mode", "character"), [("numeric", "7"), ("alphanumeric", "A"), ("byte", "a")])
def test_a_single_segment_fills_a_version_to_the_last_character(version: int, mode: str, character: str) -> None:
    most = CAPACITY[str(version)]["M"][mode]
    assert symbol_version(character * most) == version
    if version < 40:
        assert symbol_version(character * (most + 1)) == version + 1
    else:
        with pytest.raises(FormatError, match="qr_too_dense"):
            make_symbol(character * (most + 1))


@pytest.mark.parametrize("content", ["", "证照", "é"])
def test_only_ascii_content_is_drawn(content: str) -> None:
    with pytest.raises(FormatError, match="qr_alphabet"):
        make_symbol(content)


def test_the_symbol_is_square_and_has_its_three_finders() -> None:
    assert MIXED.size == 17 + 4 * MIXED.version
    assert all(len(row) == MIXED.size for row in MIXED.modules)
    assert [MIXED.modules[3][3], MIXED.modules[3][-4], MIXED.modules[-4][3]] == [True, True, True]
    assert make_symbol(URL) == MIXED, "drawing is deterministic"


@pytest.mark.parametrize("content", [URL, short_url(HOST, "7k3m9qx2v1a8"), "12345", "plain text", f"{HOST}/v#1"])
def test_another_reader_reads_what_was_drawn(content: str) -> None:
    found = zxingcpp.read_barcodes(picture(make_symbol(content)))
    assert [code.text for code in found] == [content]


@pytest.mark.skipif(not shutil.which("zbarimg"), reason="zbarimg (package zbar-tools) is not installed")
@pytest.mark.parametrize("content", [URL, short_url(HOST, "7k3m9qx2v1a8")])
def test_zbar_reads_what_was_drawn(content: str, tmp_path: Path) -> None:
    file = tmp_path / "code.png"
    file.write_bytes(png(make_symbol(content)))
    run = subprocess.run(["zbarimg", "--quiet", "--raw", str(file)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == content


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_a_png_has_the_quiet_zone_and_the_scale_asked_for(scale: int) -> None:
    drawn = picture(MIXED, scale)
    side = MIXED.size + 2 * QUIET_ZONE
    assert drawn.size == (side * scale, side * scale)
    light = [drawn.getpixel((x * scale, y * scale)) for x in range(side) for y in (0, QUIET_ZONE - 1, side - 1)]
    assert all(light)
    dark = [[not drawn.getpixel((x * scale, y * scale)) for x in range(4, side - 4)] for y in range(4, side - 4)]
    assert tuple(map(tuple, dark)) == MIXED.modules


@pytest.mark.parametrize("scale", [0, -1, 65])
def test_a_png_of_impossible_scale_is_refused(scale: int) -> None:
    with pytest.raises(FormatError, match="qr_too_dense"):
        png(MIXED, scale)


def test_an_svg_is_plain_well_formed_and_covers_exactly_the_dark_modules() -> None:
    drawing = svg(MIXED)
    root = ElementTree.fromstring(drawing)
    paper, code = root
    assert {element.tag for element in root.iter()} == {
        "{http://www.w3.org/2000/svg}svg",
        "{http://www.w3.org/2000/svg}path",
    }
    assert root.get("viewBox") == f"0 0 {MIXED.size + 8} {MIXED.size + 8}"
    assert paper.get("fill") == "#fff"
    covered = set()
    for column, row, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", code.get("d")):
        assert length == back
        covered |= {(int(row) - 4, int(column) - 4 + step) for step in range(int(length))}
    dark = {(y, x) for y, row in enumerate(MIXED.modules) for x, is_dark in enumerate(row) if is_dark}
    assert covered == dark


@pytest.mark.parametrize("colour", [True, False])
def test_the_terminal_shows_the_symbol_in_half_blocks(colour: bool) -> None:
    lines = terminal(MIXED, colour=colour).splitlines()
    side = MIXED.size + 2 * QUIET_ZONE
    assert all(line.startswith("\x1b[") == colour for line in lines)
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert len(plain) == (side + 1) // 2
    rows = []
    for line in plain:
        assert len(line) == side
        rows += [[mark in "█▀" for mark in line], [mark in "█▄" for mark in line]]
    light = Image.new("1", (side, side))
    for y, row in enumerate(rows[:side]):
        for x, is_light in enumerate(row):
            light.putpixel((x, y), int(is_light))
    found = zxingcpp.read_barcodes(light.resize((side * 4, side * 4)))
    assert [code.text for code in found] == [URL]


@pytest.mark.parametrize(
    "host", ["https://e.cn", "https://licence.shenzhen.gov.cn", "https://" + "licence-registry." * 3 + "cn"]
)
def test_a_short_url_needs_no_more_than_version_4(host: str) -> None:
    content = short_url(host, "7k3m9qx2v1a8")
    assert content == content.upper()
    assert symbol_version(content) <= 4


def test_without_optimising_the_digits_of_a_host_stay_in_the_url_segment() -> None:
    content = "https://10.20.30.40:8443/v#" + "3" * 300
    assert [code.text for code in zxingcpp.read_barcodes(picture(make_symbol(content)))] == [content]
    assert symbol_version(content) == symbol_version("https://licence-exampl.e/v#" + "3" * 300)


def test_every_shipped_example_fits_the_size_that_was_promised() -> None:
    """Version 18 at most with a host of 17 characters, 19 with one of 40, the whole credential, level M."""
    rows = list(bench_qr.measure())
    assert len(rows) >= 2 * 4
    assert {row.example: row.version for row in rows if row.version > bench_qr.GOALS[row.host_length]} == {}
    for row in rows:
        assert decode_frame(digits_of(row.url), {1: bench_qr.DICTIONARY}) == row.jws


def test_the_densest_licence_is_read_from_a_picture_of_four_pixels_a_module() -> None:
    densest = max(bench_qr.measure(), key=lambda row: len(row.digits))
    assert [code.text for code in zxingcpp.read_barcodes(picture(make_symbol(densest.url)))] == [densest.url]
