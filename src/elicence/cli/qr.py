"""`elicence qr`: symbols for print, screen and terminal, and back from pictures."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from elicence.cli.door import Door, command, noun
from elicence.cli.failures import usage
from elicence.cli.inspect import decoded, looks, shipped_dictionaries
from elicence.cli.paper import err, fields, headline, safe, say, say_json, write
from elicence.cli.qr_of_licence import Drawn, drawn
from elicence.cli.scans import Scan, scan
from elicence.cli.words import labelled, word
from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject
from elicence.formats.frame import digits_of, encode_frame, licence_url
from elicence.formats.jws import parse_jws
from elicence.formats.qr import QUIET_ZONE, Level, Symbol, make_symbol, png, svg, terminal
from elicence.formats.vc_jwt import TYP, decode_payload
from elicence.licences.ids import parse_id
from elicence.verifier.decode import decode

app = noun()

_FINEST = 0.5  # mm a module: what telephones still read from paper
_DOTS_PER_INCH, _MM_PER_INCH = 300, 25.4
_DICTIONARY = 1


@app.callback()
def qr() -> None:
    """Make and read QR codes."""


@command(app, "make", elsewhere=True)
def make(
    door: Door,
    content: Annotated[str, typer.Argument(metavar="ID|FILE|-", help="A licence id, or a file with a licence code.")],
    agency: Annotated[str | None, typer.Option(metavar="SLUG", help="Whose licence the id names.")] = None,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="out.svg or out.png; the terminal unless named."),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, max=64, help="Pixels a module in a PNG.")] = 8,
    short: Annotated[bool, typer.Option("--short", help="The small online code with the verification code.")] = False,
) -> None:
    """Make the QR code of a licence, and say how large it must be printed."""
    if to is not None and to.suffix.lower() not in {".svg", ".png"}:
        raise usage("a symbol is written as .svg or .png", "-o")
    suffix = "" if to is None else to.suffix.lower()
    found = _found(door, content, agency, short=short, suffix=suffix, scale=scale)
    text, level = found.content, found.level
    symbol = make_symbol(text, level=level)
    if to is not None:
        to.write_bytes(found.picture or (svg(symbol) if suffix == ".svg" else png(symbol, scale)))
    elif not door.as_json:
        sys.stdout.write(terminal(symbol, colour=sys.stdout.isatty()))
    _say(door, symbol, text, level, to)
    if suffix == ".png" and (size := scale * _MM_PER_INCH / _DOTS_PER_INCH) < _FINEST:
        err().print(
            f"! printed at {_DOTS_PER_INCH} dots an inch a module is {size:.2f} mm, finer than {_FINEST} mm; "
            f"use --scale {-(-_FINEST * _DOTS_PER_INCH // _MM_PER_INCH):.0f} or more, or an SVG",
            style="yellow",
        )


@command(app, "read")
def read(
    door: Door,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A PNG, JPEG or WebP picture, or a PDF.")],
) -> None:
    """Read every QR code of a picture or PDF, and say what each one is. Nothing is opened."""
    found = scan(file)
    if found.name is None:
        raise FormatError("file_unreadable", "There is no file of that name.")
    for text in found.texts:
        kind, words = _kind(door, text)
        if door.as_json:
            say_json({"object": "qr_code", "kind": kind, "content": text})
        else:
            write(Text(words, "dim"))
            sys.stdout.write(f"{safe(text).plain}\n")


def _found(door: Door, content: str, agency: str | None, *, short: bool, suffix: str, scale: int) -> Drawn:
    if _is_licence_id(content):
        return drawn(door, content, agency, short=short, suffix=suffix, scale=scale)
    if short:
        raise usage("the short code holds the verification code, which only the registry knows; name a licence id")
    found = scan(content)
    if len(found.texts) != 1:
        raise FormatError("qr_not_licence", "The file holds several codes; one is needed.")
    return Drawn(_url(door, found), "M")


def _url(door: Door, found: Scan) -> str:
    """The licence URL of whatever form of a licence code was given; a token names its registry in its context."""
    text = found.texts[0].strip()
    token = decoded(door, text).jws_text
    if token is None:
        raise FormatError("qr_not_licence", "A verification code carries no licence; name the licence id.")
    credential = decode_payload(parse_jws(token, typ=TYP).payload)
    base_url = credential.contexts[1].partition("/ns/")[0]
    if token == text:
        return licence_url(base_url, encode_frame(token, _DICTIONARY, shipped_dictionaries()[_DICTIONARY]))
    return licence_url(base_url, digits_of(text))


def _is_licence_id(content: str) -> bool:
    try:
        parse_id("lic", content)
    except FormatError:
        return False
    return True


def _say(door: Door, symbol: Symbol, text: str, level: Level, to: Path | None) -> None:
    width = (symbol.size + 2 * QUIET_ZONE) * _FINEST
    digits = len(text.partition("/v#")[2])
    answer: JsonObject = {
        "object": "qr", "version": symbol.version, "level": level, "modules": symbol.size, "digits": digits or None,
        "least_width_mm": width, "file": None if to is None else str(to), "content": text,
    }  # fmt: skip
    language = door.language
    rows = [
        ("version", word("modules", language, version=symbol.version, level=level, size=symbol.size)),
        ("digits", digits or None),
        ("print_at_least", word("width", language, width=width, finest=_FINEST)),
    ]
    mark = headline("✔", word("qr_code", language), "green", *([str(to)] if to is not None else []))
    say(door, answer, mark, fields(labelled(rows, language)))


def _kind(door: Door, text: str) -> tuple[str, str]:
    try:
        kind = decode(text, shipped_dictionaries()).kind
    except FormatError as error:
        look = error.facts.get("looks_like")
        return (str(look), looks(look, door)) if look is not None else (error.code, error.message)
    return kind, kind.replace("_", " ")
