"""The texts of the pages: whole in both languages, each used, and plain."""

import re
import string
from pathlib import Path

import pytest

from elicence.web import troubles
from elicence.web.words import LANGUAGES, words

WEB = Path(troubles.__file__).parent
MODULES = (WEB / "static" / "counter").rglob("*.js")
FILES = (*WEB.glob("*.py"), *WEB.glob("templates/*.html"), *MODULES)
SOURCES = "\n".join(path.read_text("utf-8") for path in FILES)
GROUPS = "site|absent|home|verify|result|face|value|fragment|problem|counter|scanner|developers"
ASKED = set(re.findall(rf"""["']((?:{GROUPS})\.(?!html|js|css)[a-z_0-9]+)["']""", SOURCES))
TROUBLES = set(re.findall(r"""Trouble\(\s*"([a-z_]+)\"""", SOURCES)) | {"no_lists"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_in_the_same_order_and_no_empty_text() -> None:
    chinese, english = (words(language).texts for language in LANGUAGES)
    assert list(chinese) == list(english)
    assert all(text.strip() for texts in (chinese, english) for text in texts.values())


def test_both_languages_need_the_same_facts() -> None:
    chinese, english = (words(language).texts for language in LANGUAGES)
    assert {key: placeholders(text) for key, text in chinese.items()} == {
        key: placeholders(text) for key, text in english.items()
    }


def test_every_text_is_asked_for_and_every_text_asked_for_is_there() -> None:
    have = set(words("en").texts)
    problems = {f"problem.{code}" for code in TROUBLES}
    assert ASKED | problems <= have
    assert have <= ASKED | problems


def test_a_missing_key_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        words("en")("site.no_such_text")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_neither_cheer_nor_speak_of_formats(language: str) -> None:
    for key, text in words(language).texts.items():
        assert not re.search(r"!|！|congratulation|unfortunately|\bJWT\b|\bVC\b|\bDID\b", text, re.IGNORECASE), key


def test_chinese_texts_use_full_width_punctuation() -> None:
    for key, text in words("zh-CN").texts.items():
        assert not re.search(r"[\u4e00-\u9fff][,;:?()]", text), key
