"""The single checks of a verification: each asks one question and answers with a `Check` and what it found.

None of them raises for anything a stranger can write. A check that finds something returns it only if later steps may
rely on it; `verify.py` tells in which order they are asked and why.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from elicence.errors import FormatError
from elicence.formats import status_list, vc_jwt
from elicence.formats.jws import Jws, parse_jws, verify_jws
from elicence.formats.status_list import StatusListToken
from elicence.formats.vc_jwt import CodeCredential, HolderFace
from elicence.licences.licence_type import LicenceType
from elicence.verifier.decode import decode, is_foreign_token
from elicence.verifier.policy import Policy
from elicence.verifier.report import Check, Outcome
from elicence.verifier.trust import AgencyKey, TrustedList
from elicence.verifier.verdicts import Facts, FactValue, catalogue

__all__ = [
    "check_authority",
    "check_claims",
    "check_clock",
    "check_content",
    "check_format",
    "check_holder",
    "check_issuer",
    "check_key",
    "check_photo_id",
    "check_signature",
    "check_status",
    "check_test",
    "check_trusted_list",
    "check_validity",
    "failed",
    "named_type",
    "passed",
    "unknown",
]

# What a token says of its issuer is shown only if it cannot dress up as anything else.
_CLAIMED: Final = re.compile(r"did:web:(?P<host>[a-z0-9.-]{1,80}(?:%3A[0-9]{1,5})?):a:(?P<slug>[a-z][a-z0-9-]{1,11})")
_NAMED_TYPE: Final = re.compile(r"/ns/(?P<slug>[a-z][a-z0-9-]{0,63})/v(?P<version>[1-9][0-9]{0,3})", re.ASCII)
_SECOND: Final = timedelta(seconds=1)
_KINDS: Final[Mapping[str, type]] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def passed(name: str, **facts: FactValue) -> Check:
    """A check that went well."""
    return Check(name, Outcome.PASSED, None, facts) if facts else _plainly(name, Outcome.PASSED)


@cache
def _plainly(name: str, outcome: Outcome) -> Check:
    """A check of which nothing is to be told but how it ended: most of them, so they are made once."""
    return Check(name, outcome)


def failed(name: str, reason: str, **facts: FactValue) -> Check:
    """A check with bad news."""
    return Check(name, Outcome.FAILED, reason, facts)


def unknown(name: str, reason: str, **facts: FactValue) -> Check:
    """A check that could not be made."""
    return Check(name, Outcome.UNKNOWN, reason, facts)


def check_format(text: str, dictionaries: Mapping[int, bytes], trust: TrustedList) -> tuple[Check, Jws | None]:
    """Is this a licence code, and a well-formed token?

    A licence of this registry behind a link to another site is none, however good it is: a phone's camera would take
    the next person who scans it to that site.
    """
    try:
        decoded = decode(text, dictionaries, registry=trust.base_url)
    except FormatError as fault:
        return failed("format", _not_a_licence(fault), **_looks(fault)), None
    if decoded.jws_text is None:
        return _other_site() if decoded.elsewhere else unknown("format", "needs_lookup"), None
    try:
        jws = parse_jws(decoded.jws_text, typ=vc_jwt.TYP)
    except FormatError as fault:
        reason = "typ_wrong" if is_foreign_token(decoded.jws_text) else fault.code
        return failed(
            "format", reason, **({"looks_like": _word("foreign_record")} if reason == "typ_wrong" else {})
        ), None
    if decoded.elsewhere and trust.agency_by_did(_named_key(jws)[0]) is not None:
        return _other_site(), None
    return passed("format"), jws


def _other_site() -> Check:
    return failed("format", "qr_not_licence", looks_like=_word("other_site"))


def check_trusted_list(trust: TrustedList, now: datetime) -> Check:
    """Does the trusted list still run?"""
    if now >= trust.expires_at:
        return unknown("trusted_list", "trust_expired", date=trust.expires_at)
    return passed("trusted_list", trust_date=trust.issued_at)


def check_key(jws: Jws, trust: TrustedList) -> tuple[Check, AgencyKey | None]:
    """Does the trusted list know the key, as one that signs licences for the agency the token names?

    The key is returned where the signature is worth judging; a compromised one is, so that a forged licence is told
    from one whose issuer lost its key.
    """
    did, thumbprint = _named_key(jws)
    agency, key = trust.agency_by_did(did), trust.key_of_anyone(thumbprint)
    if key is None:
        if agency is not None:
            return failed("key", "key_unknown", issuer=agency.name), None
        return failed("key", "issuer_unknown", **_claimed_issuer(did)), None
    if key.agency is not agency:
        return failed("key", "key_not_for_issuer", issuer=key.agency.name), None
    if key.entry.purpose != "credential":
        return failed("key", "key_wrong_purpose", issuer=key.agency.name), None
    if key.entry.state == "compromised":
        return failed("key", "key_compromised", issuer=key.agency.name, **_date(key.entry.compromised_at)), key
    return passed("key"), key


def _named_key(jws: Jws) -> tuple[str, str]:
    """Agency and thumbprint in the `kid`."""
    did, _, thumbprint = jws.kid.rpartition("#")
    return did, thumbprint


def check_signature(jws: Jws, key: AgencyKey) -> Check:
    """Did this key sign exactly these bytes?"""
    try:
        verify_jws(jws, key.verification)
    except FormatError as fault:
        return failed("signature", fault.code)
    return passed("signature")


def check_content(jws: Jws) -> tuple[Check, CodeCredential | None]:
    """Is what was signed a credential of the one shape known here? Asked only after the signature passed."""
    try:
        return passed("content"), vc_jwt.decode_payload(jws.payload)
    except FormatError as fault:
        # An agency signed this, so the code arrived whole: odd JSON in it is no sign of damage on the way.
        reason = "payload_bad" if fault.code.startswith("json_") else fault.code
        return failed("content", reason, defect=fault.code), None


def check_issuer(credential: CodeCredential, key: AgencyKey) -> Check:
    """Does the credential name as issuer the agency whose key signed it?"""
    if credential.issuer != key.agency.did:
        return failed("issuer", "key_not_for_issuer", issuer=key.agency.name)
    return passed("issuer", issuer=key.agency.name)


def check_authority(credential: CodeCredential, key: AgencyKey, trust: TrustedList) -> Check:
    """When it signed, was the key in use and the agency allowed to issue this type?"""
    if not key.in_window(credential.issued_at):
        return failed("authority", "key_out_of_window", issuer=key.agency.name, date=credential.issued_at)
    named = named_type(credential, trust)
    if named is None:
        return _plainly("authority", Outcome.SKIPPED)
    if not trust.permits(key.agency.did, named[0], credential.issued_at):
        return failed("authority", "type_not_for_issuer", issuer=key.agency.name)
    return passed("authority")


def check_test(key: AgencyKey, trust: TrustedList, policy: Policy) -> Check:
    """Is this more than a test?"""
    if key.entry.use == "test" and not policy.accept_test:
        return failed("test", "test_key")
    if policy.environment == "production" and trust.environment != "production":
        return failed("test", "demo_list")
    return passed("test")


def check_clock(credential: CodeCredential, trust: TrustedList, now: datetime, policy: Policy) -> Check:
    """Can the time be right? A clock that is known to be wrong cannot, nor one before something already signed."""
    if policy.clock_is_off:
        return failed("clock", "clock_off", age=abs(policy.clock_off))
    behind = max(credential.issued_at, trust.issued_at) - now
    if behind > policy.leeway:
        return failed("clock", "clock_behind", age=behind)
    return passed("clock")


def check_validity(credential: CodeCredential, now: datetime) -> Check:
    """Is the licence in force by its own dates? The first instant and the whole last second count."""
    if now < credential.valid_from:
        return failed("validity", "not_yet", date=credential.valid_from)
    if credential.valid_until is not None and now >= credential.valid_until + _SECOND:
        return failed("validity", "expired", date=credential.valid_until)
    return passed("validity")


def named_type(credential: CodeCredential, trust: TrustedList) -> tuple[str, int] | None:
    """Slug and version in the credential's second context, if it is one of this registry's."""
    context = credential.contexts[1]
    if not context.startswith(trust.base_url):
        return None
    found = _NAMED_TYPE.fullmatch(context, len(trust.base_url))
    return None if found is None else (found["slug"], int(found["version"]))


def check_claims(credential: CodeCredential, licence_type: LicenceType) -> Check:
    """Are all claims and holders ones that a code of this type may carry, of the right JSON kind?"""
    subject, rules = credential.subject, licence_type.holder
    for name, value in subject.claims.items():
        rule = licence_type.claims.get(name)
        if rule is None or not rule.code:
            return failed("claims", "claim_unknown")
        # `type(…) is`: in JSON a boolean is no integer.
        if type(value) is not _KINDS.get(rule.kind):
            return failed("claims", "claim_kind")
    if any(holder.kind not in rules.kinds for holder in subject.holders):
        return failed("claims", "holder_kind")
    if len(subject.holders) > 1 and not rules.several:
        return failed("claims", "holder_kind")
    return passed("claims")


def check_status(credential: CodeCredential, listed: StatusListToken) -> Check:
    """What does the list say of this licence version?

    Asked however old the list is: bad news stays bad news, and good news from an old list is stopped by the check of
    the list itself.
    """
    try:
        value = listed.statuses.get(credential.status[0].index)
    except FormatError as fault:
        return failed("status", fault.code)
    if value == status_list.VALID:
        return passed("status", as_of=listed.issued_at)
    reason = {
        status_list.INVALID: "revoked",
        status_list.SUSPENDED: "suspended",
        status_list.SUPERSEDED: "newer_version",
    }.get(value)
    if reason is None:
        return unknown("status", "status_value_unknown")
    return failed("status", reason, as_of=listed.issued_at)


def check_holder(credential: CodeCredential, policy: Policy) -> Check:
    """Do the characters typed at the counter end a holder's identifier? Masked characters are not compared."""
    if policy.id_tail is None:
        return _plainly("holder", Outcome.SKIPPED)
    visible = [tail for tail in map(_visible_tail, credential.subject.holders) if tail]
    if not visible:
        return unknown("holder", "holder_id_absent")
    typed = policy.id_tail
    # Of a masked identifier perhaps fewer characters are left than were typed.
    if any(typed.endswith(tail[-len(typed) :]) for tail in visible if len(tail) >= 2):
        return passed("holder")
    return failed("holder", "holder_id_differs")


def check_photo_id(licence_type: LicenceType, policy: Policy) -> Check:
    """Must a person still compare the holder with a photo ID?"""
    rule = licence_type.counter_photo_id
    if rule == "always" or (rule == "paper" and policy.paper):
        return unknown("photo_id", "photo_id_needed")
    return _plainly("photo_id", Outcome.SKIPPED)


def _not_a_licence(fault: FormatError) -> str:
    return "needs_network" if fault.facts.get("looks_like") == "presentation" else fault.code


def _looks(fault: FormatError) -> Facts:
    seen = fault.facts.get("looks_like")
    return {"looks_like": _word(seen)} if isinstance(seen, str) else {}


def _word(code: str) -> Mapping[str, str]:
    return catalogue().words["looks_like"][code]


def _claimed_issuer(did: str) -> Facts:
    found = _CLAIMED.fullmatch(did)
    return {} if found is None else {"claimed_issuer": f"{found['host'].replace('%3A', ':')}/{found['slug']}"}


def _date(instant: datetime | None) -> Facts:
    return {} if instant is None else {"date": instant}


def _visible_tail(holder: HolderFace) -> str:
    return "" if holder.id is None else holder.id.rpartition("*")[2].upper()
