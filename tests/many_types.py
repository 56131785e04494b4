"""Standards folders with as many licence types as one likes: the shipped ones, and copies under other names."""

import shutil
from pathlib import Path

from tests.assembly import STANDARDS

MODEL = "food-business-licence"
_CODE = "99901"  # of the model; the last three digits count up
_FIRST, _MOST = 100, 700


def slug_of(number: int) -> str:
    """The number-th copy."""
    return f"licence-{number}"


def write_copies(folder: Path, count: int, *, first: int = 0) -> None:
    """Copies of one type, each a licence type of its own."""
    stated = (STANDARDS / MODEL / "v1.json").read_text("utf-8")
    assert 0 <= first <= first + count <= _MOST
    for number in range(first, first + count):
        path = folder / slug_of(number) / "v1.json"
        path.parent.mkdir(parents=True)
        one = stated.replace(MODEL, slug_of(number)).replace(_CODE, f"99{_FIRST + number}")
        path.write_text(one, "utf-8")


def standards_with(folder: Path, total: int) -> Path:
    """The shipped standards, with copies until there are `total` types."""
    shutil.copytree(STANDARDS, folder)
    shipped = len(list(folder.glob("*/v1.json")))
    write_copies(folder, total - shipped)
    return folder
