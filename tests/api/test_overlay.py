"""The document in Chinese: whole, without leftovers, and made by an overlay that others can apply."""

import json
import re
from pathlib import Path
from typing import Any

import jsonpath
import pytest
from tests.api.calls import Calls

from elicence.api.overlay import overlay, sayings, sentences, translated

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "openapi.zh-CN.overlay.json"
FILES = ("/openapi.json", "/openapi.zh-CN.json", "/openapi.zh-CN.overlay.json")


@pytest.fixture
def document(steady: Calls) -> dict[str, Any]:
    served: dict[str, Any] = steady.get("/openapi.json").json()
    return served


def merged(target: Any, update: Any) -> Any:
    """Overlay 1.0.0 §4.4.3: objects are merged, all else is replaced."""
    if isinstance(target, dict) and isinstance(update, dict):
        return target | {name: merged(target.get(name), each) for name, each in update.items()}
    return update


def applied(document: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """The document after every action of the overlay, its targets found by a JSONPath library of others."""
    copy = json.loads(json.dumps(document))
    for action in made["actions"]:
        (match,) = jsonpath.finditer(action["target"], copy)
        match.obj.update(merged(match.obj, action["update"]))
    return copy


def test_every_sentence_has_a_translation_and_every_translation_a_sentence(document: dict[str, Any]) -> None:
    said = {text for _, texts in sayings(document) for text in texts.values()}
    assert said - sentences().keys() == set(), "no Chinese for these"
    assert sentences().keys() - said == set(), "nothing says this any more"


def test_no_summary_or_description_is_overlooked(document: dict[str, Any]) -> None:
    text = json.dumps({**document, "paths": without_examples(document["paths"])})
    everywhere = re.findall(r'"(?:summary|description)": "((?:[^"\\]|\\.)*)"', text)
    assert {json.loads(f'"{each}"') for each in everywhere} <= sentences().keys()


def without_examples(value: Any) -> Any:
    if isinstance(value, list):
        return [without_examples(each) for each in value]
    if isinstance(value, dict):
        return {name: without_examples(each) for name, each in value.items() if name != "example"}
    return value


def test_translations_are_chinese_with_full_width_punctuation() -> None:
    for english, chinese in sentences().items():
        assert re.search(r"[\u4e00-\u9fff]", chinese) or re.fullmatch(r"[A-Z]\w+ \w+ [\d-]+\.", english), english
        assert not re.search(r"[\u4e00-\u9fff][,;:?()]", chinese), chinese
        assert english.endswith(".") == chinese.endswith(("。", ".")), english


def test_what_stands_in_code_quotes_is_not_translated() -> None:
    for english, chinese in sentences().items():
        assert sorted(re.findall("`[^`]+`", english)) == sorted(re.findall("`[^`]+`", chinese)), english


def test_a_sentence_without_a_translation_is_an_error(document: dict[str, Any]) -> None:
    document["info"]["description"] = "Changed."
    with pytest.raises(KeyError, match=r"Changed\."):
        translated(document)
    with pytest.raises(KeyError, match=r"Changed\."):
        overlay(document)


def test_a_member_with_a_name_like_words_and_an_example_are_left_alone() -> None:
    schema = {"properties": {"description": {"type": "string"}, "example": {"description": "The token."}}}
    document = {"components": schema, "example": {"title": "Degree"}, "summary": "Get a licence"}
    assert translated(document) == {
        "components": {"properties": {"description": {"type": "string"}, "example": {"description": "访问令牌。"}}},
        "example": {"title": "Degree"},
        "summary": "读取证照",
    }


def test_the_overlay_applied_by_others_gives_the_chinese_document(document: dict[str, Any]) -> None:
    made = json.loads(COMMITTED.read_bytes())
    assert applied(document, made) == translated(document)
    assert made["overlay"] == "1.0.0"
    assert made.keys() == {"overlay", "info", "extends", "actions"}
    assert (COMMITTED.parent / made["extends"]).is_file()


def test_only_words_differ_between_the_two_documents(document: dict[str, Any]) -> None:
    places = [(path, texts.keys()) for path, texts in sayings(document)]
    assert places == [(path, texts.keys()) for path, texts in sayings(translated(document))]


def test_what_is_served_is_what_is_committed(steady: Calls, document: dict[str, Any]) -> None:
    assert steady.get("/openapi.zh-CN.overlay.json").json() == json.loads(COMMITTED.read_bytes())
    assert steady.get("/openapi.zh-CN.json").json() == translated(document)


@pytest.mark.parametrize("path", FILES)
def test_each_is_cached_by_its_etag_and_open_to_scripts_of_every_site(steady: Calls, path: str) -> None:
    first = steady.get(path, headers={"Authorization": None})
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/json"
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["access-control-allow-origin"] == "*"
    again = steady.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert steady.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    assert steady("HEAD", path).headers["etag"] == first.headers["etag"]
    assert steady.post(path, {}).status_code == 405
