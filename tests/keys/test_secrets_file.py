import json
import stat

import pytest

from elicence.errors import KeyFault
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.keys.secrets_file import (
    NAMES,
    ScryptCost,
    Secret,
    Secrets,
    create_secrets,
    load_secrets,
    rotate,
    save_secrets,
)

CHEAP = ScryptCost(n=2, r=1)


def code_of(act, *arguments, **options) -> str:
    with pytest.raises(KeyFault) as caught:
        act(*arguments, **options)
    return caught.value.code


@pytest.fixture
def path(keys_dir):
    return keys_dir / "private" / "secrets.json"


@pytest.fixture
def secrets(path, passphrase, entropy):
    return create_secrets(path, passphrase, entropy, cost=CHEAP)


def test_secrets_read_back_equal_from_a_private_file(path, passphrase, secrets):
    assert load_secrets(path, passphrase) == secrets
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {secret.name for secret in secrets.entries} == set(NAMES)
    assert len({secret.value for secret in secrets.entries}) == len(NAMES)


def test_the_default_cost_is_strong_and_stands_in_the_file(path, passphrase, entropy):
    secrets = create_secrets(path, passphrase, entropy)
    written = json.loads(path.read_bytes())
    assert written["n"] * written["r"] * 128 >= 32 * 1024 * 1024
    assert load_secrets(path, passphrase) == secrets


def test_no_secret_shows_in_the_file_or_in_a_repr(path, secrets):
    content, shown = path.read_bytes(), repr(secrets)
    for secret in secrets.entries:
        assert b64url_encode(secret.value).encode() not in content
        assert secret.name.encode() not in content
        assert repr(secret.value) not in shown


def test_an_existing_file_is_never_replaced_by_new_secrets(path, passphrase, secrets, entropy):
    assert code_of(create_secrets, path, passphrase, entropy, cost=CHEAP) == "secrets_bad"
    assert load_secrets(path, passphrase) == secrets


@pytest.mark.parametrize("wrong", [b"", b"another", b"a passphrase of the tests\n", b"A passphrase of the tests"])
def test_another_passphrase_does_not_open_the_file(path, secrets, wrong):
    assert code_of(load_secrets, path, wrong) == "key_passphrase"


def test_an_empty_passphrase_never_seals(path, entropy):
    assert code_of(create_secrets, path, b"", entropy, cost=CHEAP) == "key_passphrase"
    assert not path.exists()


def test_every_changed_byte_of_the_file_is_noticed(path, passphrase, secrets):
    good = path.read_bytes().rstrip(b"\n")
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert code_of(load_secrets, path, passphrase) in {"secrets_bad", "key_passphrase"}
    path.write_bytes(good)
    assert load_secrets(path, passphrase) == secrets


def test_every_part_of_the_file_is_needed(path, passphrase, secrets):
    good = path.read_bytes().rstrip(b"\n")
    for length in range(len(good)):
        path.write_bytes(good[:length])
        assert code_of(load_secrets, path, passphrase) == "secrets_bad"


def test_tampering_is_told_from_a_wrong_passphrase(path, passphrase, secrets):
    written = json.loads(path.read_bytes())
    sealed = bytearray(b64url_decode(written["sealed"]))
    sealed[0] ^= 1
    path.write_text(json.dumps({**written, "sealed": b64url_encode(bytes(sealed))}))
    assert code_of(load_secrets, path, passphrase) == "secrets_bad"


@pytest.mark.parametrize(
    "change",
    [{"n": 2**30}, {"n": 3}, {"n": 0}, {"n": -2}, {"n": True}, {"n": "2"}, {"n": 2.0}, {"r": 10_000}, {"p": 100},
     {"r": 0}, {"salt": ""}, {"nonce": "AAAA"}, {"nonce": 1}, {"sealed": None}, {"sealed": ""}, {"sealed": "AA=="},
     {"format": "x"}, {"extra": 1}, {"passphrase_check": ""}],
)  # fmt: skip
def test_a_prepared_file_costs_nothing_and_is_refused(path, passphrase, secrets, change):
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    assert code_of(load_secrets, path, passphrase) in {"secrets_bad", "key_passphrase"}


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format":1,"format":1}'])
def test_what_is_no_secrets_file_is_refused(path, passphrase, secrets, content):
    path.write_bytes(content)
    assert code_of(load_secrets, path, passphrase) == "secrets_bad"


def test_a_secrets_file_open_to_others_is_not_read(path, passphrase, secrets):
    path.chmod(0o644)
    assert code_of(load_secrets, path, passphrase) == "key_exposed"
    path.unlink()
    assert code_of(load_secrets, path, passphrase) == "key_unreadable"


def test_rotation_adds_a_current_secret_and_keeps_the_old_one(path, passphrase, secrets, entropy):
    before = secrets.current("search_digest")
    rotated = rotate(secrets, "search_digest", entropy)
    after = rotated.current("search_digest")
    assert after != before
    assert rotated.get(before.id) == before
    assert rotated.of("search_digest") == (before, after)
    assert rotated.current("key_encryption") == secrets.current("key_encryption")
    save_secrets(path, passphrase, rotated, entropy=entropy, cost=CHEAP)
    assert load_secrets(path, passphrase) == rotated


def test_saving_never_loses_a_secret_and_never_changes_the_passphrase_by_accident(path, passphrase, secrets, entropy):
    rotated = rotate(secrets, "session", entropy)
    save_secrets(path, passphrase, rotated, entropy=entropy, cost=CHEAP)
    assert code_of(save_secrets, path, passphrase, secrets, entropy=entropy, cost=CHEAP) == "secrets_bad"
    assert code_of(save_secrets, path, b"another", rotated, entropy=entropy, cost=CHEAP) == "key_passphrase"
    assert load_secrets(path, passphrase) == rotated


def test_unknown_names_and_ids_are_refused(secrets, entropy):
    assert code_of(secrets.current, "nonsense") == "secret_unknown"
    assert code_of(secrets.get, "key_encryption-000000000000") == "secret_unknown"
    assert code_of(rotate, secrets, "nonsense", entropy) == "secret_unknown"


def test_incomplete_doubled_or_short_secrets_are_no_secrets(secrets):
    entries = secrets.entries
    assert code_of(Secrets, entries[1:]) == "secrets_bad"
    assert code_of(Secrets, (*entries, entries[0])) == "secrets_bad"
    assert code_of(Secrets, (*entries, Secret("session-1", "session", b"short"))) == "secrets_bad"
    assert code_of(Secrets, (*entries, Secret("other-1", "other", bytes(32)))) == "secrets_bad"
