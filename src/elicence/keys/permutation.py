"""A keyed permutation of the places of a status list, so that the order of issuing does not show in the index.

A Feistel network over just the bits that the size needs (two halves, the left one a bit wider if their number is odd),
with HMAC-SHA-256 as its round function; values beyond a size that is no power of two are walked on until one lies
inside (Black and Rogaway, "Ciphers with arbitrary finite domains"). Ten rounds as in NIST SP 800-38G, because the
halves are short. The secret of a list must never change: two secrets could give one place to two licences.
"""

import hmac

__all__ = ["permute"]

_ROUNDS = 10


def permute(secret: bytes, list_id: str, counter: int, size: int = 131_072) -> int:
    """The place of the `counter`-th entry of a list; for counters 0 to size - 1 every place comes exactly once."""
    if not 0 <= counter < size:
        raise ValueError("the counter of a status list lies beyond its size")
    bits = max((size - 1).bit_length(), 2)
    place = counter
    while True:
        place = _encipher(secret, f"{list_id}\x00{size}".encode(), place, bits)
        if place < size:
            return place


def _encipher(secret: bytes, tweak: bytes, value: int, bits: int) -> int:
    narrow = bits // 2
    wide = bits - narrow
    left, right = value >> narrow, value & ((1 << narrow) - 1)
    for turn in range(_ROUNDS):
        digest = hmac.digest(secret, bytes([turn]) + right.to_bytes(8, "big") + tweak, "sha256")
        # The halves change places, so in an even number of rounds each gets its own width back.
        width = narrow if turn % 2 else wide
        left, right = right, left ^ (int.from_bytes(digest[:8], "big") & ((1 << width) - 1))
    return left << narrow | right
