"""Publishing the offline bundle: after everything else, seconds after a change, signed by every root."""

import json
from datetime import timedelta

import pytest
from tests.issuer.acts import change, issued, published

from elicence.errors import KeyFault, PublishFault, TrustFault
from elicence.formats import trust_bundle
from elicence.issuer.bundle import EVERY, LIFETIME, PLACE, BundlePublisher
from elicence.issuer.published_folder import PublishedFolder
from elicence.keys.keyring import Purpose, compromise
from elicence.verifier.bundle import Bundle, open_bundle
from elicence.verifier.trust import parse_roots
from elicence.verifier.verify import verify


def opened(home) -> Bundle:
    roots = parse_roots(published(home, "roots.json"))
    return open_bundle(published(home, PLACE), roots, now=home.clock())


def verdict(home, licence) -> str:
    bundle = opened(home)
    return str(verify(licence.credential, trust=bundle.trust, sources=bundle.sources, now=home.clock()).verdict)


def test_nothing_is_bundled_before_there_is_a_trusted_list(home):
    assert BundlePublisher(home.desk, PublishedFolder(home.settings.home / "empty")).publish(now=home.clock()) is False
    assert not (home.settings.home / "empty").exists()


def test_with_everything_else_the_bundle_is_published_and_says_its_age(sqlite_home):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    assert verdict(home, made) == "valid"
    assert opened(home).issued_at == home.clock()
    assert opened(home).expires_at == home.clock() + LIFETIME


def test_a_change_is_in_the_bundle_two_seconds_later_and_at_once_where_that_is_asked(sqlite_home):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    change(home, made, "suspend", "penalty")
    home.clock.move(seconds=1)
    home.assembly.publish()
    assert verdict(home, made) == "valid"
    home.clock.move(seconds=1)
    home.assembly.publish()
    assert verdict(home, made) == "suspended"
    change(home, made, "revoke", "penalty")
    home.assembly.publish()
    assert verdict(home, made) == "suspended"
    assert home.assembly.bundle.publish(now=home.clock(), at_once=True) is True
    assert verdict(home, made) == "revoked"


def test_the_more_there_is_to_write_the_longer_changes_are_gathered(sqlite_home, monkeypatch):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    size = len(published(home, PLACE))
    monkeypatch.setattr("elicence.issuer.bundle._PAUSE_FOR_EACH", size // 4)
    change(home, made, "suspend", "penalty")
    home.clock.move(seconds=9)
    home.assembly.publish()
    assert verdict(home, made) == "valid"
    home.clock.move(seconds=2)
    home.assembly.publish()
    assert verdict(home, made) == "suspended"
    monkeypatch.setattr("elicence.issuer.bundle._PAUSE_FOR_EACH", 1)
    change(home, made, "revoke", "penalty")
    home.clock.now += EVERY - timedelta(seconds=1)
    home.assembly.publish()
    assert verdict(home, made) == "suspended"
    home.clock.move(seconds=1)
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_a_change_that_came_too_soon_is_still_owed(sqlite_home):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    change(home, made, "revoke", "penalty")
    home.clock.move(seconds=1)
    home.assembly.publish()
    home.clock.move(seconds=2)
    assert home.assembly.bundle.publish(now=home.clock()) is True
    assert verdict(home, made) == "revoked"


def test_a_change_that_could_not_be_written_is_still_owed(sqlite_home, tmp_path):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    change(home, made, "revoke", "penalty")
    home.clock.move(seconds=2)
    place, away = home.assembly.settings.published_dir / PLACE, tmp_path / "away"
    place.rename(away)
    place.mkdir()
    with pytest.raises(PublishFault, match="publish_io"):
        home.assembly.publish()
    place.rmdir()
    away.rename(place)
    home.clock.move(seconds=2)
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_another_process_sees_what_this_one_published_and_waits_too(sqlite_home):
    home = sqlite_home
    home.assembly.publish()
    issued(home)
    with home.open_again() as other:
        other.publish()
        before = published(home, PLACE)
        home.clock.now += EVERY
        other.publish()
        assert published(home, PLACE) != before


def test_what_says_the_same_is_left_alone_for_an_hour(sqlite_home):
    home = sqlite_home
    home.assembly.publish()
    before = published(home, PLACE)
    for minutes in (2, 57):
        home.clock.move(minutes=minutes)
        assert home.assembly.bundle.publish(now=home.clock()) is False
    assert home.assembly.bundle.publish(now=home.clock(), at_once=True) is False
    assert published(home, PLACE) == before
    home.clock.move(minutes=1)
    assert home.assembly.bundle.publish(now=home.clock()) is True
    assert opened(home).issued_at == home.clock()


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", None])
def test_a_damaged_bundle_is_replaced(sqlite_home, damage):
    home = sqlite_home
    home.assembly.publish()
    path = home.settings.published_dir / PLACE
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"ns/', b'"nx/', 1) if damage is None else damage)
    home.clock.now += EVERY
    assert home.assembly.bundle.publish(now=home.clock()) is True
    assert opened(home).contexts


def test_a_clock_that_was_set_back_stops_no_bundle(sqlite_home):
    home = sqlite_home
    home.clock.move(hours=3)
    home.assembly.publish()
    home.clock.move(hours=-2)
    assert home.assembly.bundle.publish(now=home.clock()) is True
    assert opened(home).issued_at == home.clock()


def test_every_active_root_signs(sqlite_home):
    home = sqlite_home
    keyring = home.assembly.maker.make_active(
        home.desk.chest.keyring, agency=None, purpose=Purpose.TRUSTED_LIST, now=home.clock()
    )
    home.assembly.save_keyring(keyring)
    home.assembly.publish()
    kids = {root.kid for root in keyring.active(None, Purpose.TRUSTED_LIST)}
    _, signatures, _ = trust_bundle.parse_document(published(home, PLACE))
    assert {jws.kid for jws in signatures} == kids
    assert len(kids) == 2


def test_without_a_root_the_bundle_that_lies_there_stays(sqlite_home):
    home = sqlite_home
    home.assembly.publish()
    before = published(home, PLACE)
    (root,) = home.desk.chest.keyring.active(None, Purpose.TRUSTED_LIST)
    home.assembly.save_keyring(compromise(home.desk.chest.keyring, root.kid, home.clock()))
    home.clock.move(hours=2)
    with pytest.raises(KeyFault, match="key_state"):
        home.assembly.bundle.publish(now=home.clock())
    assert published(home, PLACE) == before


def test_a_bundle_nobody_would_take_is_not_published_and_keeps_no_list_back(sqlite_home, monkeypatch):
    home, made = sqlite_home, issued(sqlite_home)
    home.assembly.publish()
    before = published(home, PLACE)
    monkeypatch.setattr(trust_bundle, "MAX_BUNDLE", 1000)
    change(home, made, "revoke", "penalty")
    lists = published(home, "status/housing/1.statuslist+jwt")
    home.clock.now += EVERY
    with pytest.raises(PublishFault, match="list_refused"):
        home.assembly.publish()
    assert published(home, PLACE) == before
    assert published(home, "status/housing/1.statuslist+jwt") != lists


def test_texts_are_carried_as_they_lie(sqlite_home):
    home = sqlite_home
    home.assembly.publish()
    for group in ("types", "contexts"):
        for place, text in json.loads(published(home, PLACE))[group].items():
            assert text.encode() == published(home, place)


def test_the_life_of_a_bundle_is_as_long_as_the_status_in_it_may_be_gone_by(sqlite_home):
    home = sqlite_home
    home.assembly.publish()
    home.clock.now += LIFETIME
    with pytest.raises(TrustFault, match="trust_expired"):
        opened(home)
