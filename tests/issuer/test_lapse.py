"""Suspensions with a last day: they end by themselves, never early, and whatever happens in between wins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.assembly import example
from tests.faults.invariants import broken, read_records
from tests.issuer.acts import (
    ask,
    at_once,
    change,
    corrected,
    issued,
    now_of,
    outcome,
    problems,
    refused,
    renewed,
    verdict,
)

from elicence.issuer.lapse import end_suspensions
from elicence.issuer.read import history

TODAY = date(2026, 11, 23)
"""In Shanghai, where the clock of these tests shows noon."""
OVER = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
"""The first instant of tomorrow there."""


def suspended(home, until=TODAY, n=1):
    made = issued(home, n)
    home.clock.move(seconds=1)
    return change(home, made, "suspend", "ordered_to_stop", until=until)


def faults(home) -> list[str]:
    home.assembly.publish()
    return broken(read_records(home.store.url), home.settings.published_dir)


def lapsed(home) -> int:
    return end_suspensions(home.desk, now=home.clock())


@pytest.mark.parametrize(
    ("until", "code"),
    [(date(2026, 11, 22), "period"), (date(1, 1, 1), "date"), (date(3000, 1, 1), "date"), (date(9999, 12, 31), "date")],
)
def test_a_last_day_that_is_past_or_a_stand_in_is_refused(home, until, code):
    made = issued(home)
    with refused(home, "validation_failed") as told:
        change(home, made, "suspend", "ordered_to_stop", until=until)
    assert problems(told.value) == {("/until", code)}


@pytest.mark.parametrize(("action", "reason"), [("revoke", "penalty"), ("reinstate", None)])
def test_only_a_suspension_has_a_last_day(home, action, reason):
    made = suspended(home)
    with refused(home, "validation_failed") as told:
        change(home, made, action, reason, until=TODAY)
    assert problems(told.value) == {("/until", "field_unknown")}


def test_it_ends_by_itself_after_its_last_second_and_not_before(home):
    made = suspended(home)
    assert (made.state, made.suspended_until) == ("suspended", OVER - timedelta(seconds=1))
    for moment in (OVER - timedelta(seconds=1), OVER - timedelta(microseconds=1)):
        home.clock.now = moment
        assert lapsed(home) == 0
        assert now_of(home, made) == made
    home.assembly.publish()
    assert verdict(home, made) == "suspended"
    home.clock.now = OVER
    home.assembly.publish()
    after = now_of(home, made)
    assert (after.state, after.suspended_until, after.reason, after.row_version) == ("active", None, None, 3)
    assert verdict(home, made) == "valid"
    assert lapsed(home) == 0
    last = history(home.desk, home.caller(), made.id)[-1]
    assert (last.verb, last.from_state, last.to_state, last.client_id, last.operator_id) == (
        "reinstate", "suspended", "active", None, None,
    )  # fmt: skip
    assert faults(home) == []


def test_a_suspension_without_a_last_day_never_ends_by_itself(home):
    made = suspended(home, until=None)
    home.clock.now = OVER + timedelta(days=40_000)
    assert lapsed(home) == 0
    assert now_of(home, made) == made


def test_the_same_again_changes_nothing_and_another_end_moves_it(home):
    made = suspended(home)
    assert change(home, made, "suspend", "ordered_to_stop", until=TODAY) == made
    home.clock.move(seconds=1)
    longer = change(home, made, "suspend", "penalty", until=TODAY + timedelta(days=1))
    assert (longer.row_version, longer.reason) == (made.row_version + 1, "penalty")
    home.clock.now = OVER
    assert lapsed(home) == 0
    endless = change(home, made, "suspend", "penalty")
    assert (endless.state, endless.suspended_until) == ("suspended", None)
    home.clock.now = OVER + timedelta(days=2)
    assert lapsed(home) == 0
    facts = [each.facts for each in history(home.desk, home.caller(), made.id) if each.verb == "suspend"]
    assert facts == [b'{"until":"2026-11-23"}', b'{"until":"2026-11-24"}', None]
    assert faults(home) == []


def test_revoked_or_reinstated_in_between_it_stays_so(home):
    revoked, reinstated = (suspended(home, n=n) for n in (1, 2))
    change(home, revoked, "revoke", "penalty")
    change(home, reinstated, "reinstate")
    again = change(home, reinstated, "suspend", "ordered_to_stop")
    home.clock.now = OVER
    assert lapsed(home) == 0
    assert [now_of(home, each).state for each in (revoked, again)] == ["revoked", "suspended"]


def test_a_new_version_inherits_the_end(home):
    made = suspended(home)
    home.clock.move(seconds=1)
    fixed = corrected(home, made, {"region": "440305"})
    assert (fixed.state, fixed.suspended_until) == ("suspended", made.suspended_until)
    home.clock.move(seconds=1)
    longer = renewed(home, fixed)
    home.clock.now = OVER
    assert lapsed(home) == 1
    assert [now_of(home, made, n).state for n in (1, 2, 3)] == ["superseded", "superseded", "active"]
    assert now_of(home, longer).version == 3
    assert faults(home) == []


def test_two_publishers_at_once_end_it_once(home):
    made = suspended(home)
    home.clock.now = OVER
    told = at_once([lambda: lapsed(home)] * 4)
    assert sum(told) == 1
    assert now_of(home, made).row_version == 3


def test_a_revocation_at_the_same_moment_wins(home):
    made = suspended(home)
    home.clock.now = OVER
    at_once([lambda: lapsed(home), lambda: change(home, made, "revoke", "penalty")])
    assert now_of(home, made).state == "revoked"
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_an_erased_licence_is_reinstated_like_any_other(home):
    made = suspended(home)
    home.store.tamper("DELETE FROM data_key")
    home.clock.now = OVER
    assert lapsed(home) == 1
    assert outcome(lambda: now_of(home, made)) == "licence_erased"


def test_a_type_that_is_never_suspended_has_no_last_day_either(home):
    made = ask(home, example("real-estate-registration"), key="estate")
    assert outcome(lambda: change(home, made, "suspend", "cancelled", until=TODAY)) == "reason_unknown"
