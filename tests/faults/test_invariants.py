"""The checker of invariants is worth something: each damage done to a good store is found, under its name."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.invariants import broken, changed, read_records
from tests.faults.test_kill import FaultLab, fault_lab

DAMAGE = {
    "UPDATE intent SET state = 'pending' WHERE verb = 'renew'": "I13",
    "DELETE FROM credential WHERE version = 2": "I13",
    "DELETE FROM intent WHERE version = 2": "I13",
    "DELETE FROM idempotency WHERE verb = 'issue'": "I4",
    "DELETE FROM log_entry WHERE kind = 'correct'": "I1",
    "UPDATE log_entry SET digest = zeroblob(32) WHERE kind = 'revoke'": "I1",
    "UPDATE intent SET digest = 'other' WHERE verb = 'issue'": "I1",
    "UPDATE status_list SET taken = taken + 1": "I3",
    "DELETE FROM status_entry WHERE version = 2": "I3",
    "UPDATE licence SET current_version = 1 WHERE current_version > 1": "I5",
    "UPDATE status_entry SET state = 'active' WHERE state = 'superseded'": "I5",
    "UPDATE log_entry SET position = 1000 WHERE position = 0": "I6",
    "UPDATE log_sequence SET position = 1000 WHERE position = 0": "I6",
    "UPDATE log_entry SET position = NULL WHERE position = 0": "I6",
    "UPDATE status_entry SET state = 'active' WHERE state = 'revoked'": "I7",
    "UPDATE status_entry SET status_index = status_index + 1 WHERE state = 'suspended'": "I7",
    "UPDATE outbox SET done_at = NULL WHERE version = 2": "I7",
    "UPDATE status_publication SET sequence = 1000 WHERE serial = 1": "I7",
    "DELETE FROM audit_event WHERE verb = 'suspend'": "I8",
    "UPDATE audit_event SET to_state = 'active' WHERE verb = 'revoke'": "I8",
}  # fmt: skip
REWRITTEN = (
    "UPDATE credential SET digest = 'other' WHERE version = 1",
    "UPDATE status_entry SET status_index = status_index + 1 WHERE version = 1",
    "UPDATE idempotency SET request_digest = 'other' WHERE verb = 'issue'",
    "UPDATE log_entry SET digest = zeroblob(32) WHERE position = 2",
    "DELETE FROM audit_event WHERE verb = 'issue'",
    "UPDATE status_entry SET state = 'suspended' WHERE state = 'revoked'",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultLab]:
    """A registry with a licence of every history."""
    home = tmp_path_factory.mktemp("good")
    with fault_lab(home, f"sqlite:///{home / 'registry.db'}", 1) as good:
        renewed, corrected, suspended, revoked = (good.do(good.new())["id"] for _ in range(4))
        for verb, licence in (("renew", renewed), ("correct", corrected), ("suspend", suspended), ("revoke", revoked)):
            good.do(good.change(verb, licence))
        good.assembly.publish()
        good.compare(good.read())
        good.assembly.close()
        yield good


def damaged(lab: FaultLab, folder: Path, statement: str) -> str:
    """A copy of the store after the statement, which the store itself would have refused."""
    path = Path(shutil.copy(lab.house.settings.home / "registry.db", folder / "registry.db"))
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0
    connection.close()
    return f"sqlite:///{path}"


@pytest.mark.parametrize("statement", DAMAGE)
def test_damage_is_found_under_its_name(lab: FaultLab, tmp_path: Path, statement: str) -> None:
    found = broken(read_records(damaged(lab, tmp_path, statement)), lab.house.settings.published_dir)
    assert DAMAGE[statement] in {sentence.split()[0] for sentence in found}


@pytest.mark.parametrize("statement", REWRITTEN)
def test_rewritten_history_is_found(lab: FaultLab, tmp_path: Path, statement: str) -> None:
    assert changed(lab.read(), read_records(damaged(lab, tmp_path, statement)))
