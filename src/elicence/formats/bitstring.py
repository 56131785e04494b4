"""W3C Bitstring Status List v1.0: one purpose, one bit an entry, published as a credential of its own.

Made from the same rows as the Token Status List. Index 0 is the left-most, i.e. **most** significant, bit of byte 0
(§A.1). The bits travel as "u" + base64url(GZIP(bits)) (multibase); at least 131,072 entries (16 kB) are required,
so that a look-up hides in a crowd.

>>> pack_bits([0, 9], size=16).hex()
'8040'
>>> purpose_bits({0: 1, 1: 2, 2: 3}, purpose="revocation", size=8).hex()
'a0'
"""

import zlib
from collections.abc import Iterable, Mapping
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
from elicence.formats.status_list import ENTRIES, INVALID, SUPERSEDED, SUSPENDED

__all__ = [
    "MIN_ENTRIES",
    "TYP",
    "Bitstring",
    "BitstringList",
    "decode_list_payload",
    "encoded_list",
    "expand",
    "list_header",
    "list_payload",
    "pack_bits",
    "purpose_bits",
]

TYP: Final = "vc+jwt"
MIN_ENTRIES: Final = 131_072
_MAX_ENTRIES: Final = 1 << 24
_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
_VALUES: Final[Mapping[str, frozenset[int]]] = {
    "revocation": frozenset({INVALID, SUPERSEDED}),
    "suspension": frozenset({SUSPENDED}),
}
_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib's own code for a gzip wrapper; it writes the modification time as 0


@dataclass(frozen=True, slots=True)
class Bitstring:
    """The bare bits, `8 * len(data)` entries of one bit."""

    data: bytes

    def get(self, index: int) -> int:
        """0 or 1 at `index`; an index outside is an error (§3.2, RANGE_ERROR)."""
        if not 0 <= index < 8 * len(self.data):
            raise FormatError("status_index_range", f"the list has {8 * len(self.data)} entries; the index is outside")
        return self.data[index >> 3] >> (7 - (index & 7)) & 1


@dataclass(frozen=True, slots=True)
class BitstringList:
    """What a Bitstring Status List credential says. `ttl` in **milli**seconds, absent if the credential has none."""

    url: str
    issuer: str
    purpose: str
    valid_from: datetime | None
    valid_until: datetime | None
    ttl: int | None
    bits: Bitstring


def pack_bits(indices: Iterable[int], *, size: int = ENTRIES) -> bytes:
    """The bytes of a list in which exactly `indices` are set."""
    if not 0 < size <= _MAX_ENTRIES or size % 8:
        raise FormatError("list_bad", f"a list has 1 to {_MAX_ENTRIES} entries that fill whole bytes")
    data = bytearray(size // 8)
    for index in indices:
        if not 0 <= index < size:
            raise FormatError("status_index_range", f"the list has {size} entries, the index lies outside")
        data[index >> 3] |= 0x80 >> (index & 7)
    return bytes(data)


def purpose_bits(values: Mapping[int, int], *, purpose: str, size: int = ENTRIES) -> bytes:
    """The bits of one purpose from the status values of a Token Status List.

    Revoked and superseded licences set the revocation bit, suspended ones the suspension bit.
    """
    wanted = _VALUES.get(purpose)
    if wanted is None:
        raise FormatError("list_bad", "a list is for revocation or for suspension")
    return pack_bits((index for index, value in values.items() if value in wanted), size=size)


def encoded_list(data: bytes) -> str:
    """The `encodedList` member: multibase base64url of the GZIP-compressed bits, the smaller of two strategies."""
    tries = []
    for strategy in (zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY):
        deflate = zlib.compressobj(9, zlib.DEFLATED, _GZIP, 9, strategy)
        tries.append(deflate.compress(data) + deflate.flush())
    return "u" + b64url_encode(min(tries, key=len))


def expand(encoded: str, *, size: int = ENTRIES) -> Bitstring:
    """The bits in an `encodedList`; `size` is the greatest number of entries taken, `MIN_ENTRIES` the smallest."""
    if not encoded.startswith("u"):
        raise FormatError("list_bad", "encodedList does not begin with the multibase letter u")
    try:
        compressed = b64url_decode(encoded[1:])
    except FormatError as error:
        raise FormatError("list_bad", "encodedList is not base64url without padding") from error
    inflater = zlib.decompressobj(_GZIP)
    try:
        data = inflater.decompress(compressed, size // 8 + 1)
    except zlib.error as error:
        raise FormatError("list_corrupt", "encodedList is not a GZIP stream or fails its checksum") from error
    if len(data) > size // 8:
        raise FormatError("list_too_large", f"encodedList inflates to more than {size // 8} bytes")
    if not inflater.eof or inflater.unused_data:
        raise FormatError("list_corrupt", "encodedList is cut off or has bytes after its end")
    if 8 * len(data) < MIN_ENTRIES:
        raise FormatError("list_bad", f"the list has {8 * len(data)} entries, at least {MIN_ENTRIES} are required")
    return Bitstring(data)


def list_header(kid: str) -> JsonObject:
    """The protected header of a list credential, secured like any other credential (VC-JOSE-COSE §3.1.1)."""
    return {"alg": "ES256", "typ": TYP, "kid": kid}


def list_payload(
    data: bytes, *, url: str, issuer: str, purpose: str, issued_at: datetime, expires_at: datetime, ttl: int
) -> bytes:
    """The payload of the list credential published at `url`; `ttl` in seconds, written in milliseconds (§2.2)."""
    if purpose not in _VALUES:
        raise FormatError("list_bad", "a list is for revocation or for suspension")
    return compact_json(
        {
            "@context": [_CONTEXT],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "iss": issuer,
            "issuer": issuer,
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "validFrom": _stamp(issued_at),
            "validUntil": _stamp(expires_at),
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": purpose,
                "encodedList": encoded_list(data),
                "ttl": ttl * 1000,
            },
        }
    )


def decode_list_payload(payload: bytes, *, expected_url: str, purpose: str, size: int = ENTRIES) -> BitstringList:
    """Read the payload of a list credential whose signature was verified."""
    try:
        claims = parse_canonical(payload, max_bytes=4096 + 2 * size)
    except FormatError as error:
        raise FormatError("list_bad", "the payload of the list credential is not acceptable JSON") from error
    if not isinstance(claims, dict):
        raise FormatError("list_bad", "the payload of the list credential is not an object")
    _check_kind(claims, expected_url)
    subject = claims.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") != "BitstringStatusList":
        raise FormatError("list_bad", "credentialSubject is not a BitstringStatusList")
    _check_purpose(subject.get("statusPurpose"), purpose)
    encoded, ttl = subject.get("encodedList"), subject.get("ttl")
    if not isinstance(encoded, str):
        raise FormatError("list_bad", "encodedList is absent or not a text")
    if ttl is not None and (type(ttl) is not int or ttl < 0):
        raise FormatError("list_bad", "ttl is not a whole number of milliseconds")
    return BitstringList(
        url=expected_url,
        issuer=_issuer(claims),
        purpose=purpose,
        valid_from=_read_stamp(claims.get("validFrom"), "validFrom"),
        valid_until=_read_stamp(claims.get("validUntil"), "validUntil"),
        ttl=ttl,
        bits=expand(encoded, size=size),
    )


def _check_kind(claims: JsonObject, expected_url: str) -> None:
    contexts, kinds = claims.get("@context"), claims.get("type")
    if not isinstance(contexts, list) or not contexts or contexts[0] != _CONTEXT:
        raise FormatError("list_bad", "@context does not begin with the context of W3C credentials 2.0")
    if not isinstance(kinds, list) or "BitstringStatusListCredential" not in kinds:
        raise FormatError("list_bad", "type does not name BitstringStatusListCredential")
    # The REC lets `id` be absent; a list without a name could be passed off as any other list.
    if claims.get("id") != expected_url:
        raise FormatError("list_substituted", "the credential is for another status list than the licence names")


def _check_purpose(value: JsonValue, purpose: str) -> None:
    purposes = value if isinstance(value, list) else [value]
    if purpose not in purposes:
        raise FormatError("list_substituted", "the list is for another purpose than the licence names")


def _issuer(claims: JsonObject) -> str:
    issuer = claims.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(named, str) or claims.get("iss", named) != named:
        raise FormatError("list_bad", "issuer is absent, or iss names another party")
    return named


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_stamp(value: JsonValue, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FormatError("list_bad", f"{name} is not a date and time with an offset")
    return instant
