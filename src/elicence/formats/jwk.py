"""Public keys as JSON Web Keys (RFC 7517), their thumbprints (RFC 7638), and the algorithm objects behind them.

A key is prepared once, when a trusted list or key set is loaded; from then on a signature costs only the signature.
New algorithms are new rows of `ALGORITHMS`; nothing else in this package names a curve.

>>> thumbprint({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import AllowedECKeys, ECAlgorithm

from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, JsonValue, b64url_decode, b64url_encode, compact_json

__all__ = ["ALGORITHMS", "ES256", "SignatureAlgorithm", "VerificationKey", "public_jwk", "thumbprint"]

# RFC 7518 §6.2.2, §6.3.2, §6.4: members that only a private or symmetric key has.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# RFC 7638 §3.2 and RFC 8037 §2: the members that make the key, in lexicographic order.
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def thumbprint(jwk: Mapping[str, JsonValue]) -> str:
    """RFC 7638 SHA-256 thumbprint, base64url, 43 characters: the `kid` of every key in this package."""
    kty = jwk.get("kty")
    names = _THUMBPRINT_MEMBERS.get(kty) if isinstance(kty, str) else None
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise FormatError("jwk_bad", "a JWK needs kty EC or OKP with crv, x (and y for EC) as strings")
    return b64url_encode(hashlib.sha256(compact_json({name: jwk[name] for name in names})).digest())


class SignatureAlgorithm(Protocol):
    """One JOSE `alg`: what keys/ signs with and a `VerificationKey` verifies with."""

    @property
    def name(self) -> str: ...
    @property
    def signature_length(self) -> int: ...
    @property
    def sign(self) -> Callable[[bytes, EllipticCurvePrivateKey], bytes]:
        """(signing input, private key) → signature"""

    @property
    def verify(self) -> Callable[[bytes, EllipticCurvePublicKey, bytes], bool]:
        """(signing input, public key, signature) → whether they belong together"""

    def load(self, jwk: Mapping[str, JsonValue]) -> EllipticCurvePublicKey: ...


class _LeanEcdsa(ECAlgorithm):
    """PyJWT's P-256 with a shorter way from r‖s to the DER that OpenSSL takes: it would go through hexadecimal text."""

    _SCHEME = ECDSA(SHA256())

    def verify(self, msg: bytes, key: AllowedECKeys, sig: bytes) -> bool:
        if len(sig) != 64 or not isinstance(key, EllipticCurvePublicKey):
            return False
        try:
            der = encode_dss_signature(int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big"))
            key.verify(der, msg, self._SCHEME)
        except InvalidSignature:
            return False
        return True


class _Es256:
    """ECDSA on P-256 with SHA-256 (RFC 7518 §3.4); signatures are r‖s, 64 bytes."""

    name = "ES256"
    kty = "EC"
    crv = "P-256"
    signature_length = 64

    def __init__(self) -> None:
        ecdsa = _LeanEcdsa(ECAlgorithm.SHA256, SECP256R1)
        self.sign = ecdsa.sign
        self.verify = ecdsa.verify

    def load(self, jwk: Mapping[str, JsonValue]) -> EllipticCurvePublicKey:
        """The key object for a JWK; the point is checked to lie on the curve."""
        if jwk.get("kty") != self.kty or jwk.get("crv") != self.crv:
            raise FormatError("jwk_bad", f"a key for {self.name} has kty {self.kty} and crv {self.crv}")
        x, y = (_coordinate(jwk.get(name)) for name in ("x", "y"))
        try:
            return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        except ValueError:
            raise FormatError("jwk_bad", f"the point of the key does not lie on {self.crv}") from None


ES256: SignatureAlgorithm = _Es256()
ALGORITHMS: Mapping[str, SignatureAlgorithm] = {ES256.name: ES256}


def public_jwk(key: EllipticCurvePublicKey) -> JsonObject:
    """The bare public JWK (kty, crv, x, y) of a P-256 key object."""
    if not isinstance(key.curve, SECP256R1):
        raise FormatError("jwk_bad", "only P-256 keys have a place here")
    numbers = key.public_numbers()
    x, y = (b64url_encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key ready for use: `kid` is its thumbprint, `jwk` its bare public members."""

    kid: str
    alg: str
    jwk: Mapping[str, JsonValue]
    _algorithm: SignatureAlgorithm = field(repr=False, compare=False)
    _key: EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: JsonValue, *, alg: str = "ES256") -> "VerificationKey":
        """Read a published JWK strictly; FormatError `jwk_bad` names the defect.

        `alg` is what the publisher of the key says it is for; a JWK that says otherwise of itself is refused
        (RFC 8725 §3.1), and so is one whose `use` or `key_ops` is not for verifying (RFC 7517 §4.2, §4.3).
        """
        if not isinstance(jwk, Mapping):
            raise FormatError("jwk_bad", "a JWK is a JSON object")
        if not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise FormatError("jwk_bad", "a published JWK carries a private or symmetric member")
        algorithm = ALGORITHMS.get(alg)
        if algorithm is None or jwk.get("alg", alg) != alg:
            raise FormatError("jwk_bad", f"the alg of a JWK is not {alg} or not one of {', '.join(ALGORITHMS)}")
        _check_purpose(jwk)
        key = algorithm.load(jwk)
        return cls(thumbprint(jwk), alg, public_jwk(key), algorithm, key)

    def verify(self, signing_input: bytes, signature: bytes) -> None:
        """Return if the signature is this key's over exactly these bytes, else FormatError `sig_bad`."""
        if not self._algorithm.verify(signing_input, self._key, signature):
            raise FormatError("sig_bad", "the signature does not belong to these bytes and this key")


def _check_purpose(jwk: Mapping[str, JsonValue]) -> None:
    if jwk.get("use", "sig") != "sig":
        raise FormatError("jwk_bad", "the use of a JWK is not 'sig'")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise FormatError("jwk_bad", "the key_ops of a JWK are not exactly ['verify']")
    if not isinstance(jwk.get("kid", ""), str):
        raise FormatError("jwk_bad", "the kid of a JWK is not a string")


def _coordinate(value: JsonValue) -> int:
    """RFC 7518 §6.2.1.2: a coordinate is as many bytes as the curve has, leading zeros included."""
    if not isinstance(value, str):
        raise FormatError("jwk_bad", "a coordinate of the key is not a string")
    try:
        data = b64url_decode(value)
    except FormatError:
        raise FormatError("jwk_bad", "a coordinate of the key is not canonical base64url") from None
    if len(data) != 32:
        raise FormatError("jwk_bad", f"a coordinate of the key has {len(data)} bytes; P-256 has 32")
    return int.from_bytes(data, "big")
