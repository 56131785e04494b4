"""Issuing with 32 callers at once, each answer durable: `python tests/benchmarks/bench_issue.py`.

Ours against the plain idiom (one SQLModel session and two commits a licence), which does the same work into a database
of the same settings. The two take turns on the same disk; medians of the rounds. Ends with status 1 below the floor.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.assembly import NOON, house
from tests.benchmarks.plain_idiom import PlainIssuer, plain_engine
from tests.register import requests_from_register

from elicence.issuer.issue import issue

CALLERS = 32
ROUNDS = 7
OURS, THEIRS = 640, 192  # licences a round
FLOOR = 3.0


class Requests:
    """Endless requests made of the register's rows, each with a number of its own; safe to draw from many threads."""

    def __init__(self) -> None:
        self._rows = cycle(requests_from_register(2_000))
        self._drawn = 0
        self._gate = threading.Lock()

    def draw(self) -> dict[str, Any]:
        with self._gate:
            self._drawn += 1
            return next(self._rows) | {"number": f"{self._drawn:016d}"}


def rate(work: Callable[[dict[str, Any]], object], requests: Requests, times: int) -> tuple[float, float]:
    """Licences a second with all callers at work, and milliseconds of processor time for each."""
    with ThreadPoolExecutor(CALLERS) as callers:
        asked = [requests.draw() for _ in range(times)]
        start, busy = perf_counter(), process_time()
        for answer in callers.map(work, asked):
            assert answer
        return times / (perf_counter() - start), (process_time() - busy) / times * 1000


def fsync_time(folder: Path) -> float:
    """Median milliseconds of writing 4 kB and forcing them to the disk."""

    def spent() -> Iterator[float]:
        for _ in range(200):
            start = perf_counter()
            os.pwrite(descriptor, bytes(4096), 0)
            os.fdatasync(descriptor)
            yield (perf_counter() - start) * 1000

    descriptor = os.open(folder / "probe", os.O_CREAT | os.O_RDWR)
    try:
        return median(spent())
    finally:
        os.close(descriptor)


def main() -> None:
    # Beside this file, for a folder of temporary files may lie in memory.
    with (
        tempfile.TemporaryDirectory(prefix=".bench-", dir=Path(__file__).parent) as name,
        house(Path(name) / "ours", None) as ours,
        house(Path(name) / "plain", None) as plain,
    ):
        caller, requests = ours.caller(), Requests()
        engine = plain_engine(plain.settings.home / "registry.db", connections=CALLERS)
        issuer = PlainIssuer(plain.desk, plain.caller(), engine)

        def ask_ours(body: dict[str, Any]) -> object:
            return issue(ours.desk, caller, body, idempotency_key=body["number"], now=NOON)

        def ask_plain(body: dict[str, Any]) -> object:
            return issuer.issue(body, idempotency_key=body["number"], now=NOON)

        for ask in (ask_ours, ask_plain):  # statements compiled, type files opened, connections made
            rate(ask, requests, CALLERS)
        commits, rounds = ours.assembly.registry.commits, []
        for _ in range(ROUNDS):
            rounds.append((*rate(ask_ours, requests, OURS), *rate(ask_plain, requests, THEIRS)))
        commits = ours.assembly.registry.commits - commits
        fsync = fsync_time(Path(name))
        engine.dispose()
    ours_a_second, ours_busy, plain_a_second, plain_busy = (median(each) for each in zip(*rounds, strict=True))
    ratio = median(each[0] / each[2] for each in rounds)
    print(f"{CALLERS} callers on SQLite, every answer durable; fsync of 4 kB {fsync:.2f} ms")
    per_licence = commits / (ROUNDS * OURS)
    print(f"ours        {ours_a_second:8,.0f} licences/s, {per_licence:.2f} commits and {ours_busy:.1f} ms CPU each")
    print(f"plain idiom {plain_a_second:8,.0f} licences/s, 2.00 commits and {plain_busy:.1f} ms CPU each")
    print(f"ratio       {ratio:8.2f} (goal {FLOOR})")
    sys.exit(ratio < FLOOR)


if __name__ == "__main__":
    main()
