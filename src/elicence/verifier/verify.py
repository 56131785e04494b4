"""The story of one verification, step by step as the design numbers them. Pure: no clock, no network, no store.

    report = verify(text, trust=trusted_list, sources=sources, now=now)
    report.verdict, report.accepted, report.to_json("en")

Whatever the text, the answer is a report. Acceptance is the last thing a report can become: each step either adds what
it learnt or ends the story, and a step that was never reached stays `skipped`.
"""

from datetime import datetime
from typing import Final

from elicence.verifier import checks as ask
from elicence.verifier.conclusion import Findings, conclude
from elicence.verifier.policy import Policy
from elicence.verifier.published import check_expected_type, check_status_list, check_type
from elicence.verifier.report import Check, Outcome, Report
from elicence.verifier.sources import Sources
from elicence.verifier.trust import TrustedList

__all__ = ["verify"]

_DEFAULT: Final = Policy()


def verify(text: str, *, trust: TrustedList, sources: Sources, now: datetime, policy: Policy = _DEFAULT) -> Report:
    """Judge a scanned, pasted or typed text at `now` (aware) under a trusted list and an office's policy."""
    found = Findings(trust=trust, now=now, policy=policy)
    made: list[Check] = found.checks

    # 0. Decode. What is this text? Nothing in it is opened or followed; no byte of the payload is read yet.
    check, jws = ask.check_format(text, sources.dictionaries(), trust)
    made.append(check)
    if jws is None:
        return conclude(found)

    # 1. Issuer and key. The token only names a key; which one that is, and whose, the trusted list says.
    made.append(ask.check_trusted_list(trust, now))
    check, key = ask.check_key(jws, trust)
    made.append(check)
    if key is None:
        return conclude(found)

    # 2. Signature. If it fails the story ends: everything further would be a stranger's word.
    check = ask.check_signature(jws, key)
    made.append(check)
    if check.outcome is not Outcome.PASSED:
        return conclude(found)
    found.key = key

    # 2a. Only now is the payload opened. What an agency signed and we cannot read is "unsupported", not "damaged".
    check, credential = ask.check_content(jws)
    made.append(check)
    if credential is None:
        return conclude(found)
    found.credential = credential

    # 1a. The rest of step 1 hangs on what was signed (issuer, time, type), so it could not be asked before. An agency
    # that names another as issuer ends the story: there is nobody by whose rules to judge the rest.
    check = ask.check_issuer(credential, key)
    made.append(check)
    if check.outcome is not Outcome.PASSED:
        return conclude(found)
    made.append(ask.check_authority(credential, key, trust))
    made.append(ask.check_test(key, trust, policy))

    # 3. Time. From here on no answer ends the story: a clerk is told of every defect, the gravest first.
    made.append(ask.check_clock(credential, trust, now, policy))
    made.append(ask.check_validity(credential, now))

    # 4. Type and claims. The published file, pinned by its digest, says what a code of this type may carry.
    check, licence_type = check_type(credential, trust, sources)
    made.append(check)
    if licence_type is not None:
        found.licence_type = licence_type
        made.append(ask.check_claims(credential, licence_type))
        made.append(check_expected_type(licence_type, policy.expected_type, trust=trust, sources=sources))

    # 5. Status, and how old it is. Absent or stale is its own answer: never green, never "revoked".
    check, listed = check_status_list(credential, key, trust, sources=sources, now=now, policy=policy)
    made.append(check)
    if listed is not None:
        found.listed = listed
        made.append(ask.check_status(credential, listed))

    # 6. Log evidence is asked by policies that need it; a code credential carries none, so the check stays skipped.

    # 7. Holder. A code can be copied: compare what was typed, or send the clerk to the photo ID.
    made.append(ask.check_holder(credential, policy))
    if licence_type is not None:
        made.append(ask.check_photo_id(licence_type, policy))

    return conclude(found)
