"""The states of a licence version and the only table that says how they change.

`move` answers for the version that is acted on. Correcting or renewing supersedes it; the new version starts in
`successor_state`, so that a suspended licence stays suspended through a correction. Revoked is terminal, and revoking
reaches superseded versions too. Repeating a change that already holds is allowed and changes nothing. "Expired" is
computed from the time and never stored. Instants and reasons belong to the registry, not here.

>>> move(LicenceState.ACTIVE, Action.SUSPEND)
Move(state=<LicenceState.SUSPENDED: 'suspended'>, changed=True)
>>> move(LicenceState.REVOKED, Action.REVOKE).changed
False
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from elicence.errors import Conflict

__all__ = ["Action", "LicenceState", "Move", "allowed_actions", "move", "status_value", "strongest", "successor_state"]


class LicenceState(StrEnum):
    """What the registry stores about one licence version."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    """The only verbs that change a licence once it is issued."""

    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"
    RENEW = "renew"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class Move:
    """The state after the action, and whether that is another one than before."""

    state: LicenceState
    changed: bool


_TABLE: Mapping[LicenceState, Mapping[Action, LicenceState]] = MappingProxyType(
    {
        LicenceState.ACTIVE: MappingProxyType(
            {
                Action.SUSPEND: LicenceState.SUSPENDED,
                Action.REINSTATE: LicenceState.ACTIVE,
                Action.REVOKE: LicenceState.REVOKED,
                Action.RENEW: LicenceState.SUPERSEDED,
                Action.CORRECT: LicenceState.SUPERSEDED,
            }
        ),
        LicenceState.SUSPENDED: MappingProxyType(
            {
                Action.SUSPEND: LicenceState.SUSPENDED,
                Action.REINSTATE: LicenceState.ACTIVE,
                Action.REVOKE: LicenceState.REVOKED,
                Action.RENEW: LicenceState.SUPERSEDED,
                Action.CORRECT: LicenceState.SUPERSEDED,
            }
        ),
        LicenceState.SUPERSEDED: MappingProxyType({Action.REVOKE: LicenceState.REVOKED}),
        LicenceState.REVOKED: MappingProxyType({Action.REVOKE: LicenceState.REVOKED}),
    }
)

# Token Status List values (draft-ietf-oauth-status-list §7.1): 0 VALID, 1 INVALID, 2 SUSPENDED, 3 application-specific.
_STATUS_VALUES: Mapping[LicenceState, int] = MappingProxyType(
    {LicenceState.ACTIVE: 0, LicenceState.REVOKED: 1, LicenceState.SUSPENDED: 2, LicenceState.SUPERSEDED: 3}
)

_STRENGTH = (LicenceState.ACTIVE, LicenceState.SUSPENDED, LicenceState.SUPERSEDED, LicenceState.REVOKED)


def allowed_actions(state: LicenceState) -> tuple[Action, ...]:
    """The actions the table knows for this state, in the order of `Action`."""
    return tuple(action for action in Action if action in _TABLE[state])


def move(state: LicenceState, action: Action) -> Move:
    """What the action makes of the version; `Conflict` `transition_not_allowed` names the state and what it allows."""
    after = _TABLE[state].get(action)
    if after is None:
        allowed = [str(each) for each in allowed_actions(state)]
        raise Conflict(
            "transition_not_allowed",
            f"The licence version is {state}; {action} is not possible, only {', '.join(allowed)}.",
            state=str(state),
            action=str(action),
            allowed=allowed,
        )
    return Move(after, changed=after is not state)


def successor_state(state: LicenceState) -> LicenceState:
    """The first state of the version that supersedes one in `state`: a suspension is inherited."""
    move(state, Action.CORRECT)
    return state


def status_value(state: LicenceState) -> int:
    """The two-bit value in a Token Status List."""
    return _STATUS_VALUES[state]


def strongest(states: Iterable[LicenceState]) -> LicenceState:
    """The state that wins where several meet: revoked beats superseded beats suspended beats active."""
    return max(states, key=_STRENGTH.index, default=LicenceState.ACTIVE)
