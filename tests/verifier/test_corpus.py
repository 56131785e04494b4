"""Every hostile row of the corpus has its one right answer, and its valid twin is accepted."""

import json

import pytest
from tests.verifier.scene import Row, judge, rows

from elicence.verifier.report import Outcome, Verdict
from elicence.verifier.verdicts import catalogue

ROWS = rows("token", "status", "qr")
TWINS = list({row.id: row for row in ROWS}.values())


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_hostile_input_gets_its_verdict_and_is_never_accepted(row: Row) -> None:
    report = judge(row.case)
    assert (report.verdict, report.reason) == (row.case["verdict"], row.case["reason"])
    assert not report.accepted
    assert report.verdict_class == catalogue().entry(report.verdict).verdict_class


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_no_answer_shows_what_it_may_not_show(row: Row) -> None:
    report = judge(row.case)
    for language in ("zh-CN", "en"):
        answer = report.to_json(language)
        shown = json.dumps({**answer, "licence": None}, ensure_ascii=False)
        # No value out of the scanned text stands in any sentence, fact or check.
        assert "CANARY" not in shown
        assert "王雀" not in shown
        assert "<script>" not in shown
        assert "licence" not in answer or report.check("signature").outcome is Outcome.PASSED
    if catalogue().entry(report.verdict).show_face == "none":
        assert report.face is None


@pytest.mark.parametrize("row", TWINS, ids=lambda row: row.id)
def test_the_valid_twin_of_a_row_is_accepted(row: Row) -> None:
    report = judge(row.twin)
    assert (report.verdict, report.reason) == (Verdict.VALID, None)
    assert report.face is not None
    assert report.issuer is not None
