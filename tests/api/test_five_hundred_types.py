"""With 500 licence types nobody waits longer than with the seven that are shipped: API, pages and publisher.

Nothing is timed against a clock on the wall. Registries with few and with many types are asked the same in turn; what
is compared is how many functions each call runs, which is the same whenever it is run, and processor time.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.calls import Calls, calls_of, code
from tests.assembly import House, example, house
from tests.many_types import MODEL, slug_of, standards_with

from elicence.formats.trusted_list import MAX_DOCUMENT
from elicence.issuer.published_folder import PublishedFolder
from elicence.web.pages import pages

FEW, MANY = 7, 500
ROUNDS = 9
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Counted:
    """How many functions were run, in every thread that began after this was made, while `on`."""

    def __init__(self) -> None:
        self.on, self.calls = False, 0
        threading.setprofile(self._see)

    def _see(self, _frame: Any, event: str, _what: Any) -> None:
        if self.on and event in ("call", "c_call"):
            self.calls += 1

    def of(self, act: Callable[[], object]) -> int:
        self.calls, self.on = 0, True
        before = sys.getprofile()
        sys.setprofile(self._see)
        try:
            act()
        finally:
            sys.setprofile(before)
            self.on = False
        return self.calls

    def close(self) -> None:
        threading.setprofile(None)


@dataclass
class Office:
    """A registry with so many types, and the last of them, of which licences are issued."""

    calls: Calls
    slug: str
    cost_of_start: float
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    licence: dict[str, Any] = field(default_factory=dict)

    @property
    def house(self) -> House:
        return self.calls.house

    def issue(self) -> None:
        number = next(self.numbers)
        body = example(MODEL) | {"type": self.slug, "number": f"JY1{number:013d}"}
        answer = self.calls.post("/v1/licences", body, headers={"Idempotency-Key": f"key-{number}"})
        assert answer.status_code == 201, answer.text
        self.licence = answer.json()

    def get(self, url: str) -> bytes:
        answer = self.calls.get(url)
        assert answer.status_code == 200, answer.text
        return answer.content

    def verify(self) -> None:
        asked = {"content": self.licence["qr"]["content"], "expect": {"type": self.slug}}
        assert self.calls.post("/v1/verifications", asked).json()["verdict"] == "valid"

    def verify_on_the_page(self) -> None:
        form = urlencode({"content": self.licence["qr"]["content"], "type": self.slug})
        assert self.licence["number"] in self.calls("POST", "/verify", content=form, headers=FORM).text

    def acts(self) -> dict[str, Callable[[], object]]:
        return {
            "issue": self.issue,
            "read": lambda: self.get(f"/v1/licences/{self.licence['id']}"),
            "list": lambda: self.get("/v1/licences?limit=1"),
            "verify": self.verify,
            "verify on the page": self.verify_on_the_page,
            "home": lambda: self.get("/"),
            "types": lambda: self.get("/v1/types"),
            "type": lambda: self.get(f"/v1/types/{self.slug}"),
            "schema": lambda: self.get(f"/v1/types/{self.slug}/schema"),
            "trusted list": lambda: self.get("/trusted-list.json"),
            "type file": lambda: self.get(f"/types/{self.slug}/v1.json"),
        }


@contextmanager
def office(folder: Path, types: int) -> Iterator[Office]:
    standards = standards_with(folder / "standards", types)
    with house(folder / "home", None, standards=standards) as built:
        begun = time.process_time()
        with built.open_again() as assembly:
            again = House(assembly, built.clock, built.settings, built.agencies)
            assembly.publish()
            calls = calls_of(again, pages=partial(pages, assembly))
            cost = time.process_time() - begun
            slug = MODEL if types == FEW else slug_of(types - FEW - 1)
            opened = Office(calls.sign_in(), slug, cost)
            opened.issue()
            assembly.publish()
            yield opened
            calls.close()


@pytest.fixture(scope="module")
def counted() -> Iterator[Counted]:
    made = Counted()
    yield made
    made.close()


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory, counted: Counted) -> Iterator[tuple[Office, Office]]:
    """One with few types and one with many."""
    with ExitStack() as stack:
        few, many = (stack.enter_context(office(tmp_path_factory.mktemp(f"{n}"), n)) for n in (FEW, MANY))
        yield few, many


def test_there_are_five_hundred(offices: tuple[Office, Office]) -> None:
    few, many = offices
    for each, total in ((few, FEW), (many, MANY)):
        assert len(each.calls.get("/v1/types").json()["data"]) == total
        assert each.calls.get("/verify").text.count("<option") == total + 1
    assert code(few.calls.get(f"/v1/types/{many.slug}")) == (404, "type_not_found")


def test_no_call_does_more_work_where_there_are_more_types(offices: tuple[Office, Office], counted: Counted) -> None:
    few, many = offices
    for name, act in few.acts().items():
        other = many.acts()[name]
        act(), other()
        base = median(counted.of(act) for _ in range(ROUNDS))
        work = median(counted.of(other) for _ in range(ROUNDS))
        assert base > 200, "nothing was counted"
        assert work < 1.15 * base + 20, name


def test_and_takes_no_longer(offices: tuple[Office, Office]) -> None:
    few_acts, many_acts = (each.acts() | {"form": partial(each.get, "/verify")} for each in offices)
    for name, act in few_acts.items():
        other = many_acts[name]
        spent = [(processor_time(act), processor_time(other)) for _ in range(3 * ROUNDS)]
        base, cost = (median(column) for column in zip(*spent, strict=True))
        assert cost < 5 * base + 0.002, name


def processor_time(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


def test_the_form_grows_by_no_more_than_its_list_of_types(offices: tuple[Office, Office], counted: Counted) -> None:
    base, work = (counted.of(lambda each=each: each.get("/verify")) for each in offices)
    assert (work - base) / (MANY - FEW) < 60


def test_starting_costs_no_more_for_each_type(offices: tuple[Office, Office]) -> None:
    few, many = offices
    assert many.cost_of_start / MANY < 2 * few.cost_of_start / FEW


def test_the_publisher_at_rest_reads_no_file_of_a_type(
    offices: tuple[Office, Office], counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = []
    read, places = PublishedFolder.read, []
    monkeypatch.setattr(PublishedFolder, "read", lambda folder, place: places.append(place) or read(folder, place))
    for each in offices:
        publish = each.house.assembly.publish
        publish(), publish()
        places.clear()
        work.append(counted.of(publish))
        assert "trusted-list.json" in places
        assert [place for place in places if place.startswith(("types/", "ns/"))] == []
    assert (work[1] - work[0]) / (MANY - FEW) < 200


def test_the_trusted_list_grows_with_the_types_and_stays_far_from_its_bound(offices: tuple[Office, Office]) -> None:
    few, many = (len(each.get("/trusted-list.json")) for each in offices)
    assert many < MAX_DOCUMENT / 10
    assert many / MANY < 2 * few / FEW
