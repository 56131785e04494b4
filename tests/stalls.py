"""Promises about time on machines that are busy with other things."""

import time
from pathlib import Path


class Stopwatch:
    """Seconds since it was made, less those in which the process had work to do and the machine no processor for it.

    Where nothing else runs the two are the same. Of several threads the one that was kept waiting longest counts.
    """

    def __init__(self, process: int) -> None:
        self._tasks = Path(f"/proc/{process}/task")
        self._kept_before = self._kept_waiting()
        self._since = time.monotonic()

    def seconds(self) -> float:
        """So many have passed for the process."""
        passed = time.monotonic() - self._since
        kept = (waited - self._kept_before.get(task, 0) for task, waited in self._kept_waiting().items())
        return passed - min(passed, max(kept, default=0) / 1e9)

    def _kept_waiting(self) -> dict[str, int]:
        """Nanoseconds that each thread has waited on the run queue, as the scheduler counts them."""
        found = {}
        for path in self._tasks.glob("*/schedstat"):
            try:
                found[path.parent.name] = int(path.read_text().split()[1])
            except (OSError, IndexError):
                continue  # that thread is gone
        return found
