"""`elicence inspect`: what a code says, without asking whether it is true."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from elicence.cli.door import Door, command, noun
from elicence.cli.paper import safe, say_json
from elicence.cli.scans import scan
from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, parse_json
from elicence.formats.jws import Jws, parse_jws
from elicence.licences.shipped import shipped_standards
from elicence.verifier.decode import Decoded, decode
from elicence.verifier.sources import MAX_STATUS_CHARS, PublishedDirectory
from elicence.verifier.verdicts import catalogue

__all__ = ["app", "decoded", "looks", "shipped_dictionaries"]

app = noun(alone=True)

_PREFIX = "UNVERIFIED  "


@command(app, "inspect")
def inspect(
    door: Door,
    content: Annotated[str, typer.Argument(metavar="FILE|TEXT|-", help="A picture, a PDF, a text, or - for input.")],
    jwt: Annotated[bool, typer.Option("--jwt", help="Print the compact JWT and nothing else.")] = False,
) -> None:
    """Decode a licence code, or any token of this registry, and trust nothing in it.

    Whoever made the code wrote every word of the answer. To know whether it is true: `elicence verify`.
    """
    for text in scan(content).texts:
        found = decoded(door, text)
        if found.jws_text is None:
            raise FormatError(
                "qr_not_licence", "A verification code carries no licence; `elicence verify` looks it up where it can."
            )
        # The licence's own limit is smaller; status lists are read here too.
        token = parse_jws(found.jws_text, typ=None, max_chars=MAX_STATUS_CHARS)
        if jwt:
            sys.stdout.write(f"{token.text}\n")
        elif door.as_json:
            say_json(_json(found, token))
        else:
            _write(found, token)


def decoded(door: Door, text: str) -> Decoded:
    """What a text is; for anything but a licence code a `FormatError` that says what it looks like."""
    try:
        return decode(text, shipped_dictionaries())
    except FormatError as error:
        if error.code != "qr_not_licence":
            raise
        what = looks(error.facts.get("looks_like"), door)
        raise FormatError(error.code, f"This is no licence code; it looks like {what}.", **error.facts) from None


def looks(code: object, door: Door) -> str:
    """The word for what a text looks like."""
    known = catalogue().words["looks_like"]
    return known[str(code)][door.language] if str(code) in known else str(code)


def shipped_dictionaries() -> Mapping[int, bytes]:
    """The QR dictionaries that came with this package."""
    return PublishedDirectory(shipped_standards()).dictionaries()


def _json(found: Decoded, token: Jws) -> JsonObject:
    return {
        "object": "unverified", "unverified": True, "kind": found.kind, "header": dict(token.header),
        "payload": parse_json(token.payload, max_bytes=MAX_STATUS_CHARS), "jwt": token.text,
    }  # fmt: skip


def _write(found: Decoded, token: Jws) -> None:
    payload = parse_json(token.payload, max_bytes=MAX_STATUS_CHARS)
    shown = {"found": found.kind, "header": token.header, "payload": payload}
    for name, value in shown.items():
        lines = json.dumps(value, ensure_ascii=False, indent=2).splitlines() if name != "found" else [found.kind]
        for number, line in enumerate(lines):
            sys.stdout.write(f"{_PREFIX}{f'{name}: ' if number == 0 else ''}{safe(line).plain}\n")
