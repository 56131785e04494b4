"""Static files: one name for the release, sub-folders, a table and nothing else; and what the modules may weigh."""

import asyncio
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from elicence.web import static_files
from elicence.web.static_files import StaticFiles, release_files

ROOT = Path(__file__).parents[2]
WEB = ROOT / "src" / "elicence" / "web"
IMPORT = re.compile(r'(?:from|import) "([^"]+)"')


def modules() -> dict[str, str]:
    return {name: data.decode() for name, data in release_files().items() if name.startswith("verifier/")}


def test_modules_are_served_from_folders_under_one_name_for_the_release(client: httpx.Client) -> None:
    static = StaticFiles()
    first, second = static.url("verifier/index.js"), static.url("page.css")
    assert first == f"/static/{static.release}/verifier/index.js"
    assert second == f"/static/{static.release}/page.css"
    answer = client.get(first)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("verifier", "verifier/", "verifier//index.js", "verifier/..%2Fpage.css", "%2e%2e%2fpages.py",
                 "vendor/made-from.txt", "vendor/pako/LICENSE", "/etc/passwd", "VERIFIER/INDEX.JS"):  # fmt: skip
        assert client.get(f"/static/{static.release}/{path}").status_code == 404, path
    assert client.get(f"/static/{'0' * 16}/verifier/index.js").status_code == 404


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("a.js", "text/javascript"),
        ("deep/er/a.mjs", "text/javascript"),
        ("deep/a.wasm", "application/wasm"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
    ],
)
def test_every_kind_of_file_has_its_media_type(name: str, media: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_files, "release_files", lambda: {name: b"x"})
    static = StaticFiles()
    routes = [Route("/static/{release}/{name:path}", static.serve)]
    app = httpx.ASGITransport(Starlette(routes=routes))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=app, base_url="http://localhost") as browser:
            return await browser.get(static.url(name))

    assert asyncio.run(asked()).headers["content-type"].partition(";")[0] == media


def test_a_changed_file_changes_the_name_of_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for files in ({"a.js": b"1"}, {"a.js": b"2"}, {"b.js": b"1"}, {"a.js": b"1", "b.js": b""}):
        monkeypatch.setattr(static_files, "release_files", lambda files=files: files)
        names.add(StaticFiles().release)
    assert len(names) == 4


def test_a_file_that_is_not_there_has_no_address() -> None:
    assert not StaticFiles().has("verifier/nothing.js")
    with pytest.raises(LookupError):
        StaticFiles().url("verifier/nothing.js")


def test_the_words_of_verdicts_are_those_of_python_and_stand_nowhere_else() -> None:
    catalogue = (ROOT / "src/elicence/verifier/verdicts.json").read_text("utf-8")
    served = release_files()["verifier/verdicts.js"].decode()
    assert json.loads(served.removeprefix("export default ").removesuffix(";\n")) == json.loads(catalogue)
    headings = [words["heading"] for each in json.loads(catalogue)["verdicts"] for words in each["texts"].values()]
    for name, text in modules().items():
        if name != "verifier/verdicts.js":
            assert not [heading for heading in headings if heading in text], name
            assert not re.search("[\u4e00-\u9fff]", text), name


def test_modules_import_only_one_another_by_names_that_are_served() -> None:
    served = set(release_files())
    for name, text in modules().items():
        for wanted in IMPORT.findall(text):
            assert wanted.startswith(("./", "../")), (name, wanted)
            target = wanted.removeprefix("../") if wanted.startswith("../") else f"verifier/{wanted[2:]}"
            assert target in served or target.startswith("vendor/"), (name, wanted)


def test_the_verifier_asks_nobody_and_runs_nothing_that_a_token_says() -> None:
    asks = re.compile(
        r"\b(?:fetch|XMLHttpRequest|WebSocket|sendBeacon|importScripts|eval|Function|localStorage)\s*[(.]"
    )
    for name, text in modules().items():
        assert asks.findall(text) == [], name
        assert "JSON.parse" not in text, name
        assert "innerHTML" not in text, name


def test_the_verifier_is_small_and_in_small_files() -> None:
    for file in (WEB / "static" / "verifier").glob("*.js"):
        assert file.read_text("utf-8").count("\n") <= 300, file.name
    weights = {name: len(gzip.compress(text.encode())) for name, text in modules().items()}
    assert sum(weights.values()) <= 40_000, weights
    library = release_files().get("vendor/pako/pako_inflate.esm.min.mjs", b"")
    assert sum(weights.values()) + len(gzip.compress(library)) <= 60_000


def test_modules_are_served_without_their_comments_and_with_all_their_code() -> None:
    for name, text in modules().items():
        assert "/**" not in text, name
        if name != "verifier/verdicts.js":
            source = (WEB / "static" / name).read_text("utf-8")
            for word in ("function ", "export ", "throw ", "return ", "};", "await "):
                assert text.count(word) >= len(
                    [line for line in source.splitlines() if line.lstrip().startswith(word)]
                ), name


def test_the_lock_pins_what_is_served_and_names_no_registry() -> None:
    package, lock = (json.loads((WEB / name).read_text("utf-8")) for name in ("package.json", "package-lock.json"))
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        pinned = lock["packages"][f"node_modules/{name}"]
        assert pinned["version"] == version
        assert pinned["integrity"].startswith("sha512-")
    assert "resolved" not in (WEB / "package-lock.json").read_text("utf-8")


def test_what_npm_brings_is_copied_with_its_licence_and_only_once(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("missing: npm")
    for name in ("tools/vendor.py", "src/elicence/web/package.json", "src/elicence/web/package-lock.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    command = [sys.executable, tmp_path / "tools/vendor.py"]
    vendor = tmp_path / "src/elicence/web/static/vendor"
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if not (vendor / "pako").is_dir():
        pytest.skip(f"npm could not bring it: {done.stderr}")
    library = vendor / "pako/pako_inflate.esm.min.mjs"
    assert "MIT" in (vendor / "pako/LICENSE").read_text("utf-8")
    digest, made = hashlib.sha256(library.read_bytes()).hexdigest(), library.stat().st_mtime_ns
    assert subprocess.run(command, timeout=120).returncode == 0
    assert library.stat().st_mtime_ns == made
    library.unlink()
    assert subprocess.run(command, timeout=120).returncode == 0
    assert hashlib.sha256(library.read_bytes()).hexdigest() == digest
