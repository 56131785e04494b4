"""How often one may call: by client, and by address where nobody says who they are (`limits`, fixed windows).

Counted in this process: several processes allow as many times more. An IPv6 address counts as its /64, which is what
one household or office is given.
"""

import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from elicence.errors import CallRefused

__all__ = ["DEFAULT_RATES", "Allowance", "Attempt", "Limits", "Rates"]


class Attempt(Protocol):
    """Counts one call of an address at a door, `codes` if none is named; None if it may go on, else the seconds to
    wait.
    """

    def __call__(self, address: str, door: str = "codes", /) -> int | None:
        """Counts it."""


_SWEEP: Final = 4096


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a minute: of each client by its rate class, and of each address at the doors that ask nobody's name."""

    clients: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"standard": 6_000, "bulk": 600_000})
    )  # fmt: skip
    tokens: int = 120
    verifications: int = 600
    codes: int = 20


DEFAULT_RATES: Final = Rates()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of an allowance of `limit` a minute, and in how many seconds it is whole again."""

    name: str
    limit: int
    left: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        return [
            (b"ratelimit-policy", b'"%b";q=%d;w=60' % (self.name.encode(), self.limit)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self.name.encode(), self.left, self.reset)),
        ]


class Limits:
    """Counts calls; `CallRefused` rate_limited with the seconds to wait when an allowance is used up."""

    def __init__(self, clock: Callable[[], datetime], rates: Rates = DEFAULT_RATES) -> None:
        self._windows = _Windows(clock)
        self._limiter = FixedWindowRateLimiter(self._windows)
        self._clients = {name: RateLimitItemPerMinute(count) for name, count in rates.clients.items()}
        self._by_address = {
            name: RateLimitItemPerMinute(getattr(rates, name)) for name in ("tokens", "verifications", "codes")
        }

    def client(self, client_id: str, rate_class: str) -> Allowance:
        """One call of a client."""
        return self._count(self._clients.get(rate_class, self._clients["standard"]), "client", client_id)

    def address(self, name: str, address: str) -> Allowance:
        """One call of an address at the door `name`: tokens, verifications or codes."""
        return self._count(self._by_address[name], name, _network(address))

    def attempt(self, address: str, door: str = "codes", /) -> int | None:
        """One look-up of a verification code, or a call at another door: None if it may go on, else seconds to wait."""
        try:
            self.address(door, address)
        except CallRefused as refused:
            return int(str(refused.facts["retry_after"]))
        return None

    def _count(self, item: RateLimitItem, name: str, who: str) -> Allowance:
        within = self._limiter.hit(item, name, who)
        left, reset = self._windows.standing(item.key_for(name, who), item.amount)
        if not within:
            raise CallRefused(
                "rate_limited", f"Not more than {item.amount} calls a minute; come again in {reset} seconds.",
                retry_after=reset,
            )  # fmt: skip
        return Allowance(name, item.amount, left, reset)


class _Windows(Storage):
    """Counters of the current window by key. The library's own store in memory starts a thread for every call."""

    STORAGE_SCHEME: list[str] | None = ["elicence-windows"]  # noqa: RUF012  (the library's own declaration)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweep_at = _SWEEP
        self._counting = threading.Lock()  # pages count from threads of their own

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._clock().timestamp()
        with self._counting:
            count, ends = self._counts.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + expiry
                self._sweep(now)
            self._counts[key] = count + amount, ends
        return count + amount

    def standing(self, key: str, amount: int) -> tuple[int, int]:
        """What is left, and the seconds until the window ends, at least one."""
        count, ends = self._counts.get(key, (0, 0.0))
        return max(0, amount - count), max(1, int(ends - self._clock().timestamp() + 0.999))

    def get(self, key: str) -> int:
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > self._clock().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, self._clock().timestamp()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        count = len(self._counts)
        self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Forgets windows that have ended, whenever the counters have doubled since."""
        if len(self._counts) >= self._sweep_at:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
            self._sweep_at = max(_SWEEP, 2 * len(self._counts))


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(parsed)
