"""`elicence operator`: the people of an agency, who propose and approve where a grant asks for four eyes."""

from typing import Annotated

import typer
from rich.text import Text

from elicence.accounts.agencies import find_agency
from elicence.accounts.operators import add_operator, list_operators
from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.registry.agencies import OperatorRecord

app = noun()

Slug = Annotated[str, typer.Argument(metavar="AGENCY", help="Slug of the agency.")]


@app.callback()
def operator() -> None:
    """Operators: the people of an agency."""


@command(app, "add")
def add(door: Door, agency: Slug, name: Annotated[str, typer.Argument(help="Name of the person.")]) -> None:
    """Name a person who may act for an agency; the id is what they act under."""
    with opened(door) as assembly:
        record = find_agency(assembly.registry, agency)
        added = add_operator(assembly.registry, record, name, now=door.clock(), entropy=door.entropy)
    rows = [("operator", added.id), ("agency", agency)]
    top = headline("✔", word("operator_added", door.language), "green", added.name)
    say(door, _json(added, agency), top, fields(labelled(rows, door.language)))


@command(app, "list")
def list_(door: Door, agency: Slug) -> None:
    """List the operators of an agency, oldest first."""
    with opened(door) as assembly:
        operators = list_operators(assembly.registry, find_agency(assembly.registry, agency))
    if door.as_json:
        for each in operators:
            say_json(_json(each, agency))
        return
    if not operators:
        write(Text(word("none", door.language), "dim"))
        return
    heads = [word(each, door.language) for each in ("operator", "name")]
    write(columns(heads, [(each.id, each.name) for each in operators], fixed=(0,)))


def _json(operator: OperatorRecord, agency: str) -> JsonObject:
    return {"object": "operator", "id": operator.id, "agency": agency, "name": operator.name}
