"""A building site: a registry is made in a hidden folder of its home, and moved into the home when it is whole.

A crash while building leaves nothing but that folder, which the next attempt clears away. What is whole gets another
name before it is moved, so that a crash while moving is made good by the next command that makes something here.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from elicence.errors import Conflict
from elicence.keys.private_files import sync_folder
from elicence.registry.schema import SchemaState, schema_state
from elicence.settings import Settings, home_file

__all__ = ["building_site", "finish_moving"]

_BUILDING: Final = ".elicence-building"
_BUILT: Final = ".elicence-built"


@contextmanager
def building_site(settings: Settings) -> Iterator[Settings]:
    """Settings to make a registry by; what was made inside is in the home afterwards, or nothing is.

    `Conflict` registry_exists where there is a registry, or another process is making one. A store that is no file of
    the home is made where it is to be, and stays if what comes after it fails.
    """
    home = settings.home
    is_new = not home.exists()
    home.mkdir(parents=True, exist_ok=True)
    site = home / _BUILDING
    try:
        with _alone(home):
            finish_moving(home)
            _refuse_existing(settings)
            shutil.rmtree(site, ignore_errors=True)
            site.mkdir(mode=0o700)
            try:
                yield _settings_of(settings, site)
                site.rename(home / _BUILT)
                finish_moving(home)
            finally:
                shutil.rmtree(site, ignore_errors=True)
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):  # something else is in it by now
                home.rmdir()
        raise


def finish_moving(home: Path) -> None:
    """Moves what was built whole to its place, if a crash has left it; the home file last."""
    built = home / _BUILT
    if built.is_dir():
        _move(built, home)
        sync_folder(home)


def _move(source: Path, target: Path) -> None:
    for each in sorted(source.iterdir(), key=lambda path: (path.name == home_file(path.parent).name, path.name)):
        place = target / each.name
        if each.is_dir() and place.is_dir():
            _move(each, place)
        else:
            each.rename(place)
    source.rmdir()


def _settings_of(settings: Settings, site: Path) -> Settings:
    """As given, but for the folder; a passphrase that lies ready in the home is used and stays there."""
    ready = settings.passphrase_path if settings.passphrase_path.exists() else settings.passphrase_file
    return settings.model_copy(update={"home": site, "passphrase_file": ready})


def _refuse_existing(settings: Settings) -> None:
    keys = settings.keys_dir
    signs = (keys / "keyring.json", keys / "private" / "secrets.json", home_file(settings.home))
    if any(path.exists() for path in signs) or schema_state(settings.store_url) is not SchemaState.ABSENT:
        raise Conflict("registry_exists", "There is a registry in this home or its store; nothing was changed.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """No second process builds here meanwhile."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("registry_exists", "Another process is making a registry in this home.") from None
        yield
    finally:
        os.close(folder)
