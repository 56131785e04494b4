"""Throw-away keys and places for the tests of this room."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

PASSPHRASE = b"a passphrase of the tests"


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """Bytes that never repeat and are the same in every run."""
    import hashlib

    counter = itertools.count()
    return lambda length: hashlib.shake_256(next(counter).to_bytes(8, "big")).digest(length)


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """The folder of a keyring, with its private folder."""
    (tmp_path / "keys" / "private").mkdir(parents=True, mode=0o700)
    (tmp_path / "keys").chmod(0o700)
    return tmp_path / "keys"


@pytest.fixture
def passphrase() -> bytes:
    """What the key files of the tests are encrypted with."""
    return PASSPHRASE
