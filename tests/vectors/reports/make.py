"""Remakes `reports.json`: `python tests/vectors/reports/make.py`.

Where a real token of the corpus leads to the answer, the report is the verifier's own. What only a code shown by a
phone can bring about is a genuine licence's report with the check of the holder replaced.
"""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests import forge
from tests.verifier.scene import judge, rows
from tests.web.reports import VECTORS, written

from elicence.verifier.report import Check, Outcome, Report, Verdict
from elicence.verifier.verdicts import catalogue

LONG_NAME = {
    "zh-CN": "示例省示例自治州示例自治县市场监督管理局行政审批服务与信用监管"
    "综合执法协调办公室（示例经济技术开发区分局）",
    "en": "Administrative Approval, Credit Supervision and Joint Enforcement Coordination Office of the Example "
    "Autonomous County Market Regulation Bureau, Example Economic and Technological Development Area Branch",
}


def from_corpus(reason: str) -> Report:
    """The report of the first token in the corpus that ends so."""
    case = next(row.case for row in rows("token", "qr") if row.case.get("reason") == reason)
    return judge({"text": forge.licence(case.get("licence"))} | case)


def presented(reason: str, facts: dict) -> Report:
    """A genuine licence, shown by a phone whose proof does not hold."""
    genuine = judge({"text": forge.licence()})
    holder = Check("holder", Outcome.FAILED, reason, facts)
    entry = catalogue().entry(catalogue().reasons[reason])
    face = genuine.face.type_and_number() if entry.show_face == "type_and_number" else None
    return replace(
        genuine,
        verdict=entry.verdict,
        verdict_class=entry.verdict_class,
        reason=reason,
        checks=tuple(holder if check.name == "holder" else check for check in genuine.checks),
        facts={**genuine.facts, **facts},
        face=face,
        notices=(),
    )


def main() -> None:
    """Writes them all."""
    key = from_corpus("key_compromised")
    reports = {
        "unsupported": from_corpus("qr_version"),
        "key_withdrawn": key,
        "clock_wrong": from_corpus("clock_behind"),
        "code_timed_out": presented("kb_time", {"limit": timedelta(seconds=60)}),
        "code_reused": presented("nonce", {"date": forge.NOW}),
        "holder_not_proven": presented("holder_not_proven", {}),
        "needs_network": from_corpus("needs_network"),
        "long_names": replace(key, issuer=LONG_NAME, facts={**key.facts, "issuer": LONG_NAME}),
    }
    assert Verdict.CODE_REUSED is reports["code_reused"].verdict
    vectors = {name: written(report) for name, report in reports.items()}
    VECTORS.write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
