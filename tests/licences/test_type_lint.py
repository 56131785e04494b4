"""Every defect a type file can have, made from a good one: code, file and pointer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elicence.errors import TypeFileError
from elicence.licences.type_lint import load_type, load_type_file

STANDARDS = Path(__file__).parents[2] / "standards"
Change = Callable[[dict[str, Any]], Any]


def food() -> dict[str, Any]:
    return json.loads((STANDARDS / "food-business-licence/v1.json").read_text("utf-8"))


def estate() -> dict[str, Any]:
    return json.loads((STANDARDS / "real-estate-registration/v1.json").read_text("utf-8"))


def claim(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schema": schema, "label": {"zh-CN": "新项", "en": "New one"}, "disclosure": "open"} | more


def waive(open_field: str, hidden: str) -> Change:
    return lambda stated: stated["leak_exceptions"].append({"open": open_field, "hidden": hidden, "reason": "x" * 10})


def with_scheme_without_pattern(stated: dict[str, Any]) -> None:
    label = {"zh-CN": "号码", "en": "Number"}
    stated["holder"]["id"]["schemes"]["X-ID"] = {"label": label, "kinds": ["organization"]}


def shown(name: str, **more: Any) -> Change:
    return lambda stated: stated["claims"][name].update(more)


def with_minimal_set(*names: str) -> Change:
    return lambda stated: stated["presentation_sets"].update(minimal=list(names))


def with_schema(schema: dict[str, Any]) -> Change:
    return lambda stated: stated["claims"].update(new_one=claim(schema))


def with_claim(name: str, **more: Any) -> Change:
    return lambda stated: stated["claims"].update({name: claim({"type": "boolean"}, **more)})


def refused(stated: dict[str, Any]) -> TypeFileError:
    with pytest.raises(TypeFileError) as caught:
        load_type(json.dumps(stated).encode(), file="food/v1.json")
    assert caught.value.file == "food/v1.json"
    assert str(caught.value).startswith(f"{caught.value.code}: food/v1.json")
    return caught.value


@pytest.mark.parametrize("path", sorted(STANDARDS.glob("*/v*.json")), ids=lambda path: path.parent.name)
def test_every_shipped_type_passes(path: Path) -> None:
    assert load_type_file(path, root=STANDARDS).slug == path.parent.name


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "maxLength": 9},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 4},
        {
            "type": "object",
            "properties": {"a": {"type": "boolean"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ],
    ids=lambda schema: schema["type"],
)
def test_a_bounded_claim_schema_passes(schema: dict[str, Any]) -> None:
    stated = food()
    with_schema(schema)(stated)
    assert load_type(json.dumps(stated).encode(), file="x").claims["new_one"].kind == schema["type"]


@pytest.mark.parametrize(
    ("schema", "code", "at"),
    [
        ({"type": "string"}, "claim_schema_bad", "/maxLength"),
        ({"type": "string", "maxLength": 10**6}, "claim_schema_bad", "/maxLength"),
        ({"type": "string", "maxLength": "9"}, "claim_schema_bad", ""),
        ({"type": "string", "maxLength": -1}, "claim_schema_bad", ""),
        ({"type": "number"}, "claim_schema_bad", "/type"),
        ({"type": ["string", "null"]}, "claim_schema_bad", "/type"),
        ({"type": "text"}, "claim_schema_bad", "/type"),
        ({"maxLength": 9}, "claim_schema_bad", "/type"),
        ({"type": "string", "maxLength": 9, "pattern": "^(a+)+\\1$"}, "claim_schema_bad", "/pattern"),
        ({"type": "string", "maxLength": 9, "pattern": "^(?=a)a$"}, "claim_schema_bad", "/pattern"),
        ({"type": "string", "maxLength": 9, "pattern": "["}, "claim_schema_bad", "/pattern"),
        ({"type": "string", "maxLength": 9, "pattern": "a+"}, "claim_schema_bad", "/pattern"),
        ({"type": "string", "maxLength": 9, "format": "uri"}, "claim_schema_bad", "/format"),
        ({"type": "string", "maxLength": 9, "default": "x"}, "claim_schema_bad", "/default"),
        ({"type": "string", "enum": []}, "claim_schema_bad", "/enum"),
        ({"type": "string", "enum": ["a", "a"]}, "claim_schema_bad", "/enum"),
        ({"type": "string", "enum": [str(n) for n in range(1001)]}, "claim_schema_bad", "/enum"),
        ({"type": "integer", "maximum": 9}, "claim_schema_bad", "/minimum"),
        ({"type": "integer", "minimum": 0, "maximum": 2**53}, "claim_schema_bad", "/maximum"),
        ({"type": "array", "items": {"type": "boolean"}}, "claim_schema_bad", "/maxItems"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "claim_schema_bad", "/items/maxLength"),
        ({"type": "object", "properties": {}}, "claim_schema_bad", "/additionalProperties"),
        ({"type": "string", "$ref": "https://169.254.169.254/"}, "ref_forbidden", "/$ref"),
        ({"$ref": "#", "type": "string"}, "ref_forbidden", "/$ref"),
        ({"type": "string", "$dynamicRef": "#a"}, "ref_forbidden", "/$dynamicRef"),
        ({"type": "array", "items": {"$ref": "#"}, "maxItems": 3}, "ref_forbidden", "/items/$ref"),
    ],
)
def test_a_claim_schema_without_bounds_or_with_reach_is_refused(schema: dict[str, Any], code: str, at: str) -> None:
    stated = food()
    with_schema(schema)(stated)
    error = refused(stated)
    assert (error.code, error.pointer) == (code, f"/claims/new_one/schema{at}")


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "boolean"}
    for _ in range(levels):
        inner = {"type": "array", "items": inner, "maxItems": 2}
    return inner


def test_a_claim_nested_too_deep_is_refused() -> None:
    stated = food()
    with_schema(nested(3))(stated)
    assert refused(stated).code == "claim_schema_bad"
    stated = food()
    with_schema(nested(2))(stated)
    load_type(json.dumps(stated).encode(), file="x")


@pytest.mark.parametrize(
    "name", ["iss", "exp", "vct", "status", "_sd", "...", "__proto__", "constructor", "id", "holders", "ISS"]
)
def test_a_reserved_name_is_refused(name: str) -> None:
    stated = food()
    with_claim(name)(stated)
    error = refused(stated)
    assert (error.code, error.pointer) == ("name_reserved", f"/claims/{name}")


@pytest.mark.parametrize("name", ["Main_Format", "mainformat", "ｍain_format", "main__format"])
def test_a_name_that_looks_like_another_is_refused(name: str) -> None:
    stated = food()
    with_claim(name)(stated)
    assert refused(stated).code == "name_clash"


def test_two_claims_with_the_same_label_are_refused() -> None:
    stated = food()
    stated["claims"]["online_shop"]["label"]["zh-CN"] = stated["claims"]["main_format"]["label"]["zh-CN"]
    error = refused(stated)
    assert (error.code, error.pointer) == ("name_clash", "/claims/online_shop")


@pytest.mark.parametrize("name", ["a b", "9a", "é", "a-b", "a" * 49, "_a", ""])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    stated = food()
    with_claim(name)(stated)
    assert refused(stated).code == "schema"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        (lambda t: t.update(colour="red"), "key_unknown", "/colour"),
        (lambda t: t["holder"].update(colour=1), "key_unknown", "/holder/colour"),
        (lambda t: t["claims"]["main_format"].update(visible=True), "key_unknown", "/claims/main_format/visible"),
        (lambda t: t["claims"]["main_format"].pop("disclosure"), "class_missing", "/claims/main_format/disclosure"),
        (lambda t: t["holder"]["id"].pop("disclosure"), "class_missing", "/holder/id/disclosure"),
        (lambda t: t["claims"]["main_format"].update(disclosure="public"), "schema", "/claims/main_format/disclosure"),
        (lambda t: t["claims"]["main_format"]["label"].pop("en"), "schema", "/claims/main_format/label"),
        (lambda t: t.update(code="11100000MB03271690901"), "schema", "/code"),
        (lambda t: t.update(code="not a code"), "schema", "/code"),
        (lambda t: t.update(slug="Food"), "schema", "/slug"),
        (lambda t: t.update(version=0), "schema", "/version"),
        (lambda t: t.update(status="live"), "schema", "/status"),
        (lambda t: t["number"].update(pattern="JY[0-9]+"), "schema", "/number/pattern"),
        (lambda t: t["number"].update(pattern="^(?!x)[0-9]+$"), "claim_schema_bad", "/number/pattern"),
        (lambda t: t["code_budget"].update(max_version=26), "schema", "/code_budget/max_version"),
        (lambda t: t["validity"].update(months=0), "period", "/validity"),
        (lambda t: t["validity"].update(months=-12), "period", "/validity"),
        (lambda t: t["validity"].update(months=1201), "period", "/validity"),
        (lambda t: t["validity"].update(time_zone="Asia/Atlantis"), "period", "/validity/time_zone"),
        (lambda t: t.update(sources=[]), "schema", "/sources"),
        (shown("site_check_record", code=True), "field_closed", "/claims/site_check_record/code"),
        (shown("contact_phone", search="exact"), "field_closed", "/claims/contact_phone/search"),
        (lambda t: t["holder"]["name"].update(disclosure="closed"), "field_closed", "/holder/name/code"),
        (lambda t: t["holder"]["id"].update(disclosure="closed"), "field_closed", "/holder/id/code"),
        (lambda t: t["holder"]["id"].update(disclosure="restricted"), "field_closed", "/holder/id/code"),
        (
            lambda t: t["holder"]["id"].update(disclosure="restricted", mask="id"),
            "field_closed",
            "/holder/id/search",
        ),
        (
            lambda t: t["presentation_sets"]["full"].append("site_check_record"),
            "field_closed",
            "/presentation_sets/full/14",
        ),
        (with_minimal_set("colour"), "set_unknown_claim", "/presentation_sets/minimal/0"),
        (with_scheme_without_pattern, "schema", "/holder/id/schemes/X-ID"),
        (lambda t: t["holder"].update(kinds=["organization", "person"]), "schema", "/holder/id/schemes"),
        (lambda t: t["title"].update({"en": "Food\u202elicence"}), "text_policy", "/title/en"),
        (lambda t: t["title"].update({"en": "cafe\u0301"}), "text_policy", "/title/en"),
        (waive("contact_phone", "site_check_record"),
            "set_unknown_claim",
            "/leak_exceptions/0/open",
        ),
        (waive("main_format", "issue_date"),
            "set_unknown_claim",
            "/leak_exceptions/0/hidden",
        ),
    ],
)  # fmt: skip
def test_a_type_file_with_one_defect_is_refused_at_its_place(change: Change, code: str, pointer: str) -> None:
    stated = food()
    change(stated)
    error = refused(stated)
    assert (error.code, error.pointer) == (code, pointer)


def test_a_birth_date_rule_counts_from_a_required_date_claim() -> None:
    stated = food()
    stated["validity"] = {
        "rule": "until_age",
        "time_zone": "Asia/Shanghai",
        "age": 18,
        "birth_date_claim": "issue_date",
    }
    load_type(json.dumps(stated).encode(), file="x")
    for name in ("main_format", "nowhere"):
        stated["validity"]["birth_date_claim"] = name
        error = refused(stated)
        assert (error.code, error.pointer) == ("period", "/validity/birth_date_claim")


def test_a_longest_time_of_an_endless_type_needs_ends_to_be_allowed() -> None:
    stated = food()
    stated["validity"] = {"rule": "open_ended", "time_zone": "Asia/Shanghai", "max_months": 240}
    error = refused(stated)
    assert (error.code, error.pointer) == ("period", "/validity/max_months")
    stated["validity"]["end_allowed"] = True
    assert load_type(json.dumps(stated).encode(), file="x").validity.max_months == 240


def test_more_than_eighty_claims_are_refused() -> None:
    stated = food()
    for number in range(80):
        label = {"zh-CN": f"第{number}项", "en": f"Claim {number}"}
        stated["claims"][f"claim_{number}"] = claim({"type": "boolean"}, label=label)
    assert refused(stated).pointer == "/claims"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeFileError) as caught:
        load_type_file(tmp_path / "a" / "v1.json", root=tmp_path)
    assert (caught.value.code, caught.value.file) == ("file_unreadable", "a/v1.json")
