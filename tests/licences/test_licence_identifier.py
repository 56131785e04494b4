import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.licences.licence_identifier import LicenceIdentifier, parse

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/zzbs-identifiers/zzbs-identifiers.json").read_text("utf-8"))
COMPUTED = "1.2.156.3005.2.11100000000013338W002.11320482014138860P.201807250201.001.M"
TYPE_CODE, ISSUER = "11100000000013338W002", "11320482014138860P"


@pytest.mark.parametrize("example", VECTORS["examples"], ids=lambda example: example["check"])
def test_published_identifiers_read_with_the_check_character_they_carry(example):
    identifier, warnings = parse(example["identifier"])
    assert str(identifier) == example["identifier"]
    assert identifier.check == example["computed_check"]
    assert (identifier.type_code, identifier.issuer_uscc) == (example["type_code"], example["issuer_code"])
    assert (identifier.serial, f"{identifier.version:03d}") == (example["serial"], example["version"])
    region_as_issuer = len(example["issuer_code"]) == 6
    assert [warning.code for warning in warnings] == (["id_format"] if region_as_issuer else [])


@pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: case["reason"])
def test_an_altered_check_character_is_a_warning_on_reading(case):
    identifier, warnings = parse(case["identifier"])
    assert [warning.code for warning in warnings] == ["check_digit_wrong"]
    assert str(identifier) == case["identifier"]


usccs = st.from_regex(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", fullmatch=True)
identifiers = st.builds(
    lambda body, number, issuer, serial, version: LicenceIdentifier.build(
        f"{body}{number:03d}", issuer, serial=serial, version=version
    ),
    usccs,
    st.integers(0, 999),
    usccs,
    st.from_regex(r"[0-9A-Z]{1,64}", fullmatch=True),
    st.integers(1, 999),
)


@given(identifiers)
def test_what_is_built_reads_back_equal_and_without_warning(identifier):
    assert parse(str(identifier)) == (identifier, ())


@given(identifiers, st.data())
def test_every_wrong_character_in_a_segment_is_noticed(identifier, data):
    text = str(identifier)
    place = data.draw(st.integers(len("1.2.156.3005.2."), len(text) - 1).filter(lambda n: text[n] != "."))
    other = data.draw(st.sampled_from([c for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if c != text[place]]))
    with suppress(FormatError):
        _, warnings = parse(text[:place] + other + text[place + 1 :])
        assert "check_digit_wrong" in [warning.code for warning in warnings]


def test_small_letters_blanks_and_the_nearby_root_are_warnings():
    for odd in (COMPUTED.lower(), f" {COMPUTED}\n", COMPUTED.replace("3005", "3003")):
        identifier, warnings = parse(odd)
        assert str(identifier) == COMPUTED
        assert [warning.code for warning in warnings] == ["id_format"]


def test_version_000_is_a_warning_and_is_never_built():
    _, warnings = parse(COMPUTED.replace(".001.M", ".000.K"))
    assert "number_range" in [warning.code for warning in warnings]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.156.3005.2",
        "1.2.156.3005.2.....",
        COMPUTED[:-2],
        COMPUTED + ".X",
        COMPUTED.replace("1.2.156.3005.2", "1.2.156.3005.3"),
        COMPUTED.replace("1.2.156.3005.2", "01.2.156.3005.2"),
        COMPUTED.replace(".11320482014138860P", ""),
        COMPUTED.replace("138860P", "138860I"),
        COMPUTED.replace("201807250201", ""),
        COMPUTED.replace("201807250201", "2018-0725"),
        COMPUTED.replace("201807250201", "２０１８"),
        COMPUTED.replace("201807250201", "粤2018"),
        COMPUTED.replace(".001.", ".1."),
        COMPUTED.replace(".001.", ".+01."),
        COMPUTED.replace(".001.", ".٠٠١."),
        COMPUTED[:-1] + "MM",
        COMPUTED[:-1] + "*",
        COMPUTED.replace(".", "。"),
        COMPUTED.replace("201807250201", "9" * 65),
        "1.2.156.3005.2." + "." * 100_000,
        COMPUTED[:-1] + "ß",
    ],
)
def test_what_is_not_an_identifier_is_refused(text):
    with pytest.raises(FormatError) as caught:
        parse(text)
    assert caught.value.code == "identifier_bad"


@given(st.text() | st.text("0123456789.ABC").map("1.2.156.3005.2.".__add__))
def test_reading_an_identifier_is_total(text):
    with suppress(FormatError):
        parse(text)


@pytest.mark.parametrize(
    ("type_code", "issuer", "serial", "version"),
    [
        (TYPE_CODE[:-1], ISSUER, "1", 1),
        (TYPE_CODE.lower(), ISSUER, "1", 1),
        (TYPE_CODE, "440300", "1", 1),
        (TYPE_CODE, ISSUER, "", 1),
        (TYPE_CODE, ISSUER, "a", 1),
        (TYPE_CODE, ISSUER, "1.2", 1),
        (TYPE_CODE, ISSUER, "第1号", 1),
        (TYPE_CODE, ISSUER, "1" * 65, 1),
        (TYPE_CODE, ISSUER, "1\n", 1),
        (TYPE_CODE, ISSUER, "1", 0),
        (TYPE_CODE, ISSUER, "1", 1000),
        (TYPE_CODE, ISSUER, "1", -1),
    ],
)
def test_nothing_odd_is_ever_written(type_code, issuer, serial, version):
    assert LicenceIdentifier.build(TYPE_CODE, ISSUER, serial="1", version=1).version == 1
    with pytest.raises(FormatError):
        LicenceIdentifier.build(type_code, issuer, serial=serial, version=version)
