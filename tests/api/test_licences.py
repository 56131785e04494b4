"""Licences over the API: issue, retry, read, list, change, on both stores where the store has a say."""

import json
from typing import Any

import pytest
from tests.api.calls import Calls, calls_of, code, food, operator_of, places
from tests.assembly import NOON, example, grant
from tests.pictures import text_in

from elicence.licences.lifecycle import Action, LicenceState, allowed_actions

KEY = {"Idempotency-Key": "key"}


def change(calls: Calls, licence: dict[str, Any], verb: str, body: Any = None, **headers: str) -> Any:
    sent = {} if body is None else {"json": body}
    return calls("POST", f"/v1/licences/{licence['id']}/{verb}", headers=headers, **sent)


def etag(licence: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{licence["row_version"]}"'}


def test_a_licence_is_issued_read_and_found(both: Calls) -> None:
    answer = both.post("/v1/licences", food(external_ref="CASE-1"), headers=KEY)
    licence = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"] == f"/v1/licences/{licence['id']}"
    assert answer.headers["cache-control"] == "no-store"
    read = both.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (licence, '"1"')
    assert licence["claims"] == food()["claims"]
    assert both.get("/v1/licences", params={"external_ref": "CASE-1"}).json()["data"] == [licence]
    assert both.get("/v1/licences", params={"state": "revoked"}).json()["data"] == []
    events = both.get(f"/v1/licences/{licence['id']}/history").json()["data"]
    assert [(each["verb"], each["to_state"]) for each in events] == [("issue", "active")]
    assert events[0]["client_id"].startswith("cli_")


def test_a_retry_gets_the_same_answer_and_says_that_it_is_one(both: Calls) -> None:
    first = both.post("/v1/licences", food(), headers=KEY)
    again = both.post("/v1/licences", food(), headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert code(both.post("/v1/licences", food(2), headers=KEY)) == (422, "idempotency_key_reused")
    assert code(both.post("/v1/licences", food(), headers={"Idempotency-Key": "b"})) == (409, "number_taken")
    market = both.sign_in("market")
    assert market.post("/v1/licences", food(region="440305"), headers=KEY).status_code == 201


def test_a_hundred_at_once_with_one_key_make_one_licence(both: Calls) -> None:
    asked = [("POST", "/v1/licences", {"json": food(), "headers": KEY})] * 100
    answers = both.at_once(asked)
    good = [each for each in answers if each.status_code == 201]
    assert good
    assert len({each.content for each in good}) == 1
    assert {code(each) for each in answers if each.status_code != 201} <= {(409, "idempotency_in_flight")}
    assert both.house.store.value("SELECT count(*) FROM licence") == 1


@pytest.mark.parametrize("key", [None, "", "x" * 256, "x" * 10_000, "a\tb"])
def test_a_key_that_is_none_is_refused(steady: Calls, key: str | None) -> None:
    answer = steady.post("/v1/licences", food(9), headers={"Idempotency-Key": key})
    expected = "idempotency_key_missing" if key is None else "idempotency_key_bad"
    assert code(answer) == (400, expected)


def test_classic_injections_are_kept_and_given_back_as_they_are(both: Calls) -> None:
    texts = ["'; DROP TABLE licence; --", "%s%n{0.__class__}", "<script>alert(1)</script>", "${7*7}{{7*7}}", "\\'\"%_"]
    for n, text in enumerate(texts):
        claims = food()["claims"] | {"legal_representative": text}
        made = both.issue(n + 1, claims=claims, external_ref=text)
        assert made["claims"]["legal_representative"] == text
        found = both.get("/v1/licences", params={"external_ref": text}).json()["data"]
        assert [each["id"] for each in found] == [made["id"]]


def test_pages_hold_every_licence_once_in_order(both: Calls) -> None:
    made = [both.issue(n)["id"] for n in range(1, 8)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = both.get("/v1/licences", params={"limit": "3"} | cursor).json()
        seen += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert page["next_cursor"] is None
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7
    market = both.sign_in("market")
    assert market.get("/v1/licences").json()["data"] == []


def test_a_licence_is_found_by_its_number_among_those_of_its_type(both: Calls) -> None:
    made = [both.issue(n) for n in (811, 812)]
    wanted = {"type": "food-business-licence", "number": made[1]["number"]}
    assert [each["id"] for each in both.get("/v1/licences", params=wanted).json()["data"]] == [made[1]["id"]]
    for nobody in (wanted | {"number": "JY00000000000000"}, wanted | {"type": "degree"}, wanted | {"state": "revoked"}):
        assert both.get("/v1/licences", params=nobody).json()["data"] == []
    assert both.sign_in("market").get("/v1/licences", params=wanted).json()["data"] == []
    answer = both.get("/v1/licences", params={"number": made[1]["number"]})
    assert code(answer) == (422, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/query/type"]


def test_a_cursor_is_good_only_for_the_list_and_the_filters_it_was_given_for(steady: Calls) -> None:
    for n in (801, 802, 803):
        steady.issue(n)
    wanted = {"limit": "1", "state": "active", "type": "food-business-licence"}
    page = steady.get("/v1/licences", params=wanted).json()
    cursor, last_id = page["next_cursor"], page["data"][0]["id"]
    assert len(cursor) <= 64
    for other in ({"state": "revoked"}, {"type": "degree"}, {"number": "x"}, {"external_ref": "x"}):
        answer = steady.get("/v1/licences", params=wanted | {"cursor": cursor} | other)
        assert code(answer) == (400, "cursor_invalid"), other
    for filters in ({}, {"state": "active"}, {"type": "active", "state": "active"}):
        assert code(steady.get("/v1/licences", params={"cursor": cursor} | filters)) == (400, "cursor_invalid")
    market = steady.sign_in("market")
    assert code(market.get("/v1/licences", params=wanted | {"cursor": cursor})) == (400, "cursor_invalid")
    assert code(steady.get("/v1/licences", params=wanted | {"cursor": last_id})) == (400, "cursor_invalid")
    # The page may have another length, and another client of the agency may go on with it.
    colleague = steady.sign_in()
    following = colleague.get("/v1/licences", params=wanted | {"cursor": cursor, "limit": "2"})
    assert following.status_code == 200
    assert last_id < following.json()["data"][0]["id"]


def test_no_changed_cursor_is_taken(steady: Calls) -> None:
    for n in (811, 812):
        steady.issue(n)
    cursor = steady.get("/v1/licences", params={"limit": "1"}).json()["next_cursor"]
    changed = [cursor[:n] + ("B" if cursor[n] == "A" else "A") + cursor[n + 1 :] for n in range(len(cursor))]
    for other in (*changed, *(cursor[:n] for n in range(1, len(cursor))), cursor + "A", cursor + "="):
        assert code(steady.get("/v1/licences", params={"cursor": other}))[1] == "cursor_invalid", other
    assert steady.get("/v1/licences", params={"cursor": cursor}).status_code == 200


def test_the_qr_code_is_drawn_and_says_what_the_answer_says(calls: Calls) -> None:
    licence = calls.issue()
    png = calls.get(f"/v1/licences/{licence['id']}/qr.png?scale=4")
    assert png.headers["content-type"] == "image/png"
    assert text_in(png.content) == licence["qr"]["content"]
    svg = calls.get(f"/v1/licences/{licence['id']}/qr.svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.content.startswith(b"<svg")
    credential = calls.get(f"/v1/licences/{licence['id']}/credential")
    assert credential.headers["content-type"] == "application/vc+jwt"
    assert credential.text == licence["credential"]["jwt"]
    for query in ("scale=0", "scale=33", "version=0", "version=x", "x=1"):
        assert code(calls.get(f"/v1/licences/{licence['id']}/qr.png?{query}"))[0] == 422
    assert code(calls.get(f"/v1/licences/{licence['id']}?version=2")) == (404, "licence_not_found")


def test_a_licence_goes_through_its_life(both: Calls) -> None:
    licence = both.issue()
    suspended = change(both, licence, "suspend", {"reason": "penalty"}).json()
    assert (suspended["state"], suspended["row_version"]) == ("suspended", 2)
    assert code(change(both, licence, "reinstate", None)) == (428, "if_match_required")
    assert code(change(both, licence, "reinstate", None, **etag(licence))) == (412, "version_mismatch")
    active = change(both, licence, "reinstate", None, **etag(suspended)).json()
    assert active["state"] == "active"
    fixed = {"reason": "issued_in_error", "claims": {"legal_representative": "王五"}}
    answer = change(both, licence, "correct", fixed, **etag(active), **KEY)
    corrected = answer.json()
    assert (answer.status_code, corrected["version"], corrected["supersedes"]) == (200, 2, 1)
    assert corrected["claims"]["legal_representative"] == "王五"
    assert both.get(f"/v1/licences/{licence['id']}?version=1").json()["state"] == "superseded"
    again = change(both, licence, "correct", fixed, **etag(active), **KEY)
    assert (again.json()["credential"], again.headers["idempotent-replayed"]) == (corrected["credential"], "true")
    renewed = change(both, licence, "renew", {}, **etag(corrected), **{"Idempotency-Key": "renew"})
    assert renewed.json()["version"] == 3
    assert renewed.json()["valid_until"] > corrected["valid_until"]
    revoked = change(both, licence, "revoke", {"reason": "penalty"}).json()
    assert revoked["state"] == "revoked"
    repeated = change(both, licence, "revoke", {"reason": "cancelled"})
    assert (repeated.status_code, repeated.json()["reason"]) == (200, "penalty")
    late = change(both, licence, "correct", fixed, **etag(revoked), **{"Idempotency-Key": "late"})
    assert code(late) == (409, "transition_not_allowed")
    assert late.json()["allowed"] == ["revoke"]
    assert code(both.post("/v1/licences", food(), headers={"Idempotency-Key": "x"})) == (409, "number_taken")


def test_every_action_in_every_state_does_what_the_table_says(calls: Calls) -> None:
    for n, state in enumerate((LicenceState.ACTIVE, LicenceState.SUSPENDED, LicenceState.REVOKED)):
        for m, action in enumerate(Action):
            licence = calls.issue(10 * n + m + 1)
            if state is not LicenceState.ACTIVE:
                verb = "suspend" if state is LicenceState.SUSPENDED else "revoke"
                licence = change(calls, licence, verb, {"reason": "penalty"}).json()
            body = {} if action in (Action.RENEW, Action.REINSTATE) else {"reason": "penalty"}
            headers = etag(licence) | {"Idempotency-Key": f"{n}-{m}"}
            answer = change(calls, licence, str(action), body, **headers)
            if action in allowed_actions(state):
                assert answer.status_code == 200, (state, action, answer.text)
            else:
                assert code(answer) == (409, "transition_not_allowed")


@pytest.mark.parametrize("tag", ['"9"', "1", 'W/"1"', '"x"', '"1", "2"', '"' + "9" * 16 + '"', ""])
def test_an_etag_that_is_not_the_licences_matches_nothing(calls: Calls, tag: str) -> None:
    licence = calls.issue()
    answer = change(calls, licence, "revoke", {"reason": "penalty"}, **{"If-Match": tag})
    assert code(answer) == (412, "version_mismatch")
    assert calls.get(f"/v1/licences/{licence['id']}").json() == licence


@pytest.mark.parametrize(
    ("verb", "body", "place"),
    [
        ("revoke", {}, ("/reason", "reason_unknown")),
        ("revoke", {"reason": "because"}, ("/reason", "reason_unknown")),
        ("revoke", {"reason": "x" * 10_000}, ("/reason", "reason_unknown")),
        ("revoke", {"reason": 7}, ("/reason", "wrong_kind")),
        ("revoke", {"reason": "penalty", "state": "active"}, ("/state", "field_unknown")),
        ("correct", {"claims": {}}, ("/reason", "field_missing")),
        ("correct", {"reason": "issued_in_error", "number": "x"}, ("/number", "field_unknown")),
        ("correct", {"reason": "issued_in_error", "claims": {"nix": 1}}, ("/claims/nix", "field_unknown")),
        ("renew", {"valid_until": "2027-02-30"}, ("/valid_until", "date")),
        ("renew", {"valid_until": "1999-01-01"}, ("/valid_until", "period")),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_at_its_place(
    calls: Calls, verb: str, body: dict[str, Any], place: tuple[str, str]
) -> None:
    licence = calls.issue()
    answer = change(calls, licence, verb, body, **etag(licence), **KEY)
    assert answer.status_code == 422
    assert place[0] in {pointer for pointer, _ in places(answer)}
    assert calls.get(f"/v1/licences/{licence['id']}").json() == licence


def test_a_change_repeats_no_name_that_no_field_could_have(steady: Calls) -> None:
    licence = steady.issue(88)
    strange = {"11010519491231002X 张三": 1, "x" * 200: 1}
    for verb, body in (("correct", {"reason": "issued_in_error"}), ("renew", {}), ("revoke", {"reason": "penalty"})):
        answer = change(steady, licence, verb, body | strange, **etag(licence), **KEY)
        assert code(answer) == (422, "validation_failed")
        assert {pointer for pointer, _ in places(answer)} == {""}
        assert "张三" not in answer.text


def test_validating_finds_what_issuing_would_and_writes_nothing(steady: Calls) -> None:
    before = steady.house.store.everything()
    found = steady.post("/v1/licences/validate", food(77))
    assert found.status_code == 200
    assert found.json()["qr"]["version"] <= found.json()["qr"]["max_version"]
    wrong = food(77, valid_from="2026-02-30", number="x")
    refused, issued = steady.post("/v1/licences/validate", wrong), steady.post("/v1/licences", wrong, headers=KEY)
    assert places(refused) == places(issued) == [("/number", "number_format"), ("/valid_from", "date")]
    assert code(steady.post("/v1/licences/validate", food(77, type="nix"))) == (404, "type_not_found")
    assert steady.house.store.everything() == before


def test_problems_are_told_in_the_language_that_was_asked_for(steady: Calls) -> None:
    wrong = food(1, valid_from="2026-02-30")
    chinese = steady.post("/v1/licences", wrong, headers=KEY | {"Accept-Language": "zh-CN,en;q=0.5"}).json()
    english = steady.post("/v1/licences", wrong, headers=KEY).json()
    assert chinese["errors"][0]["detail"] == "日期不存在或格式不是 YYYY-MM-DD。"
    assert english["errors"][0]["detail"].endswith("YYYY-MM-DD.")
    for body in (chinese, english):
        assert body["type"] == "https://e.example.gov/problems/validation_failed"
        assert body["instance"] == "/v1/licences"
        assert body["retryable"] is False


@pytest.mark.parametrize(
    "day",
    ["0000-00-00", "2025-02-30", "2026-1-1", "2026-01-01T00:00:00Z", "0000-01-01", "10000-01-01", "115-01-01",
     "２０２６-01-01", ""],
)  # fmt: skip
def test_a_day_that_is_none_is_refused(steady: Calls, day: str) -> None:
    answer = steady.post("/v1/licences", food(8, valid_from=day), headers=KEY)
    assert code(answer) == (422, "validation_failed")
    assert "/valid_from" in dict(places(answer))


def test_four_eyes_ask_for_a_person_and_answer_a_proposal(calls: Calls) -> None:
    house = calls.house
    agency = house.agencies["market"]
    grant(house.assembly, agency, "degree", four_eyes=True)
    person = operator_of(calls, "market")
    market = calls.sign_in("market")
    assert code(market.post("/v1/licences", example("degree"), headers=KEY)) == (403, "four_eyes_required")
    named = KEY | {"X-Operator-Id": person}
    proposed = market.post("/v1/licences", example("degree"), headers=named)
    assert (proposed.status_code, proposed.json()["state"]) == (202, "proposed")
    assert market.post("/v1/licences", example("degree"), headers=named).json() == proposed.json()
    assert "claims" not in json.dumps(proposed.json())
    assert market.get("/v1/licences").json()["data"] == []


@pytest.mark.parametrize(
    "name", ["", "opr_unknown", "<script>", "ü" * 300, "opr_01m82v7m00e008000000000000", "x" * 9000]
)
def test_history_names_no_operator_whom_the_agency_has_not_named(calls: Calls, name: str) -> None:
    before = calls.house.store.counts()
    answer = calls.post("/v1/licences", food(), headers=KEY | {"X-Operator-Id": name.encode("latin-1")})
    assert code(answer) == (422, "validation_failed")
    assert dict(places(answer)) == {"/header/X-Operator-Id": "operator_unknown"}
    assert "script" not in answer.text
    assert calls.house.store.counts() == before


def test_an_operator_named_a_moment_ago_acts_and_one_of_another_agency_does_not(calls: Calls) -> None:
    assert calls.get("/v1/licences").status_code == 200  # the caller is remembered from here on
    made = calls.post("/v1/licences", food(), headers=KEY | {"X-Operator-Id": operator_of(calls)})
    assert made.status_code == 201
    stranger = {"X-Operator-Id": operator_of(calls, "market")}
    path = f"/v1/licences/{made.json()['id']}/revoke"
    assert code(calls.post(path, {"reason": "cancelled"}, headers=stranger)) == (422, "validation_failed")


def test_what_an_agency_was_not_granted_it_does_not_issue(steady: Calls) -> None:
    market = steady.sign_in("market")
    assert code(market.post("/v1/licences", example("degree"), headers=KEY)) == (403, "agency_not_allowed_type")
    outside = food(5, region="110101")
    assert code(market.post("/v1/licences", outside, headers=KEY)) == (403, "region_outside")


@pytest.mark.parametrize("hot", [True, False])
def test_the_short_way_and_fastapis_answer_the_same(calls: Calls, hot: bool) -> None:
    other = calls_of(calls.house, hot=hot)
    other.headers = calls.headers
    good, bad = other.issue(5), other.post("/v1/licences", {"type": "nix"}, headers=KEY)
    stable = {k: v for k, v in good.items() if k in {"type", "number", "claims", "holders", "state"}}
    assert stable["number"] == food(5)["number"]
    assert code(bad) == (404, "type_not_found")
    report = other.post("/v1/verifications", {"content": good["qr"]["content"]}, headers={"Accept-Language": "zh"})
    assert report.json()["heading"] == "当前状态未核查" or report.json()["verdict"] in {"valid", "status_unknown"}
    names = {name for name in report.headers if name not in {"x-request-id", "content-length"}}
    assert names == {
        "content-language", "vary", "content-type", "x-content-type-options", "referrer-policy",
        "content-security-policy", "cache-control", "access-control-allow-origin", "access-control-expose-headers",
        "ratelimit-policy", "ratelimit",
    }  # fmt: skip
    assert code(other.post("/v1/verifications", {})) == (422, "validation_failed")
    other.close()


def test_of_an_erased_licence_what_remains_is_read_and_listed(both: Calls) -> None:
    kept, licence = both.issue(1), both.issue(2)
    both.house.store.tamper(f"DELETE FROM data_key WHERE licence_id = '{licence['id']}'")
    answer = both.get(f"/v1/licences/{licence['id']}")
    rest = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    gone = {"holders": [], "erased": True}
    assert rest == {k: v for k, v in licence.items() if k not in {"credential", "qr"}} | gone | {
        "claims": rest["claims"]
    }
    assert rest["claims"].items() <= licence["claims"].items()
    assert "legal_representative" not in rest["claims"] or rest["claims"] == licence["claims"]
    listed = both.get("/v1/licences").json()["data"]
    assert sorted(listed, key=lambda each: str(each["number"])) == [kept, rest]
    assert len(both.get(f"/v1/licences/{licence['id']}/history").json()["data"]) == 1
    for path in ("credential", "qr.svg", "qr.png"):
        assert code(both.get(f"/v1/licences/{licence['id']}/{path}")) == (410, "licence_erased")
    assert code(both.get(f"/v1/licences/{licence['id']}/credential?version=2")) == (404, "licence_not_found")
    for verb, body in (("renew", {}), ("correct", {"reason": "issued_in_error", "region": "440305"})):
        answer = change(both, licence, verb, body, **etag(licence), **{"Idempotency-Key": verb})
        assert code(answer) == (410, "licence_erased")
    assert code(both.post("/v1/licences", food(2), headers={"Idempotency-Key": "key-2"})) == (410, "licence_erased")
    assert code(both.sign_in("market").get(f"/v1/licences/{licence['id']}")) == (404, "licence_not_found")
    revoked = change(both, licence, "revoke", {"reason": "penalty"})
    assert (revoked.status_code, revoked.json()["state"], revoked.json()["erased"]) == (200, "revoked", True)
    assert both.get("/v1/licences", params={"state": "revoked"}).json()["data"] == [revoked.json()]


def test_a_licence_whose_seal_is_broken_is_our_trouble_and_can_still_be_revoked(calls: Calls) -> None:
    licence = calls.issue()
    calls.house.store.tamper("UPDATE data_key SET wrapped = x'00'")
    for path in (f"/v1/licences/{licence['id']}", "/v1/licences", f"/v1/licences/{licence['id']}/credential"):
        assert code(calls.get(path)) == (503, "signer_unavailable")
    revoked = change(calls, licence, "revoke", {"reason": "penalty"})
    assert (revoked.status_code, revoked.json()["state"], revoked.json()["erased"]) == (200, "revoked", False)


@pytest.mark.parametrize(
    ("verb", "until", "place"),
    [
        ("suspend", "2026-02-30", ("/until", "date")),
        ("suspend", "2026-11-22", ("/until", "period")),
        ("suspend", "3000-01-01", ("/until", "date")),
        ("suspend", "0000-01-01", ("/until", "date")),
        ("suspend", "20261231", ("/until", "date")),
        ("suspend", "2026-12-31T00:00:00Z", ("/until", "date")),
        ("suspend", "２０２６-12-31", ("/until", "date")),
        ("suspend", "", ("/until", "date")),
        ("suspend", 20261231, ("/until", "wrong_kind")),
        ("suspend", ["2026-12-31"], ("/until", "wrong_kind")),
        ("revoke", "2026-12-31", ("/until", "field_unknown")),
        ("reinstate", "2026-12-31", ("/until", "field_unknown")),
    ],
)
def test_a_last_day_that_is_none_is_refused(steady: Calls, verb: str, until: Any, place: tuple[str, str]) -> None:
    licence = steady.issue(77)
    answer = change(steady, licence, verb, {"reason": "penalty", "until": until}, **etag(licence))
    assert (code(answer), places(answer)) == ((422, "validation_failed"), [place])
    assert steady.get(f"/v1/licences/{licence['id']}").json() == licence


def test_a_suspension_with_a_last_day_is_shown_and_ends_by_itself(both: Calls) -> None:
    licence, clock = both.issue(), both.house.clock
    clock.move(seconds=1)
    asked = {"reason": "penalty", "until": "2026-11-23"}
    suspended = change(both, licence, "suspend", asked).json()
    assert (suspended["state"], suspended["suspended_until"]) == ("suspended", "2026-11-23")
    assert change(both, licence, "suspend", asked).json() == suspended
    path = f"/v1/licences/{licence['id']}"
    assert both.get(path).json() == suspended
    clock.now = NOON.replace(hour=15, minute=59, second=59)
    later = both.sign_in()
    both.house.assembly.publish()
    assert later.get(path).json()["state"] == "suspended"
    clock.move(seconds=1)
    both.house.assembly.publish()
    after = later.get(path)
    assert (after.json()["state"], after.json()["suspended_until"]) == ("active", None)
    assert after.headers["etag"] == '"3"'
    events = later.get(f"{path}/history").json()["data"]
    assert [(each["verb"], each["until"]) for each in events] == [
        ("issue", None), ("suspend", "2026-11-23"), ("reinstate", None),
    ]  # fmt: skip
    assert [each["client_id"] is None for each in events] == [False, False, True]
    market = both.sign_in("market")
    assert code(change(market, licence, "suspend", asked | {"until": "2026-12-31"}))[0] == 404
