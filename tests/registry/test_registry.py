"""Units of work: what is acknowledged is durable, what failed left nothing, and one caller's trouble stays its own."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.postgres import Cluster
from tests.registry.example import AGENCY, NOW, Example, found
from tests.registry.failing import FailingDisk

from elicence.errors import Conflict, ElicenceError, NotAllowed, NotFound, StoreFault
from elicence.registry.agencies import agencies, agency_by_slug
from elicence.registry.idempotency import IdempotencyRow, find_idempotent, insert_idempotency
from elicence.registry.issuing import LicenceRow, bump_licence, insert_licence
from elicence.registry.meta import fix_meta, meta, set_meta
from elicence.registry.reading import licence_by_id, lock_licence
from elicence.registry.registry import Registry
from elicence.registry.unit import Reader, Unit


class Killed(BaseException):
    """What a crash test raises in the middle of a work."""


@contextmanager
def held(registry: Registry) -> Iterator[list[Future[None]]]:
    """Keeps the writer busy with one work, so that everything submitted meanwhile waits for the next group."""
    began, release = threading.Event(), threading.Event()

    def hold(unit: Unit) -> None:
        began.set()
        assert release.wait(60)

    first = registry.submit_nowait(hold)
    assert began.wait(60)
    futures: list[Future[None]] = []
    yield futures
    release.set()
    first.exception(60)
    for future in futures:
        future.exception(60)


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except ElicenceError as error:
        return error.code
    return "done"


def path_of(url: str) -> str:
    return make_url(url).database or ""


# What a failed work leaves


@pytest.mark.parametrize("error", [NotAllowed("grant_expired", "no"), ValueError("no"), Killed(), KeyboardInterrupt()])
def test_whatever_a_work_raises_undoes_it_and_reaches_its_caller_only(registry: Registry, error: BaseException) -> None:
    def work(unit: Unit) -> None:
        set_meta(unit, "half", "done")
        raise error

    with pytest.raises(type(error)) as caught:
        registry.submit(work)
    assert caught.value is error
    assert registry.read(lambda reader: meta(reader, "half")) is None
    registry.submit(lambda unit: set_meta(unit, "whole", "done"))
    assert registry.read(lambda reader: meta(reader, "whole")) == "done"


def test_a_refused_statement_cannot_be_swallowed(registry: Registry) -> None:
    def work(unit: Unit) -> str:
        set_meta(unit, "before", "x")
        fix_meta(unit, "twice", "x")
        with pytest.raises(Conflict):
            fix_meta(unit, "twice", "x")
        return "all is well"

    with pytest.raises(Conflict, match="registry_exists"):
        registry.submit(work)
    assert registry.read(lambda reader: (meta(reader, "before"), meta(reader, "twice"))) == (None, None)


def test_after_a_refusal_the_same_work_gets_no_further(registry: Registry) -> None:
    def work(unit: Unit) -> None:
        fix_meta(unit, "twice", "x")
        with pytest.raises(Conflict):
            fix_meta(unit, "twice", "x")
        set_meta(unit, "after", "x")

    with pytest.raises(Conflict, match="registry_exists"):
        registry.submit(work)


def test_a_reader_cannot_write(registry: Registry) -> None:
    with pytest.raises(StoreFault):
        registry.read(lambda reader: set_meta(Unit(reader._connection, reader._sqlite), "key", "value"))
    assert registry.read(lambda reader: meta(reader, "key")) is None


@pytest.mark.parametrize("value", ["\ud800", 2**63])
def test_a_value_no_engine_can_hold_is_refused_unseen(registry: Registry, value: object) -> None:
    def work(unit: Unit) -> None:
        if isinstance(value, str):
            set_meta(unit, "key", value)
        else:
            bump_licence(unit, AGENCY, "lic", current_version=value)  # type: ignore[arg-type]

    with pytest.raises(StoreFault, match="store_refused") as caught:
        registry.submit(work)
    assert caught.value.__cause__ is None
    registry.submit(lambda unit: set_meta(unit, "other", "value"))
    assert registry.read(lambda reader: meta(reader, "other")) == "value"


def test_postgresql_refuses_a_nul(postgres_url: str) -> None:
    with Registry.open(postgres_url) as opened, pytest.raises(StoreFault, match="store_refused"):
        opened.submit(lambda unit: set_meta(unit, "key", "a\x00b"))


def test_a_naive_moment_is_refused(registry: Registry) -> None:
    found(registry)
    row = IdempotencyRow(
        agency_id=AGENCY, key="k", verb="issue", request_digest="d", licence_id="l", version=1,
        created_at=NOW.replace(tzinfo=None),
    )  # fmt: skip
    with pytest.raises(TypeError):
        registry.submit(lambda unit: insert_idempotency(unit, row))
    assert registry.read(lambda reader: find_idempotent(reader, AGENCY, "k")) is None


def test_a_closed_registry_takes_no_work(database_url: str) -> None:
    opened = Registry.open(database_url)
    opened.close()
    opened.close()
    with pytest.raises(StoreFault, match="store_down"):
        opened.submit(lambda unit: None)


def test_closing_finishes_what_was_submitted(database_url: str) -> None:
    opened = Registry.open(database_url)
    futures = [opened.submit_nowait(lambda unit, n=n: set_meta(unit, f"k{n}", "v")) for n in range(20)]
    opened.close()
    assert [future.exception(0) for future in futures] == [None] * 20
    with Registry.open(database_url) as again:
        assert again.read(lambda reader: meta(reader, "k19")) == "v"


def test_a_work_that_submits_another_is_told_at_once(sqlite_url: str) -> None:
    with Registry.open(sqlite_url) as opened, pytest.raises(RuntimeError, match="wait for itself"):
        opened.submit(lambda unit: opened.submit(lambda inner: None))


def test_an_error_names_the_rule_and_never_the_value(registry: Registry) -> None:
    found(registry)
    registry.submit(Example(1).reserve)
    with pytest.raises(Conflict) as caught:
        registry.submit(_same_number)
    assert caught.value.code == "number_taken"
    assert "N-1" not in repr(caught.value.args) + str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def _same_number(unit: Unit) -> None:
    insert_licence(unit, LicenceRow(agency_id=AGENCY, id="lic_other", type_slug="degree", number="N-1", created_at=NOW))


# Group commit (SQLite)


def test_waiting_works_share_one_commit(sqlite_url: str) -> None:
    with Registry.open(sqlite_url) as opened:
        with held(opened) as futures:
            futures += [opened.submit_nowait(lambda unit, n=n: set_meta(unit, f"k{n}", "v")) for n in range(50)]
        assert opened.commits == 2
        assert opened.read(lambda reader: [meta(reader, f"k{n}") for n in range(50)]) == ["v"] * 50


def test_a_failed_work_in_a_group_does_not_hurt_its_neighbours(sqlite_url: str) -> None:
    def fail(unit: Unit, error: BaseException) -> None:
        set_meta(unit, "failed", "v")
        raise error

    def collide(unit: Unit) -> None:
        fix_meta(unit, "k0", "again")

    with Registry.open(sqlite_url) as opened:
        with held(opened) as futures:
            futures.append(opened.submit_nowait(lambda unit: set_meta(unit, "k0", "v")))
            futures.append(opened.submit_nowait(lambda unit: fail(unit, Killed())))
            futures.append(opened.submit_nowait(collide))
            futures.append(opened.submit_nowait(lambda unit: fail(unit, ValueError("mine"))))
            futures.append(opened.submit_nowait(lambda unit: set_meta(unit, "k1", "v")))
        assert [type(future.exception()) for future in futures] == [
            type(None), Killed, Conflict, ValueError, type(None),
        ]  # fmt: skip
        keys = ("k0", "k1", "failed")
        assert opened.read(lambda reader: [meta(reader, key) for key in keys]) == ["v", "v", None]
        assert opened.commits == 2


def test_nobody_is_answered_before_the_commit(sqlite_url: str) -> None:
    """While another process reads, the commit cannot finish; so long no future of the group is done."""
    reader = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    with Registry.open(sqlite_url, patience=30.0) as opened:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM registry_meta").fetchall()
        futures = [opened.submit_nowait(lambda unit, n=n: set_meta(unit, f"k{n}", "v")) for n in range(5)]
        with pytest.raises(TimeoutError):
            futures[0].result(0.3)
        assert not any(future.done() for future in futures)
        reader.execute("COMMIT")
        assert [future.exception(60) for future in futures] == [None] * 5
    reader.close()


def test_a_cancelled_work_is_not_run(sqlite_url: str) -> None:
    with Registry.open(sqlite_url) as opened:
        with held(opened) as futures:
            cancelled = opened.submit_nowait(lambda unit: set_meta(unit, "k", "v"))
            assert cancelled.cancel()
            futures.append(opened.submit_nowait(lambda unit: set_meta(unit, "other", "v")))
        assert opened.read(lambda reader: (meta(reader, "k"), meta(reader, "other"))) == (None, "v")


# Others on the same store


def test_a_lock_of_another_process_is_waited_for(sqlite_url: str) -> None:
    other = sqlite3.connect(path_of(sqlite_url), isolation_level=None, check_same_thread=False)
    with Registry.open(sqlite_url, patience=10.0) as opened:
        other.execute("BEGIN IMMEDIATE")
        waiting = opened.submit_nowait(lambda unit: set_meta(unit, "k", "v"))
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        other.execute("ROLLBACK")
        waiting.result(10)
    other.close()


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_lock_that_outlasts_our_patience_is_busy_and_changes_nothing(sqlite_url: str, lock: str) -> None:
    other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    with Registry.open(sqlite_url, patience=0.2) as opened:
        other.execute(f"BEGIN {lock}")
        with pytest.raises(StoreFault, match="store_busy"):
            opened.submit(lambda unit: set_meta(unit, "k", "v"))
        if lock == "EXCLUSIVE":
            with pytest.raises(StoreFault, match="store_busy"):
                opened.read(agencies)
        other.execute("ROLLBACK")
        opened.submit(lambda unit: set_meta(unit, "k2", "v"))
        assert opened.read(lambda reader: (meta(reader, "k"), meta(reader, "k2"))) == (None, "v")
    other.close()


def test_a_reader_that_outlasts_our_patience_makes_the_commit_busy_and_undoes_it(sqlite_url: str) -> None:
    other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    with Registry.open(sqlite_url, patience=0.2) as opened:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM registry_meta").fetchall()
        with pytest.raises(StoreFault, match="store_busy"):
            opened.submit(lambda unit: set_meta(unit, "k", "v"))
        other.execute("COMMIT")
        assert opened.read(lambda reader: meta(reader, "k")) is None
        opened.submit(lambda unit: set_meta(unit, "k", "v"))
    other.close()


def test_a_row_locked_by_another_unit_is_busy(postgres_url: str) -> None:
    with Registry.open(postgres_url, patience=0.3) as opened:
        found(opened)
        Example(1).issue(opened)
        locked, release = threading.Event(), threading.Event()

        def hold(unit: Unit) -> None:
            lock_licence(unit, AGENCY, Example(1).licence)
            locked.set()
            assert release.wait(60)

        holder = opened.submit_nowait(hold)
        assert locked.wait(60)
        with pytest.raises(StoreFault, match="store_busy"):
            opened.submit(lambda unit: lock_licence(unit, AGENCY, Example(1).licence))
        release.set()
        holder.result(60)


def test_a_deadlock_is_run_again_and_both_works_are_done(postgres_url: str) -> None:
    meeting = threading.Barrier(2, timeout=60)
    tries: list[str] = []

    def work(first: str, second: str) -> None:
        def both(unit: Unit) -> None:
            set_meta(unit, first, second)
            if tries.append(first) is None and len(tries) <= 2:
                meeting.wait()
            set_meta(unit, second, first)

        opened.submit(both)

    with Registry.open(postgres_url) as opened:
        opened.submit(lambda unit: (set_meta(unit, "a", ""), set_meta(unit, "b", "")))
        with ThreadPoolExecutor(2) as threads:
            for future in [threads.submit(work, "a", "b"), threads.submit(work, "b", "a")]:
                future.result(20)
        assert len(tries) >= 3
        assert opened.read(lambda reader: (meta(reader, "a"), meta(reader, "b"))) in {
            ("b", "a"),
            ("b", "b"),
            ("a", "a"),
        }


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that a test may stop."""
    server = Cluster()
    yield server
    server.remove()


def test_a_server_that_restarts_is_down_and_then_well_again(own_cluster: Cluster) -> None:
    with Registry.open(own_cluster.url(own_cluster.migrated())) as opened:
        opened.submit(lambda unit: set_meta(unit, "before", "v"))
        own_cluster.stop()
        with pytest.raises(StoreFault, match="store_down"):
            opened.submit(lambda unit: set_meta(unit, "during", "v"))
        with pytest.raises(StoreFault, match="store_down"):
            opened.read(agencies)
        own_cluster.start()
        opened.submit(lambda unit: set_meta(unit, "after", "v"))
        keys = ("before", "during", "after")
        assert opened.read(lambda reader: [meta(reader, key) for key in keys]) == ["v", None, "v"]


def test_a_connection_lost_before_the_commit_is_run_again(postgres_url: str) -> None:
    from sqlalchemy import text

    tries = []

    def work(unit: Unit) -> None:
        tries.append(1)
        set_meta(unit, "k", str(len(tries)))
        if len(tries) == 1:
            unit.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with Registry.open(postgres_url) as opened:
        opened.submit(work)
        assert opened.read(lambda reader: meta(reader, "k")) == "2"


def test_a_commit_whose_reply_is_lost_is_down_and_the_retry_finds_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    commit = psycopg.Connection.commit

    def commit_and_lose_the_reply(connection: psycopg.Connection[object]) -> None:
        commit(connection)
        connection.pgconn.finish()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with Registry.open(postgres_url) as opened:
        found(opened)
        with monkeypatch.context() as patch:
            patch.setattr(psycopg.Connection, "commit", commit_and_lose_the_reply)
            with pytest.raises(StoreFault, match="store_down"):
                opened.submit(Example(1).reserve)
        kept = opened.read(lambda reader: find_idempotent(reader, AGENCY, "key-1"))
        assert kept is not None
        assert kept.licence_id == Example(1).licence


# The disk


def test_a_full_disk_fails_the_group_and_not_the_store(sqlite_url: str) -> None:
    """SQLite's page limit stands for the disk's: the same SQLITE_FULL in the same places."""
    with Registry.open(sqlite_url) as opened:
        found(opened)
        Example(1).issue(opened)
        driver = opened._store._writer._committer._driver  # type: ignore[attr-defined]
        pages = opened.submit(lambda unit: driver.execute("PRAGMA page_count").fetchone()[0])
        opened.submit(lambda unit: driver.execute(f"PRAGMA max_page_count={pages + 40}").fetchone())
        assert {outcome(lambda n=n: Example(n).issue(opened)) for n in range(2, 60)} == {"done", "store_down"}
        opened.submit(lambda unit: driver.execute("PRAGMA max_page_count=1000000").fetchone())
        Example(99).issue(opened)
        for n in range(2, 60):  # what was refused may be asked again, and is then whole
            if opened.read(lambda reader, n=n: licence_by_id(reader, AGENCY, Example(n).licence)) is None:
                Example(n).issue(opened)
    with Registry.open(sqlite_url) as again:
        assert again.read(lambda reader: licence_by_id(reader, AGENCY, Example(99).licence)) is not None


def test_a_disk_that_fails_at_commit_ends_the_writer(sqlite_url: str) -> None:
    opened = Registry.open(sqlite_url)
    writer = opened._store._writer._committer  # type: ignore[attr-defined]
    with held(opened) as futures:
        futures += [opened.submit_nowait(lambda unit, n=n: set_meta(unit, f"k{n}", "v")) for n in range(3)]
        writer._driver = FailingDisk(writer._driver)
    for future in futures:
        error = future.exception(5)
        assert isinstance(error, StoreFault)
        assert error.code == "store_down"
    with pytest.raises(StoreFault, match="store_down"):
        opened.submit(lambda unit: set_meta(unit, "later", "v"))
    assert opened.read(lambda reader: meta(reader, "k0")) is None
    opened.close()


# Many at once


def test_looks_that_find_nothing_or_fail_leave_room_for_as_many_as_before(registry: Registry) -> None:
    found(registry)

    def misses(_: Reader) -> None:
        raise NotFound("licence_not_found", "not there")

    def writes(reader: Reader) -> None:
        set_meta(Unit(reader._connection, reader._sqlite), "key", "value")

    kept: list[ElicenceError] = []  # as a log keeps them, and with them everything they were raised in
    for work in (misses, writes) * 12:
        with pytest.raises((NotFound, StoreFault)) as caught:
            registry.read(work)
        kept.append(caught.value)
    assert [each.code for each in kept[::2]] == ["licence_not_found"] * 12
    assert "store_busy" not in {each.code for each in kept}
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: len(registry.read(agencies)), range(32))) == [1] * 32


def test_readers_and_writers_together_see_whole_units(registry: Registry) -> None:
    """Two facts that always change together are never seen apart."""
    stop = threading.Event()
    torn = []

    def write() -> None:
        for n in range(30):
            registry.submit(lambda unit, n=n: (set_meta(unit, "left", str(n)), set_meta(unit, "right", str(n))))

    def look(reader: Reader) -> tuple[str | None, str | None]:
        return meta(reader, "left"), meta(reader, "right")

    def watch() -> None:
        while not stop.is_set():
            left, right = registry.read(look)
            if left != right:
                torn.append((left, right))

    registry.submit(lambda unit: (set_meta(unit, "left", "-"), set_meta(unit, "right", "-")))
    with ThreadPoolExecutor(4) as threads:
        watching = [threads.submit(watch) for _ in range(2)]
        writing = [threads.submit(write) for _ in range(2)]
        for future in writing:
            future.result(60)
        stop.set()
        for future in watching:
            future.result(10)
    assert torn == []


def test_of_32_requests_with_one_key_one_is_written(registry: Registry) -> None:
    found(registry)
    start = threading.Barrier(32, timeout=60)

    def request(n: int) -> str:
        row = IdempotencyRow(
            agency_id=AGENCY, key="same", verb="issue", request_digest="d", licence_id=f"lic-{n}", version=1,
            created_at=NOW,
        )  # fmt: skip
        start.wait()
        return outcome(lambda: registry.submit(lambda unit: insert_idempotency(unit, row)))

    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(request, range(32)))
    assert sorted(answers) == ["done"] + ["idempotency_in_flight"] * 31
    kept = registry.read(lambda reader: find_idempotent(reader, AGENCY, "same"))
    assert kept is not None
    assert kept.licence_id == f"lic-{answers.index('done')}"


def test_agencies_are_found_by_slug_and_a_slug_is_used_once(registry: Registry) -> None:
    found(registry)
    assert registry.read(lambda reader: agency_by_slug(reader, "harbour")).id == AGENCY  # type: ignore[union-attr]
    assert registry.read(lambda reader: agency_by_slug(reader, "forest")) is None
    with pytest.raises(Conflict, match="agency_exists"):
        found(registry, "agc_00000000000000000000000002")
    assert len(registry.read(agencies)) == 1


def test_the_registry_file_is_opened_where_it_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="registry_absent"):
        Registry.open(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []
