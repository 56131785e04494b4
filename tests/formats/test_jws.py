"""The strict gate: every hostile token of the corpus refused with its code, each beside a valid twin."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.formats.jwk import ES256, VerificationKey, public_jwk
from elicence.formats.jws import MAX_CHARS, assemble, parse_jws, signing_input, verify_jws

PRIVATE = generate_private_key(SECP256R1())
JWK = public_jwk(PRIVATE.public_key())
KEY = VerificationKey.from_jwk(JWK)
HEADER = {"alg": "ES256", "typ": "vc+jwt", "kid": f"did:web:h.example:a:tax#{KEY.kid}"}


def signed(header=HEADER, payload=b'{"a":1}') -> str:
    """A token with a genuine signature, so that only the header can be at fault."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    text = f"{b64url_encode(head)}.{b64url_encode(payload)}".encode()
    return assemble(text, ES256.sign(text, PRIVATE))


def code_of(text, typ="vc+jwt", **options) -> str:
    with pytest.raises(FormatError) as caught:
        verify_jws(parse_jws(text, typ=typ, **options), KEY)
    return caught.value.code


GENUINE = signed()


def test_a_genuine_token_is_read_in_all_its_parts_and_verifies():
    jws = parse_jws(GENUINE, typ="vc+jwt")
    verify_jws(jws, KEY)
    assert jws.header == HEADER
    assert jws.kid == HEADER["kid"]
    assert jws.payload == b'{"a":1}'
    assert jws.text == GENUINE
    assert assemble(jws.signing_input, jws.signature) == GENUINE


def test_what_we_sign_another_jose_library_verifies_and_the_other_way_round():
    text = signing_input(HEADER, b"{}")
    token = assemble(text, ES256.sign(text, PRIVATE))
    assert joserfc_jws.deserialize_compact(token, ECKey.import_key(JWK)).payload == b"{}"
    other = ECKey.import_key(public_jwk(PRIVATE.public_key()) | {"d": _private_number()})
    verify_jws(parse_jws(joserfc_jws.serialize_compact(HEADER, b"{}", other), typ="vc+jwt"), KEY)


def _private_number() -> str:
    return b64url_encode(PRIVATE.private_numbers().private_value.to_bytes(32, "big"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "..",
        "a.b",
        "abc",
        "." * 5,
        ".a.b",
        '{"payload":"","signatures":[]}',
        "e30.e30.e30.e30.e30",
        "." * 100_000,
    ],
)
def test_a_text_that_is_not_three_segments_is_not_a_token(text):
    assert code_of(text) == "token_format"


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "nOnE", "HS256", "ES384", "RS256", "PS256", "EdDSA", "es256", " ES256", ""],
)
def test_an_algorithm_outside_the_allow_list_is_refused(alg):
    assert code_of(signed({**HEADER, "alg": alg})) == "alg_not_allowed"
    assert code_of(signed({**HEADER, "alg": alg}).rpartition(".")[0] + ".") == "alg_not_allowed"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({**HEADER, "alg": None}, "header_bad"),
        ({**HEADER, "alg": ["ES256"]}, "header_bad"),
        ({**HEADER, "alg": 7}, "header_bad"),
        ({"kid": "k", "typ": "vc+jwt"}, "header_bad"),
        ({**HEADER, "kid": ""}, "header_bad"),
        ({**HEADER, "kid": 7}, "header_bad"),
        ({**HEADER, "kid": [HEADER["kid"]]}, "header_bad"),
        ({**HEADER, "kid": "k" * 10_000}, "header_bad"),
        ({"alg": "ES256", "typ": "vc+jwt"}, "header_bad"),
        ({**HEADER, "more": {"a": 1}}, "header_bad"),
        (b"[]", "header_bad"),
        (b'"x"', "header_bad"),
        (b"null", "header_bad"),
        (b"{", "json_syntax"),
        (b"\xff", "json_text"),
        ({**HEADER, "jwk": JWK}, "header_key_forbidden"),
        ({**HEADER, "jku": "https://evil.example"}, "header_key_forbidden"),
        ({**HEADER, "x5u": "https://evil.example"}, "header_key_forbidden"),
        ({**HEADER, "x5c": ["AA"]}, "header_key_forbidden"),
        ({**HEADER, "jwk": None}, "header_key_forbidden"),
        ({**HEADER, "zip": "DEF"}, "header_zip_forbidden"),
        ({**HEADER, "crit": ["x"]}, "crit_unknown"),
        ({**HEADER, "crit": []}, "crit_unknown"),
        ({**HEADER, "crit": ["alg"]}, "crit_unknown"),
        ({**HEADER, "crit": "alg"}, "crit_unknown"),
        ({**HEADER, "crit": ["b64"], "b64": False}, "crit_unknown"),
        ({**HEADER, "b64": False}, "crit_unknown"),
        (b'{"alg":"none","alg":"ES256","kid":"k","typ":"vc+jwt"}', "json_duplicate_key"),
        (b'{"alg":"ES256","\\u0061lg":"none","kid":"k","typ":"vc+jwt"}', "json_duplicate_key"),
        (b'{"alg":"ES256","kid":"k","typ":"vc+jwt","n":NaN}', "json_number"),
        (b'{"alg":"ES256","kid":"k","typ":"vc+jwt","n":' + b"[" * 400, "json_depth"),
        ({**HEADER, "typ": "JWT"}, "typ_wrong"),
        ({**HEADER, "typ": "statuslist+jwt"}, "typ_wrong"),
        ({**HEADER, "typ": "kb+jwt"}, "typ_wrong"),
        ({**HEADER, "typ": ["vc+jwt"]}, "header_bad"),
        ({**HEADER, "typ": "application/application/vc+jwt"}, "typ_wrong"),
        ({**HEADER, "typ": "text/vc+jwt"}, "typ_wrong"),
        ({"alg": "ES256", "kid": "k"}, "typ_wrong"),
        ({**HEADER, "cty": "vp"}, "typ_wrong"),
        ({**HEADER, "cty": None}, "typ_wrong"),
    ],
)
def test_a_header_that_says_too_much_too_little_or_something_else_is_refused(header, code):
    assert code_of(signed(header)) == code


@pytest.mark.parametrize("typ", ["vc+jwt", "VC+JWT", "application/vc+jwt", "Application/VC+jwt"])
def test_typ_is_compared_without_case_and_without_application(typ):
    verify_jws(parse_jws(signed({**HEADER, "typ": typ}), typ="vc+jwt"), KEY)


def test_other_members_cty_vc_and_a_typ_left_to_the_caller_are_fine():
    verify_jws(parse_jws(signed({**HEADER, "cty": "vc", "iat": 1, "note": "x"}), typ="vc+jwt"), KEY)
    verify_jws(parse_jws(signed({"alg": "ES256", "kid": "k"}), typ=None), KEY)


HEAD, BODY, TAIL = GENUINE.split(".")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{HEAD}.{BODY}.{TAIL}=", "b64_not_canonical"),
        (f"{HEAD}.{BODY}.{TAIL}==", "b64_not_canonical"),
        (f"{HEAD}.{BODY}==.{TAIL}", "b64_not_canonical"),
        (f"{HEAD}=.{BODY}.{TAIL}", "b64_not_canonical"),
        (f"{HEAD}.{BODY}.{TAIL[:-1]}{chr(ord(TAIL[-1]) + 1)}", "b64_not_canonical"),
        (f" {GENUINE}", "b64_alphabet"),
        (f"{GENUINE}\n", "b64_alphabet"),
        (f"{HEAD}.{BODY} .{TAIL}", "b64_alphabet"),
        (f"{HEAD}.{BODY}\x00.{TAIL}", "b64_alphabet"),
        (f"{HEAD}.+{BODY}.{TAIL}", "b64_alphabet"),
        (f"{HEAD}./{BODY}.{TAIL}", "b64_alphabet"),
        (f"{HEAD}.{BODY}%3D.{TAIL}", "b64_alphabet"),
        (f"{HEAD}\uff0e{BODY}.{TAIL}", "b64_alphabet"),
        (f"{HEAD}.{BODY}.{TAIL}\ud800", "b64_alphabet"),
        (f"{HEAD}.{BODY}.", "sig_bad"),
        (f"{HEAD}..{TAIL}", "sig_bad"),
        (f"{HEAD}.{BODY}.{TAIL}AA", "sig_bad"),
        (f"{HEAD}.{BODY}.{b64url_encode(bytes(64))}", "sig_bad"),
        (f"{HEAD}.{BODY}.{b64url_encode(b64url_decode(TAIL)[:63])}", "sig_bad"),
        (f"{HEAD}.{BODY}.{b64url_encode(b64url_decode(TAIL) + bytes(1))}", "sig_bad"),
    ],
)
def test_a_token_with_a_second_spelling_or_another_signature_is_refused(text, code):
    assert code_of(text) == code


def test_a_token_is_refused_one_character_past_its_limit_and_read_at_it():
    assert code_of(GENUINE, max_chars=len(GENUINE) - 1) == "token_too_long"
    verify_jws(parse_jws(GENUINE, typ="vc+jwt", max_chars=len(GENUINE)), KEY)
    assert code_of(signed(payload=b" " * MAX_CHARS)) == "token_too_long"


def test_no_single_bit_flip_and_no_prefix_of_a_genuine_token_passes():
    raw = GENUINE.encode()
    for position in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[position // 8] ^= 1 << (position % 8)
        assert code_of(changed.decode("latin-1"))
    for end in range(len(raw)):
        assert code_of(GENUINE[:end])


def test_a_good_signature_of_another_key_is_refused():
    other = VerificationKey.from_jwk(public_jwk(generate_private_key(SECP256R1()).public_key()))
    with pytest.raises(FormatError, match="sig_bad"):
        verify_jws(parse_jws(GENUINE, typ="vc+jwt"), other)


def test_a_key_for_another_algorithm_is_refused_before_the_signature():
    foreign = VerificationKey(KEY.kid, "ES384", KEY.jwk, ES256, PRIVATE.public_key())
    with pytest.raises(FormatError, match="alg_key_mismatch"):
        verify_jws(parse_jws(GENUINE, typ="vc+jwt"), foreign)


def test_changing_a_header_that_was_read_does_not_change_the_next_one():
    parse_jws(GENUINE, typ="vc+jwt").header["alg"] = "none"
    assert parse_jws(GENUINE, typ="vc+jwt").header == HEADER


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_payload_comes_back_as_it_was_signed(payload):
    text = signing_input(HEADER, payload)
    jws = parse_jws(assemble(text, ES256.sign(text, PRIVATE)), typ="vc+jwt")
    verify_jws(jws, KEY)
    assert (jws.payload, jws.signing_input) == (payload, text)


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text("abc.=eyJ", max_size=40))
def test_no_text_at_all_makes_the_gate_fall_over(text):
    assert code_of(text)
