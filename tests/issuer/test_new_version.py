"""Renewing and correcting: what is kept, what is extended, who is superseded, and what is refused without a trace."""

import json
import os
import shutil
from datetime import date, timedelta

import pytest
from tests.assembly import NOON, STANDARDS, example, grant, new_agency
from tests.issuer.acts import (
    ESTATE,
    FOOD,
    TAX,
    ask,
    change,
    check,
    corrected,
    food,
    issued,
    nothing_changes,
    now_of,
    outcome,
    problems,
    refused,
    renewed,
    verdict,
)

from elicence.accounts.grants import GrantRequest, add_grant
from elicence.issuer.desk import Caller
from elicence.issuer.new_version import correct, renew
from elicence.issuer.read import LicenceView, history

PHONE = {"claims": {"complaint_phone": "12345"}}


# Correcting


def test_a_correction_replaces_what_it_names_and_keeps_the_rest(home):
    first = issued(home)
    home.clock.move(days=3)
    second = corrected(home, first, PHONE)
    assert second.claims == first.claims | {"complaint_phone": "12345"}
    kept = ("id", "number", "holders", "valid_from", "valid_until", "region", "external_ref", "type_version")
    assert [getattr(second, name) for name in kept] == [getattr(first, name) for name in kept]
    assert (second.version, second.current_version, second.supersedes, second.state) == (2, 2, 1, "active")
    assert second.verification_code != first.verification_code
    assert (second.status_list, second.status_index) != (first.status_list, first.status_index)
    assert second.licence_identifier != first.licence_identifier
    before = now_of(home, first, 1)
    assert (before.state, before.reason, before.credential) == ("superseded", "superseded", first.credential)
    home.assembly.publish()
    assert (verdict(home, first), verdict(home, second)) == ("superseded", "valid")
    assert check(home, second.credential).face.claims["complaint_phone"] == "12345"


def test_a_claim_set_to_null_goes_and_one_never_there_may_be_set_to_null(home):
    first = issued(home)
    with_phone = corrected(home, first, {"claims": {"contact_phone": "0755-1234567"}})
    without = corrected(home, with_phone, {"claims": {"contact_phone": None, "food_safety_manager": None}})
    assert without.claims == first.claims


def test_a_required_claim_cannot_be_taken_away(home):
    first = issued(home)
    with refused(home, "validation_failed") as raised:
        corrected(home, first, {"claims": {"complaint_phone": None}})
    assert problems(raised.value) == {("/claims/complaint_phone", "field_missing")}


def test_a_correction_of_nothing_is_a_new_version_all_the_same(home):
    assert corrected(home, issued(home), {}).version == 2


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"number": "JY10000000000009"}, {("/number", "field_unknown")}),
        ({"type": FOOD}, {("/type", "field_unknown")}),
        ({"type_version": 1}, {("/type_version", "field_unknown")}),
        ({"external_ref": "X-1"}, {("/external_ref", "field_unknown")}),
        ({"colour": "red", "shape": 1}, {("/colour", "field_unknown"), ("/shape", "field_unknown")}),
        ({"claims": {"colour": "red"}}, {("/claims/colour", "field_unknown")}),
        ({"claims": []}, {("/claims", "wrong_kind")}),
        ({"claims": None}, {("/claims", "wrong_kind")}),
        ({"claims": {"main_format": 7}}, {("/claims/main_format", "wrong_kind")}),
        ({"holders": []}, None),
        ({"valid_until": "2031-03-01"}, {("/valid_until", "period")}),
        ({"valid_from": "2026-03-02"}, {("/valid_until", "period")}),
    ],
)
def test_a_correction_is_checked_like_a_whole_request(sqlite_home, body, found):
    first = issued(sqlite_home)
    with refused(sqlite_home, "validation_failed") as raised:
        corrected(sqlite_home, first, body)
    assert found is None or problems(raised.value) == found


def test_a_wrong_check_character_the_agency_once_insisted_on_is_not_questioned_again(home):
    body = food(accept_check_digit=True)
    body["holders"][0]["id"] = "92440305MA9C2Y1R5M"
    first = ask(home, body)
    assert corrected(home, first, PHONE).holders == first.holders


def test_a_new_holder_with_a_wrong_check_character_is_refused_unless_insisted_on(home):
    first = issued(home)
    holders = [{"kind": "organization", "name": "甲", "id_scheme": "CN-USCC", "id": "92440305MA9C2Y1R5M"}]
    with refused(home, "check_digit_wrong"):
        corrected(home, first, {"holders": holders})
    assert corrected(home, first, {"holders": holders, "accept_check_digit": True}).holders[0].name == "甲"


@pytest.mark.parametrize("reason", [None, "because", "", "x" * 10_000])
def test_a_correction_needs_a_reason_of_the_type(sqlite_home, reason):
    first = issued(sqlite_home)
    with refused(sqlite_home, "reason_unknown"):
        corrected(sqlite_home, first, PHONE, reason=reason)


def test_a_corrected_region_is_the_region_from_then_on(home):
    second = corrected(home, issued(home), {"region": "440306"})
    assert second.region == "440306"
    assert corrected(home, second, PHONE).region == "440306"
    assert now_of(home, second, 1).region == "440305"


def test_a_correction_to_a_region_outside_the_grant_is_refused(home):
    caller = home.caller("market")
    first = issued(home, slug="market")
    with refused(home, "region_outside"):
        correct(
            home.desk, caller, first.id, {"region": "110108"}, reason="issued_in_error", if_version=1,
            idempotency_key="k", now=home.clock(),
        )  # fmt: skip


@pytest.mark.parametrize("verb", ["correct", "renew"])
def test_an_agency_whose_grant_has_ended_makes_no_new_version(home, verb):
    agency = home.agencies["clinic"] = new_agency(home.assembly, "clinic")
    grant(home.assembly, agency, FOOD, valid_until=NOON + timedelta(days=1))
    first = issued(home, slug="clinic")
    home.clock.move(days=1)
    more = {"if_version": first.row_version, "idempotency_key": "k", "now": home.clock()}
    with refused(home, "grant_expired"):
        if verb == "correct":
            correct(home.desk, Caller(agency), first.id, PHONE, reason="issued_in_error", **more)
        else:
            renew(home.desk, Caller(agency), first.id, {}, **more)


def test_a_correction_too_long_for_the_code_is_refused(home):
    first = issued(home)
    long = "".join(chr(0x4E00 + 37 * n) for n in range(120))
    with refused(home, "qr_too_dense"):
        corrected(home, first, {"claims": {"registered_address": long, "business_premises": long[::-1]}})


# What holds both off


@pytest.mark.parametrize("verb", ["correct", "renew"])
def test_a_revoked_licence_gets_no_new_version(home, verb):
    made = change(home, issued(home), "revoke", "penalty")
    with refused(home, "transition_not_allowed") as raised:
        corrected(home, made, PHONE) if verb == "correct" else renewed(home, made)
    assert raised.value.facts["allowed"] == ["revoke"]


@pytest.mark.parametrize("verb", ["correct", "renew"])
def test_a_licence_that_changed_since_it_was_read_is_read_again_first(home, verb):
    seen = issued(home)
    change(home, seen, "suspend", "penalty")
    with refused(home, "version_mismatch"):
        corrected(home, seen, PHONE) if verb == "correct" else renewed(home, seen)


def test_another_agencys_licence_is_not_found(home):
    made = issued(home)
    for act in (
        lambda: correct(
            home.desk, home.caller("market"), made.id, PHONE, reason="issued_in_error", if_version=1,
            idempotency_key="k", now=home.clock(),
        ),
        lambda: renew(
            home.desk, home.caller("market"), made.id, {}, if_version=1, idempotency_key="k", now=home.clock()
        ),
    ):  # fmt: skip
        with nothing_changes(home):
            assert outcome(act) == "licence_not_found"


def test_a_retry_of_a_correction_gets_the_same_version_and_bytes(home):
    first = issued(home)
    second = corrected(home, first, PHONE, key="c")
    with nothing_changes(home):
        again = corrected(home, first, PHONE, key="c")
    assert (again.version, again.credential, again.replayed) == (2, second.credential, True)
    for other in ({"claims": {"complaint_phone": "1"}}, {}):
        with refused(home, "idempotency_key_reused"):
            corrected(home, first, other, key="c")
    with refused(home, "idempotency_key_reused"):
        corrected(home, first, PHONE, key="c", reason="annulled")


def test_a_new_version_inherits_a_suspension_and_its_reason(home):
    suspended = change(home, issued(home), "suspend", "ordered_to_stop")
    second = corrected(home, suspended, PHONE)
    assert (second.state, second.reason) == ("suspended", "ordered_to_stop")
    third = renewed(home, second)
    assert (third.state, third.reason) == ("suspended", "ordered_to_stop")
    home.assembly.publish()
    assert [verdict(home, each) for each in (suspended, second)] == ["superseded"] * 2
    assert verdict(home, third) == "suspended"
    fourth = change(home, third, "reinstate")
    home.assembly.publish()
    assert (fourth.state, verdict(home, fourth)) == ("active", "valid")


def test_a_correction_tells_of_both_versions(home):
    first = issued(home)
    home.clock.move(seconds=1)
    corrected(home, first, PHONE)
    told = {
        (each.verb, each.version, each.from_state, each.to_state, each.reason)
        for each in history(home.desk, home.caller(), first.id)
    }
    assert told == {
        ("issue", 1, None, "active", None),
        ("supersede", 1, "active", "superseded", "superseded"),
        ("correct", 2, None, "active", "issued_in_error"),
    }


# Renewing, by each rule of validity


def test_a_renewal_of_a_fixed_length_keeps_the_first_day_and_adds_the_length(home):
    first = issued(home)
    second = renewed(home, first)
    assert (first.valid_from, first.valid_until) == (date(2026, 3, 1), date(2031, 2, 28))
    assert (second.valid_from, second.valid_until) == (date(2026, 3, 1), date(2036, 2, 29))
    assert renewed(home, second).valid_until == date(2041, 2, 28)
    home.assembly.publish()
    later = timedelta(days=365 * 6)
    home.clock.move(seconds=later.total_seconds())
    home.assembly.publish()
    assert (verdict(home, first), verdict(home, second)) == ("superseded", "superseded")
    assert verdict(home, now_of(home, first)) == "valid"


def test_a_fixed_length_renewed_to_its_own_day_is_good_and_to_another_is_not(home):
    first = issued(home)
    with refused(home, "validation_failed") as raised:
        renewed(home, first, {"valid_until": "2036-03-01"})
    assert problems(raised.value) == {("/valid_until", "period")}
    assert renewed(home, first, {"valid_until": "2036-02-29"}).valid_until == date(2036, 2, 29)


@pytest.mark.parametrize("body", [{"valid_from": "2026-01-01"}, {"claims": {}}, {"valid_until": 7}, {"reason": "x"}])
def test_a_renewal_takes_a_last_day_and_nothing_else(sqlite_home, body):
    made = issued(sqlite_home)
    with refused(sqlite_home, "validation_failed"):
        renewed(sqlite_home, made, body)


def test_a_licence_without_a_last_day_has_nothing_to_extend(home):
    made = ask(home, example(ESTATE, "company"))
    for body in ({}, {"valid_until": "2030-01-01"}):
        with refused(home, "transition_not_allowed"):
            renewed(home, made, body)


def test_a_renewal_never_takes_days_away(home):
    made = ask(home, example(TAX) | {"valid_until": "2027-12-31"})
    for day in ("2027-12-30", "2027-12-31"):
        with refused(home, "validation_failed") as raised:
            renewed(home, made, {"valid_until": day})
        assert problems(raised.value) == {("/valid_until", "before_valid_from")}
    assert renewed(home, made, {"valid_until": "2028-01-01"}).valid_until == date(2028, 1, 1)


def test_a_renewal_without_a_day_does_not_make_a_licence_endless_by_silence(home):
    made = ask(home, example(TAX) | {"valid_until": "2027-12-31"})
    with refused(home, "validation_failed") as raised:
        renewed(home, made, {})
    assert problems(raised.value) == {("/valid_until", "field_missing")}
    assert renewed(home, made, {"valid_until": None}).valid_until is None


RULES = {
    "duration": {"rule": "duration", "time_zone": "Asia/Shanghai", "max_months": 12},
    "until_age": {"rule": "until_age", "time_zone": "Asia/Shanghai", "age": 60, "birth_date_claim": "issue_date"},
}


@pytest.fixture
def home_of_rule(sqlite_home, tmp_path):
    """Food licences under another rule of validity."""
    opened = []

    def build(rule: str):
        standards = tmp_path / "standards"
        shutil.copytree(STANDARDS, standards)
        (standards / "published.lock").unlink()
        path = standards / FOOD / "v1.json"
        path.write_text(
            json.dumps(json.loads(path.read_bytes()) | {"validity": RULES[rule]}, ensure_ascii=False), "utf-8"
        )
        sqlite_home.settings = sqlite_home.settings.model_copy(update={"standards_dir": standards})
        sqlite_home.assembly.close()
        sqlite_home.assembly = sqlite_home.open_again()
        opened.append(sqlite_home.assembly)
        return sqlite_home

    yield build
    for each in opened:
        each.close()


def test_a_duration_is_renewed_by_at_most_its_length_from_the_day_after_the_last(home_of_rule):
    home = home_of_rule("duration")
    first = ask(home, food(valid_from="2026-03-01", valid_until="2026-08-31"))
    for body, found in (
        ({"valid_until": "2027-09-01"}, {("/valid_until", "period")}),
        ({"valid_until": "2026-08-31"}, {("/valid_until", "before_valid_from")}),
        ({}, {("/valid_until", "field_missing")}),
    ):
        with refused(home, "validation_failed") as raised:
            renewed(home, first, body)
        assert problems(raised.value) == found
    second = renewed(home, first, {"valid_until": "2027-08-31"})
    assert (second.valid_from, second.valid_until) == (date(2026, 3, 1), date(2027, 8, 31))
    # A correction afterwards does not measure the days again, though together they are longer than one period.
    assert corrected(home, second, PHONE).valid_until == date(2027, 8, 31)


def test_a_licence_until_an_age_is_not_renewed_beyond_it(home_of_rule):
    home = home_of_rule("until_age")
    body = food(valid_from="2026-03-01")
    del body["valid_until"]
    body["claims"]["issue_date"] = "1980-05-05"
    first = ask(home, body)
    assert first.valid_until == date(2040, 5, 4)
    for wanted in ({}, {"valid_until": "2045-05-04"}):
        with refused(home, "validation_failed"):
            renewed(home, first, wanted)


def test_four_eyes_of_a_younger_grant_hold_for_new_versions_too(home):
    first = issued(home)
    asked = GrantRequest(FOOD, "440305", home.clock(), None, four_eyes=True)
    add_grant(
        home.desk.registry, home.desk.catalogue, home.agencies["housing"], asked, now=home.clock(), entropy=os.urandom
    )
    with refused(home, "four_eyes_required"):
        corrected(home, first, PHONE)
    assert isinstance(now_of(home, first), LicenceView)
