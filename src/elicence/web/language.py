"""Which language a page speaks: `?lang=` if the reader chose, else what the browser asks for (RFC 9110 §12.5.4)."""

import re
from typing import Final

from starlette.requests import Request

from elicence.web.words import LANGUAGES, Language

__all__ = ["chosen_language", "preferred", "spoken"]

_LONGEST_HEADER: Final = 1000
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def spoken(request: Request, default: Language) -> Language:
    """The language of the answer to this request."""
    return chosen_language(request) or preferred(request.headers.get("accept-language", ""), default)


def chosen_language(request: Request) -> Language | None:
    """The language the reader chose by a link, if it is one of ours."""
    asked = request.query_params.get("lang")
    return next((each for each in LANGUAGES if each == asked), None)


def preferred(header: str, default: Language) -> Language:
    """The best of our languages for an Accept-Language header; `default` where the browser wants neither.

    >>> preferred("fr, zh-TW;q=0.8, en;q=0.5", "en")
    'zh-CN'
    >>> preferred("fr;q=0.9, *;q=0.1", "zh-CN")
    'zh-CN'
    """
    wanted: dict[Language, float] = {}
    for part in header[:_LONGEST_HEADER].split(","):
        found = _RANGE.fullmatch(part)
        language = None if found is None else _ours(found[1])
        if found is not None and language is not None:
            wanted[language] = max(wanted.get(language, 0.0), float(found[2] or 1))
    best = max(wanted, key=lambda each: wanted[each], default=default)
    return best if wanted.get(best, 0.0) > 0 else default


def _ours(tag: str) -> Language | None:
    primary = tag.lower().partition("-")[0]
    return next((each for each in LANGUAGES if each.lower().partition("-")[0] == primary), None)
