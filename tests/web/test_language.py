"""Which language a page speaks."""

import httpx
import pytest
from tests.web.site import Site

from elicence.web.language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("ZH-hant-HK", "zh-CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, de;q=0.9, zh;q=0.1", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", "en"),
        ("", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("en;q=2, zh", "zh-CN"),
        (";;;,=,q=1", "en"),
        ("a" * 100_000, "en"),
    ],
)
def test_the_best_of_our_languages_that_a_browser_wants(header: str, language: str) -> None:
    assert preferred(header, "en") == language


@pytest.mark.parametrize("path", ["/", "/verify", "/v"])
def test_a_link_outweighs_the_browser_and_is_kept_by_every_link(site: Site, client: httpx.Client, path: str) -> None:
    page = client.get(path, params={"lang": "zh-CN"})
    assert page.headers["content-language"] == "zh-CN"
    assert '<html lang="zh-CN">' in page.text
    assert 'href="/?lang=zh-CN"' in page.text
    assert f'href="{path}?lang=en"' in page.text


def test_a_language_that_is_none_of_ours_is_ignored(client: httpx.Client) -> None:
    page = client.get("/verify", params={"lang": "<script>"})
    assert page.headers["content-language"] == "en"
    assert "<script>" not in page.text


def test_caches_are_told_that_the_answer_hangs_on_the_language(client: httpx.Client) -> None:
    assert client.get("/").headers["vary"] == "Accept-Language"


def test_the_other_language_keeps_a_result_that_came_by_post(site: Site, client: httpx.Client) -> None:
    page = client.post("/verify", data={"content": site.contents["revoked"], "paper": "1", "tail": "ZZ"})
    assert 'action="/verify?lang=zh-CN"' in page.text
    assert f'<input type="hidden" name="content" value="{site.contents["revoked"]}">' in page.text
    assert '<input type="hidden" name="paper" value="1">' in page.text
    assert '<input type="hidden" name="tail" value="ZZ">' in page.text
