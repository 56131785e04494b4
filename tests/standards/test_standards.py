"""The standards as shipped: they load, their examples behave, the lock is true, nobody real is in them."""

import hashlib
import json
import time
from pathlib import Path

import jsonschema_rs
import pytest
from tests.many_types import write_copies

from elicence.licences.catalogue import LOCK_NAME, Catalogue
from elicence.licences.face import subject_of
from elicence.licences.holder_id import birth_date_of
from elicence.licences.licence_type import LicenceType
from elicence.licences.request import check_request
from elicence.licences.shipped import shipped_standards

STANDARDS = Path(__file__).parents[2] / "standards"
CATALOGUE = Catalogue.load(STANDARDS)
# The two numbers GB 11643 itself prints as samples, their broken twins, and passports nobody issues. All other invented
# numbers lie in the region 99, which GB/T 2260 assigns to no province.
SAMPLE_PEOPLE = {"11010519491231002X", "440524188001010014", "110105194912310021", "11010519491331002X"}


def examples() -> list[Path]:
    return sorted(STANDARDS.glob("*/examples/*.json"))


def test_the_promised_types_are_there() -> None:
    assert {each.slug for each in CATALOGUE.types()} >= {
        "real-estate-registration", "degree", "food-business-licence", "business-licence-tax-certificate",
        "resident-identity", "tax-clearance", "business-licence",
    }  # fmt: skip


def test_every_example_behaves_as_its_name_says() -> None:
    assert CATALOGUE.lint_examples(STANDARDS) == len(examples())


def test_the_lock_names_exactly_the_published_files_and_their_digests() -> None:
    lock = json.loads((STANDARDS / LOCK_NAME).read_text("utf-8"))
    published = [each for each in CATALOGUE.types() if each.status != "draft"]
    assert lock == {f"{each.slug}/v{each.version}.json": each.digest for each in published}
    for name, digest in lock.items():
        assert hashlib.sha256((STANDARDS / name).read_bytes()).hexdigest() == digest


def test_the_schema_of_licence_types_is_itself_json_schema() -> None:
    jsonschema_rs.meta.validate(json.loads((STANDARDS / "licence-type.schema.json").read_text("utf-8")))


@pytest.mark.parametrize("licence_type", CATALOGUE.types(), ids=lambda each: each.slug)
def test_every_type_uses_all_three_classes_and_has_labels_and_sources(licence_type: LicenceType) -> None:
    assert {each.disclosure.value for each in licence_type.claims.values()} == {"open", "restricted", "closed"}
    assert len(licence_type.sources) >= 3
    for claim in licence_type.claims.values():
        assert claim.label["zh-CN"] != claim.label["en"]


@pytest.mark.parametrize("licence_type", CATALOGUE.types(), ids=lambda each: each.slug)
def test_every_type_has_at_least_two_good_and_five_bad_examples(licence_type: LicenceType) -> None:
    folder = STANDARDS / licence_type.slug / "examples"
    assert len(list(folder.glob("valid-*.json"))) >= 2
    assert len(list(folder.glob("invalid-*.json"))) >= 5


def test_a_claim_that_identifies_a_person_is_never_open() -> None:
    private = {
        "gender", "birth_date", "contact_phone", "holder_phone", "contact_email", "student_number", "location",
        "address", "ethnicity", "photo_sha256", "taxpayer_address", "bank_account", "total_paid", "payments",
        "contact_person",
    }  # fmt: skip
    for licence_type in CATALOGUE.types():
        for name in private & set(licence_type.claims):
            assert not licence_type.claims[name].disclosure.public, (licence_type.slug, name)


def test_no_code_completes_the_resident_number_it_masks() -> None:
    """The mask leaves region and sequence readable: with the birth date beside it a dozen guesses would do."""
    for path in STANDARDS.glob("*/examples/valid-*.json"):
        body = json.loads(path.read_text("utf-8"))
        licence_type = CATALOGUE.get(body["type"])
        if licence_type.holder.id_mask is None:
            continue
        checked = check_request(licence_type, body)
        shown = [
            str(value) for value in subject_of(licence_type, checked, licence_identifier="x", version=1).claims.values()
        ]
        for holder in checked.holders:
            if holder.id_scheme == "CN-RIC" and holder.id is not None:
                born = birth_date_of(holder.id)
                assert born is not None
                assert not [text for text in [checked.number, *shown] if born.isoformat() in text or holder.id in text]


def test_a_resident_identity_shows_in_its_code_what_a_counter_compares_and_no_more() -> None:
    licence_type = CATALOGUE.get("resident-identity")
    assert licence_type.register == "none"
    assert licence_type.counter_photo_id == "always"
    assert licence_type.code_claims == ("gender", "issuing_authority", "issue_date")
    assert licence_type.holder.id_mask == "id"
    assert [name for name, claim in licence_type.claims.items() if claim.disclosure.public] == ["issuing_authority"]


def test_the_business_scope_is_public_in_full_and_leaves_the_code_to_shorter_claims() -> None:
    scope = CATALOGUE.get("business-licence").claims["business_scope"]
    assert scope.disclosure.public
    assert not scope.code
    assert scope.schema["maxLength"] >= 2000


def test_what_was_paid_in_taxes_is_never_public() -> None:
    claims = CATALOGUE.get("tax-clearance").claims
    assert {name for name, claim in claims.items() if claim.disclosure.public} == {
        "certificate_kind", "as_of_date", "tax_authority", "issue_date",
    }  # fmt: skip


def test_no_real_person_stands_in_an_example() -> None:
    for path in examples():
        text = json.loads(path.read_text("utf-8"))
        for holder in text.get("request", text)["holders"]:
            if holder.get("id_scheme") == "CN-RIC":
                assert holder["id"] in SAMPLE_PEOPLE or holder["id"].startswith("99"), path
            if holder.get("id_scheme") == "PASSPORT":
                assert holder["id"].startswith("X0000000"), path


def test_no_file_holds_an_invisible_character_that_is_not_escaped() -> None:
    for path in (*STANDARDS.glob("*/v*.json"), *examples()):
        text = path.read_text("utf-8")
        assert text.replace("\n", "").isprintable(), path
        assert "\r" not in text
        assert text.endswith("\n")


def test_the_shipped_standards_are_found_from_the_package() -> None:
    assert shipped_standards() == STANDARDS


def test_five_hundred_types_load_without_quadratic_work(tmp_path: Path) -> None:
    def seconds(first: int, count: int) -> float:
        folder = tmp_path / f"standards-{count}"
        write_copies(folder, count, first=first)
        begun = time.process_time()
        assert len(Catalogue.load(folder).types()) == count
        return time.process_time() - begun

    few, many = seconds(0, 50), seconds(100, 500)
    assert many < 25 * few + 1, (few, many)
