import json
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import ElicenceError, KeyFault, NotFound
from elicence.formats.jwk import VerificationKey, public_jwk
from elicence.keys.file_signer import create_key_file
from elicence.keys.keyring import (
    KeyChest,
    KeyEntry,
    Keyring,
    KeyState,
    Purpose,
    activate,
    compromise,
    load_keyring,
    refuse_unfit,
    retire,
    save_keyring,
    stage,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JWKS = [public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()) for _ in range(6)]
CREDENTIAL, STATUS_LIST, ROOT = Purpose.CREDENTIAL, Purpose.STATUS_LIST, Purpose.TRUSTED_LIST


def entry(number: int, **changes) -> KeyEntry:
    options = {
        "agency": "sz-housing",
        "purpose": CREDENTIAL,
        "made_in": "test",
        "valid_from": NOW,
        "uri": "file:private/x.pem",
    }
    return KeyEntry.staged(JWKS[number], **{**options, **changes})


def code_of(act, *arguments, **options) -> str:
    with pytest.raises(KeyFault) as caught:
        act(*arguments, **options)
    return caught.value.code


# --- states


def test_a_staged_key_is_published_and_does_not_sign():
    keyring = stage(Keyring(), entry(0))
    assert keyring.get(entry(0).kid).state is KeyState.NEXT
    assert keyring.active("sz-housing", CREDENTIAL) == ()


def test_activating_retires_the_key_before_in_the_same_step():
    keyring = activate(stage(Keyring(), entry(0)), entry(0).kid, NOW)
    keyring = activate(stage(keyring, entry(1)), entry(1).kid, NOW + timedelta(days=1, microseconds=5))
    old, new = keyring.entries
    assert (old.state, new.state) == (KeyState.RETIRED, KeyState.ACTIVE)
    assert old.valid_until == NOW + timedelta(days=1, seconds=1)
    assert keyring.active("sz-housing", CREDENTIAL) == (new,)


def test_a_key_is_not_active_before_its_time():
    keyring = stage(Keyring(), entry(0, valid_from=NOW + timedelta(days=1)))
    assert code_of(activate, keyring, entry(0).kid, NOW) == "key_window"
    assert activate(keyring, entry(0).kid, NOW + timedelta(days=1)).entries[0].state is KeyState.ACTIVE


def test_another_agency_purpose_or_use_keeps_its_own_active_key():
    keyring = Keyring()
    others = [entry(0), entry(1, agency="tax"), entry(2, purpose=STATUS_LIST), entry(3, use="test")]
    for each in others:
        keyring = activate(stage(keyring, each), each.kid, NOW)
    assert {each.state for each in keyring.entries} == {KeyState.ACTIVE}


def test_several_roots_may_sign_the_trusted_list_together():
    keyring = Keyring()
    for each in (entry(0, agency=None, purpose=ROOT), entry(1, agency=None, purpose=ROOT)):
        keyring = activate(stage(keyring, each), each.kid, NOW)
    assert len(keyring.active(None, ROOT)) == 2


ALLOWED = {
    KeyState.NEXT: {"activate", "retire", "compromise"},
    KeyState.ACTIVE: {"retire", "compromise"},
    KeyState.RETIRED: {"compromise"},
    KeyState.COMPROMISED: {"compromise"},
}
ACTS = {"activate": activate, "retire": retire, "compromise": compromise}


@pytest.mark.parametrize("state", KeyState)
@pytest.mark.parametrize("name", ACTS)
def test_every_pair_of_key_state_and_act_is_decided(state, name):
    key = replace(entry(0), state=state, compromised_at=NOW if state is KeyState.COMPROMISED else None)
    keyring = Keyring((key,))
    if name in ALLOWED[state]:
        assert ACTS[name](keyring, key.kid, NOW).entries[0].kid == key.kid
    else:
        assert code_of(ACTS[name], keyring, key.kid, NOW) == "key_state"


@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 3), st.integers(0, 100)), max_size=25))
def test_no_sequence_of_acts_leaves_two_active_keys_or_brings_a_key_back(acts):
    keyring = Keyring((entry(0), entry(1), entry(2), entry(3)))
    order = list(KeyState)
    for name, number, second in acts:
        before = {each.kid: each.state for each in keyring.entries}
        try:
            keyring = ACTS[name](keyring, entry(number).kid, NOW + second * SECOND)
        except ElicenceError:
            continue
        assert len(keyring.active("sz-housing", CREDENTIAL)) <= 1
        assert all(order.index(each.state) >= order.index(before[each.kid]) for each in keyring.entries)
        assert len(keyring.entries) == 4


def test_a_compromise_is_kept_with_its_earliest_instant():
    keyring = compromise(Keyring((entry(0),)), entry(0).kid, NOW)
    keyring = compromise(keyring, entry(0).kid, NOW + SECOND)
    assert keyring.entries[0].compromised_at == NOW
    assert compromise(keyring, entry(0).kid, NOW - SECOND).entries[0].compromised_at == NOW - SECOND


def test_a_key_that_retires_before_it_began_has_an_empty_window():
    keyring = retire(Keyring((entry(0, valid_from=NOW + timedelta(days=1)),)), entry(0).kid, NOW)
    assert keyring.entries[0].valid_until == keyring.entries[0].valid_from


def test_an_unknown_kid_is_not_found():
    for act in ACTS.values():
        with pytest.raises(NotFound) as caught:
            act(Keyring((entry(0),)), entry(1).kid, NOW)
        assert caught.value.code == "key_not_found"


def test_only_a_next_key_can_be_staged():
    assert code_of(stage, Keyring(), replace(entry(0), state=KeyState.ACTIVE)) == "key_state"


# --- what a keyring may hold


def test_one_key_twice_is_a_conflict_even_for_two_agencies_or_purposes():
    for twin in (entry(0), entry(0, agency="tax"), entry(0, purpose=STATUS_LIST)):
        assert code_of(stage, Keyring((entry(0),)), twin) == "kid_conflict"


def test_two_active_keys_of_one_role_are_refused():
    two = (replace(entry(0), state=KeyState.ACTIVE), replace(entry(1), state=KeyState.ACTIVE))
    assert code_of(Keyring, two) == "keyring_bad"


def test_a_private_member_in_the_keyring_is_an_exposed_key():
    for member in ("d", "k", "p", "oth"):
        assert code_of(replace, entry(0), public_jwk={**JWKS[0], member: "AAAA"}) == "key_exposed"


def test_the_kid_is_the_thumbprint():
    assert code_of(replace, entry(0), kid="key-1") == "key_mismatch"
    assert code_of(replace, entry(0), public_jwk=JWKS[1]) == "key_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"use": "demo"},
        {"made_in": "live"},
        {"agency": None},
        {"purpose": ROOT},
        {"compromised_at": NOW},
        {"state": KeyState.COMPROMISED},
        {"public_jwk": {"kty": "EC", "crv": "P-256", "x": JWKS[0]["x"], "y": JWKS[1]["y"]}},
        {"public_jwk": {**JWKS[0], "use": "enc"}},
        {"public_jwk": {**JWKS[0], "crv": "P-384"}},
        {"public_jwk": {}},
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(changes):
    assert code_of(replace, entry(0), **changes) == "keyring_bad"


@pytest.mark.parametrize("state", KeyState)
@pytest.mark.parametrize("made_in", ["demo", "test"])
def test_production_refuses_keys_made_elsewhere_whatever_their_state(state, made_in):
    unfit = replace(
        entry(0, made_in=made_in), state=state, compromised_at=NOW if state is KeyState.COMPROMISED else None
    )
    assert code_of(refuse_unfit, Keyring((entry(1, made_in="production"), unfit)), "production") == "production_refused"
    for environment in ("demo", "test"):
        refuse_unfit(Keyring((unfit,)), environment)


def test_a_test_key_has_no_place_in_production_wherever_it_was_made():
    keys = Keyring((entry(0, made_in="production"), entry(1, made_in="production", use="test")))
    with pytest.raises(KeyFault, match="production_refused"):
        refuse_unfit(keys, "production")
    refuse_unfit(keys, "demo")
    refuse_unfit(Keyring(), "production")


# --- the file


@pytest.fixture
def path(keys_dir):
    return keys_dir / "keyring.json"


@pytest.fixture
def keyring():
    keys = [
        entry(0),
        entry(1, agency="tax", valid_from=NOW.astimezone(timezone(timedelta(hours=8)))),
        entry(2, purpose=STATUS_LIST),
        entry(3, agency=None, purpose=ROOT),
        entry(4, use="test"),
        entry(5, agency="degrees"),
    ]
    keyring = Keyring(tuple(keys))
    for each in keys[:4]:
        keyring = activate(keyring, each.kid, NOW + timedelta(microseconds=7))
    return compromise(retire(keyring, keys[2].kid, NOW + SECOND), keys[1].kid, NOW + SECOND)


def test_a_keyring_reads_back_equal_from_a_file_everybody_may_read(path, keyring):
    save_keyring(path, keyring)
    assert load_keyring(path) == keyring
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    save_keyring(path, Keyring())
    assert load_keyring(path) == Keyring()


def change(path, **members) -> None:
    document = json.loads(path.read_bytes())
    document["keys"][0] = {**document["keys"][0], **members}
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"state": "expired"}, "keyring_bad"),
        ({"state": None}, "keyring_bad"),
        ({"purpose": "credentials"}, "keyring_bad"),
        ({"purpose": ["credential"]}, "keyring_bad"),
        ({"agency": ""}, "keyring_bad"),
        ({"agency": 7}, "keyring_bad"),
        ({"valid_from": None}, "keyring_bad"),
        ({"valid_from": "2026-11-23"}, "keyring_bad"),
        ({"valid_from": "2026-11-23T08:00:00+08:00"}, "keyring_bad"),
        ({"valid_from": "2026-11-23T8:00:00Z"}, "keyring_bad"),
        ({"valid_from": "2026-02-30T08:00:00Z"}, "keyring_bad"),
        ({"valid_until": 1_795_420_800}, "keyring_bad"),
        ({"public_jwk": "x"}, "keyring_bad"),
        ({"public_jwk": None}, "keyring_bad"),
        ({"public_jwk": {**JWKS[0], "d": "AAAA"}}, "key_exposed"),
        ({"public_jwk": JWKS[1]}, "key_mismatch"),
        ({"kid": "x"}, "key_mismatch"),
        ({"uri": ""}, "keyring_bad"),
        ({"comment": "x"}, "keyring_bad"),
    ],
)
def test_a_changed_member_of_the_file_is_refused(path, keyring, members, code):
    save_keyring(path, keyring)
    change(path, **members)
    assert code_of(load_keyring, path) == code


def test_a_kid_twice_in_the_file_is_a_conflict(path, keyring):
    save_keyring(path, keyring)
    document = json.loads(path.read_bytes())
    document["keys"].append(document["keys"][0])
    path.write_text(json.dumps(document))
    assert code_of(load_keyring, path) == "kid_conflict"


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'{"format":"elicence-keyring-1","keys":{}}',
     b'{"format":"elicence-keyring-1","keys":[1]}',
     b'{"format":"elicence-keyring-2","keys":[]}',
     b'{"format":"elicence-keyring-1","keys":[],"keys":[]}', b"\xff\xfe",
     b"[" * 200_000, b'{"format":"elicence-keyring-1","keys":[],"x":1}'],
)  # fmt: skip
def test_what_is_no_keyring_is_refused(path, content):
    path.write_bytes(content)
    path.chmod(0o644)
    assert code_of(load_keyring, path) == "keyring_bad"


def test_a_keyring_that_others_can_write_to_or_that_is_absent_is_refused(path, keyring):
    assert code_of(load_keyring, path) == "key_unreadable"
    save_keyring(path, keyring)
    path.chmod(0o666)
    assert code_of(load_keyring, path) == "key_exposed"


# --- the chest


@pytest.fixture
def chest(keys_dir, passphrase):
    keyring = Keyring()
    for agency, purpose, use in (
        ("sz-housing", CREDENTIAL, "live"),
        ("sz-housing", CREDENTIAL, "test"),
        ("sz-housing", STATUS_LIST, "live"),
        ("tax", CREDENTIAL, "live"),
        (None, ROOT, "live"),
    ):
        name = f"private/{agency or 'root'}-{purpose}-{use}.pem"
        jwk = create_key_file(keys_dir / name, passphrase)
        key = KeyEntry.staged(
            jwk, agency=agency, purpose=purpose, use=use, made_in="test", valid_from=NOW, uri=f"file:{name}"
        )
        keyring = activate(stage(keyring, key), key.kid, NOW)
    return KeyChest(keyring, base_dir=keys_dir, passphrase=passphrase)


def kid_of(chest, agency, purpose=CREDENTIAL, use="live") -> str:
    (key,) = chest.keyring.active(agency, purpose, use)
    return key.kid


def test_each_agency_and_purpose_gets_its_own_signer(chest):
    for agency, purpose, use in (
        ("sz-housing", CREDENTIAL, "live"),
        ("sz-housing", CREDENTIAL, "test"),
        ("sz-housing", STATUS_LIST, "live"),
        ("tax", CREDENTIAL, "live"),
        (None, ROOT, "live"),
    ):
        signer = chest.signer_for(agency, purpose, NOW, use=use)
        assert signer.kid == kid_of(chest, agency, purpose, use)
        VerificationKey.from_jwk(signer.public_jwk).verify(b"x", signer.sign(b"x"))
        assert chest.signer_for(agency, purpose, NOW, use=use) is signer
    assert [root.kid for root in chest.signers_of_roots(NOW)] == [kid_of(chest, None, ROOT)]


def test_there_is_no_signer_where_there_is_no_active_key(chest):
    for agency, purpose, use in (
        ("tax", STATUS_LIST, "live"),
        ("tax", CREDENTIAL, "test"),
        ("tax", CREDENTIAL, "demo"),
        ("nobody", CREDENTIAL, "live"),
        (None, CREDENTIAL, "live"),
        ("tax", ROOT, "live"),
    ):
        assert code_of(chest.signer_for, agency, purpose, NOW, use=use) == "key_state"
    chest.adopt(retire(chest.keyring, kid_of(chest, "tax"), NOW))
    assert code_of(chest.signer_for, "tax", CREDENTIAL, NOW) == "key_state"


def test_a_key_signs_only_inside_its_window(chest):
    assert chest.signer_for("tax", CREDENTIAL, NOW)
    assert code_of(chest.signer_for, "tax", CREDENTIAL, NOW - SECOND) == "key_window"
    ending = replace(chest.keyring.get(kid_of(chest, "tax")), valid_until=NOW + SECOND)
    chest.adopt(Keyring((ending,)))
    assert chest.signer_for("tax", CREDENTIAL, NOW + SECOND)
    assert code_of(chest.signer_for, "tax", CREDENTIAL, NOW + 2 * SECOND) == "key_window"
    assert chest.signers_of_roots(NOW) == ()


def test_the_key_of_one_agency_never_signs_for_another(chest, keys_dir, passphrase):
    housing, tax = kid_of(chest, "sz-housing"), kid_of(chest, "tax")
    assert code_of(chest.signer_by_kid, housing, agency_slug="tax", purpose=CREDENTIAL) == "key_wrong_agency"
    assert code_of(chest.signer_by_kid, housing, agency_slug=None, purpose=CREDENTIAL) == "key_wrong_agency"
    # Somebody puts the key file of one agency in the place of the other's.
    housing_file = keys_dir / "private" / "sz-housing-credential-live.pem"
    (keys_dir / "private" / "tax-credential-live.pem").write_bytes(housing_file.read_bytes())
    assert code_of(chest.signer_for, "tax", CREDENTIAL, NOW) == "key_wrong_agency"
    # Somebody points the URI of one agency to the file of the other.
    pointed = replace(chest.keyring.get(tax), uri="file:private/sz-housing-credential-live.pem")
    moved = KeyChest(
        Keyring(tuple(pointed if each.kid == tax else each for each in chest.keyring.entries)),
        base_dir=keys_dir, passphrase=passphrase,
    )  # fmt: skip
    assert code_of(moved.signer_for, "tax", CREDENTIAL, NOW) == "key_wrong_agency"
    assert chest.signer_for("sz-housing", CREDENTIAL, NOW).kid == housing


def test_a_foreign_key_file_and_one_of_another_purpose_are_mismatches(chest, keys_dir, passphrase):
    place = keys_dir / "private" / "tax-credential-live.pem"
    place.unlink()
    create_key_file(place, passphrase)
    assert code_of(chest.signer_for, "tax", CREDENTIAL, NOW) == "key_mismatch"
    status_file = keys_dir / "private" / "sz-housing-status_list-live.pem"
    (keys_dir / "private" / "sz-housing-credential-live.pem").write_bytes(status_file.read_bytes())
    assert code_of(chest.signer_for, "sz-housing", CREDENTIAL, NOW) == "key_mismatch"


def test_an_intent_is_finished_by_the_key_it_names_even_after_rotation_but_not_after_compromise(chest):
    kid = kid_of(chest, "tax")
    chest.adopt(retire(chest.keyring, kid, NOW))
    assert chest.signer_by_kid(kid, agency_slug="tax", purpose=CREDENTIAL).kid == kid
    assert code_of(chest.signer_by_kid, kid, agency_slug="tax", purpose=STATUS_LIST) == "key_mismatch"
    chest.adopt(compromise(chest.keyring, kid, NOW))
    assert code_of(chest.signer_by_kid, kid, agency_slug="tax", purpose=CREDENTIAL) == "key_state"


def test_a_wrong_passphrase_fails_every_time_and_loads_nothing(chest, keys_dir, passphrase):
    locked = KeyChest(chest.keyring, base_dir=keys_dir, passphrase=b"wrong")
    for _ in range(2):
        assert code_of(locked.signer_for, "tax", CREDENTIAL, NOW) == "key_passphrase"


def test_a_loaded_key_needs_its_file_no_more_and_threads_share_it(chest, keys_dir):
    signers = []
    threads = [
        threading.Thread(target=lambda: signers.append(chest.signer_for("tax", CREDENTIAL, NOW))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, signers))) == 1
    (keys_dir / "private" / "tax-credential-live.pem").unlink()
    assert chest.signer_for("tax", CREDENTIAL, NOW).sign(b"x")
