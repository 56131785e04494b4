"""QR codes made and read, and codes looked into without believing them."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.shell import ESTATE, Shell

from elicence.formats.jws import parse_jws


def test_what_cannot_become_a_code_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.refused(4, "licence_not_found", "qr", "make", "lic_01m864m4c3ej1vz73fy85taex9")
    shell.refused(3, "qr_not_licence", "qr", "make", "-", stdin="hello")
    shell.refused(3, "file_unreadable", "qr", "make", tmp_path / "missing.txt")
    licence = shell.issue()
    shell.refused(2, "usage", "qr", "make", licence["id"], "-o", tmp_path / "out.gif")
    shell.refused(2, "usage", "qr", "make", licence["id"], "-o", tmp_path / "out.png", "--scale", "0")
    shell.refused(2, "usage", "qr", "make", "-", "--short", stdin=licence["credential"]["jwt"])
    shell.refused(4, "file_error", "qr", "make", licence["id"], "-o", tmp_path / "no" / "out.png")
    shell.refused(4, "agency_not_found", "qr", "make", licence["id"], "--agency", "nobody")


def test_a_picture_without_code_or_no_picture_is_not_read(shell: Shell, tmp_path: Path) -> None:
    Image.new("L", (300, 300), 255).save(tmp_path / "blank.png")
    shell.refused(3, "qr_unreadable", "qr", "read", tmp_path / "blank.png")
    shell.refused(3, "file_unreadable", "qr", "read", tmp_path / "missing.png")
    shell.refused(3, "file_unreadable", "qr", "read", "just a text")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_code_made_of_an_id_a_token_or_a_url_is_the_same(shell: Shell, tmp_path: Path, kind: str) -> None:
    licence = shell.issue()
    token = tmp_path / "licence.jwt"
    token.write_text(licence["credential"]["jwt"])
    made = []
    for source in (licence["id"], token, licence["qr"]["content"]):
        out = tmp_path / f"{len(made)}.{kind}"
        told = shell.ok("qr", "make", source, "-o", out, "--json").json
        assert told["content"] == licence["qr"]["content"]
        assert told["least_width_mm"] == (told["modules"] + 8) / 2
        made.append(out.read_bytes())
    assert len(set(made)) == 1


def test_a_code_made_is_read_back_exactly(shell: Shell, tmp_path: Path) -> None:
    licence = shell.issue(ESTATE)
    shell.ok("qr", "make", licence["id"], "-o", tmp_path / "a.png")
    read = shell.ok("qr", "read", tmp_path / "a.png", "--json").json
    assert (read["kind"], read["content"]) == ("licence_url", licence["qr"]["content"])
    shell.ok("qr", "make", licence["id"], "--short", "-o", tmp_path / "b.png")
    read = shell.ok("qr", "read", tmp_path / "b.png", "--json").json
    assert (read["kind"], read["content"]) == (
        "verification_code", f"HTTPS://E.EXAMPLE.GOV/V/{licence['verification_code']}"
    )  # fmt: skip


def test_a_code_too_fine_for_print_is_made_with_a_warning(shell: Shell, tmp_path: Path) -> None:
    licence = shell.issue()
    fine = shell.ok("qr", "make", licence["id"], "-o", tmp_path / "a.png", "--scale", "5")
    assert "finer than 0.5 mm" in fine.err
    assert "--scale 6" in fine.err
    assert shell.ok("qr", "make", licence["id"], "-o", tmp_path / "a.png", "--scale", "6").err == ""


def test_a_code_stands_in_the_terminal_with_its_size(shell: Shell) -> None:
    told = shell.ok("qr", "make", shell.issue()["id"]).out
    assert "█▀" in told
    assert "mm wide" in told


def test_a_foreign_code_is_read_and_named_and_cannot_colour_the_terminal(shell: Shell, tmp_path: Path) -> None:
    from elicence.formats.qr import make_symbol, png

    (tmp_path / "w.png").write_bytes(png(make_symbol("WIFI:T:WPA;S:\x1b[31moffice;P:x;;"), 4))
    told = shell.ok("qr", "read", tmp_path / "w.png").out
    assert "a Wi-Fi code" in told
    assert "\x1b" not in told


# inspect


def test_what_carries_no_licence_cannot_be_looked_into(shell: Shell) -> None:
    assert "a Wi-Fi code" in shell.refused(3, "qr_not_licence", "inspect", "WIFI:T:WPA;S:x;P:y;;").error["message"]
    shell.refused(3, "qr_not_licence", "inspect", "000G40R40M3S")
    shell.refused(3, "qr_too_long", "inspect", "9" * 5000)
    shell.refused(3, "alg_not_allowed", "inspect", "eyJhbGciOiJub25lIiwidHlwIjoidmMrand0Iiwia2lkIjoieCJ9.e30.AA")
    shell.refused(3, "file_unreadable", "inspect", "missing.png")


def test_every_line_says_that_nothing_was_verified(shell: Shell, tmp_path: Path) -> None:
    licence = shell.issue()
    shell.ok("qr", "make", licence["id"], "-o", tmp_path / "a.png")
    lines = shell.ok("inspect", tmp_path / "a.png").out.splitlines()
    assert all(line.startswith("UNVERIFIED  ") for line in lines)
    assert any(licence["number"] in line for line in lines)
    seen = shell.ok("inspect", licence["qr"]["content"], "--json").json
    assert seen["unverified"] is True
    assert seen["payload"]["credentialSubject"]["licenceNumber"] == licence["number"]


def test_the_token_alone_is_given_back_exactly(shell: Shell) -> None:
    licence = shell.issue()
    assert shell.ok("inspect", licence["qr"]["content"], "--jwt").out == licence["credential"]["jwt"] + "\n"


def test_a_forged_word_is_shown_as_unverified_too(shell: Shell) -> None:
    token = shell.issue()["credential"]["jwt"]
    head, body, signature = token.split(".")
    forged = f"{head}.{body}.{'A' * len(signature)}"
    assert parse_jws(forged, typ="vc+jwt").text == forged
    assert shell.ok("inspect", forged).out.startswith("UNVERIFIED")
    assert shell.verify(forged) == (10, "tampered")


def test_a_status_list_can_be_looked_into(shell: Shell) -> None:
    shell.issue()
    token = (shell.home / "published" / "status" / "housing" / "1.statuslist+jwt").read_text()
    seen = shell.ok("inspect", "-", "--json", stdin=token).json
    assert seen["header"]["typ"] == "statuslist+jwt"
    assert json.dumps(seen["payload"]).count("lst") == 1
