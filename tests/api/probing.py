"""A caller that makes requests up from the OpenAPI document, mixes in what exists, and judges every answer."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.calls import FOOD, Calls, food, new_client, operator_of
from tests.assembly import BASE_URL, example, grant

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CHANGES_A_LICENCE = 8


class Scene:
    """What exists: a licence that may be changed, a proposal that waits, operators, and names of published files."""

    def __init__(self, calls: Calls) -> None:
        house = calls.house
        grant(house.assembly, house.agencies["housing"], "degree", region="4403", four_eyes=True)
        self.calls, self.numbers, self.changes = calls, itertools.count(1), 0
        self.maker, self.checker = operator_of(calls, name="Maker"), operator_of(calls, name="Checker")
        self.client = new_client(house)
        self.licence: dict[str, Any] = {}
        self.proposal: dict[str, Any] = {}
        self.proposed(), self.changed()
        house.assembly.publish()

    def changed(self) -> dict[str, Any]:
        """A licence to change, the same a few times over, as it now stands."""
        if self.changes % CHANGES_A_LICENCE == 0:
            self.licence = self.calls.issue(10**6 + next(self.numbers))
        self.changes += 1
        answer = self.calls.get(f"/v1/licences/{self.licence['id']}")
        assert answer.status_code == 200, answer.text
        self.licence = answer.json()
        return self.licence

    def proposed(self) -> dict[str, Any]:
        """A proposal that nobody has decided."""
        n = next(self.numbers)
        headers = {"Idempotency-Key": f"proposal-{n}", "X-Operator-Id": self.maker}
        asked = example("degree") | {"region": "440305", "number": f"9999922026{n:08d}"}
        answer = self.calls.post("/v1/licences", asked, headers=headers)
        assert answer.status_code == 202, answer.text
        self.proposal = answer.json()
        return self.proposal

    def path(self, operation: str) -> dict[str, str]:
        """Names that lead somewhere."""
        changes = operation.startswith(("suspend", "reinstate", "revoke", "renew", "correct"))
        decides = operation.startswith(("approve", "decline"))
        licence = self.changed() if changes else self.licence
        return {
            "licence_id": licence["id"],
            "proposal_id": (self.proposed() if decides else self.proposal)["id"],
            "slug": FOOD,
            "agency": "housing",
            "list_no": "1",
            "purpose": "revocation",
            "version": "1",
            "number": "1",
            "code": "licence_not_found",
        }

    def headers(self) -> dict[str, str]:
        """Headers that fit what the path names."""
        number = next(self.numbers)
        etag = f'"{self.licence["row_version"]}"'
        return {"X-Operator-Id": self.checker, "Idempotency-Key": f"probe-{number}", "If-Match": etag}

    def body(self, operation: str, documented: Any) -> dict[str, Any]:
        """A body that is accepted, if path and headers fit."""
        if operation in ("issue_licence", "validate_licence"):
            return food(next(self.numbers))
        if operation.endswith("_proposal"):
            return {"digest": self.proposal["digest"]}
        if operation == "issue_token":
            return documented | {"client_id": self.client.record.id, "client_secret": self.client.secret}
        return dict(documented)


class Prober:
    """Sends requests of one document to one application and judges the answers."""

    def __init__(self, calls: Calls, document: dict[str, Any] | None = None) -> None:
        self.calls, self.scene = calls, Scene(calls)
        self.schema = schemathesis.openapi.from_dict(document or calls.get("/openapi.json").json())
        self.schema.config.update(base_url=BASE_URL)
        rejection = self.schema.config.checks.negative_data_rejection
        rejection.expected_statuses = [*rejection.expected_statuses, "412", "413", "414"]  # too much is refused as well
        self.operations = [found.ok() for found in self.schema.get_all_operations()]
        self.answers: dict[str, Counter[int]] = {
            each.definition.raw["operationId"]: Counter() for each in self.operations
        }

    @property
    def sent(self) -> int:
        return sum(counter.total() for counter in self.answers.values())

    def run(self, examples: int, *, seeded: int) -> None:
        """So many examples of good and of bad requests to every operation."""
        for operation, mode in itertools.product(self.operations, MODES):
            self._ask(operation.as_strategy(generation_mode=mode), examples, f"{seeded} {operation.label} {mode}")

    def _ask(self, cases: Any, examples: int, seeded: str) -> None:
        dice = random.Random(seeded)

        @seed(seeded)
        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases)
        def probe(case: Any) -> None:
            self.probe(case, dice)

        try:
            probe()
        except Unsatisfiable:
            return  # an operation without parameters cannot be asked wrongly

    def probe(self, case: Any, dice: random.Random) -> None:
        """Sends the case, in part made real, and judges the answer."""
        raw = case.operation.definition.raw
        name = raw["operationId"]
        mixed = self._mix(case, raw, dice)
        signed_in = bool(raw["security"]) and dice.random() < 0.95
        answer = self._send(case, signed_in=signed_in)
        if answer is None:
            return
        self.answers[name][answer.status_code] += 1
        unjudged = [negative_data_rejection] if mixed else []
        case.validate_response(answer, checks=[each for each in CHECKS if each not in unjudged])

    def _mix(self, case: Any, raw: Mapping[str, Any], dice: random.Random) -> bool:
        """Puts what exists in the place of what was made up, now and then; answers whether anything was replaced."""
        mixed, whole = False, dice.random() < 0.25
        if case.path_parameters and (whole or dice.random() < 0.6):
            real = self.scene.path(raw["operationId"])
            case.path_parameters = {name: real.get(name, made) for name, made in dict(case.path_parameters).items()}
            mixed = True
        named = {each["name"] for each in raw.get("parameters", ()) if each["in"] == "header"}
        if named and (whole or dice.random() < 0.6):
            case.headers = dict(case.headers or {}) | {k: v for k, v in self.scene.headers().items() if k in named}
            mixed = True
        content = raw.get("requestBody", {}).get("content", {})
        if content and (whole or dice.random() < 0.6):
            media_type, media = next(iter(content.items()))
            body = self.scene.body(raw["operationId"], media.get("example") or {})
            if not whole and isinstance(case.body, Mapping) and case.body and dice.random() < 0.6:
                member = dice.choice(sorted(case.body, key=repr))
                body |= {member: case.body[member]}
            case.body, case.media_type, mixed = body, media_type, True
        return mixed

    def _send(self, case: Any, *, signed_in: bool) -> httpx.Response | None:
        """The answer; None where no client could send it."""
        wanted = case.as_transport_kwargs()
        given = {"method", "url", "params", "data", "json", "files", "headers"} & wanted.keys()
        try:
            prepared = requests.Request(**{name: wanted[name] for name in given}).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            return None
        headers = {name.lower(): value for name, value in prepared.headers.items()}
        if signed_in:
            headers["authorization"] = self.calls.headers["Authorization"]
        request = self.calls.client.request(
            prepared.method or "GET", str(prepared.url), content=prepared.body or b"", headers=headers
        )
        try:
            return self.calls.loop.run_until_complete(request)
        except (httpx.InvalidURL, UnicodeError):
            return None
