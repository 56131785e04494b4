"""Sources give what was published under a URL, and nothing from anywhere else."""

from pathlib import Path

import pytest

from elicence.errors import FormatError
from elicence.verifier.sources import MAX_STATUS_CHARS, MemorySources, PublishedDirectory, path_of

BASE = "https://licence.example"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/trusted-list.json", "trusted-list.json"),
        ("/.well-known/jwks.json", ".well-known/jwks.json"),
        ("/.well-known/jwt-vc-issuer/a/city", ".well-known/jwt-vc-issuer/a/city"),
        ("/a/city/did.json", "a/city/did.json"),
        ("/a/city/jwks.json", "a/city/jwks.json"),
        ("/ns/degree/v1", "ns/degree/v1"),
        ("/types/degree/v12.json", "types/degree/v12.json"),
        ("/qr/dictionary-1.bin", "qr/dictionary-1.bin"),
        ("/status/city/1", "status/city/1.statuslist+jwt"),
        ("/status/city/12/revocation", "status/city/12.revocation.vc+jwt"),
        ("/status/city/12/suspension", "status/city/12.suspension.vc+jwt"),
    ],
)
def test_every_published_url_has_its_file(url: str, path: str) -> None:
    assert path_of(BASE + url, BASE) == path
    assert path_of("http://localhost:8000" + url) == path


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "/status", "/status/city", "/status/city/0", "/status/city/01", "/status/city/1/",
        "/status/city/1/other", "/status/../private/1", "/status/%2e%2e/1", "/status/city/1?x=1",
        "/status/city/1#x", "/status/city\\1", "/status//1", "/status/City/1", "/status/city/１",
        "/status/city/1\n", "/status/city/1\x00", "/types/../x/v1.json", "/types/degree/v0.json",
        "/types/degree/v1.json/..", "/keys/private/secrets.json", "/etc/passwd", "/qr/dictionary-0.bin",
        "/a/city/did.json/x",
    ],
)  # fmt: skip
def test_a_path_trick_has_no_file(url: str) -> None:
    with pytest.raises(FormatError, match="url_outside"):
        path_of(BASE + url)


@pytest.mark.parametrize(
    "url",
    ["file:///status/city/1", "ftp://licence.example/status/city/1", "https://user@licence.example/status/city/1",
     "https://licence.example.evil/status/city/1", "http://licence.example/status/city/1",
     "//licence.example/status/city/1"],
)  # fmt: skip
def test_a_url_of_another_place_has_no_file(url: str) -> None:
    with pytest.raises(FormatError, match="url_outside"):
        path_of(url, BASE)


def write(root: Path, name: str, content: bytes) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_a_published_directory_gives_tokens_types_and_dictionaries(tmp_path: Path) -> None:
    write(tmp_path, "status/city/3.statuslist+jwt", b"eyJ.a.b")
    write(tmp_path, "types/degree/v1.json", b"{}")
    write(tmp_path, "qr/dictionary-1.bin", b"words")
    write(tmp_path, "qr/dictionary-x.bin", b"stray")
    sources = PublishedDirectory(tmp_path)
    assert sources.status_token(f"{BASE}/status/city/3") == "eyJ.a.b"
    assert sources.type_document("degree", 1) == b"{}"
    assert dict(sources.dictionaries()) == {1: b"words"}


def test_a_published_directory_sees_what_is_published_later(tmp_path: Path) -> None:
    sources = PublishedDirectory(tmp_path)
    assert sources.status_token(f"{BASE}/status/city/3") is None
    assert sources.type_document("degree", 1) is None
    assert not sources.dictionaries()
    write(tmp_path, "status/city/3.statuslist+jwt", b"one")
    write(tmp_path, "qr/dictionary-2.bin", b"words")
    assert sources.status_token(f"{BASE}/status/city/3") == "one"
    assert dict(sources.dictionaries()) == {2: b"words"}


def test_what_cannot_be_read_is_absent_and_what_is_no_text_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "status/city/3.statuslist+jwt").mkdir(parents=True)
    write(tmp_path, "status/city/4.statuslist+jwt", b"\xff\x00")
    write(tmp_path, "status/city/5.statuslist+jwt", b"a" * (MAX_STATUS_CHARS + 500))
    write(tmp_path, "secret.json", b"{}")
    sources = PublishedDirectory(tmp_path)
    assert sources.status_token(f"{BASE}/status/city/3") is None
    assert sources.status_token(f"{BASE}/../secret.json") is None
    assert sources.status_token("not a url") is None
    assert sources.type_document("../secret", 1) is None
    assert sources.type_document("degree", -1) is None
    token = sources.status_token(f"{BASE}/status/city/4")
    assert token is not None
    assert not token.isascii()
    assert len(sources.status_token(f"{BASE}/status/city/5") or "") == MAX_STATUS_CHARS + 1


def test_memory_sources_give_exactly_what_was_put_in() -> None:
    sources = MemorySources(tokens={"u": "t"}, documents={("degree", 1): b"{}"}, dictionaries={1: b"d"})
    assert (sources.status_token("u"), sources.status_token("v")) == ("t", None)
    assert (sources.type_document("degree", 1), sources.type_document("degree", 2)) == (b"{}", None)
    assert dict(sources.dictionaries()) == {1: b"d"}
    assert dict(MemorySources().dictionaries()) == {}
