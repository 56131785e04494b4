"""What one office asks of a licence code: how fresh its status must be, which type, and whose."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

__all__ = ["Policy"]

_ID_TAIL: Final = re.compile(r"[0-9A-Z]{2,18}")
_MOST_LEEWAY: Final = timedelta(minutes=5)
_MOST_CLOCK_OFF: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one verification.

    A status list older than `max_status_age` cannot confirm that a licence is in force; older than `hard_status_age`
    it does not even let the holder's data be shown. `leeway` allows for clocks that differ, at most five minutes; it
    never stretches a licence's own validity. `clock_off` is by how much the clock that gave the time is known to be
    off, below zero behind; by more than five minutes, no date can be judged. `expected_type` is the slug asked for;
    `id_tail` the last characters of the holder's identifier as typed at the counter. `accept_test` lets test keys pass
    (training rooms).
    `environment="production"` refuses everything under a demonstration's trusted list. `paper` says that the code was
    read from paper, which anybody may hold.
    """

    max_status_age: timedelta = timedelta(hours=24)
    hard_status_age: timedelta = timedelta(days=7)
    leeway: timedelta = timedelta(seconds=60)
    clock_off: timedelta = timedelta(0)
    expected_type: str | None = None
    id_tail: str | None = None
    accept_test: bool = False
    environment: Literal["production", "demo"] | None = None
    paper: bool = False

    def __post_init__(self) -> None:
        if not timedelta(0) < self.max_status_age <= self.hard_status_age:
            raise ValueError("max_status_age must be above zero and not above hard_status_age")
        if not timedelta(0) <= self.leeway <= _MOST_LEEWAY:
            raise ValueError("leeway must lie between zero and five minutes")
        if self.id_tail is not None and not _ID_TAIL.fullmatch(self.id_tail):
            raise ValueError("id_tail must be 2 to 18 digits or capital letters")

    @property
    def clock_is_off(self) -> bool:
        """Whether the clock is known to be wrong by more than can be allowed for."""
        return abs(self.clock_off) > _MOST_CLOCK_OFF
