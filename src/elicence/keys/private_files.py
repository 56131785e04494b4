"""Reading and writing files that only their owner may see.

Reading refuses whatever an attacker could have put there or could read: symlinks, directories, pipes, files of another
user, files or folders open to others. Writing is durable and atomic: a temporary file of mode 0600 in the same folder,
fsync, rename, fsync of the folder; a crash leaves the old file or the new one, never half of one.
"""

import base64
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from elicence.errors import KeyFault

__all__ = ["create_passphrase", "read_guarded", "read_passphrase", "sync_folder", "write_private"]

_OTHERS_MAY_ANYTHING = 0o077
_OTHERS_MAY_WRITE = 0o022
_LARGEST = 16 * 1024 * 1024


def read_guarded(path: Path, *, secret: bool = True) -> bytes:
    """The bytes of a regular file of ours; a `secret` one is for nobody else to read, any other for nobody to write.

    Raises `KeyFault`: `key_unreadable` (absent, not a regular file, too large, no permission) or `key_exposed`.
    """
    _refuse_open_folder(path)
    try:
        # O_NONBLOCK: opening a pipe must fail the check below, not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KeyFault("key_unreadable", f"{path.name} cannot be opened: {os.strerror(error.errno or 0)}") from None
    try:
        _refuse_exposed(path, os.fstat(descriptor), _OTHERS_MAY_ANYTHING if secret else _OTHERS_MAY_WRITE)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_LARGEST)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, replace: bool, mode: int = 0o600) -> None:
    """Put the file in place for good; with `replace` false an existing file is kept and `FileExistsError` raised."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        else:
            # A link fails if the name is taken, where a rename would silently win.
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)


def create_passphrase(path: Path, entropy: Callable[[int], bytes]) -> bytes:
    """A new passphrase of 160 random bits in a file of its own, for services that start without a person."""
    passphrase = base64.b32encode(entropy(20)).lower()
    try:
        write_private(path, passphrase + b"\n", replace=False)
    except FileExistsError:
        raise KeyFault("key_passphrase", f"A passphrase file {path.name} exists already; it is not replaced.") from None
    return passphrase


def read_passphrase(path: Path) -> bytes:
    """The passphrase in a file, without the line end; `KeyFault` `key_passphrase` if there is none in it."""
    passphrase = read_guarded(path).rstrip(b"\r\n")
    if not passphrase:
        raise KeyFault("key_passphrase", f"The passphrase file {path.name} is empty.")
    return passphrase


def _refuse_open_folder(path: Path) -> None:
    try:
        folder = path.parent.stat()
    except OSError as error:
        raise KeyFault("key_unreadable", f"The folder of {path.name}: {os.strerror(error.errno or 0)}") from None
    # Whoever can write to the folder can put another file in place. A sticky folder such as /tmp forbids that.
    if folder.st_mode & _OTHERS_MAY_WRITE and not folder.st_mode & stat.S_ISVTX:
        raise KeyFault("key_exposed", f"The folder of {path.name} can be written to by others; chmod go-w it.")


def _refuse_exposed(path: Path, found: os.stat_result, forbidden: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFault("key_unreadable", f"{path.name} is not a regular file.")
    if found.st_size >= _LARGEST:
        raise KeyFault("key_unreadable", f"{path.name} has {found.st_size} bytes; that is no key, secret or keyring.")
    if found.st_uid not in {os.geteuid(), 0}:
        raise KeyFault("key_exposed", f"{path.name} belongs to another user.")
    if found.st_mode & forbidden:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyFault("key_exposed", f"{path.name} has mode {mode:04o} and is open to others; chmod go-rwx it.")


def sync_folder(folder: Path) -> None:
    """Makes durable which files the folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
