"""A real register issued over HTTP by 32 callers at once who repeat themselves, listed, drawn, read and verified.

`make soak` issues all 12,897 rows and reads 1,000 codes; `make test` the first few hundred.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.pictures import text_in
from tests.register import ROWS, SLUG, requests_from_register
from tests.served import Served, served

CALLERS = 32
A_PAGE = 200
RENEW_AFTER = 240  # seconds; a token is good for ten minutes


class Agency:
    """The agency's system: issues rows, now and then asks again, and keeps what it was answered."""

    def __init__(self, registry: Served, http: httpx.AsyncClient) -> None:
        self.registry, self.http = registry, http
        self.made: dict[str, dict[str, Any]] = {}
        self.answers: Counter[str] = Counter()
        self._token, self._since = registry.token(), time.monotonic()

    def headers(self) -> dict[str, str]:
        if time.monotonic() - self._since > RENEW_AFTER:
            self._token, self._since = self.registry.token(), time.monotonic()
        return self._token

    async def ask(self, body: dict[str, Any], key: str) -> httpx.Response:
        """Asks until nobody else is at work on the same request."""
        while True:
            headers = self.headers() | {"Idempotency-Key": key}
            answer = await self.http.post("/v1/licences", json=body, headers=headers)
            if answer.status_code != 409 or answer.json()["code"] != "idempotency_in_flight":
                return answer
            self.answers["in flight"] += 1
            await asyncio.sleep(0.05)

    async def issue(self, body: dict[str, Any]) -> None:
        """One row: alone, or by two who do not know of each other; and what the row's own dice add to that."""
        number = body["number"]
        dice = random.Random(f"row {number}")
        twice, again, spoilt = dice.random() < 0.05, dice.random() < 0.1, dice.random() < 0.02
        first, *more = await asyncio.gather(*[self.ask(body, f"row-{number}") for _ in range(1 + twice)])
        assert first.status_code == 201, first.text
        made = self.made[number] = {"body": body, "id": first.json()["id"]}
        self.answers["new"] += 1
        for each in more:
            self._same(each, made)
        if again:
            before = dice.choice(list(self.made.values()))
            self._same(await self.ask(before["body"], f"row-{before['body']['number']}"), before, replayed=True)
        if spoilt:
            refused = await self.ask(body | {"number": f"{number}0"}, f"row-{number}")
            assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
            self.answers["refused"] += 1

    def _same(self, answer: httpx.Response, licence: dict[str, Any], *, replayed: bool = False) -> None:
        assert answer.status_code == 201, answer.text
        assert answer.json()["id"] == licence["id"]
        assert not replayed or answer.headers["Idempotent-Replayed"] == "true"
        self.answers["replayed"] += 1

    async def listed(self) -> list[tuple[str, str]]:
        """Number and id of every licence, by following the cursor to the end."""
        found: list[tuple[str, str]] = []
        cursor: str | None = None
        while True:
            query: dict[str, Any] = {"limit": A_PAGE} | ({"cursor": cursor} if cursor else {})
            answer = await self.http.get("/v1/licences", params=query, headers=self.headers())
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [(each["number"], each["id"]) for each in page["data"]]
            cursor = page["next_cursor"]
            assert page["has_more"] == (cursor is not None)
            if cursor is None:
                return found
            assert len(page["data"]) == A_PAGE

    async def seen(self, number: str) -> tuple[str, str]:
        """Verdict and number that a stranger gets for the picture of the licence."""
        url = f"/v1/licences/{self.made[number]['id']}/qr.png"
        picture = await self.http.get(url, params={"scale": 3}, headers=self.headers())
        assert picture.status_code == 200, picture.text
        text = await asyncio.to_thread(text_in, picture.content)
        answer = await self.http.post("/v1/verifications", json={"content": text})
        assert answer.status_code == 200, answer.text
        report = answer.json()
        return report["verdict"], report["licence"]["number"]


@asynccontextmanager
async def agency_of(registry: Served) -> AsyncIterator[Agency]:
    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    host = {"Host": registry.url.removeprefix("http://").replace("127.0.0.1", "localhost")}
    async with httpx.AsyncClient(
        base_url=registry.url, limits=limits, timeout=120, headers=host, trust_env=False
    ) as http:
        yield Agency(registry, http)


async def by_callers(act: Any, work: Iterable[Any]) -> list[Any]:
    """Every answer, from as many callers as there are connections, who share the work."""
    left, answers = iter(work), []

    async def caller() -> None:
        for each in left:
            answers.append(await act(each))

    async with asyncio.TaskGroup() as together:
        for _ in range(CALLERS):
            together.create_task(caller())
    return answers


async def register_run(registry: Served, rows: int, codes: int) -> str:
    """What there is to tell of it, in a line."""
    async with agency_of(registry) as agency:
        begun = time.monotonic()
        await by_callers(agency.issue, requests_from_register(rows))
        issued = time.monotonic() - begun
        calls = sum(agency.answers.values())
        listed = await agency.listed()
        walked = time.monotonic() - begun - issued
        assert len(listed) == len(agency.made) == rows
        assert dict(listed) == {number: each["id"] for number, each in agency.made.items()}
        chosen = random.Random("codes").sample(sorted(agency.made), codes)
        seen = await by_callers(agency.seen, chosen)
        looked = time.monotonic() - begun - issued - walked
        assert Counter(verdict for verdict, _ in seen) == {"valid": codes}
        assert sorted(number for _, number in seen) == sorted(chosen)
    assert agency.answers["replayed"] > rows / 20
    assert agency.answers["refused"] > 0
    kinds = ", ".join(f"{count} {name}" for name, count in agency.answers.items())
    return (
        f"{rows} rows issued over HTTP in {issued:.1f} s, {rows / issued:.0f} a second ({calls} calls: {kinds}); "
        f"{len(listed)} listed once each in {walked:.1f} s; {codes} of {codes} codes read and valid in {looked:.1f} s"
    )


def run(tmp_path: Path, database_url: str, rows: int, codes: int) -> None:
    with served(tmp_path / "home", database_url, [SLUG]) as registry:
        told = asyncio.run(register_run(registry, rows, codes))
    print(f"\n{database_url.partition(':')[0]}: {told}")


def test_rows_of_a_register_issued_over_http_are_each_there_once_and_their_codes_are_valid(
    tmp_path: Path, empty_database_url: str
) -> None:
    run(tmp_path, empty_database_url, 300, 30)


@pytest.mark.soak
def test_so_is_the_whole_register(tmp_path: Path, empty_database_url: str) -> None:
    run(tmp_path, empty_database_url, ROWS, 1_000)
