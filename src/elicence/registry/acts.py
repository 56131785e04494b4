"""Acts side by side in one thread, so that licences asked for together share a commit without costing a thread each.

An act is written as a plain story that waits for each commit where it stands. Here each runs in a greenlet: where it
would wait it is set aside, the next one is taken up, and once all that came have run as far as they can, everything
they want written is committed together and they go on. Threads would do the same, but handing the interpreter's lock
from one to the next costs more than a licence.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar

from greenlet import getcurrent, greenlet

from elicence.registry.unit import Unit

__all__ = ["Acts", "Work", "wait_here"]

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[Unit], Any]
_MOST_AT_ONCE = 64


class Commits(Protocol):
    """Where works are committed together."""

    def commit(self, works: Sequence[Work]) -> Sequence[Future[Any]]:
        """Commits works in the calling thread; what became of each is there on return."""


class _Act:
    """One act: what is to be done, what was promised, and the greenlet it runs in."""

    __slots__ = ("acts", "call", "promise", "runner", "work")

    def __init__(self, acts: "Acts", call: Callable[[], Any]) -> None:
        self.acts, self.call = acts, call
        self.promise: Future[Any] = Future()
        self.work: Work | None = None
        self.runner: Any = None

    def run(self, _: None) -> None:
        with self:
            self.promise.set_result(self.call())

    def __enter__(self) -> None:
        """Whatever the act raises, a simulated kill included, belongs to whoever was promised its result."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            self.promise.set_exception(error)
        return True


class _Failing:
    """Whatever is raised inside becomes the outcome of these works."""

    def __init__(self, outcomes: Sequence[Future[Any]]) -> None:
        self._outcomes = outcomes

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            for each in self._outcomes:
                each.set_exception(error)
        return True


class Acts(Executor):
    """An executor whose acts may wait for commits of one store. `shutdown` finishes what has begun."""

    def __init__(self, store: Commits) -> None:
        self.store = store
        self._coming: SimpleQueue[_Act | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._waiting: list[_Act] = []
        self._thread = threading.Thread(target=self._loop, name="acts", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begins the act soon; its future is done when the act is."""
        act = _Act(self, lambda: fn(*args, **kwargs))
        with self._gate:
            if self._closed:
                raise RuntimeError("no act begins after the end")
            self._coming.put(act)
        return act.promise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002  (all are finished)
        """No further act begins; those that were handed in are done first."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._coming.put(None)
        if wait:
            self._thread.join()

    def _loop(self) -> None:
        going_on = True
        while going_on or self._waiting:
            for act in self._come(wait=not self._waiting):
                if act is None:
                    going_on = False
                elif act.promise.set_running_or_notify_cancel():
                    act.runner = greenlet(act.run)
                    act.runner.act = act
                    self._go_on(act, None)
            if self._waiting:
                group, self._waiting = self._waiting, []
                done = self._committed([act.work for act in group if act.work is not None])
                for act, outcome in zip(group, done, strict=True):
                    self._go_on(act, outcome)

    def _committed(self, works: Sequence[Work]) -> Sequence[Future[Any]]:
        """What became of the works. A store that fails as none of ours should fails them; nobody waits for ever."""
        done: list[Future[Any]] = [Future() for _ in works]
        with _Failing(done):
            return self.store.commit(works)
        return done

    def _come(self, *, wait: bool) -> list[_Act | None]:
        """The acts that have come; waits for one only where there is nothing else to do."""
        first = [self._coming.get()] if wait else []
        return [*first, *(self._coming.get() for _ in range(min(self._coming.qsize(), _MOST_AT_ONCE - len(first))))]

    def _go_on(self, act: _Act, outcome: Future[Any] | None) -> None:
        """Runs an act to its end or to where it has to wait."""
        act.work = act.runner.switch(outcome)
        if not act.runner.dead:
            self._waiting.append(act)


def wait_here(store: Commits, work: Work) -> Future[Any] | None:
    """Sets the running act aside until `work` is committed; None where no act of this store is running."""
    runner = getcurrent()
    act: _Act | None = getattr(runner, "act", None)
    if act is None or act.acts.store is not store:
        return None
    outcome: Future[Any] = runner.parent.switch(work)
    return outcome
