import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import KeyFault
from elicence.keys.sealing import DataKey, Sealer, WrappedKey
from elicence.keys.secrets_file import NAMES, Secret, Secrets, rotate

SECRETS = Secrets(tuple(Secret(f"{name}-1", name, hashlib.sha256(name.encode()).digest()) for name in NAMES))
SEALER = Sealer(SECRETS)
KEY = DataKey(b"8 bytes.", bytes(range(32)))
OTHER_KEY = DataKey(b"8 bytes!", bytes(range(32)))
PLACE = {"table": "holder", "column": "sealed_name", "row": "lic_1/1/0"}
LICENCE = {"agency_id": "agc_1", "licence_id": "lic_1"}


def zeros(length: int) -> bytes:
    return bytes(length)


def broken(act, *arguments, **options) -> None:
    with pytest.raises(KeyFault) as caught:
        act(*arguments, **options)
    assert caught.value.code == "seal_broken"


@given(
    st.binary(max_size=300),
    st.text(max_size=10),
    st.text(max_size=10),
    st.text(max_size=10),
    st.binary(min_size=12, max_size=12),
)
def test_what_is_sealed_opens_in_its_place_and_not_without_its_bytes(plaintext, table, column, row, nonce):
    place = {"table": table, "column": column, "row": row}
    sealed = SEALER.seal(KEY, plaintext, **place, entropy=lambda n: nonce[:n])
    assert SEALER.open(KEY, sealed, **place) == plaintext
    assert len(sealed) == len(plaintext) + 29
    broken(SEALER.open, KEY, sealed[:-1], **place)
    broken(SEALER.open, KEY, sealed + b"\x00", **place)


def test_a_sealed_value_opens_nowhere_else():
    sealed = SEALER.seal(KEY, b"110105...", **PLACE, entropy=zeros)
    for moved in (
        {"table": "licence"},
        {"column": "sealed_id"},
        {"row": "lic_1/1/1"},
        {"row": "lic_1/1/"},
        {"row": ""},
    ):
        broken(SEALER.open, KEY, sealed, **{**PLACE, **moved})
    # The same letters, cut in another place, are another place.
    broken(SEALER.open, KEY, sealed, table="holders", column="ealed_name", row="lic_1/1/0")
    assert SEALER.open(KEY, sealed, **PLACE) == b"110105..."


def test_a_sealed_value_opens_under_no_other_key_even_with_equal_bytes():
    sealed = SEALER.seal(KEY, b"x", **PLACE, entropy=zeros)
    broken(SEALER.open, OTHER_KEY, sealed, **PLACE)
    broken(SEALER.open, replace(KEY, value=bytes(32)), sealed, **PLACE)


def test_every_changed_bit_and_every_shorter_value_is_noticed():
    sealed = SEALER.seal(KEY, b"a restricted claim", **PLACE, entropy=zeros)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        broken(SEALER.open, KEY, bytes(changed), **PLACE)
    for length in range(len(sealed)):
        broken(SEALER.open, KEY, sealed[:length], **PLACE)


def test_equal_values_do_not_look_equal(entropy):
    assert SEALER.seal(KEY, b"x", **PLACE, entropy=entropy) != SEALER.seal(KEY, b"x", **PLACE, entropy=entropy)


def test_a_data_key_unwraps_for_its_own_licence_only(entropy):
    data_key = SEALER.new_data_key(entropy)
    wrapped = SEALER.wrap(data_key, **LICENCE, entropy=entropy)
    assert SEALER.unwrap(wrapped, **LICENCE) == data_key
    assert data_key.value not in wrapped.wrapped
    assert repr(data_key.value) not in repr(data_key)
    broken(SEALER.unwrap, wrapped, agency_id="agc_2", licence_id="lic_1")
    broken(SEALER.unwrap, wrapped, agency_id="agc_1", licence_id="lic_2")
    broken(SEALER.unwrap, wrapped, agency_id="agc_1l", licence_id="ic_1")
    broken(SEALER.unwrap, replace(wrapped, wrapped=wrapped.wrapped[:-1]), **LICENCE)
    broken(SEALER.unwrap, replace(wrapped, wrapped=b""), **LICENCE)


def test_data_keys_are_fresh(entropy):
    assert SEALER.new_data_key(entropy) != SEALER.new_data_key(entropy)


@pytest.mark.parametrize("kek_id", ["", "key_encryption-2", "session-1", "search_digest-1"])
def test_an_unknown_key_encryption_secret_is_named_as_such(kek_id, entropy):
    wrapped = SEALER.wrap(KEY, **LICENCE, entropy=entropy)
    with pytest.raises(KeyFault) as caught:
        SEALER.unwrap(WrappedKey(kek_id, wrapped.wrapped), **LICENCE)
    assert caught.value.code == "secret_unknown"


def test_rotation_rewraps_data_keys_and_touches_no_sealed_value(entropy):
    sealed = SEALER.seal(KEY, b"x", **PLACE, entropy=entropy)
    old = SEALER.wrap(KEY, **LICENCE, entropy=entropy)
    rotated = Sealer(rotate(SECRETS, "key_encryption", entropy))
    assert rotated.unwrap(old, **LICENCE) == KEY
    new = rotated.rewrap(old, **LICENCE, entropy=entropy)
    assert new.kek_id != old.kek_id
    assert rotated.open(rotated.unwrap(new, **LICENCE), sealed, **PLACE) == b"x"
    assert rotated.rewrap(new, **LICENCE, entropy=entropy) is new
    # Under the name of the other secret the same bytes open nothing.
    broken(rotated.unwrap, replace(old, kek_id=new.kek_id), **LICENCE)


def test_a_search_digest_is_keyed_and_knows_its_scheme():
    number = "11010519491231002X"
    secret_id, digest = SEALER.search_digest("CN-RIC", number)
    assert (secret_id, len(digest)) == ("search_digest-1", 32)
    assert SEALER.search_digest("CN-RIC", number) == (secret_id, digest)
    others = [SEALER.search_digest("CN-USCC", number)[1], SEALER.search_digest("CN-RI", "C" + number)[1],
              hashlib.sha256(number.encode()).digest(), hmac.digest(bytes(32), number.encode(), "sha256")]  # fmt: skip
    assert digest not in others


def test_rows_from_before_a_rotation_are_found_too(entropy):
    before = SEALER.search_digest("CN-RIC", "11010519491231002X")
    rotated = Sealer(rotate(SECRETS, "search_digest", entropy))
    newest, oldest = rotated.search_digests("CN-RIC", "11010519491231002X")
    assert oldest == before
    assert newest == rotated.search_digest("CN-RIC", "11010519491231002X")
    assert newest[1] != oldest[1]


def test_a_mark_is_known_again_for_exactly_its_parts_and_under_older_secrets_too():
    mark = SEALER.mark("cursor", "lic_1", "agc_1")
    assert len(mark) == SEALER.MARK_LENGTH
    rotated = Sealer(rotate(SECRETS, "session", lambda n: b"\x07" * n))
    assert rotated.mark("cursor", "lic_1", "agc_1") != mark
    assert rotated.has_mark(mark, "cursor", "lic_1", "agc_1")
    for parts in (("cursor", "lic_1"), ("cursor", "lic_1agc_1"), ("cursor", "lic_1", "agc_2"), ("lic_1", "agc_1")):
        assert not SEALER.has_mark(mark, *parts)
    for other in (b"", mark[:-1], mark + b"\0", bytes(16), bytes([mark[0] ^ 1]) + mark[1:]):
        assert not SEALER.has_mark(other, "cursor", "lic_1", "agc_1")


def test_a_mark_is_made_with_no_secret_that_serves_anything_else():
    others = Sealer(Secrets(tuple(replace(each, value=bytes(32)) for each in SECRETS.entries if each.name == "session")
                            + tuple(each for each in SECRETS.entries if each.name != "session")))  # fmt: skip
    assert others.mark("a") != SEALER.mark("a")
    assert others.fingerprint("a") == SEALER.fingerprint("a")
