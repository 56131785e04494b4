from dataclasses import dataclass, replace

import pytest

from elicence.errors import KeyFault
from elicence.formats.encoding import JsonObject
from elicence.formats.jwk import VerificationKey, thumbprint
from elicence.keys.file_signer import create_key_file
from elicence.keys.signer import Signer, VerifiedSigner, open_signer


@dataclass(frozen=True)
class LyingSigner:
    """A signer as a broken or hostile HSM would be: it says one thing and does another."""

    honest: Signer
    kid: str
    alg: str
    public_jwk: JsonObject
    lie: str = "nothing"

    def sign(self, signing_input: bytes) -> bytes:
        signature = self.honest.sign(signing_input + (b"!" if self.lie == "other bytes" else b""))
        return {
            "zeros": bytes(64),
            "empty": b"",
            "short": signature[:63],
            "long": signature + b"\x00",
            "flipped": bytes([signature[0] ^ 1]) + signature[1:],
            "swapped": signature[32:] + signature[:32],
        }.get(self.lie, signature)


@pytest.fixture
def honest(keys_dir, passphrase):
    create_key_file(keys_dir / "private" / "a.pem", passphrase)
    return open_signer("file:private/a.pem", base_dir=keys_dir, passphrase=passphrase)


def lying(honest: Signer, **changes) -> LyingSigner:
    return replace(LyingSigner(honest, honest.kid, honest.alg, honest.public_jwk), **changes)


def code_of(act, *arguments, **options) -> str:
    with pytest.raises(KeyFault) as caught:
        act(*arguments, **options)
    return caught.value.code


def test_an_honest_signature_passes_and_verifies_elsewhere(honest):
    signer = VerifiedSigner(honest)
    assert (signer.kid, signer.alg, signer.public_jwk) == (honest.kid, "ES256", honest.public_jwk)
    VerificationKey.from_jwk(honest.public_jwk).verify(b"bytes", signer.sign(b"bytes"))


@pytest.mark.parametrize("lie", ["other bytes", "zeros", "empty", "short", "long", "flipped", "swapped"])
def test_a_signature_that_does_not_verify_is_never_released(honest, lie):
    assert VerifiedSigner(lying(honest)).sign(b"bytes")
    assert code_of(VerifiedSigner(lying(honest, lie=lie)).sign, b"bytes") == "signer_bad"


def test_a_signer_that_signs_with_another_key_is_found_at_the_first_signature(honest, keys_dir, passphrase):
    jwk = create_key_file(keys_dir / "private" / "b.pem", passphrase)
    liar = VerifiedSigner(lying(honest, kid=thumbprint(jwk), public_jwk=jwk))
    assert code_of(liar.sign, b"bytes") == "signer_bad"


def test_a_kid_that_is_not_the_thumbprint_is_refused(honest):
    assert code_of(VerifiedSigner, lying(honest, kid="key-1")) == "key_mismatch"


@pytest.mark.parametrize(
    "changes", [{"alg": "HS256"}, {"alg": "none"}, {"alg": "ES384"}, {"public_jwk": {"kty": "oct", "k": "AA"}}]
)
def test_a_signer_of_another_kind_is_refused(honest, changes):
    assert code_of(VerifiedSigner, lying(honest, **changes)) == "key_type"


@pytest.mark.parametrize(
    "uri", ["", "private/a.pem", "pkcs11:token=x", "FILE:private/a.pem", "http://x", "file", ":", "env:KEY"]
)
def test_an_unknown_scheme_is_refused(honest, keys_dir, passphrase, uri):
    assert code_of(open_signer, uri, base_dir=keys_dir, passphrase=passphrase) == "uri_scheme_unknown"


@pytest.mark.parametrize(
    "uri",
    ["file:", "file:../keys/private/a.pem", "file:private/../private/a.pem", "file:/etc/passwd", "file:///etc/passwd",
     "file:private/a.pem\x00", "file:private", "file:private/missing.pem", "file:%70rivate/a.pem"],
)  # fmt: skip
def test_a_path_outside_the_folder_of_the_keyring_is_refused(honest, keys_dir, passphrase, uri):
    assert code_of(open_signer, uri, base_dir=keys_dir, passphrase=passphrase) == "key_unreadable"
