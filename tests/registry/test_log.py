"""The log's order, the outbox, and what was published: nothing is numbered before it is committed, nothing twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.registry.example import AGENCY, NOW, Example, found

from elicence.errors import PublishFault
from elicence.registry.log import history_of, log_entries, log_size
from elicence.registry.outbox import due_outbox, finish_outbox, postpone_outbox
from elicence.registry.publications import PublicationRow, last_publication, publication_at, record_publication
from elicence.registry.registry import Registry
from elicence.registry.sequencer import number_entries
from elicence.registry.status import statuses
from elicence.registry.unit import Unit

OTHER = "agc_00000000000000000000000002"


@pytest.fixture(autouse=True)
def agency(registry: Registry) -> None:
    found(registry)


def tell(registry: Registry, n: int, verb: str = "issue", *, agency_id: str = AGENCY, seconds: int = 0) -> None:
    at = NOW + timedelta(seconds=seconds)
    registry.submit(lambda unit: Example(n, agency=agency_id).tell(unit, verb, at=at))


def order(registry: Registry) -> list[tuple[int, str]]:
    return [(entry.position, entry.id) for entry in registry.read(log_entries)]


def test_an_empty_log_has_size_0_and_nothing_to_number(registry: Registry) -> None:
    assert number_entries(registry) == 0
    assert registry.read(log_size) == 0
    assert order(registry) == []


def test_positions_begin_at_0_follow_the_clock_and_never_move(registry: Registry) -> None:
    found(registry, OTHER, "forest")
    tell(registry, 1, seconds=2)
    tell(registry, 2, agency_id=OTHER, seconds=1)
    assert number_entries(registry) == 2
    assert number_entries(registry) == 0
    before = order(registry)
    assert [position for position, _ in before] == [0, 1]
    assert before[0][1].endswith("2")
    tell(registry, 3, seconds=-5)  # a clock that went back gets a later place, not an earlier one
    assert number_entries(registry) == 1
    assert order(registry)[:2] == before
    assert registry.read(log_size) == 3


def test_a_limit_is_kept_and_the_rest_follows(registry: Registry) -> None:
    for n in range(7):
        tell(registry, n)
    assert [number_entries(registry, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert [position for position, _ in order(registry)] == list(range(7))
    assert [entry.position for entry in registry.read(lambda reader: log_entries(reader, start=5, limit=1))] == [5]


def test_an_entry_of_a_failed_work_is_never_numbered(registry: Registry) -> None:
    def fail(unit: Unit) -> None:
        Example(1).tell(unit, "issue")
        raise ValueError

    with pytest.raises(ValueError):
        registry.submit(fail)
    tell(registry, 2)
    assert number_entries(registry) == 1
    assert [entry_id[-1] for _, entry_id in order(registry)] == ["2"]


def test_three_sequencers_beside_eight_writers_leave_no_gap_and_no_double(registry: Registry) -> None:
    writing = threading.Event()
    writing.set()

    def write(worker: int) -> None:
        for n in range(25):
            tell(registry, worker * 100 + n)

    def sequence(_: int) -> int:
        numbered = 0
        while writing.is_set():
            numbered += number_entries(registry, 7)
        return numbered

    with ThreadPoolExecutor(11) as threads:
        sequencers = [threads.submit(sequence, n) for n in range(3)]
        for writer in [threads.submit(write, n) for n in range(8)]:
            writer.result(120)
        writing.clear()
        numbered = sum(sequencer.result(30) for sequencer in sequencers)
    while more := number_entries(registry):
        numbered += more
    placed = order(registry)
    assert numbered == 200
    assert [position for position, _ in placed] == list(range(200))
    assert len({entry_id for _, entry_id in placed}) == 200


def test_a_page_of_statuses_says_what_it_rests_on(registry: Registry) -> None:
    Example(1).issue(registry)
    page = registry.read(lambda reader: statuses(reader, AGENCY, 1))
    assert (page.sequence, page.unnumbered) == (0, 1)
    number_entries(registry)
    page = registry.read(lambda reader: statuses(reader, AGENCY, 1))
    assert (page.sequence, page.unnumbered) == (1, 0)


def test_a_history_tells_every_act_in_order(registry: Registry) -> None:
    Example(1).issue(registry)
    tell(registry, 1, "revoke", seconds=5)
    tell(registry, 2)
    events = registry.read(lambda reader: history_of(reader, AGENCY, Example(1).licence))
    assert [event.verb for event in events] == ["issue", "revoke"]


# Outbox


def test_the_outbox_gives_what_is_due_until_it_is_done(registry: Registry) -> None:
    for n in range(3):
        tell(registry, n, seconds=n)
    now = NOW + timedelta(seconds=1)

    def due() -> list[str]:
        return [row.id[-1] for row in registry.read(lambda reader: due_outbox(reader, now=now))]

    assert due() == ["0", "1"]
    first = registry.read(lambda reader: due_outbox(reader, now=now, limit=1))[0]
    registry.submit(lambda unit: postpone_outbox(unit, AGENCY, first.id, due_at=now + timedelta(seconds=60)))
    assert due() == ["1"]
    registry.submit(lambda unit: finish_outbox(unit, AGENCY, f"out_issue_{1:020d}", done_at=now))
    assert due() == []
    now += timedelta(seconds=60)
    assert due() == ["2", "0"]
    assert [row.attempts for row in registry.read(lambda reader: due_outbox(reader, now=now))] == [0, 1]


# Publications


def publication(sequence: int, *, seconds: int = 0, form: str = "statuslist+jwt") -> PublicationRow:
    at = NOW + timedelta(seconds=seconds)
    return PublicationRow(
        agency_id=AGENCY, list_no=1, form=form, sequence=sequence, kid="kid", digest=f"{sequence:064d}",
        document=b"list %d" % sequence, published_at=at, expires_at=at + timedelta(hours=1),
    )  # fmt: skip


def test_an_older_list_never_follows_a_newer_one(registry: Registry) -> None:
    Example(1).issue(registry)
    assert registry.submit(lambda unit: record_publication(unit, publication(5))) == 1
    assert registry.submit(lambda unit: record_publication(unit, publication(5, seconds=60))) == 2
    with pytest.raises(PublishFault, match="list_refused"):
        registry.submit(lambda unit: record_publication(unit, publication(4, seconds=120)))
    assert registry.submit(lambda unit: record_publication(unit, publication(1, form="revocation"))) == 1


def test_the_list_of_a_past_moment_is_found_again(registry: Registry) -> None:
    Example(1).issue(registry)
    for sequence in (1, 2, 3):
        row = publication(sequence, seconds=sequence * 100)
        registry.submit(lambda unit, row=row: record_publication(unit, row))

    def at(seconds: int) -> bytes | None:
        time = NOW + timedelta(seconds=seconds)
        kept = registry.read(lambda reader: publication_at(reader, AGENCY, 1, "statuslist+jwt", time=time))
        return None if kept is None else kept.document

    assert [at(99), at(100), at(299), at(10_000)] == [None, b"list 1", b"list 2", b"list 3"]
    last = registry.read(lambda reader: last_publication(reader, AGENCY, 1, "statuslist+jwt"))
    assert last == publication(3, seconds=300)
    assert registry.read(lambda reader: last_publication(reader, AGENCY, 2, "statuslist+jwt")) is None
