"""Which language an answer speaks: what `Accept-Language` prefers of zh-CN and en (RFC 9110 §12.5.4)."""

import re
from functools import lru_cache
from typing import Final

__all__ = ["preferred"]

_LONGEST: Final = 256
_RANGE: Final = re.compile(r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?)\s*)?")


@lru_cache(maxsize=512)
def preferred(header: str, default: str) -> str:
    """The better of the two languages; `default` where the header has no opinion or is none.

    >>> preferred("fr, zh-Hans;q=0.8, en;q=0.5", "en")
    'zh-CN'
    >>> preferred("", "en")
    'en'
    """
    weights: dict[str, float] = {}
    for part in header[:_LONGEST].split(","):
        if found := _RANGE.fullmatch(part):
            primary = found[1].partition("-")[0].lower()
            language = {"zh": "zh-CN", "en": "en", "*": default}.get(primary)
            if language is not None:
                weights[language] = max(weights.get(language, 0.0), float(found[2] or 1))
    wanted = [language for language in weights if weights[language] > 0]
    return max(wanted, key=lambda language: weights[language], default=default)
