"""A report is born without acceptance, has no truth value, and shows no more than its verdict allows."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import forge
from tests.verifier.scene import judge

from elicence.verifier.policy import Policy
from elicence.verifier.report import Check, Outcome, Report, Verdict, decide
from elicence.verifier.verdicts import VerdictClass, catalogue

REQUIRED = sorted(catalogue().required)
GOOD = [Check(name, Outcome.PASSED) for name in REQUIRED]


def test_a_report_is_born_without_acceptance() -> None:
    report = Report(checked_at=forge.NOW, checks=())
    assert not report.accepted
    assert report.face is None


def test_a_report_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="not true or false"):
        bool(judge({}))


def test_a_check_is_found_by_name_and_an_unknown_name_is_an_error() -> None:
    assert judge({}).check("signature").outcome is Outcome.PASSED
    with pytest.raises(LookupError):
        judge({}).check("colour")


def test_all_required_checks_passed_is_valid() -> None:
    assert decide(GOOD).verdict is Verdict.VALID
    assert decide([*GOOD, Check("photo_id", Outcome.UNKNOWN, "photo_id_needed")]).verdict is Verdict.VALID_CHECK_ID


@pytest.mark.parametrize("gap", REQUIRED)
@pytest.mark.parametrize("extra", [(), (Check("photo_id", Outcome.UNKNOWN, "photo_id_needed"),)])
def test_a_required_check_that_is_missing_or_skipped_is_never_accepted(gap: str, extra: tuple[Check, ...]) -> None:
    rest = [check for check in GOOD if check.name != gap]
    for checks in ([*rest, *extra], [*rest, Check(gap, Outcome.SKIPPED), *extra]):
        decision = decide(checks)
        assert catalogue().entry(decision.verdict).verdict_class is VerdictClass.CANNOT_DECIDE


def test_no_checks_at_all_are_never_accepted() -> None:
    assert decide([]).verdict is Verdict.UNSUPPORTED


@given(st.lists(st.sampled_from(sorted(catalogue().reasons)), min_size=1, max_size=5), st.booleans())
def test_the_verdict_is_the_first_in_the_catalogue_whatever_the_order_of_checks(
    reasons: list[str], fails: bool
) -> None:
    outcome = Outcome.FAILED if fails else Outcome.UNKNOWN
    troubled = [Check(f"check {n}", outcome, reason) for n, reason in enumerate(reasons)]
    rank = list(Verdict).index
    expected = min((catalogue().reasons[reason] for reason in reasons), key=rank)
    for order in itertools.islice(itertools.permutations([*troubled, *GOOD[:1]]), 6):
        assert decide([*GOOD, *order]).verdict is expected


def test_one_failed_check_among_good_ones_is_never_valid() -> None:
    for reason in [*catalogue().reasons, "made_up", None]:
        if reason != "photo_id_needed":
            decision = decide([*GOOD, Check("extra", Outcome.FAILED, reason)])
            assert catalogue().entry(decision.verdict).verdict_class is not VerdictClass.ACCEPT


def test_the_answer_of_an_accepted_licence_has_every_member() -> None:
    answer = judge({}).to_json("en")
    assert answer["object"] == "verification"
    assert (answer["verdict"], answer["class"], answer["reason"]) == ("valid", "accept", None)
    assert answer["sentence"] == "Signed by City market office, in force, status 10 minutes old."
    assert answer["checked_at"] == "2026-11-23T08:00:00+00:00"
    assert answer["status_as_of"] == "2026-11-23T07:50:00+00:00"
    assert [notice["code"] for notice in answer["notices"]] == ["copy_possible"]
    assert [check["name"] for check in answer["checks"]] == list(catalogue().words["checks"])
    assert answer["licence"] == {
        "type": "market-stall",
        "type_version": 1,
        "title": "Market stall",
        "number": "CANARY-4711",
        "licence_identifier": "1.2.156.3005.2.11100000000013338W011.11330000MB1234567X.CANARY4711.001.K",
        "version": 1,
        "issuer": "City market office",
        "valid_from": "2026-08-01T00:00:00+08:00",
        "valid_until": "2031-07-31T23:59:59+08:00",
        "holders": [{"kind": "person", "name": "王雀", "id_scheme": "CN-RIC", "id": "1101**********002X"}],
        "claims": [
            {"name": "stall", "label": "Item", "value": "B-17"},
            {"name": "area", "label": "Item", "value": 12},
            {"name": "indoor", "label": "Item", "value": True},
            {"name": "goods", "label": "Item", "value": ["水果", "花"]},
            {"name": "detail", "label": "Item", "value": {"row": "4"}},
        ],
    }
    assert judge({}).to_json("zh-CN")["sentence"] == "示范市市场局签发，目前有效，状态清单签发于10分钟前。"


def test_the_wrong_type_shows_type_and_number_only() -> None:
    report = judge({"policy": {"expected_type": "paper-pass"}})
    assert report.face is not None
    assert (report.face.number, report.face.holders, dict(report.face.claims)) == ("CANARY-4711", (), {})
    assert report.to_json("en")["sentence"] == "You asked for “Paper pass”; this is “Market stall”."


def test_past_the_hard_limit_and_under_an_ended_list_nothing_is_shown() -> None:
    old = {"set": {"/iat": forge.T0 - 8 * forge.DAY, "/exp": forge.T0 + forge.DAY}}
    assert judge({"status": old}).face is None
    assert judge({"status": {**old, "values": {"94567": 1}}}).face is None
    assert judge({"after": 14 * forge.DAY, "status": {"set": {"/exp": forge.T0 + 30 * forge.DAY}}}).face is None
    assert judge({"status": {"absent": True}}).face is not None


@pytest.mark.parametrize(
    ("slug", "paper", "verdict"),
    [
        ("market-stall", True, "valid"),
        ("paper-pass", False, "valid"),
        ("paper-pass", True, "valid_check_id"),
        ("photo-pass", False, "valid_check_id"),
        ("photo-pass", True, "valid_check_id"),
    ],
)
def test_the_photo_id_is_asked_for_where_the_type_says_so(slug: str, paper: bool, verdict: str) -> None:
    report = judge({"licence": {"type": slug}, "policy": {"paper": paper}})
    assert report.verdict == verdict
    assert report.accepted


def test_a_photo_id_does_not_mend_a_revoked_licence() -> None:
    assert judge({"licence": {"type": "photo-pass"}, "status": {"values": {"94567": 1}}}).verdict is Verdict.REVOKED


@pytest.mark.parametrize(
    ("tail", "identifier", "verdict"),
    [
        ("002X", "1101**********002X", "valid"),
        ("2X", "1101**********002X", "valid"),
        ("31002X", "1101**********002X", "valid"),
        ("003X", "1101**********002X", "holder_mismatch"),
        ("002X", "110105194912310**X", "holder_mismatch"),
        ("002X", "110105194912310***", "holder_mismatch"),
        ("602X", "91330100MA2X02602X", "valid"),
    ],
)
def test_the_typed_end_of_an_identifier_is_compared_unmasked(tail: str, identifier: str, verdict: str) -> None:
    licence = {"set": {"/credentialSubject/holders/0/id": identifier}}
    assert judge({"licence": licence, "policy": {"id_tail": tail}}).verdict == verdict


@pytest.mark.parametrize(
    "members",
    [
        {"max_status_age_s": 0}, {"max_status_age_s": 8 * 86_400}, {"leeway_s": 301}, {"leeway_s": -1},
        {"id_tail": "x"}, {"id_tail": "12*4"}, {"id_tail": "1"}, {"id_tail": "1" * 19},
    ],
)  # fmt: skip
def test_a_policy_outside_its_limits_cannot_be_made(members: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        judge({"policy": members})
    assert Policy().expected_type is None
