"""Base64url and JSON: one spelling each, every other refused with its own code."""

import base64
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.formats.encoding import (
    b64url_decode,
    b64url_encode,
    canonical_json,
    compact_json,
    parse_canonical,
    parse_json,
)

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
numbers = st.integers(-(2**53 - 1), 2**53 - 1) | st.floats(-1e15, 1e15).filter(
    lambda value: value != 0 or math.copysign(1, value) > 0
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def refused(code, call, *args, **options):
    with pytest.raises(FormatError) as caught:
        call(*args, **options)
    assert caught.value.code == code


@given(st.binary(max_size=200))
def test_base64url_agrees_with_the_standard_library_and_comes_back(data):
    expected = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert b64url_encode(data) == expected
    assert b64url_decode(expected) == b64url_decode(expected.encode()) == data


@given(st.text("ABgw_-12", max_size=12))
def test_every_base64url_text_that_decodes_is_the_only_spelling_of_its_bytes(spelling):
    try:
        data = b64url_decode(spelling)
    except FormatError:
        return
    assert b64url_encode(data) == spelling


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("Zm9v+w", "b64_alphabet"), ("Zm9v/w", "b64_alphabet"), ("Zm 9v", "b64_alphabet"), ("Zm9v\n", "b64_alphabet"),
        ("Zm9v\x00", "b64_alphabet"), ("Zm9%3D", "b64_alphabet"), ("Zm=9v", "b64_alphabet"), ("Zm9v？", "b64_alphabet"),
        ("Zg==", "b64_not_canonical"), ("Zg=", "b64_not_canonical"), ("Zm8=", "b64_not_canonical"),
        ("Zh", "b64_not_canonical"), ("Zm9", "b64_not_canonical"), ("Z", "b64_not_canonical"),
        ("Zm9vZ", "b64_not_canonical"), ("====", "b64_not_canonical"),
    ],
)  # fmt: skip
def test_base64url_with_a_second_spelling_is_refused(spelling, code):
    refused(code, b64url_decode, spelling)


def test_base64url_twins_of_the_refused_spellings_are_read():
    assert [b64url_decode(spelling) for spelling in ("", "Zg", "Zm8", "Zm9v", "_-8")] == [
        b"", b"f", b"fo", b"foo", b"\xff\xef",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json_syntax"), (b"{", "json_syntax"), (b"{} x", "json_syntax"), (b"{'a':1}", "json_syntax"),
        (b'{"a":1,}', "json_syntax"), (b'"\x1f"', "json_syntax"), (b'"\\x"', "json_syntax"), (b"01", "json_syntax"),
        (b'"abc', "json_syntax"), (b"\xef\xbb\xbf{}", "json_text"), ("{}".encode("utf-16"), "json_text"),
        (b'"\xff"', "json_text"), (b'"\xc0\xaf"', "json_text"), (b'"\xed\xa0\x80"', "json_text"),
        (b'"\\ud800"', "json_text"), (b'{"\\udfff":1}', "json_text"), (b'"\\u0000"', "json_text"),
        (b"\x00", "json_text"),
        (b'{"a":1,"a":1}', "json_duplicate_key"), (b'{"a":1,"\\u0061":1}', "json_duplicate_key"),
        (b'[{"b":{"c":1,"c":2}}]', "json_duplicate_key"), (b"NaN", "json_number"), (b"[-Infinity]", "json_number"),
        (b"Infinity", "json_number"), (b"-0", "json_number"), (b"-0.0", "json_number"), (b"1e999", "json_number"),
        (b"[1e16]", "json_number"), (b"9007199254740992", "json_number"), (b"-9007199254740992", "json_number"),
        (b"9223372036854775808", "json_number"), (b"1" * 5000, "json_number"), (b"0." + b"1" * 5000, "json_number"),
        (b"[" * 17 + b"]" * 17, "json_depth"), (b"[" * 60_000, "json_depth"), (b'{"a":' * 10_000, "json_depth"),
        (b'"' + b"a" * 65_536 + b'"', "json_too_long"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("parse", [parse_json, parse_canonical])
def test_json_that_two_programs_could_read_differently_is_refused(parse, data, code):
    refused(code, parse, data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"9007199254740991", 2**53 - 1), (b"-9007199254740991", 1 - 2**53), (b"0", 0), (b"0.5", 0.5),
        (b"1e3", 1000.0), (b"[" * 16 + b"]" * 16, None), (b'"[[[[[[[[[[[[[[[[[[[[[["', "[" * 22),
        (b'"\\"[[[[[[[[[[[[[[[[["', '"' + "[" * 17),
        (b' {"a" : [ ] } ', {"a": []}), (b'"\\u8bc1\\ud83d\\ude00"', "证😀"), (b'"\\\\u0000"', "\\u0000"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("parse", [parse_json, parse_canonical])
def test_json_just_inside_the_limits_is_read(parse, data, value):
    found = parse(data)
    assert value is None or found == value


@given(json_values)
def test_compact_json_comes_back_by_both_readers(value):
    data = compact_json(value)
    assert parse_json(data) == parse_canonical(data) == json.loads(data) == value


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_the_fast_reader_gives_the_verdict_of_the_strict_one(data):
    def verdict(parse):
        try:
            return parse(data)
        except FormatError as error:
            return error.code

    assert verdict(parse_canonical) == verdict(parse_json)


@given(json_values)
def test_canonical_json_is_read_back_and_does_not_depend_on_the_order_of_names(value):
    data = canonical_json(value)
    assert json.loads(data) == value
    if isinstance(value, dict):
        assert canonical_json(dict(reversed(list(value.items())))) == data


def test_canonical_json_sorts_by_utf16_and_writes_numbers_as_ecmascript_does():
    # RFC 8785 §3.2.3 (order) and appendix B (numbers), with those outside ±(2^53 - 1) left out
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_json(dict.fromkeys(names, 1)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip
    spelt = {
        0.0: "0", 5e-324: "5e-324", -5e-324: "-5e-324", 1.0: "1", 4.5: "4.5", 2e-3: "0.002", 1e-27: "1e-27",
        9.999999999999997e-7: "9.999999999999997e-7", 0.000001: "0.000001", 333333333.3333332: "333333333.3333332",
        9007199254740991.0: "9007199254740991", -0.0000033333333333333333: "-0.0000033333333333333333",
        1e15: "1000000000000000",
    }  # fmt: skip
    for value, spelling in spelt.items():
        assert canonical_json(value).decode() == spelling
    assert canonical_json('\x07\n"\\\x7f/€').decode() == '"\\u0007\\n\\"\\\\\x7f/€"'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "json_number"), (math.inf, "json_number"), (-0.0, "json_number"), (2**53, "json_number"),
        ("\ud800", "json_text"), ("a\x00", "json_text"), ({"\ud800": 1}, "json_text"), ([1e300], "json_number"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("write", [compact_json, canonical_json])
def test_what_could_not_be_read_back_is_not_written(write, value, code):
    refused(code, write, value)


def test_nesting_too_deep_is_not_written():
    value: list = []
    for _ in range(16):
        value = [value]
    refused("json_depth", compact_json, value)
    assert compact_json(value[0]) == b"[" * 16 + b"]" * 16


def test_a_value_without_a_json_form_is_a_mistake_of_the_program():
    with pytest.raises(TypeError):
        compact_json({"a": {1, 2}})
    with pytest.raises(TypeError):
        compact_json(b"bytes")
