"""Contexts: registries elsewhere by name, in a file of the user's own. Where a client's secret is stands there, never
the secret.

    {"in_use": "prod" | null,
     "contexts": {"prod": {"base_url": "https://…", "client_id": "cli_…",
                           "secret_environment": "NAME" | "secret_file": "/…", "ca_file": "/…"?}}}

The file is for its owner only; whoever else could write to it could send our secret to a registry of theirs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from elicence.cli.door import Door
from elicence.cli.failures import usage
from elicence.errors import FormatError, KeyFault, SettingsFault
from elicence.formats.encoding import JsonObject, JsonValue, compact_json, parse_json
from elicence.keys.private_files import read_guarded, write_private
from elicence.licences.ids import parse_id
from elicence.settings import config_dir, secret_from_environment

__all__ = ["Context", "ContextBook", "check_address", "chosen_context", "load_contexts", "save_contexts"]

_FILE: Final = "contexts.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PORT: Final = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_ADDRESS: Final = re.compile(
    rf"(?:https://{_LABEL}(?:\.{_LABEL})*|http://(?:localhost|127\.0\.0\.1|\[::1\])){_PORT}", re.ASCII
)
_HIGHEST_PORT: Final = 65_535
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_OURS: Final = "ELICENCE_"
_SECRET: Final = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Context:
    """A registry elsewhere and how to prove oneself there; just one of the two places of a secret is named."""

    base_url: str
    client_id: str
    secret_environment: str | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        check_address(self.base_url)
        try:
            parse_id("cli", self.client_id)
        except FormatError:
            raise SettingsFault("contexts_bad", "A client id is cli_ and 26 characters.") from None
        if (self.secret_environment is None) == (self.secret_file is None):
            raise SettingsFault("contexts_bad", "A secret is in an environment variable or in a file: name one.")
        variable = self.secret_environment
        if variable is not None and (not _VARIABLE.fullmatch(variable) or variable.startswith(_OURS)):
            sentence = f"A variable for a secret has a name of letters, digits and _ that does not begin with {_OURS}."
            raise SettingsFault("contexts_bad", sentence)
        for path in (self.secret_file, self.ca_file):
            if path is not None and not path.is_absolute():
                raise SettingsFault("contexts_bad", "Files of a context are named from the root of the file system.")

    @property
    def secret_place(self) -> str:
        """Where the secret is, for people."""
        return f"${self.secret_environment}" if self.secret_environment is not None else str(self.secret_file)

    def secret(self) -> str:
        """The client's secret. `KeyFault` key_exposed, key_unreadable or secrets_bad; what is there is not told."""
        if self.secret_file is not None:
            found = read_guarded(self.secret_file).partition(b"\n")[0].strip().decode("ascii", errors="replace")
        else:
            variable = str(self.secret_environment)
            set_to = secret_from_environment(variable)
            if set_to is None:
                raise KeyFault("secrets_bad", f"The secret of this context is in ${variable}, which is not set.")
            found = set_to.strip()
        if not _SECRET.fullmatch(found):
            raise KeyFault("secrets_bad", f"What is in {self.secret_place} is no client secret.")
        return found

    def to_json(self) -> dict[str, str]:
        """As it stands in the file."""
        members = {
            "base_url": self.base_url, "client_id": self.client_id, "secret_environment": self.secret_environment,
            "secret_file": self.secret_file, "ca_file": self.ca_file,
        }  # fmt: skip
        return {name: str(value) for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ContextBook:
    """Every context by name, and the one in use."""

    contexts: Mapping[str, Context] = field(default_factory=lambda: MappingProxyType({}))
    in_use: str | None = None

    def __post_init__(self) -> None:
        for name in self.contexts:
            if not _NAME.fullmatch(name):
                raise SettingsFault("contexts_bad", "A context is named with up to 40 of a-z 0-9 . _ -")
        if self.in_use is not None:
            self.named(self.in_use)

    def named(self, name: str) -> Context:
        """The context of that name; `SettingsFault` context_unknown."""
        if name not in self.contexts:
            known = f"known are {', '.join(self.contexts)}" if self.contexts else "`elicence context add` makes one"
            raise SettingsFault("context_unknown", f"There is no such context; {known}.", allowed=list(self.contexts))
        return self.contexts[name]

    def with_context(self, name: str, context: Context) -> "ContextBook":
        """With one more; `SettingsFault` context_exists."""
        if name in self.contexts:
            raise SettingsFault("context_exists", "There is a context of that name; remove it first.")
        return replace(self, contexts={**self.contexts, name: context})

    def without(self, name: str) -> "ContextBook":
        """With one fewer, which is then not in use either."""
        self.named(name)
        rest = {known: each for known, each in self.contexts.items() if known != name}
        return ContextBook(rest, None if self.in_use == name else self.in_use)


def check_address(base_url: str) -> None:
    """`SettingsFault` base_url_bad for all but `https://host[:port]`, and plain http to this machine itself."""
    found = _ADDRESS.fullmatch(base_url)
    if found is None or int(found["port"] or 1) > _HIGHEST_PORT:
        sentence = (
            "A registry elsewhere is https://host[:port] in lower case, one on this machine http://localhost:port."
        )
        raise SettingsFault("base_url_bad", sentence)


def chosen_context(door: Door) -> Context | None:
    """The context a command is to use: the one named, else the one in use unless a home was named; None for a home."""
    if door.context is not None:
        if door.home is not None:
            raise usage("name a home or a context, not both", "--context")
        return load_contexts().named(door.context)
    if door.home is not None or "home" in door.settings().model_fields_set:
        return None
    book = load_contexts()
    return None if book.in_use is None else book.named(book.in_use)


def load_contexts() -> ContextBook:
    """The book of this user, empty where there is none yet. `SettingsFault` contexts_bad, `KeyFault` key_exposed."""
    folder = config_dir()
    if folder is None or not ((path := folder / _FILE).exists() or path.is_symlink()):
        return ContextBook()
    try:
        return _book(parse_json(read_guarded(path)))
    except (FormatError, SettingsFault) as error:
        raise SettingsFault("contexts_bad", f"{path} is not a file of contexts: {error.message}") from None


def save_contexts(book: ContextBook) -> None:
    """Puts the book in place of the one before, whole or not at all."""
    folder = config_dir()
    if folder is None:
        raise SettingsFault("contexts_bad", "This user has no home folder; name one in XDG_CONFIG_HOME.")
    body: JsonObject = {
        "in_use": book.in_use, "contexts": {name: each.to_json() for name, each in book.contexts.items()}
    }  # fmt: skip
    write_private(folder / _FILE, compact_json(body) + b"\n", replace=True)


def _book(value: JsonValue) -> ContextBook:
    members = _members(value, required={"in_use", "contexts"})
    in_use = members["in_use"]
    if not isinstance(in_use, str | None):
        raise SettingsFault("contexts_bad", "in_use is a name or null.")
    named = members["contexts"]
    if not isinstance(named, Mapping):
        raise SettingsFault("contexts_bad", "contexts are an object by name.")
    return ContextBook({name: _context(each) for name, each in named.items()}, in_use)


def _context(value: JsonValue) -> Context:
    members = _members(
        value, required={"base_url", "client_id"}, optional={"secret_environment", "secret_file", "ca_file"}
    )
    if not all(isinstance(each, str) for each in members.values()):
        raise SettingsFault("contexts_bad", "Every member of a context is text.")
    texts = {name: str(each) for name, each in members.items()}
    secret_file, ca_file = (Path(texts[name]) if name in texts else None for name in ("secret_file", "ca_file"))
    return Context(
        texts["base_url"], texts["client_id"], secret_environment=texts.get("secret_environment"),
        secret_file=secret_file, ca_file=ca_file,
    )  # fmt: skip


def _members(value: JsonValue, *, required: set[str], optional: frozenset[str] | set[str] = frozenset()) -> JsonObject:
    if not isinstance(value, Mapping) or not required <= set(value) <= required | optional:
        raise SettingsFault("contexts_bad", f"Members are {', '.join(sorted(required | optional))}, and no others.")
    return dict(value)
