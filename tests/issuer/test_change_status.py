"""Suspending, reinstating, revoking: the table, the reasons, who may, and that a revocation always wins."""

from datetime import timedelta

import pytest
from tests.assembly import example
from tests.issuer.acts import (
    ESTATE,
    ask,
    at_once,
    change,
    corrected,
    issued,
    nothing_changes,
    now_of,
    outcome,
    problems,
    refused,
    renewed,
    verdict,
)

from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller
from elicence.issuer.read import LicenceView, history
from elicence.licences.lifecycle import Action

REASON = {"suspend": "ordered_to_stop", "revoke": "penalty", "reinstate": None}


def events(home) -> int:
    return home.store.counts()["audit_event"]


def brought_to(home, state: str) -> LicenceView:
    made = issued(home)
    for action in {"active": (), "suspended": ("suspend",), "revoked": ("revoke",)}[state]:
        made = change(home, made, action, REASON[action])
    assert made.state == state
    return made


# state before, action, state after or the code of the refusal
TABLE = [
    ("active", "suspend", "suspended"),
    ("active", "reinstate", "active"),
    ("active", "revoke", "revoked"),
    ("suspended", "suspend", "suspended"),
    ("suspended", "reinstate", "active"),
    ("suspended", "revoke", "revoked"),
    ("revoked", "suspend", "transition_not_allowed"),
    ("revoked", "reinstate", "transition_not_allowed"),
    ("revoked", "revoke", "revoked"),
]


@pytest.mark.parametrize(("before", "action", "after"), TABLE)
def test_every_action_in_every_state_is_one_row_of_the_table(home, before, action, after):
    made = brought_to(home, before)
    count = events(home)
    home.clock.move(seconds=1)
    if after == "transition_not_allowed":
        with refused(home, after) as raised:
            change(home, made, action, REASON[action])
        assert raised.value.facts["allowed"] == ["revoke"]
        return
    answered = change(home, made, action, REASON[action])
    assert answered == now_of(home, made)
    assert answered.state == after
    assert events(home) == count + (before != after)
    assert answered.row_version == made.row_version + (before != after)
    assert answered.credential == made.credential
    home.assembly.publish()
    assert verdict(home, answered) == {"active": "valid"}.get(after, after)


@pytest.mark.parametrize("action", ["suspend", "reinstate", "revoke"])
def test_repeating_what_already_holds_changes_nothing_and_keeps_the_first_reason(home, action):
    made = issued(home)
    if action == "reinstate":
        change(home, made, "suspend", REASON["suspend"])
    first = change(home, made, action, REASON[action])
    home.clock.move(hours=1)
    with nothing_changes(home):
        again = change(home, made, action, "issued_in_error")
    assert again == first


@pytest.mark.parametrize("reason", [None, "", "because", "PENALTY", "x" * 10_000, "penalty\0", "\ud800"])
@pytest.mark.parametrize("action", ["suspend", "revoke"])
def test_a_reason_must_be_one_of_the_type(sqlite_home, action, reason):
    made = issued(sqlite_home)
    with refused(sqlite_home, "reason_unknown") as raised:
        change(sqlite_home, made, action, reason)
    assert problems(raised.value) == {("/reason", "reason_unknown")}
    assert "penalty" in raised.value.facts["allowed"]


def test_reinstating_needs_no_reason_but_a_wrong_one_is_refused(home):
    made = brought_to(home, "suspended")
    with refused(home, "reason_unknown"):
        change(home, made, "reinstate", "because")
    assert change(home, made, "reinstate").reason is None


def test_a_type_without_suspension_is_never_suspended(home):
    made = ask(home, example(ESTATE, "company"))
    with refused(home, "reason_unknown"):
        change(home, made, "suspend", "court_decision")
    assert change(home, made, "revoke", "court_decision").state == "revoked"


@pytest.mark.parametrize("licence_id", ["lic_01m82v7m00e008000000000000", "", "lic_\0", "x" * 5000, "\ud800"])
def test_a_licence_nobody_knows_is_not_found(home, licence_id):
    for action in Action:
        if action in (Action.RENEW, Action.CORRECT):
            continue
        with nothing_changes(home):
            code = outcome(
                lambda action=action: change_status(
                    home.desk, home.caller(), licence_id, action, reason="penalty", now=home.clock()
                )
            )
        assert code in {"licence_not_found", "store_refused"}, code


def test_another_agencys_licence_is_answered_like_one_that_does_not_exist(home):
    made = issued(home)
    with refused(home, "licence_not_found") as theirs:
        change_status(home.desk, home.caller("market"), made.id, Action.REVOKE, reason="penalty", now=home.clock())
    with refused(home, "licence_not_found") as nobodys:
        change_status(home.desk, home.caller(), "lic_" + "0" * 26, Action.REVOKE, reason="penalty", now=home.clock())
    assert str(theirs.value) == str(nobodys.value)


def test_a_change_names_who_made_it_and_when(home):
    made = issued(home)
    home.clock.move(hours=2)
    caller = Caller(home.agencies["housing"], client_id="cli_7", operator_id="opr_7")
    change_status(home.desk, caller, made.id, Action.SUSPEND, reason="penalty", now=home.clock())
    first, second = history(home.desk, home.caller(), made.id)
    assert (first.verb, first.from_state, first.to_state) == ("issue", None, "active")
    assert (second.verb, second.from_state, second.to_state) == ("suspend", "active", "suspended")
    assert (second.reason, second.client_id, second.operator_id) == ("penalty", "cli_7", "opr_7")
    assert second.occurred_at - first.occurred_at == timedelta(hours=2)


def test_if_version_holds_off_a_change_of_something_else_than_was_seen(home):
    made = issued(home)
    suspended = change(home, made, "suspend", "penalty", if_version=made.row_version)
    with refused(home, "version_mismatch"):
        change(home, made, "reinstate", if_version=made.row_version)
    with refused(home, "version_mismatch"):
        change(home, made, "revoke", "penalty", if_version=made.row_version)
    assert change(home, suspended, "reinstate", if_version=suspended.row_version).state == "active"


def test_revoking_marks_every_version_and_says_so_of_each(home):
    first = issued(home)
    second = corrected(home, first, {"claims": {"complaint_phone": "12345"}})
    third = renewed(home, second)
    home.clock.move(seconds=1)
    before = events(home)
    change(home, third, "revoke", "obtained_by_fraud")
    assert [now_of(home, first, n).state for n in (1, 2, 3)] == ["revoked"] * 3
    assert [now_of(home, first, n).reason for n in (1, 2, 3)] == ["obtained_by_fraud"] * 3
    assert events(home) == before + 3
    home.assembly.publish()
    assert [verdict(home, each) for each in (first, second, third)] == ["revoked"] * 3


def test_suspending_touches_the_current_version_only(home):
    first = issued(home)
    second = corrected(home, first, {"claims": {"complaint_phone": "12345"}})
    change(home, second, "suspend", "penalty")
    assert [now_of(home, first, n).state for n in (1, 2)] == ["superseded", "suspended"]


def test_fifty_revocations_at_once_are_one_event_with_one_reason(home):
    made = issued(home)
    reasons = ["penalty", "annulled", "cancelled", "issued_in_error", "obtained_by_fraud"]
    answers = at_once([lambda n=n: change(home, made, "revoke", reasons[n % 5]) for n in range(50)])
    assert {each.state for each in answers} == {"revoked"}
    assert {each.reason for each in answers} == {now_of(home, made).reason}
    assert home.store.value("SELECT count(*) FROM audit_event WHERE verb = 'revoke'") == 1


@pytest.mark.parametrize("other", ["suspend", "reinstate"])
def test_a_revocation_that_races_another_change_always_holds(home, other):
    for n in range(6):
        made = issued(home, n)
        if other == "reinstate":
            change(home, made, "suspend", "penalty")
        won, _ = at_once(
            [lambda m=made: change(home, m, "revoke", "penalty"), lambda m=made: change(home, m, other, REASON[other])]
        )
        assert won.state == now_of(home, made).state == "revoked"


# A revocation against a new version: whoever wins, no version stays good after the revocation was acknowledged.

PAIRS = 20


@pytest.mark.parametrize("verb", ["correct", "renew"])
def test_a_revocation_that_races_a_new_version_never_leaves_one_that_is_good(home, verb):
    made = [issued(home, n) for n in range(PAIRS)]
    finished = {"renewed or corrected": 0, "refused": 0}
    for licence in made:
        act = (
            (lambda m=licence: corrected(home, m, {"claims": {"complaint_phone": "12345"}}))
            if verb == "correct"
            else (lambda m=licence: renewed(home, m))
        )
        revoked, other = at_once([lambda m=licence: change(home, m, "revoke", "penalty"), act])
        assert isinstance(revoked, LicenceView), revoked
        finished["refused" if isinstance(other, str) else "renewed or corrected"] += 1
        assert not isinstance(other, str) or other in {"transition_not_allowed", "version_mismatch"}, other
    assert _good_entries(home) == []
    assert _licences_with_two_current(home) == []
    home.clock.move(seconds=11)
    home.assembly.reap()  # what lost the race and was left open comes to nothing as well
    assert _good_entries(home) == []
    assert home.store.rows("SELECT licence_id FROM intent WHERE state = 'pending'") == []
    home.assembly.publish()
    assert {verdict(home, licence) for licence in made} == {"revoked"}


def test_of_a_correction_a_renewal_and_another_correction_at_once_exactly_one_succeeds(home):
    for n in range(8):
        made = issued(home, n)
        results = at_once(
            [
                lambda m=made: corrected(home, m, {"claims": {"complaint_phone": "12345"}}, key=f"a{m.id}"),
                lambda m=made: corrected(home, m, {"claims": {"complaint_phone": "54321"}}, key=f"b{m.id}"),
                lambda m=made: renewed(home, m),
            ]
        )
        assert sum(isinstance(each, LicenceView) for each in results) == 1, results
        assert {each for each in results if isinstance(each, str)} <= {"version_mismatch", "transition_not_allowed"}
    assert _licences_with_two_current(home) == []
    home.clock.move(seconds=11)
    home.assembly.reap()
    assert _licences_with_two_current(home) == []


def _good_entries(home) -> list:
    return home.store.rows("SELECT licence_id, version, state FROM status_entry WHERE state IN ('active', 'suspended')")


def _licences_with_two_current(home) -> list:
    return home.store.rows(
        "SELECT licence_id FROM status_entry WHERE state IN ('active', 'suspended')"
        " GROUP BY licence_id HAVING count(*) > 1"
    )


def test_an_error_of_a_change_is_one_of_ours_whatever_is_asked(sqlite_home):
    made = issued(sqlite_home)
    for reason in (None, "penalty", "x"):
        for if_version in (None, 0, -1, 2**62, made.row_version):
            for action in ("reinstate", "suspend", "revoke"):
                ended = outcome(
                    lambda a=action, r=reason, v=if_version: change(sqlite_home, made, a, r, if_version=v)
                )  # fmt: skip
                assert isinstance(ended, LicenceView) or ended in {
                    "reason_unknown", "version_mismatch", "transition_not_allowed",
                }  # fmt: skip
