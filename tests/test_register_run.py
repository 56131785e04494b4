"""1,000 licences of a real register: issued, drawn as QR codes, read from the pictures, verified by a stranger."""

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from pathlib import Path

from tests.assembly import BASE_URL, House, house
from tests.register import requests_from_register

from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.qr import make_symbol, png
from elicence.issuer.issue import issue
from elicence.issuer.read import LicenceView
from elicence.verifier.images import read_codes
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify

ROWS = 1_000
PIXELS = 2  # a module, so that a picture is quickly drawn and read
BATCH = 50

Seen = tuple[str, str | None, int]


def issued(built: House) -> list[LicenceView]:
    """The first rows of the register, asked for by many callers at once."""
    caller = built.caller()

    def ask(body: dict) -> LicenceView:
        answer = issue(built.desk, caller, body, idempotency_key=body["number"], now=built.clock())
        assert isinstance(answer, LicenceView)
        return answer

    with ThreadPoolExecutor(16) as callers:
        return list(callers.map(ask, requests_from_register(ROWS)))


def seen_by_a_stranger(published: Path, now: datetime, credentials: list[str]) -> list[Seen]:
    """Verdict, licence number and QR version of each, through a picture and the published folder. Runs in a process
    of its own, because drawing a code takes longer than everything else together."""
    roots = parse_roots((published / "roots.json").read_bytes())
    trust = open_trusted_list((published / "trusted-list.json").read_bytes(), roots, now=now)
    sources = PublishedDirectory(published)
    seen = []
    for credential in credentials:
        symbol = make_symbol(licence_url(BASE_URL, encode_frame(credential, 1, sources.dictionaries()[1])))
        (text,) = read_codes(png(symbol, PIXELS))
        report = verify(text, trust=trust, sources=sources, now=now)
        seen.append((str(report.verdict), report.face and report.face.number, symbol.version))
    return seen


def test_each_of_a_thousand_real_licences_is_read_from_its_picture_and_valid(tmp_path: Path) -> None:
    start = time.monotonic()
    with house(tmp_path, None) as built:
        licences = issued(built)
        built.assembly.publish()
    asked = time.monotonic() - start
    credentials = [licence.credential for licence in licences]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as strangers:
        answers = [
            strangers.submit(
                seen_by_a_stranger, built.settings.published_dir, built.clock(), credentials[at : at + BATCH]
            )
            for at in range(0, ROWS, BATCH)
        ]
        seen = chain.from_iterable(answer.result() for answer in answers)
        verdicts, numbers, versions = zip(*seen, strict=True)
    valid, took = Counter(verdicts)["valid"], time.monotonic() - start
    print(f"{valid} of {ROWS} valid, QR versions {dict(sorted(Counter(versions).items()))}; "
          f"issued in {asked:.1f} s, all in {took:.1f} s")  # fmt: skip
    assert Counter(verdicts) == {"valid": ROWS}
    assert list(numbers) == [body["number"] for body in requests_from_register(ROWS)]
