"""Named points at which a test may kill the process.

An act calls `desk.at("p7")` when it passes point 7. In service that does nothing; a fault test plugs in a function
that ends the process there without any clean-up, and then looks whether the promises still hold. The points of issuing:

    p1 request read     p4 first commit        p7 signed              p10 second commit
    p2 idempotency row  p5 lint of exact bytes p8 verified            p11 before the answer
    p3 intent and index p6 before the signer   p9 credential, log     p12 answer half given (doors)

A change of status has no signature: it passes p1, p9 (rows written, not committed), p11 and p12.
"""

from typing import Final

__all__ = ["CRASH_POINTS", "pass_by"]

CRASH_POINTS: Final = tuple(f"p{number}" for number in range(1, 13))


def pass_by(point: str) -> None:
    """The hook of a process in service: nothing happens."""
