"""Idempotency keys: which request a key stood for, kept as long as the licence it made."""

from dataclasses import dataclass
from datetime import datetime

from elicence.registry import tables
from elicence.registry.rows import Rows
from elicence.registry.statements import Statement
from elicence.registry.unit import Reader, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRow:
    """`request_digest` tells a retry (equal) from a key used again for something else (different)."""

    agency_id: str
    key: str
    verb: str
    request_digest: str
    licence_id: str
    version: int
    created_at: datetime


_KEYS = Rows(tables.Idempotency, IdempotencyRow)
_FIND = Statement(_KEYS.select(agency_id="agency_id", key="key"))


def find_idempotent(reader: Reader, agency_id: str, key: str) -> IdempotencyRow | None:
    """What this key of the agency stood for, or None if it is new."""
    return _KEYS.first(reader, _FIND, {"agency_id": agency_id, "key": key})


def insert_idempotency(unit: Unit, row: IdempotencyRow) -> None:
    """Raises `Conflict` idempotency_in_flight when another request wrote this key in the meantime."""
    _KEYS.add(unit, row)
