"""Answers that no scan brings about by itself, from vectors: the server's page and the browser's show each alike."""

import pytest
from playwright.sync_api import Page, expect
from tests.web.reports import report_of, show_by_server, show_in_browser, vectors, written
from tests.web.screens import FROM_VECTORS, LANGUAGES, ready
from tests.web.site import Site

from elicence.verifier.report import decide
from elicence.verifier.verdicts import Verdict, catalogue

FORMS = {
    "code_timed_out": (
        "Code timed out",
        "A code shown by a phone can be used for 1 minute.",
        "Ask the holder to refresh",
    ),
    "code_reused": ("Code already used", "This code was used on 23 November 2026.", "Ask for a fresh code."),
    "holder_not_proven": ("Details do not match", "could not prove that this licence belongs to it", "show it again"),
    "needs_network": ("This code needs a connection", "It can only be read online.", "ask for the offline code"),
    "clock_wrong": ("This device", "at least 1 hour slow", "Set date and time"),
    "key_withdrawn": ("Signing key was withdrawn", "City market office withdrew the key", "Do not accept."),
    "unsupported": ("Form of licence not known here", "made for a newer program", "Update this program"),
}


@pytest.mark.parametrize("name", vectors())
def test_a_vector_is_what_its_checks_decide_and_loses_nothing(name: str) -> None:
    vector = vectors()[name]
    report = report_of(vector)
    assert written(report) == vector
    assert decide(report.checks).verdict is report.verdict
    entry = catalogue().entry(report.verdict)
    assert entry.verdict_class is report.verdict_class
    assert (report.face is None) == (entry.show_face == "none")
    assert [check.name for check in report.checks] == list(catalogue().words["checks"])


def test_vectors_and_registry_lead_to_every_verdict_between_them() -> None:
    assert {vectors()[name]["verdict"] for name in FROM_VECTORS} == set(FROM_VECTORS)
    assert {Verdict.CODE_TIMED_OUT, Verdict.CODE_REUSED} <= {vector["verdict"] for vector in vectors().values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_pages_show_every_vector_with_the_same_words(page: Page, site: Site, language: str) -> None:
    shown: dict[str, dict[str, list[str]]] = {"server": {}, "browser": {}}
    for name in vectors():
        show_by_server(page, site, name, language)
        shown["server"][name] = words_on(page)
    page.goto(f"{site.url}/verify?lang={language}")
    ready(page, site)
    for name in vectors():
        show_in_browser(page, name, language)
        shown["browser"][name] = words_on(page)
        expect(page.locator("h1:visible")).to_be_focused()
        if language == "en" and name in FORMS:
            for part, words in zip((".verdict", ".sentence", ".advice"), FORMS[name], strict=True):
                expect(page.locator(f"#answers {part}")).to_contain_text(words)
    assert shown["browser"] == shown["server"]
    assert len({str(each) for each in shown["server"].values()}) == len(vectors())


def words_on(page: Page) -> list[str]:
    """What the open page says in the band, on the face and in the checks."""
    parts = (".band", ".no-face", "dl.face", ".checks ul")
    found = [each for part in parts for each in page.locator(f"article {part}").all_text_contents()]
    return ["".join(each.split()) for each in found]
