"""Calls for another agency's licences leave a record with that agency, no trace in an answer, and few rows."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.api.calls import Calls, code, proposal_of
from tests.assembly import NOON

from elicence.api.denials import EVERY, LOOK_EVERY, Denials
from elicence.issuer.denied import MOST_NAMED
from elicence.issuer.desk import Caller

MISSING = "lic_01m838z2g0e009c4awq0vrpza7"


def events(calls: Calls) -> list[tuple[Any, ...]]:
    return calls.house.store.rows(
        "SELECT agency_id, client_id, licence_id, facts FROM audit_event WHERE verb = 'tenant_denied' ORDER BY id"
    )


def facts(calls: Calls) -> list[dict[str, Any]]:
    return [json.loads(bytes(each[3])) for each in events(calls)]


def let_it_look(calls: Calls) -> None:
    calls.loop.run_until_complete(asyncio.sleep(LOOK_EVERY + 0.3))


def test_what_is_not_there_leaves_no_record(calls: Calls) -> None:
    own = calls.issue()["id"]
    for path in (MISSING, "lic_0", "..%2f", "%00", f"{own}?version=9"):
        assert calls.get(f"/v1/licences/{path}").status_code == 404
    assert code(calls.post(f"/v1/licences/{MISSING}/revoke", {"reason": "penalty"})) == (404, "licence_not_found")
    let_it_look(calls)
    calls.app.reception.denials.close()
    assert events(calls) == []


def test_asking_for_another_agencys_licence_is_recorded_with_that_agency(both: Calls) -> None:
    licence, proposal = both.issue()["id"], proposal_of(both)["id"]
    market = both.sign_in("market")
    before = both.house.store.counts()["audit_event"]
    for path in (licence, f"{licence}/qr.png", MISSING):
        assert code(market.get(f"/v1/licences/{path}")) == (404, "licence_not_found")
    assert code(market.get(f"/v1/proposals/{proposal}")) == (404, "proposal_not_found")
    for _ in range(3):
        assert code(market.post(f"/v1/licences/{licence}/revoke", {"reason": "penalty"}))[0] == 404
    assert events(both) == []
    let_it_look(both)
    ((agency_id, client_id, licence_id, _),) = events(both)
    assert agency_id == both.house.agencies["housing"].id
    assert client_id.startswith("cli_")
    assert licence_id is None
    assert facts(both) == [
        {
            "by_agency": both.house.agencies["market"].id, "reads": 3, "changes": 3, "different": 2,
            "things": sorted((licence, proposal)),
        }
    ]  # fmt: skip
    assert both.house.store.counts()["audit_event"] == before + 1
    history = both.get(f"/v1/licences/{licence}/history").json()["data"]
    assert [each["verb"] for each in history] == ["issue"]


def test_ten_thousand_calls_are_one_row_at_once_and_one_every_ten_minutes(calls: Calls) -> None:
    licence = calls.issue()["id"]
    caller = Caller(calls.house.agencies["market"], client_id="cli_hostile")
    threads = ThreadPoolExecutor(1)
    denials = Denials(calls.house.desk, calls.house.clock, threads)

    async def ask(times: int, change: bool) -> None:
        for n in range(times):
            denials.note(caller, licence, change=change)
            denials.note(caller, MISSING[:-4] + f"{n % 2000:04d}", change=change)
        await asyncio.sleep(LOOK_EVERY + 0.3)

    calls.loop.run_until_complete(ask(10_000, True))
    assert [each["changes"] for each in facts(calls)] == [10_000]
    calls.loop.run_until_complete(ask(500, False))
    assert len(events(calls)) == 1
    calls.house.clock.now = NOON + EVERY
    calls.loop.run_until_complete(asyncio.sleep(LOOK_EVERY + 0.3))
    assert [(each["reads"], each["changes"]) for each in facts(calls)] == [(0, 10_000), (500, 0)]
    calls.loop.run_until_complete(ask(1, False))
    assert len(events(calls)) == 2
    denials.close()
    assert len(events(calls)) == 3
    threads.shutdown()


def test_an_event_names_some_of_many_and_memory_is_bounded(calls: Calls) -> None:
    made = [calls.issue(n)["id"] for n in range(1, MOST_NAMED + 6)]
    denials, house = calls.app.reception.denials, calls.house

    async def ask() -> None:
        for each in made:
            denials.note(Caller(house.agencies["market"], client_id="cli_one"), each, change=False)
        for n in range(5_000):
            for thing in range(2):
                denials.note(Caller(house.agencies["market"], client_id=f"cli_{n}"), f"lic_{thing}", change=False)

    calls.loop.run_until_complete(ask())
    assert len(denials._clients) <= 1024
    denials.close()
    (told,) = facts(calls)
    assert (told["different"], told["reads"], len(told["things"])) == (len(made), len(made), MOST_NAMED)


def test_what_is_being_looked_up_at_the_end_is_written_too(calls: Calls) -> None:
    licence, house = calls.issue()["id"], calls.house
    free = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(free.wait, 30)
        denials = Denials(house.desk, house.clock, threads)

        async def ask() -> None:
            denials.note(Caller(house.agencies["market"], client_id="cli_one"), licence, change=False)
            await asyncio.sleep(LOOK_EVERY + 0.3)  # the look has taken the note and waits for its thread

        calls.loop.run_until_complete(ask())
        threading.Timer(0.3, free.set).start()
        denials.close()
        assert [each["reads"] for each in facts(calls)] == [1]


def test_a_store_that_fails_costs_the_record_and_no_answer(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    licence = calls.issue()["id"]
    market = calls.sign_in("market")
    calls.house.store.tamper("ALTER TABLE proposal RENAME TO gone")
    assert code(market.get(f"/v1/licences/{licence}")) == (404, "licence_not_found")
    let_it_look(calls)
    assert "store_" in caplog.text
    assert code(market.get(f"/v1/licences/{licence}")) == (404, "licence_not_found")
