"""The reaper: what a crash left open is finished with the same bytes or closed for good, never both, never twice."""

from datetime import timedelta

import pytest
from tests.issuer.acts import (
    Killed,
    ask,
    at_once,
    change,
    corrected,
    food,
    issued,
    kill_at,
    meant_bytes,
    nothing_changes,
    now_of,
    outcome,
    refused,
    verdict,
)
from tests.issuer.test_stranger import an_absent_device, device  # noqa: F401  (a fixture)

from elicence.issuer.desk import Caller
from elicence.issuer.issue import PATIENCE, issue
from elicence.issuer.reap import Reaped, _give_up
from elicence.keys.keyring import Purpose, compromise, retire
from elicence.registry.intents import pending_intents

OPEN = ("p4", "p5", "p6", "p7", "p8", "p9")
PHONE = {"claims": {"complaint_phone": "12345"}}


def leave_open(home, n: int = 1, *, point: str = "p7", caller: Caller | None = None) -> None:
    with home.open_again(at=kill_at(point)) as dying, pytest.raises(Killed):
        issue(dying.desk, caller or home.caller(), food(n), idempotency_key=f"key-{n}", now=home.clock())


def leave_correction_open(home, licence) -> None:
    with home.open_again(at=kill_at("p7")) as dying, pytest.raises(Killed):
        corrected(home.__class__(dying, home.clock, home.settings, home.agencies, home.store), licence, PHONE)


@pytest.mark.parametrize("point", OPEN)
def test_an_intent_left_open_is_finished_with_the_bytes_that_were_meant(home, point):
    leave_open(home, point=point)
    meant = meant_bytes(home, home.store.value("SELECT licence_id FROM intent"))
    home.clock.move(seconds=11)
    assert home.assembly.reap() == Reaped(finished=1, failed=0, left=0)
    made = ask(home, food())
    assert made.credential.rpartition(".")[0].encode() == meant
    home.assembly.publish()
    assert verdict(home, made) == "valid"
    with nothing_changes(home):
        assert home.assembly.reap() == Reaped(0, 0, 0)


def test_an_intent_is_left_to_its_maker_until_patience_is_over(home):
    leave_open(home)
    for seconds in (0, PATIENCE.total_seconds()):
        home.clock.now += timedelta(seconds=seconds)
        with nothing_changes(home):
            assert home.assembly.reap() == Reaped(0, 0, 0)
    home.clock.move(microseconds=1)
    assert home.assembly.reap().finished == 1


def test_who_asked_is_named_though_the_reaper_finished(home):
    leave_open(home, caller=Caller(home.agencies["housing"], client_id="cli_5", operator_id="opr_5"))
    home.clock.move(seconds=11)
    home.assembly.reap()
    assert home.store.rows("SELECT verb, client_id, operator_id FROM audit_event") == [("issue", "cli_5", "opr_5")]


def test_several_reapers_at_once_finish_each_intent_once(home):
    for n in range(5):
        leave_open(home, n)
    home.clock.move(seconds=11)
    with home.open_again() as second, home.open_again() as third:
        outcomes = at_once([assembly.reap for assembly in (home.assembly, second, third)])
    assert sum(each.finished for each in outcomes) == 5
    assert [each.failed for each in outcomes] == [0, 0, 0]
    assert [home.store.counts()[table] for table in ("credential", "audit_event", "log_entry")] == [5, 5, 5]


def test_a_key_retired_meanwhile_finishes_what_it_had_begun(home):
    leave_open(home)
    kid = home.store.value("SELECT kid FROM intent")
    home.clock.move(seconds=11)
    home.assembly.save_keyring(retire(home.desk.chest.keyring, kid, home.clock()))
    assert home.assembly.reap().finished == 1
    home.assembly.publish()
    assert verdict(home, ask(home, food())) == "valid"


def test_a_key_compromised_meanwhile_signs_nothing_and_the_intent_is_closed(home):
    leave_open(home)
    kid = home.store.value("SELECT kid FROM intent")
    home.clock.move(seconds=11)
    home.assembly.save_keyring(compromise(home.desk.chest.keyring, kid, home.clock()))
    assert home.assembly.reap() == Reaped(0, 1, 0)
    assert home.store.rows("SELECT state, reason FROM intent") == [("failed", "key_state")]
    assert home.store.counts()["credential"] == 0
    assert home.assembly.reap() == Reaped(0, 0, 0)


def test_a_revocation_beats_a_correction_left_open(home):
    made = issued(home)
    leave_correction_open(home, made)
    change(home, made, "revoke", "penalty")
    home.clock.move(seconds=11)
    assert home.assembly.reap() == Reaped(0, 1, 0)
    assert now_of(home, made).state == "revoked"
    assert outcome(lambda: now_of(home, made, 2)) == "licence_not_found"
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_a_later_correction_beats_one_left_open(home):
    made = issued(home)
    leave_correction_open(home, made)
    second = corrected(home, made, {"claims": {"complaint_phone": "54321"}}, key="another")
    assert second.version == 3  # the number of the one left open stays burnt
    home.clock.move(seconds=11)
    assert home.assembly.reap() == Reaped(0, 1, 0)
    assert now_of(home, made) == second
    assert now_of(home, made, 1).state == "superseded"


def test_a_signer_that_fails_for_the_moment_leaves_the_intent_for_another_try(home, device):  # noqa: F811
    leave_open(home)
    home.clock.move(seconds=11)

    device.say = an_absent_device
    with nothing_changes(home):
        assert home.assembly.reap() == Reaped(0, 0, 1)
    device.say = None
    assert home.assembly.reap() == Reaped(1, 0, 0)


def test_one_intent_in_trouble_does_not_keep_the_others_waiting(home):
    leave_open(home, 1)
    home.clock.move(seconds=1)
    leave_open(home, 2)
    first = home.store.value("SELECT min(licence_id) FROM intent")
    home.store.tamper(
        f"UPDATE intent SET sealed_signing_input = substr(sealed_signing_input, 1, 40) WHERE licence_id = '{first}'"
    )
    home.clock.move(seconds=11)
    assert home.assembly.reap() == Reaped(finished=1, failed=0, left=1)


def test_an_intent_whose_data_key_was_erased_is_closed_for_good(home):
    leave_open(home)
    home.store.tamper("DELETE FROM data_key")
    home.clock.move(seconds=11)
    assert home.assembly.reap() == Reaped(finished=0, failed=1, left=0)
    assert home.store.rows("SELECT state, reason FROM intent") == [("failed", "licence_erased")]
    assert home.assembly.reap() == Reaped(0, 0, 0)


def test_the_reason_of_a_change_outlives_the_crash(home):
    made = issued(home)
    leave_correction_open(home, made)
    home.clock.move(seconds=11)
    assert home.assembly.reap().finished == 1
    assert home.store.rows("SELECT version, reason FROM audit_event WHERE verb = 'correct'") == [(2, "issued_in_error")]


def test_a_licence_that_never_was_frees_its_number(home):
    leave_open(home, point="p4")
    keyring = home.desk.chest.keyring
    (active,) = keyring.active("housing", Purpose.CREDENTIAL)
    home.assembly.save_keyring(compromise(keyring, active.kid, home.clock()))
    maker = home.assembly.maker
    home.assembly.save_keyring(
        maker.make_active(home.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=home.clock())
    )
    home.clock.move(seconds=PATIENCE.total_seconds() + 1)
    assert home.assembly.reap().failed == 1
    with refused(home, "intent_failed"):
        ask(home, food())
    assert ask(home, food(), key="another").number == food()["number"]
    with refused(home, "number_taken"):
        ask(home, food(), key="a third")


def test_two_reapers_that_give_up_at_once_do_not_trip_over_one_another(home):
    leave_open(home, point="p4")
    (intent,) = home.desk.registry.read(lambda reader: pending_intents(reader, older_than=home.clock() + PATIENCE))
    assert _give_up(home.desk, intent, "key_state", home.clock()) == "failed"
    assert _give_up(home.desk, intent, "key_state", home.clock()) == "left"
