"""The wiring: a registry is made whole or refused, opened only when everything fits, and made once."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.assembly import BASE_URL, CHEAP, NOON, STANDARDS, StandingClock, example, grant, house, new_agency

from elicence import bootstrap
from elicence.bootstrap import assemble, initialise
from elicence.errors import Conflict, ElicenceError, KeyFault, SettingsFault, StoreFault
from elicence.issuer.issue import issue
from elicence.keys.keyring import Purpose, load_keyring, save_keyring
from elicence.registry.meta import meta
from elicence.registry.registry import Registry
from elicence.registry.schema import SchemaState, schema_state, upgrade
from elicence.settings import Settings


def settings_of(home: Path, url: str | None = None) -> Settings:
    return Settings(home=home, database_url=url, standards_dir=STANDARDS)


def make(settings: Settings, **changes) -> None:
    asked = {"base_url": BASE_URL, "environment": "demo", "roots": 1, "clock": StandingClock(), "cost": CHEAP}
    initialise(settings, **(asked | changes))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Making one


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base_url": "http://e.example.gov"}, "base_url_bad"),
        ({"base_url": "https://e.example.gov/"}, "base_url_bad"),
        ({"base_url": "https://E.example.gov"}, "base_url_bad"),
        ({"base_url": "https://e.example.gov/path"}, "base_url_bad"),
        ({"base_url": "https://user@e.example.gov"}, "base_url_bad"),
        ({"base_url": "ftp://e.example.gov"}, "base_url_bad"),
        ({"base_url": ""}, "base_url_bad"),
        ({"environment": "staging"}, "settings_bad"),
        ({"environment": "test"}, "settings_bad"),
        ({"environment": ""}, "settings_bad"),
        ({"roots": 0}, "settings_bad"),
        ({"roots": -1}, "settings_bad"),
        ({"roots": 17}, "settings_bad"),
        ({"base_url": "http://localhost:8000", "environment": "production"}, "production_refused"),
        ({"environment": "production", "roots": 1}, "production_refused"),
    ],
)
def test_what_could_never_be_changed_is_looked_at_before_anything_is_made(tmp_path, changes, code):
    with pytest.raises(SettingsFault) as raised:
        make(settings_of(tmp_path / "home"), **changes)
    assert raised.value.code == code
    assert not (tmp_path / "home").exists()


def test_a_new_registry_is_whole(tmp_path, empty_database_url):
    settings = settings_of(tmp_path / "home", empty_database_url)
    assert schema_state(empty_database_url) is SchemaState.ABSENT
    make(settings, roots=2)
    assert schema_state(empty_database_url) is SchemaState.CURRENT
    with assemble(settings, clock=StandingClock()) as assembly:
        assert (assembly.desk.base_url, assembly.desk.environment) == (BASE_URL, "demo")
        assert len(assembly.desk.chest.keyring.active(None, Purpose.TRUSTED_LIST)) == 2
        assembly.publish()
    assert "published/roots.json" in files(settings.home)


def test_secrets_and_keys_are_for_their_owner_only(tmp_path):
    settings = settings_of(tmp_path / "home")
    make(settings)
    for place in ("keys/passphrase", "keys/private/secrets.json", "elicence.json", "registry.db"):
        assert stat.S_IMODE((settings.home / place).stat().st_mode) == 0o600, place
    assert stat.S_IMODE((settings.home / "keys" / "private").stat().st_mode) == 0o700
    for path in (settings.home / "keys" / "private").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_registry_is_not_made_twice_and_the_second_try_changes_nothing(tmp_path, empty_database_url):
    settings = settings_of(tmp_path / "home", empty_database_url)
    make(settings)
    before = files(settings.home)
    with pytest.raises(Conflict, match="registry_exists"):
        make(settings)
    with pytest.raises(Conflict, match="registry_exists"):
        make(settings_of(tmp_path / "another", empty_database_url))
    assert files(settings.home) == before
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize("left", ["keys/keyring.json", "keys/private/secrets.json", "elicence.json"])
def test_the_beginning_of_a_registry_is_never_built_upon(tmp_path, left):
    settings = settings_of(tmp_path / "home")
    make(settings)
    content = (settings.home / left).read_bytes()
    begun = settings_of(tmp_path / "begun")
    (begun.home / left).parent.mkdir(parents=True)
    (begun.home / left).write_bytes(content)
    with pytest.raises(Conflict, match="registry_exists"):
        make(begun)
    assert files(begun.home) == {left: content}


def test_a_passphrase_that_is_there_is_used_and_kept(tmp_path):
    settings = settings_of(tmp_path / "home")
    settings.keys_dir.mkdir(parents=True)
    settings.passphrase_path.write_bytes(b"chosen by a person\n")
    settings.passphrase_path.chmod(0o600)
    make(settings)
    assert settings.passphrase_path.read_bytes() == b"chosen by a person\n"
    assemble(settings, clock=StandingClock()).close()


def test_a_store_that_cannot_be_reached_leaves_no_home_behind(tmp_path):
    settings = settings_of(tmp_path / "home", "postgresql+psycopg://nobody@/none?host=/nowhere")
    with pytest.raises(StoreFault):
        make(settings)
    assert not (tmp_path / "home").exists()


# Opening one


@pytest.fixture
def made(tmp_path) -> Settings:
    settings = settings_of(tmp_path / "home")
    make(settings)
    return settings


def test_a_home_without_a_registry_does_not_open(tmp_path):
    with pytest.raises(StoreFault, match="registry_absent"):
        assemble(settings_of(tmp_path / "nothing"))


def spoil_file(place: str, content: bytes | None):
    def spoil(settings: Settings) -> None:
        path = settings.home / place
        path.unlink() if content is None else path.write_bytes(content)

    return spoil


def expose(place: str, mode: int):
    return lambda settings: (settings.home / place).chmod(mode)


SPOILED = {
    "no passphrase": (spoil_file("keys/passphrase", None), "key_unreadable"),
    "an empty passphrase": (spoil_file("keys/passphrase", b""), "key_passphrase"),
    "another passphrase": (spoil_file("keys/passphrase", b"wrong\n"), "key_passphrase"),
    "a passphrase everybody may read": (expose("keys/passphrase", 0o644), "key_exposed"),
    "no secrets": (spoil_file("keys/private/secrets.json", None), "key_unreadable"),
    "secrets cut short": (spoil_file("keys/private/secrets.json", b"{"), "secrets_bad"),
    "secrets everybody may read": (expose("keys/private/secrets.json", 0o640), "key_exposed"),
    "no keyring": (spoil_file("keys/keyring.json", None), "key_unreadable"),
    "a keyring that is none": (spoil_file("keys/keyring.json", b"[]"), "keyring_bad"),
    "a keyring everybody may write": (expose("keys/keyring.json", 0o666), "key_exposed"),
    "no store": (spoil_file("registry.db", None), "registry_absent"),
    "a store that is none": (spoil_file("registry.db", b"not a database at all" * 100), "store_corrupt"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_registry_with_anything_wrong_does_not_open(made, case):
    spoil, code = SPOILED[case]
    spoil(made)
    with pytest.raises(ElicenceError) as raised:
        assemble(made)
    assert raised.value.code == code


def test_a_registry_that_did_not_open_keeps_no_connection(made, monkeypatch):
    closed = []
    monkeypatch.setattr(Registry, "close", lambda registry, close=Registry.close: (closed.append(1), close(registry)))
    made.passphrase_path.write_bytes(b"wrong\n")
    with pytest.raises(KeyFault):
        assemble(made)
    assert closed == [1]


def test_a_registry_made_for_a_demo_is_never_opened_as_production(made):
    with pytest.raises(SettingsFault, match="production_refused"):
        assemble(made.model_copy(update={"environment": "production"}))
    assemble(made.model_copy(update={"environment": "demo"})).close()


def test_a_key_made_in_a_demo_is_refused_in_production(tmp_path):
    production, demo = (settings_of(tmp_path / name) for name in ("production", "demo"))
    make(production, environment="production", roots=2)
    make(demo)
    ring, strange = (load_keyring(each.keys_dir / "keyring.json") for each in (production, demo))
    assert {entry.made_in for entry in ring.entries} == {"production"}
    save_keyring(production.keys_dir / "keyring.json", replace(ring, entries=(*ring.entries, *strange.entries)))
    with pytest.raises(KeyFault, match="production_refused"):
        assemble(production)


def test_the_base_url_is_the_one_of_the_store_whatever_happens_to_the_home(made):
    with assemble(made, clock=StandingClock()) as assembly:
        assert assembly.registry.read(lambda reader: meta(reader, "base_url")) == BASE_URL
        with pytest.raises(Conflict, match="registry_exists"):
            assembly.registry.submit(lambda unit: bootstrap._fix(unit, {"base_url": "https://other.example.gov"}))
        assert assembly.desk.base_url == BASE_URL


def test_a_store_whose_making_did_not_finish_says_so(tmp_path, made):
    other = settings_of(made.home, f"sqlite:///{tmp_path / 'bare.db'}")
    upgrade(other.store_url)
    with pytest.raises(SettingsFault, match="did not finish"):
        assemble(other)


def test_a_registry_opened_again_goes_on_where_it_was(tmp_path, empty_database_url):
    with house(tmp_path / "home", empty_database_url) as built:
        first = issue(built.desk, built.caller(), example("degree"), idempotency_key="k", now=NOON)
        with built.open_again() as again:
            same = issue(again.desk, built.caller(), example("degree"), idempotency_key="k", now=NOON)
            assert same.credential == first.credential
            food = issue(again.desk, built.caller(), example("food-business-licence"), idempotency_key="f", now=NOON)
        assert (food.status_list, food.status_index != first.status_index) == (1, True)


def test_a_home_can_be_moved(tmp_path):
    with house(tmp_path / "home", None) as built:
        made = issue(built.desk, built.caller(), example("degree"), idempotency_key="k", now=NOON)
        caller = built.caller()
    (tmp_path / "home").rename(tmp_path / "moved")
    with assemble(settings_of(tmp_path / "moved"), clock=StandingClock()) as moved:
        assert issue(moved.desk, caller, example("degree"), idempotency_key="k", now=NOON).credential == made.credential


def test_no_secret_shows_in_the_repr_of_an_assembly(made):
    passphrase = made.passphrase_path.read_text().strip()
    with assemble(made, clock=StandingClock()) as assembly:
        assert passphrase not in repr(assembly)


def test_randomness_comes_from_where_the_caller_says(tmp_path):
    drawn: list[int] = []

    def entropy(length: int) -> bytes:
        drawn.append(length)
        return os.urandom(length)

    make(settings_of(tmp_path / "home"), entropy=entropy)
    assert drawn
    before = len(drawn)
    with assemble(settings_of(tmp_path / "home"), clock=StandingClock(), entropy=entropy) as assembly:
        agency = new_agency(assembly, "housing")
        grant(assembly, agency, "degree")
    assert len(drawn) > before
