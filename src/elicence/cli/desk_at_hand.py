"""The desk at hand: what the commands need of a registry, be it in a home of this machine or elsewhere.

Two classes are such a desk: `local_desk.LocalDesk` acts by itself, `remote_desk.RemoteDesk` asks a registry over HTTP.
Both answer with the values of this module, so that a command cannot tell them apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from elicence.cli.contexts import chosen_context
from elicence.cli.door import Door
from elicence.cli.failures import usage
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.qr import Level
from elicence.licences.licence_type import LicenceType
from elicence.licences.lifecycle import Action
from elicence.licences.request import Holder

__all__ = ["Change", "Code", "DeskAtHand", "Event", "Licence", "Listed", "Proposal", "Wanted", "Who", "at_hand"]


@dataclass(frozen=True, slots=True)
class Who:
    """On whose behalf a command acts: the agency where several issue, its operator, with test keys or live ones."""

    agency: str | None = None
    operator: str | None = None
    test: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """What the licence's QR code says, and the level of error correction its type asks for."""

    content: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One version of a licence as its agency may see it. Of an erased one there is no code and an empty credential.

    `suspended_until` is the last day of a suspension that has one.
    """

    id: str
    agency: str
    type_slug: str
    type_version: int
    number: str
    licence_identifier: str
    version: int
    current_version: int
    row_version: int
    supersedes: int | None
    state: str
    reason: str | None
    changed_at: datetime
    suspended_until: date | None
    erased: bool
    issued_at: datetime
    valid_from: date
    valid_until: date | None
    region: str | None
    external_ref: str | None
    verification_code: str
    status_list: int
    status_index: int
    replayed: bool
    kid: str
    credential: str
    code: Code | None
    online_code: str
    holders: tuple[Holder, ...]
    claims: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A request that waits for a second operator."""

    id: str
    verb: str
    state: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of the list. One that is still being signed is `pending` and has no version and no days."""

    id: str
    type_slug: str
    number: str
    version: int | None
    row_version: int
    state: str
    valid_from: date | None
    valid_until: date | None
    region: str | None
    external_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done to a licence."""

    id: str
    verb: str
    licence_id: str
    version: int | None
    from_state: str | None
    to_state: str | None
    reason: str | None
    client_id: str | None
    operator_id: str | None
    facts: JsonValue
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which licences to list: of a type, in a state, behind an id, and at most how many (None: all)."""

    type_slug: str | None = None
    state: str | None = None
    after: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Suspend, reinstate or revoke, why, up to which day, and the record version that must still stand."""

    action: Action
    reason: str | None = None
    until: date | None = None
    if_version: int | None = None


class DeskAtHand(Protocol):
    """A registry, seen by one agency. Every method may raise the errors of the tree, the same for the same cause."""

    @property
    def use(self) -> Literal["live", "test"]:
        """Whether what it issues counts."""
        ...

    def issue(self, body: JsonObject, *, key: str) -> Licence | Proposal:
        """Issues; the same `key` and body answer with the same licence."""
        ...

    def read(self, licence_id: str, *, version: int | None = None) -> Licence:
        """The current version or the one named; of an erased licence what remains."""
        ...

    def listed(self, wanted: Wanted) -> Iterator[Listed]:
        """Licences in the order of their making, read page by page as they are taken."""
        ...

    def change(self, licence_id: str, change: Change) -> Licence:
        """Carries out the change."""
        ...

    def renew(self, licence_id: str, body: JsonObject, *, seen: int, key: str) -> Licence | Proposal:
        """A new version with a later last day, if the record version is still the one `seen`."""
        ...

    def correct(self, licence_id: str, body: JsonObject, reason: str, *, seen: int, key: str) -> Licence | Proposal:
        """A new version in which what the body names is replaced, if the record version is still the one `seen`."""
        ...

    def history(self, licence_id: str) -> Sequence[Event]:
        """Everything that was done to the licence, oldest first."""
        ...

    def licence_type(self, licence: Licence) -> LicenceType:
        """The type version of the licence."""
        ...

    def picture(self, licence: Licence, *, scale: int | None) -> bytes:
        """The QR code as a PNG of `scale` pixels a module, as an SVG without."""
        ...


def at_hand(door: Door, who: Who) -> AbstractContextManager[DeskAtHand]:
    """The desk a command is to act at: that of a context if one is named or in use, else the registry of the home.

    A home named with `--home` or `ELICENCE_HOME` wins over the context in use.
    """
    context = chosen_context(door)
    if context is None:
        # Imported where they are needed: a registry elsewhere is asked without loading a database, and vice versa.
        from elicence.cli.local_desk import local_desk

        return local_desk(door, who)
    if who.agency is not None:
        raise usage("the client of a context acts for its own agency; --agency goes with a home", "--agency")
    from elicence.cli.remote_desk import remote_desk

    return remote_desk(door, who, context)
