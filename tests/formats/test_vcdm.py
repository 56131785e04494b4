"""W3C VCDM 2.0: all 120 inputs of the W3C suite, and the defects it does not look for."""

import hashlib
import json
from pathlib import Path

import pytest

from elicence.errors import FormatError
from elicence.formats.vcdm import BASE_TYPES, check_data_model

TESTS = Path(__file__).parent.parent
INPUTS = json.loads((TESTS / "vectors/vcdm2/inputs.json").read_bytes())["inputs"]
BASE = json.loads((TESTS.parent / "standards/contexts/credentials-v2.jsonld").read_bytes())["@context"]
CREDENTIAL = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:issuer",
    "credentialSubject": {"id": "did:example:subject"},
}


def as_issued(value):
    """What the suite's runner does before it posts an input: it names the issuer and fills in the dates."""
    dates = {"FUTURE DATE": "2099-01-01T00:00:00Z", "PAST DATE": "2001-01-01T00:00:00Z"}
    value = {name: dates.get(item, item) if isinstance(item, str) else item for name, item in value.items()}
    if "VerifiableCredential" in (value.get("type") or []):
        value.setdefault("issuer", "did:example:issuer")
        if isinstance(value["issuer"], dict):
            value["issuer"] = {"id": "did:example:issuer"} | value["issuer"]
    return value


def test_the_suite_has_120_inputs():
    assert len(INPUTS) == 120


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_of_the_w3c_suite_gets_the_verdict_in_its_name(name):
    value = as_issued(INPUTS[name])
    if "-fail" in name:
        with pytest.raises(FormatError):
            check_data_model(value)
    else:
        check_data_model(value)


def test_the_shipped_base_context_is_the_one_in_the_recommendation():
    data = (TESTS.parent / "standards/contexts/credentials-v2.jsonld").read_bytes()
    assert hashlib.sha256(data).hexdigest() == "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def test_every_protected_type_of_the_base_context_is_known():
    assert {name for name in BASE if name[0].isupper()} == BASE_TYPES


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": ["did:example:a"]}, "vc_bad"), ({"issuanceDate": "2020-01-01T00:00:00Z"}, "vc_bad"),
        ({"expirationDate": "2020-01-01T00:00:00Z"}, "vc_bad"), ({"vc": {}}, "vc_claims_disagree"),
        ({"iss": "did:example:other"}, "vc_claims_disagree"), ({"credentialSubject": []}, "vc_bad"),
        ({"credentialSubject": "did:example:subject"}, "vc_bad"), ({"type": "VerifiableCredential "}, "vc_bad"),
        ({"type": []}, "vc_bad"), ({"type": ["VerifiableCredential", 7]}, "vc_bad"),
        ({"@context": []}, "context_unknown"),
        ({"@context": "https://www.w3.org/ns/credentials/v2"}, "context_unknown"), ({"name": 7}, "vc_bad"),
        ({"name": {"@language": "en"}}, "vc_bad"), ({"validFrom": "2026-02-30T00:00:00Z"}, "time_claim_bad"),
        ({"validFrom": 1}, "time_claim_bad"), ({"validUntil": "2026-01-01"}, "time_claim_bad"),
        ({"validFrom": "2026-01-01T00:00:00+08:00", "validUntil": "2025-12-31T15:59:59Z"}, "time_order"),
        ({"relatedResource": {"id": "https://a.example"}}, "vc_bad"),
        ({"relatedResource": {"digestSRI": "x"}}, "vc_bad"),
        ({"relatedResource": [{"id": "https://a.example", "digestSRI": "x"}] * 2}, "vc_bad"),
        ({"credentialStatus": {"type": "Unheard"}}, "vc_bad"), ({"credentialStatus": []}, "vc_bad"),
    ],
)  # fmt: skip
def test_a_credential_with_one_defect_is_refused(change, code):
    check_data_model(CREDENTIAL)
    with pytest.raises(FormatError) as caught:
        check_data_model(CREDENTIAL | change)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "did:example:issuer"}, {"validFrom": "2026-01-01T00:00:00"}, {"validFrom": "0001-01-01T00:00:00Z"},
        {"validFrom": "2026-01-01T07:00:00+08:00", "validUntil": "2025-12-31T23:00:00Z"},
        {"relatedResource": [{"id": "https://a.example", "digestSRI": "x"},
        {"id": "https://b.example", "digestMultibase": "u"}]},
        {"credentialStatus": {"type": "BitstringStatusListEntry"}},
        {"@context": [*CREDENTIAL["@context"], "https://h.example/ns/x/v1"], "type": ["VerifiableCredential", "New"]},
    ],
)  # fmt: skip
def test_a_credential_that_is_merely_unusual_is_accepted(change):
    check_data_model(CREDENTIAL | change)


@pytest.mark.parametrize("value", [None, [], "text", 7, {}])
def test_what_is_no_credential_at_all_is_refused(value):
    with pytest.raises(FormatError):
        check_data_model(value)


def test_a_presentation_inside_a_presentation_is_refused():
    inner = {"@context": CREDENTIAL["@context"], "type": ["VerifiablePresentation"]}
    check_data_model(inner | {"verifiableCredential": [CREDENTIAL]})
    with pytest.raises(FormatError):
        check_data_model(inner | {"verifiableCredential": [inner]})
