"""Films of our own QR codes for Chromium's make-believe camera: JPEG pictures one after another, made with Pillow."""

import io
import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

from elicence.formats.qr import make_symbol, png

SIZE = (1280, 720)
DESK = (196, 190, 180)
Frame = Callable[[int], Image.Image]


def code_picture(content: str, side: int) -> Image.Image:
    """The QR symbol of a content on its white paper, `side` pixels wide."""
    symbol = Image.open(io.BytesIO(png(make_symbol(content), 6))).convert("RGB")
    return symbol.resize((side, side), Image.Resampling.LANCZOS)


def laid(*papers: tuple[Image.Image, tuple[int, int]], size: tuple[int, int] = SIZE) -> Image.Image:
    """Papers on a desk, each by its middle."""
    scene = Image.new("RGB", size, DESK)
    for paper, (x, y) in papers:
        at = x - paper.width // 2, y - paper.height // 2
        scene.paste(paper, at, paper if paper.mode == "RGBA" else None)
    return scene


def turned(paper: Image.Image, degrees: float) -> Image.Image:
    return paper.convert("RGBA").rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)


def tilted(paper: Image.Image, share: float = 0.12) -> Image.Image:
    """The paper as it looks from below: its upper edge is shorter."""
    w, h = paper.size
    inset = share * w
    source = ((0, 0), (w, 0), (w, h), (0, h))
    target = ((inset, h * share / 2), (w - inset, h * share / 2), (w, h), (0, h))
    return paper.convert("RGBA").transform(
        paper.size, Image.Transform.PERSPECTIVE, _coefficients(target, source), Image.Resampling.BICUBIC
    )


def _coefficients(seen: tuple, meant: tuple) -> list[float]:
    """The eight numbers that take what is seen back to what was meant, by Gaussian elimination."""
    rows = []
    for (x, y), (u, v) in zip(seen, meant, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    for i in range(8):
        pivot = max(range(i, 8), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(8):
            if r != i:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[8] for row in rows]


def scenes(content: str, other: str) -> dict[str, Frame]:
    """What the camera sees, by name: a function of the number of the frame."""
    middle = SIZE[0] // 2, SIZE[1] // 2
    paper = code_picture(content, 560)
    still = laid((paper, middle))
    small = laid((code_picture(content, 330), (430, 400)))
    two = laid((code_picture(content, 520), (330, 360)), (code_picture(other, 520), (950, 360)))
    perspective = laid((tilted(paper), middle))
    rotated = laid((turned(code_picture(content, 500), 24), middle))
    return {
        "clean": lambda _: still,
        "rotated": lambda _: rotated,
        "blurred": lambda _: still.filter(ImageFilter.GaussianBlur(1.6)),
        "dim": lambda _: ImageEnhance.Contrast(ImageEnhance.Brightness(still).enhance(0.22)).enhance(0.8),
        "small": lambda _: small,
        "moving": lambda n: laid((paper, (640 + int(160 * math.sin(n / 3)), 360 + int(40 * math.cos(n / 2))))),
        "perspective": lambda _: perspective,
        "nothing": lambda _: laid(),
        "two": lambda _: two,
    }  # fmt: skip


def film(path: Path, frame: Frame, *, frames: int = 12) -> Path:
    """Writes a film that a make-believe camera plays over and over."""
    with path.open("wb") as file:
        for n in range(frames):
            frame(n).save(file, "JPEG", quality=80)
    return path
