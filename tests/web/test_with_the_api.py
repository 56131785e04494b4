"""The pages inside the whole application, behind its gate: what the gate adds takes nothing away."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from tests.web.site import Site
from tests.web.test_pages import NOBODYS, SEALED, verdicts
from tests.web.test_uploads import picture

from elicence.api.app import create_app
from elicence.api.limits import DEFAULT_RATES, Limits, Rates
from elicence.web.pages import pages


class Whole:
    """Asks the application as a browser would that came to the registry's own address."""

    def __init__(self, site: Site, rates: Rates = DEFAULT_RATES) -> None:
        self._app = create_app(site.house.assembly, pages=partial(pages, site.house.assembly), rates=rates)

    def __call__(self, method: str, path: str, address: str = "192.0.2.1", **more: object) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, client=(address, 4711))
            async with httpx.AsyncClient(transport=transport, base_url="https://e.example.gov") as client:
                return await client.request(method, path, headers={"Accept-Language": "en"}, **more)

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def whole(site: Site) -> Iterator[Whole]:
    return Whole(site)


@pytest.mark.parametrize("path", ["/", "/verify", "/v"])
def test_pages_keep_their_own_headers_behind_the_gate(whole: Whole, path: str) -> None:
    page = whole("GET", path)
    assert page.status_code == 200
    assert {name: page.headers[name] for name in SEALED} == SEALED
    assert page.headers["content-type"].startswith("text/html")
    assert "access-control-allow-origin" not in page.headers
    assert whole("HEAD", path).text == ""


def test_the_form_reads_files_larger_than_the_api_would(site: Site, whole: Whole) -> None:
    assert verdicts(whole("POST", "/verify", files={"file": ("a.png", picture(site.contents["valid"]))})) == ["valid"]
    page = whole("POST", "/verify", files={"file": ("a.png", bytes(30_000_001))})
    assert page.status_code == 413
    assert "larger than 30 MB" in page.text


def test_a_host_that_is_not_ours_is_turned_away_before_any_page(whole: Whole) -> None:
    assert whole("GET", "https://elsewhere.example/verify").status_code == 400


def test_page_and_api_count_tries_of_one_address_together(site: Site) -> None:
    whole = Whole(site, Rates(codes=3))
    by_api = {"json": {"content": NOBODYS}}
    assert whole("GET", f"/v/{NOBODYS}").status_code == 404
    assert whole("POST", "/v1/verifications", **by_api).status_code == 404
    assert whole("POST", "/verify", data={"code": NOBODYS}).status_code == 404
    refused = [
        whole("POST", "/v1/verifications", **by_api),
        whole("GET", f"/V/{NOBODYS}"),
        whole("POST", "/verify", data={"code": NOBODYS}),
    ]
    assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(429, "60")] * 3
    assert whole("GET", f"/v/{NOBODYS}", address="192.0.2.2").status_code == 404


def test_page_and_api_count_verifications_of_one_address_together(site: Site) -> None:
    whole = Whole(site, Rates(verifications=2))
    body = {"content": site.contents["valid"]}
    assert whole("POST", "/v1/verifications", json=body).status_code == 200
    assert whole("POST", "/verify", data=body).status_code == 200
    page = whole("POST", "/verify", data=body)
    assert page.status_code == 429
    assert page.headers["retry-after"] == "60"
    assert "Wait a minute" in page.text
    assert whole("POST", "/v1/verifications", json=body).status_code == 429
    assert whole("GET", "/verify").status_code == 200
    assert whole("POST", "/verify", address="192.0.2.2", data=body).status_code == 200


def test_one_ipv6_network_is_one_caller_whatever_it_asks(site: Site) -> None:
    whole = Whole(site, Rates(codes=2))
    asked = [whole("GET", f"/v/{NOBODYS}", address=f"2001:db8::{n}").status_code for n in (1, 2, 3)]
    assert asked == [404, 404, 429]
    answer = whole("POST", "/v1/verifications", address="2001:db8::4", json={"content": NOBODYS})
    assert answer.status_code == 429
    assert whole("GET", f"/v/{NOBODYS}", address="2001:db8:0:1::1").status_code == 404


def test_no_try_is_lost_where_many_are_made_at_once(site: Site) -> None:
    attempt = Limits(site.house.clock, Rates(codes=500)).attempt
    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(attempt, ["192.0.2.9"] * 2_000))
    assert told.count(None) == 500
