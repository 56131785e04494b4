"""Sealing at rest: one random data key per licence, wrapped by the key-encryption secret.

AES-256-GCM throughout; the additional data names table, column, row and key, so that a sealed value opens only where it
was put. Rotating the key-encryption secret re-wraps data keys and touches no sealed value; destroying a wrapped data
key erases everything sealed under it. Holder ids are found by a keyed digest (HMAC-SHA-256), never by a plain hash:
there are so few of them that all could be tried.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from elicence.errors import KeyFault
from elicence.keys.secrets_file import Secrets

__all__ = ["DataKey", "Sealer", "WrappedKey"]

Entropy: TypeAlias = Callable[[int], bytes]

# The first byte of everything sealed, so that another cipher can follow some day.
_AES_256_GCM = b"\x01"
_NONCE_LENGTH = 12
_ID_LENGTH = 8
_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one licence; `id` is random too and binds each sealed value to it."""

    id: bytes
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key under the key-encryption secret `kek_id`; this is what the registry stores."""

    kek_id: str
    wrapped: bytes


class Sealer:
    """Seals, opens and digests with the secrets of one registry. `entropy` gives nonces and data keys."""

    MARK_LENGTH: Final = 16

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def new_data_key(self, entropy: Entropy) -> DataKey:
        """A fresh data key; it exists nowhere until it is wrapped and stored."""
        return DataKey(entropy(_ID_LENGTH), entropy(_KEY_LENGTH))

    def wrap(self, data_key: DataKey, *, agency_id: str, licence_id: str, entropy: Entropy) -> WrappedKey:
        """The data key for the store, bound to the licence."""
        kek = self._secrets.current("key_encryption")
        place = _bound(b"wrap", kek.id, agency_id, licence_id)
        return WrappedKey(kek.id, _encrypt(kek.value, data_key.id + data_key.value, place, entropy))

    def unwrap(self, wrapped: WrappedKey, *, agency_id: str, licence_id: str) -> DataKey:
        """The data key of the licence; `KeyFault` `secret_unknown` or `seal_broken`."""
        kek = self._secrets.get(wrapped.kek_id)
        if kek.name != "key_encryption":
            raise KeyFault("secret_unknown", "A data key names a secret that does not wrap keys.")
        opened = _decrypt(kek.value, wrapped.wrapped, _bound(b"wrap", kek.id, agency_id, licence_id))
        if len(opened) != _ID_LENGTH + _KEY_LENGTH:
            raise KeyFault("seal_broken", "A wrapped data key has the wrong length.")
        return DataKey(opened[:_ID_LENGTH], opened[_ID_LENGTH:])

    def rewrap(self, wrapped: WrappedKey, *, agency_id: str, licence_id: str, entropy: Entropy) -> WrappedKey:
        """The same data key under the current key-encryption secret; unchanged if it is there already."""
        if wrapped.kek_id == self._secrets.current("key_encryption").id:
            return wrapped
        data_key = self.unwrap(wrapped, agency_id=agency_id, licence_id=licence_id)
        return self.wrap(data_key, agency_id=agency_id, licence_id=licence_id, entropy=entropy)

    def seal(
        self, data_key: DataKey, plaintext: bytes, *, table: str, column: str, row: str, entropy: Entropy
    ) -> bytes:
        """The sealed value for exactly this place of the store."""
        return _encrypt(data_key.value, plaintext, _place(data_key, table, column, row), entropy)

    def open(self, data_key: DataKey, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """The plain value; `KeyFault` `seal_broken` if it was changed, moved, or sealed under another key."""
        return _decrypt(data_key.value, sealed, _place(data_key, table, column, row))

    def fingerprint(self, text: str) -> str:
        """A keyed digest of a text, `<secret id>.<hex>`: tells equal texts apart from others, and gives nothing away.

        A plain digest of a request would let anybody who has the store try all names and numbers, even after erasure.
        """
        secret = self._secrets.current("search_digest")
        return f"{secret.id}.{_fingerprint(secret.value, text)}"

    def has_fingerprint(self, text: str, fingerprint: str) -> bool:
        """Whether the fingerprint is that of the text, whatever secret it was made with."""
        secret_id, _, digest = fingerprint.partition(".")
        return hmac.compare_digest(_fingerprint(self._secrets.get(secret_id).value, text), digest)

    def mark(self, *parts: str) -> bytes:
        """16 bytes by which we know again what we handed out and nobody else could have made (HMAC, session secret)."""
        return _mark(self._secrets.current("session").value, parts)

    def has_mark(self, mark: bytes, *parts: str) -> bool:
        """Whether the mark was made of exactly these parts, under this or an older session secret."""
        secrets = self._secrets.of("session")
        return any(hmac.compare_digest(_mark(each.value, parts), mark) for each in secrets)

    def search_digest(self, scheme: str, holder_id: str) -> tuple[str, bytes]:
        """Id of the current search secret and the 32-byte digest under which a new holder row is found."""
        secret = self._secrets.current("search_digest")
        return secret.id, hmac.digest(secret.value, _bound(b"search", scheme, holder_id), "sha256")

    def search_digests(self, scheme: str, holder_id: str) -> tuple[tuple[str, bytes], ...]:
        """The digests under every search secret, newest first: rows from before a rotation are found too."""
        message = _bound(b"search", scheme, holder_id)
        secrets = reversed(self._secrets.of("search_digest"))
        return tuple((secret.id, hmac.digest(secret.value, message, "sha256")) for secret in secrets)


def _fingerprint(secret: bytes, text: str) -> str:
    return hmac.digest(secret, _bound(b"fingerprint", text), "sha256").hex()


def _mark(secret: bytes, parts: Sequence[str]) -> bytes:
    return hmac.digest(secret, _bound(b"mark", *parts), "sha256")[: Sealer.MARK_LENGTH]


def _place(data_key: DataKey, table: str, column: str, row: str) -> bytes:
    return _bound(b"seal" + data_key.id, table, column, row)


def _bound(label: bytes, *parts: str) -> bytes:
    """Label and parts, each with its length before it: no two lists of parts give the same bytes."""
    pieces = (b"elicence 1", label, *(part.encode("utf-8") for part in parts))
    return b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)


def _encrypt(key: bytes, plaintext: bytes, place: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(_NONCE_LENGTH)
    return _AES_256_GCM + nonce + AESGCM(key).encrypt(nonce, plaintext, place)


def _decrypt(key: bytes, sealed: bytes, place: bytes) -> bytes:
    nonce, ciphertext = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    if not sealed.startswith(_AES_256_GCM) or len(nonce) != _NONCE_LENGTH:
        raise KeyFault("seal_broken", "A sealed value is cut short or of an unknown kind.")
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, place)
    except InvalidTag:
        raise KeyFault("seal_broken", "A sealed value was changed, moved, or sealed under another key.") from None
