"""Looking up what people type: one answer for every code that shows nothing."""

import json
from dataclasses import replace

import pytest
from tests.assembly import example
from tests.houses import OwnHouse
from tests.issuer.acts import ask, check, issued

from elicence.errors import FormatError, NotFound
from elicence.issuer.find_by_code import find_by_code


def test_the_code_of_a_licence_finds_its_credential_however_it_is_typed(home: OwnHouse) -> None:
    licence = issued(home)
    typed = f" {licence.verification_code[:4].lower()}-{licence.verification_code[4:]} "
    assert find_by_code(home.desk, typed).credential == licence.credential


def test_unknown_and_erased_codes_have_one_answer(sqlite_home: OwnHouse) -> None:
    licence = issued(sqlite_home)
    sqlite_home.store.tamper("DELETE FROM data_key")
    answers = set()
    for code in (licence.verification_code, "000G40R40M3S"):
        with pytest.raises(NotFound) as raised:
            find_by_code(sqlite_home.desk, code)
        answers.add(str(raised.value))
    assert len(answers) == 1


def test_a_slip_of_a_key_is_no_look_up(sqlite_home: OwnHouse) -> None:
    with pytest.raises(FormatError) as raised:
        find_by_code(sqlite_home.desk, "000G40R40M3T")
    assert raised.value.code == "verification_code_bad"


def test_where_the_register_is_none_a_typist_sees_open_claims_only(sqlite_home: OwnHouse) -> None:
    licence = ask(sqlite_home, example("degree"))
    sqlite_home.assembly.publish()
    report = check(sqlite_home, licence.credential)
    found = find_by_code(sqlite_home.desk, licence.verification_code)
    assert found.shown_to_typist(report) == report
    hidden = replace(found, licence_type=replace(found.licence_type, register="none"))
    shown = hidden.shown_to_typist(report).face
    open_claims = {name for name, rule in found.licence_type.claims.items() if rule.disclosure == "open"}
    assert shown is not None
    assert set(shown.claims) <= open_claims
    assert report.face is not None
    names = [holder.name for holder in report.face.holders if holder.kind == "person"]
    assert names
    assert not any(
        name in json.dumps(hidden.shown_to_typist(report).to_json("en"), ensure_ascii=False) for name in names
    )
