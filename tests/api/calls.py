"""Calling the application as a client would, without a socket: sign in, issue, change, and look at the answers."""

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from typing import Any

import httpx
from tests.assembly import BASE_URL, NOON, House, example, grant

from elicence.accounts.clients import SCOPES, ClientRequest, add_client
from elicence.accounts.operators import add_operator
from elicence.api.app import Application, create_app, no_pages
from elicence.api.limits import Rates

FOOD = "food-business-licence"
ENDLESS = Rates(clients={"standard": 10**9, "bulk": 10**9}, tokens=10**9, verifications=10**9, codes=10**9)


class Calls:
    """An application and an event loop of its own. Answers of the caller `headers` name; `other` calls for another."""

    def __init__(self, house: House, app: Application, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.house, self.app = house, app
        self.loop = loop or asyncio.new_event_loop()
        self.headers: dict[str, str] = {}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    def __call__(self, method: str, url: str, **more: Any) -> httpx.Response:
        headers = self.headers | dict(more.pop("headers", {}))
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.loop.run_until_complete(self.client.request(method, url, headers=sent, **more))

    def at_once(self, asked: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """The answers to calls that are under way together."""

        async def all_of_them() -> list[httpx.Response]:
            return await asyncio.gather(
                *(
                    self.client.request(method, url, **(more | {"headers": self.headers | more.get("headers", {})}))
                    for method, url, more in asked
                )
            )

        return self.loop.run_until_complete(all_of_them())

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self("GET", url, **more)

    def post(self, url: str, body: Any = None, **more: Any) -> httpx.Response:
        return self("POST", url, **({} if body is None else {"json": body}), **more)

    def sign_in(self, slug: str = "housing", **asked: Any) -> "Calls":
        """The same application, called by a new client of the agency."""
        other = Calls(self.house, self.app, self.loop)
        other.headers = {"Authorization": f"Bearer {token(self, slug, **asked)}"}
        return other

    def issue(self, n: int = 1, **changes: Any) -> dict[str, Any]:
        answer = self.post("/v1/licences", food(n, **changes), headers={"Idempotency-Key": f"key-{n}"})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def close(self) -> None:
        self.loop.run_until_complete(self.client.aclose())
        self.app.reception.close()
        self.loop.close()


def food(n: int = 1, **changes: Any) -> dict[str, Any]:
    """The request for the n-th food licence of a test."""
    return example(FOOD) | {"number": f"JY1{n:013d}"} | changes


def unchanged(calls: Calls) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the record of calls that reached for what is another agency's."""
    rows = dict(calls.house.store.everything())
    rows["audit_event"] = [row for row in rows["audit_event"] if "tenant_denied" not in row]
    return rows


def operator_of(calls: Calls, slug: str = "housing", name: str = "Person") -> str:
    """The id of a new operator of the agency."""
    house = calls.house
    return add_operator(
        house.assembly.registry, house.agencies[slug], name, now=NOON, entropy=os.urandom
    ).id  # fmt: skip


def proposal_of(calls: Calls) -> dict[str, Any]:
    """A proposal of the agency housing, whose grant for degrees in 4403 asks for four eyes from now on."""
    grant(calls.house.assembly, calls.house.agencies["housing"], "degree", region="4403", four_eyes=True)
    headers = {"Idempotency-Key": "proposal", "X-Operator-Id": operator_of(calls)}
    answer = calls.post("/v1/licences", example("degree") | {"region": "440305"}, headers=headers)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def calls_of(house: House, *, rates: Rates = ENDLESS, hot: bool = True, pages: Any = no_pages) -> Calls:
    """The application of a house, called by nobody in particular."""
    return Calls(house, create_app(house.assembly, rates=rates, hot=hot, pages=pages))


def new_client(house: House, slug: str = "housing", **asked: Any) -> Any:
    wanted = ClientRequest(**({"name": "Files", "scopes": tuple(SCOPES)} | asked))
    return add_client(house.assembly.registry, house.agencies[slug], wanted, now=house.clock(), entropy=os.urandom)


def token(calls: Calls, slug: str = "housing", **asked: Any) -> str:
    client = new_client(calls.house, slug, **asked)
    answer = ask_token(calls, basic=(client.record.id, client.secret))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def ask_token(calls: Calls, form: Mapping[str, str] | None = None, *, basic: tuple[str, str] | None = None) -> Any:
    headers = {}
    if basic is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    sent = {"grant_type": "client_credentials"} | dict(form or {})
    return calls("POST", "/oauth/token", data=sent, headers=headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["code"]


def places(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def text_of(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
