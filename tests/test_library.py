"""Verifying as a library: a handful of lines, and nothing loaded that verifying does not need."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.assembly import House, example, house

import elicence
from elicence import Policy, PublishedDirectory, Report, open_trusted_list, parse_roots, verify
from elicence.errors import TrustFault
from elicence.issuer.change_status import change_status
from elicence.issuer.issue import issue
from elicence.issuer.read import LicenceView
from elicence.licences.lifecycle import Action

OF_THE_SERVICE = ("sqlmodel", "sqlalchemy", "alembic", "psycopg", "pydantic", "typer", "rich", "qrcode", "PIL",
                  "zxingcpp", "pypdfium2", "stdnum", "jsonschema_rs")  # fmt: skip


def test_importing_the_library_loads_nothing_of_the_service() -> None:
    code = f"import sys, elicence; print(*[name for name in {OF_THE_SERVICE} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, "", "")


def test_verifying_loads_nothing_of_the_service(tmp_path: Path) -> None:
    with house(tmp_path / "home", None) as built:
        licence = issued(built)
        built.assembly.publish()
        published = built.settings.published_dir
        code = (
            "import sys; from datetime import datetime; from pathlib import Path\n"
            "from elicence import PublishedDirectory, open_trusted_list, parse_roots, verify\n"
            "folder, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])\n"
            "roots = parse_roots((folder / 'roots.json').read_bytes())\n"
            "trust = open_trusted_list((folder / 'trusted-list.json').read_bytes(), roots, now=now)\n"
            "report = verify(sys.argv[3], trust=trust, sources=PublishedDirectory(folder), now=now)\n"
            "print(report.verdict, report.to_json('zh-CN')['licence']['number'])\n"
            f"print(*[name for name in {OF_THE_SERVICE} if name in sys.modules])"
        )
        words = [str(published), built.clock.now.isoformat(), licence.credential]
        told = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-c", code, *words], capture_output=True, text=True, timeout=60
        )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [f"valid {licence.number}", ""]


def test_the_public_names_are_these_and_each_is_explained() -> None:
    assert set(elicence.__all__) == {
        "Policy", "PublishedDirectory", "Report", "__version__", "open_trusted_list", "parse_roots", "verify",
    }  # fmt: skip
    for name in set(elicence.__all__) - {"__version__"}:
        assert getattr(elicence, name).__doc__


def test_a_revocation_is_seen_by_the_next_check(tmp_path: Path) -> None:
    with house(tmp_path / "home", None) as built:
        licence = issued(built)
        built.assembly.publish()
        assert checked(built, licence).accepted
        change_status(built.desk, built.caller(), licence.id, Action.REVOKE, reason="penalty", now=built.clock())
        built.assembly.publish()
        report = checked(built, licence)
    assert (report.verdict, report.accepted) == ("revoked", False)


def test_an_office_may_be_stricter_than_the_default(tmp_path: Path) -> None:
    with house(tmp_path / "home", None) as built:
        licence = issued(built)
        built.assembly.publish()
        report = checked(built, licence, Policy(environment="production"))
        assert report.verdict == "test_licence"
        assert checked(built, licence, Policy(expected_type="degree")).verdict == "wrong_type"


def test_roots_of_somebody_else_make_no_trust(tmp_path: Path) -> None:
    with house(tmp_path / "one", None) as one, house(tmp_path / "two", None) as two:
        one.assembly.publish()
        roots = parse_roots((two.settings.published_dir / "roots.json").read_bytes())
        document = (one.settings.published_dir / "trusted-list.json").read_bytes()
        with pytest.raises(TrustFault, match="trust_untrusted"):
            open_trusted_list(document, roots, now=one.clock())


def issued(built: House) -> LicenceView:
    made = issue(built.desk, built.caller(), example("food-business-licence"), idempotency_key="k", now=built.clock())
    assert isinstance(made, LicenceView)
    return made


def checked(built: House, licence: LicenceView, policy: Policy | None = None) -> Report:
    folder = built.settings.published_dir
    roots = parse_roots((folder / "roots.json").read_bytes())
    trust = open_trusted_list((folder / "trusted-list.json").read_bytes(), roots, now=built.clock())
    return verify(
        licence.credential,
        trust=trust,
        sources=PublishedDirectory(folder),
        now=built.clock(),
        policy=policy or Policy(),
    )
