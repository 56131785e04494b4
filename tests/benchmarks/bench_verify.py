"""How long one check takes: `python tests/benchmarks/bench_verify.py`. Times are the best of five rounds."""

import sys
import timeit
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import forge

from elicence.verifier.sources import MemorySources
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify

ROUNDS, TIMES = 5, 500


def microseconds(work: Callable[[], object]) -> float:
    return min(timeit.repeat(work, number=TIMES, repeat=ROUNDS)) / TIMES * 1e6


def main() -> None:
    trust = open_trusted_list(forge.trusted_list(), parse_roots(forge.roots()), now=forge.NOW)
    # One entry in a hundred revoked, spread evenly: a list that compresses as badly as a real one.
    revoked = {str(index): 1 for index in range(0, forge.LIST_SIZE, 97)}
    sources = MemorySources(
        tokens={f"{forge.BASE}/status/city/3": forge.status_token({"values": revoked})},
        documents={(slug, 1): document for slug, document in forge.TYPES.items()},
        dictionaries={1: forge.DICTIONARY},
    )
    genuine = forge.licence()
    scenes = {
        "token": genuine,
        "QR code": f"{forge.BASE}/v#{forge.frame(genuine)}",
        "bad signature": forge.licence({"sign": "stranger"}),
        "unknown issuer": forge.licence(
            {"header": {"set": {"/kid": "did:web:other.example:a:x#y"}}, "sign": "stranger"}
        ),
        "web link": "https://example.org/menu",
    }
    for name, text in scenes.items():
        report = verify(text, trust=trust, sources=sources, now=forge.NOW)
        spent = microseconds(lambda text=text: verify(text, trust=trust, sources=sources, now=forge.NOW))
        print(f"{name:15} {report.verdict:15} {spent:8.1f} µs {1e6 / spent:10,.0f}/s")
    print(f"{'report to JSON':31} {microseconds(lambda: report.to_json('en')):8.1f} µs")


if __name__ == "__main__":
    main()
