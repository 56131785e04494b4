"""Whether the keys, the secrets and the passphrase of a home are fit to work with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from elicence.errors import ElicenceError
from elicence.keys.keyring import KeyEntry, Keyring, KeyState, load_keyring
from elicence.keys.private_files import read_passphrase
from elicence.keys.secrets_file import load_secrets
from elicence.keys.signer import VerifiedSigner, open_signer
from elicence.settings import Settings

__all__ = ["Finding", "key_findings"]

_SHORT_PASSPHRASE = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `failed` is for somebody to repair, `warning` for somebody to know."""

    name: str
    outcome: Literal["passed", "warning", "failed"]
    sentence: str


def key_findings(settings: Settings) -> Iterator[Finding]:
    """Passphrase, secrets file and every key file, each opened as it would be to work with."""
    try:
        passphrase = read_passphrase(settings.passphrase_path)
    except ElicenceError as error:
        yield _failed("passphrase", error)
        return
    short = len(passphrase) < _SHORT_PASSPHRASE
    yield Finding(
        "passphrase",
        "warning" if short else "passed",
        "Short: somebody could guess it who has the key files; let `init` make one." if short else "Long enough.",
    )
    try:
        load_secrets(settings.keys_dir / "private" / "secrets.json", passphrase)
        yield Finding("secrets", "passed", "The secrets file opens.")
    except ElicenceError as error:
        yield _failed("secrets", error)
    try:
        keyring = load_keyring(settings.keys_dir / "keyring.json")
    except ElicenceError as error:
        yield _failed("keyring", error)
        return
    yield from _each_key(settings, keyring, passphrase)


def _each_key(settings: Settings, keyring: Keyring, passphrase: bytes) -> Iterator[Finding]:
    usable = [entry for entry in keyring.entries if entry.state is not KeyState.COMPROMISED]
    broken = [(entry, error) for entry in usable if (error := _fault_of(settings, entry, passphrase)) is not None]
    for entry, error in broken:
        yield _failed(f"{entry.agency or 'root'} {entry.purpose} key", error)
    if not broken:
        yield Finding("keys", "passed", f"All {len(usable)} private keys open and fit the keyring.")


def _fault_of(settings: Settings, entry: KeyEntry, passphrase: bytes) -> ElicenceError | None:
    try:
        signer = open_signer(
            entry.uri, base_dir=settings.keys_dir, passphrase=passphrase, expected_jwk=entry.public_jwk
        )
        VerifiedSigner(signer).sign(b"elicence doctor")
    except ElicenceError as error:
        return error
    return None


def _failed(name: str, error: ElicenceError) -> Finding:
    return Finding(name, "failed", f"{error.message} [{error.code}]")
