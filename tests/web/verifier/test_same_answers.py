"""Python and the browser's verifier answer alike: every row of the corpus, every vector, and tokens made by dice."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests import forge
from tests.verifier import test_bundle, test_decode
from tests.verifier.scene import now_of, policy_of, rows
from tests.web.verifier.cases import Cases, b64
from tests.web.verifier.mutations import TIMES, VALUES, mutated

from elicence.errors import FormatError, TrustFault
from elicence.formats.frame import decode_frame
from elicence.verifier.bundle import open_bundle
from elicence.verifier.decode import decode
from elicence.verifier.policy import Policy
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verdicts import Verdict

SITES = (forge.BASE, forge.BASE.upper(), f"{forge.BASE}.evil", f"{forge.BASE}:8443", "http://localhost")
VECTORS = Path(__file__).parents[2] / "vectors" / "qr-frame"
ROOT = Path(__file__).parents[3]
NEEDS_PRESENTATIONS = {Verdict.CODE_TIMED_OUT, Verdict.CODE_REUSED}
PHOTO_PASS = {"licence": {"type": "photo-pass"}}


@cache
def status_token(recipe: str) -> str:
    return forge.status_token(json.loads(recipe))


@cache
def trusted_list(recipe: str) -> bytes:
    return forge.trusted_list(json.loads(recipe))


def scene_number(cases: Cases, scene: Mapping[str, Any]) -> int:
    status = scene.get("status", {})
    url = f"{forge.BASE}/status/{status.get('issuer', 'city')}/3"
    return cases.scene(
        trusted_list=trusted_list(json.dumps(scene.get("trust", {}))),
        roots=forge.roots(),
        opened_at=forge.NOW,
        tokens={} if status.get("absent") else {url: status_token(json.dumps(status))},
        documents={(slug, 1): document for slug, document in forge.TYPES.items()},
        dictionaries={1: forge.DICTIONARY},
    )


def test_every_row_of_the_corpus_and_its_twin_get_the_same_report(tmp_path: Path) -> None:
    cases = Cases()
    verdicts = set()
    scenes = [(str(row), scene) for row in rows("token", "status", "qr") for scene in (row.case, row.twin)]
    for name, scene in [*scenes, ("photo pass", PHOTO_PASS)]:
        text = scene["text"] if "text" in scene else forge.licence(scene.get("licence"))
        verdicts.add(cases.verify(name, text, scene_number(cases, scene), now=now_of(scene), policy=policy_of(scene)))
    assert len(cases.questions) > 500
    assert cases.differences(tmp_path) == []
    # The corpus leads to every verdict but those that only a code shown by a phone can bring about.
    assert set(Verdict) - NEEDS_PRESENTATIONS <= verdicts


def test_a_foreign_code_is_named_alike_and_never_opened(tmp_path: Path) -> None:
    cases = Cases()
    token = forge.licence()
    texts = [text for text, _ in test_decode.LOOKS]
    texts += [
        token,
        forge.frame(token),
        *(f"{site}/v#{forge.frame(token)}" for site in SITES),
        *(f"{site}/v/000G-40R4-0M3S" for site in SITES),
        "000g 40r4 0m3s\r\n",
        "x" * 7000,
        "1" * 200,
    ]
    for text in texts:
        expected: dict[str, Any]
        try:
            found = decode(text, {1: forge.DICTIONARY}, registry=forge.BASE)
            read = {"code": found.code} if found.jws_text is None else {"token": found.jws_text}
            expected = {"kind": found.kind, **read, "elsewhere": found.elsewhere}
        except FormatError as fault:
            looks = fault.facts.get("looks_like")
            expected = {"kind": "unreadable", "reason": fault.code}
            if looks is not None:
                expected = {"kind": "foreign", "looksLike": looks}
        question = {"text": text, "dictionaries": {"1": b64(forge.DICTIONARY)}, "registry": forge.BASE}
        cases.ask(text[:40], "decode", question, expected)
    assert cases.differences(tmp_path) == []


@pytest.mark.parametrize("file", ["valid", "invalid"])
def test_every_vector_of_the_qr_frame_is_read_alike(file: str, tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / f"{file}.json").read_text("utf-8"))
    dictionaries = {
        int(number): bytes.fromhex(source["hex"]) if "hex" in source else (ROOT / source["file"]).read_bytes()
        for number, source in vectors["dictionaries"].items()
    }
    cases = Cases()
    for vector in vectors["cases"]:
        url = f"{forge.BASE}/v#{vector['digits']}"
        try:
            token = decode_frame(vector["digits"], dictionaries)
            expected = {"kind": "licence_url", "token": token, "elsewhere": False}
        except FormatError as fault:
            expected = {"kind": "unreadable", "reason": fault.code}
        # As part of a URL the white space around a text is dropped, and wide digits are plain ones.
        if (
            vector["digits"] == vector["digits"].strip()
            and vector["digits"].isascii()
            and len(vector["digits"]) <= 4296
        ):
            shown = {str(number): b64(data) for number, data in dictionaries.items()}
            cases.ask(vector["name"], "decode", {"text": url, "dictionaries": shown}, expected)
    assert len(cases.questions) >= (10 if file == "valid" else 25)
    assert cases.differences(tmp_path) == []


def test_trusted_lists_are_believed_and_refused_alike(tmp_path: Path) -> None:
    cases = Cases()
    for row in rows("trust"):
        for scene in (row.case, row.twin):
            document = trusted_list(json.dumps(scene.get("trust") or {}))
            roots, seen = forge.roots(scene.get("threshold", 1)), scene.get("newest_seen", 0)
            try:
                opened = open_trusted_list(document, parse_roots(roots), now=now_of(scene), newest_seen=seen)
                expected: dict[str, Any] = {"version": opened.version}
            except TrustFault as fault:
                expected = {"fault": fault.code}
            question = {"document": b64(document), "roots": b64(roots), "now": now_of(scene).isoformat()}
            cases.ask(str(row), "trusted_list", question | {"newestSeen": seen}, expected)
    assert len(cases.questions) > 50
    assert cases.differences(tmp_path) == []


def test_bundles_are_believed_and_refused_alike(tmp_path: Path) -> None:
    hostile = [
        make()
        for test in (test_bundle.test_what_is_no_bundle_is_refused,)
        for make, code in test.pytestmark[0].args[1]  # type: ignore[attr-defined]
        if code != "trust_too_large"
    ]
    changed = []
    for change in test_bundle.test_a_part_taken_out_put_in_or_changed_is_noticed.pytestmark[0].args[1]:  # type: ignore[attr-defined]
        document = json.loads(test_bundle.bundle())
        change(document)
        changed.append(forge.dumps(document))
    good = test_bundle.bundle()
    cases = Cases()
    for number, document in enumerate([good, *hostile, *changed, test_bundle.bundle(roots=("stranger",))]):
        ask_bundle(cases, f"bundle {number}", document)
    made = forge.NOW - timedelta(minutes=10)
    ask_bundle(cases, "seen before", good, newest_bundle=made)
    ask_bundle(cases, "older", good, newest_bundle=made + timedelta(seconds=1))
    ask_bundle(cases, "older list", good, newest_seen=8)
    ask_bundle(cases, "two roots", good, threshold=2)
    assert len(cases.questions) > 40
    assert cases.differences(tmp_path) == []


def ask_bundle(cases: Cases, name: str, document: bytes, *, threshold: int = 1, **more: Any) -> None:
    roots, now = forge.roots(threshold), forge.NOW
    try:
        opened = open_bundle(document, parse_roots(roots), now=now, **more)
        expected: dict[str, Any] = {
            "version": opened.trust.version,
            "issued_at": opened.issued_at.timestamp(),
            "expires_at": opened.expires_at.timestamp(),
        }
    except TrustFault as fault:
        expected = {"fault": fault.code}
    newest = more.get("newest_bundle")
    state = {"newestSeen": more.get("newest_seen", 0), "newestBundle": None if newest is None else newest.isoformat()}
    question = {"document": b64(document), "roots": b64(roots), "now": now.isoformat(), **state}
    cases.ask(name, "bundle", question, expected)


def edges() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Recipes at both sides of every bound of a credential."""
    for member in ("/validFrom", "/validUntil"):
        yield from ((f"{member} {text}", {"set": {member: text}}) for text in TIMES)
    person = {"kind": "person", "name": "王"}
    for count in (0, 1, 64, 65):
        yield f"{count} holders", {"set": {"/credentialSubject/holders": [person] * count}}
    for count in (200, 201):
        yield f"{count} claims", {"set": {"/credentialSubject/claims": {f"c{number}": 1 for number in range(count)}}}
    for own in ("X", "*", "*X", "**2x", "002X", "ß", "**ß", "😀😀", "1101**********002X"):
        holder = [person | {"idScheme": "CN-RIC", "id": own}]
        yield f"holder {own}", {"set": {"/credentialSubject/holders": holder}}
    for depth in range(14, 19):
        value: Any = 1.5
        for _ in range(depth):
            value = [value]
        yield f"depth {depth}", {"set": {"/credentialSubject/claims/goods": value}}
    for pointer in ("/iat", "/credentialSubject/version"):
        yield from ((f"{pointer} {number}", {"set": {pointer: value}}) for number, value in enumerate(VALUES))


def test_both_sides_of_every_bound_are_judged_alike(tmp_path: Path) -> None:
    cases = Cases()
    for name, recipe in edges():
        token = forge.licence(recipe)
        for tail in ("2X", "002X", "SS") if name.startswith("holder") else ("2X",):
            policy = Policy(id_tail=tail)
            cases.verify(name, token, scene_number(cases, {}), now=forge.NOW, policy=policy, languages=("en",))
    assert cases.differences(tmp_path) == []


SCENES: tuple[Mapping[str, Any], ...] = (
    {}, {}, {},
    *({"status": {"values": {"94567": value}}} for value in (1, 2, 3)),
    {"status": {"absent": True}},
    {"status": {"issuer": "port"}},
    {"status": {"set": {"/iat": forge.T0 - 2 * forge.DAY}}},
    {"status": {"set": {"/iat": forge.T0 - 8 * forge.DAY, "/exp": forge.T0 + 1}}},
    {"status": {"lst": "cut"}},
    {"trust": {"set": {"/environment": "demo"}}},
)  # fmt: skip
MOMENTS = (0, 0, 0, 0, -forge.DAY * 2, forge.DAY * 6, forge.DAY * 20, forge.DAY * 3650, 0.5)
POLICIES = (
    *(Policy() for _ in range(6)),
    Policy(paper=True),
    Policy(id_tail="002X"),
    Policy(id_tail="0000"),
    Policy(expected_type="market-stall"),
    Policy(expected_type="nothing-known", environment="production"),
    Policy(accept_test=True, max_status_age=timedelta(minutes=5)),
)


def compared(count: int, seed: int, place: Path) -> Counter[str]:
    """How often each verdict came up; a difference fails."""
    cases = Cases()
    dice = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for name, text in mutated(count, seed):
        verdicts[
            cases.verify(
                name,
                text,
                scene_number(cases, dice.choice(SCENES)),
                now=forge.NOW + timedelta(seconds=dice.choice(MOMENTS)),
                policy=dice.choice(POLICIES),
                languages=(dice.choice(("zh-CN", "en")),),
            )
        ] += 1
    assert cases.differences(place) == []
    return verdicts


def test_tokens_made_by_dice_get_the_same_report(tmp_path: Path) -> None:
    verdicts = compared(2_000, 4711, tmp_path)
    # The dice reach every verdict that a code credential can have, so no reader was left unasked.
    assert set(Verdict) - NEEDS_PRESENTATIONS <= set(verdicts)


@pytest.mark.soak
def test_many_tokens_made_by_dice_get_the_same_report(tmp_path: Path) -> None:
    count, seed = int(os.environ.get("TOKENS", "10000")), int(os.environ.get("SEED", str(random.randrange(10**6))))
    print(f"seed {seed}")
    verdicts = compared(count, seed, tmp_path)
    print(f"{count} tokens, the same report from both: {dict(verdicts.most_common())}")
