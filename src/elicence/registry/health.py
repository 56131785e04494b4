"""What an operator wants to know of the store itself: engine, version, and the settings that make a commit durable."""

from collections.abc import Mapping

from sqlalchemy import text

from elicence.registry.registry import Registry
from elicence.registry.unit import Reader

__all__ = ["store_facts"]

_SQLITE = {
    "version": text("SELECT sqlite_version()"),
    "journal": text("PRAGMA journal_mode"),
    "synchronous": text("PRAGMA synchronous"),
}
_LEVELS = {"0": "off", "1": "normal", "2": "full", "3": "extra"}
_POSTGRESQL = {
    "version": text("SHOW server_version"),
    "journal": text("SHOW wal_level"),
    "synchronous": text("SHOW synchronous_commit"),
}


def store_facts(registry: Registry) -> Mapping[str, str]:
    """`engine`, `version`, `journal` and `synchronous` of an open registry, in the words of the engine."""
    statements = _SQLITE if registry.engine == "sqlite" else _POSTGRESQL

    def read(reader: Reader) -> dict[str, str]:
        rows = {name: reader.first(statement) for name, statement in statements.items()}
        return {name: "" if row is None else str(row[0]) for name, row in rows.items()}

    found = registry.read(read)
    if registry.engine == "sqlite":
        found["synchronous"] = _LEVELS.get(found["synchronous"], found["synchronous"])
    return {"engine": registry.engine, **found}
