"""The two checks that need something published: the licence type's file and the status list.

Opening either costs more than all other checks together, and both are the same for very many licences. So the results
are kept, bounded, under the exact text and the key or digest it was judged by; a changed byte is another entry.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from elicence.errors import FormatError, TypeFileError
from elicence.formats import status_list
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import Jws, parse_jws, verify_jws
from elicence.formats.status_list import StatusListToken
from elicence.formats.trusted_list import TrustedType
from elicence.formats.vc_jwt import CodeCredential
from elicence.licences.licence_type import LicenceType, parse_licence_type
from elicence.verifier.checks import failed, named_type, passed, unknown
from elicence.verifier.policy import Policy
from elicence.verifier.report import Check, Outcome
from elicence.verifier.sources import MAX_STATUS_CHARS, Sources
from elicence.verifier.trust import AgencyKey, TrustedList

__all__ = ["check_expected_type", "check_status_list", "check_type"]

_LIST_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SIGNATURE_CODES: Final = frozenset({"sig_bad", "alg_not_allowed", "alg_key_mismatch"})


def check_type(credential: CodeCredential, trust: TrustedList, sources: Sources) -> tuple[Check, LicenceType | None]:
    """Is the type version known, and is its file here the one whose digest the trusted list pins?"""
    named = named_type(credential, trust)
    if named is None:
        return failed("type", "context_unknown"), None
    pinned = trust.type(*named)
    if pinned is None:
        return failed("type", "type_unknown"), None
    if pinned.context != credential.contexts[1]:
        return failed("type", "context_unknown"), None
    opened = _open_type(pinned, sources)
    if isinstance(opened, str):
        return unknown("type", opened), None
    if opened.vc_type != credential.vc_type:
        return failed("type", "vc_claims_disagree"), None
    return passed("type", type=opened.title), opened


def check_expected_type(found: LicenceType, expected: str | None, *, trust: TrustedList, sources: Sources) -> Check:
    """Is it the type that was asked for?"""
    if expected is None:
        return Check("expected_type", Outcome.SKIPPED)
    if expected == found.slug:
        return passed("expected_type")
    pinned = trust.newest_type(expected)
    opened = "type_unknown" if pinned is None else _open_type(pinned, sources)
    title = expected if isinstance(opened, str) else opened.title
    return failed("expected_type", "type_other", type=found.title, expected_type=title)


def _open_type(pinned: TrustedType, sources: Sources) -> LicenceType | str:
    """The type a pinned file describes, or the reason why it cannot be had."""
    document = sources.type_document(pinned.slug, pinned.version)
    if document is None:
        return "type_document_absent"
    if _digest(document) != pinned.type_sha256:
        return "type_document_changed"
    try:
        opened = _licence_type(_TypeFile(pinned.type_sha256, document))
    except TypeFileError:
        # Pinned, so genuine: written by rules newer than this reader.
        return "type_unknown"
    if (opened.slug, opened.version) != (pinned.slug, pinned.version):
        return "type_document_changed"
    return opened


def check_status_list(
    credential: CodeCredential, key: AgencyKey, trust: TrustedList, *, sources: Sources, now: datetime, policy: Policy
) -> tuple[Check, StatusListToken | None]:
    """Is there a status list of this agency for this licence, genuine and fresh enough?

    A genuine list is returned even if it is too old to confirm anything, because it may still hold bad news.
    """
    uri = credential.status[0].list_url.removesuffix("/revocation")
    family = key.agency.status_family
    if not uri.startswith(family) or not _LIST_NUMBER.fullmatch(uri, len(family)):
        return failed("status_list", "status_claim_bad"), None
    text = sources.status_token(uri)
    if text is None:
        return unknown("status_list", "list_unreachable"), None
    try:
        signer = _list_key(text, key, trust)
        if signer is None:
            return unknown("status_list", "list_untrusted"), None
        listed = _status_list(_SignedList(text, uri, signer.entry.kid, signer.verification))
    except FormatError as fault:
        return unknown("status_list", _list_reason(fault)), None
    if not signer.in_window(listed.issued_at):
        return unknown("status_list", "list_untrusted"), None
    return _freshness(listed, now, policy), listed


def _freshness(listed: StatusListToken, now: datetime, policy: Policy) -> Check:
    age = now - listed.issued_at
    if age < -policy.leeway or listed.expires_at <= listed.issued_at:
        return unknown("status_list", "list_time")
    if age > policy.hard_status_age:
        return unknown("status_list", "list_too_old", age=age, limit=policy.hard_status_age)
    if now >= listed.expires_at:
        return unknown("status_list", "list_expired", age=age)
    if age > policy.max_status_age:
        return unknown("status_list", "list_age", age=age, limit=policy.max_status_age)
    return passed("status_list", age=age)


def _list_key(text: str, key: AgencyKey, trust: TrustedList) -> AgencyKey | None:
    """The agency's own status list key that the list names; a licence key, or another agency's, will not do."""
    did, _, thumbprint = _named_key(text).rpartition("#")
    signer = trust.key(key.agency.did, thumbprint)
    if signer is None or did not in ("", key.agency.did):
        return None
    entry = signer.entry
    if entry.purpose != "status_list" or entry.state == "compromised":
        return None
    # A test list must not speak for a licence with legal effect.
    return None if entry.use == "test" and key.entry.use != "test" else signer


def _parsed(text: str) -> Jws:
    return parse_jws(text, typ=status_list.TYP, max_chars=MAX_STATUS_CHARS)


def _list_reason(fault: FormatError) -> str:
    if fault.code in _SIGNATURE_CODES:
        return "list_sig"
    return fault.code if fault.code.startswith("list_") else "list_bad"


@dataclass(frozen=True, slots=True)
class _SignedList:
    """A status list token and what it is judged by; `kid` is the thumbprint of `key`, so it stands for it."""

    text: str
    uri: str
    kid: str
    key: VerificationKey = field(compare=False)


@dataclass(frozen=True, slots=True)
class _TypeFile:
    """A type file by its digest, which was checked."""

    digest: str
    document: bytes = field(compare=False)


@lru_cache(maxsize=1024)
def _digest(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()


@lru_cache(maxsize=128)
def _named_key(text: str) -> str:
    return _parsed(text).kid


@lru_cache(maxsize=128)
def _status_list(signed: _SignedList) -> StatusListToken:
    jws = _parsed(signed.text)
    verify_jws(jws, signed.key)
    return status_list.decode_token_payload(jws.payload, expected_uri=signed.uri)


@lru_cache(maxsize=1024)
def _licence_type(file: _TypeFile) -> LicenceType:
    return parse_licence_type(file.document, file="published type file")
