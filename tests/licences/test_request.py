"""Requests to issue: good ones become values, bad ones name every problem at its place and echo nothing."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.register import ROWS, SLUG, requests_from_register

from elicence.errors import Problem, RequestError
from elicence.licences.catalogue import Catalogue
from elicence.licences.licence_type import LicenceType
from elicence.licences.request import CheckedRequest, Holder, check_request, request_schema
from elicence.licences.type_lint import load_type

STANDARDS = Path(__file__).parents[2] / "standards"
CATALOGUE = Catalogue.load(STANDARDS)
FOOD = CATALOGUE.get("food-business-licence")
ESTATE = CATALOGUE.get("real-estate-registration")
DEGREE = CATALOGUE.get("degree")


def example(licence_type: LicenceType, name: str) -> dict[str, Any]:
    return json.loads((STANDARDS / licence_type.slug / "examples" / f"valid-{name}.json").read_text("utf-8"))


def restaurant(**changed: Any) -> dict[str, Any]:
    return example(FOOD, "restaurant") | changed


def problems(licence_type: LicenceType, body: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RequestError) as caught:
        check_request(licence_type, body)
    return {(each.code, each.pointer) for each in caught.value.problems}


def refusal(licence_type: LicenceType, body: dict[str, Any]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        check_request(licence_type, body)
    return caught.value


def test_a_good_request_becomes_a_value_with_claims_in_the_files_order() -> None:
    body = restaurant()
    body["claims"] = dict(reversed(body["claims"].items()))
    checked = check_request(FOOD, body)
    assert checked.holders == (
        Holder("organization", "北京青禾示例餐饮管理有限公司朝阳门外第二分店", "CN-USCC", "91110105MA9B1X0Q18"),
    )
    assert (checked.valid_from, checked.valid_until) == (date(2026, 11, 23), date(2031, 11, 22))
    assert list(checked.claims) == [name for name in FOOD.claims if name in body["claims"]]
    assert (checked.region, checked.external_ref, checked.warnings) == ("110105", "SP-2026-110105-008812", ())


def test_a_fixed_period_is_filled_in() -> None:
    body = restaurant()
    del body["valid_until"]
    assert check_request(FOOD, body).valid_until == date(2031, 11, 22)


def test_a_day_of_local_mean_time_is_no_first_day() -> None:
    body = restaurant(valid_from="1900-06-01")
    del body["valid_until"]
    assert problems(FOOD, body) == {("date", "/valid_from")}
    assert check_request(FOOD, body | {"valid_from": "1901-06-01"}).valid_until == date(1906, 5, 31)


def test_null_is_no_last_day() -> None:
    assert check_request(ESTATE, example(ESTATE, "company")).valid_until is None


def test_the_digest_is_of_the_body_whatever_the_order_of_its_members() -> None:
    body = restaurant()
    reordered = dict(reversed(body.items()))
    assert check_request(FOOD, body).digest == check_request(FOOD, reordered).digest
    assert check_request(FOOD, restaurant(external_ref="other")).digest != check_request(FOOD, body).digest


def test_text_is_brought_to_nfc() -> None:
    body = restaurant()
    body["claims"]["registered_address"] = "Cafe\u0301 1"
    assert check_request(FOOD, body).claims["registered_address"] == "Café 1"


def test_all_problems_are_reported_at_once() -> None:
    body = restaurant(number="JY9", region="11", colour=1, valid_until="2099-01-01")
    body["claims"]["main_format"] = 7
    body["claims"]["shape"] = "round"
    del body["claims"]["issue_date"]
    body["holders"][0]["id"] = "91110105MA9B1X0Q17"
    assert problems(FOOD, body) == {
        ("number_format", "/number"),
        ("pattern", "/region"),
        ("field_unknown", "/colour"),
        ("wrong_kind", "/claims/main_format"),
        ("field_unknown", "/claims/shape"),
        ("field_missing", "/claims/issue_date"),
        ("check_digit_wrong", "/holders/0/id"),
        ("period", "/valid_until"),
    }


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("type", "degree", "not_allowed_value"),
        ("type", 1, "not_allowed_value"),
        ("type_version", 2, "not_allowed_value"),
        ("type_version", "1", "not_allowed_value"),
        ("number", 21101050123457, "wrong_kind"),
        ("number", "", "number_format"),
        ("number", "JY2110105012345７", "number_format"),
        ("number", "JY2110105O123457", "number_format"),
        ("number", "JY21101050123457\n", "text_policy"),
        ("holders", {}, "wrong_kind"),
        ("holders", [], "holders_count"),
        ("region", "1101０5", "pattern"),
        ("region", 110105, "wrong_kind"),
        ("valid_from", "2026-02-30", "date"),
        ("valid_from", "23.11.2026", "date"),
        ("valid_from", "2026-11-23T00:00:00Z", "date"),
        ("valid_from", "1899-12-31", "date"),
        ("valid_from", "0000-01-01", "date"),
        ("valid_until", "0000-12-31", "date"),
        ("valid_from", 20261123, "wrong_kind"),
        ("valid_until", "tomorrow", "date"),
        ("valid_until", "2026-11-22", "before_valid_from"),
        ("valid_until", "2031-11-23", "period"),
        ("claims", [], "wrong_kind"),
        ("external_ref", "x" * 101, "too_long"),
        ("external_ref", "", "too_short"),
        ("external_ref", "a\u200bb", "text_policy"),
        ("accept_check_digit", "yes", "wrong_kind"),
        ("issuer", "did:web:x", "field_unknown"),
    ],
)
def test_a_member_with_one_defect_is_refused_at_its_place(member: str, value: Any, code: str) -> None:
    assert (code, f"/{member}") in problems(FOOD, restaurant(**{member: value}))


@pytest.mark.parametrize("member", ["type", "number", "holders", "valid_from", "claims"])
def test_a_needed_member_is_missed(member: str) -> None:
    body = restaurant()
    del body[member]
    assert problems(FOOD, body) == {("field_missing", f"/{member}")}


PERSON = {"kind": "person", "name": "示例丙", "id_scheme": "CN-RIC", "id": "11010519491231002X"}


@pytest.mark.parametrize(
    ("holder", "code", "at"),
    [
        ({"kind": "person", "name": "示例丙"}, "field_missing", "/id"),
        (PERSON | {"kind": "robot"}, "holder_kind", "/kind"),
        (PERSON | {"name": ""}, "too_short", "/name"),
        (PERSON | {"name": "甲" * 201}, "too_long", "/name"),
        (PERSON | {"name": "示\u202e例"}, "text_policy", "/name"),
        (PERSON | {"id_scheme": "SSN", "id": "078051120"}, "id_scheme", "/id_scheme"),
        (PERSON | {"id_scheme": "CN-USCC", "id": "91310115MA9D3W2T9Q"}, "id_scheme", "/id_scheme"),
        (PERSON | {"id_scheme": "PASSPORT", "id": "x-1"}, "id_format", "/id"),
        (PERSON | {"id": "110105194912310021"}, "check_digit_wrong", "/id"),
        (PERSON | {"id": "11010519491331002X"}, "date", "/id"),
        (PERSON | {"id": 5}, "wrong_kind", "/id"),
        (PERSON | {"vip": True}, "field_unknown", "/vip"),
        ("示例丙", "wrong_kind", ""),
    ],
)
def test_a_holder_with_one_defect_is_refused_at_its_place(holder: Any, code: str, at: str) -> None:
    body = example(ESTATE, "two-owners")
    body["holders"] = [body["holders"][1], holder]
    assert (code, f"/holders/1{at}") in problems(ESTATE, body)


def test_a_second_holder_needs_a_type_that_allows_several() -> None:
    body = restaurant()
    body["holders"] *= 2
    assert problems(FOOD, body) == {("holders_count", "/holders")}


def test_a_wrong_check_character_can_be_insisted_on_and_is_kept_as_a_warning() -> None:
    body = restaurant()
    body["holders"][0]["id"] = "91350211M0000XUF46"
    assert refusal(FOOD, body).code == "check_digit_wrong"
    checked = check_request(FOOD, body | {"accept_check_digit": True})
    assert [(each.code, each.pointer) for each in checked.warnings] == [("check_digit_wrong", "/holders/0/id")]


def test_insisting_does_not_help_a_resident_number() -> None:
    body = example(DEGREE, "master") | {"accept_check_digit": True}
    body["holders"][0]["id"] = "110105194912310021"
    assert refusal(DEGREE, body).code == "check_digit_wrong"


def test_a_holders_number_is_stored_in_one_form() -> None:
    body = restaurant()
    body["holders"][0]["id"] = "9111 0105 ma9b 1x0q 18"
    assert check_request(FOOD, body).holders[0].id == "91110105MA9B1X0Q18"


def test_no_found_value_stands_in_an_error() -> None:
    secret = "Geheim-4711"
    body = restaurant(
        number=secret, region=secret, external_ref=secret + "\u202e", valid_from=secret, accept_check_digit=secret
    )
    body["claims"] = dict.fromkeys(body["claims"], secret) | {f"{secret} {secret}": secret}
    body["holders"] = [{"kind": secret, "name": secret + "\u200b", "id_scheme": secret, "id": secret}]
    error = refusal(FOOD, body)
    assert len(error.problems) > 10
    assert "4711" not in repr([(each.pointer, each.detail, dict(each.facts)) for each in error.problems]) + str(error)


def test_a_retired_version_issues_no_more() -> None:
    assert refusal(replace(FOOD, status="retired"), restaurant()).code == "type_version_retired"


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (deep(50_000), "schema"),
        (10**400, "number_range"),
        (float("inf"), "number_range"),
        (float("nan"), "number_range"),
        ("\ud800", "text_policy"),
        ("\x00", "text_policy"),
        ({"\ud800": 1}, "field_unknown"),
        ({"a/b~": {"\u202e": "x"}}, "field_unknown"),
    ],
    ids=["deep", "huge", "inf", "nan", "surrogate", "nul", "surrogate name", "bidi name"],
)
def test_hostile_values_are_problems_and_never_crashes(value: Any, code: str) -> None:
    body = restaurant()
    body["claims"]["main_format"] = value
    assert code in {each for each, _ in problems(FOOD, body)}


def test_a_flood_of_unknown_members_is_answered_with_a_bounded_list() -> None:
    body = restaurant()
    body["claims"] |= {f"x{n}": n for n in range(5_000)}
    assert len(refusal(FOOD, body).problems) <= 101


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6), part, max_size=3),
    max_leaves=8,
)
_PLACES = st.sampled_from([*restaurant(), "accept_check_digit"])


@given(_PLACES, _JSON)
def test_any_member_replaced_by_any_json_is_accepted_or_refused_with_problems(member: str, value: Any) -> None:
    try:
        assert isinstance(check_request(FOOD, restaurant(**{member: value})), CheckedRequest)
    except RequestError as error:
        assert error.problems  # noqa: PT017


@given(st.dictionaries(st.sampled_from([*FOOD.claims, "colour"]), _JSON, max_size=6))
def test_any_claims_are_accepted_or_refused_with_problems(claims: dict[str, Any]) -> None:
    body = restaurant()
    body["claims"] |= claims
    try:
        check_request(FOOD, body)
    except RequestError as error:
        assert all(isinstance(each, Problem) for each in error.problems)  # noqa: PT017


@pytest.mark.parametrize("licence_type", CATALOGUE.types(), ids=lambda each: each.slug)
def test_the_published_schema_of_a_request_is_json_schema_and_accepts_the_examples(licence_type: LicenceType) -> None:
    schema = request_schema(licence_type)
    jsonschema_rs.meta.validate(schema)
    json.dumps(schema)
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for path in (STANDARDS / licence_type.slug / "examples").glob("valid-*.json"):
        validator.validate(json.loads(path.read_text("utf-8")))


def coming_of_age(**rule: Any) -> LicenceType:
    stated = json.loads((STANDARDS / "degree/v1.json").read_text("utf-8"))
    stated["validity"] = {"rule": "until_age", "time_zone": "Asia/Shanghai", "age": 100} | rule
    return load_type(json.dumps(stated).encode(), file="x")


def test_a_period_until_an_age_counts_from_the_claim_or_the_resident_number() -> None:
    body = example(DEGREE, "master")
    body["claims"]["birth_date"] = "1950-06-01"
    assert check_request(coming_of_age(), body).valid_until == date(2049, 12, 30)
    assert check_request(coming_of_age(birth_date_claim="birth_date"), body).valid_until == date(2050, 5, 31)
    body = example(DEGREE, "doctor-foreign-passport")
    assert problems(coming_of_age(), body) == {("field_missing", "/holders")}


def test_every_row_of_the_real_register_is_an_acceptable_request() -> None:
    licence_type = CATALOGUE.get(SLUG)
    numbers = {check_request(licence_type, body).number for body in requests_from_register()}
    assert len(numbers) == ROWS


def test_a_licence_of_a_retired_version_can_still_be_corrected() -> None:
    retired, body = replace(FOOD, status="retired"), restaurant()
    first, last = date.fromisoformat(body["valid_from"]), date.fromisoformat(body["valid_until"])
    assert check_request(retired, body, kept_period=(first, last)).valid_until == last
