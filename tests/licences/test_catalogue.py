"""The catalogue: found by slug and version, locked once published, open to new types without Python."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from elicence.errors import NotFound, TypeFileError
from elicence.licences.catalogue import LOCK_NAME, Catalogue, write_lock
from elicence.licences.examples import dictionary_in, lint_examples
from elicence.licences.request import check_request
from elicence.licences.type_lint import load_type

STANDARDS = Path(__file__).parents[2] / "standards"
FOOD = "food-business-licence"


@pytest.fixture
def standards(tmp_path: Path) -> Path:
    """A folder of standards of one's own, with one good type in it."""
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS / FOOD, folder / FOOD)
    shutil.copytree(STANDARDS / "qr", folder / "qr")
    write_lock(folder)
    return folder


def stated(standards: Path, slug: str = FOOD) -> dict[str, Any]:
    return json.loads((standards / slug / "v1.json").read_text("utf-8"))


def put(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    return path


def refused(standards: Path, *, examples: bool = False) -> TypeFileError:
    with pytest.raises(TypeFileError) as caught:
        Catalogue.load(standards, examples=examples)
    return caught.value


def test_a_type_is_found_by_slug_and_version_or_the_newest_published(standards: Path) -> None:
    later = stated(standards) | {"version": 2}
    put(standards / FOOD / "v2.json", later)
    put(standards / FOOD / "v3.json", later | {"version": 3, "status": "draft"})
    catalogue = Catalogue.load(standards)
    assert catalogue.get(FOOD).version == 2
    assert catalogue.get(FOOD, 1).version == 1
    assert catalogue.get(FOOD, 3).status == "draft"
    assert [each.version for each in catalogue.types()] == [1, 2, 3]


@pytest.mark.parametrize(("slug", "version"), [("food", None), (FOOD, 9), ("../secret", None), ("", 1)])
def test_an_unknown_type_is_not_found(standards: Path, slug: str, version: int | None) -> None:
    with pytest.raises(NotFound) as caught:
        Catalogue.load(standards).get(slug, version)
    assert caught.value.code == "type_not_found"


def test_a_type_with_only_drafts_has_no_newest_published_version(standards: Path) -> None:
    put(standards / FOOD / "v1.json", stated(standards) | {"status": "draft"})
    write_lock(standards)
    catalogue = Catalogue.load(standards)
    assert catalogue.get(FOOD, 1).status == "draft"
    with pytest.raises(NotFound):
        catalogue.get(FOOD)


def test_a_published_file_that_changed_is_refused(standards: Path) -> None:
    path = standards / FOOD / "v1.json"
    path.write_bytes(path.read_bytes() + b"\n")
    error = refused(standards)
    assert (error.code, error.file) == ("published_changed", f"{FOOD}/v1.json")


def test_a_disclosure_class_cannot_be_opened_in_a_published_file(standards: Path) -> None:
    changed = stated(standards)
    changed["claims"]["site_check_record"]["disclosure"] = "open"
    put(standards / FOOD / "v1.json", changed)
    assert refused(standards).code == "published_changed"


def test_a_published_file_that_vanished_is_refused(standards: Path) -> None:
    (standards / FOOD / "v1.json").unlink()
    assert refused(standards).code == "published_changed"


def test_the_lock_is_written_anew_on_purpose_only(standards: Path) -> None:
    changed = stated(standards)
    changed["claims"]["site_check_record"]["label"]["en"] = "Site visit"
    put(standards / FOOD / "v1.json", changed)
    assert refused(standards).code == "published_changed"
    write_lock(standards)
    assert Catalogue.load(standards).get(FOOD).claims["site_check_record"].label["en"] == "Site visit"


@pytest.mark.parametrize("lock", ['{"a": 1}', '{"a": "short"}', "[]", "{", '{"a": "00", "a": "00"}'])
def test_a_broken_lock_is_refused_and_not_taken_for_an_empty_one(standards: Path, lock: str) -> None:
    (standards / LOCK_NAME).write_text(lock, "utf-8")
    assert refused(standards).file == LOCK_NAME


def test_a_draft_is_not_locked(standards: Path) -> None:
    put(standards / FOOD / "v2.json", stated(standards) | {"version": 2, "status": "draft"})
    assert "v2" not in write_lock(standards).read_text("utf-8")


@pytest.mark.parametrize("name", ["v3.json", "v01.json", "vx.json"])
def test_a_type_lies_where_its_slug_and_version_say(standards: Path, name: str) -> None:
    (standards / FOOD / "v1.json").rename(standards / FOOD / name)
    (standards / LOCK_NAME).unlink()
    error = refused(standards)
    assert (error.code, error.file) == ("version_path", f"{FOOD}/{name}")


def test_two_types_with_the_same_code_are_refused(standards: Path) -> None:
    put(standards / "noodle-licence" / "v1.json", stated(standards) | {"slug": "noodle-licence"})
    error = refused(standards)
    assert (error.code, error.pointer) == ("code_duplicate", "/code")


def test_two_types_with_the_same_credential_type_are_refused(standards: Path) -> None:
    for slug, code in (("a-1b", "11100000MB03271699801"), ("a1b", "11100000MB03271699802")):
        put(standards / slug / "v1.json", stated(standards) | {"slug": slug, "code": code})
    assert refused(standards).code == "type_duplicate"


def test_the_same_type_version_twice_is_refused() -> None:
    licence_type = load_type((STANDARDS / FOOD / "v1.json").read_bytes(), file="x")
    with pytest.raises(TypeFileError) as caught:
        Catalogue([licence_type, licence_type])
    assert caught.value.code == "type_duplicate"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none").code == "file_unreadable"


def test_a_new_type_needs_a_file_and_no_python(standards: Path) -> None:
    bicycle = stated(standards) | {
        "slug": "bicycle-permit",
        "code": "11100000MB03271699777",
        "title": {"zh-CN": "自行车通行证", "en": "Bicycle permit"},
        "number": {"label": {"zh-CN": "编号", "en": "Number"}, "pattern": "^B[0-9]{4}$", "max_length": 5},
        "validity": {"rule": "duration", "time_zone": "Asia/Shanghai", "max_months": 12},
        "claims": {
            "colour": {
                "schema": {"type": "string", "enum": ["red", "blue"]},
                "label": {"zh-CN": "颜色", "en": "Colour"},
                "disclosure": "open",
                "code": True,
            },
            "gears": {
                "schema": {"type": "integer", "minimum": 1, "maximum": 30},
                "label": {"zh-CN": "档位", "en": "Gears"},
                "disclosure": "restricted",
                "required": False,
            },
        },
        "presentation_sets": {"minimal": ["colour"], "full": ["colour", "gears"]},
    }
    request = {
        "type": "bicycle-permit",
        "number": "B0001",
        "holders": [{"kind": "organization", "name": "示例车行", "id_scheme": "CN-USCC", "id": "92440305MA9C2Y1R5L"}],
        "valid_from": "2026-11-23",
        "valid_until": "2027-11-22",
        "claims": {"gears": 21, "colour": "red"},
    }
    put(standards / "bicycle-permit" / "v1.json", bicycle)
    put(standards / "bicycle-permit" / "examples" / "valid-red.json", request)
    wrong = {"expect": "period", "pointer": "/valid_until", "request": request | {"valid_until": "2027-11-23"}}
    put(standards / "bicycle-permit" / "examples" / "invalid-too-long.json", wrong)
    write_lock(standards)
    licence_type = Catalogue.load(standards, examples=True).get("bicycle-permit")
    assert dict(check_request(licence_type, request).claims) == {"colour": "red", "gears": 21}


def examples_refused(standards: Path, name: str, value: object) -> TypeFileError:
    path = put(standards / FOOD / "examples" / name, value)
    licence_type = Catalogue.load(standards).get(FOOD)
    with pytest.raises(TypeFileError) as caught:
        lint_examples(licence_type, path.parent, dictionary=dictionary_in(standards), root=standards)
    assert caught.value.file == f"{FOOD}/examples/{name}"
    return caught.value


def shop(standards: Path) -> dict[str, Any]:
    return json.loads((standards / FOOD / "examples" / "valid-corner-shop.json").read_text("utf-8"))


def test_a_valid_example_that_is_refused_is_an_error_of_the_type(standards: Path) -> None:
    request = shop(standards)
    request["claims"]["main_format"] = "夜市摊贩"
    error = examples_refused(standards, "valid-a.json", request)
    assert (error.code, error.pointer) == ("example_refused", "/claims/main_format")


def test_an_invalid_example_that_is_accepted_is_an_error_of_the_type(standards: Path) -> None:
    example = {"expect": "pattern", "pointer": "/number", "request": shop(standards)}
    assert examples_refused(standards, "invalid-a.json", example).code == "example_accepted"


def test_an_invalid_example_refused_for_another_reason_is_an_error_of_the_type(standards: Path) -> None:
    example = {"expect": "too_long", "pointer": "/number", "request": shop(standards) | {"number": "x"}}
    assert examples_refused(standards, "invalid-a.json", example).code == "example_refused"


def test_an_invalid_example_says_what_it_expects(standards: Path) -> None:
    assert examples_refused(standards, "invalid-a.json", {"request": shop(standards)}).code == "schema"


def test_a_code_budget_that_an_example_cannot_meet_names_the_longest_claims(standards: Path) -> None:
    put(standards / FOOD / "v1.json", stated(standards) | {"code_budget": {"max_version": 10, "level": "M"}})
    write_lock(standards)
    error = refused(standards, examples=True)
    assert (error.code, error.pointer) == ("qr_too_dense", "/claims/registered_address")
    assert error.facts["longest"][0] == "registered_address"  # type: ignore[index]


def test_a_code_larger_than_any_symbol_is_too_dense(standards: Path) -> None:
    request = shop(standards)
    letters = "".join(chr(0x4E00 + 37 * n) for n in range(480))
    places = ("legal_representative", "registered_address", "business_premises", "warehouse_address")
    limits = {"legal_representative": 60}
    for n, name in enumerate(places):
        request["claims"][name] = letters[n * 120 : n * 120 + limits.get(name, 120)]
    assert examples_refused(standards, "valid-a.json", request).code == "qr_too_dense"


def test_an_open_field_that_tells_a_hidden_one_needs_a_waiver(standards: Path) -> None:
    request = shop(standards)
    request["claims"]["contact_phone"] = "0755-1234-5678"
    request["claims"]["online_shop"] = "https://shop.example/075512345678"
    error = examples_refused(standards, "valid-a.json", request)
    assert (error.code, error.pointer) == ("derivation", "/claims/online_shop")
    waiver = {"open": "online_shop", "hidden": "contact_phone", "reason": "the shop prints its own number"}
    put(standards / FOOD / "v1.json", stated(standards) | {"leak_exceptions": [waiver]})
    write_lock(standards)
    Catalogue.load(standards, examples=True)


def test_a_type_without_a_valid_example_is_refused(standards: Path) -> None:
    for path in (standards / FOOD / "examples").glob("valid-*.json"):
        path.unlink()
    assert refused(standards, examples=True).code == "file_unreadable"
