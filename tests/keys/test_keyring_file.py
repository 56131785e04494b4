"""A keyring on disk that several processes share: nobody goes on with an old one, nobody undoes another's change."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from elicence.errors import Conflict, KeyFault
from elicence.keys.key_maker import KeyMaker
from elicence.keys.keyring import KeyChest, Keyring, KeyState, Purpose, compromise, retire, save_keyring
from elicence.keys.keyring_file import KeyringFile

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
def path(keys_dir: Path) -> Path:
    save_keyring(keys_dir / "keyring.json", Keyring())
    return keys_dir / "keyring.json"


@pytest.fixture
def with_key(keys_dir: Path, passphrase: bytes, entropy: Callable[[int], bytes]) -> Callable[[Keyring, str], Keyring]:
    maker = KeyMaker(keys_dir, passphrase, "demo", entropy)
    return lambda keyring, agency: maker.make_active(keyring, agency=agency, purpose=Purpose.CREDENTIAL, now=NOW)


def test_a_change_of_another_process_is_seen_once(path, with_key):
    mine, theirs = KeyringFile(path), KeyringFile(path)
    mine.load()
    assert mine.newer() is None
    changed = with_key(theirs.load(), "city")
    theirs.save(changed)
    assert theirs.newer() is None
    assert mine.newer() == changed
    assert mine.newer() is None


def test_a_chest_signs_with_the_keys_as_they_are_now(path, keys_dir, passphrase, with_key):
    mine, theirs = KeyringFile(path), KeyringFile(path)
    chest = KeyChest(mine.load(), base_dir=keys_dir, passphrase=passphrase, newer=mine.newer)
    with pytest.raises(KeyFault, match="key_state"):
        chest.signer_for("city", Purpose.CREDENTIAL, NOW)
    first = with_key(theirs.load(), "city")
    theirs.save(first)
    kid = first.entries[0].kid
    assert chest.signer_for("city", Purpose.CREDENTIAL, NOW).kid == kid
    theirs.save(compromise(first, kid, NOW))
    assert chest.keyring.get(kid).state is KeyState.COMPROMISED
    with pytest.raises(KeyFault, match="key_state"):
        chest.signer_for("city", Purpose.CREDENTIAL, NOW)
    with pytest.raises(KeyFault, match="key_state"):
        chest.signer_by_kid(kid, agency_slug="city", purpose=Purpose.CREDENTIAL)


@pytest.mark.parametrize("change", [retire, compromise])
def test_a_keyring_that_would_undo_anothers_change_is_refused_and_the_file_stays(path, with_key, change):
    mine, theirs = KeyringFile(path), KeyringFile(path)
    base = with_key(mine.load(), "city")
    mine.save(base)
    seen = with_key(theirs.load(), "port")
    moved = change(base, base.entries[0].kid, NOW)
    mine.save(moved)
    with pytest.raises(Conflict, match="version_mismatch"):
        theirs.save(seen)
    assert mine.load() == moved


def test_a_keyring_that_lacks_a_key_another_process_added_is_refused(path, with_key):
    mine, theirs = KeyringFile(path), KeyringFile(path)
    base = mine.load()
    theirs.save(with_key(base, "port"))
    with pytest.raises(Conflict, match="version_mismatch"):
        mine.save(with_key(base, "city"))
    mine.save(with_key(mine.load(), "city"))
    assert {entry.agency for entry in mine.load().entries} == {"port", "city"}


def test_a_keyring_that_is_gone_or_broken_is_a_fault_not_the_old_one(path):
    file = KeyringFile(path)
    file.load()
    path.write_text("{}")
    with pytest.raises(KeyFault, match="keyring_bad"):
        file.newer()
    path.unlink()
    with pytest.raises(KeyFault, match="key_unreadable"):
        file.newer()
