"""The verdict catalogue is complete, calm, and says the same in both languages."""

import ast
import json
import re
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

import elicence.formats
import elicence.verifier
from elicence.errors import FormatError
from elicence.verifier.verdicts import LANGUAGES, Verdict, VerdictClass, catalogue, fact_json, placeholders

FILE = json.loads(resources.files("elicence.verifier").joinpath("verdicts.json").read_text("utf-8"))
VERDICTS = FILE["verdicts"]
# Facts a sentence may use: those every report carries, and those of single checks.
KNOWN_FACTS = {
    "issuer", "trust_date", "age", "limit", "date", "type", "expected_type", "looks_like", "claimed_issuer",
}  # fmt: skip


def every_wording():
    for verdict in VERDICTS:
        for language in LANGUAGES:
            yield verdict, language, verdict["texts"][language]
            for texts in verdict["because"].values():
                yield verdict, language, texts[language]


def test_there_are_twenty_verdicts_in_the_order_the_code_names_them() -> None:
    assert [each["code"] for each in VERDICTS] == [verdict.value for verdict in Verdict]
    assert len(VERDICTS) == 20


def test_only_the_last_two_verdicts_accept() -> None:
    accepting = [each["code"] for each in VERDICTS if each["class"] == VerdictClass.ACCEPT]
    assert accepting == ["valid_check_id", "valid"]


def test_the_only_reason_that_leads_to_acceptance_is_the_photo_id() -> None:
    assert [r for r, code in FILE["reasons"].items() if code.startswith("valid")] == ["photo_id_needed"]


def test_every_verdict_and_reason_has_words_in_both_languages() -> None:
    for verdict in VERDICTS:
        for language in LANGUAGES:
            texts = verdict["texts"][language]
            assert set(texts) == {"heading", "sentences", "advice"}
            assert all(texts.values())
        for reason, texts in verdict["because"].items():
            assert set(texts) == set(LANGUAGES), reason
            assert set(texts["en"]) == set(texts["zh-CN"]) <= {"heading", "sentences", "advice"}
            assert FILE["reasons"][reason] == verdict["code"]


def test_the_last_general_sentence_needs_no_fact_and_all_facts_are_known() -> None:
    for verdict, language, texts in every_wording():
        for sentence in texts.get("sentences", ()):
            assert placeholders(sentence) <= KNOWN_FACTS, sentence
        if texts is verdict["texts"][language]:
            assert not placeholders(texts["sentences"][-1])
        for fixed in ("heading", "advice"):
            assert not placeholders(texts.get(fixed, ""))


def test_both_languages_use_the_same_facts() -> None:
    for verdict in VERDICTS:
        for texts in [verdict["texts"], *verdict["because"].values()]:
            chinese, english = ([placeholders(s) for s in texts[lang].get("sentences", ())] for lang in LANGUAGES)
            assert chinese == english


def test_headings_are_short() -> None:
    for _, language, texts in every_wording():
        if heading := texts.get("heading"):
            assert len(heading) <= 12 if language == "zh-CN" else len(heading.split()) <= 8, heading


def test_the_word_valid_stands_only_in_headings_that_accept() -> None:
    for verdict, _, texts in every_wording():
        if heading := texts.get("heading"):
            says_valid = "有效" in heading or re.search(r"\bvalid", heading, re.IGNORECASE) is not None
            assert says_valid == (verdict["class"] == "accept"), heading


def test_the_words_are_calm_and_plain() -> None:
    words = re.compile(r"[!！]|\b(VC|JWT|DID|unfortunately|congratulations|sorry|error|invalid|token)\b", re.IGNORECASE)
    for _, _, texts in every_wording():
        for text in [texts.get("heading", ""), texts.get("advice", ""), *texts.get("sentences", ())]:
            assert not words.search(text), text


def test_no_english_stands_in_the_chinese_words_and_no_chinese_in_the_english() -> None:
    for _, language, texts in every_wording():
        for text in [texts.get("heading", ""), texts.get("advice", ""), *texts.get("sentences", ())]:
            bare = re.sub(r"{\w+}", "", text)
            assert not re.search(r"[一-鿿]" if language == "en" else r"[A-Za-z]{2,}", bare), text


def test_every_group_of_names_is_complete_in_both_languages() -> None:
    for group in ("classes", "outcomes", "checks", "notices", "looks_like"):
        for code, texts in FILE[group].items():
            assert set(texts) == set(LANGUAGES), code
    assert set(FILE["classes"]) == {each.value for each in VerdictClass}
    assert set(FILE["required"]) <= set(FILE["checks"])


def reasons_in_the_source() -> set[str]:
    """Every reason literal given to `failed` or `unknown`, and the list codes of the formats."""
    found = set()
    for module in Path(elicence.verifier.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"failed", "unknown"}:
                reason = node.args[1]
                if isinstance(reason, ast.Constant):
                    found.add(reason.value)
    return found


def test_every_reason_a_check_can_give_leads_to_a_verdict() -> None:
    reasons = reasons_in_the_source()
    assert len(reasons) > 30
    assert reasons <= set(FILE["reasons"])


def test_every_code_of_the_formats_a_verification_reads_leads_to_a_verdict() -> None:
    written = set()
    for module in ("encoding", "jwk", "jws", "vc_jwt", "status_list", "frame"):
        source = Path(elicence.formats.__file__).with_name(f"{module}.py").read_text("utf-8")
        written |= {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    codes = {code for code in FormatError.codes if code in written}
    # Raised only while something is made, or while a key of the trusted list is read.
    assert codes - {"qr_too_dense", "jwk_bad"} <= set(FILE["reasons"])
    assert len(codes) > 30


def test_the_first_verdict_in_the_order_wins() -> None:
    first = catalogue().first
    assert first(["list_age", "expired", "sig_bad"]) == (Verdict.TAMPERED, "sig_bad")
    assert first(["list_age", "revoked", "expired"]) == (Verdict.REVOKED, "revoked")
    assert first(["photo_id_needed", "list_age"]) == (Verdict.STATUS_UNKNOWN, "list_age")


def test_a_reason_nobody_knows_decides_nothing() -> None:
    assert catalogue().first(["made_up"]) == (Verdict.UNSUPPORTED, "made_up")
    assert catalogue().first([None]) == (Verdict.UNSUPPORTED, None)


def test_a_special_sentence_without_its_facts_gives_way_to_the_general_one() -> None:
    words = catalogue()
    special = words.wording(Verdict.UNKNOWN_ISSUER, "type_not_for_issuer", facts={"issuer": "港务局"}, language="zh-CN")
    assert special.sentence == "信任名单未授权港务局签发此类证照。"
    general = words.wording(Verdict.UNKNOWN_ISSUER, "type_not_for_issuer", facts={}, language="zh-CN")
    assert general.sentence == "该码的签发者不在信任名单内。"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (timedelta(seconds=59), "less than a minute", "不到1分钟"),
        (timedelta(seconds=-5), "less than a minute", "不到1分钟"),
        (timedelta(seconds=60), "1 minute", "1分钟"),
        (timedelta(minutes=59, seconds=59), "59 minutes", "59分钟"),
        (timedelta(hours=1), "1 hour", "1小时"),
        (timedelta(hours=47), "47 hours", "47小时"),
        (timedelta(hours=48), "2 days", "2天"),
        (date(2031, 7, 1), "1 July 2031", "2031年7月1日"),
        (datetime(2031, 12, 31, 23, tzinfo=UTC), "31 December 2031", "2031年12月31日"),
        ({"en": "Port office", "zh-CN": "港务局"}, "Port office", "港务局"),
        (7, "7", "7"),
    ],
)
def test_facts_are_told_as_people_read_them(value: object, english: str, chinese: str) -> None:
    assert catalogue().fact(value, "en") == english
    assert catalogue().fact(value, "zh-CN") == chinese


def test_facts_for_machines_are_iso_and_seconds() -> None:
    assert fact_json(datetime(2031, 1, 1, tzinfo=UTC), "en") == "2031-01-01T00:00:00+00:00"
    assert fact_json(date(2031, 1, 1), "en") == "2031-01-01"
    assert fact_json(timedelta(minutes=2), "en") == 120
    assert fact_json({"en": "a", "zh-CN": "b"}, "zh-CN") == "b"
    assert fact_json("x", "en") == "x"
