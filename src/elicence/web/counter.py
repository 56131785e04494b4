"""What the page's modules are handed beside the HTML: words, roots and addresses, as data in an attribute."""

import json
from collections.abc import Mapping
from typing import Final

from elicence.bootstrap import Assembly
from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, JsonValue, parse_json
from elicence.verifier.verdicts import Text, Verdict, catalogue
from elicence.web.words import Language, words

__all__ = ["BUNDLE", "VERIFICATIONS", "Counter"]

BUNDLE: Final = "/v1/trust/bundle"
VERIFICATIONS: Final = "/v1/verifications"
_GROUPS: Final = ("counter.", "result.", "face.", "value.", "problem.", "site.name", "scanner.")


class Counter:
    """Makes the settings of a page for one registry."""

    def __init__(self, assembly: Assembly, host: str, *, reads_here: bool = True, pdf_here: bool = True) -> None:
        self._reads_here, self._pdf_here = reads_here, pdf_here
        self._roots = assembly.settings.published_dir / "roots.json"
        self._host = host

    def settings(self, language: Language) -> str:
        """JSON for `data-settings`. Without roots a browser has nobody to believe and leaves judging to the server."""
        verdicts = catalogue()
        handed: JsonObject = {
            "language": language,
            "host": self._host,
            "bundle": BUNDLE,
            "verifications": VERIFICATIONS,
            "roots": self._pinned(),
            "reader": self._reads_here,
            "pdf_reader": self._pdf_here,
            "verdicts": [str(each) for each in Verdict],
            "words": {key: text for key, text in words(language).texts.items() if key.startswith(_GROUPS)},
            "classes": _in(verdicts.words["classes"], language),
            "outcomes": _in(verdicts.words["outcomes"], language),
            "durations": verdicts.durations[language],
            "dates": verdicts.dates[language],
        }
        return json.dumps(handed, ensure_ascii=False, separators=(",", ":"))

    def _pinned(self) -> JsonValue:
        try:
            return parse_json(self._roots.read_bytes())
        except (OSError, FormatError):
            return None


def _in(group: Mapping[str, Text], language: Language) -> JsonObject:
    return {code: text[language] for code, text in group.items()}
