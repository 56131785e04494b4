"""A page that is not there: readers of pages get a page, programs a problem document."""

import httpx
import pytest

PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/verifiy", "/a/b/c", "//evil.example", "/%3Cscript%3E", "/register", "/v/a/b", "/.env"]
)
@pytest.mark.parametrize(("language", "heading"), [("zh-CN", "没有这个页面"), ("en", "There is no such page")])
def test_a_browser_is_told_on_a_page(client: httpx.Client, path: str, language: str, heading: str) -> None:
    answer = client.get(client.base_url.copy_with(raw_path=path.encode()), headers=PAGE | {"Accept-Language": language})
    assert answer.status_code == 404
    assert answer.headers["content-language"] == language
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"<h1>{heading}</h1>" in answer.text
    assert "evil" not in answer.text
    assert "script&gt;" not in answer.text
    assert client.head(client.base_url.copy_with(raw_path=path.encode()), headers=PAGE).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/licences", 401), ("GET", "/oauth/token", 405), ("POST", "/verifiy", 404),
     ("DELETE", "/verify", 405), ("PUT", "/v1/licences", 405)],
)  # fmt: skip
def test_what_belongs_to_the_api_is_told_by_the_api(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, headers=PAGE)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_program_is_told_in_a_problem_document(client: httpx.Client) -> None:
    for accept in ("*/*", "application/json", ""):
        answer = client.get("/verifiy", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
