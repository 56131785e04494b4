"""What an engine's refusal means, told in the errors of this package.

Engines say the same thing differently: SQLite names the columns of a broken UNIQUE rule, PostgreSQL the constraint.
Both become the constraint's name here, and the few constraints that a caller can run into become a `Conflict`. Messages
of the engines are never passed on, because PostgreSQL quotes the values it refuses.
"""

import sqlite3

import psycopg
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from elicence.errors import Conflict, ElicenceError, StoreFault
from elicence.registry import tables


class CodeCollision(Exception):  # noqa: N818  (a signal to draw another code, not a fault)
    """The verification code just drawn is already somebody's; the work is rolled back and may run again."""


class Undone(StoreFault):
    """The transaction certainly did not happen, through no fault of the work: it may simply run again."""


def _unique_columns() -> dict[str, str]:
    """SQLite's wording of each UNIQUE rule → the name of the constraint."""
    names = {}
    for table in tables.Agency.metadata.tables.values():
        rules = [rule for rule in table.constraints if isinstance(rule, PrimaryKeyConstraint | UniqueConstraint)]
        for rule in [*rules, *(index for index in table.indexes if index.unique)]:
            if rule.columns:
                names[", ".join(f"{table.name}.{column.name}" for column in rule.columns)] = str(rule.name)
    return names


_UNIQUE_COLUMNS = _unique_columns()


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that refused a row, or None if the engine does not say."""
    if isinstance(error.orig, psycopg.Error):
        return error.orig.diag.constraint_name
    return _UNIQUE_COLUMNS.get(str(error.orig).rpartition("UNIQUE constraint failed: ")[2])


def refusal(error: IntegrityError) -> Exception:
    """The error a caller gets when a constraint refused a row."""
    match constraint_of(error):
        case "uq_licence_number":
            return Conflict("number_taken", "this agency has already issued a licence of this type with this number")
        case "pk_idempotency" | "uq_proposal_idempotency_key":
            return Conflict("idempotency_in_flight", "another request with this idempotency key is in flight")
        case "pk_licence_version":
            return Conflict("version_mismatch", "another change made this version of the licence first")
        case "pk_agency" | "uq_agency_slug":
            return Conflict("agency_exists", "an agency with this id or slug exists")
        case "pk_registry_meta":
            return Conflict("registry_exists", "this fact of the registry was fixed before and does not change")
        case "pk_status_publication":
            return Conflict("version_mismatch", "another publisher was faster; publish again from the newest rows")
        case "pk_verification_code":
            return CodeCollision()
        case name:
            return StoreFault("store_refused", f"the tables refused a row by rule {name or 'unnamed'}", rule=name)


# SQLSTATE: serialization failure, deadlock.
_TRY_AGAIN = frozenset({"40001", "40P01"})
# SQLSTATE: lock not available, cancelled by a timeout, too many connections.
_BUSY = frozenset({"55P03", "57014", "53300"})


def sqlite_code(error: BaseException | None) -> int:
    """SQLite's primary result code, 0 if it is no error of SQLite."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF if isinstance(error, sqlite3.Error) else 0


def is_busy(error: BaseException | None) -> bool:
    """Whether others hold a lock we waited for in vain."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate in _BUSY
    return sqlite_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def fault(error: BaseException) -> ElicenceError:
    """The error a caller gets when the engine itself failed: busy, broken, or down."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, PoolTimeoutError) or is_busy(cause):
        return StoreFault("store_busy", "the store is locked by others for longer than we wait; nothing was changed")
    if sqlite_code(cause) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreFault("store_corrupt", "the database file is damaged; restore a backup")
    return StoreFault("store_down", f"the store failed ({type(cause).__name__}); what was asked may not have happened")


# What executing a statement raises: SQLAlchemy's errors, and two of the driver's that SQLAlchemy lets through.
STATEMENT_ERRORS = (SQLAlchemyError, UnicodeError, OverflowError)


def translated(error: Exception) -> Exception:
    """The error of one statement as one of ours; itself, if it is a defect of our own statement."""
    match error:
        case IntegrityError():
            return refusal(error)
        case DataError() | ProgrammingError() | UnicodeError() | OverflowError():
            return StoreFault("store_refused", "the engine cannot hold a value it was given", rule=None)
        case DBAPIError(connection_invalidated=True):
            return Undone("store_down", "the connection to the store was lost; nothing was changed")
        case DBAPIError() | PoolTimeoutError():
            return undone(error) or fault(error)
        case _:
            return error


def undone(error: SQLAlchemyError) -> Undone | None:
    """Not None when PostgreSQL took a transaction back because of others."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.Error) and error.orig.sqlstate in _TRY_AGAIN:
        return Undone("store_busy", "others kept changing the same rows; nothing was changed")
    return None
