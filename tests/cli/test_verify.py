"""`elicence verify`: whatever is handed over ends in a verdict or a sentence, with an exit code that says which."""

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from tests.assembly import STANDARDS
from tests.cli.shell import DEGREE, ESTATE, FOOD, Shell

from elicence.formats.qr import make_symbol, png

WIFI = "WIFI:T:WPA;S:office;P:secret;;"


def picture(*texts: str) -> Image.Image:
    """The codes of the texts, one beside the other on white paper."""
    codes = [Image.open(io.BytesIO(png(make_symbol(text), 4))).convert("L") for text in texts]
    paper = Image.new("L", (sum(code.width for code in codes), max(code.height for code in codes)), 255)
    left = 0
    for code in codes:
        paper.paste(code, (left, 0))
        left += code.width
    return paper


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


# What cannot be read at all


def test_a_file_that_cannot_be_read_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "noise.png").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "half.png").write_bytes(png(make_symbol(WIFI), 4)[:200])
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\nnothing")
    for name, code in {
        "missing.png": "file_unreadable", "empty.png": "file_unreadable", "noise.png": "image_bad",
        "half.png": "image_bad", "bad.pdf": "pdf_bad",
    }.items():  # fmt: skip
        shell.refused(3, code, "verify", tmp_path / name)
    shell.refused(3, "file_unreadable", "verify", tmp_path)
    shell.refused(3, "file_unreadable", "verify", "-", stdin="")


def test_a_picture_without_a_code_is_refused_as_such(shell: Shell, tmp_path: Path) -> None:
    paper = Image.new("L", (600, 800), 255)
    shell.refused(3, "qr_unreadable", "verify", saved(paper, tmp_path / "blank.png"))
    shell.refused(3, "qr_unreadable", "verify", saved(paper, tmp_path / "blank.pdf"))


def test_a_picture_of_more_than_30_megabytes_is_refused_unread(shell: Shell, tmp_path: Path) -> None:
    big = tmp_path / "big.png"
    big.write_bytes(png(make_symbol(WIFI), 4) + bytes(30_000_000))
    assert "30000000" in shell.refused(3, "file_too_large", "verify", big).err


def test_a_picture_with_too_many_pixels_is_refused_undrawn(shell: Shell, tmp_path: Path) -> None:
    shell.refused(3, "image_too_large", "verify", saved(Image.new("1", (8000, 8000), 1), tmp_path / "vast.png"))


# What can be read and is no licence


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (WIFI, "not_a_licence"),
        ("https://bank.example/pay", "not_a_licence"),
        ("hello", "not_a_licence"),
        ("9" * 5000, "damaged"),
        ("https://e.example.gov/v#" + "1" * 300, "unsupported"),
        ("eyJhbGciOiJub25lIn0.e30.", "not_a_licence"),
    ],
    ids=["wifi", "link", "word", "5000 digits", "another frame", "foreign token"],
)
def test_what_is_no_licence_decides_nothing(shell: Shell, text: str, verdict: str) -> None:
    assert shell.verify(text) == (12, verdict)


def test_the_secret_of_a_wifi_code_is_not_repeated(shell: Shell, tmp_path: Path) -> None:
    answer = shell.run("verify", saved(picture(WIFI), tmp_path / "wifi.png"))
    assert answer.code == 12
    assert "a Wi-Fi code" in answer.out
    assert "secret" not in answer.out + answer.err


def test_a_changed_digit_is_never_accepted(shell: Shell) -> None:
    content = shell.issue()["qr"]["content"]
    changed = content[:-10] + ("0" if content[-10] != "0" else "1") + content[-9:]
    code, verdict = shell.verify(changed)
    assert (code, verdict) == (10, "tampered")


# The same licence in every form


def test_a_licence_is_accepted_in_every_form_it_may_come_in(shell: Shell, tmp_path: Path) -> None:
    licence = shell.issue()
    content, jwt = licence["qr"]["content"], licence["credential"]["jwt"]
    text = tmp_path / "code.txt"
    text.write_text(f"{content}\r\n")
    forms = {
        "url": content,
        "digits": content.partition("#")[2],
        "token": jwt,
        "typed code": licence["verification_code"],
        "typed carelessly": licence["verification_code"].lower().replace("0", "o"),
        "online code": f"HTTPS://E.EXAMPLE.GOV/V/{licence['verification_code']}",
        "png": saved(picture(content), tmp_path / "a.png"),
        "jpeg": saved(picture(content), tmp_path / "a.jpg", quality=60),
        "webp": saved(picture(content), tmp_path / "a.webp"),
        "pdf": saved(picture(content), tmp_path / "a.pdf", resolution=100),
        "text file": text,
        "file of an unknown name": saved(picture(content), tmp_path / "scan", format="PNG"),
    }
    assert {name: shell.verify(form) for name, form in forms.items()} == dict.fromkeys(forms, (0, "valid"))
    assert shell.verify("-", stdin=content) == (0, "valid")
    assert shell.verify(stdin=content) == (0, "valid")


def test_another_code_on_the_same_sheet_does_not_disturb(shell: Shell, tmp_path: Path) -> None:
    content = shell.issue()["qr"]["content"]
    sheet = saved(picture(WIFI, content, "https://agency.example"), tmp_path / "sheet.png")
    assert shell.verify(sheet) == (0, "valid")


def test_every_page_of_a_pdf_is_judged(shell: Shell, tmp_path: Path) -> None:
    good, bad = shell.issue(), shell.issue(ESTATE)
    shell.ok("licence", "revoke", bad["id"], "--reason", "cancelled")
    pages = [picture(each["qr"]["content"]) for each in (good, bad)]
    pages[0].save(tmp_path / "two.pdf", save_all=True, append_images=pages[1:], resolution=100)
    answer = shell.run("verify", tmp_path / "two.pdf", "--json")
    assert answer.code == 10
    assert [(each["input"], each["verdict"]) for each in answer.objects] == [
        ("two.pdf", "valid"),
        ("two.pdf", "revoked"),
    ]


# Several inputs


def test_of_several_inputs_the_gravest_counts_and_a_missing_file_stops_none(shell: Shell, tmp_path: Path) -> None:
    good, bad = shell.issue(), shell.issue(number="JY14403050000099")
    shell.ok("licence", "revoke", bad["id"], "--reason", "penalty")
    fine, revoked = good["qr"]["content"], bad["qr"]["content"]
    for contents, code in (
        ((fine, fine), 0),
        ((fine, WIFI), 12),
        ((tmp_path / "missing.png", fine), 3),
        ((WIFI, tmp_path / "missing.png"), 3),
        ((tmp_path / "missing.png", revoked), 10),
        ((WIFI, revoked, fine), 10),
    ):
        answer = shell.run("verify", *contents, "--json")
        assert answer.code == code
        assert len(answer.objects) + len(answer.err.splitlines()) == len(contents)
    lines = shell.run("verify", "-", "--json", stdin=f"{fine}\n\n{revoked}\n")
    assert (lines.code, [each["verdict"] for each in lines.objects]) == (10, ["valid", "revoked"])


# Verification codes


def test_a_verification_code_is_looked_up_in_this_registry_and_nowhere_else(shell: Shell, tmp_path: Path) -> None:
    code = shell.issue()["verification_code"]
    shell.refused(3, "verification_code_bad", "verify", code[:-1] + ("0" if code[-1] != "0" else "1"))
    shell.refused(4, "verification_code_not_found", "verify", "000G40R40M3S")
    elsewhere = Shell(tmp_path / "elsewhere", shell.clock)
    published = shell.home / "published"
    assert elsewhere.verify(code, "--published", published, "--roots", published / "roots.json") == (
        12,
        "not_a_licence",
    )


def test_the_code_of_a_replaced_version_says_so(shell: Shell) -> None:
    licence = shell.issue()
    corrected = shell.ok(
        "licence", "correct", licence["id"], "-", "--reason", "issued_in_error", "--json",
        stdin='{"claims": {"complaint_phone": "12345"}}',
    ).json  # fmt: skip
    assert shell.verify(licence["verification_code"]) == (11, "superseded")
    assert shell.verify(licence["qr"]["content"]) == (11, "superseded")
    assert shell.verify(corrected["verification_code"]) == (0, "valid")


def test_a_typed_code_shows_only_what_is_open_where_the_register_is_closed(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS, folder)
    file = folder / DEGREE / "v1.json"
    changed = json.loads(file.read_bytes()) | {"register": "none"}
    file.write_text(json.dumps(changed, ensure_ascii=False))
    env = {"ELICENCE_STANDARDS_DIR": str(folder)}
    assert shell.run("type", "lint", "--write-lock", env=env).code == 0
    issued = shell.run("licence", "issue", "-", "--json", stdin=shell.request(DEGREE), env=env)
    assert issued.code == 0, issued.err
    scanned = shell.run("verify", issued.json["qr"]["content"], "--json", env=env).json
    typed = shell.run("verify", issued.json["verification_code"], "--json", env=env).json
    assert typed["verdict"] == scanned["verdict"] == "valid"
    assert [each["name"] for each in scanned["licence"]["holders"]] == ["Sample Person Alexandra"]
    assert typed["licence"]["holders"] == [{"kind": "person"}]
    assert "gender" in {each["name"] for each in scanned["licence"]["claims"]}
    assert "gender" not in {each["name"] for each in typed["licence"]["claims"]}
    assert typed["licence"]["claims"] != []


# Expectations of an office


def test_an_office_may_ask_for_a_type_a_holder_and_fresh_status(shell: Shell) -> None:
    licence = shell.issue()
    content = licence["qr"]["content"]
    tail = json.loads(shell.request())["holders"][0]["id"][-4:]
    assert shell.verify(content, "--expect-type", FOOD, "--id-tail", tail.lower()) == (0, "valid")
    assert shell.verify(content, "--expect-type", DEGREE) == (11, "wrong_type")
    assert shell.verify(content, "--id-tail", "0000") == (11, "holder_mismatch")
    for words in (("--id-tail", "x"), ("--max-status-age", "soon"), ("--max-status-age", "0h"), ("--lang", "fr")):
        shell.refused(2, "usage", "verify", content, *words)


def test_a_code_on_paper_asks_for_the_photo_where_the_type_does(shell: Shell) -> None:
    content = shell.issue(ESTATE)["qr"]["content"]
    assert shell.verify(content) == (0, "valid")
    assert shell.verify(content, "--paper") == (0, "valid_check_id")


def test_without_a_registry_old_lists_confirm_nothing(shell: Shell, tmp_path: Path) -> None:
    content = shell.issue()["qr"]["content"]
    published = shell.home / "published"
    words = ("--published", published, "--roots", published / "roots.json")
    office = Shell(tmp_path / "office", shell.clock)
    assert office.verify(content, *words) == (0, "valid")
    shell.clock.move(hours=2)
    assert office.verify(content, *words) == (0, "valid")
    assert office.verify(content, *words, "--max-status-age", "1h") == (11, "status_unknown")
    shell.clock.move(hours=22)
    assert office.verify(content, *words) == (11, "status_unknown")
    shell.clock.move(days=31)
    office.refused(4, "trust_expired", "verify", content, *words)


def test_in_the_home_of_a_registry_old_lists_are_brought_up_to_date_first(shell: Shell) -> None:
    content = shell.issue()["qr"]["content"]
    shell.clock.move(days=3)
    assert shell.verify(content) == (0, "valid")


def test_a_registry_that_cannot_publish_still_checks_with_the_lists_it_has(shell: Shell) -> None:
    content = shell.issue()["qr"]["content"]
    shell.clock.move(hours=3)
    (shell.home / "keys" / "passphrase").chmod(0o644)
    answer = shell.run("verify", content)
    assert answer.code == 0
    assert "[key_exposed]" in answer.err


# Trust


def test_a_folder_cannot_vouch_for_itself(shell: Shell, tmp_path: Path) -> None:
    content = shell.issue()["qr"]["content"]
    published = shell.home / "published"
    shell.refused(2, "usage", "verify", content, "--published", published)
    shell.refused(2, "settings_bad", "verify", content, "--published", published, "--roots", tmp_path / "roots.json")
    shell.refused(2, "settings_bad", "verify", content, "--published", tmp_path, "--roots", published / "roots.json")


def test_licences_of_another_registry_are_not_known_here(shell: Shell, tmp_path: Path) -> None:
    other = Shell(tmp_path / "other", shell.clock)
    other.ok("init", "--base-url", "https://x.example.gov", "--environment", "demo")
    content = shell.issue()["qr"]["content"]
    assert other.verify(content) == (12, "unknown_issuer")
    other.refused(
        4, "trust_untrusted", "verify", content, "--published", shell.home / "published",
        "--roots", other.home / "published" / "roots.json",
    )  # fmt: skip


def test_no_holder_is_shown_of_what_is_not_signed(shell: Shell) -> None:
    body = json.loads(shell.request(ESTATE))
    content = shell.issue(ESTATE)["qr"]["content"]
    changed = content[:-10] + ("0" if content[-10] != "0" else "1") + content[-9:]
    for words in ((), ("--json",)):
        answer = shell.run("verify", changed, *words)
        assert answer.code == 10
        assert body["holders"][0]["name"] not in answer.out


# What people read


def test_the_verdict_comes_first_in_either_language_and_fits_80_columns(shell: Shell) -> None:
    content = shell.issue(ESTATE)["qr"]["content"]
    english, chinese = shell.run("verify", content).out, shell.run("verify", content, "--lang", "zh-CN").out
    assert english.splitlines()[0] == "✔ Valid licence"
    assert chinese.splitlines()[0] == "✔ 有效证照"
    assert "Example Housing Office" in english
    assert "示例市住房局" in chinese
    assert max(map(len, english.splitlines())) <= 80


def test_a_hostile_text_cannot_move_the_cursor(shell: Shell) -> None:
    answer = shell.run("verify", "javascript:\x1b[2J\x07")
    assert answer.code == 12
    assert "\x1b" not in answer.out
