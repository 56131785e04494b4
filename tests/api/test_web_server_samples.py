"""The samples for nginx and Caddy know every published file, by the name and media type that `serve` gives it."""

import re
from pathlib import Path

import pytest
from tests.api.calls import Calls
from tests.api.test_published import FILES

DOCS = Path(__file__).parents[2] / "docs"
NGINX = (DOCS / "web-server" / "nginx.conf").read_text("utf-8")
CADDY = (DOCS / "web-server" / "Caddyfile").read_text("utf-8")
UNCHANGING = re.compile("/(?:ns|types|qr)/")
# Not for the public, another name of a file, or no file at all.
OTHERS = ["/roots.json", "/status/housing/1.statuslist+jwt", "/status/housing/0", "/status/housing/1/suspicion", "/",
          "/v1/licences", "/a/housing/keys.json", "/ns/degree/v1/x", "/types/degree/v1.json.bak",
          "/.well-known/jwks.json/x", "/qr/dictionary-1.bin~", "/keys/keyring.json", "/trusted-listxjson"]  # fmt: skip


def nginx(url: str) -> tuple[str, str] | None:
    """File and media type by the location that takes the URL."""
    for exact, kind in re.findall(r"location = (\S+)\s+\{[^}]*default_type ([^;]+);", NGINX):
        if url == exact:
            return url.lstrip("/"), kind
    for pattern, block in re.findall(r'location ~ "([^"]+)"\s*\{((?:[^{}]|\{[^{}]*\})*)\}', NGINX):
        if found := re.search(pattern, url):
            place = re.search(r"try_files (\S+) =404;", block)
            kind = re.search(r"default_type ([^;]+);", block)
            assert kind is not None
            file = url if place is None else re.sub(r"\$(\d)", lambda n, f=found: f[int(n[1])], place[1])
            return file.lstrip("/"), kind[1]
    return None


def caddy(url: str) -> tuple[str, str, str] | None:
    """File, media type and freshness by the handle that takes the URL."""
    for name, pattern in re.findall(r"@(\w+) path_regexp (?:\w+ )?(\^\S+)", CADDY):
        if found := re.search(pattern, url):
            block = CADDY.partition(f"handle @{name} {{")[2].partition("\n\t}")[0]
            place = re.search(r"rewrite \* (\S+)", block)
            kind = re.search(r'import published (\S+) "([^"]+)"', block)
            assert kind is not None
            file = url if place is None else re.sub(r"\{re\.\w+\.(\d)\}", lambda n, f=found: f[int(n[1])], place[1])
            return file.lstrip("/"), kind[1], kind[2]
    return None


@pytest.fixture(scope="module")
def full(steady: Calls) -> Calls:
    """With a status list."""
    steady.issue(600)
    steady.house.assembly.publish()
    return steady


@pytest.mark.parametrize("url", FILES)
def test_every_published_file_is_known_by_its_name_and_media_type(full: Calls, url: str) -> None:
    served = full.get(url)
    assert served.status_code == 200
    assert nginx(url) == FILES[url]
    assert caddy(url) == (*FILES[url], served.headers["cache-control"])
    fresh = dict(re.findall(r'^\s+("\S+"|default)\s+"([^"]+)";', NGINX, re.MULTILINE))
    unchanging = UNCHANGING.match(url) is not None
    assert fresh['"~^/(?:ns|types|qr)/"' if unchanging else "default"] == served.headers["cache-control"]


@pytest.mark.parametrize("url", OTHERS)
def test_nothing_else_is_served_from_the_folder(url: str) -> None:
    assert nginx(url) is None
    assert caddy(url) is None


def test_the_table_of_the_page_has_every_media_type() -> None:
    text = (DOCS / "web-server.md").read_text("utf-8")
    assert {kind for _, kind in FILES.values()} == set(re.findall(r"\| `(application/[^`]+)` \|", text))


def test_what_changes_often_has_no_tag_made_of_a_second() -> None:
    assert re.search(r"^    etag off;$", NGINX, re.MULTILINE)
    tagged = re.findall(r"location (?:=|~) (\S+)\s+\{ etag on;", NGINX)
    assert not [each for each in tagged if "status" in each or "jwks" in each or "did" in each or "trusted" in each]
    assert "request_header -If-None-Match" in CADDY
