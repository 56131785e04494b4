"""One licence through any sequence of acts, crashes and publications: a stranger always sees what the model says."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.houses import OwnHouse
from tests.issuer.acts import Killed, change, check, corrected, issued, kill_at, now_of, outcome, renewed

from elicence.issuer.new_version import correct
from elicence.issuer.read import LicenceView

# Written down here once more, so that a slip in the table of the program does not go unseen.
AFTER = {
    ("active", "suspend"): "suspended", ("active", "reinstate"): "active", ("active", "revoke"): "revoked",
    ("suspended", "suspend"): "suspended", ("suspended", "reinstate"): "active", ("suspended", "revoke"): "revoked",
    ("revoked", "revoke"): "revoked",
}  # fmt: skip
VERDICT = {"active": "valid", "suspended": "suspended", "revoked": "revoked", "superseded": "superseded"}
REASONS = ("penalty", "issued_in_error", "annulled")


@dataclass
class Model:
    """What a careful clerk with a sheet of paper would know about one licence."""

    states: dict[int, str] = field(default_factory=lambda: {1: "active"})
    current: int = 1
    taken: int = 1  # the highest version number given out, burnt ones included
    begun: dict[int, int] = field(default_factory=dict)  # version left open by a crash → the version it starts from
    published: dict[int, str] | None = None

    @property
    def state(self) -> str:
        return self.states[self.current]

    def supersede(self, made: int) -> None:
        self.states[made] = self.state
        self.states[self.current] = "superseded"
        self.current = made


class Life(RuleBasedStateMachine):
    """Two processes act on the licence in turn; a third, the stranger, has the published folder and nothing else."""

    house: OwnHouse
    second: OwnHouse
    numbers = count(1)

    @initialize()
    def issue(self) -> None:
        self.model, self.keys = Model(), count()
        self.licence = issued(self.house, next(self.numbers))
        self.credentials = {1: self.licence.credential}

    def key(self) -> str:
        return f"{self.licence.id}-{next(self.keys)}"

    @rule(
        second=st.booleans(),
        action=st.sampled_from(["suspend", "reinstate", "revoke"]),
        reason=st.sampled_from(REASONS),
    )
    def change(self, second: bool, action: str, reason: str) -> None:
        house = self.second if second else self.house
        before = now_of(house, self.licence)
        ended = outcome(lambda: change(house, self.licence, action, None if action == "reinstate" else reason))
        after = AFTER.get((self.model.state, action))
        if after is None:
            assert ended == "transition_not_allowed"
            return
        assert isinstance(ended, LicenceView), ended
        assert ended.state == after
        if self.model.state == after:
            assert (ended.reason, ended.row_version) == (before.reason, before.row_version)
        self.model.states[self.model.current] = after
        if action == "revoke":
            self.model.states = dict.fromkeys(self.model.states, "revoked")

    @rule(second=st.booleans(), phone=st.integers(1000, 9999))
    def correct(self, second: bool, phone: int) -> None:
        house = self.second if second else self.house
        seen = now_of(house, self.licence)
        body = {"claims": {"complaint_phone": str(phone)}}
        self.expect_new_version(outcome(lambda: corrected(house, seen, body, key=self.key())))

    @rule(second=st.booleans())
    def renew(self, second: bool) -> None:
        house = self.second if second else self.house
        seen = now_of(house, self.licence)
        ended = outcome(lambda: renewed(house, seen, key=self.key()))
        self.expect_new_version(ended)
        if isinstance(ended, LicenceView):
            assert ended.valid_from == seen.valid_from
            assert ended.valid_until > seen.valid_until

    def expect_new_version(self, ended: object) -> None:
        if self.model.state == "revoked":
            assert ended == "transition_not_allowed"
            return
        assert isinstance(ended, LicenceView), ended
        self.model.taken += 1
        self.model.supersede(self.model.taken)
        assert (ended.version, ended.state) == (self.model.current, self.model.state)
        self.credentials[ended.version] = ended.credential

    @rule()
    def correct_what_has_changed_since(self) -> None:
        seen = now_of(self.house, self.licence)
        ended = outcome(
            lambda: correct(
                self.house.desk, self.house.caller(), self.licence.id, {}, reason="penalty",
                if_version=seen.row_version - 1, idempotency_key=self.key(), now=self.house.clock(),
            )
        )  # fmt: skip
        assert ended == ("transition_not_allowed" if self.model.state == "revoked" else "version_mismatch")

    @precondition(lambda self: self.model.state != "revoked")
    @rule(point=st.sampled_from(["p4", "p6", "p7", "p8", "p9"]))
    def die_while_correcting(self, point: str) -> None:
        seen = now_of(self.house, self.licence)
        with self.house.open_again(at=kill_at(point)) as dying, pytest.raises(Killed):
            corrected(
                OwnHouse(dying, self.house.clock, self.house.settings, self.house.agencies), seen, {}, key=self.key()
            )
        self.model.taken += 1
        self.model.begun[self.model.taken] = self.model.current
        self.house.clock.move(seconds=1)  # the reaper takes the oldest first

    @precondition(lambda self: self.model.begun)
    @rule(second=st.booleans())
    def reap(self, second: bool) -> None:
        self.house.clock.move(seconds=11)
        done = (self.second if second else self.house).assembly.reap()
        finished = 0
        for made, start in sorted(self.model.begun.items()):
            if start == self.model.current and self.model.state != "revoked":
                self.model.supersede(made)
                self.credentials[made] = now_of(self.house, self.licence, made).credential
                finished += 1
        assert (done.finished, done.failed, done.left) == (finished, len(self.model.begun) - finished, 0)
        self.model.begun.clear()

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes: int) -> None:
        self.house.clock.move(minutes=minutes)

    @rule(second=st.booleans())
    def publish(self, second: bool) -> None:
        (self.second if second else self.house).assembly.publish()
        self.model.published = dict(self.model.states)

    @invariant()
    def the_agency_sees_what_the_model_says(self) -> None:
        seen = {number: now_of(self.house, self.licence, number) for number in self.model.states}
        assert {number: each.state for number, each in seen.items()} == self.model.states
        assert {each.current_version for each in seen.values()} == {self.model.current}
        assert {number: each.credential for number, each in seen.items()} == self.credentials

    @precondition(lambda self: self.model.published is not None)
    @invariant()
    def a_stranger_sees_what_was_published_last(self) -> None:
        told = {number: str(check(self.house, text).verdict) for number, text in self.credentials.items()}
        # A version younger than the list stands on it unmarked.
        assert told == {number: VERDICT[self.model.published.get(number, "active")] for number in self.credentials}

    def teardown(self) -> None:
        """Whatever happened: once everything is finished and published, everybody agrees."""
        if not hasattr(self, "model"):
            return
        if self.model.begun:
            self.reap(second=False)
        self.publish(second=True)
        self.a_stranger_sees_what_was_published_last()
        good = [number for number, state in self.model.states.items() if state in ("active", "suspended")]
        assert good == ([] if self.model.state == "revoked" else [self.model.current])


def test_a_stranger_always_sees_what_the_model_says(home: OwnHouse) -> None:
    examples = 14 if home.store.cluster is None else 6
    with home.open_again() as other:
        bound = {"house": home, "second": OwnHouse(other, home.clock, home.settings, home.agencies, home.store)}
        run_state_machine_as_test(
            type("BoundLife", (Life,), bound),
            settings=settings(
                max_examples=examples, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
