"""A process made to be killed: it imports everything once, then forks a child for each job and tells how that ended.

    python -m tests.faults.child <home> <database url> <slug of the agency>

A job is a line of JSON on standard input: the instant, what is asked, and at which passing of which crash point the
child ends itself with SIGKILL. The child opens the registry as any process would and writes every answer as a line into
a pipe; the forking process, which does nothing else, passes on what came out of it: `{"signal": 9, "said": "…"}`.
"""

import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.assembly import StandingClock

from elicence.bootstrap import assemble
from elicence.errors import ElicenceError
from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct, renew
from elicence.issuer.read import LicenceView
from elicence.licences.lifecycle import Action
from elicence.registry.agencies import agency_by_slug
from elicence.settings import Settings


class Killer:
    """A crash hook that ends this process at the n-th passing of one point, without any clean-up."""

    def __init__(self, point: str, passing: int) -> None:
        self.point, self.left = point, passing
        self.gate = threading.Lock()

    def __call__(self, point: str) -> None:
        if self.reaches(point):
            self.kill()

    def reaches(self, point: str) -> bool:
        with self.gate:
            self.left -= point == self.point
            return point == self.point and self.left == 0

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


def carry_out(desk: Desk, caller: Caller, asked: dict[str, Any], now: datetime) -> dict[str, Any]:
    """One request and what a client would be told: the licence and its bytes, or the code of the refusal."""
    verb = asked["verb"]
    try:
        if verb == "issue":
            answer = issue(desk, caller, asked["body"], idempotency_key=asked["key"], now=now)
        elif verb == "renew":
            answer = renew(
                desk, caller, asked["licence"], asked["body"],
                if_version=asked["if_version"], idempotency_key=asked["key"], now=now,
            )  # fmt: skip
        elif verb == "correct":
            answer = correct(
                desk, caller, asked["licence"], asked["body"], reason=asked["reason"],
                if_version=asked["if_version"], idempotency_key=asked["key"], now=now,
            )  # fmt: skip
        else:
            answer = change_status(desk, caller, asked["licence"], Action(verb), reason=asked["reason"], now=now)
    except ElicenceError as error:
        return {"error": error.code}
    assert isinstance(answer, LicenceView)
    return {name: getattr(answer, name) for name in ("id", "version", "state", "row_version", "credential")}


def settings_of(home: str, database_url: str) -> Settings:
    return Settings(home=Path(home), database_url=database_url, standards_dir=Path(home) / "standards")


def work(settings: Settings, slug: str, job: dict[str, Any], say: Callable[[bytes], object]) -> None:
    """In the child: all that is asked at once, each answer said as soon as it is there."""
    now, killer = datetime.fromisoformat(job["now"]), Killer(job["point"], job["passing"])
    gate = threading.Lock()

    def serve(number: int, asked: dict[str, Any]) -> None:
        answer = carry_out(assembly.desk, caller, asked, now)
        line = json.dumps({"number": number, **answer}).encode() + b"\n"
        with gate:
            if killer.reaches("p12"):
                say(line[: len(line) // 2])
                killer.kill()
            say(line)

    with assemble(settings, clock=StandingClock(now), at=killer) as assembly:
        agency = assembly.registry.read(lambda reader: agency_by_slug(reader, slug))
        assert agency is not None
        caller = Caller(agency)
        threads = [threading.Thread(target=serve, args=each) for each in enumerate(job["asked"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def fork(settings: Settings, slug: str, job: dict[str, Any]) -> dict[str, Any]:
    """Run one job in a child of its own; answers the signal that ended it and what it had said by then."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            work(settings, slug, job, lambda data: os.write(writing, data))
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "said": said}


def main(home: str, database_url: str, slug: str) -> None:
    settings = settings_of(home, database_url)
    assemble(settings).close()  # so that no child has to warm up what it can inherit
    gc.freeze()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(fork(settings, slug, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
