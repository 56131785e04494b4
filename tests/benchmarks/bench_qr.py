"""How large the QR codes of the shipped examples are, and how long writing, reading and drawing them takes.

    python tests/benchmarks/bench_qr.py

Each valid example of `standards/` becomes a whole code credential with a signature-like 64 bytes, for a host of 17 and
one of 40 characters. Goal at level M: version 18 and 19 at most.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_encode
from elicence.formats.frame import decode_frame, encode_frame, licence_url
from elicence.formats.jws import assemble, signing_input
from elicence.formats.qr import make_symbol, symbol_version
from elicence.formats.vc_jwt import BASE_CONTEXT, CodeCredential, StatusEntry, encode_payload, header
from elicence.licences.catalogue import Catalogue
from elicence.licences.face import subject_of
from elicence.licences.licence_identifier import LicenceIdentifier
from elicence.licences.request import check_request
from elicence.licences.validity import instants

STANDARDS = Path(__file__).parents[2] / "standards"
DICTIONARY = (STANDARDS / "qr/dictionary-1.bin").read_bytes()
HOSTS = {17: "licences.city.gov", 40: "licences.public-services.example-city.cn"}
GOALS = {17: 18, 40: 19}
ISSUED_AT = datetime(2026, 11, 23, 3, 17, 42, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measured:
    """One example with one host."""

    example: str
    host_length: int
    jws: str
    digits: str
    url: str
    version: int


def noise(seed: str, length: int) -> bytes:
    """Bytes as hard to compress as a signature or a thumbprint, the same on every run."""
    return hashlib.shake_256(seed.encode()).digest(length)


def jws_of(path: Path, catalogue: Catalogue, host: str) -> str:
    """The code credential of one example request, as an agency of this host would issue it."""
    body = json.loads(path.read_text("utf-8"))
    licence_type = catalogue.get(body["type"])
    checked = check_request(licence_type, body)
    did = f"did:web:{host}:a:market-admin"
    serial = "".join(each for each in checked.number.upper() if each.isascii() and each.isalnum())
    identifier = LicenceIdentifier.build(licence_type.code, "11440305MB2C1A0X5T", serial=serial, version=1)
    begins, ends = instants(licence_type.validity.time_zone, checked.valid_from, checked.valid_until)
    purposes = ("revocation", "suspension") if licence_type.changes.suspension else ("revocation",)
    index = int.from_bytes(noise(path.name, 2)) + 40_000
    lists = f"https://{host}/status/market-admin/1"
    credential = CodeCredential(
        contexts=(BASE_CONTEXT, f"https://{host}/ns/{licence_type.slug}/v{licence_type.version}"),
        vc_type=licence_type.vc_type,
        issuer=did,
        issued_at=ISSUED_AT,
        valid_from=begins,
        valid_until=ends,
        status=tuple(StatusEntry(purpose, index, f"{lists}/{purpose}") for purpose in purposes),
        subject=subject_of(licence_type, checked, licence_identifier=str(identifier), version=1),
    )
    kid = f"{did}#{b64url_encode(noise('key', 32))}"
    return assemble(signing_input(header(kid), encode_payload(credential)), noise(path.name, 64))


def measure() -> Iterator[Measured]:
    """Every valid example with every host."""
    catalogue = Catalogue.load(STANDARDS)
    for path in sorted(STANDARDS.glob("*/examples/valid-*.json")):
        for length, host in HOSTS.items():
            jws = jws_of(path, catalogue, host)
            digits = encode_frame(jws, 1, DICTIONARY)
            url = licence_url(f"https://{host}", digits)
            name = f"{path.parent.parent.name}/{path.stem.removeprefix('valid-')}"
            yield Measured(name, length, jws, digits, url, symbol_version(url))


def plain_version(jws: str) -> str:
    """The version the bare JWS would need in byte mode."""
    try:
        return str(symbol_version(jws))
    except FormatError:
        return "none"


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """The best of `runs` single runs."""
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1000


def main() -> int:
    """Print both tables; 1 if a goal is missed."""
    rows = list(measure())
    print(f"dictionary 1: {len(DICTIONARY)} bytes\n")
    print(f"{'example':58} {'host':>4} {'JWS':>5} {'digits':>6} {'version':>7} {'goal':>4} {'bare JWS':>8}")
    for row in rows:
        print(
            f"{row.example:58} {row.host_length:4} {len(row.jws):5} {len(row.digits):6} {row.version:6}M "
            f"{GOALS[row.host_length]:4} {plain_version(row.jws):>8}"
        )
    worst = max(rows, key=lambda row: len(row.digits))
    print(f"\n{'largest':20} {'ms':>8}")
    print(f"{'write the frame':20} {milliseconds(lambda: encode_frame(worst.jws, 1, DICTIONARY), 50):8.2f}")
    print(f"{'read the frame':20} {milliseconds(lambda: decode_frame(worst.digits, {1: DICTIONARY}), 200):8.2f}")
    print(f"{'find the version':20} {milliseconds(lambda: symbol_version(worst.url), 20):8.2f}")
    print(f"{'draw the symbol':20} {milliseconds(lambda: make_symbol(worst.url), 3):8.2f}")
    return int(any(row.version > GOALS[row.host_length] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
