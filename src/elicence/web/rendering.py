"""Templates turned into answers. Everything is escaped; what a licence says is text and stays text."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from elicence.bootstrap import Assembly
from elicence.verifier.verdicts import catalogue
from elicence.web.counter import Counter
from elicence.web.module_graph import imported_by
from elicence.web.question import Filled
from elicence.web.static_files import StaticFiles, release_files
from elicence.web.words import LANGUAGES, Language, words

__all__ = ["Place", "Renderer"]

INFLATE: Final = "vendor/pako/pako_inflate.esm.min.mjs"
READER: Final = (
    "vendor/zxing-wasm/zxing_reader.wasm",
    "vendor/zxing-wasm/reader/index.js",
    "vendor/zxing-wasm/share.js",
)
PDF_READER: Final = ("vendor/pdfjs/pdf.min.mjs", "vendor/pdfjs/pdf.worker.min.mjs")
_ENTRIES: Final = ("counter/page.js", "counter/fragment.js")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is: the language of the page, the one they chose by a link (if they did), and the path."""

    language: Language
    chosen: Language | None
    path: str

    @property
    def other(self) -> Language:
        """The language that the page could be in instead."""
        return next(each for each in LANGUAGES if each != self.language)

    def link(self, path: str, language: Language | None = None, **query: str) -> str:
        """A path on this site that keeps the language the reader chose, or changes it."""
        lang = language or self.chosen
        asked = {name: value for name, value in query.items() if value} | ({"lang": lang} if lang else {})
        return f"{path}?{urlencode(asked)}" if asked else path


class Renderer:
    """Draws the templates for one registry."""

    def __init__(self, assembly: Assembly, static: StaticFiles) -> None:
        self._templates = Environment(
            loader=PackageLoader("elicence.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._release = static.release
        self._types = {language: _titles(assembly, language) for language in LANGUAGES}
        host = urlsplit(assembly.desk.base_url).netloc
        reads_here = all(static.has(name) for name in READER)
        pdf_here = reads_here and all(static.has(name) for name in PDF_READER)
        self._templates.globals |= {
            "static": static.url,
            "imported": {entry: imported_by(entry, release_files()) for entry in _ENTRIES},
            "host": host,
            "counter": Counter(assembly, host, reads_here=reads_here, pdf_here=pdf_here),
            "files_here": "counter.files" if pdf_here else "counter.pdf" if reads_here else "counter.no_reader",
            # Without it the modules could not even be loaded; the page then works as it does without script.
            "checks_here": static.has(INFLATE),
            "demo": assembly.desk.environment == "demo",
        }

    def page(self, template: str, place: Place, *, status: int = 200, **values: object) -> Response:
        """The page. Never stored by anybody: it may show a licence, and it may differ a second later."""
        say = words(place.language)
        asked = {"fields": Filled(), "troubles": (), "beside": (), "by_post": False, "texts": ()} | values
        html = self._templates.get_template(template).render(
            asked, say=say, place=place, types=self._types[place.language], looks=self._looks(place.language)
        )
        headers = {
            "Content-Language": place.language,
            "Page-Release": self._release,  # by it the service worker knows a page that fits its files
            "Vary": "Accept-Language",
        }
        return HTMLResponse(html, status_code=status, headers=headers)

    def _looks(self, language: Language) -> dict[str, str]:
        """What a text that is no licence may look like."""
        return {code: text[language] for code, text in catalogue().words["looks_like"].items()}


def _titles(assembly: Assembly, language: Language) -> list[tuple[str, str]]:
    """Slug and title of every type that may be expected, sorted as they are read."""
    titles = {each.slug: each.title[language] for each in assembly.desk.catalogue.types()}
    return sorted(titles.items(), key=lambda pair: pair[1])
