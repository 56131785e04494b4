"""QR codes out of pictures and PDF files: photos, scans and print-outs as people hand them in.

Everything comes from strangers. A picture is opened only as PNG, JPEG or WebP and only up to 50 million pixels, a PDF
only up to 50 pages; what a code says is returned as text and neither judged nor opened here. pdfium is not safe to
use from several threads at a time.
"""

import io
import math
from collections.abc import Iterator
from typing import Final

import pypdfium2
import zxingcpp
from PIL import Image

from elicence.errors import FormatError

__all__ = ["read_codes"]

MAX_PIXELS: Final = 50_000_000
MAX_PAGES: Final = 50
_DOTS_PER_INCH: Final = 300
_LONGEST_SIDE: Final = 14_400  # points: the largest page PDF allows (ISO 32000-1 annex C)
_POINTS_PER_INCH: Final = 72
_PDF_START: Final = 1024  # readers look for %PDF- within the first kilobyte


def read_codes(data: bytes, *, max_bytes: int = 30_000_000) -> tuple[str, ...]:
    """The texts of all QR codes in a picture or on all pages of a PDF, each text once, in the order found."""
    is_pdf = b"%PDF-" in data[:_PDF_START]
    if len(data) > max_bytes:
        code = "pdf_too_large" if is_pdf else "image_too_large"
        raise FormatError(code, f"the file has {len(data)} bytes, at most {max_bytes} are read")
    pictures = _pages(data) if is_pdf else iter([_picture(data)])
    texts = {text: None for picture in pictures for text in _codes(picture)}
    if not texts:
        raise FormatError("qr_unreadable", "no QR code could be read in the file")
    return tuple(texts)


def _codes(picture: Image.Image) -> Iterator[str]:
    found = zxingcpp.read_barcodes(
        picture,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        try_rotate=True,
        try_downscale=True,
        try_invert=True,
        text_mode=zxingcpp.TextMode.Plain,
    )
    yield from (code.text for code in found if code.text)


def _picture(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            _check_pixels(*picture.size)
            picture.load()
            return _on_white(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FormatError("image_too_large", f"the picture has more than {MAX_PIXELS} pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise FormatError("image_bad", "the file is not a whole PNG, JPEG or WebP picture, nor a PDF") from error


def _on_white(picture: Image.Image) -> Image.Image:
    """Grey levels on white paper: a transparent background would otherwise turn black and swallow the code."""
    if not picture.has_transparency_data:
        return picture.convert("L")
    # Grey and alpha alone need half a dozen bytes a pixel; whole colours would need a gigabyte for a large picture.
    grey = picture.convert("LA")
    paper = Image.new("L", grey.size, 255)
    paper.paste(grey.getchannel("L"), mask=grey.getchannel("A"))
    return paper


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise FormatError("image_too_large", f"the picture has more than {MAX_PIXELS} pixels")


def _pages(data: bytes) -> Iterator[Image.Image]:
    try:
        with pypdfium2.PdfDocument(data) as pdf:
            if len(pdf) > MAX_PAGES:
                raise FormatError("pdf_too_large", f"the PDF has {len(pdf)} pages, at most {MAX_PAGES} are read")
            for number in range(len(pdf)):
                yield _rendered(pdf[number])
    except (pypdfium2.PdfiumError, OSError, ValueError, MemoryError) as error:
        raise FormatError("pdf_bad", "the PDF is damaged, empty or locked by a password") from error


def _rendered(page: pypdfium2.PdfPage) -> Image.Image:
    width, height = page.get_size()
    # A poster is drawn coarser rather than refused: its code is larger, too.
    if not 1 <= min(width, height) <= max(width, height) <= _LONGEST_SIDE:
        raise FormatError("pdf_bad", "a page of the PDF has no size that a sheet of paper could have")
    scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, math.sqrt(MAX_PIXELS / (width * height)))
    picture: Image.Image = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    page.close()
    return picture
