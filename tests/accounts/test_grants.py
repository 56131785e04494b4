"""Grants: what may be granted, and that a grant counts from the moment it is written."""

import os
from datetime import timedelta

import pytest
from tests.assembly import NOON, house, new_agency

from elicence.accounts.grants import GrantRequest, add_grant, list_grants
from elicence.errors import NotFound, RequestError

FOOD = "food-business-licence"


@pytest.fixture
def home(tmp_path, empty_database_url):
    with house(tmp_path / "home", empty_database_url) as built:
        built.agencies["zoo"] = new_agency(built.assembly, "zoo")
        yield built


def add(home, type_slug=FOOD, region=None, begins=NOON, ends=None, **more):
    return add_grant(
        home.assembly.registry, home.desk.catalogue, home.agencies["zoo"],
        GrantRequest(type_slug, region, begins, ends, **more), now=home.clock(), entropy=os.urandom,
    )  # fmt: skip


def test_a_type_nobody_knows_cannot_be_granted(home):
    with pytest.raises(NotFound, match="type_not_found"):
        add(home, type_slug="dog-licence")
    assert list_grants(home.assembly.registry, home.agencies["zoo"]) == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"region": ""}, ("/region", "pattern")),
        ({"region": "4"}, ("/region", "pattern")),
        ({"region": "44030"}, ("/region", "pattern")),
        ({"region": "4403055"}, ("/region", "pattern")),
        ({"region": "４４"}, ("/region", "pattern")),
        ({"region": "44\n"}, ("/region", "pattern")),
        ({"ends": NOON}, ("/valid_until", "before_valid_from")),
        ({"ends": NOON - timedelta(days=1)}, ("/valid_until", "before_valid_from")),
    ],
)
def test_a_region_or_time_that_cannot_be_is_refused(home, changes, problem):
    with pytest.raises(RequestError) as raised:
        add(home, **changes)
    assert [(each.pointer, each.code) for each in raised.value.problems] == [problem]
    assert list_grants(home.assembly.registry, home.agencies["zoo"]) == ()


def test_both_problems_are_told_at_once(home):
    with pytest.raises(RequestError) as raised:
        add(home, region="x", ends=NOON)
    assert len(raised.value.problems) == 2


def test_grants_are_kept_as_they_were_given_each_for_its_own_agency(home):
    first = add(home, region="4403", ends=NOON + timedelta(days=30))
    home.clock.move(seconds=1)
    second = add(home, type_slug="degree", four_eyes=True)
    assert list_grants(home.assembly.registry, home.agencies["zoo"]) == (first, second)
    assert (first.region, first.valid_from, first.valid_until, first.four_eyes) == (
        "4403", NOON, NOON + timedelta(days=30), False,
    )  # fmt: skip
    assert second.four_eyes is True
    assert {each.agency_id for each in list_grants(home.assembly.registry, home.agencies["housing"])} == {
        home.agencies["housing"].id
    }
