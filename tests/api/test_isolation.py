"""An agency sees and changes its own licences only: every route of the OpenAPI document, called by another agency.

The matrix is made from the document, so a new route is in it without anybody thinking of it.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.api.calls import Calls, code, operator_of, proposal_of, unchanged

MISSING = "lic_01m838z2g0e009c4awq0vrpza7"
ABSENT = {"licence_id": MISSING, "proposal_id": "prp_01m838z2g0e009c4awq0vrpza7"}
OPEN = {
    "issue_token", "verify_licence", "list_types", "get_type", "get_type_schema", "get_trusted_list",
    "get_trust_bundle", "get_keys", "get_issuer_metadata", "get_did_document", "get_agency_keys", "get_status_list",
    "get_status_bitstring", "get_type_context", "get_type_file", "get_qr_dictionary", "get_problem_type", "get_health",
    "get_readiness",
}  # fmt: skip
OWN_ONLY = {"issue_licence", "validate_licence", "list_licences", "list_proposals"}


def operations(calls: Calls) -> list[tuple[str, str, dict[str, Any]]]:
    document = calls.get("/openapi.json").json()
    return [(path, method.upper(), each) for path, ms in document["paths"].items() for method, each in ms.items()]


def call(
    calls: Calls, path: str, method: str, operation: dict[str, Any], ids: Mapping[str, str]
) -> httpx.Response:  # fmt: skip
    """A well-formed call of the operation for a licence or proposal, with the body of its example."""
    headers = {"Idempotency-Key": f"{operation['operationId']}-{ids['licence_id']}", "If-Match": '"1"'}
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    more = {} if content is None else {"json": content["example"]}
    return calls(method, path.format(**ids), headers=headers, **more)


def shown(answer: httpx.Response, ids: Mapping[str, str]) -> tuple[int, Any, Any]:
    """Everything that could tell two answers apart, but for the ids of request, licence and proposal."""
    body = answer.text.replace(answer.headers["x-request-id"], "REQUEST")
    for name, value in ids.items():
        body = body.replace(value, name)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"x-request-id", "ratelimit", "content-length"}
    }
    return answer.status_code, body, headers


def test_the_document_says_of_every_operation_who_may(steady: Calls) -> None:
    listed = {each["operationId"]: bool(each["security"]) for _, _, each in operations(steady)}
    assert {name for name, closed in listed.items() if not closed} == OPEN


def test_what_belongs_to_another_agency_is_answered_exactly_as_what_does_not_exist(both: Calls) -> None:
    licence = both.issue()
    own = {"licence_id": licence["id"], "proposal_id": proposal_of(both)["id"]}
    market = both.sign_in("market")
    market.headers["X-Operator-Id"] = operator_of(both, "market")
    before = unchanged(both)
    tried = []
    for path, method, operation in operations(both):
        if operation["security"] and operation["operationId"] not in OWN_ONLY:
            (named,) = [name for name in ABSENT if f"{{{name}}}" in path]
            foreign = call(market, path, method, operation, own)
            absent = call(market, path, method, operation, ABSENT)
            assert code(foreign) == (404, f"{named.removesuffix('_id')}_not_found"), operation["operationId"]
            assert shown(foreign, own) == shown(absent, ABSENT)
            tried.append(named)
    assert (tried.count("licence_id"), tried.count("proposal_id")) == (10, 3)
    assert market.get("/v1/licences").json()["data"] == []
    assert market.get("/v1/proposals").json()["data"] == []
    assert unchanged(both) == before
    assert both.get(f"/v1/licences/{licence['id']}").json() == licence


def test_nothing_closed_is_done_for_a_caller_without_a_token(steady: Calls) -> None:
    ids = ABSENT | {"licence_id": steady.issue(700)["id"]}
    nobody = Calls(steady.house, steady.app, steady.loop)
    before = steady.house.store.everything()
    for path, method, operation in operations(steady):
        if operation["security"]:
            assert code(call(nobody, path, method, operation, ids)) == (401, "token_missing")
    assert steady.house.store.everything() == before


def test_no_path_answers_a_method_that_the_document_does_not_name(steady: Calls) -> None:
    named: dict[str, set[str]] = {}
    for path, method, _ in operations(steady):
        named.setdefault(path, set()).add(method)
    values = ABSENT | {
        "slug": "degree", "agency": "housing", "list_no": "1", "purpose": "revocation",
        "version": "1", "number": "1", "code": "host",
    }  # fmt: skip
    for path, method in itertools.product(named, ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")):
        answer = steady(method, path.format(**values), headers={"Authorization": None})
        # One path has two templates only where a word stands beside {licence_id}.
        if method not in named[path] and not (path == "/v1/licences/validate" and method == "GET"):
            assert answer.status_code == 405, (method, path)


@pytest.mark.parametrize("path", ["/v1/licences", "/v1/licences/validate"])
def test_no_body_makes_an_agency_act_for_another(steady: Calls, path: str) -> None:
    market = steady.sign_in("market")
    body = {"type": "food-business-licence", "agency_id": steady.house.agencies["housing"].id}
    answer = market.post(path, body, headers={"Idempotency-Key": "k"})
    assert code(answer) == (422, "validation_failed")
    assert any(each["pointer"] == "/agency_id" for each in answer.json()["errors"])
