import json
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import RequestError
from elicence.licences.holder_id import SCHEMES, birth_date_of, check_holder_id

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/cn-codes/cn-codes.json").read_text("utf-8"))
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_of(first_17: str) -> str:
    """An oracle for GB 32100-2015, written from the formula and sharing nothing with the product."""
    total = sum(USCC_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first_17))
    return first_17 + USCC_ALPHABET[(31 - total % 31) % 31]


def resident_number_of(first_17: str) -> str:
    """An oracle for GB 11643-1999 with the weights 2^(17-i) mod 11."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(first_17))
    return first_17 + "10X98765432"[total % 11]


def problem_of(scheme: str, value: str, **options: object) -> tuple[str, str]:
    with pytest.raises(RequestError) as caught:
        check_holder_id(scheme, value, pointer="/holders/0/id", **options)
    (problem,) = caught.value.problems
    assert problem.pointer == "/holders/0/id"
    shown = f"{caught.value} {problem.detail} {dict(problem.facts)} {dict(caught.value.facts)}"
    assert len(value.strip()) < 6 or value.strip() not in shown
    return caught.value.code, problem.code


@pytest.mark.parametrize("code", VECTORS["uscc_valid"])
def test_sample_credit_codes_pass(code):
    assert check_holder_id("CN-USCC", code) == (code, ())


@pytest.mark.parametrize("number", VECTORS["citizen_id_standard_samples"])
def test_the_samples_of_the_standard_pass(number):
    assert check_holder_id("CN-RIC", number) == (number, ())


@pytest.mark.parametrize("code", VECTORS["uscc_checksum_fails_but_seen_in_the_wild"])
def test_a_wrong_check_character_is_refused_unless_the_caller_insists(code):
    assert problem_of("CN-USCC", code) == ("check_digit_wrong", "check_digit_wrong")
    number, warnings = check_holder_id("CN-USCC", code, accept_check_digit=True, pointer="/holders/0/id")
    assert number == code
    assert [(warning.pointer, warning.code) for warning in warnings] == [("/holders/0/id", "check_digit_wrong")]


@pytest.mark.parametrize("code", VECTORS["uscc_invalid"])
def test_bad_credit_codes_are_refused(code):
    assert problem_of("CN-USCC", code)[1] in {"check_digit_wrong", "id_format"}


@pytest.mark.parametrize("number", VECTORS["citizen_id_invalid"])
def test_bad_resident_numbers_are_refused_even_if_the_caller_insists(number):
    assert problem_of("CN-RIC", number, accept_check_digit=True)[1] in {"check_digit_wrong", "date"}


@given(st.from_regex(r"[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True))
def test_every_well_formed_credit_code_passes_and_every_other_check_character_is_noticed(first_17):
    code = uscc_of(first_17)
    assert check_holder_id("CN-USCC", code.lower()) == (code, ())
    for other in USCC_ALPHABET.replace(code[-1], ""):
        assert problem_of("CN-USCC", first_17 + other) == ("check_digit_wrong", "check_digit_wrong")


@pytest.mark.parametrize("first_17", ["N2440305MF1234567", "Y1440305MF1234567", "A1110000MF1234567"])
def test_credit_codes_of_villages_others_and_the_army_begin_with_a_letter(first_17):
    assert check_holder_id("CN-USCC", uscc_of(first_17))[1] == ()


@given(st.sampled_from(["110105", "445281", "659004", "810000"]), st.dates(date(1900, 1, 1)), st.integers(0, 999))
def test_every_well_formed_resident_number_passes_and_gives_its_birth_date(region, birth, order):
    number = resident_number_of(f"{region}{birth:%Y%m%d}".replace(" ", "0") + f"{order:03d}")
    assert check_holder_id("CN-RIC", number.lower()) == (number, ())
    assert birth_date_of(number) == birth


@pytest.mark.parametrize("region", ["000000", "990101", "160000", "550000"])
def test_an_unknown_region_is_only_a_warning(region):
    number = resident_number_of(region + "19491231002")
    stored, warnings = check_holder_id("CN-RIC", number)
    assert stored == number
    assert [warning.code for warning in warnings] == ["region_unknown"]
    assert number not in warnings[0].detail


@pytest.mark.parametrize("birth", ["19490229", "20001301", "20000001", "00000101", "18491231", "19000229", "99991231"])
def test_an_impossible_birth_date_is_refused(birth):
    number = resident_number_of(f"110105{birth}002")
    assert problem_of("CN-RIC", number, today=date(2026, 11, 23)) == ("validation_failed", "date")


def test_a_birth_date_of_tomorrow_is_refused_and_of_today_is_not():
    number = resident_number_of("11010520261123002")
    assert check_holder_id("CN-RIC", number, today=date(2026, 11, 23))[1] == ()
    assert problem_of("CN-RIC", number, today=date(2026, 11, 22))[1] == "date"


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize(
    "value",
    ["", " ", "1", "1" * 17, "1" * 19, "9" * 100_000,
     "91110000101623741\x00", "911100001016237４1KK", "1101051949123１",
     "11010519491231002Ⅹ9", "𝟏" * 17, "九" * 18, "91110000101623741K; DROP", "130503670401001", "１" * 19],
)  # fmt: skip
def test_another_shape_is_refused(scheme, value):
    assert problem_of(scheme, value) == ("validation_failed", "id_format")


def test_blanks_dashes_and_full_width_digits_are_forgiven():
    assert check_holder_id("CN-USCC", " 91350100-M000100Y43 ")[0] == "91350100M000100Y43"
    assert check_holder_id("CN-RIC", "４４０５２４ 18800101 0014")[0] == "440524188001010014"


@pytest.mark.parametrize("scheme", ["", "CN", "cn-uscc", "CN-RIC ", "__class__", "US-SSN"])
def test_an_unknown_scheme_is_refused(scheme):
    assert problem_of(scheme, "91350100M000100Y43") == ("validation_failed", "id_scheme")


@given(st.sampled_from(sorted(SCHEMES)), st.text(), st.booleans())
def test_checking_is_total(scheme, value, accept):
    with suppress(RequestError):
        check_holder_id(scheme, value, accept_check_digit=accept)
