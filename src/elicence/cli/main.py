"""`elicence`: the nouns, the options before them, and the one place where a command ends."""

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from elicence import __version__
from elicence.cli.door import AsJson, Door, Home, Lang
from elicence.cli.failures import guarded, write_down
from elicence.cli.paper import say

__all__ = ["app", "run"]

NOUNS = {
    "init": "Make a new registry.",
    "agency": "Agencies: who may issue.",
    "grant": "Grants: which agency may issue what, where and when.",
    "operator": "Operators: the people of an agency.",
    "licence": "Issue licences, read and change them.",
    "proposal": "What waits for a second operator.",
    "verify": "Check a licence: from a picture, a PDF, a code or a text.",
    "inspect": "Decode a licence code without trusting it.",
    "qr": "Make and read QR codes.",
    "type": "Licence types: the files of standards/.",
    "key": "Signing keys of the registry.",
    "status": "Publish status lists and the trusted list.",
    "client": "Clients: the systems of an agency that may call the API.",
    "context": "Registries elsewhere, which the commands can ask.",
    "serve": "Serve the API, the published files and the pages.",
    "publish": "Write the published files into a folder for any web server.",
    "demo": "Try it: a throw-away registry with sample licences, served.",
    "upgrade": "Bring the store of an older version up to date.",
    "doctor": "Check that everything is in order.",
}
"""Every noun and what it is about; its commands are in the module of that name."""
_MODULES = {"type": "licence_type"}


class _Nouns(TyperGroup):
    """The nouns as commands that are loaded when they are called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(**attributes)
        for name, text in NOUNS.items():
            self.add_command(TyperCommand(name=name, help=text))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401
        name, found, rest = super().resolve_command(ctx, args)
        return (name, _load(name), rest) if name in NOUNS else (name, found, rest)

    def main(self, args: Sequence[str] | None = None, *given: Any, **named: Any) -> NoReturn:  # noqa: ANN401
        words = list(sys.argv[1:] if args is None else args)
        named["standalone_mode"] = False
        raise SystemExit(guarded(lambda: super(_Nouns, self).main(words, *given, **named), as_json="--json" in words))


def _load(name: str) -> Any:  # noqa: ANN401 - Typer keeps the class of its commands to itself
    module = importlib.import_module(f"elicence.cli.{_MODULES.get(name, name)}")
    return typer.main.get_command(module.app)


app = typer.Typer(cls=_Nouns, invoke_without_command=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def elicence(
    ctx: typer.Context,
    home: Home = None,
    as_json: AsJson = False,
    lang: Lang = None,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """An electronic licence registry: issue once as a signed credential with a QR code, check anywhere.

    Exit codes: 0 done or accept, 10 stop, 11 check, 12 cannot decide, 1 own failure, 2 usage, settings or keys,
    3 input refused, 4 data or state.
    """
    before = ctx.obj if isinstance(ctx.obj, Door) else Door()
    door = ctx.obj = before.with_options(home, as_json, lang)
    if version:
        say(door, {"object": "version", "version": __version__}, f"elicence {__version__}")
    elif ctx.invoked_subcommand is None:
        sys.stderr.write(ctx.get_help() + "\n")
        raise typer.Exit(2)


def run() -> None:
    """The entry point: answers in UTF-8 whatever the locale says, because licences are written in Chinese."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.excepthook = write_down
    # Typer would put its own hook for exceptions in place of ours.
    typer.main.get_command(app).main(prog_name="elicence")
