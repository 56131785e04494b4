"""Issuing, reading and changing licences: refusals first, and that a refusal changes nothing."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.shell import ESTATE, FOOD, Shell, tables_of


def test_a_request_that_is_not_there_or_not_json_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.refused(3, "file_unreadable", "licence", "issue", tmp_path / "missing.json")
    shell.refused(3, "file_unreadable", "licence", "issue", tmp_path)
    shell.refused(3, "json_syntax", "licence", "issue", "-", stdin='{"type": ')
    shell.refused(3, "json_duplicate_key", "licence", "issue", "-", stdin='{"type": "degree", "type": "degree"}')
    shell.refused(3, "json_text", "licence", "issue", "-", stdin=b'{"type": "\xff"}')
    shell.refused(3, "file_too_large", "licence", "issue", "-", stdin=" " * 70_000)
    shell.refused(3, "validation_failed", "licence", "issue", "-", stdin="[]")
    shell.refused(3, "validation_failed", "licence", "issue", "-", stdin="{}")


def test_a_request_that_breaks_a_rule_is_refused_with_every_problem_and_no_value(shell: Shell) -> None:
    before = tables_of(shell.home)
    shell.refused(4, "type_not_found", "licence", "issue", "-", stdin=shell.request(type="no-such-type"))
    body = shell.request(colour="red", valid_from="2026-02-30")
    answer = shell.refused(3, "validation_failed", "licence", "issue", "-", stdin=body)
    assert {(each["pointer"], each["code"]) for each in answer.error["problems"]} >= {
        ("/colour", "field_unknown"),
        ("/valid_from", "date"),
    }
    assert "2026-02-30" not in answer.err
    assert tables_of(shell.home) == before


def test_a_wrong_check_digit_is_refused_and_the_number_not_repeated(shell: Shell) -> None:
    body = json.loads(shell.request())
    number = body["holders"][0]["id"]
    body["holders"][0]["id"] = number[:-1] + ("A" if number[-1] != "A" else "B")
    answer = shell.refused(3, "check_digit_wrong", "licence", "issue", "-", stdin=json.dumps(body))
    assert number[:10] not in answer.err
    told = shell.run("licence", "issue", "-", stdin=json.dumps(body))
    assert told.code == 3
    assert told.err.startswith("✘ ")
    assert "Traceback" not in told.err


def test_the_same_command_again_answers_with_the_same_licence(shell: Shell) -> None:
    first, rows = shell.issue(), tables_of(shell.home)
    again = shell.issue()
    assert (first.pop("replayed"), again.pop("replayed")) == (False, True)
    assert first == again
    assert tables_of(shell.home) == rows


def test_a_retry_key_used_for_other_data_is_refused(shell: Shell) -> None:
    words = ("licence", "issue", "-", "--idempotency-key", "case-1")
    shell.ok(*words, stdin=shell.request())
    shell.refused(3, "idempotency_key_reused", *words, stdin=shell.request(number="JY21101050123465"))


def test_a_number_that_is_taken_is_refused(shell: Shell) -> None:
    shell.issue()
    shell.refused(4, "number_taken", "licence", "issue", "-", stdin=shell.request(external_ref="OTHER"))


def test_what_is_said_of_an_issue_names_no_holder(shell: Shell) -> None:
    body = json.loads(shell.request(ESTATE))
    said = shell.ok("licence", "issue", "-", stdin=json.dumps(body)).out
    assert body["number"] in said
    for holder in body["holders"]:
        assert holder["name"] not in said
        assert holder["id"] not in said
    assert body["holders"][0]["name"] not in shell.ok("licence", "list").out


def test_the_licence_itself_is_shown_whole_to_its_agency(shell: Shell) -> None:
    licence = shell.issue(ESTATE)
    body = json.loads(shell.request(ESTATE))
    whole = shell.ok("licence", "get", licence["id"], "--json").json
    assert whole["claims"] == body["claims"]
    assert [each["id"] for each in whole["holders"]] == [each["id"] for each in body["holders"]]
    assert body["holders"][0]["name"] in shell.ok("licence", "get", licence["id"], "--lang", "zh-CN").out


def test_licences_of_nobody_and_of_another_agency_are_answered_alike(shell: Shell) -> None:
    licence = shell.issue()
    shell.ok(
        "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Office", "--uscc", "91350100M000100Y43",
        "--region", "35",
    )  # fmt: skip
    absent = shell.refused(4, "licence_not_found", "licence", "get", "lic_0000000000", "--agency", "tax")
    foreign = shell.refused(4, "licence_not_found", "licence", "get", licence["id"], "--agency", "tax")
    assert absent.err == foreign.err
    shell.refused(4, "licence_not_found", "licence", "revoke", licence["id"], "--reason", "penalty", "--agency", "tax")
    shell.refused(4, "agency_not_found", "licence", "get", licence["id"], "--agency", "nobody")
    # Two agencies: which one acts must be said.
    shell.refused(2, "usage", "licence", "get", licence["id"])


def test_licences_are_listed_page_by_page(shell: Shell) -> None:
    ids = [shell.issue(number=f"JY2110105012346{last}")["id"] for last in (5, 6, 7)]
    shell.ok("licence", "revoke", ids[1], "--reason", "penalty")
    listed = [each["id"] for each in shell.ok("licence", "list", "--json").objects]
    assert sorted(listed) == sorted(ids)
    first = shell.ok("licence", "list", "--limit", "2")
    assert f"--after {listed[1]}" in first.out
    rest = shell.ok("licence", "list", "--limit", "2", "--after", listed[1], "--json").json
    assert rest["id"] == listed[2]
    assert shell.ok("licence", "list", "--state", "revoked", "--json").json["id"] == ids[1]
    assert shell.ok("licence", "list", "--type", "degree", "--json").objects == []
    assert "Nothing there." in shell.ok("licence", "list", "--type", "degree").out
    shell.refused(2, "usage", "licence", "list", "--state", "lost")
    shell.refused(2, "usage", "licence", "list", "--limit", "0")


def test_a_change_without_a_reason_of_the_type_is_refused(shell: Shell) -> None:
    licence = shell.issue()["id"]
    for verb in ("suspend", "revoke"):
        shell.refused(3, "reason_unknown", "licence", verb, licence)
        answer = shell.refused(3, "reason_unknown", "licence", verb, licence, "--reason", "bad_mood")
        assert "penalty" in answer.error["facts"]["allowed"]
    shell.refused(3, "reason_unknown", "licence", "correct", licence, "-", "--reason", "bad_mood", stdin="{}")
    shell.refused(2, "usage", "licence", "correct", licence, "-", stdin="{}")


def test_a_type_without_suspension_is_not_suspended(shell: Shell) -> None:
    licence = shell.issue(ESTATE)["id"]
    shell.refused(3, "reason_unknown", "licence", "suspend", licence, "--reason", "cancelled")


def test_revoked_is_for_good(shell: Shell) -> None:
    licence = shell.issue()["id"]
    shell.ok("licence", "revoke", licence, "--reason", "penalty")
    again = shell.ok("licence", "revoke", licence, "--reason", "cancelled", "--json").json
    assert (again["state"], again["reason"]) == ("revoked", "penalty")
    shell.refused(4, "transition_not_allowed", "licence", "reinstate", licence)
    shell.refused(4, "transition_not_allowed", "licence", "suspend", licence, "--reason", "penalty")
    shell.refused(4, "transition_not_allowed", "licence", "renew", licence)
    shell.refused(
        4, "transition_not_allowed", "licence", "correct", licence, "-", "--reason", "issued_in_error",
        stdin='{"claims": {"complaint_phone": "12345"}}',
    )  # fmt: skip


def test_a_change_that_was_asked_of_another_record_version_is_refused(shell: Shell) -> None:
    licence = shell.issue()
    stale = licence["row_version"]
    shell.ok("licence", "suspend", licence["id"], "--reason", "penalty")
    for words in (["reinstate"], ["renew"], ["suspend", "--reason", "penalty"]):
        verb, *rest = words
        if verb != "suspend":
            shell.refused(4, "version_mismatch", "licence", verb, licence["id"], *rest, "--if-version", stale)
    shell.refused(2, "usage", "licence", "reinstate", licence["id"], "--if-version", "0")


def test_a_correction_of_what_cannot_be_corrected_is_refused(shell: Shell) -> None:
    licence = shell.issue()["id"]
    words = ("licence", "correct", licence, "-", "--reason", "issued_in_error")
    shell.refused(3, "validation_failed", *words, stdin='{"number": "JY1"}')
    shell.refused(3, "validation_failed", *words, stdin='{"claims": {"colour": "red"}}')
    shell.refused(3, "validation_failed", *words, stdin='{"claims": []}')


def test_renewing_with_the_record_version_named_may_be_repeated(shell: Shell) -> None:
    licence = shell.issue()
    words = ("licence", "renew", licence["id"], "--if-version", licence["row_version"], "--json")
    first, again = shell.ok(*words).json, shell.ok(*words).json
    assert first["version"] == again["version"] == 2
    assert again["replayed"]
    assert first["valid_until"] == "2036-02-29"
    shell.refused(3, "validation_failed", "licence", "renew", licence["id"], "--valid-until", "2030-01-01")


def test_history_tells_every_act_in_order(shell: Shell) -> None:
    licence = shell.issue()["id"]
    for words in (("suspend", "--reason", "penalty"), ("reinstate",), ("renew",), ("revoke", "--reason", "penalty")):
        shell.clock.move(seconds=10)
        shell.ok("licence", words[0], licence, *words[1:])
    told = shell.ok("licence", "history", licence, "--json").objects
    assert [each["verb"] for each in told] == [
        "issue", "suspend", "reinstate", "supersede", "renew", "revoke", "revoke"
    ]  # fmt: skip
    assert "撤销" in shell.ok("licence", "history", licence, "--lang", "zh-CN").out
    shell.refused(4, "licence_not_found", "licence", "history", "lic_0")


def test_a_test_licence_verifies_as_one_and_never_as_valid(shell: Shell) -> None:
    licence = shell.ok("licence", "issue", "-", "--test", "--json", stdin=shell.request()).json
    assert shell.verify(licence["qr"]["content"]) == (10, "test_licence")
    assert shell.ok("key", "list", "--json").objects[-1]["use"] == "test"


@pytest.mark.parametrize("verb", ["suspend", "reinstate", "revoke"])
def test_every_change_is_public_when_the_command_returns(shell: Shell, verb: str) -> None:
    licence = shell.issue()
    if verb == "reinstate":
        shell.ok("licence", "suspend", licence["id"], "--reason", "penalty")
    folder = shell.home / "published" / "status" / "housing"
    before = (folder / "1.statuslist+jwt").read_bytes()
    shell.ok("licence", verb, licence["id"], "--reason", "penalty")
    assert (folder / "1.statuslist+jwt").read_bytes() != before
    expected = {"suspend": (10, "suspended"), "reinstate": (0, "valid"), "revoke": (10, "revoked")}[verb]
    assert shell.verify(licence["qr"]["content"]) == expected


def test_a_type_the_registry_does_not_know_cannot_be_asked_for(shell: Shell) -> None:
    shell.refused(4, "type_not_found", "type", "show", "no-such-type")
    shell.refused(4, "type_not_found", "type", "show", FOOD, "--version", "9")


@pytest.mark.parametrize("day", ["2026-02-30", "20991231", "tomorrow", "2099-W01-1"])
def test_a_last_day_that_is_none_is_a_wrong_use(shell: Shell, day: str) -> None:
    licence = shell.issue()
    words = ("licence", "suspend", licence["id"], "--reason", "penalty", "--until", day, "--json")
    assert shell.run(*words).code == 2
    shell.refused(3, "validation_failed", *words[:-2], "2000-01-01")
    assert shell.ok("licence", "get", licence["id"], "--json").json["state"] == "active"


def test_a_suspension_may_have_a_last_day_which_is_shown(shell: Shell) -> None:
    licence = shell.issue()
    words = ("licence", "suspend", licence["id"], "--reason", "penalty", "--until", "2099-12-31")
    assert "2099-12-31" in shell.ok(*words).out
    found = shell.ok("licence", "get", licence["id"], "--json").json
    assert (found["state"], found["suspended_until"], found["erased"]) == ("suspended", "2099-12-31", False)
    assert shell.ok("licence", "reinstate", licence["id"], "--json").json["suspended_until"] is None
    shell.run("licence", "revoke", licence["id"], "--reason", "penalty", "--until", "2099-12-31")
    assert shell.ok("licence", "get", licence["id"], "--json").json["state"] == "active"


def test_an_erased_licence_is_shown_without_its_content_and_can_be_revoked(shell: Shell) -> None:
    licence = shell.issue()
    with closing(sqlite3.connect(shell.home / "registry.db")) as store, store:
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f"DROP TRIGGER {name}")
        store.execute("DELETE FROM data_key")
    found = shell.ok("licence", "get", licence["id"], "--json").json
    assert (found["number"], found["erased"], found["holders"]) == (licence["number"], True, [])
    assert not {"credential", "qr"} & found.keys()
    assert licence["number"] in shell.ok("licence", "get", licence["id"]).out
    revoked = shell.ok("licence", "revoke", licence["id"], "--reason", "penalty", "--json").json
    assert (revoked["state"], revoked["erased"]) == ("revoked", True)
    shell.refused(4, "licence_not_found", "qr", "make", licence["id"], "-o", shell.home / "x.png")
