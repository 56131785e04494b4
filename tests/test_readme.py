"""The README tells the truth: its shell blocks run, and what they print is what it says."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall((ROOT / "README.md").read_text("utf-8")) if found == language]


def test_the_story_of_one_licence_runs_as_pasted(tmp_path: Path) -> None:
    story = blocks("sh")[1:3]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "STANDARDS": str(ROOT / "standards"),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }
    script = "set -e\n" + "\n".join(story)
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
    for promised in blocks("text"):
        assert promised.strip() in said
    assert "Revoked" in said.split(blocks("text")[0].strip())[1]


def test_the_library_example_accepts_the_licence_of_the_story(tmp_path: Path) -> None:
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "STANDARDS": str(ROOT / "standards")}
    _, issue, _, publish = blocks("sh")
    issue += "\nelicence inspect licence.png --jwt > licence.jwt\n" + publish
    subprocess.run(["bash", "-c", "set -e\n" + issue], cwd=tmp_path, env=environment, check=True, capture_output=True)
    example = f"scanned_text = open('licence.jwt').read().strip()\n{blocks('python')[0]}"
    ran = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["valid", "True"]
    assert not (tmp_path / "www" / "roots.json").exists()


def test_the_story_over_http_runs_against_the_demo(tmp_path: Path) -> None:
    words = [Path(sys.executable).parent / "elicence", "demo", "--json", "--port", str(free_port())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as demo:
        try:
            told = json.loads(demo.stdout.readline())
            environment = {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "STANDARDS": str(ROOT / "standards"),
                "BASE_URL": told["base_url"],
                "CLIENT_ID": told["client_id"],
                "CLIENT_SECRET": told["client_secret"],
            }
            script = "set -eo pipefail\n" + blocks("bash")[0]
            ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
            script = "set -e\n" + blocks("bash")[1]
            asked = subprocess.run(
                ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
        finally:
            demo.send_signal(signal.SIGINT)
    assert json.loads(ran.stdout)["verdict"] == "valid", ran.stdout + ran.stderr
    assert "✔ Issued  " in asked.stdout, asked.stdout + asked.stderr
    assert len(blocks("bash")) == 2


def test_every_file_the_readme_points_to_is_there() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
