from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from elicence.errors import NotAllowed
from elicence.licences.grant import Grant, covering

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHENZHEN = Grant("agc_1", "degree", "4403", NOW - timedelta(days=1), NOW + timedelta(days=1), four_eyes=False)
NATIONAL = replace(SHENZHEN, region=None)


def refusal(grants: list[Grant], slug: str = "degree", region: str | None = "440305", now: datetime = NOW) -> str:
    with pytest.raises(NotAllowed) as caught:
        covering(grants, slug, region, now)
    return caught.value.code


def test_a_grant_covers_its_region_and_everything_below_it():
    for region in ("4403", "440300", "440305"):
        assert covering([SHENZHEN], "degree", region, NOW) is SHENZHEN
    for region in ("440400", "44", "040305", "144030", "", None):
        assert refusal([SHENZHEN], region=region) == "region_outside"


def test_a_grant_without_region_covers_everything():
    for region in ("440305", None):
        assert covering([NATIONAL], "degree", region, NOW) is NATIONAL


def test_the_first_instant_counts_and_the_last_does_not():
    assert covering([SHENZHEN], "degree", "440305", SHENZHEN.valid_from) is SHENZHEN
    assert refusal([SHENZHEN], now=SHENZHEN.valid_from - SECOND) == "grant_not_yet"
    assert covering([SHENZHEN], "degree", "440305", NOW + timedelta(days=1) - SECOND) is SHENZHEN
    assert refusal([SHENZHEN], now=NOW + timedelta(days=1)) == "grant_expired"
    endless = replace(SHENZHEN, valid_until=None)
    assert covering([endless], "degree", "440305", NOW + timedelta(days=100_000)) is endless


def test_another_type_is_no_grant_at_all():
    assert refusal([]) == "agency_not_allowed_type"
    assert refusal([SHENZHEN], slug="degrees") == "agency_not_allowed_type"


def test_the_nearest_miss_is_named():
    expired = replace(SHENZHEN, valid_until=NOW - SECOND)
    coming = replace(SHENZHEN, valid_from=NOW + SECOND)
    elsewhere = replace(SHENZHEN, region="11")
    assert refusal([expired, coming, elsewhere]) == "grant_expired"
    assert refusal([coming, elsewhere]) == "grant_not_yet"
    assert covering([expired, coming, elsewhere, SHENZHEN], "degree", "440305", NOW) is SHENZHEN


def test_the_most_narrow_region_decides_and_among_equals_four_eyes():
    district = replace(SHENZHEN, region="440305")
    national_four_eyes = replace(NATIONAL, four_eyes=True)
    district_four_eyes = replace(district, four_eyes=True)
    assert covering([national_four_eyes, SHENZHEN, district], "degree", "440305", NOW) is district
    assert covering([district, district_four_eyes, district], "degree", "440305", NOW) is district_four_eyes
