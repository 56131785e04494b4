"""Making keys: a file only its owner reads, an entry that names it, one active key a role."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from elicence.errors import ElicenceError, KeyFault
from elicence.formats.jwk import VerificationKey
from elicence.keys.key_maker import KeyMaker
from elicence.keys.keyring import KeyChest, Keyring, KeyState, Purpose, activate, refuse_unfit

NOW = datetime(2026, 11, 23, 4, 0, 0, 700_000, tzinfo=UTC)


@pytest.fixture
def maker(keys_dir: Path, passphrase: bytes, entropy: Callable[[int], bytes]) -> KeyMaker:
    return KeyMaker(keys_dir, passphrase, "demo", entropy)


def city(maker: KeyMaker, keyring: Keyring, **more) -> Keyring:
    asked = {"agency": "city", "purpose": Purpose.CREDENTIAL, "now": NOW} | more
    return maker.make_active(keyring, **asked)


def test_a_new_key_is_published_before_it_signs(maker, keys_dir, passphrase):
    keyring, entry = maker.make(Keyring(), agency="city", purpose=Purpose.CREDENTIAL, now=NOW)
    assert keyring.entries == (entry,)
    assert (entry.state, entry.use, entry.made_in, entry.valid_until) == (KeyState.NEXT, "live", "demo", None)
    assert entry.valid_from == NOW.replace(microsecond=0)
    with pytest.raises(KeyFault, match="key_state"):
        KeyChest(keyring, base_dir=keys_dir, passphrase=passphrase).signer_for("city", Purpose.CREDENTIAL, NOW)


def test_the_file_is_for_its_owner_only_and_encrypted(maker, keys_dir):
    city(maker, Keyring())
    (file,) = (keys_dir / "private").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name.startswith("city.credential.live.20261123T040000Z.")
    assert b"ENCRYPTED" in file.read_bytes()


def test_the_entry_opens_the_file_and_the_signature_verifies_with_its_public_half(maker, keys_dir, passphrase):
    keyring = city(maker, Keyring())
    (entry,) = keyring.entries
    signer = KeyChest(keyring, base_dir=keys_dir, passphrase=passphrase).signer_for("city", Purpose.CREDENTIAL, NOW)
    VerificationKey.from_jwk(entry.public_jwk).verify(b"text", signer.sign(b"text"))
    assert "d" not in entry.public_jwk


def test_the_next_active_key_retires_the_one_before_in_its_role_only(maker):
    keyring = city(maker, Keyring())
    for other in ({"purpose": Purpose.STATUS_LIST}, {"use": "test"}, {"agency": "port"}):
        keyring = city(maker, keyring, **other)
    assert {entry.state for entry in keyring.entries} == {KeyState.ACTIVE}
    keyring = city(maker, keyring, now=NOW + timedelta(days=1))
    assert [entry.state for entry in keyring.entries] == [KeyState.RETIRED, *[KeyState.ACTIVE] * 4]


def test_several_roots_sign_together(maker):
    keyring = Keyring()
    for _ in range(3):
        keyring = maker.make_active(keyring, agency=None, purpose=Purpose.TRUSTED_LIST, now=NOW)
    assert len(keyring.active(None, Purpose.TRUSTED_LIST)) == 3


@pytest.mark.parametrize(
    ("agency", "purpose"), [(None, Purpose.CREDENTIAL), (None, Purpose.STATUS_LIST), ("city", Purpose.TRUSTED_LIST)]
)
def test_a_purpose_that_does_not_fit_its_owner_is_refused(maker, agency, purpose):
    with pytest.raises(KeyFault, match="keyring_bad"):
        maker.make(Keyring(), agency=agency, purpose=purpose, now=NOW)


def test_a_key_made_in_a_demo_has_no_place_in_production(maker):
    with pytest.raises(KeyFault, match="production_refused"):
        refuse_unfit(city(maker, Keyring()), "production")


def test_randomness_that_repeats_overwrites_no_key(keys_dir, passphrase):
    maker = KeyMaker(keys_dir, passphrase, "demo", bytes)
    city(maker, Keyring())
    (file,) = (keys_dir / "private").iterdir()
    before = file.read_bytes()
    with pytest.raises((ElicenceError, FileExistsError)):
        city(maker, Keyring())
    assert file.read_bytes() == before


def test_a_key_for_later_becomes_active_on_its_day_and_not_before(maker):
    keyring, entry = maker.make(
        Keyring(), agency="city", purpose=Purpose.CREDENTIAL, now=NOW + timedelta(days=2)
    )  # fmt: skip
    with pytest.raises(KeyFault, match="key_window"):
        activate(keyring, entry.kid, NOW)
    assert activate(keyring, entry.kid, NOW + timedelta(days=2)).get(entry.kid).state is KeyState.ACTIVE


def test_neither_passphrase_nor_randomness_shows_in_a_repr(maker, passphrase):
    assert passphrase.decode() not in repr(maker)
