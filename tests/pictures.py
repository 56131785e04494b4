"""Reading the QR code in a picture with zxing-cpp, as a phone would, past all of our own code."""

import io
from pathlib import Path

import zxingcpp
from PIL import Image


def text_in(picture: bytes | Path) -> str:
    """What the one QR code in the picture says.

    Asked for every kind of code, the reader takes the modules of about one picture in a thousand for a bar code too.
    """
    source = io.BytesIO(picture) if isinstance(picture, bytes) else picture
    with Image.open(source) as opened:
        (found,) = zxingcpp.read_barcodes(opened, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return str(found.text)


def texts_in_terminal(text: str, *, scale: int = 4) -> list[str]:
    """What the QR codes say that a dark terminal shows in half blocks, beside each other or below."""
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255)}
    lines = text.splitlines()
    picture = Image.new("L", (max(map(len, lines)), 2 * len(lines)))
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            for half, shade in enumerate(halves.get(character, (0, 0))):
                picture.putpixel((column, 2 * row + half), shade)
    picture = picture.resize((scale * picture.width, scale * picture.height), Image.Resampling.NEAREST)
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [str(each.text) for each in found]
