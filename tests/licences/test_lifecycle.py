import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import Conflict
from elicence.licences.lifecycle import (
    Action,
    LicenceState,
    Move,
    allowed_actions,
    move,
    status_value,
    strongest,
    successor_state,
)

S, A = LicenceState, Action

EXPECTED = {
    (S.ACTIVE, A.SUSPEND): S.SUSPENDED,
    (S.ACTIVE, A.REINSTATE): S.ACTIVE,
    (S.ACTIVE, A.REVOKE): S.REVOKED,
    (S.ACTIVE, A.RENEW): S.SUPERSEDED,
    (S.ACTIVE, A.CORRECT): S.SUPERSEDED,
    (S.SUSPENDED, A.SUSPEND): S.SUSPENDED,
    (S.SUSPENDED, A.REINSTATE): S.ACTIVE,
    (S.SUSPENDED, A.REVOKE): S.REVOKED,
    (S.SUSPENDED, A.RENEW): S.SUPERSEDED,
    (S.SUSPENDED, A.CORRECT): S.SUPERSEDED,
    (S.SUPERSEDED, A.REVOKE): S.REVOKED,
    (S.REVOKED, A.REVOKE): S.REVOKED,
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("action", A)
def test_every_pair_of_state_and_action_is_decided(state, action):
    after = EXPECTED.get((state, action))
    if after is not None:
        assert move(state, action) == Move(after, changed=after is not state)
        return
    with pytest.raises(Conflict) as caught:
        move(state, action)
    assert caught.value.code == "transition_not_allowed"
    assert caught.value.facts["allowed"] == [str(each) for each in allowed_actions(state)]
    assert str(state) in caught.value.message


@given(st.lists(st.sampled_from(A)))
def test_no_sequence_of_actions_leaves_the_table_or_leaves_revoked(actions):
    state, was_revoked = S.ACTIVE, False
    for action in actions:
        try:
            state = move(state, action).state
        except Conflict:
            continue
        assert state in S
        assert not (was_revoked and state is not S.REVOKED)
        was_revoked = was_revoked or state is S.REVOKED


def test_revoking_is_possible_from_every_state_and_repeats_quietly():
    assert all(move(state, A.REVOKE).state is S.REVOKED for state in S)
    assert not move(S.REVOKED, A.REVOKE).changed
    assert allowed_actions(S.REVOKED) == (A.REVOKE,)


def test_a_new_version_inherits_suspension_and_revoked_licences_have_no_successor():
    assert successor_state(S.ACTIVE) is S.ACTIVE
    assert successor_state(S.SUSPENDED) is S.SUSPENDED
    for state in (S.REVOKED, S.SUPERSEDED):
        with pytest.raises(Conflict):
            successor_state(state)


def test_status_values_fit_two_bits_and_differ():
    assert {state: status_value(state) for state in S} == {S.ACTIVE: 0, S.REVOKED: 1, S.SUSPENDED: 2, S.SUPERSEDED: 3}


def test_the_strongest_state_wins():
    assert strongest([S.ACTIVE, S.SUSPENDED]) is S.SUSPENDED
    assert strongest([S.SUPERSEDED, S.SUSPENDED]) is S.SUPERSEDED
    assert strongest(reversed(S)) is S.REVOKED
    assert strongest([]) is S.ACTIVE
