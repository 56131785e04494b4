"""The trusted list: written and read in one shape, every defect a TrustFault."""

import copy
import dataclasses
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import TrustFault
from elicence.formats.encoding import b64url_encode, compact_json
from elicence.formats.jwk import ES256, VerificationKey, public_jwk
from elicence.formats.jws import assemble, signing_input, verify_jws
from elicence.formats.trusted_list import (
    MAX_DOCUMENT,
    Permission,
    TrustedAgency,
    TrustedKey,
    TrustedListPayload,
    TrustedType,
    decode_payload,
    document,
    encode_payload,
    header,
    parse_document,
)

BASE = "https://licences.example.cn"
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
ROOT = generate_private_key(SECP256R1())
ROOT_KEY = VerificationKey.from_jwk(public_jwk(ROOT.public_key()))


def key(purpose="credential", state="active", **more) -> TrustedKey:
    verification = VerificationKey.from_jwk(public_jwk(generate_private_key(SECP256R1()).public_key()))
    fields = {"valid_until": None, "compromised_at": None} | more
    return TrustedKey(verification.kid, purpose, "live", state, START, jwk=verification.jwk, **fields)


PAYLOAD = TrustedListPayload(
    issuer=BASE,
    issued_at=START,
    expires_at=END,
    version=7,
    environment="production",
    agencies=(
        TrustedAgency(
            did="did:web:licences.example.cn:a:housing",
            https=f"{BASE}/a/housing",
            slug="housing",
            name={"zh-CN": "住房局", "en": "Housing"},
            uscc="11110000000021936A",
            contact=None,
            status_family=f"{BASE}/status/housing/",
            permissions=(Permission("degree", START, None), Permission("real-estate-registration", START, END)),
            keys=(key(), key("status_list"), key(state="compromised", compromised_at=END, valid_until=END)),
        ),
    ),
    types=(TrustedType("degree", 1, f"{BASE}/ns/degree/v1", "0a" * 32, "0b" * 32),),
)
BYTES = encode_payload(PAYLOAD)
OBJECT = json.loads(BYTES)


def signature(payload: bytes, head=None) -> str:
    text = signing_input(head or header(ROOT_KEY.kid), payload)
    return assemble(text, ES256.sign(text, ROOT))


def refused(call, *args) -> str:
    with pytest.raises(TrustFault) as caught:
        call(*args)
    return caught.value.code


def test_a_list_comes_back_as_it_was_written():
    assert decode_payload(BYTES) == PAYLOAD
    assert encode_payload(decode_payload(BYTES)) == BYTES
    assert [item.verification_key().kid for item in PAYLOAD.agencies[0].keys] == [
        item["kid"] for item in OBJECT["agencies"][0]["keys"]
    ]


def test_the_payload_has_the_published_members_in_order():
    assert list(OBJECT) == ["iss", "iat", "exp", "version", "environment", "agencies", "types"]
    agency = OBJECT["agencies"][0]
    assert list(agency) == ["id", "https", "slug", "name", "uscc", "contact", "status_family", "permissions", "keys"]
    assert agency["permissions"][0] == {"type": "degree", "from": 1767225600, "until": None}
    assert list(agency["keys"][0]) == ["kid", "purpose", "use", "state", "from", "until", "compromised_at", "jwk"]


def test_a_document_gives_back_payload_and_signatures_that_verify():
    payload, signatures = parse_document(document(BYTES, [signature(BYTES), signature(BYTES)]))
    assert payload == BYTES
    assert len(signatures) == 2
    for jws in signatures:
        verify_jws(jws, ROOT_KEY)
        assert jws.payload == BYTES


AGENCY = "/agencies/0"
KEY = f"{AGENCY}/keys/0"
BAD = [
    *[(f"/{name}", ...) for name in OBJECT], *[(f"/{name}", {}) for name in OBJECT], ("/more", 1), ("/iss", f"{BASE}/"),
    ("/iss", "https://other.example"), ("/iat", OBJECT["exp"]), ("/iat", "1"), ("/iat", True), ("/exp", 1.5),
    ("/exp", -1),
    ("/version", 0), ("/version", "7"), ("/version", True), ("/environment", "test"),
    ("/agencies", OBJECT["agencies"] * 2),
    *[(f"{AGENCY}/{name}", ...) for name in OBJECT["agencies"][0]],
    *[(f"{AGENCY}/{name}", 7) for name in OBJECT["agencies"][0]],
    (f"{AGENCY}/id", "did:web:evil.example:a:housing"), (f"{AGENCY}/https", f"{BASE}/a/tax"), (f"{AGENCY}/slug", "tax"),
    (f"{AGENCY}/slug", "../x"), (f"{AGENCY}/status_family", f"{BASE}/status/tax/"), (f"{AGENCY}/name", {"en": "x"}),
    (f"{AGENCY}/name/en", ""), (f"{AGENCY}/uscc", ""), (f"{AGENCY}/contact", ""),
    (f"{AGENCY}/permissions/0/type", "Degree"),
    (f"{AGENCY}/permissions/0/until", 1), (f"{AGENCY}/permissions/0/until", ...),
    (f"{AGENCY}/permissions/0/regions", []),
    *[(f"{KEY}/{name}", ...) for name in OBJECT["agencies"][0]["keys"][0]], (f"{KEY}/kid", ROOT_KEY.kid),
    (f"{KEY}/purpose", "trusted_list"), (f"{KEY}/use", "demo"), (f"{KEY}/state", "stolen"),
    (f"{KEY}/state", "compromised"),
    (f"{KEY}/compromised_at", 1767225600), (f"{KEY}/from", None), (f"{KEY}/until", 0), (f"{KEY}/jwk/d", "AA"),
    (f"{KEY}/jwk/kty", "oct"), (f"{KEY}/jwk/k", "AA"), (f"{KEY}/jwk/use", "enc"), (f"{KEY}/jwk/alg", "HS256"),
    (f"{KEY}/jwk/x", OBJECT["agencies"][0]["keys"][0]["jwk"]["y"]),
    (f"{AGENCY}/keys/1", OBJECT["agencies"][0]["keys"][0]),
    ("/types/0/slug", "Degree"), ("/types/0/version", 0), ("/types/0/context", 7),
    ("/types/0/context_sha256", "0A" * 32),
    ("/types/0/type_sha256", "0b" * 31), ("/types/0/type_sha256", None), ("/types", OBJECT["types"] * 2),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), BAD, ids=[f"{number}:{path}" for number, (path, _) in enumerate(BAD)])
def test_a_payload_with_one_defect_is_not_believed(path, value):
    payload = copy.deepcopy(OBJECT)
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split("/")[1:]]
    place = payload
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    assert refused(decode_payload, compact_json(payload)) == "trust_bad"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", BYTES[:-1], BYTES.replace(b'"iss"', b'"iss":"x","iss"', 1), b"[" * 99]
)
def test_a_payload_that_is_no_clean_object_is_not_believed(data):
    assert refused(decode_payload, data) == "trust_bad"


def test_a_list_that_is_too_large_is_refused_before_it_is_read():
    assert refused(parse_document, b" " * (MAX_DOCUMENT + 1)) == "trust_too_large"
    assert refused(decode_payload, b" " * (MAX_DOCUMENT + 1)) == "trust_too_large"


def test_a_list_that_could_not_be_read_is_not_written():
    agency = PAYLOAD.agencies[0]
    for defect in (
        {"version": 0},
        {"expires_at": START},
        {"issued_at": datetime(2026, 1, 1)},
        {"environment": "x"},
        {"agencies": (dataclasses.replace(agency, slug="other"),)},
    ):
        assert refused(encode_payload, dataclasses.replace(PAYLOAD, **defect)) == "trust_bad"


OTHER = signature(BYTES.replace(b'"version":7', b'"version":8'))
LIST = b64url_encode(BYTES)


@pytest.mark.parametrize(
    "value",
    [
        [], {}, {"list": LIST}, {"list": LIST, "signatures": []}, {"list": LIST, "signatures": signature(BYTES)},
        {"list": LIST, "signatures": [OTHER]}, {"list": LIST, "signatures": [signature(BYTES), OTHER]},
        {"list": LIST, "signatures": [7]}, {"list": LIST, "signatures": ["a.b"]},
        {"list": 7, "signatures": [signature(BYTES)]},
        {"list": LIST, "signatures": [signature(BYTES)], "more": 1},
        {"list": LIST, "signatures": [signature(BYTES)] * 17},
        {"list": LIST, "signatures": [signature(BYTES, {"alg": "ES256", "typ": "vc+jwt", "kid": "k"})]},
        {"list": LIST, "signatures": [signature(BYTES, header("k") | {"alg": "none"})]},
        {"list": LIST, "signatures": [signature(BYTES, header("k") | {"jwk": public_jwk(ROOT.public_key())})]},
        {"list": LIST + "=", "signatures": [signature(BYTES)]},
    ],
)  # fmt: skip
def test_a_document_whose_signatures_are_not_over_the_list_is_not_believed(value):
    assert refused(parse_document, json.dumps(value).encode()) == "trust_bad"


@given(st.binary(max_size=60))
def test_no_bytes_at_all_make_the_reader_fall_over(data):
    assert refused(parse_document, data) == "trust_bad"
    assert refused(decode_payload, data) == "trust_bad"
