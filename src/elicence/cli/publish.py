"""`elicence publish`: the published files in a folder that any web server can serve."""

from pathlib import Path
from typing import Annotated

import typer

from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import fields, headline, say
from elicence.cli.progress import progress
from elicence.cli.words import labelled, word
from elicence.errors import PublishFault
from elicence.formats.encoding import JsonObject
from elicence.issuer.bundle import PLACE as BUNDLE
from elicence.issuer.published_folder import PublishedFolder

app = noun(alone=True)

_HANDED_OVER = "roots.json"
"""Verifiers get it by a way they trust, never from the place that the roots are to vouch for."""


@command(app, "publish")
def publish(
    door: Door,
    to: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made where it is missing.")],
) -> None:
    """Write every published file into a folder: keys, trusted list, types, contexts, status lists, offline bundle.

    Written are files that changed, each as a whole. Repeat it more often than status lists expire. The roots are not
    among them: hand published/roots.json of the home to verifiers by a way they trust.
    """
    with opened(door) as assembly, progress(door, "publishing"):
        assembly.publish()
        assembly.bundle.publish(now=door.clock(), at_once=True)
        source, base_url = assembly.folder, assembly.desk.base_url
        places = _places(source)
        contents = {place: source.read(place) for place in places}
    target, changed = PublishedFolder(to), 0
    with progress(door, "writing", len(contents)) as step:
        for place, content in contents.items():
            if content is None:
                raise PublishFault("publish_io", f"{place} was there and cannot be read now; publish again.")
            changed += target.write(place, content)
            step()
    answer: JsonObject = {
        "object": "publication", "folder": str(to.resolve()), "base_url": base_url, "files": len(contents),
        "changed": changed,
    }  # fmt: skip
    language = door.language
    rows = [("folder", to.resolve()), ("served_at", base_url), ("changed", changed)]
    top = headline("✔", word("written", language, n=len(contents)), "green")
    say(door, answer, top, fields(labelled(rows, language)))


def _places(folder: PublishedFolder) -> list[str]:
    """Status lists late: whoever reads one then finds the keys that signed it; the bundle of them all at the end. The
    roots stay at home."""
    paths = (path for path in folder.root.rglob("*") if path.is_file() and not path.name.startswith("."))
    places = {path.relative_to(folder.root).as_posix() for path in paths} - {_HANDED_OVER}
    return sorted(places, key=lambda each: (each == BUNDLE, each.startswith("status/"), each))
