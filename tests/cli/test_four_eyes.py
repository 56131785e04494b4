"""Two people for one licence, at the command line."""

import pytest
from tests.cli.shell import FOOD, Shell


@pytest.fixture
def office(shell: Shell) -> Shell:
    """An agency whose grant asks for four eyes, with two operators."""
    shell.ok(
        "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Office", "--uscc", "91350100M000100Y43",
        "--region", "35",
    )  # fmt: skip
    shell.ok("grant", "add", "tax", FOOD, "--four-eyes")
    names = ("Maker", "Checker")
    shell.maker, shell.checker = (shell.ok("operator", "add", "tax", name, "--json").json["id"] for name in names)
    return shell


def propose(office: Shell) -> dict:
    words = ("licence", "issue", "-", "--agency", "tax", "--operator", office.maker, "--json")
    return office.ok(*words, stdin=office.request()).json


def test_without_an_operator_nothing_is_even_proposed(office: Shell) -> None:
    office.refused(3, "four_eyes_required", "licence", "issue", "-", "--agency", "tax", stdin=office.request())
    assert office.ok("proposal", "list", "--agency", "tax", "--json").out == ""


def test_a_proposal_is_listed_shown_and_approved_by_somebody_else(office: Shell) -> None:
    waiting = propose(office)
    assert waiting["object"] == "proposal"
    assert [each["id"] for each in office.ok("proposal", "list", "--agency", "tax", "--json").objects] == [
        waiting["id"]
    ]
    shown = office.ok("proposal", "show", waiting["id"], "--agency", "tax", "--json").json
    assert shown["request"]["type"] == FOOD
    assert shown["digest"] in office.ok("proposal", "show", waiting["id"], "--agency", "tax").out
    decide = ("proposal", "approve", waiting["id"], "--digest", shown["digest"], "--agency", "tax", "--operator")
    office.refused(3, "four_eyes_required", *decide, office.maker)
    licence = office.ok(*decide, office.checker, "--json").json
    assert (licence["object"], licence["state"]) == ("licence", "active")
    assert office.ok("proposal", "list", "--agency", "tax", "--json").out == ""


def test_a_declined_proposal_cannot_be_approved(office: Shell) -> None:
    waiting = propose(office)
    words = (waiting["id"], "--digest", waiting["digest"], "--agency", "tax", "--operator", office.checker)
    office.ok("proposal", "decline", *words)
    office.refused(4, "approval_stale", "proposal", "approve", *words)


def test_nobody_acts_under_a_name_the_agency_has_not_named(office: Shell) -> None:
    elsewhere = office.ok("operator", "add", "housing", "Stranger", "--json").json["id"]
    waiting = propose(office)
    decide = ("proposal", "approve", waiting["id"], "--digest", waiting["digest"], "--agency", "tax", "--operator")
    issue = ("licence", "issue", "-", "--agency", "tax", "--operator")
    for somebody in ("somebody", "", elsewhere, office.maker.upper()):
        for words, stdin in ((decide, None), (issue, office.request(FOOD))):
            (told,) = office.refused(3, "validation_failed", *words, somebody, stdin=stdin).error["problems"]
            assert told["code"] == "operator_unknown"
    listed = office.ok("proposal", "list", "--agency", "tax", "--json").objects
    assert [each["id"] for each in listed] == [waiting["id"]]


def test_a_home_can_be_moved(shell: Shell, tmp_path) -> None:
    licence = shell.issue()
    shell.home = shell.home.rename(tmp_path / "elsewhere")
    assert shell.ok("licence", "get", licence["id"], "--json").json["id"] == licence["id"]
