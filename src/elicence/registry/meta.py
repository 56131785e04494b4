"""Facts about the registry itself, each a word and its value: its base URL, its environment."""

from sqlalchemy import bindparam, insert, select, update

from elicence.registry import tables
from elicence.registry.rows import table_of
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit

_table = table_of(tables.RegistryMeta)
_READ = Statement(select(_table.c.value).where(_table.c.key == bindparam("of_key")))
_WRITE = insert(_table)
_CHANGE = Statement(update(_table).where(_table.c.key == bindparam("of_key")).values(value=bindparam("to")))


def meta(reader: Reader, key: str) -> str | None:
    """The value of a fact, or None."""
    row = reader.first(_READ, {"of_key": key})
    return None if row is None else str(row[0])


def fix_meta(unit: Unit, key: str, value: str) -> None:
    """Write a fact that never changes. Raises `Conflict` registry_exists when it was written before."""
    unit.execute(_WRITE, {"key": key, "value": value})


def set_meta(unit: Unit, key: str, value: str) -> None:
    """Write a fact that may change."""
    if unit.change(_CHANGE, {"of_key": key, "to": value}) == 0:
        fix_meta(unit, key, value)
