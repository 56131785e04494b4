"""A signer whose private key lies in a file: encrypted PKCS#8 in PEM (RFC 5958, RFC 7468), mode 0600.

The library stretches the passphrase with PBKDF2 (RFC 8018) for 2,048 rounds only, so the passphrase itself must be
random: `elicence.keys.private_files.create_passphrase` makes one. Opening a file takes about half a millisecond, once:
the key chest keeps the key loaded.
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
)

from elicence.errors import KeyFault
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.jwk import ES256, public_jwk, thumbprint
from elicence.keys.private_files import read_guarded, write_private

__all__ = ["FileSigner", "create_key_file", "open_file_signer"]

_LABEL = rb"ENCRYPTED PRIVATE KEY"
_ENCRYPTED = re.compile(rb"-----BEGIN %b-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END %b-----\s*" % (_LABEL, _LABEL))
_PLAIN = re.compile(rb"-----BEGIN (?:EC |RSA |DSA |OPENSSH )?PRIVATE KEY-----")


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A loaded P-256 key; the private half never shows in a repr and is not to be had from outside."""

    kid: str
    alg: str
    public_jwk: JsonObject
    _key: EllipticCurvePrivateKey = field(repr=False, compare=False)

    def sign(self, signing_input: bytes) -> bytes:
        """ES256: the 64 bytes r‖s."""
        return ES256.sign(signing_input, self._key)


def create_key_file(path: Path, passphrase: bytes) -> JsonObject:
    """Make a P-256 key, store it encrypted and give its public JWK; a file that exists is never replaced."""
    if not passphrase:
        raise KeyFault("key_passphrase", "The passphrase is empty; a private key is never stored in the clear.")
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    try:
        write_private(path, pem, replace=False)
    except FileExistsError:
        raise KeyFault("kid_conflict", f"A key file {path.name} exists already; it is not replaced.") from None
    return public_jwk(key.public_key())


def open_file_signer(
    path: Path, passphrase: bytes, *, expected_jwk: Mapping[str, JsonValue] | None = None
) -> FileSigner:
    """Open the key in the file, which must be the private half of `expected_jwk` if that is given.

    `KeyFault`: `key_unreadable`, `key_exposed` (also a key stored in the clear), `key_bad` (not exactly one whole
    PEM block), `key_passphrase`, `key_type` (not P-256), `key_mismatch`.
    """
    der = _der_of(path.name, read_guarded(path))
    key = _decrypt(path.name, der, passphrase)
    jwk = public_jwk(key.public_key())
    if expected_jwk is not None and thumbprint(jwk) != thumbprint(expected_jwk):
        raise KeyFault("key_mismatch", f"{path.name} holds another key than the keyring says.", kid=thumbprint(jwk))
    return FileSigner(thumbprint(jwk), ES256.name, jwk, key)


def _der_of(name: str, pem: bytes) -> bytes:
    if _PLAIN.search(pem):
        raise KeyFault(
            "key_exposed", f"{name} holds a private key in the clear; encrypt it, and replace it if it was seen."
        )
    block = _ENCRYPTED.fullmatch(pem)
    if block is None:
        raise KeyFault("key_bad", f"{name} is not exactly one encrypted private key in PEM and nothing else.")
    try:
        der = binascii.a2b_base64(block[1].translate(None, b"\r\n"), strict_mode=True)
    except binascii.Error:
        raise KeyFault("key_bad", f"{name} is damaged: its base64 text cannot be decoded.") from None
    if len(der) < 16 or _announced_length(der) != len(der):
        raise KeyFault("key_bad", f"{name} is cut short or damaged.")
    return der


def _announced_length(der: bytes) -> int:
    """How many bytes the outer DER SEQUENCE says it has (X.690 §8.1.3), or 0 if it is none."""
    if der[0] != 0x30:
        return 0
    if der[1] < 0x80:
        return 2 + der[1]
    octets = der[1] & 0x7F
    return 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")


def _decrypt(name: str, der: bytes, passphrase: bytes) -> EllipticCurvePrivateKey:
    if not passphrase:
        raise KeyFault("key_passphrase", "The passphrase is empty.")
    try:
        key = load_der_private_key(der, passphrase)
    except UnsupportedAlgorithm:
        raise KeyFault("key_type", f"{name} holds a key or encryption of an unknown kind.") from None
    except (ValueError, TypeError):
        # Of a whole PEM block the library cannot say whether the passphrase or the ciphertext is wrong.
        raise KeyFault(
            "key_passphrase", f"The passphrase does not open {name}, or the file is damaged inside."
        ) from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyFault("key_type", f"{name} holds a key of another kind; allowed is P-256.")
    return key
