"""`elicence context`: registries elsewhere by name, and which of them the commands ask."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from elicence.cli.contexts import Context, ContextBook, load_contexts, save_contexts
from elicence.cli.door import Door, command, noun
from elicence.cli.failures import usage
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.words import labelled, word
from elicence.errors import KeyFault
from elicence.formats.encoding import JsonObject

app = noun()

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the context.")]
OptionalName = Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the context.")]


@app.callback()
def context() -> None:
    """Registries elsewhere, by name.

    A context in use is what the commands `licence` and `qr make` ask, unless --home or --context names another place.
    """


@command(app, "add")
def add(
    door: Door,
    name: Name,
    base_url: Annotated[str, typer.Option(metavar="URL", help="https://host[:port] of the registry.")],
    client_id: Annotated[str, typer.Option(metavar="ID", help="Client id, cli_…, as `elicence client add` told it.")],
    secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the client's secret.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file that holds it, which only you may read.")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Believe certificates of this authority (PEM), and of no other."),
    ] = None,
    use: Annotated[bool, typer.Option("--use", help="Use it from now on.")] = False,
) -> None:
    """Add a context. The secret itself is never an argument, and never written down here."""
    if (secret_env is None) == (secret_file is None):
        raise usage("say where the secret is: --secret-env or --secret-file", "--secret-file")
    added = Context(
        base_url.removesuffix("/"), client_id, secret_environment=secret_env,
        secret_file=None if secret_file is None else secret_file.absolute(),
        ca_file=None if ca_file is None else ca_file.absolute(),
    )  # fmt: skip
    book = load_contexts().with_context(name, added)
    save_contexts(ContextBook(book.contexts, name if use else book.in_use))
    _say(door, name, added, "context_added", in_use=use)


@command(app, "list")
def list_(door: Door) -> None:
    """List the contexts; the one in use has a mark."""
    book, language = load_contexts(), door.language
    if door.as_json:
        for name, each in book.contexts.items():
            say_json(_json(name, each, in_use=name == book.in_use))
        return
    if not book.contexts:
        write(Text(word("none", language), "dim"))
        return
    rows = [("*" if name == book.in_use else "", name, each.base_url) for name, each in book.contexts.items()]
    write(columns(["", word("context", language), word("base_url", language)], rows, fixed=(0, 1)))


@command(app, "use")
def use(
    door: Door,
    name: OptionalName = None,
    none: Annotated[bool, typer.Option("--none", help="Use none: go back to the registry of the home.")] = False,
) -> None:
    """Use a context from now on."""
    if (name is None) != none:
        raise usage("name a context, or say --none", "NAME")
    book = ContextBook(load_contexts().contexts, name)
    save_contexts(book)
    if name is None:
        say(
            door, {"object": "context", "name": None}, headline("✔", word("context_not_in_use", door.language), "green")
        )
        return
    _say(door, name, book.named(name), "context_in_use", in_use=True)


@command(app, "show")
def show(door: Door, name: OptionalName = None) -> None:
    """Show a context, the one in use unless named, and whether its secret can be read; never the secret."""
    book = load_contexts()
    shown = name or book.in_use
    if shown is None:
        raise usage("no context is in use; name one", "NAME")
    found = book.named(shown)
    try:
        found.secret()
        state = "ready"
    except KeyFault as fault:
        state = fault.code
    _say(door, shown, found, "context", in_use=shown == book.in_use, state=state)


@command(app, "remove")
def remove(door: Door, name: Name) -> None:
    """Remove a context. A file with its secret stays where it is."""
    book = load_contexts()
    removed = book.named(name)
    save_contexts(book.without(name))
    _say(door, name, removed, "context_removed", in_use=False)


def _say(door: Door, name: str, shown: Context, done: str, *, in_use: bool, state: str | None = None) -> None:
    language = door.language
    rows = [
        ("base_url", shown.base_url),
        ("client_id", shown.client_id),
        ("secret_in", shown.secret_place),
        ("secret_is", None if state is None else word(state, language)),
        ("ca_file", shown.ca_file),
        ("state", word("in_use", language) if in_use else None),
    ]
    answer = _json(name, shown, in_use=in_use) | ({} if state is None else {"secret": state})
    mark, style = ("▪", "default") if done == "context" else ("✔", "green")
    say(door, answer, headline(mark, word(done, language), style, name), fields(labelled(rows, language)))


def _json(name: str, shown: Context, *, in_use: bool) -> JsonObject:
    places = {"secret_environment": None, "secret_file": None, "ca_file": None}
    return {"object": "context", "name": name, "in_use": in_use, **places, **shown.to_json()}
