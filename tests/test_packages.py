"""`packages.sh` on machines that lack what the tests start: installs what can be had, names the rest."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "packages.sh"
# Stands for Debian's: a package is a program of that name; `npm` cannot be had, nor anything together with it.
APT = """#!/bin/sh
echo "$@" >> "$LOG"
[ "$1" = install ] || exit 0
shift 4
case " $* " in *" npm "*) echo "broken packages" >&2; exit 100;; esac
for each in "$@"; do
    case "$each" in zbar-tools) each=zbarimg;; esac
    echo '#!/bin/sh' > "$BIN/$each"
    chmod +x "$BIN/$each"
done
"""


class Machine:
    """One whose PATH holds next to nothing, with a package manager or without, and who is asking."""

    def __init__(self, folder: Path, *, user: int = 0, apt: bool = True) -> None:
        self.bin, self.log = folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for program in ("sh", "chmod"):
            (self.bin / program).symlink_to(shutil.which(program) or program)
        self._program("id", f"#!/bin/sh\necho {user}\n")
        if apt:
            self._program("apt-get", APT)

    def _program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, *words: str, ci: bool = False) -> tuple[int, str]:
        """Exit code, and what was said to be missing."""
        environment = {"PATH": str(self.bin), "BIN": str(self.bin), "LOG": str(self.log)} | (
            {"CI": "true"} if ci else {}
        )
        done = subprocess.run(["/bin/sh", SCRIPT, *words], env=environment, capture_output=True, text=True, timeout=30)
        return done.returncode, done.stderr


def test_what_is_missing_is_named_where_nothing_can_be_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=1000)
    code, said = machine.run()
    assert code == 0
    assert {"zbar-tools", "npm", "curl"} <= set(said.split())
    assert machine.run(ci=True)[0] == 1
    assert machine.log.read_text() == ""


def test_without_a_package_manager_root_is_told_the_same(tmp_path: Path) -> None:
    machine = Machine(tmp_path, apt=False)
    assert machine.run("bench") == (0, "missing for the bench: wrk util-linux (Debian package names)\n")
    assert machine.run("bench", ci=True)[0] == 1


def test_a_package_that_cannot_be_had_does_not_keep_the_others_away(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    code, said = machine.run(ci=True)
    assert code == 1
    assert (machine.bin / "zbarimg").exists()
    assert (machine.bin / "curl").exists()
    named = said.rpartition("missing for the tests:")[2].split()
    assert "npm" in named
    assert not {"zbar-tools", "curl"} & set(named)


def test_nothing_is_installed_where_everything_is_there(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for program in ("wrk", "taskset"):
        (machine.bin / program).symlink_to("/bin/true")
    assert machine.run("bench", ci=True) == (0, "")
    assert machine.log.read_text() == ""


@pytest.mark.parametrize("word", ["test", "benchmarks", "tests bench"])
def test_another_purpose_is_refused(tmp_path: Path, word: str) -> None:
    assert Machine(tmp_path).run(word) == (2, "usage: packages.sh [tests|bench]\n")
