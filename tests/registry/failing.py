"""A disk that fails, as the driver of SQLite tells of it."""

import sqlite3


class FailingDisk:
    """The driver's connection on a disk whose fsync fails."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver = driver

    def execute(self, statement: str) -> sqlite3.Cursor:
        if statement == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR | (4 << 8)  # SQLITE_IOERR_FSYNC
            raise error
        return self.driver.execute(statement)

    def __getattr__(self, name: str) -> object:
        return getattr(self.driver, name)
