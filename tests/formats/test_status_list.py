"""Token Status List: the draft's vectors, and every way a list can be broken."""

import doctest
import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.formats import status_list
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.formats.status_list import (
    StatusList,
    compress,
    decode_token_payload,
    inflate,
    pack,
    token_header,
    token_payload,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/token-status-list/lists.json").read_text("utf-8"))
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
URI = "https://licence.example/status/market/1"
SIZE = 64


def claims(**changes: object) -> bytes:
    """A good payload as JSON, with members changed; None leaves a member out."""
    lst = b64url_encode(zlib.compress(bytes(16)))
    good = {"sub": URI, "iat": 1795500000, "exp": 1795600000, "ttl": 60, "status_list": {"bits": 2, "lst": lst}}
    changed = {name: value for name, value in (good | changes).items() if value is not None}
    return json.dumps(changed, separators=(",", ":")).encode()


def code_of(payload: bytes, *, uri: str = URI) -> str:
    with pytest.raises(FormatError) as caught:
        decode_token_payload(payload, expected_uri=uri, size=SIZE)
    return caught.value.code


def test_the_examples_in_the_module_run() -> None:
    assert doctest.testmod(status_list).failed == 0


@pytest.mark.parametrize("vector", VECTORS["small"], ids=lambda v: f"{v['bits']} bits")
def test_the_small_vectors_of_the_draft_read_and_pack_exactly(vector: dict) -> None:
    raw = bytes.fromhex(vector["raw_hex"])
    data = inflate(b64url_decode(vector["lst"]), exact_size=len(raw))
    statuses = StatusList(bits=vector["bits"], data=data, size=len(vector["statuses"]))
    assert data == raw
    assert [statuses.get(index) for index in range(statuses.size)] == vector["statuses"]
    assert pack(dict(enumerate(vector["statuses"])), bits=statuses.bits, size=statuses.size) == raw


@pytest.mark.parametrize("vector", VECTORS["long"], ids=lambda v: f"{v['bits']} bits")
def test_the_vectors_with_a_million_entries_agree_in_every_position(vector: dict) -> None:
    bits, size = vector["bits"], vector["entries"]
    values = {int(index): value for index, value in vector["statuses"].items()}
    data = inflate(b64url_decode(vector["lst"]), exact_size=size * bits // 8)
    statuses = StatusList(bits=bits, data=data, size=size)
    assert {index: statuses.get(index) for index in values} == values
    assert data == pack(values, bits=bits, size=size), "every entry not named is 0"


def test_the_signed_example_of_the_draft_is_read() -> None:
    payload = b64url_decode(VECTORS["status_list_jwt"]["token"].split(".")[1])
    token = decode_token_payload(payload, expected_uri="https://example.com/statuslists/1", size=16)
    assert [token.statuses.get(index) for index in range(16)] == VECTORS["small"][0]["statuses"]
    assert token.ttl == 43200
    assert token.issued_at == datetime(2023, 6, 16, 12, 56, 10, tzinfo=UTC)


def test_the_least_significant_bit_comes_first() -> None:
    assert pack({0: 1, 1: 1, 7: 1, 8: 1}, bits=1, size=16).hex() == "8301"


@given(
    st.sampled_from([1, 2, 4, 8]).flatmap(
        lambda bits: st.tuples(
            st.just(bits), st.dictionaries(st.integers(0, 1023), st.integers(0, 2**bits - 1), max_size=200)
        )
    )
)
def test_what_is_packed_and_compressed_is_read_back(case: tuple[int, dict[int, int]]) -> None:
    bits, values = case
    data = pack(values, bits=bits, size=1024)
    again = StatusList(bits=bits, data=inflate(compress(data), exact_size=len(data)), size=1024)
    assert [again.get(index) for index in range(1024)] == [values.get(index, 0) for index in range(1024)]


def test_a_token_made_here_is_read_back_and_equal_rows_give_equal_bytes() -> None:
    statuses = StatusList(bits=2, data=pack({5: 1, 6: 2, 131071: 3}, bits=2, size=131072), size=131072)
    made = token_payload(statuses, sub=URI, issued_at=NOW, expires_at=NOW + timedelta(days=3), ttl=300)
    token = decode_token_payload(made, expected_uri=URI)
    assert (token.sub, token.issued_at, token.expires_at, token.ttl) == (URI, NOW, NOW + timedelta(days=3), 300)
    assert token.statuses == statuses
    assert made == token_payload(statuses, sub=URI, issued_at=NOW, expires_at=NOW + timedelta(days=3), ttl=300)
    assert token_header("did:web:licence.example:a:market#x")["typ"] == "statuslist+jwt"


@pytest.mark.parametrize("index", [-1, SIZE, SIZE + 7, 2**40])
def test_an_index_outside_the_list_is_an_error_and_never_valid(index: int) -> None:
    statuses = StatusList(bits=2, data=bytes(16), size=SIZE)
    with pytest.raises(FormatError, match="status_index_range"):
        statuses.get(index)
    with pytest.raises(FormatError, match="status_index_range"):
        pack({index: 1}, bits=2, size=SIZE)


def test_a_value_that_does_not_fit_is_refused_not_cut() -> None:
    for value in (4, -1):
        with pytest.raises(FormatError, match="list_bad"):
            pack({0: value}, bits=2, size=SIZE)


@pytest.mark.parametrize(("bits", "size"), [(0, 8), (3, 8), (16, 8), (1, 0), (1, 7), (1, -8), (8, 2**24 + 1)])
def test_a_list_of_impossible_shape_is_refused(bits: int, size: int) -> None:
    with pytest.raises(FormatError, match="list_bad"):
        pack({}, bits=bits, size=size)


def test_a_list_whose_bytes_do_not_match_its_size_is_refused() -> None:
    with pytest.raises(FormatError, match="list_bad"):
        StatusList(bits=2, data=bytes(15), size=SIZE)


# --- the compressed bytes (S01-S06)


def test_a_bomb_is_stopped_one_byte_over_the_limit() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    with pytest.raises(FormatError, match="list_too_large"):
        inflate(bomb, exact_size=32768)


@pytest.mark.parametrize("cut", range(1, len(zlib.compress(bytes(range(64))))))
def test_a_stream_cut_anywhere_is_corrupt(cut: int) -> None:
    whole = zlib.compress(bytes(range(64)))
    assert inflate(whole, exact_size=64) == bytes(range(64))
    with pytest.raises(FormatError, match="list_corrupt"):
        inflate(whole[:-cut], exact_size=64)


RAW = zlib.compressobj(9, zlib.DEFLATED, -15)
WITH_DICTIONARY = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, bytes(64))


@pytest.mark.parametrize(
    "compressed",
    [
        pytest.param(zlib.compress(bytes(64)) + b"\0", id="a byte after the end"),
        pytest.param(zlib.compress(bytes(64)) * 2, id="two streams"),
        pytest.param(zlib.compress(bytes(63)), id="one byte short"),
        pytest.param(gzip.compress(bytes(64)), id="gzip"),
        pytest.param(RAW.compress(bytes(64)) + RAW.flush(), id="raw deflate"),
        pytest.param(bytes(64), id="not compressed"),
        pytest.param(WITH_DICTIONARY.compress(bytes(64)) + WITH_DICTIONARY.flush(), id="preset dictionary"),
        pytest.param(zlib.compress(bytes(64))[:-1] + b"\xff", id="wrong checksum"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_not_one_whole_zlib_stream_of_the_right_size_is_corrupt(compressed: bytes) -> None:
    with pytest.raises(FormatError, match="list_corrupt"):
        inflate(compressed, exact_size=64)


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize(
    "strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]
)
def test_every_level_and_strategy_of_zlib_is_accepted(level: int, strategy: int) -> None:
    deflate = zlib.compressobj(level, zlib.DEFLATED, 15, 8, strategy)
    assert inflate(deflate.compress(bytes(range(64))) + deflate.flush(), exact_size=64) == bytes(range(64))


def test_lists_stay_small_enough_to_be_fetched_on_a_telephone() -> None:
    sparse = pack({index * 997 % 131072: 1 for index in range(1311)}, bits=2, size=131072)
    assert len(compress(sparse)) < 3500, "1 % of 131,072 entries revoked"


# --- the payload (S07-S11, S18, S30)


def test_the_good_twin_is_accepted() -> None:
    assert decode_token_payload(claims(), expected_uri=URI, size=SIZE).statuses.get(63) == 0


LST = b64url_encode(zlib.compress(bytes(16)))


@pytest.mark.parametrize("bits", [0, 3, 16, "1", True, 2.0, None, [2]])
def test_bits_other_than_1_2_4_8_are_refused(bits: object) -> None:
    assert code_of(claims(status_list={"bits": bits, "lst": LST})) == "list_bad"


@pytest.mark.parametrize("lst", [7, ["x"], "", None, LST + "=", LST[:-1] + "+", LST + "\n", "AB"])
def test_an_lst_that_is_not_canonical_base64url_text_is_refused(lst: object) -> None:
    assert code_of(claims(status_list={"bits": 2, "lst": lst})) in {"list_bad", "list_corrupt"}
    assert code_of(claims(status_list={"lst": LST})) == "list_bad"


@pytest.mark.parametrize("name", ["sub", "iat", "exp", "status_list"])
@pytest.mark.parametrize("value", [None, [], True, -1, 1.5, 2**53 - 1])
def test_a_required_member_that_is_absent_or_of_another_kind_is_refused(name: str, value: object) -> None:
    assert code_of(claims(**{name: value})) == "list_bad"


def test_a_list_for_another_url_is_named_as_substituted() -> None:
    assert code_of(claims(), uri=URI + "0") == "list_substituted"
    assert code_of(claims(sub=URI + "/")) == "list_substituted"


@pytest.mark.parametrize(("ttl", "seconds"), [(0, 30), (-1, 30), (0.5, 30), (60, 60), (90.9, 90), (10**12, 86400)])
def test_ttl_is_brought_into_thirty_seconds_to_a_day(ttl: float, seconds: int) -> None:
    assert decode_token_payload(claims(ttl=ttl), expected_uri=URI, size=SIZE).ttl == seconds


def test_ttl_may_be_absent_but_not_of_another_kind() -> None:
    assert decode_token_payload(claims(ttl=None), expected_uri=URI, size=SIZE).ttl is None
    assert {code_of(claims(ttl=bad)) for bad in ("60", True, [60])} == {"list_bad"}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xd2\x84\x58\x20",
        claims() + b"x",
        b'{"sub":"a","sub":"a"}',
        b"\xef\xbb\xbf" + claims(),
    ],
)
def test_a_payload_that_is_not_one_json_object_is_refused(payload: bytes) -> None:
    assert code_of(payload) == "list_bad"


def test_a_list_of_another_size_than_asked_for_is_refused() -> None:
    small, large = b64url_encode(zlib.compress(bytes(8))), b64url_encode(zlib.compress(bytes(17)))
    assert code_of(claims(status_list={"bits": 2, "lst": small})) == "list_corrupt"
    assert code_of(claims(status_list={"bits": 2, "lst": large})) == "list_too_large"
