"""How often one address may look up verification codes: enough for a counter, too seldom for guessing."""

import ipaddress
from collections.abc import Callable
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["Attempt", "attempts_per_minute"]

Attempt = Callable[[str], int | None]
"""Counts one look-up by an address; None if it may go on, else the seconds after which it surely may."""

PER_MINUTE: Final = 20


def attempts_per_minute(count: int = PER_MINUTE) -> Attempt:
    """Counts in this process; an IPv6 address counts as its /64, which is what one household or office is given."""
    limiter, limit = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(count)

    def attempt(address: str) -> int | None:
        return None if limiter.hit(limit, _network(address)) else int(limit.get_expiry())

    return attempt


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
