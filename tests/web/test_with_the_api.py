"""The pages inside the whole application, behind its gate: what the gate adds takes nothing away."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from tests.web.site import Site
from tests.web.test_pages import SEALED, verdicts
from tests.web.test_uploads import picture

from elicence.api.app import create_app
from elicence.web.pages import pages


class Whole:
    """Asks the application as a browser would that came to the registry's own address."""

    def __init__(self, site: Site) -> None:
        self._app = create_app(site.house.assembly, pages=pages(site.house.assembly))

    def __call__(self, method: str, path: str, **more: object) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
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
