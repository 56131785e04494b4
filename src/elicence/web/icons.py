"""Icons for a page that is installed: the mark of `static/mark.svg`, drawn as PNG in the sizes that systems ask for."""

import io
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["png_icons"]

_SIZES: Final = (192, 512)
_FINER: Final = 4
_MASKED: Final = 0.7
"""How much of the side the mark has where a system cuts the corners off: all of it lies in the circle that stays."""
_RECT: Final = re.compile(r'<rect width="(\d+)" height="\1" rx="(\d+)" fill="(#\w+)"/>')
_PATH: Final = re.compile(r'<path d="M(\d+) (\d+)l([\d -]+)" fill="none" stroke="(#\w+)" stroke-width="(\d+)"/>')


def png_icons(mark: str) -> Mapping[str, bytes]:
    """By name: `mark-192.png`, `mark-512.png`, and `mark-maskable.png`, whose colour runs to the edge."""
    drawn = {f"mark-{size}.png": _drawn(mark, size) for size in _SIZES}
    return drawn | {"mark-maskable.png": _drawn(mark, _SIZES[-1], masked=True)}


def _drawn(mark: str, size: int, *, masked: bool = False) -> bytes:
    rect, path = _RECT.search(mark), _PATH.search(mark)
    if rect is None or path is None:
        raise ValueError("the mark is not one square and one stroke")
    side, corner, ground = float(rect[1]), float(rect[2]), rect[3]
    scale = size * _FINER / side
    image = Image.new("RGBA", (size * _FINER, size * _FINER), ground if masked else (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, image.width - 1, image.height - 1), 0 if masked else corner * scale, fill=ground)
    inner = scale * (_MASKED if masked else 1)
    off = (image.width - inner * side) / 2
    points = [(off + x * inner, off + y * inner) for x, y in _corners(path)]
    pen.line(points, fill=path[4], width=round(float(path[5]) * inner), joint="curve")
    buffer = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _corners(path: re.Match[str]) -> list[tuple[float, float]]:
    steps = [float(each) for each in re.findall(r"-?\d+", path[3])]
    across, down = accumulate(steps[::2], initial=float(path[1])), accumulate(steps[1::2], initial=float(path[2]))
    return list(zip(across, down, strict=True))
