"""What a module imports, all the way down: a page names it at once, so that no browser finds it out link by link."""

import posixpath
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["imported_by"]

# `import … from "./x.js"`, `export … from "./x.js"`, `import "./x.js"`. What a call loads later is no part of it.
_IMPORT: Final = re.compile(r"""(?:\bfrom|^\s*import)\s*["'](\.[^"']+)["']""", re.MULTILINE)


def imported_by(name: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names of all modules that `name` needs before it runs, the nearest first; those the release lacks are left out.

    >>> imported_by("a/b.js", {"a/b.js": b'import { c } from "../c.js";', "c.js": b'import "./d.js";', "d.js": b""})
    ('c.js', 'd.js')
    """
    found: dict[str, None] = {name: None}
    waiting = [name]
    while waiting:
        module = waiting.pop(0)
        for path in _IMPORT.findall(files[module].decode("utf-8")):
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(module), path))
            if wanted in files and wanted not in found:
                found[wanted] = None
                waiting.append(wanted)
    return tuple(found)[1:]
