"""The JSON-LD context of a type version: the same bytes for ever, and every term of a credential defined."""

import json
from pathlib import Path
from typing import Any

import pytest

from elicence.licences.catalogue import Catalogue
from elicence.licences.context import json_ld_context
from elicence.licences.licence_type import LicenceType, parse_licence_type

STANDARDS = Path(__file__).parents[2] / "standards"
TYPES = Catalogue.load(STANDARDS).types()
BASE = "https://licence.example"


def terms(licence_type: LicenceType) -> dict[str, Any]:
    document = json.loads(json_ld_context(licence_type, BASE))
    assert list(document) == ["@context"]
    return document["@context"]


@pytest.mark.parametrize("licence_type", TYPES, ids=lambda each: each.slug)
def test_every_term_of_a_code_credential_is_defined_and_no_closed_claim_is(licence_type: LicenceType) -> None:
    context = terms(licence_type)
    assert "@vocab" not in context
    assert {licence_type.vc_type, "licenceIdentifier", "licenceNumber", "version", "holders", "claims"} <= set(context)
    assert set(context["holders"]["@context"]) == {"kind", "name", "idScheme", "id"}
    claims = context["claims"]["@context"]
    assert set(licence_type.code_claims) <= set(claims)
    closed = {each.name for each in licence_type.claims.values() if not each.disclosure.in_credentials}
    assert not closed & set(claims)


@pytest.mark.parametrize("licence_type", TYPES, ids=lambda each: each.slug)
def test_the_same_file_gives_the_same_bytes(licence_type: LicenceType) -> None:
    again = parse_licence_type(licence_type.document, file="x")
    assert json_ld_context(again, BASE) == json_ld_context(licence_type, BASE)


def test_terms_lie_under_the_contexts_own_url_and_keep_their_kind() -> None:
    claims = terms(next(each for each in TYPES if each.slug == "food-business-licence"))["claims"]["@context"]
    vocabulary = f"{BASE}/ns/food-business-licence/v1#"
    assert claims["issue_date"] == {
        "@id": f"{vocabulary}issue_date",
        "@type": "http://www.w3.org/2001/XMLSchema#date",
    }
    assert claims["business_items"] == {"@id": f"{vocabulary}business_items", "@container": "@list"}
    assert claims["main_format"] == {"@id": f"{vocabulary}main_format"}


def test_no_term_of_the_base_context_is_redefined_outside_a_propertys_own_context() -> None:
    base_terms = {"id", "type", "name", "description", "iss", "iat", "credentialSubject", "VerifiableCredential"}
    for licence_type in TYPES:
        assert not base_terms & set(terms(licence_type))
