"""The keyring: every signing key of the registry with its owner, purpose and state, public halves only.

States go next → active → retired, and from each of them to compromised. A *next* key is published but does not sign
yet; an *active* one signs inside its window; a *retired* one still verifies; a *compromised* one does neither. For
each agency, purpose and use at most one key is active, except roots of the trusted list: several sign together.
Retiring and compromising add facts and never remove a key: old licences need them.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from elicence.errors import FormatError, KeyFault, NotFound
from elicence.formats.encoding import JsonObject, JsonValue, parse_json
from elicence.formats.jwk import ES256, VerificationKey, thumbprint
from elicence.keys.keyring_members import exact_members, instant_text, non_empty_text, parse_instant
from elicence.keys.private_files import read_guarded, write_private
from elicence.keys.signer import Signer, VerifiedSigner, open_signer

__all__ = [
    "KeyChest",
    "KeyEntry",
    "KeyState",
    "Keyring",
    "Purpose",
    "activate",
    "compromise",
    "load_keyring",
    "refuse_unfit",
    "retire",
    "save_keyring",
    "stage",
]

_FORMAT = "elicence-keyring-1"
_LARGEST = 16 * 1024 * 1024
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class Purpose(StrEnum):
    """What a key signs; one key has one purpose, so that a signature for one can never pass for another."""

    CREDENTIAL = "credential"
    STATUS_LIST = "status_list"
    TRUSTED_LIST = "trusted_list"
    CHECKPOINT = "checkpoint"
    RECEIPT = "receipt"
    ACCESS_TOKEN = "access_token"  # noqa: S105


class KeyState(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


_OF_AN_AGENCY = frozenset({Purpose.CREDENTIAL, Purpose.STATUS_LIST})
_OF_THE_REGISTRY = frozenset({Purpose.TRUSTED_LIST, Purpose.CHECKPOINT, Purpose.ACCESS_TOKEN})


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key. `use` is live or test, `made_in` production, demo or test; instants are UTC in whole seconds.

    `valid_from` is the first and `valid_until` the last instant of signing; `uri` opens the private half.
    """

    kid: str
    agency: str | None
    purpose: Purpose
    alg: str
    use: str
    made_in: str
    state: KeyState
    valid_from: datetime
    valid_until: datetime | None
    compromised_at: datetime | None
    public_jwk: JsonObject
    uri: str

    @classmethod
    def staged(
        cls,
        public_jwk: JsonObject,
        *,
        agency: str | None,
        purpose: Purpose,
        made_in: str,
        valid_from: datetime,
        uri: str,
        use: str = "live",
    ) -> Self:
        """A new key in state next, which may become active at `valid_from` and not before."""
        starts = valid_from.astimezone(UTC).replace(microsecond=0)
        return cls(
            kid=thumbprint(public_jwk),
            agency=agency,
            purpose=purpose,
            alg=ES256.name,
            use=use,
            made_in=made_in,
            state=KeyState.NEXT,
            valid_from=starts,
            valid_until=None,
            compromised_at=None,
            public_jwk=public_jwk,
            uri=uri,
        )

    def __post_init__(self) -> None:
        if not _PRIVATE_MEMBERS.isdisjoint(self.public_jwk):
            raise KeyFault("key_exposed", "The keyring holds a private key; take it out and replace that key.")
        try:
            kid = VerificationKey.from_jwk(self.public_jwk, alg=self.alg).kid
        except FormatError as error:
            raise KeyFault("keyring_bad", f"A public key of the keyring is not acceptable: {error.message}") from None
        if kid != self.kid:
            raise KeyFault("key_mismatch", "A kid of the keyring is not the thumbprint of its key.")
        if self.use not in {"live", "test"} or self.made_in not in {"production", "demo", "test"}:
            raise KeyFault("keyring_bad", "A key is for live or test use and was made in production, demo or test.")
        if (self.agency is None and self.purpose in _OF_AN_AGENCY) or (
            self.agency and self.purpose in _OF_THE_REGISTRY
        ):
            raise KeyFault(
                "keyring_bad", f"A {self.purpose} key has an agency where it must have none, or none at all."
            )
        if (self.compromised_at is not None) is not (self.state is KeyState.COMPROMISED):
            raise KeyFault("keyring_bad", "A key has an instant of compromise if and only if it is compromised.")

    @property
    def role(self) -> tuple[str | None, Purpose, str]:
        """Owner, purpose and use: what at most one active key has."""
        return self.agency, self.purpose, self.use


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys, oldest first; an immutable value, changed by the functions of this module."""

    entries: tuple[KeyEntry, ...] = ()

    def __post_init__(self) -> None:
        if len({entry.kid for entry in self.entries}) != len(self.entries):
            raise KeyFault("kid_conflict", "One key stands in the keyring twice; each purpose needs a key of its own.")
        roles = [entry.role for entry in self.entries if entry.state is KeyState.ACTIVE]
        alone = [role for role in roles if role[1] is not Purpose.TRUSTED_LIST]
        if len(set(alone)) != len(alone):
            raise KeyFault("keyring_bad", "Two keys of one agency, purpose and use are active.")

    def get(self, kid: str) -> KeyEntry:
        """The key with this thumbprint; `NotFound` `key_not_found`."""
        for entry in self.entries:
            if entry.kid == kid:
                return entry
        raise NotFound("key_not_found", "The keyring has no key with that kid.")

    def of(self, agency: str | None, purpose: Purpose, use: str = "live") -> tuple[KeyEntry, ...]:
        """The keys of one role in whatever state, oldest first."""
        return tuple(entry for entry in self.entries if entry.role == (agency, purpose, use))

    def active(self, agency: str | None, purpose: Purpose, use: str = "live") -> tuple[KeyEntry, ...]:
        """The active keys of one role: none, one, or for the trusted list several."""
        return tuple(entry for entry in self.of(agency, purpose, use) if entry.state is KeyState.ACTIVE)


def stage(keyring: Keyring, entry: KeyEntry) -> Keyring:
    """The keyring with a new key in state next, to be published before it signs."""
    _require_state(entry, KeyState.NEXT)
    return Keyring((*keyring.entries, entry))


def activate(keyring: Keyring, kid: str, now: datetime) -> Keyring:
    """The next key becomes active and the active one of its role retires in the same step."""
    entry = keyring.get(kid)
    _require_state(entry, KeyState.NEXT)
    if now < entry.valid_from:
        raise KeyFault("key_window", f"The key may become active from {entry.valid_from.isoformat()} on.")
    if entry.purpose is not Purpose.TRUSTED_LIST:
        for before in keyring.active(*entry.role):
            keyring = retire(keyring, before.kid, now)
    return _with(keyring, replace(entry, state=KeyState.ACTIVE))


def retire(keyring: Keyring, kid: str, now: datetime) -> Keyring:
    """The key signs no more; what it signed stays good. Its window ends at the next whole second."""
    entry = keyring.get(kid)
    _require_state(entry, KeyState.NEXT, KeyState.ACTIVE)
    # Tokens carry whole seconds: one signed a moment ago must lie inside the window.
    end = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return _with(keyring, replace(entry, state=KeyState.RETIRED, valid_until=max(end, entry.valid_from)))


def compromise(keyring: Keyring, kid: str, at: datetime) -> Keyring:
    """The key is believed no more, whatever its state; of two instants the earlier one stays."""
    entry = keyring.get(kid)
    instant = at.astimezone(UTC).replace(microsecond=0)
    since = instant if entry.compromised_at is None else min(instant, entry.compromised_at)
    return _with(keyring, replace(entry, state=KeyState.COMPROMISED, compromised_at=since))


def refuse_unfit(keyring: Keyring, environment: str) -> None:
    """Refuse to run: in production every key, in whatever state, was made in production and for live use."""
    unfit = sorted({entry.made_in for entry in keyring.entries if entry.made_in != "production"})
    if environment == "production" and unfit:
        raise KeyFault("production_refused", f"Keys made in {' and '.join(unfit)} have no place in production.")
    if environment == "production" and any(entry.use == "test" for entry in keyring.entries):
        raise KeyFault("production_refused", "Test keys have no place in production.")


def _require_state(entry: KeyEntry, *allowed: KeyState) -> None:
    if entry.state not in allowed:
        raise KeyFault("key_state", f"The key is {entry.state}; only a key that is {' or '.join(allowed)} can do this.")


def _with(keyring: Keyring, changed: KeyEntry) -> Keyring:
    return Keyring(tuple(changed if entry.kid == changed.kid else entry for entry in keyring.entries))


class KeyChest:
    """The private halves behind a keyring: opened when first needed, then kept loaded; safe to share between threads.

    A signer is asked for by agency and purpose, never by file, so that no agency signs with another's key. `newer` is
    asked before every use whether another process has changed the keyring.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        base_dir: Path,
        passphrase: bytes,
        newer: Callable[[], Keyring | None] = lambda: None,
    ) -> None:
        self._newer = newer
        self._base_dir = base_dir
        self._passphrase = passphrase
        self._opened: dict[str, VerifiedSigner] = {}
        self._opening = threading.Lock()
        self.adopt(keyring)

    @property
    def keyring(self) -> Keyring:
        """The keyring as it stands now."""
        self._catch_up()
        return self._keyring

    def adopt(self, keyring: Keyring) -> None:
        """Go on with a changed keyring; keys that are loaded stay loaded."""
        self._active = {entry.role: entry for entry in reversed(keyring.entries) if entry.state is KeyState.ACTIVE}
        self._keyring = keyring

    def signer_for(
        self, agency_slug: str | None, purpose: Purpose, now: datetime, *, use: str = "live"
    ) -> VerifiedSigner:
        """The active key of the agency for the purpose; `KeyFault` `key_state` (none) or `key_window`."""
        self._catch_up()
        entry = self._active.get((agency_slug, purpose, use))
        if entry is None:
            raise KeyFault(
                "key_state", f"There is no active {use} key for {purpose} of {agency_slug or 'the registry'}."
            )
        _require_window(entry, now)
        return self._open(entry)

    def signers_of_roots(self, now: datetime, *, use: str = "live") -> tuple[VerifiedSigner, ...]:
        """Every active root that signs the trusted list, oldest first."""
        roots = self.keyring.active(None, Purpose.TRUSTED_LIST, use)
        for entry in roots:
            _require_window(entry, now)
        return tuple(self._open(entry) for entry in roots)

    def signer_by_kid(self, kid: str, *, agency_slug: str | None, purpose: Purpose) -> VerifiedSigner:
        """The key that an intent of the agency names, active or retired since, to finish exactly that signature.

        `KeyFault`: `key_wrong_agency`, `key_mismatch` (another purpose) or `key_state` (next or compromised).
        """
        entry = self.keyring.get(kid)
        if entry.agency != agency_slug:
            raise KeyFault("key_wrong_agency", "The key belongs to another agency.")
        if entry.purpose is not purpose:
            raise KeyFault("key_mismatch", f"The key is for {entry.purpose}, not for {purpose}.")
        _require_state(entry, KeyState.ACTIVE, KeyState.RETIRED)
        return self._open(entry)

    def _catch_up(self) -> None:
        changed = self._newer()
        if changed is not None:
            self.adopt(changed)

    def _open(self, entry: KeyEntry) -> VerifiedSigner:
        opened = self._opened.get(entry.kid)
        if opened is not None:
            return opened
        with self._opening:
            signer = VerifiedSigner(self._private_half(entry))
            if signer.kid != entry.kid or signer.alg != entry.alg:
                raise KeyFault("key_mismatch", "The signer holds another key than the keyring says.")
            return self._opened.setdefault(entry.kid, signer)

    def _private_half(self, entry: KeyEntry) -> Signer:
        try:
            return open_signer(
                entry.uri, base_dir=self._base_dir, passphrase=self._passphrase, expected_jwk=entry.public_jwk
            )
        except KeyFault as fault:
            owners = {each.agency for each in self._keyring.entries if each.kid == fault.facts.get("kid")}
            if owners - {entry.agency}:
                raise KeyFault("key_wrong_agency", "The signer holds the key of another agency.") from None
            raise


def _require_window(entry: KeyEntry, now: datetime) -> None:
    if now < entry.valid_from or (entry.valid_until is not None and now > entry.valid_until):
        raise KeyFault("key_window", "The key is active, but the present lies outside its window.", kid=entry.kid)


def load_keyring(path: Path) -> Keyring:
    """Read `keyring.json`; every defect is a `KeyFault`, most of them `keyring_bad`."""
    content = read_guarded(path, secret=False)
    try:
        document = parse_json(content, max_bytes=_LARGEST)
    except FormatError as error:
        raise KeyFault("keyring_bad", f"{path.name} is not acceptable JSON: {error.message}") from None
    members = exact_members(document, {"format", "keys"})
    if members["format"] != _FORMAT or not isinstance(members["keys"], list):
        raise KeyFault("keyring_bad", f"{path.name} is not a keyring of the form {_FORMAT}.")
    return Keyring(tuple(_parse_entry(each) for each in members["keys"]))


def save_keyring(path: Path, keyring: Keyring) -> None:
    """Put the keyring in place, whole or not at all; it is for everybody to read."""
    document = {"format": _FORMAT, "keys": [_entry_document(entry) for entry in keyring.entries]}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_private(path, text.encode("utf-8"), replace=True, mode=0o644)


_ENTRY_MEMBERS = {
    "kid", "agency", "purpose", "alg", "use", "made_in", "state", "valid_from", "valid_until", "compromised_at",
    "public_jwk", "uri",
}  # fmt: skip


def _entry_document(entry: KeyEntry) -> JsonObject:
    return {
        "kid": entry.kid,
        "agency": entry.agency,
        "purpose": str(entry.purpose),
        "alg": entry.alg,
        "use": entry.use,
        "made_in": entry.made_in,
        "state": str(entry.state),
        "valid_from": instant_text(entry.valid_from),
        "valid_until": instant_text(entry.valid_until),
        "compromised_at": instant_text(entry.compromised_at),
        "public_jwk": dict(entry.public_jwk),
        "uri": entry.uri,
    }


def _parse_entry(value: JsonValue) -> KeyEntry:
    members = exact_members(value, _ENTRY_MEMBERS)
    texts = {
        name: non_empty_text(members[name]) for name in ("kid", "purpose", "alg", "use", "made_in", "state", "uri")
    }
    jwk, agency = members["public_jwk"], members["agency"]
    valid_from = parse_instant(members["valid_from"])
    if texts["purpose"] not in set(Purpose) or texts["state"] not in set(KeyState):
        raise KeyFault("keyring_bad", "A key of the keyring has an unknown purpose or state.")
    if not isinstance(jwk, dict) or valid_from is None:
        raise KeyFault("keyring_bad", "A key of the keyring has no public_jwk object or no valid_from.")
    return KeyEntry(
        kid=texts["kid"],
        agency=None if agency is None else non_empty_text(agency),
        purpose=Purpose(texts["purpose"]),
        alg=texts["alg"],
        use=texts["use"],
        made_in=texts["made_in"],
        state=KeyState(texts["state"]),
        valid_from=valid_from,
        valid_until=parse_instant(members["valid_until"]),
        compromised_at=parse_instant(members["compromised_at"]),
        public_jwk=jwk,
        uri=texts["uri"],
    )
