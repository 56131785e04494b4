"""Killed in the middle of writing, a registry loses nothing it acknowledged and keeps no half of anything."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.registry.example import AGENCY, Example, found

from elicence.registry.intents import intents_of
from elicence.registry.log import history_of
from elicence.registry.reading import credential_of, licences_page
from elicence.registry.registry import Registry
from elicence.registry.sequencer import number_entries
from elicence.registry.status import status_of
from elicence.registry.unit import Reader

ROOT = Path(__file__).parents[2]
CYCLES = 4


def issue_and_kill(url: str, first: int, *, after: float) -> list[int]:
    """Let a process issue from number `first` on, kill it, and answer the numbers it had acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.registry.issue_until_killed", url, str(first)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    told = [process.stdout.readline()]
    time.sleep(after)
    process.kill()
    told += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    return [int(line) for line in told if line.endswith("\n")]


def stage(reader: Reader, licence_id: str) -> str:
    """`whole`, `reserved`, or what is half of something."""
    (intent,) = intents_of(reader, AGENCY, licence_id)
    status = status_of(reader, AGENCY, licence_id, 1)
    assert status is not None
    credential = credential_of(reader, AGENCY, licence_id, 1)
    state = (intent.state, status.state, credential is not None, len(history_of(reader, AGENCY, licence_id)))
    names = {("done", "active", True, 1): "whole", ("pending", "reserved", False, 0): "reserved"}
    return names.get(state, repr(state))


def test_kill_minus_9_loses_no_acknowledged_licence_and_leaves_none_half_done(database_url: str) -> None:
    with Registry.open(database_url) as registry:
        found(registry)
    acknowledged: list[int] = []
    for cycle in range(CYCLES):
        acknowledged += issue_and_kill(database_url, cycle * 1_000_000, after=0.03 * (cycle + 1))
    with Registry.open(database_url) as registry:  # checks the file, and heals it by its journal

        def stages(reader: Reader) -> dict[str, str]:
            page = licences_page(reader, AGENCY, limit=1_000_000)
            return {licence.id: stage(reader, licence.id) for licence in page}

        kept = registry.read(stages)
        assert len(acknowledged) >= CYCLES
        assert {kept.get(Example(n).licence) for n in acknowledged} == {"whole"}
        assert set(kept.values()) <= {"whole", "reserved"}
        Example(999_999).issue(registry)
        whole = sum(state == "whole" for state in kept.values())
        assert number_entries(registry, 1_000_000) == whole + 1
