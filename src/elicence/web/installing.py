"""What makes the counter a page that is installed and opens without a network: its service worker and its manifest.

The service worker is one source, `static/service-worker.js`, under the names of the release that it is to keep; a new
release is a new script, which is how browsers notice.
"""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.formats.encoding import JsonObject
from elicence.web.language import spoken
from elicence.web.static_files import StaticFiles
from elicence.web.words import LANGUAGES, Language, words

__all__ = ["MANIFEST", "WORKER", "Installing"]

WORKER: Final = "/service-worker.js"
MANIFEST: Final = "/manifest.webmanifest"
_SOURCE: Final = "service-worker.js"
_PLACES: Final = ("/verify", "/v", "/scanner-setup")
_BRAND: Final = "#0b3d6b"


class Installing:
    """The two endpoints, for one release of the static files."""

    def __init__(self, static: StaticFiles, default: Language) -> None:
        self._static, self._default = static, default
        self._script = _script(static, default)

    async def worker(self, _request: Request) -> Response:
        """The service worker, asked for anew each time: an old one must not keep a newer one away."""
        return Response(self._script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def manifest(self, request: Request) -> Response:
        """The web app manifest in the reader's language (W3C Web Application Manifest)."""
        language = spoken(request, self._default)
        headers = {"Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"}
        content = json.dumps(_manifest(self._static, language), ensure_ascii=False)
        return Response(content, media_type="application/manifest+json", headers=headers)


def _script(static: StaticFiles, default: Language) -> bytes:
    languages = sorted(LANGUAGES, key=lambda each: each != default)
    handed = {
        "RELEASE": static.release,
        "FILES": [static.url(name) for name in static.names() if name != _SOURCE],
        "PAGES": [f"{place}?lang={language}" for place in _PLACES for language in languages],
        "LANGUAGES": languages,
    }
    lines = [f"const {name} = {json.dumps(value)};\n" for name, value in handed.items()]
    return "".join(lines).encode() + static.content(_SOURCE)


def _manifest(static: StaticFiles, language: Language) -> JsonObject:
    say = words(language)
    png: JsonObject = {"type": "image/png"}
    return {
        "id": "/verify",
        "name": f"{say('verify.title')} – {say('site.name')}",
        "short_name": say("site.app"),
        "description": say("home.verify_text"),
        "lang": language,
        "dir": "ltr",
        "start_url": f"/verify?lang={language}",
        "scope": "/",
        "display": "standalone",
        "theme_color": _BRAND,
        "background_color": "#ffffff",
        "icons": [
            {"src": static.url("mark.svg"), "type": "image/svg+xml", "sizes": "any"},
            png | {"src": static.url("mark-192.png"), "sizes": "192x192"},
            png | {"src": static.url("mark-512.png"), "sizes": "512x512"},
            png | {"src": static.url("mark-maskable.png"), "sizes": "512x512", "purpose": "maskable"},
        ],
    }
