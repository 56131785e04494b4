"""The QR frame: vectors stage by stage, exact return of any JWS, and nothing accepted that is not one whole frame."""

import base64
import doctest
import hashlib
import importlib.util
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.formats import frame
from elicence.formats.frame import MAX_DIGITS, MIN_DIGITS, decode_frame, digits_of, encode_frame, licence_url

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests/vectors/qr-frame"
VALID = json.loads((VECTORS / "valid.json").read_text("utf-8"))
INVALID = json.loads((VECTORS / "invalid.json").read_text("utf-8"))
SIGNATURE = hashlib.sha512(b"any").digest()


def dictionaries(vectors: dict) -> dict[int, bytes]:
    found = {}
    for number, source in vectors["dictionaries"].items():
        content = bytes.fromhex(source["hex"]) if "hex" in source else (ROOT / source["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == source.get("sha256", hashlib.sha256(content).hexdigest())
        found[int(number)] = content
    return found


KNOWN = dictionaries(VALID)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(header: bytes, payload: bytes, signature: bytes = SIGNATURE) -> str:
    return ".".join(b64(part) for part in (header, payload, signature))


def decode_code(digits: str, known: dict[int, bytes] = KNOWN) -> str:
    with pytest.raises(FormatError) as caught:
        decode_frame(digits, known)
    return caught.value.code


def payload_of(case: dict) -> bytes:
    if "payload" in case:
        return case["payload"].encode()
    character, count = case["payload_repeat"]
    return character.encode() * count


def test_the_examples_in_the_module_run() -> None:
    assert doctest.testmod(frame).failed == 0


@pytest.mark.parametrize("case", VALID["cases"], ids=lambda case: case["name"])
def test_every_stage_of_a_valid_vector_agrees(case: dict) -> None:
    header, payload, signature = case["header"].encode(), payload_of(case), bytes.fromhex(case["signature_hex"])
    packed = bytes.fromhex(case["deflate_hex"])
    assert zlib.decompressobj(-15, zdict=KNOWN[case["dictionary"]]).decompress(packed) == header + payload
    start = bytes([1, case["dictionary"]]) + bytes.fromhex(case["header_length_hex"])
    assert start + packed + signature == bytes.fromhex(case["frame_hex"])
    assert int(case["digits"]).to_bytes(len(case["frame_hex"]) // 2, "big").hex() == case["frame_hex"]
    assert case["url"] == licence_url("https://licence.example", case["digits"])
    assert (
        decode_frame(digits_of(case["url"]), KNOWN)
        == jws(header, payload, signature)
        == case.get("jws", jws(header, payload, signature))
    )


@pytest.mark.parametrize("case", VALID["cases"], ids=lambda case: case["name"])
def test_the_writer_is_no_longer_than_the_vector_and_is_read_back(case: dict) -> None:
    text = jws(case["header"].encode(), payload_of(case), bytes.fromhex(case["signature_hex"]))
    digits = encode_frame(text, case["dictionary"], KNOWN[case["dictionary"]])
    assert decode_frame(digits, KNOWN) == text
    assert len(digits) <= len(case["digits"])
    assert digits == encode_frame(text, case["dictionary"], KNOWN[case["dictionary"]]), "encoding is deterministic"


@pytest.mark.parametrize("case", INVALID["cases"], ids=lambda case: case["name"])
def test_every_invalid_vector_is_refused_with_its_code(case: dict) -> None:
    assert decode_code(case["digits"], dictionaries(INVALID)) == case["expect"]


@given(st.binary(min_size=1, max_size=300), st.binary(min_size=1, max_size=600), st.binary(min_size=64, max_size=64))
def test_any_header_payload_and_signature_come_back_character_by_character(
    header: bytes, payload: bytes, signature: bytes
) -> None:
    text = jws(header, payload, signature)
    assert decode_frame(encode_frame(text, 7, KNOWN[7]), KNOWN) == text


@given(st.text("0123456789", max_size=400))
def test_any_digits_are_either_a_frame_or_refused_with_a_code(digits: str) -> None:
    try:
        text = decode_frame(digits, KNOWN)
    except FormatError:
        return
    assert text.count(".") == 2


@settings(max_examples=300)
@given(st.binary(min_size=66, max_size=200))
def test_any_bytes_behind_a_good_start_are_either_a_frame_or_refused_with_a_code(rest: bytes) -> None:
    digits = str(int.from_bytes(b"\x01\x07" + rest, "big"))
    try:
        text = decode_frame(digits, KNOWN)
    except FormatError as error:
        refused = error.code
    else:
        assert decode_frame(encode_frame(text, 7, KNOWN[7]), KNOWN) == text
        return
    assert refused in {"qr_corrupt", "qr_too_large"}


SMALLEST = bytes.fromhex(VALID["cases"][0]["frame_hex"])


def test_no_flipped_bit_gives_the_same_jws_but_in_padding_of_deflate() -> None:
    text = VALID["cases"][0]["jws"]
    same = []
    for bit in range(8 * len(SMALLEST)):
        changed = bytearray(SMALLEST)
        changed[bit // 8] ^= 0x80 >> bit % 8
        try:
            read = decode_frame(str(int.from_bytes(changed, "big")), KNOWN)
        except FormatError:
            continue
        if read == text:
            same.append(bit // 8)
    assert all(position == len(SMALLEST) - 65 for position in same), "only the unused bits of the last DEFLATE byte"


def test_no_prefix_of_a_frame_is_a_frame() -> None:
    digits = VALID["cases"][0]["digits"]
    for length in range(len(digits)):
        with pytest.raises(FormatError):
            decode_frame(digits[:length], KNOWN)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "token_format"),
        ("eA.eA", "token_format"),
        ("eA.eA.eA.eA", "token_format"),
        (jws(b"{}", b"{}", SIGNATURE[:63]), "token_format"),
        (jws(b"{}", b"{}", SIGNATURE + b"x"), "token_format"),
        (jws(b"", b"{}"), "qr_too_dense"),
        (jws(b"{}", b""), "qr_too_dense"),
        (jws(b"{}", bytes(40_000)), "qr_too_dense"),
        (jws(b"{}", hashlib.shake_128(b"noise").digest(2000)), "qr_too_dense"),
        (jws(b"{}", hashlib.shake_128(b"noise").digest(1712)), "qr_too_dense"),
        ("e=.eA.eA", "b64_not_canonical"),
        ("eB.eA." + b64(SIGNATURE), "b64_not_canonical"),
    ],
)
def test_what_has_no_frame_is_refused_by_the_writer(text: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        encode_frame(text, 7, KNOWN[7])
    assert caught.value.code == code


@pytest.mark.parametrize("number", [-1, 0, 256])
def test_a_dictionary_id_is_one_byte_and_not_zero(number: int) -> None:
    with pytest.raises(FormatError, match="qr_dictionary"):
        encode_frame(jws(b"{}", b"{}"), number, b"")


# --- digits_of: what scanners, keyboards and clipboards deliver

DIGITS = VALID["cases"][0]["digits"]
WIDE = DIGITS.translate({ord("0") + value: 0xFF10 + value for value in range(10)})


@pytest.mark.parametrize(
    "text",
    [
        DIGITS,
        f"https://licence.example/v#{DIGITS}",
        f"https://other.host.example:8443/v#{DIGITS}",
        f"HTTPS://LICENCE.EXAMPLE/V#{DIGITS}",
        f"http://localhost:8000/v#{DIGITS}",
        f"https://licence.example/v#{DIGITS}\r\n",
        f" \t{DIGITS}\t\n",
        WIDE,
        f"https://licence.example/v#{WIDE}",
        f"ｈｔｔｐｓ：／／ｌｉｃｅｎｃｅ．ｅｘａｍｐｌｅ／ｖ＃{WIDE}",
    ],
    ids=lambda text: text[:30],
)
def test_a_licence_url_of_any_host_and_bare_digits_are_taken(text: str) -> None:
    assert digits_of(text) == DIGITS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "12315",
        "6901234567892",
        "1" * (MIN_DIGITS - 1),
        f"https://licence.example/p#{DIGITS}",
        f"https://licence.example/v?t={DIGITS}",
        f"https://licence.example/v/{DIGITS}",
        f"https://licence.example/x/v#{DIGITS}",
        f"https://licence.example@evil.example/v#{DIGITS}",
        f"https://lіcence.example/v#{DIGITS}",
        f"http://licence.example/v#{DIGITS}",
        f"http://localhost.evil.example/v#{DIGITS}",
        f"javascript:alert(1)//v#{DIGITS}",
        f"intent://licence.example/v#{DIGITS}",
        f"go to https://licence.example/v#{DIGITS}",
        "WIFI:T:WPA;S:office;P:secret;;",
        "HC1:NCFOXN",
        "shc:/5676",
        "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.AAAA",
        f"{DIGITS[:100]} {DIGITS[100:]}",
        f"\ufeff{DIGITS}",
    ],
    ids=lambda text: text[:36] or "empty",
)
def test_everything_else_is_not_a_licence(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        digits_of(text)
    assert caught.value.code == "qr_not_licence"


@pytest.mark.parametrize(
    "tail", ["", "x", "eyJhbGciOiJFUzI1NiJ9.e30.AA", f"{DIGITS}#{DIGITS}", f"{DIGITS}\n1", "٣" * 200]
)
def test_a_licence_url_with_anything_but_digits_is_refused_as_such(tail: str) -> None:
    with pytest.raises(FormatError, match="qr_alphabet"):
        digits_of(f"https://licence.example/v#{tail}")


def test_an_endless_text_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(FormatError, match="qr_too_long"):
        digits_of("1" * 10_000_000)
    assert len(digits_of("1" * MAX_DIGITS)) == MAX_DIGITS


# --- dictionary 1


def test_dictionary_1_is_what_its_word_list_builds_and_stays_as_published() -> None:
    folder = ROOT / "standards/qr"
    spec = importlib.util.spec_from_file_location("build_dictionary", folder / "build.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    built = builder.build((folder / "words-1.txt").read_text("utf-8"))
    assert built == (folder / "dictionary-1.bin").read_bytes()
    assert hashlib.sha256(built).hexdigest() in (folder / "README.md").read_text("utf-8")
    assert len(built) <= 32_768


def test_dictionary_1_holds_no_personal_value_of_an_example() -> None:
    """Names, identifiers, numbers and addresses of examples must not make the figures look better than life."""
    dictionary = (ROOT / "standards/qr/dictionary-1.bin").read_bytes().decode("utf-8")
    for file in (ROOT / "standards").glob("*/examples/valid-*.json"):
        request = json.loads(file.read_text("utf-8"))
        private = [
            request["number"],
            *(holder[name] for holder in request["holders"] for name in ("name", "id") if name in holder),
        ]
        private += [
            request["claims"].get(name, "\0")
            for name in ("location", "registered_address", "street_address", "trade_name")
        ]
        assert not [value for value in private if value in dictionary], file.name
