"""The OpenAPI document in Chinese: a table of its sentences, and of both an overlay that anybody's tool can apply.

OpenAPI Overlay 1.0.0, one action for each object that says something; its target is a JSONPath (RFC 9535) to that
object alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from elicence import api

__all__ = ["overlay", "sayings", "sentences", "translated"]

_SAID: Final = ("title", "summary", "description")
# What stands under these is data, or a schema's, and is shown as it is.
_DATA: Final = frozenset({"default", "enum", "example", "examples"})
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Path = tuple[str | int, ...]


def sayings(document: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Every object with words for people: where it is, and the words by the name of the member."""
    yield from _walk(document, ())


def sentences() -> Mapping[str, str]:
    """The Chinese of every sentence, by its English."""
    return _sentences()


def translated(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the overlay applied. KeyError for a sentence without a translation: nothing is half Chinese."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for path, said in list(sayings(copy)):
        target: Any = copy
        for step in path:
            target = target[step]
        target.update(_chinese(said))
    return copy


def overlay(document: Mapping[str, Any]) -> dict[str, Any]:
    """An overlay for the document of the same release, which lies beside it as `openapi.json`."""
    return {
        "overlay": "1.0.0",
        "info": {
            "title": f"{sentences()[document['info']['title']]}：接口文档的简体中文说明",
            "version": document["info"]["version"],
        },
        "extends": "openapi.json",
        "actions": [{"target": _target(path), "update": _chinese(said)} for path, said in sayings(document)],
    }


def _walk(value: object, path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _walk(each, (*path, place))
    elif isinstance(value, dict):
        # Scopes are sentences by name; anywhere else a sentence has one of three names.
        names = tuple(value) if path[-1:] == ("scopes",) else _SAID
        if said := {name: text for name in names if isinstance(text := value.get(name), str)}:
            yield path, said
        names_of_members = path[-1:] == ("properties",)
        for name, each in value.items():
            if names_of_members or name not in _DATA:
                yield from _walk(each, (*path, name))


def _chinese(said: Mapping[str, str]) -> dict[str, str]:
    return {name: sentences()[text] for name, text in said.items()}


def _target(path: Path) -> str:
    return "$" + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _PLAIN.fullmatch(step):
        return f".{step}"
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


@cache
def _sentences() -> Mapping[str, str]:
    loaded: Mapping[str, str] = json.loads((resources.files(api) / "openapi.zh-CN.json").read_bytes())
    return loaded
