"""Keys on show and rotated, lists published, and a doctor who finds what is wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.assembly import BASE_URL
from tests.cli.shell import Shell


def states(shell: Shell, purpose: str) -> list[str]:
    return [each["state"] for each in shell.ok("key", "list", "--json").objects if each["purpose"] == purpose]


def test_a_rotation_that_cannot_be_is_refused(shell: Shell) -> None:
    shell.refused(4, "agency_not_found", "key", "rotate", "--agency", "nobody")
    shell.refused(2, "usage", "key", "rotate")
    shell.refused(2, "usage", "key", "rotate", "--agency", "housing", "--purpose", "trusted_list")
    assert states(shell, "credential") == ["active"]


def test_old_licences_stay_good_after_a_rotation(shell: Shell) -> None:
    old = shell.issue()
    shell.clock.move(seconds=5)
    rotated = shell.ok("key", "rotate", "--agency", "housing", "--json").json
    new = shell.issue(number="JY14403050000099")
    assert states(shell, "credential") == ["retired", "active"]
    assert new["credential"]["kid"] == rotated["key"]["kid"] != old["credential"]["kid"]
    assert [shell.verify(each["qr"]["content"]) for each in (old, new)] == [(0, "valid"), (0, "valid")]
    # A retry after the rotation is still answered with the bytes of before.
    assert shell.issue()["credential"] == old["credential"]


def test_a_staged_key_is_published_and_signs_only_after_the_next_rotation(shell: Shell) -> None:
    staged = shell.ok("key", "rotate", "--agency", "housing", "--stage-only", "--json").json["key"]["kid"]
    assert states(shell, "credential") == ["active", "next"]
    assert staged in (shell.home / "published" / "a" / "housing" / "jwks.json").read_text()
    assert shell.issue()["credential"]["kid"] != staged
    assert shell.ok("key", "rotate", "--agency", "housing", "--json").json["key"]["kid"] == staged
    assert states(shell, "credential") == ["retired", "active"]


def test_status_lists_of_a_new_key_are_believed(shell: Shell) -> None:
    licence = shell.issue()
    shell.clock.move(seconds=5)
    shell.ok("key", "rotate", "--agency", "housing", "--purpose", "status-list")
    shell.ok("licence", "revoke", licence["id"], "--reason", "penalty")
    assert shell.verify(licence["qr"]["content"]) == (10, "revoked")


def test_keys_are_listed_with_whole_thumbprints_within_80_columns(shell: Shell) -> None:
    lines = shell.ok("key", "list").out.splitlines()
    assert lines[0] == "registry"
    assert {len(line) for line in lines if line.startswith("  ")} == {78}
    assert "PRIVATE" not in "".join(lines)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda keys: next(keys.glob("private/housing.credential*")).chmod(0o644), "key_exposed"),
        (lambda keys: next(keys.glob("private/housing.credential*")).write_text("not a key"), "key_bad"),
        (lambda keys: next(keys.glob("private/housing.credential*")).unlink(), "key_unreadable"),
        (lambda keys: (keys / "passphrase").write_text("another passphrase altogether\n"), "key_passphrase"),
        (lambda keys: (keys / "passphrase").write_text("\n"), "key_passphrase"),
        (lambda keys: (keys / "passphrase").chmod(0o640), "key_exposed"),
        (lambda keys: (keys / "keyring.json").write_text("{}"), "keyring_bad"),
        (lambda keys: (keys / "private" / "secrets.json").unlink(), "key_unreadable"),
    ],
    ids=[
        "world-readable",
        "corrupt",
        "gone",
        "wrong passphrase",
        "no passphrase",
        "open passphrase",
        "keyring",
        "secrets",
    ],
)
def test_keys_that_are_not_fit_stop_the_issue_and_are_named_by_the_doctor(shell: Shell, damage, code: str) -> None:
    damage(shell.home / "keys")
    shell.refused(2, code, "licence", "issue", "-", stdin=shell.request())
    ill = shell.run("doctor", "--json")
    assert ill.code == 1
    assert any(f"[{code}]" in each["sentence"] for each in ill.json["checks"] if each["outcome"] == "failed")


def test_the_key_of_another_agency_signs_nothing(shell: Shell) -> None:
    shell.ok(
        "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Office", "--uscc", "91350100M000100Y43",
        "--region", "35",
    )  # fmt: skip
    private = shell.home / "keys" / "private"
    shutil.copy(next(private.glob("tax.credential*")), next(private.glob("housing.credential*")))
    answer = shell.run("licence", "issue", "-", "--agency", "housing", "--json", stdin=shell.request())
    assert (answer.code, answer.error["code"]) == (2, "key_wrong_agency")


# status publish


def test_publishing_twice_changes_nothing(shell: Shell) -> None:
    shell.issue()
    files = lambda: {p: p.read_bytes() for p in (shell.home / "published").rglob("*") if p.is_file()}  # noqa: E731
    before = files()
    assert shell.ok("status", "publish", "--json").json["status_lists"] == 1
    assert files() == before


def test_lost_files_are_published_again(shell: Shell) -> None:
    shell.issue()
    before = (shell.home / "published" / "status" / "housing" / "1.statuslist+jwt").read_bytes()
    shutil.rmtree(shell.home / "published" / "status")
    shell.ok("status", "publish")
    assert (shell.home / "published" / "status" / "housing" / "1.statuslist+jwt").read_bytes() == before


def test_a_watcher_publishes_until_it_is_told_to_stop(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "from elicence.cli.main import run; run()", "--home", str(tmp_path / "home")]
    subprocess.run([*words, "init", "--base-url", BASE_URL, "--environment", "demo"], check=True, capture_output=True)
    lost = tmp_path / "home" / "published" / "a"
    with subprocess.Popen(
        [*words, "status", "publish", "--watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as watcher:
        try:
            subprocess.run(
                [*words, "agency", "add", "tax", "--name-zh", "某局", "--name-en", "Office",
                 "--uscc", "91350100M000100Y43", "--region", "35"],
                check=True, capture_output=True,
            )  # fmt: skip
            shutil.rmtree(lost)
            deadline = time.monotonic() + 20
            while not lost.is_dir() and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            watcher.send_signal(signal.SIGTERM)
        _, err = watcher.communicate(timeout=20)
    assert lost.is_dir(), err
    assert (watcher.returncode, err) == (0, b"")


# doctor


def outcomes(shell: Shell) -> dict[str, str]:
    return {each["name"]: each["outcome"] for each in shell.run("doctor", "--json").json["checks"]}


def test_a_sound_registry_is_in_order(shell: Shell) -> None:
    shell.issue()
    assert set(outcomes(shell).values()) == {"passed"}
    assert shell.ok("doctor").out.splitlines()[-1] == "Everything is in order."


def test_a_clock_behind_the_log_is_found(shell: Shell) -> None:
    shell.issue()
    shell.clock.move(hours=-1)
    assert outcomes(shell)["clock"] == "failed"


def test_a_published_file_that_is_not_the_one_on_record_is_found(shell: Shell) -> None:
    shell.issue()
    listed = shell.home / "published" / "status" / "housing" / "1.revocation.vc+jwt"
    listed.write_bytes(listed.read_bytes()[:-1])
    assert outcomes(shell)["status list housing/1"] == "failed"
    assert shell.run("doctor").code == 1


def test_lists_that_have_ended_and_a_lost_trusted_list_are_found(shell: Shell) -> None:
    shell.issue()
    shell.clock.move(hours=13)
    assert outcomes(shell)["status list housing/1"] == "warning"
    shell.clock.move(hours=11)
    assert outcomes(shell)["status list housing/1"] == "failed"
    (shell.home / "published" / "trusted-list.json").unlink()
    assert outcomes(shell)["trusted list"] == "failed"
    shell.ok("status", "publish")
    assert set(outcomes(shell).values()) == {"passed"}


def test_a_changed_type_file_among_the_published_is_found(shell: Shell) -> None:
    published = shell.home / "published" / "types" / "degree" / "v1.json"
    published.write_bytes(published.read_bytes() + b" ")
    assert outcomes(shell)["licence types"] == "failed"


def test_a_passphrase_beside_the_keys_is_a_warning_in_production(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "home")
    shell.ok("init", "--base-url", BASE_URL)
    assert outcomes(shell)["passphrase place"] == "warning"
    answer = shell.ok("doctor")
    assert answer.out.splitlines()[-1] == "Nothing is broken."
    elsewhere = tmp_path / "passphrase"
    shutil.move(shell.home / "keys" / "passphrase", elsewhere)
    sound = shell.run("doctor", "--json", env={"ELICENCE_PASSPHRASE_FILE": str(elsewhere)})
    assert {each["outcome"] for each in sound.json["checks"]} == {"passed"}


def test_a_home_without_a_registry_is_not_in_order(tmp_path: Path) -> None:
    nothing = Shell(tmp_path / "nothing").run("doctor", "--json")
    assert nothing.code == 1
    assert not nothing.json["passed"]
    assert not (tmp_path / "nothing").exists()


def test_the_environment_of_the_process_must_agree_with_the_registry(shell: Shell) -> None:
    answer = shell.run("licence", "list", "--json", env={"ELICENCE_ENVIRONMENT": "production"})
    assert (answer.code, answer.error["code"]) == (2, "production_refused")


def test_a_damaged_store_is_refused(shell: Shell) -> None:
    store = shell.home / "registry.db"
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 20))
    answer = shell.run("licence", "list", "--json")
    assert (answer.code, answer.error["code"]) == (4, "store_corrupt")
    assert json.loads(answer.err)["error"]["message"]


def test_what_a_lost_key_signed_is_believed_no_more_and_its_successor_is(shell: Shell) -> None:
    old = shell.issue()
    shell.refused(4, "key_not_found", "key", "compromise", "no-such-thumbprint")
    lost = shell.ok("key", "compromise", old["credential"]["kid"], "--json").json
    assert lost["state"] == "compromised"
    assert shell.verify(old["qr"]["content"]) == (10, "key_withdrawn")
    shell.refused(2, "key_state", "licence", "issue", "-", stdin=shell.request(number="JY14403050000099"))
    shell.clock.move(seconds=5)
    shell.ok("key", "rotate", "--agency", "housing")
    new = shell.issue(number="JY14403050000099")
    assert shell.verify(new["qr"]["content"]) == (0, "valid")
