"""Licence types on show, and linted as a review would."""

import json
import shutil
from pathlib import Path

from tests.assembly import STANDARDS
from tests.cli.shell import DEGREE, FOOD, Shell


def test_a_folder_that_is_none_or_holds_a_bad_type_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.refused(3, "file_unreadable", "type", "lint", tmp_path / "missing")
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS, folder)
    file = folder / DEGREE / "v1.json"
    changed = json.loads(file.read_bytes())
    del changed["claims"]["gender"]["disclosure"]
    file.write_text(json.dumps(changed))
    error = shell.refused(3, "class_missing", "type", "lint", folder).error
    assert (error["file"], error["pointer"]) == (f"{DEGREE}/v1.json", "/claims/gender/disclosure")
    told = shell.run("type", "lint", folder)
    assert f"{DEGREE}/v1.json#/claims/gender/disclosure" in told.err


def test_a_published_file_that_changed_needs_a_new_lock(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS, folder)
    file = folder / DEGREE / "v1.json"
    file.write_bytes(file.read_bytes() + b"\n")
    shell.refused(3, "published_changed", "type", "lint", folder)
    assert shell.ok("type", "lint", folder, "--write-lock", "--json").json["lock_written"]
    shell.ok("type", "lint", folder)


def test_the_shipped_types_are_sound(shell: Shell) -> None:
    linted = shell.ok("type", "lint", "--json").json
    assert linted["examples"] >= 4 * 2
    assert {each["slug"] for each in linted["types"]} >= {FOOD, DEGREE}


def test_types_are_listed_and_shown_in_both_languages(shell: Shell) -> None:
    assert "Food business licence" in shell.ok("type", "list").out
    assert "食品经营许可证" in shell.ok("type", "list", "--lang", "zh-CN").out
    assert FOOD in {each["slug"] for each in shell.ok("type", "list", "--json").objects}
    shown = shell.ok("type", "show", FOOD).out
    assert "legal_representative_id" in shown
    assert "closed" in shown
    assert shell.ok("type", "show", FOOD, "--json").json["file"]["slug"] == FOOD
    schema = json.loads(shell.ok("type", "show", FOOD, "--schema").out)
    assert "claims" in schema["properties"]


def test_a_type_added_as_a_file_is_issued_without_a_line_of_code(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS, folder)
    text = (folder / DEGREE / "v1.json").read_text()
    new = folder / "diploma"
    shutil.copytree(folder / DEGREE, new)
    changed = json.loads(text) | {"slug": "diploma", "code": json.loads(text)["code"][:-3] + "999"}
    (new / "v1.json").write_text(json.dumps(changed, ensure_ascii=False))
    for example in new.glob("examples/*.json"):
        example.write_text(example.read_text().replace('"degree"', '"diploma"'))
    env = {"ELICENCE_STANDARDS_DIR": str(folder)}
    for words in (("type", "lint", "--write-lock"), ("grant", "add", "housing", "diploma")):
        answer = shell.run(*words, env=env)
        assert answer.code == 0, answer.err
    body = json.loads(shell.request(DEGREE)) | {"type": "diploma"}
    issued = shell.run("licence", "issue", "-", "--json", stdin=json.dumps(body), env=env)
    assert issued.code == 0, issued.err
    # Known to whoever has the published files, which carry the new type.
    assert shell.run("verify", issued.json["qr"]["content"], "--json").json["verdict"] == "valid"
