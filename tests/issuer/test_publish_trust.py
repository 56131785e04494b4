"""Published trust: versioned, signed by every root, replaced when damaged, and never grown for nothing."""

import json
import shutil
from datetime import timedelta

import pytest
from tests.assembly import BASE_URL, CHEAP, NOON, STANDARDS, TYPES, StandingClock, grant, new_agency
from tests.issuer.acts import FOOD, issued, nothing_changes, outcome, published, verdict

from elicence.bootstrap import assemble, initialise
from elicence.errors import TrustFault
from elicence.formats import trusted_list
from elicence.formats.encoding import b64url_decode, b64url_encode
from elicence.issuer.publish_trust import publish_trust
from elicence.issuer.trust import LIST_LIFETIME
from elicence.keys.keyring import Purpose, compromise, retire
from elicence.settings import Settings
from elicence.verifier.trust import Roots, open_trusted_list, parse_roots

PLACE = "trusted-list.json"


def publish(home) -> int:
    return publish_trust(home.desk, home.assembly.folder, now=home.clock())


def roots(home) -> Roots:
    return parse_roots(published(home, "roots.json"))


def opened(home, **more):
    return open_trusted_list(published(home, PLACE), roots(home), now=home.clock(), **more)


def test_everything_a_stranger_needs_is_published(home):
    publish(home)
    folder = home.settings.published_dir
    places = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    types = {f"{path.parent.name}/{path.stem}" for path in STANDARDS.glob("*/v*.json")}
    expected = {PLACE, "roots.json", ".well-known/jwks.json", "qr/dictionary-1.bin"}
    expected |= {f"types/{each}.json" for each in types} | {f"ns/{each}" for each in types}
    for slug in ("housing", "market"):
        expected |= {f"a/{slug}/did.json", f"a/{slug}/jwks.json", f".well-known/jwt-vc-issuer/a/{slug}"}
    assert places == expected
    assert (folder / f"types/{FOOD}/v1.json").read_bytes() == (STANDARDS / FOOD / "v1.json").read_bytes()


def test_no_private_member_of_a_key_is_ever_published(home):
    publish(home)
    for path in home.settings.published_dir.rglob("*"):
        if path.is_file():
            assert not set(members(path.read_bytes())) & {"d", "p", "q", "dp", "dq", "qi", "k"}, path


def members(content: bytes):
    try:
        stack = [json.loads(content)]
    except ValueError:
        return
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "kty" in value:
                yield from value
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def test_the_list_names_each_agency_with_its_own_grants_and_keys(home):
    publish(home)
    payload = opened(home).payload
    assert [agency.slug for agency in payload.agencies] == ["housing", "market"]
    housing, market = payload.agencies
    assert {each.type_slug for each in market.permissions} == {FOOD}
    assert len(housing.permissions) == len(TYPES)
    assert not {key.kid for key in housing.keys} & {key.kid for key in market.keys}
    assert {key.purpose for key in housing.keys} == {"credential", "status_list"}


# Versions


def test_the_version_grows_only_when_what_is_said_has_changed(home):
    publish(home)
    first = opened(home).version
    with nothing_changes(home):
        assert publish(home) == 0
    home.clock.move(days=2)
    issued(home)
    assert publish(home) == 0
    assert opened(home).version == first
    home.agencies["zoo"] = new_agency(home.assembly, "zoo")
    assert publish(home) == 5  # its three files, the JWKS of all, the list
    assert opened(home).version == first + 1
    grant(home.assembly, home.agencies["zoo"], FOOD)
    assert publish(home) == 1
    assert opened(home).version == first + 2


def test_instants_with_fractions_do_not_make_it_grow(home):
    home.clock.now += timedelta(microseconds=123_456)
    agency = home.agencies["zoo"] = new_agency(home.assembly, "zoo", now=home.clock())
    grant(home.assembly, agency, FOOD, valid_from=home.clock(), valid_until=home.clock() + timedelta(days=9))
    publish(home)
    home.clock.now += timedelta(seconds=7, microseconds=3)
    assert publish(home) == 0


def test_another_process_says_the_same(home):
    publish(home)
    with home.open_again() as other:
        assert publish_trust(other.desk, other.folder, now=home.clock()) == 0


def test_the_list_is_signed_anew_when_a_third_of_its_life_is_over(home):
    publish(home)
    first = opened(home)
    home.clock.now = first.issued_at + LIST_LIFETIME / 3 - timedelta(seconds=1)
    assert publish(home) == 0
    home.clock.move(seconds=1)
    assert publish(home) == 1
    second = opened(home)
    assert (second.version, second.expires_at) == (first.version + 1, home.clock() + LIST_LIFETIME)


def test_a_verifier_that_saw_the_newer_list_refuses_the_older(home):
    publish(home)
    old = published(home, PLACE)
    new_agency(home.assembly, "zoo")
    publish(home)
    newest = opened(home).version
    with pytest.raises(TrustFault, match="trust_rollback"):
        open_trusted_list(old, roots(home), now=home.clock(), newest_seen=newest)


def test_an_older_list_put_back_is_replaced_by_a_newer_version(home):
    publish(home)
    old = published(home, PLACE)
    home.clock.move(days=11)
    publish(home)
    newest = opened(home).version
    (home.settings.published_dir / PLACE).write_bytes(old)
    home.clock.move(seconds=1)
    assert publish(home) == 1
    assert opened(home, newest_seen=newest).version == newest + 1


# Damage


def flipped_signature(document: bytes) -> bytes:
    whole = json.loads(document)
    head, payload, signature = whole["signatures"][0].split(".")
    broken = bytearray(b64url_decode(signature))
    broken[5] ^= 1
    whole["signatures"][0] = ".".join((head, payload, b64url_encode(bytes(broken))))
    return json.dumps(whole, separators=(",", ":")).encode()


DAMAGE = {
    "nothing": lambda _: b"",
    "garbage": lambda _: b"\xff\x00",
    "cut short": lambda document: document[:-20],
    "a flipped bit in the signature": flipped_signature,
    "no signature": lambda document: json.dumps(json.loads(document) | {"signatures": []}).encode(),
    "a list of a stranger": None,
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_list_is_replaced_by_a_newer_version(home, case, tmp_path):
    made = issued(home)
    home.assembly.publish()
    before = opened(home).version
    good = published(home, PLACE)
    damaged = strangers_list(home, tmp_path) if DAMAGE[case] is None else DAMAGE[case](good)
    (home.settings.published_dir / PLACE).write_bytes(damaged)
    with pytest.raises(TrustFault):
        opened(home)
    assert publish(home) == 1
    assert opened(home).version == before + 1
    assert verdict(home, made) == "valid"


def strangers_list(home, tmp_path) -> bytes:
    """The same words under somebody else's root."""
    settings = Settings(home=tmp_path / "other", standards_dir=STANDARDS)
    initialise(settings, base_url=BASE_URL, environment="demo", roots=1, clock=StandingClock(), cost=CHEAP)
    with assemble(settings, clock=StandingClock()) as stranger:
        payload = trusted_list.encode_payload(opened(home).payload)
        (signer,) = stranger.desk.chest.signers_of_roots(NOON)
        head = json.dumps(trusted_list.header(signer.kid), separators=(",", ":")).encode()
        to_sign = f"{b64url_encode(head)}.{b64url_encode(payload)}"
        token = f"{to_sign}.{b64url_encode(signer.sign(to_sign.encode()))}"
        return trusted_list.document(payload, [token])


@pytest.mark.parametrize(
    "place",
    [
        "a/housing/did.json",
        "a/market/jwks.json",
        ".well-known/jwks.json",
        f"types/{FOOD}/v1.json",
        f"ns/{FOOD}/v1",
        "qr/dictionary-1.bin",
    ],
)
def test_any_other_damaged_or_lost_file_is_put_back_without_a_new_version(sqlite_home, place):
    home = sqlite_home
    publish(home)
    version, path = opened(home).version, home.settings.published_dir / place
    good = path.read_bytes()
    for damage in (lambda: path.write_bytes(good[:-1]), path.unlink):
        damage()
        assert publish(home) == 1
        assert path.read_bytes() == good
    assert opened(home).version == version


# Roots


def test_wrong_roots_believe_nothing(home, tmp_path):
    publish(home)
    settings = Settings(home=tmp_path / "other", standards_dir=STANDARDS)
    initialise(settings, base_url=BASE_URL, environment="demo", roots=1, clock=StandingClock(), cost=CHEAP)
    others = parse_roots((settings.published_dir / "roots.json").read_bytes())
    with pytest.raises(TrustFault, match="trust_untrusted"):
        open_trusted_list(published(home, PLACE), others, now=home.clock())


@pytest.fixture
def two_roots(tmp_path):
    clock = StandingClock()
    settings = Settings(home=tmp_path / "two", standards_dir=STANDARDS)
    initialise(settings, base_url=BASE_URL, environment="demo", roots=2, clock=clock, cost=CHEAP)
    with assemble(settings, clock=clock) as assembly:
        agency = new_agency(assembly, "housing")
        grant(assembly, agency, FOOD)
        assembly.publish()
        yield assembly


def test_where_two_roots_must_agree_one_is_not_enough(two_roots):
    folder = two_roots.settings.published_dir
    pinned = parse_roots((folder / "roots.json").read_bytes())
    assert (pinned.threshold, len(pinned.keys)) == (2, 2)
    document = json.loads((folder / PLACE).read_bytes())
    assert len(document["signatures"]) == 2
    assert open_trusted_list(json.dumps(document).encode(), pinned, now=NOON).version == 1
    for signatures in ([document["signatures"][0]], [document["signatures"][1]], [document["signatures"][0]] * 2):
        with pytest.raises(TrustFault):
            open_trusted_list(json.dumps(document | {"signatures": signatures}).encode(), pinned, now=NOON)


def test_a_published_list_that_lost_one_of_two_signatures_is_replaced(two_roots):
    path = two_roots.settings.published_dir / PLACE
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps(document | {"signatures": document["signatures"][:1]}))
    assert publish_trust(two_roots.desk, two_roots.folder, now=NOON) == 1
    assert len(json.loads(path.read_bytes())["signatures"]) == 2


def test_without_an_active_root_nothing_is_published_and_the_list_stays(home):
    publish(home)
    before = published(home, PLACE)
    keyring = home.desk.chest.keyring
    (root,) = keyring.active(None, Purpose.TRUSTED_LIST)
    home.assembly.save_keyring(retire(keyring, root.kid, home.clock()))
    new_agency(home.assembly, "zoo")
    assert outcome(lambda: publish(home)) == "key_state"
    assert published(home, PLACE) == before


def test_a_new_root_beside_the_old_signs_the_list_that_is_out_already(home):
    publish(home)
    keyring = home.assembly.maker.make_active(
        home.desk.chest.keyring, agency=None, purpose=Purpose.TRUSTED_LIST, now=NOON
    )
    home.assembly.save_keyring(keyring)
    assert publish(home) == 1
    assert len(json.loads(published(home, PLACE))["signatures"]) == 2
    assert opened(home).version == 2


# Keys that come and go


def test_a_compromised_key_is_withdrawn_everywhere_at_once(home):
    made = issued(home)
    home.assembly.publish()
    home.assembly.save_keyring(compromise(home.desk.chest.keyring, made.kid, home.clock()))
    home.assembly.publish()
    assert verdict(home, made) == "key_withdrawn"
    assert made.kid not in {key["kid"] for key in json.loads(published(home, "a/housing/jwks.json"))["keys"]}
    assert made.kid not in {key["kid"] for key in json.loads(published(home, ".well-known/jwks.json"))["keys"]}
    assert made.kid in published(home, "a/housing/did.json").decode()


def test_a_retired_key_still_verifies_and_the_new_one_signs(home):
    first = issued(home)
    home.clock.move(hours=1)
    keyring = home.assembly.maker.make_active(
        home.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=home.clock()
    )
    home.assembly.save_keyring(keyring)
    second = issued(home, 2)
    home.assembly.publish()
    assert first.kid != second.kid
    assert [verdict(home, each) for each in (first, second)] == ["valid", "valid"]


def test_a_publisher_in_another_process_publishes_the_keys_as_they_are_now(home):
    """It was started before the agency came, and before a key was compromised."""
    made = issued(home)
    with home.open_again() as publisher:
        publisher.publish()
        home.agencies["zoo"] = new_agency(home.assembly, "zoo")
        grant(home.assembly, home.agencies["zoo"], FOOD)
        theirs = issued(home, 2, slug="zoo")
        home.assembly.save_keyring(compromise(home.desk.chest.keyring, made.kid, home.clock()))
        home.assembly.publish()
        version = opened(home).version
        publisher.publish()
        assert opened(home).version == version
        assert verdict(home, theirs) == "valid"
        assert verdict(home, made) == "key_withdrawn"


def test_a_key_rotated_by_another_process_signs_what_is_issued_next(home):
    with home.open_again() as admin:
        keyring = admin.maker.make_active(
            admin.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=home.clock()
        )
        admin.save_keyring(keyring)
        (active,) = keyring.active("housing", Purpose.CREDENTIAL)
    assert issued(home).kid == active.kid


def test_drafts_of_types_are_not_published(home, tmp_path):
    standards = tmp_path / "standards"
    shutil.copytree(STANDARDS, standards)
    draft = json.loads((standards / FOOD / "v1.json").read_bytes()) | {"version": 2, "status": "draft"}
    (standards / FOOD / "v2.json").write_text(json.dumps(draft, ensure_ascii=False), "utf-8")
    settings = home.settings.model_copy(update={"standards_dir": standards})
    with assemble(settings, clock=home.clock) as assembly:
        assembly.publish()
    assert opened(home).type(FOOD, 2) is None
    assert not (home.settings.published_dir / f"types/{FOOD}/v2.json").exists()
