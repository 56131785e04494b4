"""Idempotency keys: one request, one licence, the same bytes for ever, whatever happens in between."""

import time
from dataclasses import replace

import pytest
from tests.assembly import grant, new_agency
from tests.issuer.acts import (
    FOOD,
    Killed,
    ask,
    at_once,
    corrected,
    food,
    issued,
    kill_at,
    meant_bytes,
    nothing_changes,
    now_of,
    outcome,
    refused,
    renewed,
    verdict,
)

from elicence.issuer.change_status import change_status
from elicence.issuer.issue import PATIENCE
from elicence.issuer.new_version import correct
from elicence.issuer.read import LicenceView, history, read_licence
from elicence.keys.keyring import Purpose, compromise, retire
from elicence.licences.lifecycle import Action


@pytest.mark.parametrize("key", ["", "k" * 256, "k\0", "k\n", "k\u202e", "\ud800"])
def test_a_key_that_is_no_short_plain_text_is_refused(sqlite_home, key):
    with refused(sqlite_home, "idempotency_key_bad"):
        ask(sqlite_home, food(), key=key)


def test_a_key_of_255_characters_of_any_language_is_good(home):
    key = "鍵" * 255
    assert ask(home, food(), key=key).credential == ask(home, food(), key=key).credential


def test_the_same_request_again_gets_the_same_licence_and_bytes_and_changes_nothing(home):
    first = ask(home, food())
    with nothing_changes(home):
        again = ask(home, dict(reversed(food().items())))
    assert again == replace(first, replayed=True)
    assert again.credential == first.credential


def test_the_same_key_for_another_request_is_refused(home):
    ask(home, food(1))
    for other in (food(2), food(1, region="440306"), food(1, accept_check_digit=False), {}, {"type": 1}):
        with refused(home, "idempotency_key_reused"):
            ask(home, other)


def test_the_same_key_for_another_verb_is_refused(home):
    made = ask(home, food(), key="k")
    with refused(home, "idempotency_key_reused"):
        corrected(home, made, {}, key="k")
    renewed(home, made, key="r")
    with refused(home, "idempotency_key_reused"):
        ask(home, food(2), key="r")


def test_a_key_of_another_agency_is_another_key(home):
    ours, theirs = ask(home, food(), key="k"), ask(home, food(2), key="k", slug="market")
    assert ours.id != theirs.id
    assert ask(home, food(), key="k").id == ours.id
    assert ask(home, food(2), key="k", slug="market").id == theirs.id


def test_of_thirty_two_callers_with_one_key_all_get_the_one_licence_or_are_told_to_wait(home):
    def ask_until_answered() -> LicenceView:
        while True:
            answer = outcome(lambda: ask(home, food()))
            if answer != "idempotency_in_flight":
                return answer
            time.sleep(0.01)

    answers = at_once([ask_until_answered] * 32)
    assert {each.credential for each in answers if isinstance(each, LicenceView)} == {answers[0].credential}
    assert sum(not each.replayed for each in answers) == 1
    counts = home.store.counts()
    once = ("licence", "licence_version", "credential", "intent", "status_entry", "idempotency", "audit_event")
    assert [counts[table] for table in once] == [1] * 7


def test_thirty_two_callers_with_keys_of_their_own_get_licences_of_their_own(home):
    made = at_once([lambda n=n: issued(home, n) for n in range(32)])
    assert {type(each) for each in made} == {LicenceView}
    assert len({each.id for each in made}) == 32


@pytest.mark.parametrize(
    "changed", ["grant ended", "key retired", "key compromised", "licence revoked", "licence corrected"]
)
def test_a_retry_has_its_answer_whatever_happened_since(home, changed):
    agency = home.agencies["clinic"] = new_agency(home.assembly, "clinic")
    grant(home.assembly, agency, FOOD, valid_until=home.clock() + PATIENCE)
    made = ask(home, food(), slug="clinic")
    match changed:
        case "grant ended":
            home.clock.move(days=400)
        case "key retired" | "key compromised":
            step = retire if changed == "key retired" else compromise
            home.assembly.save_keyring(step(home.desk.chest.keyring, made.kid, home.clock()))
        case _:
            caller = home.caller("clinic")
            if changed == "licence revoked":
                change_status(home.desk, caller, made.id, Action.REVOKE, reason="penalty", now=home.clock())
            else:
                correct(
                    home.desk, caller, made.id, {"claims": {"complaint_phone": "12345"}}, reason="issued_in_error",
                    if_version=1, idempotency_key="c", now=home.clock(),
                )  # fmt: skip
    with nothing_changes(home):
        again = ask(home, food(), slug="clinic")
    assert (again.id, again.version, again.credential) == (made.id, 1, made.credential)


# Crashes

BEFORE_THE_INTENT = ("p1", "p2", "p3")
WITH_AN_OPEN_INTENT = ("p4", "p5", "p6", "p7", "p8", "p9")
AFTER_ALL = ("p10", "p11")


def die_at(home, point: str, body: dict) -> None:
    with home.open_again(at=kill_at(point)) as dying, pytest.raises(Killed):
        ask(home, body, desk=dying.desk)


@pytest.mark.parametrize("point", BEFORE_THE_INTENT)
def test_a_crash_before_the_intent_leaves_nothing_and_the_retry_issues(home, point):
    with nothing_changes(home):
        die_at(home, point, food())
    assert ask(home, food()).replayed is False


@pytest.mark.parametrize("point", WITH_AN_OPEN_INTENT)
def test_a_crash_after_the_intent_is_finished_by_a_retry_with_the_bytes_that_were_meant(home, point):
    die_at(home, point, food())
    assert home.store.counts()["credential"] == 0
    ((licence_id, state),) = home.store.rows("SELECT licence_id, state FROM intent")
    assert state == "pending"
    meant = meant_bytes(home, licence_id)
    with refused(home, "idempotency_in_flight"):
        ask(home, food())
    home.clock.move(seconds=PATIENCE.total_seconds())
    made = ask(home, food())
    assert (made.id, made.credential.rpartition(".")[0].encode()) == (licence_id, meant)
    assert ask(home, food()).credential == made.credential
    assert home.store.counts()["credential"] == 1
    home.assembly.publish()
    assert verdict(home, made) == "valid"


@pytest.mark.parametrize("point", AFTER_ALL)
def test_a_crash_after_the_last_commit_loses_only_the_answer(home, point):
    die_at(home, point, food())
    with nothing_changes(home):
        made = ask(home, food())
    assert (made.replayed, made.state) == (True, "active")


@pytest.mark.parametrize("point", WITH_AN_OPEN_INTENT)
def test_a_crash_in_a_correction_is_finished_by_a_retry_too(home, point):
    made = issued(home)
    body = {"claims": {"complaint_phone": "12345"}}
    with home.open_again(at=kill_at(point)) as dying, pytest.raises(Killed):
        corrected(home.__class__(dying, home.clock, home.settings, home.agencies, home.store), made, body)
    assert now_of(home, made) == made
    home.clock.move(seconds=11)
    again = corrected(home, made, body)
    assert (again.version, again.state, again.claims["complaint_phone"]) == (2, "active", "12345")
    assert now_of(home, made, 1).state == "superseded"


def test_many_retries_of_an_abandoned_request_finish_it_once(home):
    die_at(home, "p7", food())
    home.clock.move(seconds=11)
    answers = at_once([lambda: ask(home, food())] * 8)
    assert len({each.credential for each in answers}) == 1
    assert home.store.counts()["credential"] == home.store.counts()["audit_event"] == 1


def test_an_issuer_slower_than_the_reaper_answers_with_what_the_reaper_stored(home):
    def reap_meanwhile(point: str) -> None:
        if point == "p8":
            home.clock.move(seconds=11)
            assert home.assembly.reap().finished == 1

    with home.open_again(at=reap_meanwhile) as slow:
        made = ask(home, food(), desk=slow.desk)
    assert made.credential == now_of(home, made).credential
    assert home.store.counts()["credential"] == 1


def test_a_request_whose_intent_failed_for_good_stays_failed(home):
    die_at(home, "p7", food())
    (kid,) = home.store.rows("SELECT kid FROM intent")[0]
    home.assembly.save_keyring(compromise(home.desk.chest.keyring, kid, home.clock()))
    home.clock.move(seconds=11)
    with refused(home, "key_state"):
        ask(home, food())
    assert home.assembly.reap().failed == 1
    home.assembly.save_keyring(
        home.assembly.maker.make_active(
            home.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=home.clock()
        )
    )
    for _ in range(2):
        with refused(home, "intent_failed"):
            ask(home, food())


def test_an_unanswered_request_is_not_visible_to_anybody(home):
    die_at(home, "p8", food())
    licence_id = home.store.value("SELECT id FROM licence")
    for act in (read_licence, history):
        assert outcome(lambda act=act: act(home.desk, home.caller(), licence_id)) == "licence_not_found"
