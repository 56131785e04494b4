"""Grants: which are refused, and how a licence outside of one is."""

from tests.cli.shell import DEGREE, FOOD, Shell


def test_a_grant_that_cannot_be_is_refused(shell: Shell) -> None:
    shell.refused(4, "agency_not_found", "grant", "add", "nobody", FOOD)
    shell.refused(4, "type_not_found", "grant", "add", "housing", "no-such-type")
    shell.refused(3, "validation_failed", "grant", "add", "housing", FOOD, "--region", "3")
    shell.refused(2, "usage", "grant", "add", "housing", FOOD, "--from", "tomorrow")
    shell.refused(
        3, "validation_failed", "grant", "add", "housing", FOOD, "--from", "2026-12-02", "--until", "2026-11-30"
    )
    shell.refused(4, "agency_not_found", "grant", "list", "nobody")


def office(shell: Shell, *grant: str) -> None:
    """Another agency, with at most one grant."""
    shell.ok(
        "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Office", "--uscc", "91350100M000100Y43",
        "--region", "35",
    )  # fmt: skip
    if grant:
        shell.ok("grant", "add", "tax", FOOD, *grant)


def refused_issue(shell: Shell, code: str) -> None:
    shell.refused(3, code, "licence", "issue", "-", "--agency", "tax", stdin=shell.request())


def test_without_a_grant_nothing_is_issued(shell: Shell) -> None:
    office(shell)
    refused_issue(shell, "agency_not_allowed_type")


def test_an_expired_grant_issues_nothing(shell: Shell) -> None:
    office(shell, "--from", "2026-01-01", "--until", "2026-11-22")
    refused_issue(shell, "grant_expired")


def test_the_last_day_of_a_grant_counts_whole_in_the_zone_of_the_type(shell: Shell) -> None:
    office(shell, "--from", "2026-01-01", "--until", "2026-11-23")
    shell.clock.move(hours=11, minutes=59)  # 23:59 in Shanghai
    shell.ok("licence", "issue", "-", "--agency", "tax", stdin=shell.request())
    shell.clock.move(minutes=1)
    shell.refused(
        3, "grant_expired", "licence", "issue", "-", "--agency", "tax", stdin=shell.request(number="JY21101050123465")
    )


def test_a_grant_that_begins_later_issues_nothing_yet(shell: Shell) -> None:
    office(shell, "--from", "2026-11-24")
    refused_issue(shell, "grant_not_yet")


def test_a_licence_for_another_region_is_refused(shell: Shell) -> None:
    office(shell, "--region", "3501")
    refused_issue(shell, "region_outside")


def test_grants_are_listed_with_their_days(shell: Shell) -> None:
    shell.clock.move(seconds=1)
    shell.ok("grant", "add", "housing", DEGREE, "--region", "32", "--from", "2026-12-01", "--until", "2027-11-30")
    listed = shell.ok("grant", "list", "housing", "--json").objects
    assert [each["type"] for each in listed].count(DEGREE) == 2
    assert listed[-1]["region"] == "32"
    assert listed[-1]["valid_from"].startswith("2026-11-30T16:00:00")
    assert listed[-1]["valid_until"].startswith("2027-11-30T16:00:00")
    assert "anywhere" in shell.ok("grant", "list", "housing").out
