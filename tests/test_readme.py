"""The README tells the truth: its shell blocks run, and what they print is what it says."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall((ROOT / "README.md").read_text("utf-8")) if found == language]


def pasted(script: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Runs it in the checkout as somebody would who has set nothing, in a shell that ends with the first failure."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        ["bash", "-c", f"set -eo pipefail\n{script}"], cwd=ROOT, env=environment, capture_output=True, text=True
    )  # fmt: skip


def test_no_block_is_left_out_here() -> None:
    found = [language for language, _ in BLOCK.findall((ROOT / "README.md").read_text("utf-8"))]
    assert Counter(found) == {"sh": 4, "bash": 2, "text": 1, "python": 1}
    targets = re.findall(r"^make (\w+)", blocks("sh")[0], re.MULTILINE)
    assert targets == ["demo", "test"]
    subprocess.run(["make", "-n", *targets], cwd=ROOT, check=True, capture_output=True)


def test_the_story_of_one_licence_runs_as_pasted(tmp_path: Path) -> None:
    ran = pasted("\n".join(blocks("sh")[1:3]), tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    for promised in blocks("text"):
        assert promised.strip() in said
    assert "Revoked" in said.split(blocks("text")[0].strip())[1]


def test_the_library_example_accepts_the_licence_of_the_story(tmp_path: Path) -> None:
    _, issue, _, publish = blocks("sh")
    ran = pasted(f"{issue}\nelicence inspect licence.png --jwt > licence.jwt\n{publish}\npwd", tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    folder = Path(ran.stdout.splitlines()[-1])
    assert folder.parent == tmp_path
    example = f"scanned_text = open('licence.jwt').read().strip()\n{blocks('python')[0]}"
    ran = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["valid", "True"]
    assert not (folder / "www" / "roots.json").exists()


def test_the_story_over_http_runs_against_the_demo_with_the_line_it_prints(tmp_path: Path) -> None:
    words = [Path(sys.executable).parent / "elicence", "demo", "--lang", "en", "--port", str(free_port())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as demo:
        try:
            assert demo.stdout is not None
            told = list(lines_until(demo.stdout, "Ctrl-C"))
            (line,) = (each for each in told if each.startswith("export BASE_URL="))
            first = "".join(blocks("sh")[1].splitlines(keepends=True)[:2])
            assert first.startswith("export PATH=")
            ran = pasted(f"{first}\n{line}\n{blocks('bash')[0]}", tmp_path)
            asked = pasted(f"{first}\n{line}\n{blocks('bash')[1]}", tmp_path)
        finally:
            demo.send_signal(signal.SIGINT)
    assert json.loads(ran.stdout)["verdict"] == "valid", ran.stdout + ran.stderr
    assert "✔ Issued  " in asked.stdout, asked.stdout + asked.stderr


def lines_until(lines: Iterable[str], last: str) -> Iterator[str]:
    """Lines up to the one with these words, which must come."""
    for line in lines:
        yield line
        if last in line:
            return
    raise AssertionError(f"nobody said {last}")


def test_every_file_the_readme_points_to_is_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
