"""Acts that wait for commits side by side in one thread: each gets its own answer, and they share the disk's time."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait

import pytest
from tests.registry.failing import FailingDisk

from elicence.errors import Conflict, StoreFault
from elicence.registry.acts import Acts, Work, wait_here
from elicence.registry.meta import fix_meta, meta, set_meta
from elicence.registry.registry import Registry
from elicence.registry.unit import Unit

pytestmark = pytest.mark.store


def results(futures: list[Future[object]]) -> list[object]:
    _, waiting = wait(futures, 30)
    assert not waiting
    return [future.exception() or future.result() for future in futures]


def gathered(registry: Registry, acts: list) -> list[Future[object]]:
    """Hands the acts in while an earlier one holds the place, so that all of them come together."""
    place, held = registry.acts(), threading.Event()
    first = place.submit(held.wait, 10)
    futures = [place.submit(act) for act in acts]
    held.set()
    assert first.result(10)
    wait(futures, 30)
    place.shutdown()
    return futures


def test_each_act_goes_on_with_what_its_own_work_answered(registry: Registry) -> None:
    def act(n: int) -> tuple[int, str | None]:
        registry.submit(lambda unit: set_meta(unit, f"a{n}", "first"))
        seen = registry.submit(lambda unit: meta(unit, f"a{n}"))
        registry.submit(lambda unit: set_meta(unit, f"a{n}", f"second {n}"))
        return n, seen

    found = results(gathered(registry, [lambda n=n: act(n) for n in range(40)]))
    assert found == [(n, "first") for n in range(40)]
    assert [registry.read(lambda reader, n=n: meta(reader, f"a{n}")) for n in range(40)] == [
        f"second {n}" for n in range(40)
    ]


def test_acts_that_came_together_share_their_commits(sqlite_url: str) -> None:
    with Registry.open(sqlite_url) as registry:

        def act(n: int) -> None:
            registry.submit(lambda unit: set_meta(unit, f"x{n}", "1"))
            registry.submit(lambda unit: set_meta(unit, f"y{n}", "1"))

        before = registry.commits
        assert results(gathered(registry, [lambda n=n: act(n) for n in range(32)])) == [None] * 32
        assert registry.commits - before == 2


def test_an_act_that_fails_takes_no_neighbour_with_it(registry: Registry) -> None:
    class Killed(BaseException):
        pass

    def act(n: int) -> int:
        if n % 4 == 1:
            raise Killed
        registry.submit(lambda unit: fix_meta(unit, "same" if n % 4 == 2 else f"k{n}", "v"))
        if n % 4 == 3:
            raise ValueError(n)
        return n

    found = results(gathered(registry, [lambda n=n: act(n) for n in range(16)]))
    assert [found[n] for n in range(0, 16, 4)] == [0, 4, 8, 12]
    assert all(isinstance(found[n], Killed) for n in range(1, 16, 4))
    assert sorted(str(getattr(found[n], "code", n)) for n in range(2, 16, 4))[-3:] == ["registry_exists"] * 3
    assert all(isinstance(found[n], ValueError) for n in range(3, 16, 4))
    assert registry.read(lambda reader: meta(reader, "k3")) == "v"  # its commit had returned before it failed


def test_an_act_catches_the_refusal_of_its_work_and_goes_on(registry: Registry) -> None:
    registry.submit(lambda unit: fix_meta(unit, "taken", "v"))

    def act() -> str:
        try:
            registry.submit(lambda unit: fix_meta(unit, "taken", "w"))
        except Conflict as error:
            code = error.code
            registry.submit(lambda unit: set_meta(unit, "after", code))
        return "went on"

    assert results(gathered(registry, [act])) == ["went on"]
    assert registry.read(lambda reader: meta(reader, "after")) == "registry_exists"


def test_a_work_within_an_act_must_not_submit(sqlite_url: str) -> None:
    with Registry.open(sqlite_url) as registry:

        def nested(_: Unit) -> None:
            registry.submit(lambda unit: set_meta(unit, "inner", "v"))

        [error] = results(gathered(registry, [lambda: registry.submit(nested)]))
        assert isinstance(error, RuntimeError)


def test_acts_and_threads_beside_them_lose_nothing(registry: Registry) -> None:
    place = registry.acts()

    def act(n: int) -> None:
        for part in range(3):
            registry.submit(lambda unit, part=part: set_meta(unit, f"act{n}.{part}", "v"))

    def thread(n: int) -> None:
        for part in range(3):
            registry.submit(lambda unit, part=part: set_meta(unit, f"thread{n}.{part}", "v"))

    threads = [threading.Thread(target=thread, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    futures = [place.submit(act, n) for n in range(60)]
    assert results(futures) == [None] * 60  # type: ignore[arg-type]
    for each in threads:
        each.join(30)
    place.shutdown()
    names = [f"act{n}.{part}" for n in range(60) for part in range(3)]
    names += [f"thread{n}.{part}" for n in range(4) for part in range(3)]
    assert [name for name in names if registry.read(lambda reader, name=name: meta(reader, name)) is None] == []


def test_a_cancelled_act_is_not_begun(registry: Registry) -> None:
    place, held = registry.acts(), threading.Event()
    blockers = [place.submit(held.wait, 10) for _ in range(16 if registry.engine == "postgresql" else 1)]
    late = place.submit(lambda: registry.submit(lambda unit: set_meta(unit, "late", "v")))
    assert late.cancel()
    held.set()
    wait(blockers, 10)
    place.shutdown()
    assert registry.read(lambda reader: meta(reader, "late")) is None


def test_after_the_end_no_act_begins(registry: Registry) -> None:
    place = registry.acts()
    place.shutdown()
    with pytest.raises(RuntimeError):
        place.submit(lambda: None)


def test_a_disk_that_fails_under_acts_fails_them_all_and_ends_the_store(sqlite_url: str) -> None:
    registry = Registry.open(sqlite_url)
    committer = registry._store._writer._committer  # type: ignore[attr-defined]
    committer._driver = FailingDisk(committer._driver)
    acts = [lambda n=n: registry.submit(lambda unit: set_meta(unit, f"k{n}", "v")) for n in range(4)]
    found = results(gathered(registry, acts))
    assert [error.code for error in found if isinstance(error, StoreFault)] == ["store_down"] * 4
    with pytest.raises(StoreFault, match="store_down"):
        registry.submit(lambda unit: set_meta(unit, "later", "v"))
    assert registry.read(lambda reader: meta(reader, "k0")) is None
    registry.close()


def test_a_store_that_fails_in_an_unheard_of_way_leaves_nobody_waiting() -> None:
    class Odd:
        """A store whose first commit breaks."""

        def __init__(self) -> None:
            self.broken = 1

        def commit(self, works: Sequence[Work]) -> Sequence[Future[object]]:
            if self.broken:
                self.broken -= 1
                raise MemoryError
            done: list[Future[object]] = [Future() for _ in works]
            for each in done:
                each.set_result("written")
            return done

    store = Odd()
    place = Acts(store)

    def act() -> object:
        outcome = wait_here(store, lambda unit: None)
        assert outcome is not None
        return outcome.result()

    assert isinstance(place.submit(act).exception(10), MemoryError)
    assert place.submit(act).result(10) == "written"
    place.shutdown()
