"""What signs: the smallest interface behind which a file, an HSM or a remote service can stand.

A signer is opened by URI (`file:private/<name>.pem`; another scheme is one more row of the table) and is used only
inside a `VerifiedSigner`, so that a signature that does not verify never leaves the process, whoever made it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from elicence.errors import FormatError, KeyFault
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.jwk import VerificationKey
from elicence.keys.file_signer import open_file_signer

__all__ = ["Signer", "VerifiedSigner", "open_signer"]


class Signer(Protocol):
    """One private key that signs and never shows itself; `kid` is the RFC 7638 thumbprint of `public_jwk`."""

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...
    @property
    def public_jwk(self) -> JsonObject: ...
    def sign(self, signing_input: bytes) -> bytes:
        """The JWS signature over exactly these bytes; for ES256 the 64 bytes r‖s (RFC 7518 §3.4)."""


class VerifiedSigner:
    """A signer whose every signature is verified with the public key before anybody sees it."""

    def __init__(self, signer: Signer) -> None:
        try:
            self._verification = VerificationKey.from_jwk(signer.public_jwk, alg=signer.alg)
        except FormatError as error:
            raise KeyFault("key_type", f"The public key of the signer is not acceptable: {error.message}") from None
        if self._verification.kid != signer.kid:
            raise KeyFault("key_mismatch", "The kid of the signer is not the thumbprint of its public key.")
        self._signer = signer

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of the public key."""
        return self._verification.kid

    @property
    def alg(self) -> str:
        """JOSE name of the signature algorithm."""
        return self._verification.alg

    @property
    def public_jwk(self) -> JsonObject:
        """The bare public key."""
        return dict(self._verification.jwk)

    def sign_unverified(self, signing_input: bytes) -> bytes:
        """The bare signature, for a caller who judges the whole as a stranger would before anybody else sees it."""
        return self._signer.sign(signing_input)

    def sign(self, signing_input: bytes) -> bytes:
        """The signature, verified; `KeyFault` `signer_bad` if the signer gave another key's or a broken one."""
        signature = self._signer.sign(signing_input)
        try:
            self._verification.verify(signing_input, signature)
        except FormatError:
            raise KeyFault(
                "signer_bad", "The signer gave a signature that does not verify; nothing was released."
            ) from None
        return signature


def open_signer(
    uri: str, *, base_dir: Path, passphrase: bytes, expected_jwk: Mapping[str, JsonValue] | None = None
) -> Signer:
    """Open the signer a keyring names; `expected_jwk` is the public half that the keyring promises.

    `base_dir` is the folder of the keyring; `KeyFault` `uri_scheme_unknown` for any scheme but those of the table.
    """
    scheme, colon, rest = uri.partition(":")
    opener = _SCHEMES.get(scheme) if colon else None
    if opener is None:
        raise KeyFault(
            "uri_scheme_unknown", f"A signer URI starts with {' or '.join(f'{each}:' for each in _SCHEMES)}."
        )
    return opener(rest, base_dir, passphrase, expected_jwk)


def _open_file(rest: str, base_dir: Path, passphrase: bytes, expected_jwk: Mapping[str, JsonValue] | None) -> Signer:
    relative = Path(rest)
    # The keyring names files of its own folder; anything else is a mistake or an attempt.
    if not rest or "\x00" in rest or relative.is_absolute() or ".." in relative.parts:
        raise KeyFault("key_unreadable", "A file: signer is named by a path below the folder of the keyring.")
    return open_file_signer(base_dir / relative, passphrase, expected_jwk=expected_jwk)


_SCHEMES: Mapping[str, Callable[[str, Path, bytes, Mapping[str, JsonValue] | None], Signer]] = {"file": _open_file}
