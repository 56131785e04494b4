"""What the tests of this room do again and again: ask, race, kill, and see that nothing changed."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.assembly import example
from tests.houses import OwnHouse

from elicence.errors import ElicenceError
from elicence.issuer.change_status import change_status
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct, renew
from elicence.issuer.read import LicenceView, open_intent, read_licence
from elicence.licences.lifecycle import Action
from elicence.registry.intents import intents_of
from elicence.verifier.report import Report
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify

FOOD = "food-business-licence"
ESTATE = "real-estate-registration"
TAX = "business-licence-tax-certificate"


class Killed(BaseException):
    """The process ends here, as far as a thread can play that."""


def kill_at(point: str) -> Callable[[str], None]:
    def at(passed: str) -> None:
        if passed == point:
            raise Killed(point)

    return at


def food(n: int = 1, **changes: Any) -> dict:
    """The request for the n-th food licence of a test."""
    return example(FOOD) | {"number": f"JY1{n:013d}"} | changes


def ask(home: OwnHouse, body: dict, *, key: str = "key-1", slug: str = "housing", desk: Any = None) -> LicenceView:
    made = issue(desk or home.desk, home.caller(slug), body, idempotency_key=key, now=home.clock())
    assert isinstance(made, LicenceView)
    return made


def issued(home: OwnHouse, n: int = 1, *, slug: str = "housing", **changes: Any) -> LicenceView:
    """The n-th food licence."""
    return ask(home, food(n, **changes), key=f"key-{n}", slug=slug)


def change(home: OwnHouse, licence: LicenceView, action: str, reason: str | None = None, **more: Any) -> LicenceView:
    return change_status(
        home.desk, home.caller(), licence.id, Action(action), reason=reason, now=home.clock(), **more
    )  # fmt: skip


def corrected(home: OwnHouse, licence: LicenceView, body: dict, *, key: str | None = None, **more: Any) -> LicenceView:
    asked = {"reason": "issued_in_error", "if_version": licence.row_version} | more
    made = correct(
        home.desk, home.caller(), licence.id, body, idempotency_key=key or f"correct-{licence.id}-{licence.version}",
        now=home.clock(), **asked,
    )  # fmt: skip
    assert isinstance(made, LicenceView)
    return made


def renewed(home: OwnHouse, licence: LicenceView, body: dict | None = None, *, key: str | None = None) -> LicenceView:
    made = renew(
        home.desk, home.caller(), licence.id, body or {}, if_version=licence.row_version,
        idempotency_key=key or f"renew-{licence.id}-{licence.version}", now=home.clock(),
    )  # fmt: skip
    assert isinstance(made, LicenceView)
    return made


def now_of(home: OwnHouse, licence: LicenceView, version: int | None = None) -> LicenceView:
    return read_licence(home.desk, home.caller(), licence.id, version=version)


def outcome(act: Callable[[], Any]) -> Any:
    """What the act answered, or the code with which it was refused."""
    try:
        return act()
    except ElicenceError as error:
        return error.code


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """The outcomes of acts that start together."""
    barrier = threading.Barrier(len(acts))

    def start(act: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return outcome(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(start, acts))


@contextmanager
def nothing_changes(home: OwnHouse) -> Iterator[None]:
    """Not one row of one table differs afterwards."""
    before = home.store.everything()
    yield
    assert home.store.everything() == before


@contextmanager
def refused(home: OwnHouse, code: str) -> Iterator[pytest.ExceptionInfo[ElicenceError]]:
    """The block raises this code and changes nothing."""
    with nothing_changes(home), pytest.raises(ElicenceError) as raised:
        yield raised
    assert raised.value.code == code, raised.value


def published(home: OwnHouse, place: str) -> bytes:
    return (home.settings.published_dir / place).read_bytes()


def check(home: OwnHouse, credential: str, *, after: timedelta = timedelta(0)) -> Report:
    """As a stranger who has nothing but the published folder."""
    return check_in(home.settings.published_dir, credential, now=home.clock() + after)


def check_in(folder: Path, credential: str, *, now: Any) -> Report:
    roots = parse_roots((folder / "roots.json").read_bytes())
    trust = open_trusted_list((folder / "trusted-list.json").read_bytes(), roots, now=now)
    return verify(credential, trust=trust, sources=PublishedDirectory(folder), now=now)


def verdict(home: OwnHouse, licence: LicenceView, **more: Any) -> str:
    return str(check(home, licence.credential, **more).verdict)


def problems(error: ElicenceError) -> set[tuple[str, str]]:
    return {(problem.pointer, problem.code) for problem in getattr(error, "problems", ())}


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def meant_bytes(home: OwnHouse, licence_id: str) -> bytes:
    """The signing input an open intent of this licence holds."""

    def read(reader: Any) -> bytes:
        (intent,) = intents_of(reader, home.agencies["housing"].id, licence_id)
        return open_intent(reader, home.desk, intent).signing_input

    return home.desk.registry.read(read)
