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
