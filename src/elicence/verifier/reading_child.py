"""The process in which one upload is opened: it takes bytes from standard input, says what codes it saw, and ends.

Pictures and PDF files come from strangers and are read by libraries written in C. So they are opened where there is
nothing to gain: no key, no store, no environment, and limits on memory, time and files that cannot be raised again.
"""

import json
import resource
import sys
from typing import Final

from elicence.errors import FormatError

__all__ = ["MAX_CODES", "answer", "forgo"]

MAX_CODES: Final = 50
_MEMORY: Final = 1_500_000_000
_SECONDS: Final = 20


def forgo() -> None:
    """Gives up, for good, memory and time beyond what a picture needs, and writing files at all."""
    limits = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: _SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


def answer(data: bytes) -> bytes:
    """What goes to standard output: `{"codes": […]}`, at most one more than `MAX_CODES`, or `{"fault": <code>}`."""
    # Imported here: the libraries that open pictures are loaded under the limits.
    from elicence.verifier.images import read_codes

    try:
        codes = read_codes(data)
    except FormatError as error:
        return json.dumps({"fault": error.code}).encode()
    except MemoryError:
        return json.dumps({"fault": "image_too_large"}).encode()
    return json.dumps({"codes": codes[: MAX_CODES + 1]}).encode()


if __name__ == "__main__":
    forgo()
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
