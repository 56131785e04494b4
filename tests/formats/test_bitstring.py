"""W3C Bitstring Status List: vectors, order of bits, and lists that must not be believed."""

import doctest
import gzip
import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.formats import bitstring
from elicence.formats.bitstring import (
    MIN_ENTRIES,
    Bitstring,
    decode_list_payload,
    encoded_list,
    expand,
    list_header,
    list_payload,
    pack_bits,
    purpose_bits,
)
from elicence.formats.encoding import b64url_decode, b64url_encode

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/bitstring/lists.json").read_text("utf-8"))["lists"]
GOOD = [vector for vector in VECTORS if "expect" in vector]
URL = "https://licence.example/status/market/1/revocation"
DID = "did:web:licence.example:a:market"
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def payload(**changes: object) -> bytes:
    made = list_payload(
        pack_bits([3]),
        url=URL,
        issuer=DID,
        purpose="revocation",
        issued_at=NOW,
        expires_at=NOW + timedelta(days=2),
        ttl=300,
    )
    document = json.loads(made)
    for path, value in changes.items():
        place = document
        *parents, last = path.split("__")
        for name in parents:
            place = place[name]
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return json.dumps(document, separators=(",", ":")).encode()


def code_of(document: bytes, *, url: str = URL, purpose: str = "revocation") -> str:
    with pytest.raises(FormatError) as caught:
        decode_list_payload(document, expected_url=url, purpose=purpose)
    return caught.value.code


def test_the_examples_in_the_module_run() -> None:
    assert doctest.testmod(bitstring).failed == 0


@pytest.mark.parametrize("vector", GOOD, ids=lambda v: v["name"])
def test_published_lists_expand_to_their_bits(vector: dict) -> None:
    bits = expand(vector["encodedList"])
    assert len(bits.data) == vector["decoded_bytes"]
    assert hashlib.sha256(bits.data).hexdigest() == vector["sha256"]
    assert {index: bits.get(int(index)) for index in vector["expect"]} == vector["expect"]
    for index in vector.get("out_of_range", []):
        with pytest.raises(FormatError, match="status_index_range"):
            bits.get(index)


def test_a_list_below_the_required_number_of_entries_is_refused() -> None:
    short = next(vector for vector in VECTORS if vector.get("error") == "STATUS_LIST_LENGTH_ERROR")
    with pytest.raises(FormatError, match="list_bad"):
        expand(short["encodedList"])


def test_the_most_significant_bit_comes_first() -> None:
    assert pack_bits([0, 1, 7, 8], size=16).hex() == "c180"
    assert [Bitstring(b"\xc1\x80").get(index) for index in (0, 1, 2, 7, 8, 9)] == [1, 1, 0, 1, 1, 0]


def test_revoked_and_superseded_set_revocation_and_only_suspended_sets_suspension() -> None:
    rows = {0: 0, 1: 1, 2: 2, 3: 3}
    revocation = Bitstring(purpose_bits(rows, purpose="revocation", size=8))
    suspension = Bitstring(purpose_bits(rows, purpose="suspension", size=8))
    assert [revocation.get(index) for index in range(8)] == [0, 1, 0, 1, 0, 0, 0, 0]
    assert [suspension.get(index) for index in range(8)] == [0, 0, 1, 0, 0, 0, 0, 0]
    with pytest.raises(FormatError, match="list_bad"):
        purpose_bits(rows, purpose="message", size=8)


@given(st.sets(st.integers(0, MIN_ENTRIES - 1), max_size=300))
def test_what_is_packed_and_encoded_is_read_back(indices: set[int]) -> None:
    data = pack_bits(indices)
    bits = expand(encoded_list(data))
    assert bits.data == data
    assert all(bits.get(index) for index in indices)


def test_the_gzip_wrapper_names_no_time_and_is_read_by_other_tools() -> None:
    compressed = b64url_decode(encoded_list(pack_bits([1]))[1:])
    assert compressed[:4] == b"\x1f\x8b\x08\x00"
    assert compressed[4:8] == bytes(4)
    assert gzip.decompress(compressed) == pack_bits([1])


@pytest.mark.parametrize("index", [-1, MIN_ENTRIES, 2**40])
def test_an_index_outside_is_an_error(index: int) -> None:
    with pytest.raises(FormatError, match="status_index_range"):
        pack_bits([index])
    with pytest.raises(FormatError, match="status_index_range"):
        Bitstring(bytes(MIN_ENTRIES // 8)).get(index)


@pytest.mark.parametrize("size", [0, 4, -8, 2**25])
def test_a_list_of_impossible_size_is_refused(size: int) -> None:
    with pytest.raises(FormatError, match="list_bad"):
        pack_bits([], size=size)


WHOLE = gzip.compress(bytes(16384), mtime=0)


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", "list_bad"),
        (b64url_encode(WHOLE), "list_bad"),
        ("z" + b64url_encode(WHOLE), "list_bad"),
        ("u" + b64url_encode(WHOLE) + "=", "list_bad"),
        ("u" + b64url_encode(WHOLE + b"\0"), "list_corrupt"),
        ("u" + b64url_encode(WHOLE * 2), "list_corrupt"),
        ("u" + b64url_encode(WHOLE[:-1]), "list_corrupt"),
        ("u" + b64url_encode(WHOLE[:-1] + b"\x01"), "list_corrupt"),
        ("u" + b64url_encode(zlib.compress(bytes(16384))), "list_corrupt"),
        ("u" + b64url_encode(gzip.compress(bytes(16385), mtime=0)), "list_too_large"),
        ("u" + b64url_encode(gzip.compress(bytes(30_000_000), mtime=0)), "list_too_large"),
    ],
)
def test_an_encoded_list_that_is_not_exactly_one_gzip_stream_is_refused(encoded: str, code: str) -> None:
    assert expand("u" + b64url_encode(WHOLE)).data == bytes(16384)
    with pytest.raises(FormatError) as caught:
        expand(encoded)
    assert caught.value.code == code


def test_a_list_credential_made_here_is_read_back() -> None:
    read = decode_list_payload(payload(), expected_url=URL, purpose="revocation")
    assert (read.url, read.issuer, read.purpose, read.ttl) == (URL, DID, "revocation", 300_000)
    assert (read.valid_from, read.valid_until) == (NOW, NOW + timedelta(days=2))
    assert (read.bits.get(3), read.bits.get(4)) == (1, 0)
    assert list_header(f"{DID}#k")["typ"] == "vc+jwt"


def test_an_issuer_object_several_purposes_and_absent_dates_are_good_too() -> None:
    document = payload(
        issuer={"id": DID, "name": "x"},
        credentialSubject__statusPurpose=["suspension", "revocation"],
        credentialSubject__ttl=None,
        validFrom=None,
        validUntil=None,
    )
    read = decode_list_payload(document, expected_url=URL, purpose="revocation")
    assert (read.issuer, read.ttl, read.valid_from) == (DID, None, None)


def test_a_list_for_another_url_or_purpose_is_named_as_substituted() -> None:
    assert code_of(payload(), url=URL.replace("/1/", "/2/")) == "list_substituted"
    assert code_of(payload(), purpose="suspension") == "list_substituted"
    assert code_of(payload(id=None)) == "list_substituted"


@pytest.mark.parametrize(
    "changes",
    [
        {"@context": None},
        {"@context": []},
        {"@context": ["https://www.w3.org/2018/credentials/v1"]},
        {"type": ["VerifiableCredential"]},
        {"type": "BitstringStatusListCredential"},
        {"credentialSubject": []},
        {"credentialSubject__type": "StatusList2021"},
        {"credentialSubject__encodedList": 7},
        {"credentialSubject__encodedList": None},
        {"credentialSubject__ttl": "300"},
        {"credentialSubject__ttl": True},
        {"credentialSubject__ttl": -1},
        {"issuer": None},
        {"issuer": {"name": "x"}},
        {"iss": "did:web:licence.example:a:other"},
        {"validFrom": "2026-11-24"},
        {"validFrom": "2026-11-24T06:00:00"},
        {"validUntil": "yesterday"},
        {"validUntil": "2026-13-45T00:00:00Z"},
        {"validUntil": 1795500000},
    ],
    ids=lambda changes: f"{next(iter(changes))}={next(iter(changes.values()))}"[:50],
)
def test_a_malformed_list_credential_is_refused(changes: dict[str, object]) -> None:
    assert code_of(payload(**changes)) == "list_bad"


@pytest.mark.parametrize("document", [b"", b"[]", b"{", b"\xff", b'{"id":1,"id":1}'])
def test_what_is_not_one_json_object_is_refused(document: bytes) -> None:
    assert code_of(document) == "list_bad"


def test_a_list_for_any_other_purpose_is_not_made() -> None:
    with pytest.raises(FormatError, match="list_bad"):
        list_payload(b"", url=URL, issuer=DID, purpose="refresh", issued_at=NOW, expires_at=NOW, ttl=1)
