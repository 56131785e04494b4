"""Reading a type file with the standard library alone: total, exact, and nothing third-party."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import TypeFileError
from elicence.licences.disclosure import Disclosure
from elicence.licences.licence_type import parse_licence_type

STANDARDS = Path(__file__).parents[2] / "standards"
FILES = sorted(STANDARDS.glob("*/v*.json"))
FOOD = STANDARDS / "food-business-licence" / "v1.json"


def food() -> dict[str, Any]:
    return json.loads(FOOD.read_text("utf-8"))


def refused(document: bytes) -> TypeFileError:
    with pytest.raises(TypeFileError) as caught:
        parse_licence_type(document, file="food/v1.json")
    assert caught.value.file == "food/v1.json"
    return caught.value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_shipped_type_is_read_exactly_as_it_stands(path: Path) -> None:
    document = path.read_bytes()
    licence_type = parse_licence_type(document, file=path.name)
    stated = json.loads(document)
    assert licence_type.document == document
    assert (licence_type.slug, licence_type.version) == (stated["slug"], stated["version"])
    assert list(licence_type.claims) == list(stated["claims"])
    assert licence_type.code_claims == tuple(n for n, c in stated["claims"].items() if c.get("code"))
    assert {n: c.disclosure.value for n, c in licence_type.claims.items()} == {
        n: c["disclosure"] for n, c in stated["claims"].items()
    }


def test_the_credential_type_is_the_slug_in_pascal_case() -> None:
    licence_type = parse_licence_type(FOOD.read_bytes(), file="x")
    assert licence_type.vc_type == "FoodBusinessLicence"
    assert licence_type.context_path == "/ns/food-business-licence/v1"


def test_one_class_for_all_holder_kinds_or_one_for_each() -> None:
    licence_type = parse_licence_type((STANDARDS / "real-estate-registration/v1.json").read_bytes(), file="x")
    assert licence_type.holder.name_disclosure == {"person": Disclosure.RESTRICTED, "organization": Disclosure.OPEN}
    assert licence_type.holder.id_disclosure == dict.fromkeys(("person", "organization"), Disclosure.RESTRICTED)


def test_the_value_cannot_be_changed_after_reading() -> None:
    licence_type = parse_licence_type(FOOD.read_bytes(), file="x")
    with pytest.raises(TypeError):
        licence_type.claims["new"] = licence_type.claims["main_format"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        licence_type.version = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "json_syntax"),
        (b"{", "json_syntax"),
        (b"[" * 100_000, "json_syntax"),
        (b'{"version": NaN}', "json_syntax"),
        (b'\xef\xbb\xbf{"slug": "a"}', "json_syntax"),
        ('{"slug": "许可证照"}'.encode("gbk"), "file_unreadable"),
        (b" " * 300_000, "file_unreadable"),
        (b'{"slug": "a", "slug": "b"}', "duplicate_key"),
        (b'{"claims": {"a": {"disclosure": "open", "disclosure": "closed"}}}', "duplicate_key"),
        (b"[]", "schema"),
        (b"null", "schema"),
        (b"{}", "schema"),
    ],
    ids=["empty", "cut", "deep", "nan", "bom", "gbk", "huge", "twice", "two classes", "array", "null", "no members"],
)
def test_bytes_that_are_no_type_file_are_refused_with_a_code(document: bytes, code: str) -> None:
    assert refused(document).code == code


def test_a_claim_without_a_class_is_refused_at_its_place() -> None:
    stated = food()
    del stated["claims"]["business_items"]["disclosure"]
    error = refused(json.dumps(stated).encode())
    assert (error.code, error.pointer) == ("class_missing", "/claims/business_items/disclosure")


@pytest.mark.parametrize("field", ["name", "id"])
def test_a_holder_field_without_a_class_is_refused(field: str) -> None:
    stated = food()
    del stated["holder"][field]["disclosure"]
    error = refused(json.dumps(stated).encode())
    assert (error.code, error.pointer) == ("class_missing", f"/holder/{field}/disclosure")


def test_a_holder_kind_without_a_class_is_refused() -> None:
    stated = food()
    stated["holder"]["kinds"] = ["organization", "person"]
    stated["holder"]["name"]["disclosure"] = {"organization": "open"}
    error = refused(json.dumps(stated).encode())
    assert (error.code, error.pointer) == ("class_missing", "/holder/name/disclosure/person")


def test_a_boolean_is_no_version_and_a_string_is_no_boolean() -> None:
    for member, value in (("version", True), ("version", 1.0), ("claims", []), ("sources", "one")):
        assert refused(json.dumps(food() | {member: value}).encode()).pointer == f"/{member}"
    stated = food()
    stated["holder"]["several"] = "no"
    assert refused(json.dumps(stated).encode()).pointer == "/holder/several"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_type_or_a_type_file_error(document: bytes) -> None:
    with pytest.raises(TypeFileError):
        parse_licence_type(document, file="x")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(food())), _JSON)
def test_any_member_replaced_by_any_json_is_read_or_refused(member: str, value: Any) -> None:
    document = json.dumps(food() | {member: value}).encode("utf-8", "surrogatepass")
    codes = {"schema", "class_missing", "file_unreadable"}
    try:
        parse_licence_type(document, file="x")
    except TypeFileError as error:
        codes.remove(error.code)  # any other code, or any other exception, fails


def test_reading_a_type_needs_no_library_beyond_those_of_a_verifier() -> None:
    code = (
        "import sys; from elicence.licences.licence_type import parse_licence_type; "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "assert not loaded & {'jsonschema_rs', 'stdnum', 'qrcode', 'pydantic', 'sqlmodel'}, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(STANDARDS.parent / "src")})
