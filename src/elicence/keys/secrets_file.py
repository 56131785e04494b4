"""Symmetric secrets of one registry, sealed together in `keys/private/secrets.json`.

The key comes from the passphrase by scrypt (RFC 7914), the seal is AES-256-GCM over everything else in the file.
Every secret has a name, which says what it is for, and an id, which is stored beside whatever it made. Rotation adds a
secret and makes it current; older ones stay, because what they sealed, digested or placed is still there.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from elicence.errors import FormatError, KeyFault
from elicence.formats.encoding import JsonObject, JsonValue, b64url_decode, b64url_encode, compact_json, parse_json
from elicence.keys.private_files import read_guarded, write_private

__all__ = ["NAMES", "ScryptCost", "Secret", "Secrets", "create_secrets", "load_secrets", "rotate", "save_secrets"]

NAMES = ("key_encryption", "search_digest", "index_permutation", "session")
_FORMAT = "elicence-secrets-1"
_SECRET_LENGTH = 32
_MEMBERS = {"format", "n", "r", "p", "salt", "passphrase_check", "nonce", "sealed"}


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """Work to try one passphrase: memory is 128 * n * r bytes; the default takes 32 MiB and about 0.1 s."""

    n: int = 2**15
    r: int = 8
    p: int = 1

    def __post_init__(self) -> None:
        # The upper bounds keep a file that somebody prepared from eating the memory of whoever opens it.
        bounded = 2 <= self.n <= 2**20 and self.n & (self.n - 1) == 0 and 1 <= self.r <= 16 and 1 <= self.p <= 4
        if not bounded:
            raise KeyFault("secrets_bad", "The scrypt parameters of the secrets file are out of bounds.")


@dataclass(frozen=True, slots=True)
class Secret:
    """32 bytes for one purpose; the value never shows in a repr."""

    id: str
    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secrets:
    """All secrets, oldest first; of each name the last one is current."""

    entries: tuple[Secret, ...]

    def __post_init__(self) -> None:
        if len({secret.id for secret in self.entries}) != len(self.entries):
            raise KeyFault("secrets_bad", "Two secrets have one id.")
        if {secret.name for secret in self.entries} != set(NAMES):
            raise KeyFault("secrets_bad", f"The secrets must be {', '.join(NAMES)}, at least one of each.")
        if any(len(secret.value) != _SECRET_LENGTH for secret in self.entries):
            raise KeyFault("secrets_bad", f"Every secret has {_SECRET_LENGTH} bytes.")

    def of(self, name: str) -> tuple[Secret, ...]:
        """Every secret of the name, oldest first."""
        return tuple(secret for secret in self.entries if secret.name == name)

    def current(self, name: str) -> Secret:
        """The secret to use for new things; `KeyFault` `secret_unknown` if the name is none of `NAMES`."""
        found = self.of(name)
        if not found:
            raise KeyFault("secret_unknown", f"There is no secret of that name, only {', '.join(NAMES)}.")
        return found[-1]

    def get(self, secret_id: str) -> Secret:
        """The secret that made something long ago; `KeyFault` `secret_unknown` if it is not in this file."""
        for secret in self.entries:
            if secret.id == secret_id:
                return secret
        raise KeyFault("secret_unknown", "No secret has that id; the store may belong to another secrets file.")


def create_secrets(
    path: Path, passphrase: bytes, entropy: Callable[[int], bytes], *, cost: ScryptCost | None = None
) -> Secrets:
    """One new secret of each name, sealed in a new file; an existing file is never replaced (`secrets_bad`)."""
    secrets = Secrets(tuple(_new_secret(name, entropy) for name in NAMES))
    content = _seal(secrets, passphrase, entropy, cost or ScryptCost())
    try:
        write_private(path, content, replace=False)
    except FileExistsError:
        raise KeyFault("secrets_bad", f"{path.name} exists already; replacing it would lose what it sealed.") from None
    return secrets


def rotate(secrets: Secrets, name: str, entropy: Callable[[int], bytes]) -> Secrets:
    """The same secrets with a new current one of the name."""
    secrets.current(name)
    return Secrets((*secrets.entries, _new_secret(name, entropy)))


def save_secrets(
    path: Path,
    passphrase: bytes,
    secrets: Secrets,
    *,
    entropy: Callable[[int], bytes],
    cost: ScryptCost | None = None,
) -> None:
    """Replace the file in one step; it must exist and open with the same passphrase, and no secret may be lost."""
    before = load_secrets(path, passphrase)
    if not set(before.entries) <= set(secrets.entries):
        raise KeyFault("secrets_bad", "Saving would lose a secret; what it sealed could never be read again.")
    write_private(path, _seal(secrets, passphrase, entropy, cost or ScryptCost()), replace=True)


def load_secrets(path: Path, passphrase: bytes) -> Secrets:
    """Open the file. `KeyFault`: `key_unreadable`, `key_exposed`, `key_passphrase`, `secrets_bad` if it was changed."""
    content = read_guarded(path)
    try:
        head = _members(parse_json(content, max_bytes=1_000_000), _MEMBERS)
        cost = ScryptCost(_integer(head["n"]), _integer(head["r"]), _integer(head["p"]))
        salt, check, nonce, sealed = (_bytes(head[name]) for name in ("salt", "passphrase_check", "nonce", "sealed"))
    except FormatError:
        raise KeyFault("secrets_bad", f"{path.name} is not a secrets file.") from None
    if head["format"] != _FORMAT or len(salt) != 16 or len(nonce) != 12:
        raise KeyFault("secrets_bad", f"{path.name} is not a secrets file of the form {_FORMAT}.")
    key, expected_check = _stretch(passphrase, salt, cost)
    if not hmac.compare_digest(check, expected_check):
        raise KeyFault("key_passphrase", f"The passphrase does not open {path.name}.")
    try:
        opened = AESGCM(key).decrypt(nonce, sealed, _authenticated(head))
        return _parse_secrets(opened)
    except (InvalidTag, FormatError):
        raise KeyFault("secrets_bad", f"{path.name} was changed after it was sealed.") from None


def _seal(secrets: Secrets, passphrase: bytes, entropy: Callable[[int], bytes], cost: ScryptCost) -> bytes:
    salt, nonce = entropy(16), entropy(12)
    key, check = _stretch(passphrase, salt, cost)
    head: JsonObject = {
        "format": _FORMAT,
        "n": cost.n,
        "r": cost.r,
        "p": cost.p,
        "salt": b64url_encode(salt),
        "passphrase_check": b64url_encode(check),
        "nonce": b64url_encode(nonce),
    }
    entries = [{"id": each.id, "name": each.name, "value": b64url_encode(each.value)} for each in secrets.entries]
    sealed = AESGCM(key).encrypt(nonce, compact_json({"secrets": entries}), _authenticated(head))
    return compact_json({**head, "sealed": b64url_encode(sealed)}) + b"\n"


def _authenticated(head: JsonObject) -> bytes:
    return compact_json({name: head[name] for name in sorted(_MEMBERS - {"sealed"})})


def _stretch(passphrase: bytes, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
    """The sealing key, and a check value that tells a wrong passphrase from a damaged file at the same cost."""
    if not passphrase:
        raise KeyFault("key_passphrase", "The passphrase is empty.")
    derived = Scrypt(salt=salt, length=64, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    return derived[:32], hashlib.sha256(derived[32:]).digest()


def _new_secret(name: str, entropy: Callable[[int], bytes]) -> Secret:
    return Secret(f"{name}-{entropy(6).hex()}", name, entropy(_SECRET_LENGTH))


def _parse_secrets(opened: bytes) -> Secrets:
    entries = _members(parse_json(opened, max_bytes=1_000_000), {"secrets"})["secrets"]
    if not isinstance(entries, list):
        raise FormatError("json_syntax", "the secrets are not a list")
    members = [_members(entry, {"id", "name", "value"}) for entry in entries]
    return Secrets(tuple(Secret(_text(each["id"]), _text(each["name"]), _bytes(each["value"])) for each in members))


def _members(value: JsonValue, names: set[str]) -> JsonObject:
    if not isinstance(value, dict) or set(value) != names:
        raise FormatError("json_syntax", "a JSON object with other members")
    return value


def _integer(value: JsonValue) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("json_number", "not an integer")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise FormatError("json_text", "not a string")
    return value


def _bytes(value: JsonValue) -> bytes:
    return b64url_decode(_text(value))
