"""Project Wycheproof: every case of the JWS, JWK and ECDSA P-256 (r‖s) files against the gate.

We speak ES256 only, so of the cases that are called valid only those with a published P-256 key are ours; all others
are refused, and so is every invalid one. Known faults of the data, each refused here for the reason given:
"""

import json
from pathlib import Path

import pytest

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_encode
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import parse_jws, verify_jws

FOLDER = Path(__file__).parent.parent / "vectors/wycheproof"
# Case → why the data's own verdict is not a measure for anybody; none of them is ES256.
KNOWN_FAULTS = {
    346: "called valid, but the key says PS256 and the token another algorithm",
    347: "called valid, but the key names ES521, which does not exist",
    350: "as 346, with key_ops",
    351: "as 347, with key_ops",
    367: "called invalid, but canonical and byte for byte equal to 357",
    370: "called invalid, but canonical and byte for byte equal to 357",
    372: "called valid with a stray ? in a segment",
    373: "called valid with a stray ? in a segment",
}


def cases(name):
    for group in json.loads((FOLDER / name).read_bytes())["testGroups"]:
        for case in group["tests"]:
            yield group, case


def accepts(token: str, jwk) -> bool:
    try:
        verify_jws(parse_jws(token, typ=None), VerificationKey.from_jwk(jwk))
    except FormatError:
        return False
    return True


def published(group):
    """The public key of a group; a symmetric one has none, and then its private key stands in, to be refused."""
    return group.get("public", group["private"])


def test_of_401_signatures_exactly_the_valid_es256_ones_pass():
    seen = list(cases("json_web_signature_test.json"))
    assert len(seen) == 401
    ours = {
        case["tcId"] for group, case in seen if case["result"] == "valid" and published(group).get("alg") == "ES256"
    }
    assert {case["tcId"] for group, case in seen if accepts(case["jws"], published(group))} == ours == {18, 378}


@pytest.mark.parametrize(("case_id", "reason"), KNOWN_FAULTS.items())
def test_the_known_faults_of_the_data_are_refused_and_not_in_our_profile(case_id, reason):
    group, case = next(pair for pair in cases("json_web_signature_test.json") if pair[1]["tcId"] == case_id)
    assert published(group).get("alg") != "ES256", reason
    assert not accepts(case["jws"], published(group))


def test_keys_for_encryption_and_with_other_operations_are_refused_as_keys():
    # PyJWT accepts the signatures of these four.
    for group, case in cases("json_web_signature_test.json"):
        if case["tcId"] in {353, 354, 355, 356}:
            with pytest.raises(FormatError, match="jwk_bad"):
                VerificationKey.from_jwk(published(group))


def test_of_26_key_sets_none_opens_the_gate():
    # The valid ones are HS256 and RS256; those around ES256 all have a key that is wrong in one way.
    for group, case in cases("json_web_key_test.json"):
        for jwk in published(group)["keys"]:
            assert not accepts(case["jws"], jwk), case["tcId"]
            if jwk.get("kid") == "kid-ec-sign" and case["tcId"] != 1:
                with pytest.raises(FormatError, match="jwk_bad"):
                    VerificationKey.from_jwk(jwk)


def test_all_262_ecdsa_p256_signatures_get_the_verdict_of_the_data():
    count = 0
    for group, case in cases("ecdsa_secp256r1_sha256_p1363_test.json"):
        key = VerificationKey.from_jwk(_jwk(group))
        message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
        if case["result"] == "valid":
            key.verify(message, signature)
        else:
            with pytest.raises(FormatError, match="sig_bad"):
                key.verify(message, signature)
        count += 1
    assert count == 262


def _jwk(group):
    """Some groups of the data carry a JWK, all carry the uncompressed point."""
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    return {"kty": "EC", "crv": "P-256", "x": b64url_encode(point[1:33]), "y": b64url_encode(point[33:])}
