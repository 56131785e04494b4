"""The tool that tells what would break clients: each kind of break, each harmless change, and today's document."""

import copy
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "tools" / "api_changes.py"
RELEASED, TODAY = ROOT / "docs" / "openapi.released.json", ROOT / "docs" / "openapi.json"

spec = importlib.util.spec_from_file_location("api_changes", TOOL)
assert spec is not None
assert spec.loader is not None
api_changes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(api_changes)

JSON = "application/json"
ASKED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number"],
    "properties": {
        "number": {"type": "string", "minLength": 1, "maxLength": 64},
        "state": {"enum": ["active", "revoked"]},
        "scale": {"type": "integer", "minimum": 1, "maximum": 32, "default": 8},
        "day": {"type": "string", "pattern": "^[0-9]+$"},
        "until": {"type": ["string", "null"]},
        "names": {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 5},
        "claims": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
ANSWERED = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"enum": ["active", "revoked"]},
        "note": {"type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
    },
}
PART = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "part": {"$ref": "#/components/schemas/Part"}}}  # noqa: E501  # fmt: skip
OLD: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/v1/things": {
            "parameters": [{"name": "trace", "in": "header", "schema": {"type": "string"}}],
            "post": {
                "operationId": "make_thing",
                "tags": ["things"],
                "security": [{"client": ["things:make"]}],
                "parameters": [{"name": "dry", "in": "query", "required": False, "schema": {"type": "boolean"}}],
                "requestBody": {
                    "required": True,
                    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Asked"}}, "text/csv": {}},
                },
                "responses": {
                    "201": {
                        "description": "Made.",
                        "headers": {"ETag": {"required": True}, "Location": {}},
                        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Answered"}}, "text/csv": {}},
                    },
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            },
            "get": {"operationId": "list_things", "tags": ["things"], "security": [], "responses": {"200": {}}},
        },
        "/v1/health": {"get": {"operationId": "get_health", "tags": ["things"], "responses": {"200": {}}}},
    },
    "components": {
        "schemas": {"Asked": ASKED, "Answered": ANSWERED, "Part": PART},
        "responses": {"NotFound": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
        "securitySchemes": {
            "client": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {"tokenUrl": "/token", "scopes": {"things:make": "Make.", "all": "All."}}
                },
            }
        },
    },
}
Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]
"""Changes a document, its schema of what is sent, and that of what is answered."""


def post(document: dict[str, Any]) -> dict[str, Any]:
    return document["paths"]["/v1/things"]["post"]


def flow(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(OLD)
    schemas = document["components"]["schemas"]
    change(document, schemas["Asked"], schemas["Answered"])
    return document


MADE = "201"
BREAKS: dict[str, tuple[Change, str]] = {
    "a path is gone": (lambda d, _, __: d["paths"].pop("/v1/health"), "/v1/health: the path is gone"),
    "an operation is gone": (
        lambda d, _, __: d["paths"]["/v1/things"].pop("get"),
        "GET /v1/things: the operation is gone",
    ),
    "an operation has another name": (
        lambda d, _, __: post(d).update(operationId="create"),
        "make_thing is now called create",
    ),
    "an operation has another tag": (lambda d, _, __: post(d).update(tags=["others"]), "another tag"),
    "another scope is asked": (lambda d, _, __: post(d).update(security=[{"client": ["all"]}]), "no longer enough"),
    "one more scope is asked": (lambda d, _, __: post(d)["security"][0]["client"].append("all"), "no longer enough"),
    "what was open is closed": (
        lambda d, _, __: d["paths"]["/v1/things"]["get"].update(security=[{"client": []}]),
        "nobody's token is no longer enough",
    ),
    "a scope is gone": (lambda d, _, __: flow(d)["scopes"].pop("all"), "the scope all is gone"),
    "tokens are had elsewhere": (lambda d, _, __: flow(d).update(tokenUrl="/t"), "no longer had at /token"),
    "a way to sign in is gone": (
        lambda d, _, __: d["components"].pop("securitySchemes"),
        "this way to sign in is gone",
    ),
    "a parameter is gone": (lambda d, _, __: post(d)["parameters"].clear(), "query dry: the parameter is gone"),
    "a shared parameter is gone": (
        lambda d, _, __: d["paths"]["/v1/things"].pop("parameters"),
        "header trace: the parameter is gone",
    ),
    "a parameter becomes a must": (lambda d, _, __: post(d)["parameters"][0].update(required=True), "must now be sent"),
    "a parameter that is a must is added": (
        lambda d, _, __: post(d)["parameters"].append({"name": "key", "in": "header", "required": True}),
        "header key: a parameter that must be sent was added",
    ),
    "a parameter has another kind": (
        lambda d, _, __: post(d)["parameters"][0].update(schema={"type": "integer"}),
        "its kind was boolean and is integer",
    ),
    "a body is added": (
        lambda d, _, __: d["paths"]["/v1/things"]["get"].update(requestBody={"required": True, "content": {}}),
        "a body must now be sent",
    ),
    "a body is gone": (lambda d, _, __: post(d).pop("requestBody"), "application/json is gone"),
    "a media type is no longer taken": (
        lambda d, _, __: post(d)["requestBody"]["content"].pop("text/csv"),
        "text/csv is gone",
    ),
    "a member is no longer taken": (lambda _, a, __: a["properties"].pop("day"), ".day: the member is gone"),
    "a member becomes a must": (lambda _, a, __: a["required"].append("day"), ".day: the member must now be sent"),
    "a member that is a must is added": (
        lambda _, a, __: (a["required"].append("new"), a["properties"].update(new={})),
        ".new: the member must now be sent",
    ),
    "a value is no longer taken": (
        lambda _, a, __: a["properties"]["state"]["enum"].pop(),
        "values are no longer taken",
    ),
    "only listed values are taken": (
        lambda _, a, __: a["properties"]["day"].update(enum=["1"]),
        "values are no longer taken",
    ),
    "null is no longer taken": (
        lambda _, a, __: a["properties"]["until"].update(type="string"),
        "its kind was null or string and is string",
    ),
    "a member sent has another kind": (
        lambda _, a, __: a["properties"]["number"].update(type="integer"),
        "its kind was string and is integer",
    ),
    "what is sent must be shorter": (
        lambda _, a, __: a["properties"]["number"].update(maxLength=32),
        "maxLength was 64 and is 32",
    ),
    "what is sent must be longer": (
        lambda _, a, __: a["properties"]["number"].update(minLength=2),
        "minLength was 1 and is 2",
    ),
    "a list sent must be shorter": (
        lambda _, a, __: a["properties"]["names"].update(maxItems=1),
        "maxItems was 5 and is 1",
    ),
    "a limit is added": (lambda _, a, __: a["properties"]["day"].update(maxLength=3), "maxLength was None and is 3"),
    "an item of a list must be shorter": (
        lambda _, a, __: a["properties"]["names"]["items"].update(maxLength=1),
        ".names[]: maxLength",
    ),
    "another pattern is asked": (lambda _, a, __: a["properties"]["day"].update(pattern="^[0-9]$"), "its pattern was"),
    "a format is asked": (
        lambda _, a, __: a["properties"]["number"].update(format="date"),
        "its format was None and is date",
    ),
    "another default is taken": (
        lambda _, a, __: a["properties"]["scale"].update(default=4),
        "where nothing is sent was 8 and is 4",
    ),
    "further members are refused": (
        lambda _, a, __: a["properties"]["claims"].update(additionalProperties=False),
        "further members are no longer taken",
    ),
    "further members have another kind": (
        lambda _, a, __: a["properties"]["claims"].update(additionalProperties={"type": "integer"}),
        ".claims.*: its kind was",
    ),
    "a schema has another name": (
        lambda d, a, _: (
            d["components"]["schemas"].update(Wish=a),
            post(d)["requestBody"]["content"][JSON].update(schema={"$ref": "#/components/schemas/Wish"}),
        ),
        "Asked is now called Wish",
    ),
    "what the tool does not know has changed": (lambda _, a, __: a.update(anyOf=[{}]), "anyOf has changed"),
    "a good answer is gone": (lambda d, _, __: post(d)["responses"].pop(MADE), "201: the answer is gone"),
    "an error is gone": (lambda d, _, __: post(d)["responses"].pop("404"), "404: the answer is gone"),
    "a good answer is added": (
        lambda d, _, __: post(d)["responses"].update({"202": {}}),
        "202: a good answer that clients do not know",
    ),
    "a media type is no longer answered": (
        lambda d, _, __: post(d)["responses"][MADE]["content"].pop("text/csv"),
        "201: text/csv is gone",
    ),
    "the media type of a shared answer is another": (
        lambda d, _, __: d["components"]["responses"]["NotFound"].update(content={JSON: {}}),
        "application/problem+json is gone",
    ),
    "a header is gone": (
        lambda d, _, __: post(d)["responses"][MADE]["headers"].pop("Location"),
        "the header Location is gone",
    ),
    "a header may be missing": (
        lambda d, _, __: post(d)["responses"][MADE]["headers"].update(ETag={}),
        "the header ETag may now be missing",
    ),
    "a member is no longer answered": (lambda _, __, b: b["properties"].pop("note"), ".note: the member is gone"),
    "a member may be missing": (lambda _, __, b: b["required"].pop(), ".state: the member may now be missing"),
    "a member answered has another kind": (
        lambda _, __, b: b["properties"]["note"].update(type="integer"),
        "its kind was string and is integer",
    ),
    "a member may be null": (
        lambda _, __, b: b["properties"]["note"].update(type=["string", "null"]),
        "its kind was string and is null or string",
    ),
    "a value that nobody knows is answered": (
        lambda _, __, b: b["properties"]["state"]["enum"].append("lost"),
        "values that clients do not know",
    ),
    "any value may be answered": (
        lambda _, __, b: b["properties"]["state"].pop("enum"),
        "values that clients do not know",
    ),
    "another format is answered": (
        lambda _, __, b: b["properties"]["id"].pop("format"),
        "its format was uuid and is None",
    ),
    "a member deep in a list is another": (
        lambda d, _, __: d["components"]["schemas"]["Part"]["properties"]["n"].update(type="string"),
        ".parts[].n: its kind was integer and is string",
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda _, __, ___: None,
    "a path is added": lambda d, _, __: d["paths"].update({"/v1/more": {"get": {"responses": {}}}}),
    "an operation is added": lambda d, _, __: d["paths"]["/v1/health"].update(post={"responses": {}}),
    "a scope is added that nothing asks": lambda d, _, __: flow(d)["scopes"].update(more="More."),
    "another way to sign in is enough too": lambda d, _, __: post(d)["security"].append({"key": []}),
    "fewer scopes are asked": lambda d, _, __: post(d).update(security=[{"client": []}]),
    "what was closed is open": lambda d, _, __: post(d).update(security=[]),
    "an optional parameter is added": lambda d, _, __: post(d)["parameters"].append({"name": "more", "in": "query"}),
    "an optional member is taken": lambda _, a, __: a["properties"].update(more={"type": "string"}),
    "a member need not be sent any more": lambda _, a, __: a["required"].clear(),
    "a body need not be sent any more": lambda d, _, __: post(d)["requestBody"].update(required=False),
    "another media type is taken": lambda d, _, __: post(d)["requestBody"]["content"].update({"text/plain": {}}),
    "a value more is taken": lambda _, a, __: a["properties"]["state"]["enum"].append("lost"),
    "any value is taken": lambda _, a, __: a["properties"]["state"].pop("enum"),
    "null is taken too": lambda _, a, __: a["properties"]["number"].update(type=["string", "null"]),
    "any number is taken": lambda _, a, __: a["properties"]["scale"].update(type="number"),
    "limits are wider": lambda _, a, __: a["properties"]["number"].update(minLength=0, maxLength=99),
    "a limit is gone": lambda _, a, __: a["properties"]["names"].pop("maxItems"),
    "a pattern is gone": lambda _, a, __: a["properties"]["day"].pop("pattern"),
    "a default is said": lambda _, a, __: a["properties"]["day"].update(default="1"),
    "further members are taken": lambda _, a, __: a.update(additionalProperties=True),
    "an error is added": lambda d, _, __: post(d)["responses"].update({"429": {}}),
    "not modified is added": lambda d, _, __: post(d)["responses"].update({"304": {}}),
    "a header is added": lambda d, _, __: post(d)["responses"][MADE]["headers"].update(More={}),
    "a header is always there": lambda d, _, __: post(d)["responses"][MADE]["headers"].update(
        Location={"required": True}
    ),
    "another media type is answered": lambda d, _, __: post(d)["responses"][MADE]["content"].update({"text/plain": {}}),
    "a member is answered": lambda _, __, b: b["properties"].update(more={"type": "string"}),
    "a member is always answered": lambda _, __, b: b["required"].append("note"),
    "fewer values are answered": lambda _, __, b: b["properties"]["state"]["enum"].pop(),
    "a whole number is answered": lambda _, __, b: b["properties"]["note"].update(maxLength=3),
    "words have changed": lambda d, a, _: (post(d).update(summary="Other"), a.update(description="Other.", title="O")),
    "an example has changed": lambda d, _, __: post(d)["requestBody"]["content"][JSON].update(example={"number": "2"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_named(name: str) -> None:
    change, sentence = BREAKS[name]
    found = api_changes.breaks(OLD, changed(change))
    assert any(sentence in each for each in found), found
    assert len(found) <= 2


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_passes(name: str) -> None:
    assert api_changes.breaks(OLD, changed(HARMLESS[name])) == []


def test_no_document_breaks_the_clients_of_itself() -> None:
    document = json.loads(TODAY.read_bytes())
    assert api_changes.breaks(document, document) == []


def test_an_operation_that_is_taken_out_of_todays_document_is_named() -> None:
    document = json.loads(TODAY.read_bytes())
    for path, methods in document["paths"].items():
        for method in methods:
            less = copy.deepcopy(document)
            del less["paths"][path][method]
            assert api_changes.breaks(document, less) == [f"{method.upper()} {path}: the operation is gone"]


def test_as_a_command_it_lists_the_breaks_and_ends_with_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(OLD), "utf-8")
    for change, code, said in ((BREAKS["a path is gone"][0], 1, "is gone"), (HARMLESS["nothing"], 0, "Nothing in it")):
        new.write_text(json.dumps(changed(change)), "utf-8")
        done = subprocess.run(
            [sys.executable, str(TOOL), str(old), str(new)], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, said in done.stdout) == (code, True), done.stderr
    wrong = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 1
    assert "OLD.json NEW.json" in wrong.stderr


def test_todays_document_breaks_no_client_of_the_last_release() -> None:
    """Where this fails, mend the document, or release the break (docs/api.md)."""
    assert api_changes.breaks(json.loads(RELEASED.read_bytes()), json.loads(TODAY.read_bytes())) == []
