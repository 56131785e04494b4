"""Four eyes over the API: what waits is seen by its agency only, decided by another operator, carried out once."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.calls import Calls, code, food, operator_of, places, unchanged
from tests.assembly import NOON, example, grant

from elicence.keys.keyring import Purpose

KEY = {"Idempotency-Key": "key"}
MISSING = "prp_01m838z2g0e009c4awq0vrpza7"


class Office:
    """A client of the agency market, whose grant for degrees asks for four eyes, and two of its operators."""

    def __init__(self, calls: Calls) -> None:
        house = calls.house
        grant(house.assembly, house.agencies["market"], "degree", four_eyes=True)
        self.maker, self.checker = operator_of(calls, "market", "Maker"), operator_of(calls, "market", "Checker")
        self.calls = calls.sign_in("market")

    def ask(self, key: str = "key", **changes: Any) -> Any:
        headers = {"Idempotency-Key": key, "X-Operator-Id": self.maker}
        return self.calls.post("/v1/licences", example("degree") | changes, headers=headers)

    def propose(self, key: str = "key", **changes: Any) -> dict[str, Any]:
        answer = self.ask(key, **changes)
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def decide(self, proposal: dict[str, Any], verb: str = "approve", **changes: Any) -> Any:
        asked = {"operator": self.checker, "digest": proposal["digest"], "calls": self.calls} | changes
        headers = {} if asked["operator"] is None else {"X-Operator-Id": asked["operator"]}
        body = asked.get("body", {"digest": asked["digest"]})
        return asked["calls"].post(f"/v1/proposals/{proposal['id']}/{verb}", body, headers=headers)

    def licences(self) -> int:
        found: int = self.calls.house.store.value("SELECT count(*) FROM licence")
        return found


@pytest.fixture
def office(calls: Calls) -> Office:
    return Office(calls)


@pytest.mark.parametrize("verb", ["approve", "decline"])
@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (lambda office: office.maker, (403, "four_eyes_required")),
        (lambda _: None, (403, "four_eyes_required")),
        (lambda _: "opr_01m838z2g0e009c4awq0vrpza7", (403, "four_eyes_required")),
        (lambda _: "nobody", (403, "four_eyes_required")),
        (lambda _: "", (403, "four_eyes_required")),
    ],
)
def test_who_proposed_and_who_is_no_operator_decides_nothing(
    office: Office, verb: str, who: Callable[[Office], str | None], expected: tuple[int, str]
) -> None:
    proposal = office.propose()
    before = office.calls.house.store.everything()
    assert code(office.decide(proposal, verb, operator=who(office))) == expected
    assert office.calls.house.store.everything() == before


def test_an_operator_who_was_disabled_or_is_of_another_agency_decides_nothing(office: Office) -> None:
    house, proposal = office.calls.house, office.propose()
    assert code(office.decide(proposal, operator=operator_of(office.calls, "housing"))) == (403, "four_eyes_required")
    house.store.tamper(f"UPDATE operator SET disabled_at = 1 WHERE id = '{office.checker}'")
    assert code(office.decide(proposal)) == (403, "four_eyes_required")
    assert office.licences() == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"digest": "0" * 64}, (409, "approval_stale")),
        ({"digest": ""}, (409, "approval_stale")),
        ({}, (422, "validation_failed")),
        ({"digest": None}, (422, "validation_failed")),
        ({"digest": 5}, (422, "validation_failed")),
        ({"digest": "0" * 64, "licence_id": "lic_x"}, (422, "validation_failed")),
        ([], (422, "validation_failed")),
    ],
)
def test_a_decision_names_exactly_the_request_that_was_looked_at(
    office: Office, body: Any, expected: tuple[int, str]
) -> None:
    proposal = office.propose()
    for verb in ("approve", "decline"):
        assert code(office.decide(proposal, verb, body=body)) == expected
    assert office.calls.get(f"/v1/proposals/{proposal['id']}").json()["state"] == "proposed"
    assert office.licences() == 0


def test_what_is_wrong_with_a_decision_is_told_at_its_place(office: Office) -> None:
    proposal = office.propose()
    assert places(office.decide(proposal, body={"x": 1})) == [("/x", "field_unknown"), ("/digest", "field_missing")]


def test_a_client_without_the_scope_reads_but_decides_nothing(office: Office) -> None:
    proposal = office.propose()
    reader = office.calls.sign_in("market", scopes=("licences:read", "licences:issue", "licences:change"))
    assert code(office.decide(proposal, calls=reader)) == (403, "scope_missing")
    assert code(office.decide(proposal, "decline", calls=reader)) == (403, "scope_missing")
    assert reader.get(f"/v1/proposals/{proposal['id']}").status_code == 200
    decider = office.calls.sign_in("market", scopes=("licences:approve",))
    assert code(decider.get("/v1/proposals")) == (403, "scope_missing")
    assert code(decider.get(f"/v1/proposals/{proposal['id']}")) == (403, "scope_missing")
    assert office.decide(proposal, calls=decider).status_code == 201


def test_another_agencys_proposal_is_one_that_does_not_exist(office: Office) -> None:
    proposal = office.propose()
    housing = office.calls.sign_in("housing")
    person = operator_of(office.calls, "housing")
    before = unchanged(office.calls)
    for proposal_id in (proposal["id"], MISSING, "prp_0", "lic_01m838z2g0e009c4awq0vrpza7", "%00"):
        other = proposal | {"id": proposal_id}
        assert code(housing.get(f"/v1/proposals/{proposal_id}")) == (404, "proposal_not_found")
        for verb in ("approve", "decline"):
            assert code(office.decide(other, verb, calls=housing, operator=person)) == (404, "proposal_not_found")
    assert housing.get("/v1/proposals").json()["data"] == []
    assert unchanged(office.calls) == before


def test_a_test_client_decides_what_test_clients_proposed_and_nothing_else(office: Office) -> None:
    assembly = office.calls.house.assembly
    assembly.save_keyring(
        assembly.maker.make_active(
            assembly.desk.chest.keyring, agency="market", purpose=Purpose.CREDENTIAL, now=NOON, use="test"
        )
    )
    live, testing = office.calls, office.calls.sign_in("market", use="test")
    proposal = office.propose("live")
    assert code(office.decide(proposal, calls=testing)) == (403, "four_eyes_required")
    office.calls = testing
    trial = office.propose("test", number="9999922026000099")
    assert code(office.decide(trial, calls=live)) == (403, "four_eyes_required")
    assert office.licences() == 0
    assert office.decide(trial).json()["use"] == "test"
    assert office.decide(proposal, calls=live).json()["use"] == "live"


def test_approved_it_is_issued_and_approving_again_answers_the_same(both: Calls) -> None:
    office = Office(both)
    proposal = office.propose()
    waiting = office.calls.get("/v1/proposals").json()
    assert (waiting["data"], waiting["has_more"]) == ([proposal], False)
    seen = office.calls.get(f"/v1/proposals/{proposal['id']}").json()
    assert seen == proposal | {"request": example("degree")}
    answer = office.decide(seen)
    licence = answer.json()
    assert (answer.status_code, licence["state"], licence["claims"]) == (201, "active", example("degree")["claims"])
    assert answer.headers["location"] == f"/v1/licences/{licence['id']}"
    assert office.calls.get(answer.headers["location"]).json() == licence
    again = office.decide(seen)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, licence, "true")
    assert "idempotent-replayed" not in answer.headers
    # Whoever asked under the first key gets the licence by now.
    assert (office.ask().status_code, office.ask().json()) == (201, licence)
    decided = office.calls.get(f"/v1/proposals/{proposal['id']}").json()
    assert (decided["state"], decided["decided_by"]) == ("approved", office.checker)
    assert office.calls.get("/v1/proposals").json()["data"] == []
    assert code(office.decide(seen, "decline")) == (409, "approval_stale")
    assert office.licences() == 1
    events = office.calls.get(f"/v1/licences/{licence['id']}/history").json()["data"]
    assert [(each["verb"], each["operator_id"]) for each in events] == [("issue", office.checker)]


def test_fifty_approvals_at_once_sign_once(both: Calls) -> None:
    office = Office(both)
    proposal = office.propose()
    headers = {"X-Operator-Id": office.checker}
    path, body = f"/v1/proposals/{proposal['id']}/approve", {"digest": proposal["digest"]}
    answers = office.calls.at_once([("POST", path, {"json": body, "headers": headers})] * 50)
    good = [each for each in answers if each.status_code == 201]
    assert good
    assert len({each.content for each in good}) == 1
    assert {code(each) for each in answers if each.status_code != 201} <= {(409, "idempotency_in_flight")}
    assert both.house.store.value("SELECT count(*) FROM credential") == 1
    assert office.decide(proposal).content == good[0].content


def test_declined_it_is_never_carried_out(office: Office) -> None:
    proposal = office.propose()
    declined = office.decide(proposal, "decline")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    assert office.decide(proposal, "decline").json() == declined.json()
    assert code(office.decide(proposal)) == (409, "approval_stale")
    assert office.licences() == 0
    assert office.ask().json() == declined.json()


def test_what_stands_in_the_way_by_now_is_told_and_approving_again_may_do_better(office: Office) -> None:
    first, second = office.propose("a"), office.propose("b")
    assert office.decide(first).status_code == 201
    assert code(office.decide(second)) == (409, "number_taken")
    assert code(office.decide(second)) == (409, "number_taken")
    assert office.licences() == 1


def test_a_correction_waits_too_and_is_refused_where_the_licence_has_changed_since(office: Office) -> None:
    licence = office.decide(office.propose()).json()

    def correct(seen: dict[str, Any], key: str) -> Any:
        return office.calls.post(
            f"/v1/licences/{seen['id']}/correct", {"reason": "issued_in_error", "region": "440305"},
            headers={"Idempotency-Key": key, "If-Match": f'"{seen["row_version"]}"', "X-Operator-Id": office.maker},
        )  # fmt: skip

    one, two = correct(licence, "c1"), correct(licence, "c2")
    assert (one.status_code, one.json()["verb"], one.json()["licence_id"]) == (202, "correct", licence["id"])
    seen = office.calls.get(f"/v1/proposals/{one.json()['id']}").json()
    assert seen["request"] == {"body": {"region": "440305"}, "reason": "issued_in_error", "if_version": 1}
    corrected = office.decide(seen)
    assert (corrected.status_code, corrected.json()["version"], corrected.json()["supersedes"]) == (200, 2, 1)
    assert code(office.decide(two.json())) == (412, "version_mismatch")


def test_pages_of_proposals_hold_each_once_and_their_cursors_are_for_nothing_else(office: Office) -> None:
    made = [office.propose(f"k{n}", number=f"999992202600010{n}") for n in range(5)]
    first = office.calls.get("/v1/proposals?limit=2").json()
    cursor = first["next_cursor"]
    second = office.calls.get("/v1/proposals", params={"limit": "3", "cursor": cursor}).json()
    assert [*first["data"], *second["data"]] == sorted(made, key=lambda each: str(each["id"]))
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    for path, caller in (("/v1/licences", office.calls), ("/v1/proposals", office.calls.sign_in("housing"))):
        assert code(caller.get(path, params={"cursor": cursor})) == (400, "cursor_invalid")
    for query in ("limit=0", "limit=201", "state=proposed", "cursor="):
        assert code(office.calls.get(f"/v1/proposals?{query}")) == (422, "validation_failed")
    assert code(office.calls.get("/v1/proposals?cursor=x")) == (400, "cursor_invalid")


def test_a_grant_without_four_eyes_asks_for_nobody(calls: Calls) -> None:
    assert calls.post("/v1/licences", food(), headers=KEY).status_code == 201
