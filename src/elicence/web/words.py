"""The texts of the pages, one file per language. Verdicts have their own words, in `verifier/verdicts.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["LANGUAGES", "Language", "Words", "words"]

Language = Literal["zh-CN", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """Every text in one language. A key that is missing is a defect, told by a test, and never an empty place."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, **facts: object) -> str:
        """The text, with the facts filled in. Plain text: a template escapes it."""
        text = self.texts[key]
        return text.format(**facts) if facts else text


@lru_cache(maxsize=len(LANGUAGES))
def words(language: Language) -> Words:
    """The words that ship with this package."""
    text = resources.files("elicence.web").joinpath("words", f"{language}.json").read_text("utf-8")
    return Words(language, MappingProxyType(json.loads(text)))
