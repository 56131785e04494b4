"""The OpenAPI document: its quality gate, its examples, and that it is the one in `docs/`."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.api.calls import Calls

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "openapi.json"
VERBS = "issue|validate|list|get|suspend|reinstate|revoke|renew|correct|verify|approve|decline"


@pytest.fixture
def document(steady: Calls) -> dict[str, Any]:
    served: dict[str, Any] = steady.get("/openapi.json").json()
    return served


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})


def media(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every body that has a place in the document, requests and answers."""
    found = []
    for _, _, operation in operations(document):
        bodies = [("request", operation.get("requestBody", {}))]
        bodies += list(operation["responses"].items())
        for name, body in bodies:
            found += [(f"{operation['operationId']} {name}", each) for each in body.get("content", {}).values()]
    return found


def test_the_committed_document_is_the_one_that_is_served(document: dict[str, Any]) -> None:
    assert json.loads(COMMITTED.read_bytes()) == document


def test_every_operation_has_a_verb_and_noun_one_tag_and_a_short_summary(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    known = {tag["name"] for tag in document["tags"]}
    for _, _, operation in operations(document):
        assert re.fullmatch(rf"(?:{VERBS})_[a-z][a-z0-9]*(?:_[a-z0-9]+)*", operation["operationId"])
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= known
        assert 0 < len(operation["summary"]) <= 60


def test_every_operation_lists_its_problems(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        listed = {int(status) for status in operation["responses"]}
        assert {400, 414, 431, 503} <= listed
        if operation["security"]:
            assert {401, 403, 429} <= listed
        if "requestBody" in operation:
            assert {408, 413, 415} <= listed
        if "{licence_id}" in path:
            assert 404 in listed
        if any(each["name"] == "If-Match" for each in operation.get("parameters", ())):
            assert 412 in listed


def test_there_are_no_anonymous_unions(document: dict[str, Any]) -> None:
    def walk(value: Any, place: str) -> None:
        if isinstance(value, dict):
            assert not {"anyOf", "oneOf", "allOf"} & value.keys(), place
            for name, each in value.items():
                if name != "example":  # that of a type's own schema is no schema of ours
                    walk(each, f"{place}/{name}")
        elif isinstance(value, list):
            for each in value:
                walk(each, place)

    walk(document["components"]["schemas"], "")
    walk(document["paths"], "")


def test_every_operation_has_examples_and_they_are_of_the_shape_they_stand_beside(document: dict[str, Any]) -> None:
    with_example = 0
    for name, each in media(document):
        if "example" in each:
            with_example += 1
            problems = [error.message for error in validator(document, each["schema"]).iter_errors(each["example"])]
            assert problems == [], name
    for _, _, operation in operations(document):
        bodies = [body for status, body in operation["responses"].items() if status.startswith("2")]
        for kind, each in [pair for body in bodies for pair in body["content"].items()]:
            assert "example" in each or each["schema"].get("format") == "binary", (operation["operationId"], kind)
        if "requestBody" in operation:
            assert any("example" in each for each in operation["requestBody"]["content"].values())
    assert with_example > 20


def test_the_example_of_issuing_is_taken_as_it_stands(steady: Calls, document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/licences"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["example"]
    answer = steady.post("/v1/licences", request, headers={"Idempotency-Key": "example"})
    assert answer.status_code == 201
    assert answer.json().keys() == operation["responses"]["201"]["content"]["application/json"]["example"].keys()


def test_a_default_is_what_the_registry_takes_where_nothing_is_sent(document: dict[str, Any]) -> None:
    """A client made of the document sends its defaults."""
    defaults = {
        (name, member): each["default"]
        for name, schema in document["components"]["schemas"].items()
        for member, each in schema["properties"].items()
        if "default" in each
    }
    assert defaults == {
        ("Correction", "accept_check_digit"): False,
        ("LicenceRequest", "accept_check_digit"): False,
        ("VerificationRequest", "max_status_age_s"): 86_400,
        ("VerificationRequest", "paper"): False,
        ("VerificationUpload", "max_status_age_s"): 86_400,
        ("VerificationUpload", "paper"): False,
    }


def test_no_schema_or_sentence_names_this_registry(document: dict[str, Any]) -> None:
    assert "servers" not in document


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref": "(#/[^"]+)"', json.dumps(document)):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target
