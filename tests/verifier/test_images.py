"""QR codes out of files: pictures as telephones and scanners make them, PDFs, and files that want to do harm."""

import io
import struct
import zlib
from collections.abc import Callable

import pypdfium2
import pytest
from PIL import Image, ImageFilter

from elicence.errors import FormatError
from elicence.formats.qr import make_symbol, png
from elicence.verifier.images import MAX_PAGES, read_codes

URL = "https://licence.example/v#" + "".join(str(index * 7 % 10) for index in range(1100))
WIFI = "WIFI:T:WPA;S:office;P:secret;;"
CODE = Image.open(io.BytesIO(png(make_symbol(URL), 6))).convert("L")
SMALL = Image.open(io.BytesIO(png(make_symbol(WIFI), 6))).convert("L")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pdf(*pictures: Image.Image, dots_per_inch: int = 150) -> bytes:
    first, *rest = (picture.convert("L") for picture in pictures)
    return saved(first, "PDF", save_all=True, append_images=rest, resolution=dots_per_inch)


def code_of(data: bytes, **options: int) -> str:
    with pytest.raises(FormatError) as caught:
        read_codes(data, **options)
    return caught.value.code


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_code_is_read_from_each_kind_of_picture(kind: str) -> None:
    assert read_codes(saved(CODE, kind)) == (URL,)


def on_transparent(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    paper.paste((0, 0, 0, 255), mask=picture.point(lambda level: 255 - level))
    return paper


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p.rotate(7, expand=True, fillcolor=255), id="held askew"),
        pytest.param(lambda p: p.transpose(Image.Transpose.ROTATE_90), id="lying"),
        pytest.param(lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT), id="mirrored"),
        pytest.param(lambda p: p.point(lambda level: 255 - level), id="inverted"),
        pytest.param(lambda p: p.filter(ImageFilter.GaussianBlur(2)), id="blurred"),
        pytest.param(lambda p: p.resize((2400, 2400)), id="very large"),
        pytest.param(lambda p: p.point(lambda level: 90 + level // 4), id="faint"),
        pytest.param(lambda p: p.convert("RGB"), id="colour"),
        pytest.param(lambda p: p.convert("1"), id="one bit"),
        pytest.param(lambda p: p.convert("P"), id="palette"),
        pytest.param(on_transparent, id="transparent paper"),
    ],
)
def test_a_code_is_read_however_the_picture_was_made(change: Callable[[Image.Image], Image.Image]) -> None:
    assert read_codes(saved(change(CODE), "PNG")) == (URL,)


def test_all_codes_of_a_picture_are_returned_and_none_is_judged() -> None:
    paper = Image.new("L", (CODE.width + SMALL.width + 60, CODE.height), 255)
    paper.paste(CODE, (0, 0))
    paper.paste(SMALL, (CODE.width + 60, 0))
    assert set(read_codes(saved(paper, "PNG"))) == {URL, WIFI}
    assert read_codes(saved(SMALL, "PNG")) == (WIFI,)


def test_codes_are_read_from_all_pages_of_a_pdf_each_text_once() -> None:
    blank = Image.new("L", CODE.size, 255)
    assert read_codes(pdf(blank, CODE, SMALL, CODE)) == (URL, WIFI)


def test_a_code_printed_small_on_a_large_sheet_is_read_from_the_pdf() -> None:
    sheet = Image.new("L", (210 * 24, 297 * 24), 255)  # A4, 24 dots a millimetre
    modules = CODE.width // 6
    sheet.paste(CODE.resize((modules * 12, modules * 12), Image.Resampling.NEAREST), (2000, 4000))  # 0.5 mm a module
    assert read_codes(pdf(sheet, dots_per_inch=610)) == (URL,)


def test_a_poster_is_drawn_coarser_instead_of_refused() -> None:
    poster = CODE.resize((CODE.width * 2, CODE.height * 2), Image.Resampling.NEAREST)
    assert read_codes(pdf(poster, dots_per_inch=20)) == (URL,)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(Image.new("L", (400, 400), 255), "PNG"), id="blank"),
        pytest.param(pdf(Image.new("L", (400, 400), 255)), id="blank page"),
    ],
)
def test_a_picture_without_a_code_is_unreadable_not_bad(data: bytes) -> None:
    assert code_of(data) == "qr_unreadable"


PNG = saved(CODE, "PNG")
JPEG = saved(CODE, "JPEG")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"https://licence.example/v#1", id="text"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(saved(CODE, "GIF"), id="gif"),
        pytest.param(saved(CODE, "BMP"), id="bmp"),
        pytest.param(saved(CODE, "TIFF"), id="tiff"),
        pytest.param(PNG[:8], id="png start"),
        pytest.param(PNG[: len(PNG) // 2], id="half a png"),
        pytest.param(JPEG[: len(JPEG) // 2], id="half a jpeg"),
        pytest.param(PNG[:60] + b"\xff" * 40 + PNG[100:], id="damaged png"),
        pytest.param(saved(CODE, "WEBP")[:100], id="webp start"),
    ],
)
def test_what_is_no_whole_picture_is_bad(data: bytes) -> None:
    assert code_of(data) == "image_bad"


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, content: bytes, extra: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", content) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7100, 10_000, 13_000, 30_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(side: int) -> None:
    assert code_of(png_of(side, side, zlib.compress(bytes(1000)))) == "image_too_large"


def test_a_text_that_unpacks_without_end_is_refused() -> None:
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    assert code_of(png_of(8, 8, zlib.compress(bytes(16)), bomb)) == "image_bad"


def test_a_file_of_too_many_bytes_is_refused_by_its_kind() -> None:
    assert code_of(PNG, max_bytes=len(PNG) - 1) == "image_too_large"
    assert code_of(pdf(CODE), max_bytes=1000) == "pdf_too_large"
    assert read_codes(PNG, max_bytes=len(PNG)) == (URL,)


WHOLE_PDF = pdf(CODE)
EMPTY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n"
)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"%PDF-1.7\n", id="start only"),
        pytest.param(b"%PDF-1.7\n" + bytes(range(256)) * 20, id="noise"),
        pytest.param(WHOLE_PDF[:200], id="cut"),
    ],
)
def test_what_is_no_whole_pdf_is_bad(data: bytes) -> None:
    assert code_of(data) == "pdf_bad"


def test_a_pdf_without_pages_holds_no_code() -> None:
    assert code_of(EMPTY_PDF) in {"pdf_bad", "qr_unreadable"}


def test_a_pdf_of_too_many_pages_is_refused() -> None:
    def blank(pages: int) -> bytes:
        document = pypdfium2.PdfDocument.new()
        for _ in range(pages):
            document.new_page(100, 100)
        out = io.BytesIO()
        document.save(out)
        document.close()
        return out.getvalue()

    assert code_of(blank(MAX_PAGES)) == "qr_unreadable"
    assert code_of(blank(MAX_PAGES + 1)) == "pdf_too_large"


def test_junk_before_the_pdf_start_is_tolerated_as_readers_do() -> None:
    assert read_codes(b"\xef\xbb\xbf\n" + WHOLE_PDF) == (URL,)


@pytest.mark.parametrize("box", ["0 0 20000 0.001", "0 0 0.5 0.5", "0 0 20000 20000"])
def test_a_page_of_no_possible_size_is_bad_and_not_a_fault_of_ours(box: str) -> None:
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]>>"
    objects = ("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page)
    body = "".join(f"{number} 0 obj{content}endobj\n" for number, content in enumerate(objects, 1))
    with pytest.raises(FormatError) as raised:
        read_codes(f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n".encode())
    assert raised.value.code in {"pdf_bad", "qr_unreadable"}
