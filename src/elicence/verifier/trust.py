"""Whom to believe: pinned roots, and the trusted list that enough of them have signed.

Whoever holds enough root keys decides who is an issuer; whoever can merely replace the file can keep a verifier on its
last good list until that ends, and nothing more: an older version, a missing signature or a changed byte is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from elicence.errors import FormatError, TrustFault
from elicence.formats.encoding import JsonValue, parse_json
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import Jws, verify_jws
from elicence.formats.trusted_list import (
    Permission,
    TrustedAgency,
    TrustedKey,
    TrustedListPayload,
    TrustedType,
    decode_payload,
    parse_document,
)

__all__ = ["MAX_ROOTS", "AgencyKey", "Roots", "TrustedList", "enough_roots", "open_trusted_list", "parse_roots"]

MAX_ROOTS: Final = 16


@dataclass(frozen=True, slots=True)
class Roots:
    """The keys that may sign a trusted list, and how many different ones must."""

    threshold: int
    keys: Mapping[str, VerificationKey]


@dataclass(frozen=True, slots=True)
class AgencyKey:
    """A key of the trusted list together with whose it is, ready to verify with."""

    agency: TrustedAgency
    entry: TrustedKey
    verification: VerificationKey

    def in_window(self, at: datetime) -> bool:
        """Whether the key was in use at `at`; both ends count."""
        return _within(at, self.entry.valid_from, self.entry.valid_until)


class TrustedList:
    """The trusted list, indexed for verifying. Make one per list with `open_trusted_list` and keep it."""

    __slots__ = ("_agencies", "_keys", "_newest", "_owners", "_permissions", "_prepared", "_types", "payload")

    def __init__(self, payload: TrustedListPayload) -> None:
        self.payload = payload
        self._agencies = {agency.did: agency for agency in payload.agencies}
        self._keys = {key.kid: key for agency in payload.agencies for key in agency.keys}
        self._owners = {key.kid: agency for agency in payload.agencies for key in agency.keys}
        self._types = {(each.slug, each.version): each for each in payload.types}
        self._newest = {each.slug: each for each in sorted(payload.types, key=lambda each: each.version)}
        self._permissions: dict[tuple[str, str], list[Permission]] = {}
        for agency in payload.agencies:
            for permission in agency.permissions:
                self._permissions.setdefault((agency.did, permission.type_slug), []).append(permission)
        self._prepared: dict[str, AgencyKey] = {}

    @property
    def base_url(self) -> str:
        """The registry whose list this is."""
        return self.payload.issuer

    @property
    def environment(self) -> Literal["production", "demo"]:
        """Whether licences under this list have legal effect."""
        return "production" if self.payload.environment == "production" else "demo"

    @property
    def version(self) -> int:
        """Only ever grows; hand the highest one seen to `open_trusted_list`."""
        return self.payload.version

    @property
    def issued_at(self) -> datetime:
        """When the list was signed."""
        return self.payload.issued_at

    @property
    def expires_at(self) -> datetime:
        """From this instant on the list says nothing about the present."""
        return self.payload.expires_at

    def agency_by_did(self, did: str) -> TrustedAgency | None:
        """The agency of that DID."""
        return self._agencies.get(did)

    def key(self, did: str, kid: str) -> AgencyKey | None:
        """The key with thumbprint `kid` if it belongs to the agency `did`; its state and purpose are not judged."""
        owned = self.key_of_anyone(kid)
        return owned if owned is not None and owned.agency.did == did else None

    def key_of_anyone(self, kid: str) -> AgencyKey | None:
        """The key with thumbprint `kid`, whoever's it is."""
        if kid not in self._keys:
            return None
        if kid not in self._prepared:
            entry = self._keys[kid]
            self._prepared[kid] = AgencyKey(self._owners[kid], entry, entry.verification_key())
        return self._prepared[kid]

    def permits(self, did: str, type_slug: str, at: datetime) -> bool:
        """Whether the agency might issue that type at that time; both ends of a permission count."""
        permissions = self._permissions.get((did, type_slug), ())
        return any(_within(at, each.valid_from, each.valid_until) for each in permissions)

    def type(self, slug: str, version: int) -> TrustedType | None:
        """The digests of a licence type's version."""
        return self._types.get((slug, version))

    def newest_type(self, slug: str) -> TrustedType | None:
        """The highest version of a licence type."""
        return self._newest.get(slug)


def parse_roots(document: bytes) -> Roots:
    """Read `roots.json`: `{"threshold": n, "keys": [<JWK>, …]}`; TrustFault `trust_bad` for anything else."""
    try:
        value = parse_json(document)
        if not isinstance(value, dict) or value.keys() != {"threshold", "keys"}:
            raise TrustFault("trust_bad", "the file of roots has not exactly the members threshold and keys")
        jwks, threshold = value["keys"], value["threshold"]
        if not isinstance(jwks, list) or not 1 <= len(jwks) <= MAX_ROOTS:
            raise TrustFault("trust_bad", f"the file of roots has not 1 to {MAX_ROOTS} keys")
        keys = {key.kid: key for key in map(_root, jwks)}
    except FormatError as fault:
        raise TrustFault("trust_bad", f"the file of roots is malformed: {fault.message}") from None
    # Two copies of one key must not count as two people.
    if len(keys) != len(jwks) or type(threshold) is not int or not 1 <= threshold <= len(keys):
        raise TrustFault("trust_bad", "the roots repeat a key, or the threshold is not between 1 and their number")
    return Roots(threshold, MappingProxyType(keys))


def open_trusted_list(document: bytes, roots: Roots, *, now: datetime, newest_seen: int = 0) -> TrustedList:
    """Believe a published trusted list, or raise TrustFault and keep the one you have.

    Enough different roots must have signed the same bytes (`trust_untrusted`); the list must still run at `now`
    (`trust_expired`) and must not be older than the newest version ever seen (`trust_rollback`).
    """
    payload, signatures = parse_document(document)
    enough_roots(signatures, roots, "the trusted list")
    trusted = TrustedList(decode_payload(payload))
    if trusted.version < newest_seen:
        raise TrustFault(
            "trust_rollback", f"the trusted list is version {trusted.version}; version {newest_seen} was seen before"
        )
    if now >= trusted.expires_at:
        raise TrustFault("trust_expired", f"the trusted list ended at {trusted.expires_at.isoformat()}")
    return trusted


def enough_roots(signatures: Iterable[Jws], roots: Roots, what: str) -> None:
    """TrustFault `trust_untrusted` unless as many different roots as must agree have signed `what`."""
    signed_by = {jws.kid for jws in signatures if _signed_by_root(jws, roots)}
    if len(signed_by) < roots.threshold:
        raise TrustFault("trust_untrusted", f"{len(signed_by)} known roots signed {what}; {roots.threshold} must")


def _root(jwk: JsonValue) -> VerificationKey:
    return VerificationKey.from_jwk(jwk)


def _signed_by_root(jws: Jws, roots: Roots) -> bool:
    root = roots.keys.get(jws.kid)
    if root is None:
        return False
    try:
        verify_jws(jws, root)
    except FormatError:
        return False
    return True


def _within(at: datetime, start: datetime, end: datetime | None) -> bool:
    return start <= at and (end is None or at <= end)
