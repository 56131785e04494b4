"""Alembic migrations of the registry, one file a step, in one line: `REVISIONS` names them oldest first.

A migration is never changed once released; it spells out its tables instead of reading `tables.py`, which describes
the newest state only. A test holds that running all of them gives exactly `tables.py`, on both engines.
"""

REVISIONS = ("0001", "0002", "0003")
