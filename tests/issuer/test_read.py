"""Reading licences: an agency sees its own, whole; anything else is not there, and looks alike."""

from dataclasses import replace

import pytest
from tests.assembly import example
from tests.issuer.acts import (
    ESTATE,
    ask,
    change,
    corrected,
    food,
    issued,
    now_of,
    outcome,
    renewed,
    verdict,
)

from elicence.errors import KeyFault, NotFound
from elicence.issuer.read import history, read_licence, read_what_remains

UNKNOWN = ["lic_01m82v7m00e008000000000000", "", "lic_", "x" * 4000, "' OR 1=1 --"]


@pytest.mark.parametrize("licence_id", UNKNOWN)
def test_a_licence_nobody_knows_is_not_found(home, licence_id):
    issued(home)
    for read in (read_licence, history):
        assert outcome(lambda read=read: read(home.desk, home.caller(), licence_id)) == "licence_not_found"


@pytest.mark.parametrize("licence_id", ["lic_\0", "\ud800"])
def test_an_id_no_engine_can_hold_is_refused_by_name(home, licence_id):
    assert outcome(lambda: read_licence(home.desk, home.caller(), licence_id)) in {"licence_not_found", "store_refused"}


def test_another_agencys_licence_looks_like_one_that_does_not_exist(home):
    made = issued(home)
    told = []
    for caller, licence_id in ((home.caller("market"), made.id), (home.caller(), UNKNOWN[0])):
        for read in (read_licence, history):
            with pytest.raises(NotFound) as raised:
                read(home.desk, caller, licence_id)
            told.append((raised.value.code, raised.value.message, dict(raised.value.facts)))
    assert told == [told[0]] * 4


@pytest.mark.parametrize("version", [2, 99, -1, 2**62])
def test_a_version_that_is_not_there_is_not_found(home, version):
    made = issued(home)
    with pytest.raises(NotFound, match="licence_not_found"):
        now_of(home, made, version)


def test_sealed_values_come_back_as_they_were_given(home):
    body = example(ESTATE, "two-owners")
    made = now_of(home, ask(home, body))
    assert made.claims == body["claims"]
    assert [(each.name, each.id) for each in made.holders] == [(each["name"], each["id"]) for each in body["holders"]]
    assert made.external_ref == body["external_ref"]


def test_each_version_is_read_as_it_was(home):
    first = issued(home)
    second = corrected(home, first, {"claims": {"complaint_phone": "12345"}})
    third = renewed(home, second)
    for version, made in enumerate((first, second, third), 1):
        read = now_of(home, made, version)
        kept = ("version", "credential", "claims", "holders", "valid_until", "verification_code", "licence_identifier")
        assert [getattr(read, name) for name in kept] == [getattr(made, name) for name in kept]
        assert (read.current_version, read.row_version) == (3, third.row_version)


def test_history_is_told_oldest_first_and_has_every_act(home):
    made = issued(home)
    acts = [("suspend", "penalty"), ("reinstate", None), ("revoke", "annulled")]
    for action, reason in acts:
        home.clock.move(minutes=1)
        change(home, made, action, reason)
    told = history(home.desk, home.caller(), made.id)
    assert [(each.verb, each.reason) for each in told] == [("issue", None), *acts]
    assert [each.occurred_at for each in told] == sorted(each.occurred_at for each in told)


def test_the_request_a_view_gives_would_issue_the_same_licence(home):
    for number, name in ((1, "company"), (2, "two-owners")):
        made = ask(home, example(ESTATE, name), key=f"k{number}")
        again = ask(home, made.request_body() | {"number": made.number.replace("第0", "第9")}, key=f"again{number}")
        kept = ("holders", "claims", "valid_from", "valid_until", "region", "external_ref", "type_version")
        assert [getattr(again, field) for field in kept] == [getattr(made, field) for field in kept]


# Erasure


def test_a_licence_whose_data_key_was_destroyed_is_erased_whatever_is_asked_of_its_content(home):
    made, kept = issued(home, 1), issued(home, 2)
    home.store.tamper(f"DELETE FROM data_key WHERE licence_id = '{made.id}'")
    for act in (
        lambda: now_of(home, made),
        lambda: corrected(home, made, {}),
        lambda: renewed(home, made),
    ):
        assert outcome(act) == "licence_erased"
    assert now_of(home, kept) == kept


def test_of_an_erased_licence_number_states_dates_and_open_claims_remain(home):
    made, body = issued(home, 1), ask(home, example("degree"), key="degree")
    home.store.tamper("DELETE FROM data_key")
    for before in (made, body):
        rest = read_what_remains(home.desk, home.caller(), before.id)
        types = home.desk.catalogue.get(before.type_slug)
        assert rest.claims == {k: v for k, v in before.claims.items() if types.claims[k].disclosure == "open"}
        assert rest == replace(before, claims=rest.claims, holders=(), credential="", erased=True)
    for other in (lambda: read_what_remains(home.desk, home.caller(), made.id, version=2),
                  lambda: read_what_remains(home.desk, home.caller(), "lic_01m838z2g0e009c4awq0vrpza7")):  # fmt: skip
        assert outcome(other) == "licence_not_found"


def test_a_broken_seal_is_no_erasure(sqlite_home):
    made = issued(sqlite_home)
    sqlite_home.store.tamper("UPDATE data_key SET wrapped = x'00'")
    with pytest.raises(KeyFault, match="seal_broken"):
        read_what_remains(sqlite_home.desk, sqlite_home.caller(), made.id)


@pytest.mark.parametrize("damage", ["DELETE FROM data_key", "UPDATE data_key SET wrapped = x'00'"])
def test_a_licence_that_cannot_be_unsealed_any_more_can_still_be_revoked(sqlite_home, damage):
    home, made = sqlite_home, issued(sqlite_home)
    home.store.tamper(damage)
    revoked = change(home, made, "revoke", "penalty")
    assert (revoked.state, revoked.number, revoked.holders, revoked.credential) == ("revoked", made.number, (), "")
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_the_state_of_an_erased_licence_stays_public(home):
    made = change(home, issued(home), "revoke", "penalty")
    home.store.tamper("DELETE FROM data_key")
    home.assembly.publish()
    assert verdict(home, made) == "revoked"


# Moved or changed at rest


def test_a_sealed_value_put_into_another_row_does_not_open(home):
    one, two = issued(home, 1), issued(home, 2)
    home.store.tamper(
        f"UPDATE credential SET sealed_text = (SELECT c.sealed_text FROM credential c WHERE c.licence_id = '{two.id}')"
        f" WHERE licence_id = '{one.id}'"
    )
    with pytest.raises(KeyFault, match="seal_broken"):
        now_of(home, one)
    assert now_of(home, two) == two


def test_a_data_key_put_into_another_licence_does_not_open(home):
    one, two = issued(home, 1), issued(home, 2)
    home.store.tamper(
        f"UPDATE data_key SET wrapped = (SELECT d.wrapped FROM data_key d WHERE d.licence_id = '{two.id}')"
        f" WHERE licence_id = '{one.id}'"
    )
    with pytest.raises(KeyFault, match="seal_broken"):
        now_of(home, one)


def test_reading_the_licence_just_issued_gives_exactly_what_was_answered(home):
    for number, name in enumerate(("valid-corner-shop", "valid-restaurant")):
        body = example("food-business-licence", name.removeprefix("valid-")) | {"number": f"JY1{number:013d}"}
        made = ask(home, body, key=f"k{number}")
        assert now_of(home, made) == made
    assert replace(ask(home, food(7), key="k7"), replayed=True) == ask(home, food(7), key="k7")
