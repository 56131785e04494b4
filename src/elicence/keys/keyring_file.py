"""keyring.json on disk, shared by processes: what another has changed is seen, and never written over unseen."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elicence.errors import Conflict
from elicence.keys.keyring import Keyring, KeyState, load_keyring, save_keyring

__all__ = ["KeyringFile"]

_State = tuple[int, int, int]
_ORDER = tuple(KeyState)


class KeyringFile:
    """The file behind a keyring. It is replaced as a whole, so after a change it is another file: cheap to see.

    A process that went on with an old keyring could publish a compromised key as good, or sign with a retired one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: _State | None = None

    def load(self) -> Keyring:
        """The keyring as it lies there now; a defect is a `KeyFault`, as in `load_keyring`."""
        state = self._state()  # before reading: a change in between is then seen once more, and not missed
        keyring = load_keyring(self._path)
        self._seen = state
        return keyring

    def newer(self) -> Keyring | None:
        """The keyring if the file has changed since it was loaded or saved here, else None."""
        return None if self._state() == self._seen else self.load()

    def save(self, keyring: Keyring) -> None:
        """Puts the changed keyring in place; `Conflict` version_mismatch if that would undo what another one did.

        Keys are only ever added, and their states only go forward, so an undoing shows without knowing who did what.
        """
        with self._alone():
            if self._path.exists() and _undoes(keyring, load_keyring(self._path)):
                raise Conflict("version_mismatch", "Somebody else has changed the keyring in the meantime; try again.")
            save_keyring(self._path, keyring)
            self._seen = self._state()

    def _state(self) -> _State | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds off other processes and threads; the lock goes with the process that holds it."""
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _undoes(wanted: Keyring, there: Keyring) -> bool:
    """Whether a key that is there would be missing, or be in an earlier state than it is."""
    states = {entry.kid: _ORDER.index(entry.state) for entry in wanted.entries}
    return any(states.get(entry.kid, -1) < _ORDER.index(entry.state) for entry in there.entries)
