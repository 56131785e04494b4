"""Remakes the vectors that hang on dictionary 1, after its word list changed and before it was published.

    python standards/qr/build.py 1 && python tests/vectors/qr-frame/make.py

All other vectors stay as they are, byte for byte. Written from docs/qr-frame.md with zlib alone, without the code under
test. Once a release has published the dictionary, this script has no more work.
"""

import hashlib
import json
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
DICTIONARY = FOLDER.parents[2] / "standards/qr/dictionary-1.bin"
SMALL = 7


def packed(data: bytes, dictionary: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return deflate.compress(data) + deflate.flush()


def framed(case: dict, deflate: bytes) -> bytes:
    """The bytes of the frame: version 1, the dictionary the case names, length, DEFLATE, signature."""
    start = bytes([1, case["dictionary"]]) + bytes.fromhex(case["header_length_hex"])
    return start + deflate + bytes.fromhex(case["signature_hex"])


def remake_valid(vectors: dict, dictionary: bytes) -> None:
    for case in vectors["cases"]:
        if case["dictionary"] == 1:
            deflate = packed((case["header"] + case["payload"]).encode(), dictionary)
            frame = framed(case, deflate)
            digits = str(int.from_bytes(frame, "big"))
            url = f"https://licence.example/v#{digits}"
            case.update(deflate_hex=deflate.hex(), frame_hex=frame.hex(), digits=digits, url=url)


def remake_invalid(vectors: dict, smallest: dict, dictionary: bytes) -> None:
    """`dictionary-other`: the smallest valid case, compressed with dictionary 1 while its frame names the small one."""
    frame = framed(smallest, packed((smallest["header"] + smallest["payload"]).encode(), dictionary))
    for case in vectors["cases"]:
        if case["name"] == "dictionary-other":
            case["digits"] = str(int.from_bytes(frame, "big"))


def main() -> None:
    """Write both files anew with the dictionary as it is."""
    dictionary = DICTIONARY.read_bytes()
    valid, invalid = (json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in ("valid", "invalid"))
    smallest = valid["cases"][0]
    if smallest["dictionary"] != SMALL:
        raise SystemExit("the first valid case is the smallest one")
    remake_valid(valid, dictionary)
    remake_invalid(invalid, smallest, dictionary)
    for name, vectors in (("valid", valid), ("invalid", invalid)):
        vectors["dictionaries"]["1"]["sha256"] = hashlib.sha256(dictionary).hexdigest()
        (FOLDER / f"{name}.json").write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
