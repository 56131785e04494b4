"""The story of one licence, told with the command line alone, each command a process of its own.

Housing makes a registry, becomes an agency, may issue, and issues. The licence becomes a QR code, which two foreign
readers read. A stranger with nothing but the published files and the roots verifies it. It is suspended, reinstated,
corrected and at last revoked, and each time the next check knows.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.assembly import STANDARDS, USCC
from tests.pictures import text_in

REQUEST = STANDARDS / "food-business-licence" / "examples" / "valid-restaurant.json"
CORRECTION = {"claims": {"complaint_phone": "12345"}}


@dataclass(frozen=True)
class Desk:
    """A folder to stand in, and the command `elicence`."""

    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ELICENCE_")}
        command = [str(Path(sys.executable).with_name("elicence")), *words]
        return subprocess.run(command, cwd=self.folder, env=clean, capture_output=True, text=True, timeout=120)

    def elicence(self, *words: str) -> dict:
        """A command that must succeed, and its answer."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def verify(self, *words: str) -> tuple[int, str]:
        """Exit code and verdict of a check."""
        done = self.run("verify", *words, "--json")
        return done.returncode, json.loads(done.stdout)["verdict"]


def read_by_zbar(picture: Path) -> str:
    if shutil.which("zbarimg") is None:
        assert os.environ.get("CI") != "true", "zbarimg is missing: install Debian's zbar-tools"
        pytest.skip("zbarimg is missing: install Debian's zbar-tools to have a second reader read the code")
    done = subprocess.run(["zbarimg", "--quiet", "--raw", str(picture)], capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


def test_one_licence_from_its_registry_to_its_end(tmp_path: Path) -> None:
    housing = Desk(tmp_path / "housing")
    counter = Desk(tmp_path / "counter")
    for desk in (housing, counter):
        desk.folder.mkdir()

    # A registry, an agency, a grant.
    registry = housing.elicence("init", "--base-url", "https://e.example.gov", "--environment", "demo")
    assert registry["threshold"] == 1
    housing.elicence(
        "agency", "add", "housing", "--name-zh", "示例市住房局", "--name-en", "Example Housing Office",
        "--uscc", USCC, "--region", "3204",
    )  # fmt: skip
    housing.elicence("grant", "add", "housing", "food-business-licence")

    # A licence, and the same one for who asks twice.
    licence = housing.elicence("licence", "issue", str(REQUEST), "--agency", "housing")
    again = housing.elicence("licence", "issue", str(REQUEST), "--agency", "housing")
    assert again["credential"] == licence["credential"]

    # Its QR code, read by two readers that know nothing of us.
    code = housing.elicence("qr", "make", licence["id"], "-o", "licence.png")
    assert code["version"] <= 18
    picture = housing.folder / "licence.png"
    assert text_in(picture) == licence["qr"]["content"]
    assert read_by_zbar(picture) == licence["qr"]["content"]

    # A stranger: no registry, no account; the published files, and the roots handed over by a trusted way.
    def at_the_counter(what: str) -> tuple[int, str]:
        return counter.verify(what, "--published", str(housing.folder / "published"), "--roots", "roots.json")

    shutil.copy(housing.folder / "published" / "roots.json", counter.folder)
    shutil.copy(picture, counter.folder)
    assert at_the_counter("licence.png") == (0, "valid")
    assert housing.verify("licence.png") == (0, "valid")
    assert housing.verify(licence["verification_code"]) == (0, "valid")

    # Suspended and reinstated.
    housing.elicence("licence", "suspend", licence["id"], "--reason", "penalty")
    assert at_the_counter("licence.png") == (10, "suspended")
    housing.elicence("licence", "reinstate", licence["id"])
    assert at_the_counter("licence.png") == (0, "valid")

    # Signed with another key from now on; what the old one signed stays good.
    housing.elicence("key", "rotate", "--agency", "housing")
    assert at_the_counter("licence.png") == (0, "valid")

    # Corrected: the old code says that there is a newer one.
    (housing.folder / "correction.json").write_text(json.dumps(CORRECTION))
    corrected = housing.elicence("licence", "correct", licence["id"], "correction.json", "--reason", "issued_in_error")
    assert corrected["version"] == 2
    assert corrected["credential"]["kid"] != licence["credential"]["kid"]
    assert at_the_counter("licence.png") == (11, "superseded")
    housing.elicence("qr", "make", licence["id"], "-o", "corrected.png")
    shutil.copy(housing.folder / "corrected.png", counter.folder)
    assert at_the_counter("corrected.png") == (0, "valid")

    # Revoked, for good and in every version.
    housing.elicence("licence", "revoke", licence["id"], "--reason", "penalty")
    for old_or_new in ("licence.png", "corrected.png"):
        assert at_the_counter(old_or_new) == (10, "revoked")
    assert housing.run("licence", "reinstate", licence["id"]).returncode == 4
    told = housing.run("verify", "corrected.png", "--lang", "zh-CN")
    assert (told.returncode, told.stdout.splitlines()[0]) == (10, "✘ 证照已作废")

    # And nothing was left behind.
    acts = housing.run("licence", "history", licence["id"], "--json").stdout.splitlines()
    assert [json.loads(act)["verb"] for act in acts][:5] == ["issue", "suspend", "reinstate", "supersede", "correct"]
    assert housing.elicence("doctor")["passed"]
