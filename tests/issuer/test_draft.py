"""What is fixed before a licence gets its place: numbers, instants, the exact bytes, and how dense its code is."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.assembly import NOON, example
from tests.issuer.acts import ESTATE, TAX, ask, food, outcome

from elicence.errors import RequestError
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.jws import assemble
from elicence.formats.qr import symbol_version
from elicence.formats.vc_jwt import decode_payload
from elicence.issuer.draft import Draft, check_body, check_density, draft_version, signing_bytes
from elicence.licences.licence_identifier import parse
from elicence.registry.status import StatusSlot


def draft_of(home, body: dict, **more) -> Draft:
    asked = {"verb": "issue", "licence_id": "lic_01m82v7m00e008000000000000", "now": home.clock()} | more
    return draft_version(home.desk, home.caller(), check_body(home.desk, body), **asked)


def payload_of(home, draft: Draft, slot: StatusSlot) -> dict:
    return json.loads(base64.urlsafe_b64decode(signing_bytes(home.desk, draft, slot).partition(b".")[2] + b"=="))


SLOT = StatusSlot(3, 94_567)


def test_the_same_draft_at_the_same_place_is_the_same_bytes(sqlite_home):
    draft = draft_of(sqlite_home, food())
    assert signing_bytes(sqlite_home.desk, draft, SLOT) == signing_bytes(sqlite_home.desk, draft, SLOT)
    assert signing_bytes(sqlite_home.desk, draft, SLOT) != signing_bytes(sqlite_home.desk, draft, StatusSlot(3, 94_568))


def test_instants_are_the_first_and_last_second_of_the_days_in_the_zone_of_the_type(sqlite_home):
    draft = draft_of(sqlite_home, food())
    assert draft.begins.isoformat() == "2026-03-01T00:00:00+08:00"
    assert draft.ends.isoformat() == "2031-02-28T23:59:59+08:00"
    seattle = draft_of(sqlite_home, example(TAX) | {"valid_from": "2026-07-01", "valid_until": "2026-12-31"})
    assert seattle.begins.isoformat() == "2026-07-01T00:00:00-07:00"
    assert seattle.ends.isoformat() == "2026-12-31T23:59:59-08:00"


def test_the_moment_of_issue_is_a_whole_second(sqlite_home):
    now = NOON + timedelta(microseconds=987_654)
    draft = draft_of(sqlite_home, food(), now=now)
    assert draft.issued_at == NOON
    assert payload_of(sqlite_home, draft, SLOT)["iat"] == NOON.timestamp()


def test_status_is_named_for_the_purposes_the_type_knows(sqlite_home):
    listed = payload_of(sqlite_home, draft_of(sqlite_home, food()), SLOT)["credentialStatus"]
    base = "https://e.example.gov/status/housing/3"
    assert [(each["statusPurpose"], each["statusListCredential"]) for each in listed] == [
        ("revocation", f"{base}/revocation"),
        ("suspension", f"{base}/suspension"),
    ]
    assert {each["statusListIndex"] for each in listed} == {"94567"}
    estate = payload_of(sqlite_home, draft_of(sqlite_home, example(ESTATE)), SLOT)["credentialStatus"]
    assert [each["statusPurpose"] for each in estate] == ["revocation"]


def test_only_what_the_type_puts_into_the_code_stands_in_it_and_ids_are_masked(sqlite_home):
    body = example(ESTATE, "two-owners")
    told = payload_of(sqlite_home, draft_of(sqlite_home, body), SLOT)
    rules = json.loads(sqlite_home.desk.catalogue.get(ESTATE).document)["claims"]
    shown = set(told["credentialSubject"]["claims"])
    assert shown == {name for name in body["claims"] if rules[name].get("code")}
    assert not [name for name in shown if rules[name]["disclosure"] == "closed"]
    assert [each["id"] for each in told["credentialSubject"]["holders"]] == ["1101**********002X", "4405**********0014"]
    assert "11010519491231002X" not in json.dumps(told)


def test_the_bytes_read_back_as_the_same_credential(sqlite_home):
    draft = draft_of(sqlite_home, food())
    raw = signing_bytes(sqlite_home.desk, draft, SLOT)
    credential = decode_payload(base64.urlsafe_b64decode(raw.partition(b".")[2] + b"=="))
    assert (credential.issuer, credential.valid_from, credential.valid_until) == (
        draft.issuer,
        draft.begins,
        draft.ends,
    )
    assert credential.subject.licence_identifier == draft.identifier
    assert {(each.purpose, each.index) for each in credential.status} == {("revocation", 94567), ("suspension", 94567)}


@pytest.mark.parametrize(
    ("number", "serial"),
    [
        ("JY14403050000012", "JY14403050000012"),
        ("京(2026)海淀区不动产权第0012345号", None),
    ],
)
def test_the_serial_of_the_identifier_is_the_number_or_part_of_its_digest(sqlite_home, number, serial):
    body = food() | {"number": number} if number.startswith("JY") else example(ESTATE) | {"number": number}
    identifier, warnings = parse(draft_of(sqlite_home, body).identifier)
    assert identifier.serial == (serial or hashlib.sha256(number.encode()).hexdigest()[:20].upper())
    assert identifier.issuer_uscc == sqlite_home.agencies["housing"].uscc
    assert (identifier.version, warnings) == (1, ())


def test_numbers_of_versions_reach_999(sqlite_home):
    assert parse(draft_of(sqlite_home, food(), version=999).identifier)[0].version == 999


# Density


def limited(draft: Draft, limit: int) -> Draft:
    """The draft under a type that allows a version of at most `limit`."""
    licence_type = draft.checked.licence_type
    budget = replace(licence_type.code_budget, max_version=limit)
    return replace(draft, checked=replace(draft.checked, licence_type=replace(licence_type, code_budget=budget)))


def test_the_limit_is_the_version_of_the_code_with_the_longest_place_there_is(sqlite_home):
    draft = draft_of(sqlite_home, food())
    text = assemble(signing_bytes(sqlite_home.desk, draft, StatusSlot(9_999, 131_071)), bytes(64))
    digits = encode_frame(text, 1, sqlite_home.desk.dictionaries[1])
    version = symbol_version(licence_url(sqlite_home.desk.base_url, digits), level="M")
    check_density(sqlite_home.desk, limited(draft, version))
    with pytest.raises(RequestError) as raised:
        check_density(sqlite_home.desk, limited(draft, version - 1))
    assert raised.value.code == "qr_too_dense"
    assert (raised.value.facts["version"], raised.value.facts["allowed"]) == (version, version - 1)
    assert len(raised.value.facts["longest"]) == 3


def test_a_code_of_no_possible_version_is_too_dense_too(sqlite_home):
    body = example(ESTATE, "company")
    draft = draft_of(sqlite_home, body)
    claims = dict(draft.checked.claims) | {
        "location": "".join(chr(0x4E00 + 7 * n % 20_000) for n in range(3000)),
    }
    too_long = replace(draft, checked=replace(draft.checked, claims=claims))
    with pytest.raises(RequestError, match="over 40") as raised:
        check_density(sqlite_home.desk, too_long)
    assert raised.value.facts["longest"][0] == "location"


def test_every_licence_that_passes_fits_its_code(sqlite_home):
    for number, size in enumerate((10, 60, 100, 120)):
        text = "".join(chr(0x4E00 + (number * 997 + 37 * n) % 20_000) for n in range(size))
        body = food(number)
        body["claims"] |= {"registered_address": text, "business_premises": text[::-1]}
        made = outcome(lambda body=body, number=number: ask(sqlite_home, body, key=f"k{number}"))
        if made == "qr_too_dense":
            continue
        digits = encode_frame(made.credential, 1, sqlite_home.desk.dictionaries[1])
        assert symbol_version(licence_url(sqlite_home.desk.base_url, digits), level="M") <= 19


def test_a_clock_of_another_zone_says_the_same(sqlite_home):
    other = datetime.fromisoformat("2026-11-23T12:00:00+08:00")
    assert other == NOON
    here, there = (draft_of(sqlite_home, food(), now=now) for now in (NOON.astimezone(UTC), other))
    there = replace(there, verification_code=here.verification_code)
    assert signing_bytes(sqlite_home.desk, here, SLOT) == signing_bytes(sqlite_home.desk, there, SLOT)
