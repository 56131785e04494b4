"""The code credential: one exact shape written, nothing else read."""

import contextlib
import copy
import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicence.errors import FormatError
from elicence.formats.encoding import compact_json
from elicence.formats.vc_jwt import (
    BASE_CONTEXT,
    CodeCredential,
    HolderFace,
    StatusEntry,
    Subject,
    decode_payload,
    encode_payload,
    header,
)
from elicence.formats.vcdm import check_data_model

CHINA = timezone(timedelta(hours=8))
LIST = "https://h.example/status/housing/1"
CREDENTIAL = CodeCredential(
    contexts=(BASE_CONTEXT, "https://h.example/ns/real-estate-registration/v1"),
    vc_type="RealEstateRegistration",
    issuer="did:web:h.example:a:housing",
    issued_at=datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
    valid_from=datetime(2026, 11, 23, tzinfo=CHINA),
    valid_until=datetime(2031, 11, 22, 23, 59, 59, tzinfo=CHINA),
    status=(
        StatusEntry("revocation", 94567, f"{LIST}/revocation"),
        StatusEntry("suspension", 94567, f"{LIST}/suspension"),
    ),
    subject=Subject(
        licence_identifier="1.2.156.3005.2.x",
        licence_number="京(2026)第1号",
        version=1,
        holders=(HolderFace("person", "张三", "CN-RIC", "1101**********002X"), HolderFace("organization")),
        claims={
            "location": "北京市",
            "area": 12.5,
            "floors": 28,
            "shared": True,
            "parts": [{"use": "住宅"}],
            "note": None,
        },
    ),
)
PAYLOAD = encode_payload(CREDENTIAL)
OBJECT = json.loads(PAYLOAD)


def code_of(payload: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        decode_payload(payload)
    return caught.value.code


def changed(path: str, value=...):
    """The good payload with one member set, or removed; `path` is a JSON Pointer."""
    payload = copy.deepcopy(OBJECT)
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split("/")[1:]]
    place = payload
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return payload


def test_the_payload_is_these_exact_bytes_in_this_order():
    expected = (
        '{"@context":["https://www.w3.org/ns/credentials/v2","https://h.example/ns/real-estate-registration/v1"],'
        '"type":["VerifiableCredential","RealEstateRegistration"],"iss":"did:web:h.example:a:housing",'
        '"issuer":"did:web:h.example:a:housing","iat":1795395723,"validFrom":"2026-11-23T00:00:00+08:00",'
        '"validUntil":"2031-11-22T23:59:59+08:00","credentialStatus":[{"type":"BitstringStatusListEntry",'
        '"statusPurpose":"revocation","statusListIndex":"94567",'
        '"statusListCredential":"https://h.example/status/housing/1/revocation"},'
        '{"type":"BitstringStatusListEntry","statusPurpose":"suspension","statusListIndex":"94567",'
        '"statusListCredential":"https://h.example/status/housing/1/suspension"}],"credentialSubject":{'
        '"licenceIdentifier":"1.2.156.3005.2.x","licenceNumber":"京(2026)第1号","version":1,"holders":['
        '{"kind":"person","name":"张三","idScheme":"CN-RIC","id":"1101**********002X"},{"kind":"organization"}],'
        '"claims":{"location":"北京市","area":12.5,"floors":28,"shared":true,"parts":[{"use":"住宅"}],"note":null}}}'
    )
    assert PAYLOAD.decode() == expected
    assert header("did:web:h.example:a:housing#k") == {
        "alg": "ES256",
        "typ": "vc+jwt",
        "kid": "did:web:h.example:a:housing#k",
    }


def test_the_payload_comes_back_with_its_offsets_and_is_a_w3c_credential():
    credential = decode_payload(PAYLOAD)
    assert credential == CREDENTIAL
    assert credential.valid_from.utcoffset() == timedelta(hours=8)
    check_data_model(OBJECT)


def test_an_open_ended_credential_without_suspension_has_neither_member():
    open_ended = dataclasses.replace(CREDENTIAL, valid_until=None, status=CREDENTIAL.status[:1])
    payload = encode_payload(open_ended)
    assert b"validUntil" not in payload
    assert b"suspension" not in payload
    assert decode_payload(payload) == open_ended


names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: name not in ("constructor", "prototype")
)
values = st.integers(-(2**53 - 1), 2**53 - 1) | st.booleans() | st.none() | st.text('证照Ab 1"\\\n', max_size=9)


@settings(max_examples=100)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9990, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 131_071),
    st.dictionaries(names, values | st.lists(values, max_size=3), max_size=6),
)
def test_every_credential_that_can_be_written_comes_back(naive, offset, index, claims):
    start = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    credential = dataclasses.replace(
        CREDENTIAL,
        issued_at=naive.replace(microsecond=0, tzinfo=UTC),
        valid_from=start,
        valid_until=start,
        status=(StatusEntry("revocation", index, f"{LIST}/revocation"),),
        subject=dataclasses.replace(CREDENTIAL.subject, claims=claims),
    )
    assert decode_payload(encode_payload(credential)) == credential


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"null", b"1"])
def test_a_payload_that_is_no_object_is_refused(payload):
    assert code_of(payload) == "payload_bad"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (PAYLOAD.replace(b'"iss":', b'"iss":"did:web:evil","iss":'), "json_duplicate_key"),
        (PAYLOAD.replace(b'"iss":', b'"\\u0069ss":"did:web:evil","iss":'), "json_duplicate_key"),
        (PAYLOAD.replace(b"12.5", b"NaN"), "json_number"),
        (PAYLOAD.replace(b"12.5", b"1e999"), "json_number"),
        (PAYLOAD.replace(b"12.5", b"-0.0"), "json_number"),
        (PAYLOAD.replace(b"12.5", b"1e16"), "json_number"),
        (PAYLOAD.replace(b"12.5", b"9007199254740993"), "json_number"),
        (PAYLOAD.replace(b"1795395723", b"9" * 30), "json_number"),
        (PAYLOAD.replace(b"12.5", b"[" * 20 + b"]" * 20), "json_depth"),
        (PAYLOAD[:-1], "json_syntax"),
        (b"\xef\xbb\xbf" + PAYLOAD, "json_text"),
        (PAYLOAD.replace("北京市".encode(), b"\\u0000"), "json_text"),
        (PAYLOAD.replace("北京市".encode(), b"\\ud800"), "json_text"),
        (PAYLOAD.decode().encode("utf-16"), "json_text"),
    ],
)
def test_a_payload_that_is_no_clean_json_is_refused(payload, code):
    assert code_of(payload) == code


def test_spaces_and_another_order_of_members_do_not_matter_to_the_reader():
    assert decode_payload(json.dumps(dict(reversed(OBJECT.items())), indent=1).encode()) == CREDENTIAL


SUBJECT, STATUS = "/credentialSubject", "/credentialStatus/0"
BAD = [
    *[(f"/{name}", ..., "vc_bad") for name in OBJECT if name != "validUntil"],
    *[(f"/{name}", None, None) for name in OBJECT],
    ("/id", "urn:x", "vc_bad"), ("/cnf", {}, "vc_bad"), ("/extra", 1, "vc_bad"), ("/vc", {}, "vc_claims_disagree"),
    ("/nbf", 1, "vc_claims_disagree"), ("/exp", 1, "vc_claims_disagree"), ("/sub", "x", "vc_claims_disagree"),
    ("/jti", "x", "vc_claims_disagree"), ("/issuer", "did:web:evil.example", "vc_claims_disagree"),
    ("/issuer", {"id": CREDENTIAL.issuer}, "vc_bad"), ("/iss", [CREDENTIAL.issuer], "vc_bad"), ("/iss", "", "vc_bad"),
    ("/type", ["VerifiableCredential"], "vc_bad"),
    ("/type", ["RealEstateRegistration", "VerifiableCredential"], "vc_bad"),
    ("/type", "VerifiableCredential", "vc_bad"), ("/type/1", "realEstate", "vc_bad"), ("/type/1", 7, "vc_bad"),
    ("/type", ["VerifiableCredential", "A", "B"], "vc_bad"), ("/@context", [BASE_CONTEXT], "context_unknown"),
    ("/@context", BASE_CONTEXT, "context_unknown"), ("/@context/0", "https://evil.example", "context_unknown"),
    ("/@context/1", {"a": "b"}, "context_unknown"), ("/@context/1", "http://127.0.0.1/secret", "context_unknown"),
    ("/@context/1", "file:///etc/passwd", "context_unknown"),
    ("/@context/1", "https://h.example/ns/x/v0", "context_unknown"),
    ("/@context/1", "https://u@h.example/ns/x/v1", "context_unknown"),
    ("/@context", [*OBJECT["@context"], "https://more.example"], "context_unknown"),
    *[("/iat", value, "time_claim_bad") for value in ("1", 1.5, True, -1, [1], 253402300800)],
    *[
        (f"/{name}", value, "time_claim_bad")
        for name in ("validFrom", "validUntil")
        for value in (
            1, True, "", "2026-11-23", "2026-11-23T00:00:00", "2026-11-23T00:00:00Z", "2026-11-23 00:00:00+08:00",
            "2026-11-23T00:00:00.5+08:00", "2026-11-31T00:00:00+08:00", "2026-11-23T24:00:00+08:00",
            "2026-11-23T23:59:60+08:00", "2026-11-23T00:00:00+14:01", "2026-11-23T00:00:00-00:00",
            "2026-11-23T00:00:00+08:0a", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00",
            "10000-01-01T00:00:00+08:0", "2026-W48-1T00:00:00+08:00", "２026-11-23T00:00:00+08:00",
        )
    ],
    ("/validUntil", "2026-11-22T23:59:59+08:00", "time_order"),
    ("/validUntil", "2026-11-23T00:00:00+09:00", "time_order"),
    *[("/credentialStatus", value, "status_claim_bad") for value in ([], {}, "x", OBJECT["credentialStatus"][::-1])],
    ("/credentialStatus", OBJECT["credentialStatus"][1:], "status_claim_bad"),
    ("/credentialStatus", [*OBJECT["credentialStatus"], OBJECT["credentialStatus"][0]], "status_claim_bad"),
    ("/credentialStatus/1", OBJECT["credentialStatus"][0], "status_claim_bad"), (STATUS, None, "status_claim_bad"),
    (f"{STATUS}/extra", 1, "status_claim_bad"), (f"{STATUS}/type", "TokenStatusList", "status_claim_bad"),
    *[
        (f"{STATUS}/statusListIndex", value, "status_claim_bad")
        for value in (94567, "094567", "-1", "", "1e3", "٣", "9" * 10, "94568")
    ],
    *[
        (f"{STATUS}/statusListCredential", value, "status_claim_bad")
        for value in (7, "", f"{LIST}2/revocation", LIST, f"{LIST}/suspension", "x" * 600 + "/revocation")
    ],
    *[(f"{STATUS}/{name}", ..., "status_claim_bad") for name in OBJECT["credentialStatus"][0]],
    *[(f"{SUBJECT}/{name}", ..., "vc_bad") for name in OBJECT["credentialSubject"]],
    *[(f"{SUBJECT}/{name}", None, "vc_bad") for name in OBJECT["credentialSubject"]],
    (SUBJECT, [OBJECT["credentialSubject"]], "vc_bad"), (f"{SUBJECT}/id", "did:x:y", "vc_bad"),
    *[(f"{SUBJECT}/version", value, "vc_bad") for value in (0, 1000, "1", True, 1.0)],
    *[(f"{SUBJECT}/licenceNumber", value, "vc_bad") for value in ("", 7, [], "x" * 513)],
    *[(f"{SUBJECT}/licenceIdentifier", value, "vc_bad") for value in ("", 7, [], "x" * 513)],
    (f"{SUBJECT}/holders", [], "vc_bad"), (f"{SUBJECT}/holders", {}, "vc_bad"), (f"{SUBJECT}/holders", ["x"], "vc_bad"),
    (f"{SUBJECT}/holders", [{"kind": "person"}] * 65, "vc_bad"), (f"{SUBJECT}/holders/0/kind", "agency", "vc_bad"),
    (f"{SUBJECT}/holders/0/kind", ["person"], "vc_bad"), (f"{SUBJECT}/holders/0/kind", ..., "vc_bad"),
    (f"{SUBJECT}/holders/0/id", ..., "vc_bad"), (f"{SUBJECT}/holders/0/idScheme", ..., "vc_bad"),
    (f"{SUBJECT}/holders/0/name", None, "vc_bad"), (f"{SUBJECT}/holders/0/name", "", "vc_bad"),
    (f"{SUBJECT}/holders/0/name", 7, "vc_bad"), (f"{SUBJECT}/holders/0/more", 1, "vc_bad"),
    (f"{SUBJECT}/holders/1/more", None, "vc_bad"), (f"{SUBJECT}/claims", [], "vc_bad"),
    (f"{SUBJECT}/claims", {f"c{n}": 1 for n in range(201)}, "vc_bad"),
    *[
        (f"{SUBJECT}/claims/{name}", 1, "claim_name")
        for name in ("__proto__", "constructor", "prototype", "toString", "", "@id", "a b", "x" * 65)
    ],
    (f"{SUBJECT}/claims/parts", [[{"__proto__": 1}]], "claim_name"),
    (f"{SUBJECT}/claims/parts", {"constructor": 1}, "claim_name"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "code"), BAD)
def test_a_payload_with_one_defect_is_refused_by_its_code(path, value, code):
    found = code_of(json.dumps(changed(path, value), ensure_ascii=False).encode())
    assert found == code or code is None


@pytest.mark.parametrize(
    "defect",
    [
        {"issued_at": datetime(2026, 1, 1)}, {"issued_at": datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)},
        {"valid_from": datetime(2026, 1, 1)}, {"valid_from": datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)},
        {"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, {"status": ()}, {"issuer": ""}, {"vc_type": "x"},
        {"contexts": ("a", "b")}, {"subject": dataclasses.replace(CREDENTIAL.subject, holders=())},
        {"subject": dataclasses.replace(CREDENTIAL.subject, claims={"a": float("nan")})},
        {"subject": dataclasses.replace(CREDENTIAL.subject, claims={"a": "\ud800"})},
        {"subject": dataclasses.replace(CREDENTIAL.subject, licence_number="Cafe\u0301")},
    ],
)  # fmt: skip
def test_a_credential_that_could_not_be_read_is_not_written(defect):
    with pytest.raises(FormatError):
        encode_payload(dataclasses.replace(CREDENTIAL, **defect))


@given(st.binary(max_size=80) | st.recursive(values, lambda inner: st.dictionaries(names, inner)).map(compact_json))
def test_no_payload_at_all_makes_the_reader_fall_over(payload):
    assert code_of(payload)


@settings(max_examples=150)
@given(st.sampled_from([path for path, _, _ in BAD if "extra" not in path]), values | st.lists(values, max_size=2))
def test_any_value_in_any_place_is_read_or_refused_and_nothing_else(path, value):
    with contextlib.suppress(FormatError):
        decode_payload(json.dumps(changed(path, value)).encode())


def test_the_claims_of_a_credential_cannot_be_changed():
    with pytest.raises(TypeError):
        decode_payload(PAYLOAD).subject.claims["location"] = "x"
