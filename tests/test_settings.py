"""Settings: only those that exist, only values that are allowed, and nothing secret told."""

import json
import os
import stat
from datetime import UTC
from pathlib import Path

import pytest
from pydantic import ValidationError

from elicence.errors import SettingsFault
from elicence.settings import Settings, home_file, system_clock, write_home_file


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in list(os.environ):
        if name.startswith("ELICENCE_"):
            monkeypatch.delenv(name)


def test_without_anything_set_the_home_is_the_current_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = Settings.read()
    assert settings.home == Path()
    assert settings.store_url == f"sqlite:///{tmp_path.resolve() / 'registry.db'}"
    assert settings.lang == "en"
    assert settings.environment is None


@pytest.mark.parametrize("name", ["ELICENCE_HOMME", "ELICENCE_DATABASE", "ELICENCE_", "ELICENCE_BASE_URL"])
def test_a_setting_that_does_not_exist_is_refused_by_name_without_its_value(monkeypatch, name):
    monkeypatch.setenv(name, "s3cret-value")
    with pytest.raises(SettingsFault) as raised:
        Settings.read()
    assert raised.value.code == "settings_bad"
    assert name in str(raised.value)
    assert "s3cret-value" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("LANG", "fr"), ("ENVIRONMENT", "staging"), ("POOL_SIZE", "0"), ("POOL_SIZE", "201"), ("POOL_SIZE", "many")],
)
def test_a_value_that_is_not_allowed_is_refused_without_being_repeated(monkeypatch, name, value):
    monkeypatch.setenv(f"ELICENCE_{name}", value)
    with pytest.raises(SettingsFault) as raised:
        Settings.read()
    assert f"ELICENCE_{name}" in str(raised.value)
    assert value not in str(raised.value).replace(f"ELICENCE_{name}", "")


def test_variables_of_others_are_no_concern_of_ours(monkeypatch):
    monkeypatch.setenv("XELICENCE_THING", "1")
    monkeypatch.setenv("LICENCE_HOME", "/nowhere")
    assert Settings.read().home == Path()


def test_every_setting_can_be_set(monkeypatch, tmp_path):
    values = {
        "HOME": str(tmp_path), "DATABASE_URL": "sqlite:///other.db", "PASSPHRASE_FILE": "/run/pass",
        "STANDARDS_DIR": "/srv/standards", "ENVIRONMENT": "production", "LANG": "zh-CN", "POOL_SIZE": "3",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"ELICENCE_{name}", value)
    settings = Settings.read()
    assert (settings.store_url, settings.passphrase_path) == ("sqlite:///other.db", Path("/run/pass"))
    assert (settings.types_dir, settings.environment) == (Path("/srv/standards"), "production")
    assert (settings.lang, settings.pool_size) == ("zh-CN", 3)


def test_the_home_a_caller_names_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ELICENCE_HOME", "/nowhere")
    assert Settings.read(home=tmp_path).home == tmp_path


def test_settings_do_not_change(tmp_path):
    with pytest.raises(ValidationError):
        Settings(home=tmp_path).home = Path("/elsewhere")
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, colour="red")


# The home file


def test_the_home_says_where_the_store_is(tmp_path):
    write_home_file(tmp_path, "postgresql+psycopg://registry@/elicence")
    assert Settings.read(home=tmp_path).store_url == "postgresql+psycopg://registry@/elicence"


def test_a_home_that_names_no_store_has_it_inside(tmp_path):
    write_home_file(tmp_path / "one", None)
    (tmp_path / "one").rename(tmp_path / "two")
    assert Settings.read(home=tmp_path / "two").store_url == f"sqlite:///{(tmp_path / 'two' / 'registry.db').resolve()}"


def test_the_environment_wins_over_the_home_file(monkeypatch, tmp_path):
    write_home_file(tmp_path, "sqlite:///one.db")
    monkeypatch.setenv("ELICENCE_DATABASE_URL", "sqlite:///two.db")
    assert Settings.read(home=tmp_path).store_url == "sqlite:///two.db"


def test_the_home_file_is_for_its_owner_only_and_never_overwritten(tmp_path):
    write_home_file(tmp_path / "new", "sqlite:///one.db")
    path = home_file(tmp_path / "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_home_file(tmp_path / "new", "sqlite:///two.db")
    assert json.loads(path.read_bytes()) == {"database_url": "sqlite:///one.db"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"{}", b"\xff", b'"database_url"', b'{"url": "x"}'])
def test_a_home_file_that_is_none_is_refused(tmp_path, content):
    home_file(tmp_path).write_bytes(content)
    with pytest.raises(SettingsFault, match="settings_bad"):
        Settings.read(home=tmp_path)


# Where things lie


def test_everything_of_a_registry_lies_in_its_home(tmp_path):
    settings = Settings(home=tmp_path)
    assert settings.keys_dir == tmp_path / "keys"
    assert settings.published_dir == tmp_path / "published"
    assert settings.passphrase_path == tmp_path / "keys" / "passphrase"


def test_licence_types_are_those_shipped_with_the_program():
    assert (Settings().types_dir / "licence-type.schema.json").is_file()


def test_the_clock_shows_an_aware_instant_in_utc():
    assert system_clock().tzinfo is UTC
    assert system_clock() <= system_clock()
