"""Token Status List (draft-ietf-oauth-status-list-20): many small status values in one signed, compressed list.

A list has `size` entries of `bits` bits each (1, 2, 4 or 8). Entry i lies in byte i*bits // 8, counted from the
**least** significant bit (§4.1). W3C Bitstring lists count from the other end: see `bitstring.py`.

>>> data = pack({0: 1, 3: 2}, bits=2, size=8)
>>> data.hex()
'8100'
>>> statuses = StatusList(bits=2, data=data, size=8)
>>> [statuses.get(index) for index in range(4)]
[1, 0, 0, 2]
>>> inflate(compress(data), exact_size=2) == data
True
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from elicence.errors import FormatError
from elicence.formats.encoding import (
    JsonObject,
    JsonValue,
    b64url_decode,
    b64url_encode,
    compact_json,
    parse_canonical,
)

__all__ = [
    "ENTRIES",
    "INVALID",
    "SUPERSEDED",
    "SUSPENDED",
    "TYP",
    "VALID",
    "StatusList",
    "StatusListToken",
    "compress",
    "decode_token_payload",
    "inflate",
    "pack",
    "token_header",
    "token_payload",
]

TYP: Final = "statuslist+jwt"
ENTRIES: Final = 131_072
VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
SUPERSEDED: Final = 3  # §7.1 leaves 0x03 to the application

_WIDTHS: Final = (1, 2, 4, 8)
_MAX_ENTRIES: Final = 1 << 24
_LATEST: Final = 253_402_300_799  # the last second datetime can hold, 9999-12-31T23:59:59Z
_TTL_SECONDS: Final = (30, 86_400)


@dataclass(frozen=True, slots=True)
class StatusList:
    """The bare list: `size` entries of `bits` bits in `data`."""

    bits: int
    data: bytes
    size: int

    def __post_init__(self) -> None:
        if len(self.data) != _byte_count(self.bits, self.size):
            raise FormatError("list_bad", f"{self.size} entries of {self.bits} bits do not fill {len(self.data)} bytes")

    def get(self, index: int) -> int:
        """The value at `index`. An index outside the list is an error, never "valid" (§8.3)."""
        if not 0 <= index < self.size:
            raise FormatError("status_index_range", f"the list has {self.size} entries, the index lies outside")
        position = index * self.bits
        return self.data[position >> 3] >> (position & 7) & ((1 << self.bits) - 1)


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """What a Status List Token says. `ttl` in seconds, brought into 30 s … 24 h; absent if the token has none."""

    sub: str
    issued_at: datetime
    expires_at: datetime
    ttl: int | None
    statuses: StatusList


def pack(values: Mapping[int, int], *, bits: int, size: int) -> bytes:
    """The bytes of a list in which every index not named in `values` is 0."""
    data = bytearray(_byte_count(bits, size))
    for index, value in values.items():
        if not 0 <= index < size:
            raise FormatError("status_index_range", f"the list has {size} entries, the index lies outside")
        if not 0 <= value < 1 << bits:
            raise FormatError("list_bad", f"a status value does not fit into {bits} bits")
        position = index * bits
        shift = position & 7
        data[position >> 3] = data[position >> 3] & ~(((1 << bits) - 1) << shift) & 0xFF | value << shift
    return bytes(data)


def compress(data: bytes) -> bytes:
    """ZLIB (RFC 1950) around DEFLATE, the smaller of two cheap strategies.

    Run lengths win on sparse lists and plain Huffman on dense ones; both come within a few percent of the full
    search at a hundredth of its time, so that every change of a status can rebuild the whole list.
    """
    tries = []
    for strategy in (zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY):
        deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
        tries.append(deflate.compress(data) + deflate.flush())
    return min(tries, key=len)


def inflate(compressed: bytes, *, exact_size: int) -> bytes:
    """The bytes inside one whole ZLIB stream. Never makes more than `exact_size` + 1 bytes, so a bomb costs nothing."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS)
    try:
        data = inflater.decompress(compressed, exact_size + 1)
    except zlib.error as error:
        raise FormatError("list_corrupt", "the compressed list is not a ZLIB stream or fails its checksum") from error
    if len(data) > exact_size:
        raise FormatError("list_too_large", f"the list inflates to more than the {exact_size} bytes it may have")
    if not inflater.eof or inflater.unused_data:
        raise FormatError("list_corrupt", "the compressed list is cut off or has bytes after its end")
    if len(data) != exact_size:
        raise FormatError("list_corrupt", f"the list inflates to {len(data)} bytes, {exact_size} are needed")
    return data


def token_header(kid: str) -> JsonObject:
    """The protected header of a Status List Token (§5.1)."""
    return {"alg": "ES256", "typ": TYP, "kid": kid}


def token_payload(statuses: StatusList, *, sub: str, issued_at: datetime, expires_at: datetime, ttl: int) -> bytes:
    """The payload of a Status List Token for the list published at the URL `sub`; `ttl` in seconds."""
    return compact_json(
        {
            "sub": sub,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "ttl": ttl,
            "status_list": {"bits": statuses.bits, "lst": b64url_encode(compress(statuses.data))},
        }
    )


def decode_token_payload(payload: bytes, *, expected_uri: str, size: int = ENTRIES) -> StatusListToken:
    """Read the payload of a Status List Token whose signature was verified; the list must have `size` entries.

    The draft makes `exp` optional; here it is required, because a verifier without network relies on it.
    """
    claims = _claims(payload, size)
    sub = claims.get("sub")
    if not isinstance(sub, str):
        raise FormatError("list_bad", "sub is absent or not a text")
    if sub != expected_uri:
        raise FormatError("list_substituted", "the token is for another status list than the licence names")
    return StatusListToken(
        sub=sub,
        issued_at=_instant(claims.get("iat"), "iat"),
        expires_at=_instant(claims.get("exp"), "exp"),
        ttl=_ttl(claims["ttl"]) if "ttl" in claims else None,
        statuses=_status_list(claims.get("status_list"), size),
    )


def _claims(payload: bytes, size: int) -> JsonObject:
    limit = 4096 + 2 * _byte_count(8, size)
    try:
        claims = parse_canonical(payload, max_bytes=limit)
    except FormatError as error:
        raise FormatError("list_bad", "the payload of the status list token is not acceptable JSON") from error
    if not isinstance(claims, dict):
        raise FormatError("list_bad", "the payload of the status list token is not an object")
    return claims


def _status_list(value: JsonValue, size: int) -> StatusList:
    if not isinstance(value, dict):
        raise FormatError("list_bad", "status_list is absent or not an object")
    bits, lst = value.get("bits"), value.get("lst")
    if type(bits) is not int or bits not in _WIDTHS:
        raise FormatError("list_bad", "bits is not one of 1, 2, 4, 8")
    if not isinstance(lst, str) or not lst:
        raise FormatError("list_bad", "lst is absent, empty or not a text")
    try:
        compressed = b64url_decode(lst)
    except FormatError as error:
        raise FormatError("list_bad", "lst is not base64url without padding") from error
    return StatusList(bits=bits, data=inflate(compressed, exact_size=_byte_count(bits, size)), size=size)


def _instant(value: JsonValue, name: str) -> datetime:
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise FormatError("list_bad", f"{name} is not a whole number of seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def _ttl(value: JsonValue) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError("list_bad", "ttl is not a number")
    shortest, longest = _TTL_SECONDS
    return int(min(max(value, shortest), longest))


def _byte_count(bits: int, size: int) -> int:
    if bits not in _WIDTHS:
        raise FormatError("list_bad", "bits is not one of 1, 2, 4, 8")
    if not 0 < size <= _MAX_ENTRIES or size * bits % 8:
        raise FormatError("list_bad", f"a list has 1 to {_MAX_ENTRIES} entries that fill whole bytes")
    return size * bits // 8
