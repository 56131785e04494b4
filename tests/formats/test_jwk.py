"""Public keys: RFC 7638 thumbprints, and every JWK that is not plainly a P-256 verification key refused."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.formats.jwk import ALGORITHMS, ES256, VerificationKey, public_jwk, thumbprint

EXAMPLES = json.loads((Path(__file__).parent.parent / "vectors/rfc7515/examples.json").read_bytes())
JWK = EXAMPLES["es256"]["jwk"]
PRIVATE = generate_private_key(SECP256R1())
KEY = VerificationKey.from_jwk(public_jwk(PRIVATE.public_key()))
PYJWT = ECAlgorithm(ECAlgorithm.SHA256, SECP256R1)
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_thumbprints_equal_those_printed_in_the_rfcs():
    okp = EXAMPLES["rfc8037_okp"]
    assert thumbprint(okp["jwk"]) == okp["thumbprint"]
    # Extra members, their order and the kid do not matter.
    assert thumbprint({"kid": "x", **dict(reversed(okp["jwk"].items()))}) == okp["thumbprint"]


@pytest.mark.parametrize("jwk", [{}, {"kty": "EC"}, {"kty": ["EC"]}, {**JWK, "y": 1}, EXAMPLES["rfc7638_rsa"]["jwk"]])
def test_a_key_of_another_kind_has_no_thumbprint_here(jwk):
    with pytest.raises(FormatError) as caught:
        thumbprint(jwk)
    assert caught.value.code == "jwk_bad"


def test_a_published_key_is_read_with_its_thumbprint_and_bare_members():
    key = VerificationKey.from_jwk(
        {**JWK, "kid": "any", "use": "sig", "alg": "ES256", "key_ops": ["verify"], "x-own": 1}
    )
    assert key.kid == thumbprint(JWK)
    assert key.alg == "ES256"
    assert key.jwk == JWK


OFF_CURVE = {**JWK, "y": JWK["x"]}
ZERO = b64url_encode(bytes(32))


@pytest.mark.parametrize(
    "jwk",
    [
        None, [], "text", {}, {**JWK, "d": "AA"}, {**JWK, "k": "AA"}, {**JWK, "p": None}, {**JWK, "kty": "RSA"},
        {**JWK, "kty": "oct"}, {**JWK, "crv": "P-384"}, {**JWK, "crv": "P-521"}, {**JWK, "crv": "secp256k1"},
        {**JWK, "alg": "ES384"}, {**JWK, "alg": "none"}, {**JWK, "alg": None}, {**JWK, "alg": ["ES256"]},
        {**JWK, "use": "enc"}, {**JWK, "use": None}, {**JWK, "key_ops": ["encrypt"]}, {**JWK, "key_ops": []},
        {**JWK, "key_ops": "verify"}, {**JWK, "key_ops": ["verify", "sign"]}, {**JWK, "kid": 7}, {**JWK, "x": 7},
        {**JWK, "x": JWK["x"] + "="}, {**JWK, "x": JWK["x"][:-2]}, {**JWK, "x": "AA" + JWK["x"]}, {**JWK, "x": ""},
        {**JWK, "x": ZERO, "y": ZERO}, OFF_CURVE, {**JWK, "x": b64url_encode(b"\xff" * 32)},
        {name: JWK[name] for name in ("kty", "crv", "x")},
    ],
)  # fmt: skip
def test_a_key_that_is_not_plainly_for_verifying_p256_is_refused(jwk):
    with pytest.raises(FormatError) as caught:
        VerificationKey.from_jwk(jwk)
    assert caught.value.code == "jwk_bad"


def test_an_unknown_algorithm_is_refused_and_another_curve_has_no_public_jwk():
    with pytest.raises(FormatError, match="jwk_bad"):
        VerificationKey.from_jwk(JWK, alg="HS256")
    with pytest.raises(FormatError, match="jwk_bad"):
        public_jwk(generate_private_key(SECP384R1()).public_key())


def test_the_rfc_7515_example_verifies_and_no_changed_byte_of_it():
    example = EXAMPLES["es256"]
    key = VerificationKey.from_jwk(example["jwk"])
    signed = f"{example['protected']}.{example['payload']}".encode()
    signature = b64url_decode(example["signature"])
    key.verify(signed, signature)
    for position in range(64):
        changed = bytearray(signature)
        changed[position] ^= 1
        with pytest.raises(FormatError, match="sig_bad"):
            key.verify(signed, bytes(changed))


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (1, 1), (N, N), (N + 1, 1), (1, N), (2**256 - 1, 2**256 - 1)]
)
def test_signatures_made_without_a_key_are_refused(r, s):
    with pytest.raises(FormatError, match="sig_bad"):
        KEY.verify(b"anything", r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 1, 63, 65, 70, 128, 10_000])
def test_only_64_bytes_can_be_a_signature(length):
    signature = ES256.sign(b"text", PRIVATE)
    with pytest.raises(FormatError, match="sig_bad"):
        KEY.verify(b"text", (signature * 200)[:length])
    KEY.verify(b"text", signature)


def test_a_der_signature_is_refused():
    with pytest.raises(FormatError, match="sig_bad"):
        KEY.verify(b"text", PRIVATE.sign(b"text", ECDSA(SHA256())))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=100), st.binary(min_size=0, max_size=70))
def test_signing_and_verifying_agree_with_pyjwt(data, other):
    signature = ES256.sign(data, PRIVATE)
    public = PRIVATE.public_key()
    assert len(signature) == ES256.signature_length == 64
    assert PYJWT.verify(data, public, signature)
    assert ES256.verify(data, public, PYJWT.sign(data, PRIVATE))
    assert ES256.verify(data, public, other) is PYJWT.verify(data, public, other) is False


def test_the_table_of_algorithms_names_each_by_its_jose_name():
    assert {name: algorithm.name for name, algorithm in ALGORITHMS.items()} == {"ES256": "ES256"}
