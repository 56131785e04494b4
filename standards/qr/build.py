"""Builds dictionary-<id>.bin, the preset DEFLATE dictionary of the QR frame, from words-<id>.txt.

    python standards/qr/build.py 1

One entry a line, least common first: DEFLATE spends fewer bits on what lies near the end. Lines that begin with
"# " and empty lines are left out, and so is an entry that a later one contains. A dictionary that was published
never changes, because codes on paper need it for ever; better words make a dictionary with a new id.
"""

import sys
from pathlib import Path

WINDOW = 32_768  # DEFLATE looks back no further (RFC 1951 §2)


def build(words: str) -> bytes:
    """The bytes of the dictionary for the text of a word list."""
    entries = [line for line in words.splitlines() if line and not line.startswith("# ")]
    text = ""
    for entry in reversed(entries):
        if entry not in text:
            text = entry + text
    dictionary = text.encode("utf-8")
    if len(dictionary) > WINDOW:
        raise SystemExit(f"the dictionary has {len(dictionary)} bytes, DEFLATE can use {WINDOW}")
    return dictionary


if __name__ == "__main__":
    folder = Path(__file__).parent
    words_file = folder / f"words-{int(sys.argv[1])}.txt"
    (folder / f"dictionary-{int(sys.argv[1])}.bin").write_bytes(build(words_file.read_text("utf-8")))
