"""Between signing and storing: a signature that is not right, or a licence no stranger would believe, goes nowhere."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.issuer.acts import FOOD, ask, change, corrected, food, issued, now_of, outcome, verdict

from elicence.errors import KeyFault
from elicence.formats.trusted_list import TrustedListPayload
from elicence.keys import signer as signers
from elicence.keys.keyring import Keyring
from elicence.keys.signer import open_signer
from elicence.verifier.sources import MemorySources
from elicence.verifier.trust import TrustedList

OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def by_another_key(to_sign: bytes) -> bytes:
    r, s = decode_dss_signature(OTHER_KEY.sign(to_sign, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def a_der(to_sign: bytes) -> bytes:
    return OTHER_KEY.sign(to_sign, ec.ECDSA(hashes.SHA256()))


def an_absent_device(to_sign: bytes) -> bytes:
    raise KeyFault("key_unreadable", "the device does not answer")


@dataclass
class Signer:
    """A device behind a URI of its own that has the right key and says what a test makes it say."""

    honest: object
    say: Callable[[bytes], bytes] | None = None

    @property
    def kid(self):
        return self.honest.kid

    alg = "ES256"

    @property
    def public_jwk(self):
        return self.honest.public_jwk

    def sign(self, to_sign: bytes) -> bytes:
        return (self.say or self.honest.sign)(to_sign)


@pytest.fixture
def device(home, monkeypatch):
    """The credential key of `housing`, moved to a device."""
    entry = next(e for e in home.desk.chest.keyring.entries if (e.agency, e.purpose) == ("housing", "credential"))
    passphrase = home.settings.passphrase_path.read_bytes().strip()
    made = Signer(open_signer(entry.uri, base_dir=home.settings.keys_dir, passphrase=passphrase))
    monkeypatch.setitem(signers._SCHEMES, "device", lambda *_: made)
    moved = tuple(replace(e, uri="device:1") if e is entry else e for e in home.desk.chest.keyring.entries)
    home.desk.chest.adopt(Keyring(moved))
    return made


LIES = {
    "nothing": lambda _: b"",
    "zeros": lambda _: bytes(64),
    "half a signature": lambda _: bytes(32),
    "another key's signature": by_another_key,
    "a DER signature": a_der,
    "a signature of other bytes": None,
    "no answer at all": an_absent_device,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_signature_is_neither_stored_nor_answered_and_an_honest_retry_succeeds(home, device, lie):
    device.say = LIES[lie] or (lambda to_sign: device.honest.sign(to_sign + b"."))
    expected = "key_unreadable" if lie == "no answer at all" else "signer_bad"
    assert outcome(lambda: ask(home, food())) == expected
    counts = home.store.counts()
    assert [counts[table] for table in ("credential", "log_entry", "audit_event", "outbox")] == [0, 0, 0, 0]
    assert home.store.value("SELECT state FROM status_entry") == "reserved"
    device.say = None
    home.clock.move(seconds=11)
    made = ask(home, food())
    home.assembly.publish()
    assert verdict(home, made) == "valid"


def test_a_wrong_signature_on_a_correction_leaves_the_version_before_as_it_was(home, device):
    made = issued(home)
    device.say = by_another_key
    assert outcome(lambda: corrected(home, made, {"claims": {"complaint_phone": "12345"}})) == "signer_bad"
    assert now_of(home, made) == made
    home.assembly.publish()
    assert verdict(home, made) == "valid"
    assert change(home, made, "revoke", "penalty").state == "revoked"


# Whatever a stranger would object to is objected to here.

Payload = TrustedListPayload


def agency_with(payload: Payload, **changes) -> Payload:
    agencies = tuple(replace(a, **changes) if a.slug == "housing" else a for a in payload.agencies)
    return replace(payload, agencies=agencies)


def keys_with(payload: Payload, **changes) -> Payload:
    (agency,) = (a for a in payload.agencies if a.slug == "housing")
    return agency_with(
        payload, keys=tuple(replace(k, **changes) if k.purpose == "credential" else k for k in agency.keys)
    )


def types_with(payload: Payload, **changes) -> Payload:
    return replace(payload, types=tuple(replace(t, **changes) if t.slug == FOOD else t for t in payload.types))


def without_agency(payload: Payload) -> Payload:
    return replace(payload, agencies=tuple(a for a in payload.agencies if a.slug != "housing"))


def keys_swapped(payload: Payload) -> Payload:
    """The agencies have each other's keys."""
    ours, theirs = payload.agencies
    return replace(payload, agencies=(replace(ours, keys=theirs.keys), replace(theirs, keys=ours.keys)))


def another_jwk(payload: Payload) -> Payload:
    other = next(a for a in payload.agencies if a.slug == "market").keys[0].jwk
    return keys_with(payload, jwk=other)


SECOND = timedelta(seconds=1)
OBJECTIONS = {
    "the list has ended": (
        lambda p: replace(p, issued_at=p.issued_at - 2 * SECOND, expires_at=p.issued_at - SECOND), "trusted_list"
    ),
    "the agency is not listed": (without_agency, "key"),
    "the key is compromised": (lambda p: keys_with(p, state="compromised", compromised_at=p.issued_at), "key"),
    "the key is for status lists": (lambda p: keys_with(p, purpose="status_list"), "key"),
    "another key is listed under its name": (another_jwk, "signature"),
    "the key is another agency's": (keys_swapped, "key"),
    "the key has not begun": (lambda p: keys_with(p, valid_from=p.issued_at + SECOND), "authority"),
    "the key had ended": (
        lambda p: keys_with(p, valid_from=p.issued_at - 9 * SECOND, valid_until=p.issued_at - SECOND), "authority"
    ),
    "there is no permission": (lambda p: agency_with(p, permissions=()), "authority"),
    "the type is not listed": (lambda p: replace(p, types=tuple(t for t in p.types if t.slug != FOOD)), "type"),
    "the context is another": (lambda p: types_with(p, context="https://e.example.gov/ns/other/v1"), "type"),
    "the type file is another": (lambda p: types_with(p, type_sha256="0" * 64), "type"),
}  # fmt: skip


@pytest.mark.parametrize("case", OBJECTIONS)
def test_a_licence_a_stranger_would_not_believe_is_neither_stored_nor_answered(sqlite_home, case):
    edit, check = OBJECTIONS[case]
    doubtful = TrustedList(edit(sqlite_home.desk.trusted_list().payload))
    desk = replace(sqlite_home.desk, trusted_list=lambda *, fresh=False: doubtful)
    with pytest.raises(KeyFault) as raised:
        ask(sqlite_home, food(), desk=desk)
    assert raised.value.code == "signer_bad"
    assert f"{check} (" in raised.value.message
    assert sqlite_home.store.counts()["credential"] == 0
    assert sqlite_home.store.value("SELECT state FROM intent") == "pending"


def test_a_type_file_nobody_can_fetch_is_an_objection_too(sqlite_home):
    desk = replace(sqlite_home.desk, published=MemorySources(dictionaries=sqlite_home.desk.dictionaries))
    with pytest.raises(KeyFault, match=r"type \(type_document_absent\)"):
        ask(sqlite_home, food(), desk=desk)
    assert sqlite_home.store.counts()["credential"] == 0


def test_a_claim_that_may_not_stand_in_a_code_is_an_objection(sqlite_home):
    """The published file says less may be shown than the catalogue of this process believes."""
    document = json.loads(sqlite_home.desk.catalogue.get(FOOD).document)
    document["claims"]["legal_representative"]["code"] = False
    published = json.dumps(document, ensure_ascii=False).encode()
    payload = types_with(sqlite_home.desk.trusted_list().payload, type_sha256=hashlib.sha256(published).hexdigest())
    sources = MemorySources(documents={(FOOD, 1): published}, dictionaries=sqlite_home.desk.dictionaries)
    desk = replace(sqlite_home.desk, trusted_list=lambda *, fresh=False: TrustedList(payload), published=sources)
    with pytest.raises(KeyFault, match=r"claims \("):
        ask(sqlite_home, food(), desk=desk)
    assert sqlite_home.store.counts()["credential"] == 0


def test_a_refusal_of_the_stranger_shows_nothing_of_the_licence(sqlite_home):
    doubtful = TrustedList(without_agency(sqlite_home.desk.trusted_list().payload))
    desk = replace(sqlite_home.desk, trusted_list=lambda *, fresh=False: doubtful)
    with pytest.raises(KeyFault) as raised:
        ask(sqlite_home, food(), desk=desk)
    told = str(raised.value)
    assert not [text for text in ("示例", "eyJ", "JY1", "92440305") if text in told]


def test_a_licence_whose_time_has_not_begun_is_issued_all_the_same(home):
    body = food(valid_from="2027-01-01", valid_until="2031-12-31")
    made = ask(home, body)
    home.assembly.publish()
    assert verdict(home, made) == "not_yet_valid"
