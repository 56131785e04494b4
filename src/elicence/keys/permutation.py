"""A keyed permutation of the places of a status list, so that the order of issuing does not show in the index.

A balanced Feistel network over the smallest even number of bits that holds the size, with HMAC-SHA-256 as its round
function; values beyond the size are walked on until one lies inside (Black and Rogaway, "Ciphers with arbitrary finite
domains"). Ten rounds as in NIST SP 800-38G, because the halves are short. The secret of a list must never change: two
secrets could give one place to two licences.
"""

import hmac

__all__ = ["permute"]

_ROUNDS = 10


def permute(secret: bytes, list_id: str, counter: int, size: int = 131_072) -> int:
    """The place of the `counter`-th entry of a list; for counters 0 to size - 1 every place comes exactly once."""
    if not 0 <= counter < size:
        raise ValueError("the counter of a status list lies beyond its size")
    half = ((size - 1).bit_length() + 1) // 2 or 1
    place = counter
    while True:
        place = _encipher(secret, f"{list_id}\x00{size}".encode(), place, half)
        if place < size:
            return place


def _encipher(secret: bytes, tweak: bytes, value: int, half: int) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for turn in range(_ROUNDS):
        digest = hmac.digest(secret, bytes([turn]) + right.to_bytes(8, "big") + tweak, "sha256")
        left, right = right, left ^ (int.from_bytes(digest[:8], "big") & mask)
    return left << half | right
