"""Operators: people with a name, each of one agency."""

import os

import pytest
from tests.assembly import NOON, house, new_agency

from elicence.accounts.operators import add_operator, list_operators
from elicence.errors import RequestError


@pytest.fixture
def home(tmp_path, empty_database_url):
    with house(tmp_path / "home", empty_database_url) as built:
        built.agencies["zoo"] = new_agency(built.assembly, "zoo")
        yield built


def add(home, name, slug="zoo"):
    return add_operator(home.assembly.registry, home.agencies[slug], name, now=home.clock(), entropy=os.urandom)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b", "a\u202eb", "\ud800", "a\u200bb"])
def test_a_name_that_is_none_is_refused(home, name):
    with pytest.raises(RequestError) as raised:
        add(home, name)
    assert {each.pointer for each in raised.value.problems} == {"/name"}
    assert list_operators(home.assembly.registry, home.agencies["zoo"]) == ()


def test_operators_belong_to_one_agency_and_may_share_a_name(home):
    first = add(home, " 王小明 ")
    home.clock.move(seconds=1)
    second = add(home, "王小明")
    other = add(home, "X" * 80, slug="housing")
    assert (first.name, first.created_at) == ("王小明", NOON)
    assert list_operators(home.assembly.registry, home.agencies["zoo"]) == (first, second)
    assert list_operators(home.assembly.registry, home.agencies["housing"]) == (other,)
