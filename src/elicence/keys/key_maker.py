"""Making signing keys: a key file below `private/` and its entry in the keyring."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from elicence.keys.file_signer import create_key_file
from elicence.keys.keyring import KeyEntry, Keyring, Purpose, activate, stage

__all__ = ["KeyMaker"]


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Makes keys for the registry whose keyring lies in `directory`; `made_in` is written into every one of them."""

    directory: Path
    passphrase: bytes = field(repr=False)
    made_in: str
    entropy: Callable[[int], bytes] = field(repr=False)

    def make(
        self, keyring: Keyring, *, agency: str | None, purpose: Purpose, now: datetime, use: str = "live"
    ) -> tuple[Keyring, KeyEntry]:
        """The keyring with a new key in state next. A crash before it is saved leaves a file that nothing refers to."""
        name = f"{agency or 'root'}.{purpose}.{use}.{now:%Y%m%dT%H%M%SZ}.{self.entropy(4).hex()}.pem"
        jwk = create_key_file(self.directory / "private" / name, self.passphrase)
        entry = KeyEntry.staged(
            jwk, agency=agency, purpose=purpose, made_in=self.made_in, valid_from=now,
            use=use, uri=f"file:private/{name}",
        )  # fmt: skip
        return stage(keyring, entry), entry

    def make_active(
        self, keyring: Keyring, *, agency: str | None, purpose: Purpose, now: datetime, use: str = "live"
    ) -> Keyring:
        """The keyring with a new key that signs at once; a key that was active in its role retires."""
        keyring, entry = self.make(keyring, agency=agency, purpose=purpose, now=now, use=use)
        return activate(keyring, entry.kid, now)
