"""Writes what the API says of itself into `docs/`, after a change of it: `python tests/api/write_documents.py`."""

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.api.calls import calls_of  # noqa: E402
from tests.assembly import house  # noqa: E402

FILES = ("openapi.json", "openapi.zh-CN.overlay.json")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), None) as made:
        calls = calls_of(made)
        for name in FILES:
            text = json.dumps(calls.get(f"/{name}").json(), ensure_ascii=False, indent=1)
            (ROOT / "docs" / name).write_text(f"{text}\n", "utf-8")
        calls.close()


if __name__ == "__main__":
    main()
