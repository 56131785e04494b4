"""Requests nobody thought of, made from the OpenAPI document: no server error, no answer that it does not describe.

Good and bad requests on both stores, in part about licences and proposals that exist, because pure chance never gets
that far. `make soak` sends at least 10,000 to each; REQUESTS sets how many, SEED repeats a run.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup
from tests.api.calls import Calls, calls_of
from tests.api.probing import Prober
from tests.houses import Pattern

ASK_FOR_NOTHING = ["list_types", "get_trusted_list", "get_trust_bundle", "get_keys", "get_health", "get_readiness"]


@pytest.fixture(params=["sqlite", "postgresql"])
def prober(request: pytest.FixtureRequest, pattern_of: Callable[[str], Pattern]) -> Iterator[Prober]:
    with pattern_of(request.param).copy() as house:
        house.assembly.publish()
        opened = calls_of(house)
        yield Prober(opened.sign_in())
        opened.close()


def judged(prober: Prober) -> None:
    """Every answer was judged when it came; here, that there was something to judge."""
    never_done = [name for name, answers in prober.answers.items() if min(answers) >= 300]
    never_refused = [name for name, answers in prober.answers.items() if max(answers) < 400]
    assert never_done == []
    assert never_refused == ASK_FOR_NOTHING
    assert prober.calls.get("/healthz").status_code == 200


def test_no_request_made_up_from_the_document_meets_an_answer_it_does_not_describe(prober: Prober) -> None:
    prober.run(10, seeded=1)
    assert prober.sent > 500
    judged(prober)


def without_status(answers: dict[str, Any]) -> None:
    del answers["200"]


def of_another_media_type(answers: dict[str, Any]) -> None:
    answers["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}


def of_another_shape(answers: dict[str, Any]) -> None:
    answers["200"]["content"]["application/json"]["schema"] = {"type": "object", "required": ["nothing"]}


def with_another_header(answers: dict[str, Any]) -> None:
    answers["200"]["headers"]["X-Never"] = {"required": True, "schema": {"type": "string"}}


@pytest.mark.parametrize("spoil", [without_status, of_another_media_type, of_another_shape, with_another_header])
def test_an_answer_that_is_not_as_described_would_be_noticed(
    steady: Calls, spoil: Callable[[dict[str, Any]], None]
) -> None:
    document = steady.get("/openapi.json").json()
    paths = {"/v1/types": document["paths"]["/v1/types"]}
    Prober(steady, document | {"paths": paths}).run(1, seeded=1)
    spoil(paths["/v1/types"]["get"]["responses"])
    with pytest.raises(FailureGroup):
        Prober(steady, document | {"paths": paths}).run(1, seeded=1)


@pytest.mark.soak
def test_neither_do_twenty_thousand(prober: Prober) -> None:
    wanted, seeded = int(os.environ.get("REQUESTS", "10000")), int(os.environ.get("SEED", random.randrange(10**6)))
    first = seeded
    while prober.sent < wanted:
        prober.run(100, seeded=seeded)
        seeded += 1
    print(f"\n{prober.calls.house.assembly.registry.engine}: {prober.sent} requests, SEED={first}")
    for name, answers in prober.answers.items():
        print(f"  {name:24}", ", ".join(f"{count} × {status}" for status, count in sorted(answers.items())))
    judged(prober)
