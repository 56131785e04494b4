"""The sequencer on PostgreSQL, where many transactions are open at once and commit in any order."""

import threading
from datetime import timedelta

from tests.registry.example import NOW, Example, found

from elicence.registry.log import log_entries
from elicence.registry.registry import Registry
from elicence.registry.sequencer import number_entries
from elicence.registry.unit import Unit


def test_an_entry_that_is_not_committed_is_not_numbered(postgres_url: str) -> None:
    with Registry.open(postgres_url) as opened:
        found(opened)
        written, release = threading.Event(), threading.Event()

        def slow(unit: Unit) -> None:
            Example(1).tell(unit, "issue", at=NOW - timedelta(hours=1))
            written.set()
            assert release.wait(20)

        early = opened.submit_nowait(slow)
        assert written.wait(20)
        opened.submit(lambda unit: Example(2).tell(unit, "issue"))
        assert number_entries(opened) == 1
        release.set()
        early.result(20)
        assert number_entries(opened) == 1
        assert [entry.id[-1] for entry in opened.read(log_entries)] == ["2", "1"]
