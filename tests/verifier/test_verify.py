"""Whatever is scanned, verify answers; and only a whole genuine licence is accepted."""

import hashlib
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import forge
from tests.verifier.scene import judge, sources_of, trust_of

from elicence.licences.licence_type import parse_licence_type
from elicence.verifier import published
from elicence.verifier.report import Outcome, Report, Verdict
from elicence.verifier.sources import MemorySources
from elicence.verifier.verify import verify

TRUST = trust_of({})
SOURCES = sources_of({})
TOKEN = forge.licence()
URL = f"{forge.BASE}/v#{forge.frame(TOKEN)}"


def check(text: str) -> Report:
    return verify(text, trust=TRUST, sources=SOURCES, now=forge.NOW)


def test_the_genuine_licence_is_valid_in_every_form() -> None:
    for text in (TOKEN, URL, forge.frame(TOKEN), f"{URL}\r\n"):
        assert check(text).verdict is Verdict.VALID


def test_no_prefix_of_a_genuine_token_is_accepted() -> None:
    for end in range(len(TOKEN)):
        report = check(TOKEN[:end])
        assert not report.accepted
        assert report.face is None


def test_no_prefix_of_a_genuine_code_is_accepted() -> None:
    for end in range(len(URL)):
        assert not check(URL[:end]).accepted


def test_no_single_bit_flip_of_a_genuine_token_is_accepted_or_shows_anything() -> None:
    data = TOKEN.encode("ascii")
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            report = check(flipped.decode("latin-1"))
            assert not report.accepted, (position, bit)
            assert report.face is None
            assert report.issuer is None


def test_no_changed_digit_of_a_genuine_code_is_accepted() -> None:
    start = URL.index("#") + 1
    dice = random.Random(4711)
    for position in range(start, len(URL)):
        other = dice.choice([digit for digit in "0123456789" if digit != URL[position]])
        assert not check(URL[:position] + other + URL[position + 1 :]).accepted


def test_no_single_byte_change_under_the_signature_is_accepted() -> None:
    head, body, tail = TOKEN.split(".")
    payload = forge.unb64(body)
    for position in range(len(payload)):
        changed = payload[:position] + bytes([payload[position] ^ 1]) + payload[position + 1 :]
        assert check(f"{head}.{forge.b64(changed)}.{tail}").verdict is Verdict.TAMPERED


@given(st.text(max_size=400))
@settings(deadline=None)
def test_no_text_raises_or_is_accepted(text: str) -> None:
    assert not check(text).accepted


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_raise_or_are_accepted(data: bytes) -> None:
    assert not check(data.decode("latin-1")).accepted
    assert not check(f"{forge.b64(data)}.{forge.b64(data)}.{forge.b64(data)}").accepted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4),
    max_leaves=12,
)
POINTERS = st.sampled_from(
    ["/@context", "/@context/1", "/type", "/type/1", "/iss", "/issuer", "/iat", "/validFrom", "/credentialStatus",
     "/credentialStatus/0", "/credentialStatus/0/statusListIndex", "/credentialStatus/0/statusListCredential",
     "/credentialSubject", "/credentialSubject/version", "/credentialSubject/holders",
     "/credentialSubject/holders/0", "/credentialSubject/claims/area", "/extra"]
)  # fmt: skip


@given(POINTERS, JSON)
@settings(max_examples=300, deadline=None)
def test_whatever_an_agency_signs_in_place_of_a_member_never_raises(pointer: str, value: object) -> None:
    # Signed genuinely: only the shape is at fault. The one claim that may be any integer stays acceptable.
    report = check(forge.licence({"set": {pointer: value}}))
    assert (
        not report.accepted
        or (pointer == "/credentialSubject/claims/area" and isinstance(value, int | float))
        or (pointer == "/credentialSubject/version" and isinstance(value, int))
    )


@given(JSON)
@settings(deadline=None)
def test_whatever_a_list_key_signs_never_raises_and_never_confirms(value: object) -> None:
    token = forge.status_token({"set": {"/status_list": value}})
    sources = MemorySources(
        tokens={f"{forge.BASE}/status/city/3": token},
        documents={(slug, 1): document for slug, document in forge.TYPES.items()},
    )
    assert verify(TOKEN, trust=TRUST, sources=sources, now=forge.NOW).verdict is Verdict.STATUS_UNKNOWN


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_in_place_of_a_status_list_raises_or_confirms(text: str) -> None:
    sources = MemorySources(
        tokens={f"{forge.BASE}/status/city/3": text},
        documents={(slug, 1): document for slug, document in forge.TYPES.items()},
    )
    assert verify(TOKEN, trust=TRUST, sources=sources, now=forge.NOW).reason == "list_bad"


def test_the_malleable_twin_of_a_signature_gets_the_same_verdict() -> None:
    # RFC 7518 does not ask for low s, so both are genuine; nothing may be keyed by the text of a token.
    twin = forge.licence({"sign": "twin"})
    assert check(twin).verdict is Verdict.VALID
    assert judge({"licence": {"sign": "twin"}, "status": {"values": {"94567": 1}}}).verdict is Verdict.REVOKED


def test_every_report_names_every_check_and_those_not_reached_are_skipped() -> None:
    for text in ("", "a.b", TOKEN[:200], forge.licence({"sign": "stranger"}), TOKEN):
        report = check(text)
        assert len({each.name for each in report.checks}) == len(report.checks) == 18
        reached = [each.outcome is not Outcome.SKIPPED for each in report.checks]
        assert any(reached)
        for each in report.checks:
            assert (each.reason is None) == (each.outcome in (Outcome.PASSED, Outcome.SKIPPED))


def test_a_type_file_that_is_absent_or_changed_is_never_green() -> None:
    tokens = {f"{forge.BASE}/status/city/3": forge.status_token()}
    for documents, reason in (
        ({}, "type_document_absent"),
        ({("market-stall", 1): forge.TYPES["market-stall"] + b" "}, "type_document_changed"),
        ({("market-stall", 1): forge.TYPES["paper-pass"]}, "type_document_changed"),
    ):
        sources = MemorySources(tokens=tokens, documents=documents)
        report = verify(TOKEN, trust=TRUST, sources=sources, now=forge.NOW)
        assert (report.verdict, report.reason, report.face) == (Verdict.UNSUPPORTED, reason, None)


def test_a_pinned_file_must_describe_the_type_it_is_pinned_for() -> None:
    paper = forge.TYPES["paper-pass"]
    trust = trust_of({"trust": {"set": {"/types/0/type_sha256": hashlib.sha256(paper).hexdigest()}}})
    tokens = {f"{forge.BASE}/status/city/3": forge.status_token()}
    sources = MemorySources(tokens=tokens, documents={("market-stall", 1): paper})
    licence = forge.licence({"set": {"/type/1": "PaperPass"}})
    report = verify(licence, trust=trust, sources=sources, now=forge.NOW)
    assert (report.verdict, report.reason) == (Verdict.UNSUPPORTED, "type_document_changed")


def test_a_pinned_file_this_reader_cannot_read_is_unsupported() -> None:
    newer = b'{"slug":"market-stall","version":1,"form":"of another time"}'
    trust = trust_of({"trust": {"set": {"/types/0/type_sha256": hashlib.sha256(newer).hexdigest()}}})
    report = verify(TOKEN, trust=trust, sources=MemorySources(documents={("market-stall", 1): newer}), now=forge.NOW)
    assert (report.verdict, report.reason) == (Verdict.UNSUPPORTED, "type_unknown")


def test_verifying_needs_three_foreign_packages_and_no_more() -> None:
    code = (
        "import sys; import elicence.verifier.verify, elicence.verifier.trust, elicence.verifier.sources;"
        "print(*{m.partition('.')[0] for m in sys.modules if not m.startswith('_')} - sys.stdlib_module_names)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # cffi comes with cryptography; typing_extensions with PyJWT on Python 3.10.
    assert set(ran.stdout.split()) <= {"elicence", "cryptography", "jwt", "orjson", "cffi", "typing_extensions"}


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(-1, "not_yet_valid"), (0, "valid"), (1, "valid")],
)
def test_the_first_second_counts(seconds: int, verdict: str) -> None:
    report = judge({"licence": {"set": {"/validFrom": "2026-11-23T16:00:00+08:00"}}, "after": seconds})
    assert report.verdict == verdict


def test_the_whole_last_second_counts() -> None:
    licence = forge.licence({"set": {"/validUntil": "2026-11-23T16:00:00+08:00"}})
    for microseconds, verdict in ((0, "valid"), (999_999, "valid"), (1_000_000, "expired")):
        now = forge.NOW + timedelta(microseconds=microseconds)
        assert verify(licence, trust=TRUST, sources=SOURCES, now=now).verdict == verdict


def test_a_list_is_opened_once_and_its_verdict_follows_every_new_text() -> None:
    published._status_list.cache_clear()
    licences = [forge.licence() for _ in range(5)]
    for text in licences:
        assert check(text).verdict is Verdict.VALID
    assert published._status_list.cache_info().misses == 1
    assert judge({"status": {"values": {"94567": 1}}}).verdict is Verdict.REVOKED
    assert check(licences[0]).verdict is Verdict.VALID


def test_a_kept_list_is_not_believed_under_another_name_or_key() -> None:
    assert check(TOKEN).verdict is Verdict.VALID
    port = forge.licence({"issuer": "port", "type": "harbour-permit"})
    sources = MemorySources(
        tokens={f"{forge.BASE}/status/port/3": forge.status_token()},
        documents={("harbour-permit", 1): forge.TYPES["harbour-permit"]},
    )
    report = verify(port, trust=TRUST, sources=sources, now=forge.NOW)
    assert (report.verdict, report.reason) == (Verdict.STATUS_UNKNOWN, "list_untrusted")


def test_every_cut_of_a_status_list_is_not_checked() -> None:
    token = forge.status_token()
    documents = {(slug, 1): document for slug, document in forge.TYPES.items()}
    for end in range(len(token)):
        sources = MemorySources(tokens={f"{forge.BASE}/status/city/3": token[:end]}, documents=documents)
        report = verify(TOKEN, trust=TRUST, sources=sources, now=forge.NOW)
        assert report.verdict is Verdict.STATUS_UNKNOWN


def test_every_cut_of_the_compressed_list_is_corrupt() -> None:
    whole = forge.compressed(bytes(forge.LIST_SIZE // 4), "zlib 9")
    for end in range(1, len(whole)):
        report = judge({"status": {"set": {"/status_list/lst": forge.b64(whole[:end])}}})
        assert (report.verdict, report.reason) == (Verdict.STATUS_UNKNOWN, "list_corrupt")


def test_the_shipped_types_are_known_to_the_verifier() -> None:
    files = sorted((Path(__file__).parents[2] / "standards").glob("*/v*.json"))
    assert files
    for file in files:
        licence_type = parse_licence_type(file.read_bytes(), file=file.name)
        assert {rule.kind for rule in licence_type.claims.values()} <= {
            "string",
            "integer",
            "boolean",
            "array",
            "object",
        }
