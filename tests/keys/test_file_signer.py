import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from elicence.errors import KeyFault
from elicence.formats.jwk import VerificationKey, thumbprint
from elicence.keys.file_signer import create_key_file, open_file_signer
from elicence.keys.private_files import write_private

BEGIN = b"-----BEGIN %b-----" % b"ENCRYPTED PRIVATE KEY"
END = b"-----END %b-----" % b"ENCRYPTED PRIVATE KEY"


@pytest.fixture
def path(keys_dir):
    return keys_dir / "private" / "signing.pem"


@pytest.fixture
def jwk(path, passphrase):
    return create_key_file(path, passphrase)


def put(path, content: bytes) -> None:
    write_private(path, content, replace=True)


def pem_of(key, passphrase: bytes | None) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def code_of(path, passphrase: bytes, **options) -> str:
    with pytest.raises(KeyFault) as caught:
        open_file_signer(path, passphrase, **options)
    return caught.value.code


def test_a_new_key_signs_what_its_public_half_verifies(path, jwk, passphrase):
    signer = open_file_signer(path, passphrase, expected_jwk=jwk)
    assert (signer.kid, signer.alg, signer.public_jwk) == (thumbprint(jwk), "ES256", jwk)
    signature = signer.sign(b"licence")
    assert len(signature) == 64
    VerificationKey.from_jwk(jwk).verify(b"licence", signature)


def test_the_file_is_private_encrypted_and_shows_nothing(path, jwk, passphrase):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(BEGIN)
    assert "EllipticCurve" not in repr(open_file_signer(path, passphrase))


def test_a_key_file_is_never_replaced(path, jwk, passphrase):
    with pytest.raises(KeyFault) as caught:
        create_key_file(path, passphrase)
    assert caught.value.code == "kid_conflict"
    assert open_file_signer(path, passphrase).public_jwk == jwk


def test_no_key_is_stored_without_a_passphrase(path):
    with pytest.raises(KeyFault) as caught:
        create_key_file(path, b"")
    assert caught.value.code == "key_passphrase"
    assert not path.exists()


@pytest.mark.parametrize("wrong", [b"", b" ", b"another", b"a passphrase of the tests\n", b"x" * 100_000])
def test_another_passphrase_does_not_open_the_key(path, jwk, wrong):
    assert code_of(path, wrong) == "key_passphrase"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_exposed(path, jwk, passphrase, mode):
    path.chmod(mode)
    assert code_of(path, passphrase) == "key_exposed"


def test_a_link_a_folder_a_pipe_and_nothing_are_no_key_files(path, jwk, passphrase):
    link = path.with_name("link.pem")
    link.symlink_to(path)
    pipe = path.with_name("pipe.pem")
    os.mkfifo(pipe, 0o600)
    for place in (link, pipe, path.parent, path.with_name("missing.pem")):
        assert code_of(place, passphrase) == "key_unreadable"


def test_a_key_in_the_clear_is_exposed_whatever_its_form(path, passphrase):
    key = ec.generate_private_key(ec.SECP256R1())
    put(path, pem_of(key, None))
    assert code_of(path, passphrase) == "key_exposed"
    put(path, key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    assert code_of(path, passphrase) == "key_exposed"


def test_two_keys_text_around_a_key_and_half_a_key_are_bad(path, jwk, passphrase):
    pem = path.read_bytes()
    lines = pem.splitlines(keepends=True)
    for bad in (
        pem + pem,
        pem + b"trailing text\n",
        b"leading text\n" + pem,
        b"\xef\xbb\xbf" + pem,
        pem + b"\x00",
        b"",
        b"\n",
        BEGIN + b"\n" + END + b"\n",
        BEGIN + b"\nAAAA\n" + END + b"\n",
        b"".join(lines[:2] + lines[3:]),
        b"".join([*lines[:2], lines[2][:-5] + b"\n", *lines[3:]]),
        pem.replace(b"ENCRYPTED", b"PUBLIC"),
        b"".join([lines[0], b"=" + lines[1], *lines[2:]]),
        b"".join([*lines[:-1], b"=\n", lines[-1]]),
        pem.replace(b"M", b"*", 1).replace(b"I", b"%", 1),
        lines[0] + b"Proc-Type: 4,ENCRYPTED\n" + b"".join(lines[1:]),
        bytes(5000),
        b"0" * 100_000,
    ):
        put(path, bad)
        assert code_of(path, passphrase) == "key_bad"


def test_every_shorter_file_is_refused(path, jwk, passphrase):
    pem = path.read_bytes().rstrip(b"\n")
    for length in range(0, len(pem), 7):
        put(path, pem[:length])
        assert code_of(path, passphrase) == "key_bad"
    put(path, pem)
    assert open_file_signer(path, passphrase).public_jwk == jwk


def test_der_garbage_inside_a_whole_block_is_refused(path, passphrase):
    import base64

    for der in (
        b"\x30\x1e" + bytes(30),
        b"\x04\x1e" + bytes(30),
        b"\x30\x81\x20" + b"\xff" * 32,
        b"\x30\x84\xff\xff\xff\xff" + bytes(30),
    ):
        put(path, BEGIN + b"\n" + base64.encodebytes(der) + END + b"\n")
        assert code_of(path, passphrase) in {"key_bad", "key_passphrase", "key_type"}


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-384", "P-521", "secp256k1", "brainpool", "RSA", "Ed25519"],
)
def test_a_key_of_another_kind_is_refused(path, passphrase, key):
    put(path, pem_of(key, passphrase))
    assert code_of(path, passphrase) == "key_type"


def test_the_key_must_be_the_private_half_of_the_expected_one(path, jwk, passphrase):
    other = create_key_file(path.with_name("other.pem"), passphrase)
    assert code_of(path, passphrase, expected_jwk=other) == "key_mismatch"


def test_unix_and_windows_line_ends_both_open(path, jwk, passphrase):
    pem = path.read_bytes()
    for same in (pem.replace(b"\n", b"\r\n"), pem.rstrip(b"\n"), pem + b"\n\n"):
        put(path, same)
        assert open_file_signer(path, passphrase).public_jwk == jwk
