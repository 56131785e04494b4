"""The only reader of the environment and of the clock.

A registry lives in one folder, its home: `elicence.json` (where the store is), `keys/`, `published/` and, with SQLite,
the store itself. Everything that must never change after the first licence (base URL, environment) is kept in the store
and not here. Settings come from variables `ELICENCE_…`; one that does not exist is refused, so that a typing error
cannot pass for a default.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from elicence.errors import SettingsFault

__all__ = ["Settings", "config_dir", "home_file", "secret_from_environment", "system_clock", "write_home_file"]

_PREFIX = "ELICENCE_"


def system_clock() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


class Settings(BaseSettings):
    """What a process is told about its surroundings. Immutable."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    home: Path = Path()
    """Folder of the registry; the current folder unless named."""
    database_url: str | None = None
    """`sqlite:///…` or `postgresql+psycopg://…`; written to `elicence.json` by `elicence init`."""
    passphrase_file: Path | None = None
    """File whose first line opens the private keys and secrets; `keys/passphrase` in the home unless named."""
    standards_dir: Path | None = None
    """Folder of licence types; those shipped with the package unless named."""
    environment: Literal["production", "demo"] | None = None
    """If set, must agree with what the registry was made for."""
    lang: Literal["zh-CN", "en"] = "en"
    """Language of messages."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections to PostgreSQL a process may hold."""

    @classmethod
    def read(cls, *, home: Path | None = None) -> Self:
        """The settings of this process; `home` given by a caller wins over the environment."""
        known = {f"{_PREFIX}{name.upper()}" for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known)
        if unknown:
            sentence = f"no such setting: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            raise SettingsFault("settings_bad", sentence)
        try:
            settings = cls(home=home) if home is not None else cls()
        except ValidationError as error:
            names = ", ".join(f"{_PREFIX}{'.'.join(map(str, part['loc'])).upper()}" for part in error.errors())
            raise SettingsFault("settings_bad", f"not an allowed value: {names}") from None
        return settings._with_home_file()

    def _with_home_file(self) -> Self:
        path = home_file(self.home)
        if self.database_url is not None or not path.is_file():
            return self
        try:
            url = json.loads(path.read_bytes())["database_url"]
            return self.model_copy(update={"database_url": None if url is None else str(url)})
        except (ValueError, KeyError, TypeError):
            raise SettingsFault("settings_bad", f"{path} is not a home file: it needs a database_url") from None

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def published_dir(self) -> Path:
        return self.home / "published"

    @property
    def passphrase_path(self) -> Path:
        return self.passphrase_file or self.keys_dir / "passphrase"

    @property
    def store_url(self) -> str:
        """Where the store is; SQLite in the home unless told otherwise."""
        return self.database_url or f"sqlite:///{(self.home / 'registry.db').resolve()}"

    @property
    def types_dir(self) -> Path:
        """Licence types: beside the code in a checkout, inside the package in a wheel."""
        if self.standards_dir is not None:
            return self.standards_dir
        packaged = Path(__file__).parent / "standards"
        return packaged if packaged.is_dir() else Path(__file__).parents[2] / "standards"


def config_dir() -> Path | None:
    """Where what belongs to this user and to no registry is kept (XDG Base Directory); None for a user without home."""
    named = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(named).is_absolute():
        return Path(named) / "elicence"
    try:
        return Path.home() / ".config" / "elicence"
    except RuntimeError:
        return None


def secret_from_environment(name: str) -> str | None:
    """The secret in a variable that a user named for it; None where it is not set."""
    return os.environ.get(name)


def home_file(home: Path) -> Path:
    """Where a home notes where its store is."""
    return home / "elicence.json"


def write_home_file(home: Path, database_url: str | None) -> None:
    """Notes in the home where the store is: None for a file of the home itself, so that a home can be moved.

    Readable by its owner only, because a URL may carry a password.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home_file(home)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps({"database_url": database_url}, indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
