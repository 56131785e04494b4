"""The wheel without extras: what a stranger installs to check licences, and nothing that issuing needs."""

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from textwrap import dedent

import pytest
from packaging.requirements import Requirement
from tests.assembly import ROOT, example, house

from elicence.formats.frame import encode_frame, licence_url
from elicence.issuer.change_status import change_status
from elicence.issuer.issue import issue
from elicence.issuer.read import LicenceView
from elicence.licences.lifecycle import Action

ALLOWED = {"elicence", "cryptography", "cffi", "pycparser", "pyjwt", "orjson"}
ISSUING = ("sqlmodel", "sqlalchemy", "alembic", "psycopg", "pydantic", "pydantic_settings", "typer", "rich", "qrcode",
           "PIL", "zxingcpp", "pypdfium2", "stdnum", "jsonschema_rs")  # fmt: skip
FIVE_LINES = dedent("""
    import sys
    from datetime import datetime
    from pathlib import Path

    text, published, roots, now = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), datetime.fromisoformat(sys.argv[4])

    from elicence import PublishedDirectory, open_trusted_list, parse_roots, verify
    trust = open_trusted_list((published / "trusted-list.json").read_bytes(), parse_roots(roots.read_bytes()), now=now)
    report = verify(text, trust=trust, sources=PublishedDirectory(published), now=now)
    print(report.verdict, report.accepted)
    print(report.face.number if report.face else None)
""")
NO_SOCKETS = "import socket\nsocket.socket = socket.create_connection = socket.getaddrinfo = None\n"


@dataclass
class Place:
    """A fresh virtual environment that holds the wheel and what it asks for."""

    python: Path

    def run(self, code: str, *arguments: str) -> str:
        """The output of the code, run with no network and no way into this checkout."""
        cut = network_cut()
        command = [*cut, self.python, "-I", "-c", code if cut else NO_SOCKETS + code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.python.parent, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


def network_cut() -> list[str]:
    """The command that takes the network away, where the system allows that; empty where it does not."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return []


def wanted(name: str, found: set[str]) -> set[str]:
    """The distribution and everything it asks for without extras, as installed here."""
    if name not in found:
        found.add(name)
        for line in distribution(name).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted(requirement.name.lower().replace("_", "-"), found)
    return found


def copy_distribution(name: str, site_packages: Path) -> None:
    for file in distribution(name).files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the backend itself: no build isolation, so nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("stranger") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site_packages = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    for name in wanted("elicence", set()) - {"elicence"}:
        copy_distribution(name, site_packages)
    # With no index to turn to, pip refuses a wheel that asks for anything more.
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", wheel]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Place(python)


@dataclass
class Scene:
    """A licence as its holder shows it, and the folders a stranger has."""

    code: str
    number: str
    before: Path
    after: Path
    roots: Path
    now: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Published folders before and after the licence was revoked."""
    home = tmp_path_factory.mktemp("home")
    with house(home, None) as built:
        body = example("food-business-licence")
        licence = issue(built.desk, built.caller(), body, idempotency_key="1", now=built.clock())
        assert isinstance(licence, LicenceView)
        built.assembly.publish()
        before = Path(shutil.copytree(built.settings.published_dir, home / "before"))
        change_status(
            built.desk, built.caller(), licence.id, Action.REVOKE, reason="issued_in_error", now=built.clock()
        )
        built.assembly.publish()
        code = licence_url(built.desk.base_url, encode_frame(licence.credential, 1, built.desk.dictionaries[1]))
        now = built.clock().isoformat()
        roots = Path(shutil.move(before / "roots.json", home / "roots.json"))
        yield Scene(code, licence.number, before, built.settings.published_dir, roots, now)


def test_the_wheel_carries_what_browsers_are_served(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix("elicence/web/static/") for name in archive.namelist()}
    static = ROOT / "src" / "elicence" / "web" / "static"
    there = {path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file()}
    assert "verifier/verify.js" in there
    assert there <= names
    assert not [name for name in names if "node_modules" in name]


def test_the_wheel_asks_for_nothing_but_what_verifying_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("METADATA"))
    asked = [line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    plain = {Requirement(line).name for line in asked if "extra ==" not in line}
    assert plain == {"cryptography", "pyjwt", "orjson"}
    assert {"elicence/verifier/verdicts.json", "elicence/standards/licence-type.schema.json"} <= names
    assert {name.split("/")[0] for name in names} == {
        "elicence",
        next(n for n in names if ".dist-info/" in n).split("/")[0],
    }


def test_five_lines_verify_a_licence_with_the_network_cut(place: Place, scene: Scene) -> None:
    answer = place.run(FIVE_LINES, scene.code, str(scene.before), str(scene.roots), scene.now)
    assert answer.splitlines() == ["valid True", scene.number]


def test_five_lines_see_the_revocation(place: Place, scene: Scene) -> None:
    answer = place.run(FIVE_LINES, scene.code, str(scene.after), str(scene.roots), scene.now)
    assert answer.splitlines()[0] == "revoked False"


def test_nothing_that_issuing_needs_can_be_imported_there(place: Place) -> None:
    code = f"import importlib.util, json\nprint(json.dumps([n for n in {ISSUING!r} if importlib.util.find_spec(n)]))"
    assert json.loads(place.run(code)) == []
    installed = "import importlib.metadata as m\nprint(*sorted({d.name.lower() for d in m.distributions()}))"
    assert set(place.run(installed).split()) == ALLOWED


def test_the_network_is_really_cut(place: Place) -> None:
    code = dedent("""
        import socket
        try:
            socket.create_connection(("192.0.2.1", 443), timeout=5)
        except (OSError, TypeError) as error:
            print(type(error).__name__, getattr(error, "errno", None))
    """)
    assert place.run(code).split()[0] in {"OSError", "TypeError"}
