"""Issuing: what is refused leaves no trace, and what is answered is stored, signed and believed by a stranger."""

import base64
import hashlib
import json
import os
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.assembly import NOON, STANDARDS, TYPES, example, grant, new_agency
from tests.issuer.acts import (
    ESTATE,
    FOOD,
    ask,
    at_once,
    change,
    check,
    corrected,
    food,
    issued,
    meant_bytes,
    now_of,
    problems,
    refused,
    verdict,
)

from elicence.errors import KeyFault, RequestError
from elicence.formats.frame import encode_frame, licence_url
from elicence.issuer.desk import Caller
from elicence.issuer.issue import issue
from elicence.issuer.read import LicenceView, history
from elicence.keys.keyring import Purpose
from elicence.licences.request import request_digest
from elicence.licences.verification_code import parse_code

WRONG_USCC = "92440305MA9C2Y1R5M"


def with_claims(**claims) -> dict:
    body = food()
    return body | {"claims": body["claims"] | claims}


def holder(**changes) -> dict:
    body = food()
    return body | {"holders": [body["holders"][0] | changes]}


REFUSED_BODIES = {
    "a type nobody knows": (food(type="dog-licence"), "type_not_found", set()),
    "a type version nobody knows": (food(type_version=99), "type_not_found", set()),
    "a type version of zero": (food(type_version=0), "type_not_found", set()),
    "no type": ({key: value for key, value in food().items() if key != "type"}, "validation_failed", set()),
    "a type that is a number": (food(type=7), "validation_failed", set()),
    "a type version that is a truth value": (food(type_version=True), "validation_failed", set()),
    "an unknown field": (food(colour="red"), "validation_failed", {("/colour", "field_unknown")}),
    "an unknown claim": (with_claims(colour="red"), "validation_failed", {("/claims/colour", "field_unknown")}),
    "a claim of the wrong kind": (
        with_claims(main_format=7), "validation_failed", {("/claims/main_format", "wrong_kind")}
    ),
    "a claim that is null": (with_claims(issue_date=None), "validation_failed", {("/claims/issue_date", "wrong_kind")}),
    "an unknown kind of holder": (holder(kind="robot"), "validation_failed", None),
    "a holder of a kind the type has not": (holder(kind="person"), "validation_failed", None),
    "no holder": (food(holders=[]), "validation_failed", None),
    "a wrong check character": (holder(id=WRONG_USCC), "check_digit_wrong", {("/holders/0/id", "check_digit_wrong")}),
    "a day that is none": (food(valid_from="2026-02-30"), "validation_failed", None),
    "a number of another form": (food() | {"number": "12"}, "validation_failed", None),
    "a last day the rule does not give": (
        food(valid_until="2031-03-01"), "validation_failed", {("/valid_until", "period")}
    ),
    "two defects at once": (
        with_claims(colour="red") | {"valid_until": "2031-03-01"},
        "validation_failed",
        {("/claims/colour", "field_unknown"), ("/valid_until", "period")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_BODIES)
def test_a_request_that_breaks_a_rule_is_refused_with_every_problem_and_changes_nothing(sqlite_home, case):
    body, code, found = REFUSED_BODIES[case]
    with refused(sqlite_home, code) as raised:
        ask(sqlite_home, body)
    if found is not None:
        assert problems(raised.value) == found


def test_a_refusal_echoes_no_value(sqlite_home):
    for body in (holder(id=WRONG_USCC), with_claims(main_format="CANARY-9"), food(valid_from="CANARY-9")):
        with pytest.raises(RequestError) as raised:
            ask(sqlite_home, body)
        told = f"{raised.value} {raised.value.facts} {raised.value.problems}"
        assert "CANARY-9" not in told
        assert WRONG_USCC not in told


def test_a_wrong_check_character_the_agency_insists_on_is_issued(home):
    made = ask(home, holder(id=WRONG_USCC) | {"accept_check_digit": True})
    home.assembly.publish()
    assert made.holders[0].id == WRONG_USCC
    assert verdict(home, made) == "valid"


# Grants


def test_an_agency_without_a_grant_for_the_type_issues_nothing(home):
    with refused(home, "agency_not_allowed_type"):
        ask(home, example(ESTATE), slug="market")


@pytest.mark.parametrize("region", ["110108", None, "44"])
def test_a_licence_for_a_region_outside_the_grant_is_refused(home, region):
    body = food() if region is None else food(region=region)
    if region is None:
        del body["region"]
    code = "validation_failed" if region == "44" else "region_outside"
    with refused(home, code):
        ask(home, body, slug="market")


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (timedelta(days=-2), timedelta(seconds=0), "grant_expired"),
        (timedelta(days=-2), timedelta(seconds=1), None),
        (timedelta(seconds=1), None, "grant_not_yet"),
        (timedelta(seconds=0), None, None),
    ],
)
def test_a_grant_counts_from_its_first_to_before_its_last_instant(home, begins, ends, code):
    agency = home.agencies["clinic"] = new_agency(home.assembly, "clinic")
    until = None if ends is None else NOON + ends
    grant(home.assembly, agency, FOOD, valid_from=NOON + begins, valid_until=until)
    if code is None:
        assert issued(home, slug="clinic").state == "active"
    else:
        with refused(home, code):
            issued(home, slug="clinic")


def test_a_grant_given_a_moment_ago_counts(home):
    agency = home.agencies["clinic"] = new_agency(home.assembly, "clinic")
    grant(home.assembly, agency, FOOD)
    issued(home, 1, slug="clinic")  # whatever the desk believed about the agency, it has looked at it now
    grant(home.assembly, agency, "degree")
    made = ask(home, example("degree"), key="key-2", slug="clinic")
    home.assembly.publish()
    assert verdict(home, made) == "valid"


def test_an_agency_and_key_made_a_moment_ago_count(home):
    issued(home, 1)
    agency = home.agencies["clinic"] = new_agency(home.assembly, "clinic")
    grant(home.assembly, agency, FOOD)
    made = issued(home, 2, slug="clinic")
    home.assembly.publish()
    assert verdict(home, made) == "valid"


# Types that do not issue


@pytest.fixture
def home_with(home, tmp_path):
    """The house with a version 2 of the food licence in the given state."""
    opened = []

    def build(status: str):
        standards = tmp_path / "standards"
        shutil.copytree(STANDARDS, standards)
        second = json.loads((standards / FOOD / "v1.json").read_bytes()) | {"version": 2, "status": status}
        (standards / FOOD / "v2.json").write_text(json.dumps(second, ensure_ascii=False), "utf-8")
        home.settings = home.settings.model_copy(update={"standards_dir": standards})
        home.assembly.close()
        home.assembly = home.open_again()
        opened.append(home.assembly)
        return home

    yield build
    for each in opened:
        each.close()


def test_a_retired_type_version_issues_no_more(home_with):
    home = home_with("retired")
    with refused(home, "type_version_retired"):
        ask(home, food(type_version=2))
    assert ask(home, food()).type_version == 1


def test_a_draft_of_a_type_issues_nothing_yet(home_with):
    home = home_with("draft")
    with refused(home, "type_not_found"):
        ask(home, food(type_version=2))
    assert ask(home, food()).type_version == 1


def test_the_newest_published_version_issues_where_none_is_named(home_with):
    home = home_with("published")
    made = ask(home, food())
    home.assembly.publish()
    assert made.type_version == 2
    assert verdict(home, made) == "valid"


# The QR code


def test_a_licence_too_long_for_its_code_is_refused_naming_the_longest_claims(home):
    long = "".join(chr(0x4E00 + 37 * n) for n in range(120))
    claims = {"registered_address": long, "business_premises": long[::-1], "warehouse_address": long[:100] + "号" * 20}
    with refused(home, "qr_too_dense") as raised:
        ask(home, with_claims(**claims))
    assert set(raised.value.facts["longest"]) == set(claims)
    assert raised.value.facts["version"] > raised.value.facts["allowed"]
    assert all(name in str(raised.value) for name in claims)
    assert long[:10] not in str(raised.value)


def test_claims_that_stand_in_no_code_do_not_make_it_denser(home):
    long = "".join(chr(0x4E00 + 37 * n) for n in range(400))
    made = ask(home, with_claims(site_check_record=long))
    assert made.claims["site_check_record"] == long
    assert long[:3] not in base64.urlsafe_b64decode(made.credential.split(".")[1] + "==").decode()


# Numbers


def test_a_number_is_issued_once_in_an_agency_and_type(home):
    issued(home, 1)
    with refused(home, "number_taken"):
        ask(home, food(1), key="another")


def test_the_number_of_a_revoked_licence_is_not_given_again(home):
    change(home, issued(home, 1), "revoke", "penalty")
    with refused(home, "number_taken"):
        ask(home, food(1), key="another")


def test_the_same_number_of_another_agency_is_another_licence(home):
    ours, theirs = issued(home, 1), issued(home, 1, slug="market")
    assert ours.number == theirs.number
    assert ours.licence_identifier != theirs.licence_identifier


def test_of_many_requests_for_one_number_exactly_one_is_issued(home):
    results = at_once([lambda n=n: ask(home, food(1), key=f"key-{n}") for n in range(8)])
    assert sum(isinstance(each, LicenceView) for each in results) == 1
    assert [each for each in results if not isinstance(each, LicenceView)] == ["number_taken"] * 7
    assert home.store.counts()["licence"] == home.store.counts()["credential"] == 1


def test_every_licence_has_a_status_index_and_a_verification_code_of_its_own(home):
    made = at_once([lambda n=n: issued(home, n) for n in range(1, 25)])
    assert all(isinstance(each, LicenceView) for each in made), made
    assert len({(each.status_list, each.status_index) for each in made}) == 24
    assert len({parse_code(each.verification_code) for each in made}) == 24
    assert [each.status_index for each in made] != sorted(each.status_index for each in made)


def test_a_verification_code_that_is_taken_is_drawn_again(home):
    """`entropy` gives the first licence and the first try of the second the same seven bytes."""
    drawn: list[int] = []

    def entropy(length: int) -> bytes:
        if length != 7:
            return os.urandom(length)
        drawn.append(length)
        return b"\x11" * 7 if len(drawn) <= 2 else os.urandom(7)

    desk = replace(home.desk, entropy=entropy)
    first, second = (ask(home, food(n), key=f"key-{n}", desk=desk) for n in (1, 2))
    assert first.verification_code != second.verification_code
    assert len(drawn) == 3


# What was answered


def test_the_answer_is_stored_signed_and_good_for_a_stranger_online_and_in_the_code(home):
    made = issued(home)
    home.assembly.publish()
    assert now_of(home, made) == made
    code = licence_url(home.desk.base_url, encode_frame(made.credential, 1, home.desk.dictionaries[1]))
    for text in (made.credential, code):
        report = check(home, text)
        assert report.verdict == "valid"
        assert report.face.number == made.number
        assert report.face.identifier == made.licence_identifier
    assert report.status_as_of == home.clock()


EXAMPLES = [f"{path.parent.parent.name}/{path.stem}" for path in sorted(STANDARDS.glob("*/examples/valid-*.json"))]


@pytest.mark.parametrize("type_slug", EXAMPLES)
def test_every_valid_example_of_every_type_is_issued_and_believed(sqlite_home, type_slug):
    slug, _, name = type_slug.partition("/valid-")
    body = example(slug, name)
    if slug not in TYPES:
        grant(sqlite_home.assembly, sqlite_home.agencies["housing"], slug)
    made = ask(sqlite_home, body)
    sqlite_home.assembly.publish()
    assert made.claims == body["claims"]
    assert list(made.claims) == [name for name in sqlite_home.desk.catalogue.get(slug).claims if name in body["claims"]]
    ended = made.valid_until is not None and made.valid_until < sqlite_home.clock().date()
    found = check(sqlite_home, made.credential)
    assert found.verdict in ({"expired"} if ended else {"valid", "valid_check_id"}), found


def test_issuing_leaves_one_row_of_each_kind_and_an_event_with_who_asked(home):
    before = home.store.counts()
    caller = Caller(home.agencies["housing"], client_id="cli_1", operator_id="opr_1")
    issue(home.desk, caller, food(), idempotency_key="k", now=home.clock())
    after = home.store.counts()
    grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert grown == dict.fromkeys(
        ("licence", "licence_version", "holder", "data_key", "credential", "verification_code", "status_list",
         "status_entry", "idempotency", "intent", "log_entry", "audit_event", "outbox"), 1,
    )  # fmt: skip
    assert home.store.rows("SELECT verb, from_state, to_state, client_id, operator_id FROM audit_event") == [
        ("issue", None, "active", "cli_1", "opr_1")
    ]


def test_a_licence_signed_by_a_test_key_is_never_green_outside_training(home):
    assembly = home.assembly
    keyring = assembly.maker.make_active(
        home.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=home.clock(), use="test"
    )
    assembly.save_keyring(keyring)
    caller = Caller(home.agencies["housing"], use="test")
    made = issue(home.desk, caller, food(), idempotency_key="k", now=home.clock())
    home.assembly.publish()
    assert verdict(home, made) == "test_licence"


def test_an_agency_without_an_active_key_issues_nothing(home):
    with refused(home, "key_state"):
        issue(home.desk, Caller(home.agencies["housing"], use="test"), food(), idempotency_key="k", now=home.clock())


# At rest


CANARIES = {
    "location": "金丝雀路一百零一号密室", "remarks": "备注暗语：知更鸟二七", "mortgage_detail": "抵押暗语：夜莺四四",
    "holder_phone": "+86-139-4471-9902", "purchase_price": "918273.45", "building_area": "7351.93",
    "form_serial": "73519340281",
}  # fmt: skip


def base64_traces(value: bytes) -> list[bytes]:
    """How the value looks inside base64url text, wherever it begins."""
    found = []
    for shift in range(3):
        text = base64.urlsafe_b64encode(b"\0" * shift + value)
        found.append(text[4 if shift else 0 : len(text) // 4 * 4 - 4])
    return found


def test_no_restricted_or_closed_value_lies_in_the_clear_anywhere_in_the_store(home):
    body = example(ESTATE, "two-owners")
    body["claims"] |= CANARIES
    body["holders"][0]["name"] = "绝密持证人甲"
    made = ask(home, body)
    home.clock.move(seconds=1)
    made = corrected(home, made, {"claims": {"seizure_detail": "查封暗语：渡鸦九九"}})
    change(home, made, "revoke", "cancelled")
    home.assembly.publish()
    secrets = [*CANARIES.values(), "查封暗语：渡鸦九九"]
    secrets += [each["name"] for each in body["holders"]] + [each["id"] for each in body["holders"]]
    traces = {secret: [secret.encode(), *base64_traces(secret.encode())] for secret in secrets}
    for table, rows in home.store.everything().items():
        for value in (value for row in rows for value in row):
            held = value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else b""
            assert not [secret for secret, forms in traces.items() if any(form in held for form in forms)], table
    shown = b"110108003012GB00045F00230112"  # an open claim: the search itself works
    seen = False
    for path in home.store.files():
        content = path.read_bytes()
        seen = seen or shown in content
        assert not [secret for secret, forms in traces.items() if any(form in content for form in forms)], path
    assert seen


def test_an_intent_that_waits_for_its_signature_is_sealed_as_well(home):
    body = example(ESTATE, "two-owners")
    desk = replace(home.desk, chest=_NoSigner(home.desk.chest))
    with pytest.raises(KeyFault):
        ask(home, body, desk=desk)
    sealed = home.store.value("SELECT sealed_signing_input FROM intent")
    assert home.store.value("SELECT state FROM intent") == "pending"
    assert not re.search(rb"[A-Za-z0-9_-]{40}\.", bytes(sealed))


class _NoSigner:
    """A chest whose keys are known and cannot be reached."""

    def __init__(self, chest) -> None:
        self._chest = chest

    def __getattr__(self, name):
        return getattr(self._chest, name)

    def signer_by_kid(self, *_, **__):
        raise KeyFault("key_unreadable", "gone")


def test_the_order_of_status_indexes_says_nothing_about_the_order_of_issue(sqlite_home):
    numbers = [issued(sqlite_home, n).status_index for n in range(1, 13)]
    steps = {after - before for before, after in pairwise(numbers)}
    assert len(steps) == 11


def test_a_refused_request_does_not_burn_its_key(home):
    with refused(home, "validation_failed"):
        ask(home, with_claims(colour="red"), key="k")
    assert ask(home, food(), key="k").replayed is False


def test_what_is_stored_of_a_licence_is_what_was_answered(home):
    made = issued(home)
    (digest,) = home.store.rows("SELECT digest FROM credential")
    assert digest == (hashlib.sha256(made.credential.encode()).hexdigest(),)
    signed = made.credential.rpartition(".")[0].encode()
    assert meant_bytes(home, made.id) == signed
    ((digest, state),) = home.store.rows("SELECT digest, state FROM intent")
    assert state == "done"
    # Blinded: whoever has only the store cannot guess a holder's number back from it.
    assert digest != hashlib.sha256(signed).hexdigest()


def test_no_digest_in_the_store_can_be_computed_from_the_request_alone(home):
    body = food()
    issued(home)
    (key,) = home.store.rows("SELECT request_digest FROM idempotency")
    assert request_digest(body) not in key[0]


def test_a_number_the_agency_insists_on_is_recorded_with_its_place_and_without_its_value(home):
    body = food(accept_check_digit=True)
    wrong = body["holders"][0]["id"][:-1] + ("A" if body["holders"][0]["id"][-1] != "A" else "B")
    body["holders"] = [body["holders"][0] | {"id": wrong}]
    made = ask(home, body)
    (noted,) = [each for each in history(home.desk, home.caller(), made.id) if each.verb == "accept"]
    assert json.loads(noted.facts) == {"warnings": [{"pointer": "/holders/0/id", "code": "check_digit_wrong"}]}
    assert wrong not in noted.facts.decode()


def test_a_key_used_in_earnest_is_not_a_key_used_for_tests(home):
    made = issue(home.desk, home.caller(), food(), idempotency_key="both", now=home.clock())
    trial = Caller(home.agencies["housing"], use="test")
    with pytest.raises(RequestError, match="idempotency_key_reused"):
        issue(home.desk, trial, food(), idempotency_key="both", now=home.clock())
    again = issue(home.desk, home.caller(), food(), idempotency_key="both", now=home.clock())
    assert (again.id, again.replayed) == (made.id, True)
