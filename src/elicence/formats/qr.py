"""QR symbols for licence URLs, drawn from the matrix of the `qrcode` library (ISO/IEC 18004).

A licence URL goes in as two segments, the URL part in byte mode and its digits in numeric mode; an upper-case short
URL as one alphanumeric segment. Level M repairs about 15 % of the symbol; the quiet zone is four modules wide.

>>> short_url("https://licence.example", "7k3m9qx2v1a8")
'HTTPS://LICENCE.EXAMPLE/V/7K3M9QX2V1A8'
>>> make_symbol(short_url("https://licence.example", "7k3m9qx2v1a8")).version
2
"""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final, Literal

from PIL import Image
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode
from qrcode.util import BIT_LIMIT_TABLE, MODE_8BIT_BYTE, MODE_ALPHA_NUM, MODE_NUMBER, QRData, length_in_bits

from elicence.errors import FormatError

__all__ = ["QUIET_ZONE", "Level", "Symbol", "make_symbol", "png", "short_url", "svg", "symbol_version", "terminal"]

Level = Literal["L", "M", "Q", "H"]

QUIET_ZONE: Final = 4
_LEVELS: Final = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
_ALPHANUMERIC: Final = re.compile(r"[0-9A-Z $%*+\-./:]+")
_TEXT_AND_DIGITS: Final = re.compile(r"(?P<text>.*?[^0-9])(?P<digits>[0-9]{20,})", re.DOTALL)
_WHITE_ON_BLACK: Final = "\x1b[38;5;231;48;5;16m"
_PLAIN: Final = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol without its quiet zone: `modules[row][column]` is True where it is dark."""

    version: int
    modules: tuple[tuple[bool, ...], ...]

    @property
    def size(self) -> int:
        """Modules on each side, quiet zone not counted: 21 for version 1, four more for each further version."""
        return len(self.modules)


def short_url(base_url: str, code: str) -> str:
    """The online code for cards and narrow terminals: all upper case, so that it fits alphanumeric mode."""
    return f"{base_url}/v/{code}".upper()


def symbol_version(content: str, *, level: Level = "M") -> int:
    """The smallest version (1 to 40) that holds `content`; qr_too_dense if none does.

    Counted from the lengths of the segments (ISO/IEC 18004 §7.4), a hundredth of the time that building the bits takes.
    """
    version = _smallest(level, tuple([(mode, len(text)) for mode, text in _segments(_checked(content))]))
    if version is None:
        raise FormatError("qr_too_dense", f"{len(content)} characters fit into no QR code of level {level}")
    return version


@lru_cache(maxsize=4096)
def _smallest(level: Level, segments: tuple[tuple[int, int], ...]) -> int | None:
    """The smallest version for segments of these modes and sizes: licences of a type differ by few digits."""
    limits = BIT_LIMIT_TABLE[_LEVELS[level]]
    for version in range(1, len(limits)):
        if sum(_bits(mode, size, version) for mode, size in segments) <= limits[version]:
            return version
    return None


def make_symbol(content: str, *, level: Level = "M") -> Symbol:
    """The smallest symbol that holds `content` (ASCII)."""
    version = symbol_version(content, level=level)
    code = QRCode(version=version, error_correction=_LEVELS[level], border=QUIET_ZONE)
    for mode, text in _segments(content):
        code.add_data(QRData(text.encode("ascii"), mode=mode, check_data=False), optimize=0)
    code.make(fit=False)
    return Symbol(version=version, modules=tuple(tuple(bool(dark) for dark in row) for row in code.modules))


def svg(symbol: Symbol) -> bytes:
    """The symbol with its quiet zone as SVG, one unit a module, without script, style or outside reference."""
    side = symbol.size + 2 * QUIET_ZONE
    path = []
    for row, modules in enumerate(symbol.modules, QUIET_ZONE):
        column = QUIET_ZONE
        for dark, run in groupby(modules):
            length = len(list(run))
            if dark:
                path.append(f"M{column} {row}h{length}v1h-{length}z")
            column += length
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{"".join(path)}"/></svg>\n'
    )
    return drawing.encode("ascii")


def png(symbol: Symbol, scale: int = 8) -> bytes:
    """The symbol with its quiet zone as a black-and-white PNG, `scale` pixels a module."""
    if not 1 <= scale <= 64:
        raise FormatError("qr_too_dense", f"a module is drawn with 1 to 64 pixels, not {scale}")
    side = symbol.size + 2 * QUIET_ZONE
    picture = Image.new("1", (side, side), 1)
    for row, modules in enumerate(symbol.modules, QUIET_ZONE):
        for column, dark in enumerate(modules, QUIET_ZONE):
            if dark:
                picture.putpixel((column, row), 0)
    out = io.BytesIO()
    picture.resize((side * scale, side * scale), Image.Resampling.NEAREST).save(out, "PNG", optimize=True)
    return out.getvalue()


def terminal(symbol: Symbol, *, colour: bool = True) -> str:
    """The symbol with its quiet zone in half blocks, two rows a line; light modules are the painted ones.

    With `colour` each line fixes white on black, so that the symbol is right on any terminal; without, it is right
    on dark ones.
    """
    light = [(True,) * (symbol.size + 2 * QUIET_ZONE)] * QUIET_ZONE
    sides = (True,) * QUIET_ZONE
    rows = [*light, *(sides + tuple(not dark for dark in row) + sides for row in symbol.modules), *light]
    rows.append((False,) * len(rows[0]))  # the number of rows is odd
    blocks = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    lines = (
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(f"{_WHITE_ON_BLACK}{line}{_PLAIN}\n" if colour else f"{line}\n" for line in lines)


def _checked(content: str) -> str:
    if not content.isascii() or not content:
        raise FormatError("qr_alphabet", "a QR code of a licence has content, and only ASCII characters")
    return content


def _bits(mode: int, size: int, version: int) -> int:
    """Mode indicator, character count and data of one segment of `size` characters."""
    if mode == MODE_NUMBER:  # three digits in ten bits
        data = 10 * (size // 3) + (0, 4, 7)[size % 3]
    elif mode == MODE_ALPHA_NUM:  # two characters in eleven bits
        data = 11 * (size // 2) + 6 * (size % 2)
    else:
        data = 8 * size
    return 4 + int(length_in_bits(mode, version)) + data


def _segments(content: str) -> list[tuple[int, str]]:
    """The mode and the text of each segment."""
    if content.isdigit():
        return [(MODE_NUMBER, content)]
    if _ALPHANUMERIC.fullmatch(content):
        return [(MODE_ALPHA_NUM, content)]
    if found := _TEXT_AND_DIGITS.fullmatch(content):
        return [(MODE_8BIT_BYTE, found["text"]), (MODE_NUMBER, found["digits"])]
    return [(MODE_8BIT_BYTE, content)]
