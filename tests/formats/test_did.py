"""One key set published as did:web document, JWK Set and issuer metadata; what a compromise changes in each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from elicence.errors import FormatError
from elicence.formats.did import check_base_url, did_document, did_web, https_id, issuer_metadata, jwks
from elicence.formats.jwk import VerificationKey, public_jwk

BASE = "https://licences.example.cn"
DID = "did:web:licences.example.cn:a:housing"


@dataclass(frozen=True)
class Key:
    kid: str
    state: str
    compromised_at: datetime | None
    jwk: dict


def key(state: str, compromised_at: datetime | None = None) -> Key:
    jwk = public_jwk(generate_private_key(SECP256R1()).public_key())
    return Key(VerificationKey.from_jwk(jwk).kid, state, compromised_at, jwk)


STOLEN = key("compromised", datetime(2026, 11, 23, 8, 0, tzinfo=timezone(timedelta(hours=8))))
KEYS = [key("next"), key("active"), key("retired"), STOLEN]


def test_both_identifiers_of_an_agency_follow_from_base_url_and_slug():
    assert did_web(BASE, "housing") == DID
    assert did_web("https://h.example:8443", "t-2") == "did:web:h.example%3A8443:a:t-2"
    assert https_id("http://localhost:8000", "tax") == "http://localhost:8000/a/tax"


@pytest.mark.parametrize(
    "base_url",
    [
        "", "https://", "http://h.example", "https://h.example/", "https://h.example/x", "https://H.example", "ftp://h.example",
        "https://u@h.example", "https://h.example?x", "https://h.example#x", "https://h_x.example", "https://h.example:",
        "https://h.example:0", "https://h.example:123456", "http://localhost.evil.example", "https://证照.example",
        "https://-h.example", "https://h..example", " https://h.example", "https://h.example\n",
    ],
)  # fmt: skip
def test_a_base_url_of_another_shape_is_refused(base_url):
    with pytest.raises(FormatError, match="identifier_bad"):
        check_base_url(base_url)


@pytest.mark.parametrize("slug", ["", "a", "A1", "1a", "a_b", "a.b", "a:b", "a" * 13, "housing\n", "../x", "房产"])
def test_a_slug_of_another_shape_is_refused(slug):
    with pytest.raises(FormatError, match="identifier_bad"):
        did_web(BASE, slug)
    with pytest.raises(FormatError, match="identifier_bad"):
        https_id(BASE, slug)


def test_the_did_document_names_every_key_and_trusts_all_but_the_compromised():
    document = did_document(DID, f"{BASE}/a/housing", KEYS)
    methods = document["verificationMethod"]
    assert (document["id"], document["alsoKnownAs"]) == (DID, [f"{BASE}/a/housing"])
    assert [method["id"] for method in methods] == [f"{DID}#{item.kid}" for item in KEYS]
    assert {method["type"] for method in methods} == {"JsonWebKey"}
    assert {method["controller"] for method in methods} == {DID}
    assert document["assertionMethod"] == [f"{DID}#{item.kid}" for item in KEYS[:3]]
    assert [method.get("revoked") for method in methods] == [None, None, None, "2026-11-23T00:00:00Z"]
    # Nobody should stop believing licences of a retired key, so no key has an end.
    assert not any("expires" in method for method in methods)


def test_the_jwk_set_leaves_out_the_compromised_key_and_is_accepted_by_our_own_reader():
    published = jwks(KEYS)["keys"]
    assert [item["kid"] for item in published] == [item.kid for item in KEYS[:3]]
    for item in published:
        assert VerificationKey.from_jwk(item).kid == item["kid"]
    assert issuer_metadata("https://x.example/a/tax", KEYS) == {"issuer": "https://x.example/a/tax", "jwks": jwks(KEYS)}


def test_a_private_member_never_reaches_a_published_document():
    careless = replace(KEYS[1], jwk=KEYS[1].jwk | {"d": "secret"})
    assert "secret" not in str(jwks([careless])) + str(did_document(DID, BASE, [careless]))


def test_a_compromised_key_without_an_instant_is_not_published():
    for instant in (None, datetime(2026, 1, 1)):
        with pytest.raises(FormatError, match="jwk_bad"):
            did_document(DID, BASE, [replace(STOLEN, compromised_at=instant)])
