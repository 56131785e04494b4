"""Contexts: what is refused, what is written down, that no secret is, and which place a command asks."""

import json
import stat
from pathlib import Path

import pytest
from tests.cli.elsewhere import SECRET, User
from tests.cli.shell import Shell
from tests.ports import free_port

CLIENT = "cli_01m86jbt9ef2paz7kg0dp9tf26"
URL = "https://licences.example.gov"
LISTING = ("licence", "list")


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path, secret="els_live_not-to-be-seen")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://licences.example.gov", "licences.example.gov", "https://", "https://a.gov/path",
        "https://me:word@a.gov", "https://a.gov?x=1", "https://a.gov#x", "https://A.gov", "https://a.gov:0",
        "https://a.gov:65536", "https://a.gov:x", "https://a..gov", "https://a.gov\n", "ftp://a.gov", "file:///etc",
        "http://127.0.0.2:80", "http://localhost.example.gov", "http://[::2]:80", "https://a_b.gov", "https://证照.cn",
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_or_this_machine_is_refused(user: User, base_url: str) -> None:
    words = ("context", "add", "x", "--client-id", CLIENT, "--secret-env", SECRET, "--base-url")
    user.refused(2, "base_url_bad", *words, base_url)
    assert not user.config.exists()


@pytest.mark.parametrize(
    "base_url",
    ["https://a.gov", "https://a.gov:8443", "https://10.0.0.7", "http://localhost:8000", "http://[::1]:8000",
     "http://127.0.0.1:8000", "https://a.gov/"],
)  # fmt: skip
def test_a_good_address_is_kept_without_a_stroke_at_its_end(user: User, base_url: str) -> None:
    user.add("x", base_url, CLIENT)
    assert user.ok("context", "show", "x", "--json").json["base_url"] == base_url.removesuffix("/")


@pytest.mark.parametrize(
    "words",
    [
        ("X", "--secret-env", SECRET), ("a b", "--secret-env", SECRET), ("-", "--secret-env", SECRET),
        ("x" * 41, "--secret-env", SECRET), ("x", "--secret-env", "ELICENCE_SECRET"), ("x", "--secret-env", "A-B"),
        ("x", "--secret-env", ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_name_or_a_variable_that_cannot_be_one_is_refused(user: User, words: tuple[str, ...]) -> None:
    user.refused(2, "contexts_bad", "context", "add", *words, "--base-url", URL, "--client-id", CLIENT)
    assert not user.config.exists()


def test_a_secret_has_one_place_and_is_never_an_argument(user: User) -> None:
    words = ("context", "add", "x", "--base-url", URL, "--client-id", CLIENT)
    user.refused(2, "usage", *words)
    user.refused(2, "usage", *words, "--secret-env", SECRET, "--secret-file", "x")
    user.refused(2, "usage", *words, "--secret", "els_live_not-to-be-seen"[:4])
    user.refused(2, "contexts_bad", *words[:5], "--client-id", "somebody", "--secret-env", SECRET)


def test_the_file_is_for_its_owner_only_and_holds_no_secret(user: User) -> None:
    user.add("prod", URL, CLIENT)
    assert stat.S_IMODE(user.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(user.config.parent.stat().st_mode) == 0o700
    assert str(user.secret) not in user.config.read_text()
    assert list(user.config.parent.iterdir()) == [user.config]
    assert json.loads(user.config.read_text()) == {
        "in_use": None,
        "contexts": {"prod": {"base_url": URL, "client_id": CLIENT, "secret_environment": SECRET}},
    }


def test_contexts_are_added_listed_used_shown_and_removed(user: User) -> None:
    assert user.ok("context", "list").out == "Nothing there.\n"
    user.refused(2, "usage", "context", "show")
    user.add("prod", URL, CLIENT)
    user.add("test", "http://localhost:8000", CLIENT, "--use")
    user.refused(2, "context_exists", "context", "add", "prod", "--base-url", URL, "--client-id", CLIENT,
                 "--secret-env", SECRET)  # fmt: skip
    assert [(each["name"], each["in_use"]) for each in user.ok("context", "list", "--json").objects] == [
        ("prod", False), ("test", True)
    ]  # fmt: skip
    assert "*  test" in user.ok("context", "list").out
    assert user.ok("context", "use", "prod", "--json").json["in_use"]
    assert user.ok("context", "show", "--json").json["name"] == "prod"
    user.refused(2, "usage", "context", "use")
    user.refused(2, "usage", "context", "use", "prod", "--none")
    user.ok("context", "use", "--none")
    user.refused(2, "usage", "context", "show")
    user.ok("context", "use", "test")
    user.ok("context", "remove", "test")
    assert [each["in_use"] for each in user.ok("context", "list", "--json").objects] == [False]
    assert "现不使用" in user.ok("context", "use", "--none", "--lang", "zh-CN").out


def test_a_context_that_does_not_exist_is_named_as_unknown(user: User) -> None:
    user.add("prod", URL, CLIENT)
    for words in (("context", "use"), ("context", "show"), ("context", "remove"), ("licence", "list", "--context")):
        answer = user.refused(2, "context_unknown", *words, "prd")
        assert answer.error["facts"]["allowed"] == ["prod"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"in_use": null}', b'{"in_use": 7, "contexts": {}}',
        b'{"in_use": null, "contexts": []}', b'{"in_use": "x", "contexts": {}}',
        b'{"in_use": null, "contexts": {}, "more": 1}', b'{"in_use": null, "in_use": null, "contexts": {}}',
        b'{"in_use": null, "contexts": {"X": {}}}', b'{"in_use": null, "contexts": {"x": {}}}',
        b'{"in_use": null, "contexts": {"x": 7}}',
        b'{"in_use": null, "contexts": {"x": {"base_url": "https://a.gov", "client_id": "%b"}}}' % CLIENT.encode(),
        b'{"in_use": null, "contexts": {"x": {"base_url": "ftp://a", "client_id": "%b", "secret_environment": "A"}}}'
        % CLIENT.encode(),
        b'{"in_use": null, "contexts": {"x": {"base_url": "https://a.gov", "client_id": "%b", "secret_file": "rel"}}}'
        % CLIENT.encode(),
        b'{"in_use": null, "contexts": {"x": {"base_url": "https://a.gov", "client_id": "%b", "secret": "els"}}}'
        % CLIENT.encode(),
        b'{"in_use": null, "contexts": {"x": {"base_url": "https://a.gov", "client_id": "%b", "secret_file": 7}}}'
        % CLIENT.encode(),
        b'{"in_use": null, "contexts": {}}' + b" " * 70_000,
    ],
)  # fmt: skip
def test_a_broken_file_of_contexts_is_refused_and_left_as_it_is(user: User, content: bytes) -> None:
    user.config.parent.mkdir(parents=True)
    user.config.write_bytes(content)
    user.config.chmod(0o600)
    for words in (LISTING, ("context", "list"), ("context", "use", "--none")):
        told = user.refused(2, "contexts_bad", *words).error["message"]
        assert str(user.config) in told
    assert user.config.read_bytes() == content


def test_a_file_of_contexts_that_others_can_touch_is_not_believed(user: User, tmp_path: Path) -> None:
    user.add("prod", URL, CLIENT, "--use")
    for mode in (0o604, 0o640, 0o620, 0o602):
        user.config.chmod(mode)
        user.refused(2, "key_exposed", *LISTING)
    user.config.chmod(0o600)
    user.config.parent.chmod(0o777)
    user.refused(2, "key_exposed", *LISTING)
    user.config.parent.chmod(0o700)
    user.config.rename(tmp_path / "elsewhere.json")
    user.config.symlink_to(tmp_path / "elsewhere.json")
    user.refused(2, "key_unreadable", *LISTING)


def test_a_secret_that_cannot_be_had_is_told_by_its_place(user: User, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    user.ok(
        "context", "add", "x", "--base-url", "http://localhost:1", "--client-id", CLIENT, "--secret-file", file, "--use"
    )
    user.refused(2, "key_unreadable", *LISTING)
    file.write_text("els_live_in-a-file\n")
    file.chmod(0o644)
    answer = user.refused(2, "key_exposed", *LISTING)
    assert "els_live_in-a-file" not in answer.err
    assert user.ok("context", "show", "--json").json["secret"] == "key_exposed"
    file.chmod(0o600)
    assert user.ok("context", "show", "--json").json["secret"] == "ready"
    assert "els_live_in-a-file" not in user.ok("context", "show").out
    for nonsense in (b"", b"\n", b"two words\n", b"\xff\xfe\n", b"x" * 600, "密".encode()):
        file.write_bytes(nonsense)
        user.refused(2, "secrets_bad", *LISTING)
    user.ok("context", "add", "y", "--base-url", URL, "--client-id", CLIENT, "--secret-env", "NOT_SET_ANYWHERE")
    assert "$NOT_SET_ANYWHERE" in user.refused(2, "secrets_bad", *LISTING, "--context", "y").error["message"]


def test_a_home_that_was_named_wins_and_both_at_once_is_a_wrong_use(user: User, shell: Shell) -> None:
    issued = shell.issue()["id"]
    user.add("down", f"http://localhost:{free_port()}", CLIENT, "--use")
    assert user.ok(*LISTING, "--home", shell.home, "--json").json["id"] == issued
    assert user.ok("--home", shell.home, *LISTING, "--json").json["id"] == issued
    user.settings = {"ELICENCE_HOME": str(shell.home)}
    assert user.ok(*LISTING, "--json").json["id"] == issued
    user.refused(4, "remote_unreachable", *LISTING, "--context", "down")
    user.settings = {}
    user.refused(4, "remote_unreachable", *LISTING)
    user.refused(2, "usage", *LISTING, "--home", shell.home, "--context", "down")
    user.ok("context", "use", "--none")
    user.refused(4, "registry_absent", *LISTING)
    assert "--context" in user.run("type", "list", "--context", "down").err


def test_a_user_without_a_home_folder_has_no_contexts(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    user.settings = {"XDG_CONFIG_HOME": ""}
    assert user.ok("context", "list").out == "Nothing there.\n"
    words = ("context", "add", "x", "--base-url", URL, "--client-id", CLIENT, "--secret-env", SECRET)
    user.refused(2, "contexts_bad", *words)
