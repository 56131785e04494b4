"""What the code shows: only fields with `code: true`, identifiers masked, closed ones never."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.licences.catalogue import Catalogue
from elicence.licences.code_size import estimated_version
from elicence.licences.disclosure import Disclosure
from elicence.licences.examples import DICTIONARY_ID, dictionary_in
from elicence.licences.face import subject_of
from elicence.licences.licence_type import LicenceType
from elicence.licences.mask import mask_id
from elicence.licences.request import CheckedRequest, check_request

STANDARDS = Path(__file__).parents[2] / "standards"
CATALOGUE = Catalogue.load(STANDARDS)


def checked(slug: str, name: str) -> CheckedRequest:
    path = STANDARDS / slug / "examples" / f"valid-{name}.json"
    return check_request(CATALOGUE.get(slug), json.loads(path.read_text("utf-8")))


def test_a_person_is_shown_by_name_and_masked_number() -> None:
    request = checked("real-estate-registration", "two-owners")
    subject = subject_of(request.licence_type, request, licence_identifier="1.2.156.3005.2.x", version=3)
    assert (subject.licence_identifier, subject.licence_number, subject.version) == (
        "1.2.156.3005.2.x", "京(2026)海淀区不动产权第0012345号", 3,
    )  # fmt: skip
    assert [(each.kind, each.name, each.id_scheme, each.id) for each in subject.holders] == [
        ("person", "示例甲", "CN-RIC", "1101**********002X"),
        ("person", "示例乙", "CN-RIC", "4405**********0014"),
    ]


def test_an_open_number_is_shown_whole() -> None:
    request = checked("food-business-licence", "restaurant")
    holder = subject_of(request.licence_type, request, licence_identifier="x", version=1).holders[0]
    assert holder.id == "91110105MA9B1X0Q18"


def test_a_holder_without_a_number_has_no_scheme_either() -> None:
    request = checked("business-licence-tax-certificate", "sole-trader-abroad")
    holder = subject_of(request.licence_type, request, licence_identifier="x", version=1).holders[0]
    assert (holder.name, holder.id_scheme, holder.id) == ("SAMPLE PERSON Q", None, None)


@pytest.mark.parametrize("licence_type", CATALOGUE.types(), ids=lambda each: each.slug)
def test_no_claim_outside_the_code_gets_in(licence_type: LicenceType) -> None:
    for path in (STANDARDS / licence_type.slug / "examples").glob("valid-*.json"):
        request = check_request(licence_type, json.loads(path.read_text("utf-8")))
        subject = subject_of(licence_type, request, licence_identifier="x", version=1)
        assert list(subject.claims) == [name for name in licence_type.code_claims if name in request.claims]
        hidden = [value for name, value in request.claims.items() if name not in licence_type.code_claims]
        assert not [value for value in hidden if value in subject.claims.values()]


def test_a_closed_claim_stays_out_even_if_its_code_flag_were_set() -> None:
    request = checked("real-estate-registration", "two-owners")
    claims = dict(request.licence_type.claims)
    claims["mortgage_detail"] = replace(claims["mortgage_detail"], code=True)
    flagged = replace(request.licence_type, claims=claims)
    subject = subject_of(flagged, request, licence_identifier="x", version=1)
    assert "mortgage_detail" in request.claims
    assert "mortgage_detail" not in subject.claims


def test_closed_holder_fields_stay_out() -> None:
    request = checked("degree", "master")
    closed = {"person": Disclosure.CLOSED}
    rules = replace(request.licence_type.holder, name_disclosure=closed, id_disclosure=closed)
    subject = subject_of(replace(request.licence_type, holder=rules), request, licence_identifier="x", version=1)
    assert (subject.holders[0].name, subject.holders[0].id) == (None, None)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_a_mask_keeps_the_length_and_shows_at_most_half(value: str) -> None:
    masked = mask_id(value)
    assert len(masked) == len(value)
    assert masked.count("*") >= len(value) / 2
    assert all(each in ("*", shown) for each, shown in zip(masked, value, strict=True))


@pytest.mark.parametrize("slug", ["real-estate-registration", "degree", "food-business-licence"])
def test_every_example_fits_a_code_of_version_19_with_a_long_host(slug: str) -> None:
    dictionary = dictionary_in(STANDARDS)
    for path in (STANDARDS / slug / "examples").glob("valid-*.json"):
        request = check_request(CATALOGUE.get(slug), json.loads(path.read_text("utf-8")))
        assert estimated_version(request, dictionary_id=DICTIONARY_ID, dictionary=dictionary) <= 19
