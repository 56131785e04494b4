"""What makes the counter an installed page: manifest, icons, service worker."""

import io
import json
import re

import httpx
import pytest
from PIL import Image

from elicence.web import static_files
from elicence.web.icons import png_icons
from elicence.web.installing import Installing
from elicence.web.static_files import StaticFiles, release_files
from elicence.web.words import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_can_be_installed_in_both_languages(client: httpx.Client, language: str) -> None:
    page = client.get(f"/verify?lang={language}").text
    place = re.search(r'<link rel="manifest" href="([^"]+)">', page)
    assert place is not None
    answer = client.get(place[1])
    assert answer.headers["content-type"] == "application/manifest+json"
    assert "manifest-src 'self'" in answer.headers["content-security-policy"]
    manifest = answer.json()
    assert manifest["lang"] == language == answer.headers["content-language"]
    assert manifest["name"] in {"核验证照 – 电子证照登记系统", "Check a licence – E-Licence Registry"}
    assert manifest["start_url"] == f"/verify?lang={language}"
    assert client.get(manifest["start_url"]).status_code == 200
    for icon in manifest["icons"]:
        drawn = client.get(icon["src"])
        assert drawn.headers["content-type"].partition(";")[0] == icon["type"]
        if icon["sizes"] != "any":
            assert "x".join(map(str, Image.open(io.BytesIO(drawn.content)).size)) == icon["sizes"]


def test_one_page_is_installed_whatever_its_language(client: httpx.Client) -> None:
    ids = {client.get(f"/manifest.webmanifest?lang={language}").json()["id"] for language in LANGUAGES}
    assert ids == {"/verify"}


def test_the_service_worker_is_asked_for_anew_and_names_every_file_of_the_release(client: httpx.Client) -> None:
    answer = client.get("/service-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    named = {
        name: json.loads(value)
        for name, value in re.findall(r"^const ([A-Z]+) = (.*);$", answer.text, re.MULTILINE)[:4]
    }
    static = StaticFiles()
    assert named["RELEASE"] == static.release
    assert set(named["FILES"]) == {static.url(name) for name in release_files()} - {static.url("service-worker.js")}
    assert len(named["PAGES"]) == 6
    for place in named["PAGES"]:
        page = client.get(place)
        assert page.headers["page-release"] == static.release
        language = place.partition("lang=")[2]
        assert f'<html lang="{language}">' in page.text


def test_a_new_release_is_a_new_service_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = set()
    for css in (b"a", b"b"):
        files = dict(release_files()) | {"page.css": css}
        monkeypatch.setattr(static_files, "release_files", lambda files=files: files)
        scripts.add(Installing(StaticFiles(), "en")._script)
    assert len(scripts) == 2


def test_icons_are_the_mark_and_the_one_that_is_cut_round_has_it_in_the_middle() -> None:
    icons = png_icons(release_files()["mark.svg"].decode())
    small, masked = (Image.open(io.BytesIO(icons[f"mark-{name}.png"])).convert("RGBA") for name in ("192", "maskable"))
    assert small.getpixel((0, 0))[3] == 0
    assert small.getpixel((96, 10)) == (11, 61, 107, 255)
    assert masked.getpixel((0, 0)) == (11, 61, 107, 255)
    white = masked.convert("L").point(lambda shade: 255 if shade > 128 else 0).getbbox()
    assert white is not None
    middle = 256
    farthest = max(((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 for x in white[::2] for y in white[1::2])
    assert farthest < 0.4 * 512


def test_a_mark_of_another_shape_is_an_error_and_no_blank_icon() -> None:
    with pytest.raises(ValueError, match="one square"):
        png_icons("<svg/>")
