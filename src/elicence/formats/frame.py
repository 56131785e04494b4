"""The QR frame: a whole compact JWS as decimal digits, and back to the exact same text (docs/qr-frame.md).

    digits = decimal of one big-endian integer over the bytes
             version 0x01 ‖ dictionary id ‖ varint length of the header JSON
             ‖ raw DEFLATE with preset dictionary (header JSON ‖ payload JSON) ‖ 64 bytes signature

Base64url is left out (it costs a third), DEFLATE shares one dictionary of licence words with its reader, and digits
cost 3⅓ bits each in a QR code, so that 1,000 characters of JWS become some 900 digits. Nothing is lost: the frame
carries the decoded bytes of all three segments, and strict base64url has one text for each byte string.
"""

import re
import unicodedata
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_decode, b64url_encode

__all__ = ["MAX_DIGITS", "MAX_INFLATED", "MIN_DIGITS", "decode_frame", "digits_of", "encode_frame", "licence_url"]

MAX_DIGITS: Final = 4296
MAX_INFLATED: Final = 32_768
MIN_DIGITS: Final = 162  # version, dictionary, length, one byte of DEFLATE and a signature make 68 bytes
_MAX_URL: Final = 2048
_VERSION: Final = 1
_SIGNATURE: Final = 64
_URL: Final = re.compile(
    r"(?:https://[a-z0-9.-]+(?::[0-9]{1,5})?|http://localhost(?::[0-9]{1,5})?)/v#(?P<digits>.*)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


def encode_frame(jws_text: str, dictionary_id: int, dictionary: bytes) -> str:
    """The digits for a compact JWS with a 64-byte signature. The same zlib gives the same digits for the same JWS."""
    if not 1 <= dictionary_id <= 255:
        raise FormatError("qr_dictionary", "a dictionary id lies between 1 and 255")
    segments = jws_text.split(".")
    if len(segments) != 3:
        raise FormatError("token_format", f"a compact JWS has three segments, this text has {len(segments)}")
    header, payload, signature = (b64url_decode(segment) for segment in segments)
    if len(signature) != _SIGNATURE:
        raise FormatError("token_format", f"the frame carries signatures of 64 bytes, this one has {len(signature)}")
    if not header or not payload or len(header) + len(payload) > MAX_INFLATED:
        raise FormatError("qr_too_dense", f"header and payload must have content and at most {MAX_INFLATED} bytes")
    body = _deflate(header + payload, dictionary)
    frame = bytes((_VERSION, dictionary_id)) + _varint(len(header)) + body + signature
    # 4,296 digits hold 1,783 bytes; asking by bytes first keeps Python's own limit of 4,300 digits out of play.
    if len(frame) > 1784 or len(digits := str(int.from_bytes(frame))) > MAX_DIGITS:
        raise FormatError("qr_too_dense", f"the licence needs more than the {MAX_DIGITS} digits a QR code may have")
    return digits


def decode_frame(digits: str, dictionaries: Mapping[int, bytes]) -> str:
    """The exact compact JWS in `digits`. Reads any DEFLATE of it, and refuses whatever is not one whole frame."""
    if len(digits) > MAX_DIGITS:
        raise FormatError("qr_too_long", f"the frame has {len(digits)} digits, at most {MAX_DIGITS} are allowed")
    if not (digits.isascii() and digits.isdigit()):
        raise FormatError("qr_alphabet", "the frame has other characters than the digits 0 to 9")
    if digits[0] == "0":
        raise FormatError("qr_corrupt", "the frame begins with a zero")
    number = int(digits)
    frame = number.to_bytes((number.bit_length() + 7) // 8)
    if frame[0] != _VERSION:
        raise FormatError("qr_version", "the frame has a version that this reader does not know")
    if len(frame) < 2 or frame[1] not in dictionaries:
        raise FormatError("qr_dictionary", "the frame needs a dictionary that this reader does not have")
    header_length, start = _read_varint(frame, 2)
    end = len(frame) - _SIGNATURE
    if end <= start:
        raise FormatError("qr_corrupt", "the frame is too short to hold a licence and its signature")
    text = _inflate(frame[start:end], dictionaries[frame[1]])
    if not 0 < header_length < len(text):
        raise FormatError("qr_corrupt", "the header length of the frame does not fit its content")
    parts = (text[:header_length], text[header_length:], frame[end:])
    return ".".join(b64url_encode(part) for part in parts)


def licence_url(base_url: str, digits: str) -> str:
    """The text of a licence's QR code. What follows # never leaves the browser that opens the page (RFC 3986 §3.5)."""
    return f"{base_url}/v#{digits}"


def digits_of(text: str) -> str:
    """The digits in what a scanner, keyboard or clipboard delivers: a licence URL of any host, or bare digits.

    The host is not judged here and never opened. White space around is dropped, and
    full-width characters, as Chinese input methods make them, are taken for their plain twins.

    >>> digits_of("https://licence.example/v#" + "1" * 200 + "\\r\\n") == "1" * 200
    True
    """
    if len(text) > MAX_DIGITS + _MAX_URL:
        raise FormatError("qr_too_long", f"the text has {len(text)} characters, more than any licence code")
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip(" \t\r\n")
    if found := _URL.fullmatch(plain):
        digits = found["digits"]
        if not (digits.isascii() and digits.isdigit()):
            raise FormatError("qr_alphabet", "what follows /v# has other characters than the digits 0 to 9")
        return digits
    # A shorter number is a bar code or a telephone number, never a licence.
    if len(plain) >= MIN_DIGITS and plain.isascii() and plain.isdigit():
        return plain
    raise FormatError("qr_not_licence", "the text is neither a licence URL nor the digits of one")


def _deflate(data: bytes, dictionary: bytes) -> bytes:
    tries = []
    for primed in _primed(dictionary):
        deflate = primed.copy()
        tries.append(deflate.compress(data) + deflate.flush())
    return min(tries, key=len)


@lru_cache(maxsize=8)
def _primed(dictionary: bytes) -> "tuple[zlib._Compress, ...]":
    """Compressors that have read the dictionary: copying one costs less than reading it again.

    On real licences one of these two strategies is the shortest, by up to three bytes; other settings never were.
    """
    return tuple(
        zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy, dictionary)
        for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED)
    )


def _inflate(body: bytes, dictionary: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS, dictionary)
    try:
        text = inflater.decompress(body, MAX_INFLATED + 1)
    except zlib.error as error:
        raise FormatError("qr_corrupt", "the frame does not inflate") from error
    if len(text) > MAX_INFLATED:
        raise FormatError("qr_too_large", f"the frame inflates to more than {MAX_INFLATED} bytes")
    if not inflater.eof or inflater.unused_data:
        raise FormatError("qr_corrupt", "the compressed part does not end exactly before the signature")
    return text


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, lowest first, the top bit set on all but the last."""
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def _read_varint(frame: bytes, start: int) -> tuple[int, int]:
    number = 0
    for offset, octet in enumerate(frame[start : start + 3]):
        number |= (octet & 0x7F) << 7 * offset
        if octet <= 0x7F:
            if octet == 0:  # 0 is no header, and a last 0 after others is a longer way to write a shorter number
                break
            return number, start + offset + 1
    raise FormatError("qr_corrupt", "the header length of the frame is not a shortest varint of at most three bytes")
