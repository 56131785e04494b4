"""Requests nobody thought of, made from the OpenAPI document: no server error, no answer that it does not describe.

Good and bad requests on both stores. Half of the calls name a licence that exists, and half of the requests to issue
are a good one with one member made up, because pure chance never gets that far. `make soak` sends many more.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.calls import Calls, calls_of, food, operator_of, proposal_of
from tests.houses import Pattern

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# Routing by the server, before any operation is found, answers these whatever is asked.
FROM_ROUTING = {404, 405}


class Prober:
    """Sends cases of one document to one application and judges the answers."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.document = calls.get("/openapi.json").json()
        self.schema = schemathesis.openapi.from_dict(self.document)
        self.schema.config.update(base_url="https://e.example.gov")
        self.numbers = itertools.count(1)
        proposal = proposal_of(calls)
        self.real = {"licence_id": calls.issue(900)["id"], "proposal_id": proposal["id"]}
        self.digest, self.operator = proposal["digest"], operator_of(calls)
        self.sent = 0

    def probe(self, case: Any) -> None:
        n = next(self.numbers)
        path = dict(case.path_parameters or {})
        if n % 2 and path:
            case.path_parameters = path | {name: value for name, value in self.real.items() if name in path}
        if n % 3 and case.operation.path == "/v1/licences" and isinstance(case.body, Mapping) and case.body:
            name = list(case.body)[n % len(case.body)]
            case.body = food(1000 + n) | {name: case.body[name]}
        if n % 4 == 1 and "{proposal_id}" in case.operation.path:
            case.headers["X-Operator-Id"] = self.operator
            case.body = {"digest": self.digest}
        answer = self.send(case)
        if answer is not None:
            case.validate_response(answer, checks=CHECKS)
            self.sent += 1

    def send(self, case: Any) -> httpx.Response | None:
        wanted = case.as_transport_kwargs()
        given = {
            name: value
            for name, value in wanted.items()
            if name in {"method", "url", "params", "data", "json", "files", "headers"}
        }
        try:
            prepared = requests.Request(**given).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            return None  # no client could send it
        headers = {name.lower(): value for name, value in prepared.headers.items()}
        if case.operation.definition.raw["security"]:
            headers["authorization"] = self.calls.headers["Authorization"]
        request = self.calls.client.request(
            prepared.method or "GET", str(prepared.url), content=prepared.body or b"", headers=headers
        )
        try:
            return self.calls.loop.run_until_complete(request)
        except (httpx.InvalidURL, UnicodeError):
            return None


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def prober(request: pytest.FixtureRequest, pattern_of: Callable[[str], Pattern]) -> Iterator[Prober]:
    with pattern_of(request.param).copy() as house:
        house.assembly.publish()
        opened = calls_of(house)
        yield Prober(opened.sign_in())
        opened.close()


def run(prober: Prober, examples: int) -> None:
    for found, mode in itertools.product(prober.schema.get_all_operations(), MODES):
        operation = found.ok()

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def probe(case: Any) -> None:
            prober.probe(case)

        try:
            probe()
        except Unsatisfiable:
            continue  # an operation without parameters can be asked in one way only


def test_no_request_made_up_from_the_document_meets_an_answer_it_does_not_describe(prober: Prober) -> None:
    run(prober, 16)
    assert prober.sent > 500
    assert prober.calls.get("/healthz").status_code == 200


@pytest.mark.soak
def test_neither_do_twenty_thousand(prober: Prober) -> None:
    run(prober, int(os.environ.get("EXAMPLES", "200")))
    assert prober.sent > 10_000 or "EXAMPLES" in os.environ
