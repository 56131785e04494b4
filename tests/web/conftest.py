"""`site`: one served registry for all tests of the pages; they only read it."""

from collections.abc import Iterator

import httpx
import pytest
from tests.web.site import Site, furnished


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with furnished(tmp_path_factory.mktemp("site"), lambda address: None) as made:
        yield made


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, headers={"Accept-Language": "en"}, timeout=60) as made:
        yield made
