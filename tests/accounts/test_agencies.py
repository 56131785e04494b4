"""Agencies: every problem at once, keys before the agency, a slug once and for ever."""

import json
import os

import pytest
from tests.assembly import BASE_URL, NOON, OTHER_USCC, USCC, house, new_agency

from elicence.accounts.agencies import AgencyRequest, add_agency, find_agency, list_agencies
from elicence.errors import Conflict, NotFound, RequestError
from elicence.keys.keyring import KeyState, Purpose


@pytest.fixture
def home(tmp_path, empty_database_url):
    with house(tmp_path / "home", empty_database_url) as built:
        yield built


@pytest.fixture
def sqlite_home(tmp_path):
    with house(tmp_path / "home", None) as built:
        yield built


GOOD = AgencyRequest("zoo", "动物园管理局", "Zoo office", OTHER_USCC, "3204", "0519-1234567")


def add(home, **changes):
    fields = {name: getattr(GOOD, name) for name in GOOD.__slots__} | changes
    return add_agency(
        home.assembly.registry, home.desk.chest.keyring, home.assembly.maker, AgencyRequest(**fields),
        base_url=BASE_URL, now=home.clock(), save=home.assembly.save_keyring,
    )  # fmt: skip


REFUSED = {
    "an empty slug": ({"slug": ""}, ("/slug", "pattern")),
    "one letter": ({"slug": "z"}, ("/slug", "pattern")),
    "thirteen letters": ({"slug": "z" * 13}, ("/slug", "pattern")),
    "capitals": ({"slug": "Zoo"}, ("/slug", "pattern")),
    "a digit first": ({"slug": "1zoo"}, ("/slug", "pattern")),
    "a path": ({"slug": "../zoo"}, ("/slug", "pattern")),
    "full width": ({"slug": "ｚｏｏ"}, ("/slug", "pattern")),
    "a line end": ({"slug": "zoo\n"}, ("/slug", "pattern")),
    "no Chinese name": ({"name_zh": " "}, ("/name_zh", "field_missing")),
    "no English name": ({"name_en": ""}, ("/name_en", "field_missing")),
    "a long name": ({"name_en": "z" * 121}, ("/name_en", "too_long")),
    "a long contact": ({"contact": "1" * 121}, ("/contact", "too_long")),
    "a bidi control": ({"name_en": "zoo\u202egpj"}, ("/name_en", "text_policy")),
    "a NUL": ({"contact": "a\0b"}, ("/contact", "text_policy")),
    "a wrong check character": ({"uscc": OTHER_USCC[:-1] + "4"}, ("/uscc", "check_digit_wrong")),
    "a short code": ({"uscc": "123"}, ("/uscc", "id_format")),
    "a region of three digits": ({"region": "320"}, ("/region", "pattern")),
    "a region of full-width digits": ({"region": "３２"}, ("/region", "pattern")),
    "no region": ({"region": ""}, ("/region", "pattern")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_an_agency_is_refused_and_makes_no_key(sqlite_home, case):
    changes, problem = REFUSED[case]
    before = sqlite_home.desk.chest.keyring
    files = sorted((sqlite_home.settings.keys_dir / "private").iterdir())
    with pytest.raises(RequestError) as raised:
        add(sqlite_home, **changes)
    assert problem in {(each.pointer, each.code) for each in raised.value.problems}
    assert sqlite_home.desk.chest.keyring == before
    assert sorted((sqlite_home.settings.keys_dir / "private").iterdir()) == files
    assert [each.slug for each in list_agencies(sqlite_home.assembly.registry)] == ["housing"]


def test_every_problem_is_told_at_once(sqlite_home):
    with pytest.raises(RequestError) as raised:
        add(sqlite_home, slug="", region="x", name_en="", uscc="123")
    assert {each.pointer for each in raised.value.problems} == {"/slug", "/region", "/name_en", "/uscc"}


def test_an_agency_comes_with_an_active_key_for_each_purpose(home):
    made = add(home)
    entries = [each for each in home.desk.chest.keyring.entries if each.agency == "zoo"]
    assert {(each.purpose, each.state) for each in entries} == {
        (Purpose.CREDENTIAL, KeyState.ACTIVE),
        (Purpose.STATUS_LIST, KeyState.ACTIVE),
    }
    saved = json.loads((home.settings.keys_dir / "keyring.json").read_bytes())
    assert {each["kid"] for each in saved["keys"]} >= {each.kid for each in entries}
    assert find_agency(home.assembly.registry, "zoo") == made
    assert (made.name_zh, made.uscc, made.region, made.created_at) == (GOOD.name_zh, OTHER_USCC, "3204", NOON)


def test_names_are_trimmed_and_a_contact_may_be_absent(home):
    made = add(home, name_en="  Zoo office ", contact=None)
    assert (made.name_en, made.contact) == ("Zoo office", None)


def test_a_slug_is_never_used_twice_and_the_keys_of_the_first_stay(home):
    before = home.desk.chest.keyring
    with pytest.raises(Conflict, match="agency_exists"):
        add(home, slug="housing")
    assert home.desk.chest.keyring == before


def test_a_slug_of_another_process_is_known_at_once(home):
    with home.open_again() as other:
        new_agency(other, "zoo", uscc=OTHER_USCC)
    with pytest.raises(Conflict, match="agency_exists"):
        add(home)
    assert find_agency(home.assembly.registry, "zoo").slug == "zoo"


def test_agencies_added_by_two_processes_both_keep_their_keys(home):
    with home.open_again() as other:
        new_agency(other, "harbour", uscc=OTHER_USCC)
        add(home)
        new_agency(other, "museum", uscc=USCC)
        for assembly in (home.assembly, other):
            for slug in ("housing", "harbour", "zoo", "museum"):
                assert len(assembly.desk.chest.keyring.active(slug, Purpose.CREDENTIAL)) == 1


def test_a_crash_after_the_keys_leaves_keys_without_an_agency_and_a_second_try_succeeds(home):
    class Gone(BaseException):
        pass

    def save_and_die(keyring) -> None:
        home.assembly.save_keyring(keyring)
        raise Gone

    with pytest.raises(Gone):
        add_agency(
            home.assembly.registry, home.desk.chest.keyring, home.assembly.maker, GOOD,
            base_url=BASE_URL, now=home.clock(), save=save_and_die,
        )  # fmt: skip
    with pytest.raises(NotFound, match="agency_not_found"):
        find_agency(home.assembly.registry, "zoo")
    add(home)
    assert len(home.desk.chest.keyring.active("zoo", Purpose.CREDENTIAL)) == 1
    home.assembly.publish()
    listed = json.loads((home.settings.published_dir / "a/zoo/jwks.json").read_bytes())["keys"]
    assert len(listed) >= 2


def test_agencies_are_listed_by_slug(home):
    for slug in ("zoo", "archive"):
        add(home, slug=slug, uscc=OTHER_USCC)
    assert [each.slug for each in list_agencies(home.assembly.registry)] == ["archive", "housing", "zoo"]


def test_nobody_by_that_name(home):
    for slug in ("", "nobody", "' OR 1=1 --"):
        with pytest.raises(NotFound, match="agency_not_found"):
            find_agency(home.assembly.registry, slug)


def test_the_entropy_of_ids_is_the_makers(home):
    assert home.assembly.maker.entropy is os.urandom
