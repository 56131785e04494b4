"""Notices clients that ask for what is not theirs, beside the calls and without a trace in any answer.

What was answered "not there" is only noted. Whether it is there and another agency's is looked up a second later, for
all of it alike, so that no answer takes longer for what exists. Of each client an event is written at once and then at
most every ten minutes, with counts: noting costs memory that is bounded, and writing a bounded number of rows.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from elicence.errors import ElicenceError
from elicence.issuer.denied import Asked, owners_elsewhere, record_denials
from elicence.issuer.desk import Caller, Desk

__all__ = ["EVERY", "LOOK_EVERY", "Denials"]

EVERY: Final = timedelta(minutes=10)
"""How often an event of one client is written at most."""
LOOK_EVERY: Final = 1.0
_MOST_CLIENTS: Final = 1024
_MOST_THINGS: Final = 256
"""Different ids kept of one client; of more than so many the rest is not counted."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger("elicence.api")


@dataclass(slots=True)
class _Noted:
    """Of one client: what it asked for since the last look, and what of that was another agency's."""

    caller: Caller
    asked: dict[str, Asked] = field(default_factory=dict)
    found: dict[str, dict[str, Asked]] = field(default_factory=dict)
    next_at: datetime = _LONG_AGO


class Denials:
    """Notes on the event loop, looks and writes in a thread."""

    def __init__(self, desk: Desk, clock: Callable[[], datetime], threads: Executor) -> None:
        self._desk, self._clock, self._threads = desk, clock, threads
        self._clients: dict[str, _Noted] = {}
        self._ticking = False
        self._looking: Future[None] | None = None
        self._closed = False

    def note(self, caller: Caller, thing: str, *, change: bool) -> None:
        """Something was asked for and answered as not there. Called on the event loop."""
        client_id = str(caller.client_id)
        noted = self._clients.get(client_id)
        if noted is None:
            if len(self._clients) >= _MOST_CLIENTS:
                self._forget_quiet_ones()
            if len(self._clients) >= _MOST_CLIENTS:
                return
            noted = self._clients[client_id] = _Noted(caller)
        if len(noted.asked) < _MOST_THINGS or thing in noted.asked:
            noted.asked[thing] = noted.asked.get(thing, Asked()) + Asked(not change, change)
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._tick)

    def close(self) -> None:
        """Writes what is still noted. Called when no call is under way any more."""
        self._closed = True
        if self._looking is not None:
            wait([self._looking])  # it holds what it took
        self._settle(self._taken(), last=True)

    def _tick(self) -> None:
        if self._closed:
            return
        if self._looking is None or self._looking.done():
            self._looking = self._threads.submit(self._settle, self._taken())
        waiting = any(noted.asked or noted.found for noted in self._clients.values())
        self._ticking = waiting or not self._looking.done()
        if self._ticking:
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._tick)

    def _taken(self) -> list[tuple[_Noted, Mapping[str, Asked]]]:
        taken: list[tuple[_Noted, Mapping[str, Asked]]] = []
        for noted in self._clients.values():
            asked, noted.asked = noted.asked, {}
            taken.append((noted, asked))
        return taken

    def _settle(self, taken: list[tuple[_Noted, Mapping[str, Asked]]], *, last: bool = False) -> None:
        """Looks up what was asked for, and writes events that are due."""
        now = self._clock()
        for noted, asked in taken:
            try:
                if asked:
                    _add(noted.found, owners_elsewhere(self._desk, noted.caller, asked))
                if noted.found and (last or now >= noted.next_at):
                    record_denials(self._desk, noted.caller, noted.found, now=now)
                    noted.found, noted.next_at = {}, now + EVERY
            except ElicenceError as error:
                _log.error("%s", error)

    def _forget_quiet_ones(self) -> None:
        now = self._clock()
        self._clients = {
            client_id: noted
            for client_id, noted in self._clients.items()
            if noted.asked or noted.found or noted.next_at > now
        }


def _add(found: dict[str, dict[str, Asked]], more: Mapping[str, Mapping[str, Asked]]) -> None:
    """Counts on; beyond many different things only those already known are counted."""
    for agency_id, things in more.items():
        known = found.setdefault(agency_id, {})
        for thing, asked in things.items():
            if thing in known or sum(map(len, found.values())) < _MOST_THINGS:
                known[thing] = known.get(thing, Asked()) + asked
