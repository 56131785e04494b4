from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.licences.ids import new_id, parse_id

NOW = datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC)
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES = ["lic", "agc", "evt", "int", "opr", "cli", "grt", "log", "out"]
instants = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)).map(lambda t: t.replace(tzinfo=UTC))


def uuid_of(text: str) -> UUID:
    value = 0
    for character in text.partition("_")[2]:
        value = value * 32 + CROCKFORD.index(character)
    return UUID(int=value)


@given(st.sampled_from(PREFIXES), instants, st.binary(min_size=8, max_size=8))
def test_every_id_reads_back_and_is_a_version_7_uuid_of_its_millisecond(prefix, now, randomness):
    text = new_id(prefix, now, lambda n: randomness[:n])
    uuid = uuid_of(text)
    assert parse_id(prefix, text) == text
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(instants, st.integers(min_value=1, max_value=10**12), st.binary(min_size=8, max_size=8))
def test_ids_sort_by_the_microsecond_they_were_made_in(now, later, randomness):
    first = new_id("lic", now, lambda n: b"\xff" * n)
    second = new_id("lic", now + timedelta(microseconds=later), lambda n: b"\x00" * n)
    assert first < second


def test_two_ids_of_one_instant_differ_by_their_randomness():
    assert new_id("lic", NOW, lambda n: b"\x01" * n) != new_id("lic", NOW, lambda n: b"\x02" * n)


GOOD = new_id("lic", NOW, lambda n: b"\x55" * n)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lic",
        "lic_",
        GOOD[4:],
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.replace("lic_", "agc_"),
        GOOD.replace("lic_", "lic-"),
        "lic_lic_" + GOOD[8:],
        "lic_8" + GOOD[5:],
        GOOD[:-1] + "u",
        GOOD[:-1] + "o",
        GOOD[:-1] + "０",
        "lic_00000000000000000000000000",
        "lic_7zzzzzzzzzzzzzzzzzzzzzzzzz",
        GOOD[:-1] + "\x00",
        "lic_" + "0" * 100_000,
    ],
)
def test_anything_that_is_not_an_own_id_is_refused(text):
    with pytest.raises(FormatError) as caught:
        parse_id("lic", text)
    assert caught.value.code == "identifier_bad"


@given(st.text())
def test_reading_an_id_is_total(text):
    with suppress(FormatError):
        assert parse_id("lic", text) == text
