from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.licences.verification_code import grouped, new_code, parse_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.binary(min_size=7, max_size=7).map(lambda randomness: new_code(lambda n: randomness[:n]))


@given(codes)
def test_a_code_reads_back_however_it_is_typed(code):
    for typed in (code, code.lower(), grouped(code), f"  {grouped(code).replace('-', ' – ')}\r\n"):
        assert parse_code(typed) == code
    assert parse_code(code.replace("0", "o").replace("1", "l")) == code
    assert parse_code(code.replace("0", "O").replace("1", "I")) == code
    assert parse_code("".join(chr(ord(character) + 0xFEE0) for character in code)) == code


@given(codes, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_every_slip_of_one_key_is_noticed(code, place, other):
    typed = code[:place] + other + code[place + 1 :]
    if typed == code:
        assert parse_code(typed) == code
    else:
        with pytest.raises(FormatError):
            parse_code(typed)


@given(codes)
def test_a_code_has_twelve_characters_that_cannot_be_confused(code):
    assert len(code) == 12
    assert set(code) <= set(ALPHABET)


def test_all_random_bits_reach_the_code():
    base = bytes(7)
    seen = {new_code(lambda n: base)}
    for bit in range(1, 56):
        seen.add(new_code(lambda n, bit=bit: (1 << bit).to_bytes(7, "big")))
    assert len(seen) == 56


GOOD = new_code(lambda n: bytes(range(n)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " - ",
        GOOD[:-1],
        GOOD + "0",
        "U" + GOOD[1:],
        GOOD[:-1] + "*",
        GOOD[:-1] + "\x00",
        GOOD[:-1] + "零",
        GOOD[:-1] + "²²",
        "0" * 65,
        "-" * 10_000_000,
        "ß" * 12,
        GOOD[1] + GOOD[0] + GOOD[2:-1] + "Z",
    ],
)
def test_what_cannot_be_a_code_is_refused_without_echo(text):
    with pytest.raises(FormatError) as caught:
        parse_code(text)
    assert caught.value.code == "verification_code_bad"
    assert not text.strip(" -") or text not in caught.value.message


@given(st.text())
def test_reading_a_code_is_total(text):
    with suppress(FormatError):
        assert len(parse_code(text)) == 12
