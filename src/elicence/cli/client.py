"""`elicence client`: the systems of an agency that may call the API."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from elicence.accounts.agencies import find_agency, list_agencies
from elicence.accounts.clients import (
    DEFAULT_SCOPES,
    RATE_CLASSES,
    SCOPES,
    ClientRequest,
    NewClient,
    add_client,
    agency_of_client,
    disable_client,
    list_clients,
    new_secret,
)
from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.requests import read_object
from elicence.cli.words import labelled, word
from elicence.errors import RequestError
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.registry.agencies import ClientRecord

app = noun()

ClientId = Annotated[str, typer.Argument(metavar="ID", help="Id of the client, cli_…")]


@app.callback()
def client() -> None:
    """Clients: the systems of an agency that may call."""


@command(app, "add")
def add(
    door: Door,
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help="Slug of the agency.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which system this is.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help=f"One of {', '.join(SCOPES)}; may be repeated. All but the last unless named.",
        ),
    ] = None,
    jwks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Public keys of a client that signs its requests for tokens; no secret."),
    ] = None,
    rate_class: Annotated[
        str,
        typer.Option(metavar="|".join(RATE_CLASSES), help="How often it may call: bulk is for taking over a register."),
    ] = RATE_CLASSES[0],
    test: Annotated[bool, typer.Option("--test", help="Everything it issues is a test licence.")] = False,
) -> None:
    """Add a client. Its secret is shown now and never again."""
    asked = ClientRequest(
        name,
        tuple(scope or DEFAULT_SCOPES),
        rate_class=rate_class,
        use="test" if test else "live",
        public_keys=() if jwks is None else _keys(jwks),
    )
    with opened(door) as assembly:
        found = find_agency(assembly.registry, agency)
        made = add_client(assembly.registry, found, asked, now=door.clock(), entropy=door.entropy)
    _say_new(door, "client_added", made, agency)


@command(app, "rotate")
def rotate(door: Door, client_id: ClientId) -> None:
    """Give a client another secret, shown now and never again; the one before is refused from now on.

    Tokens that were drawn with it stay good for up to ten minutes. Where those are in wrong hands, disable the client.
    """
    with opened(door) as assembly:
        agency = agency_of_client(assembly.registry, client_id)
        made = new_secret(assembly.registry, agency, client_id, entropy=door.entropy)
    _say_new(door, "secret_replaced", made, agency.slug)


@command(app, "disable")
def disable(door: Door, client_id: ClientId) -> None:
    """Disable a client for good: it gets no token any more, and those it has are refused within 5 seconds."""
    with opened(door) as assembly:
        agency = agency_of_client(assembly.registry, client_id)
        disabled = disable_client(assembly.registry, agency, client_id, now=door.clock())
    rows = [("client_id", disabled.id), ("agency", agency.slug)]
    top = headline("✔", word("client_disabled", door.language), "green", disabled.name)
    say(door, _json(disabled, agency.slug), top, fields(labelled(rows, door.language)))


@command(app, "list")
def list_(
    door: Door,
    agency: Annotated[str | None, typer.Option("--agency", metavar="SLUG", help="Only those of this agency.")] = None,
) -> None:
    """List clients; secrets are not kept and cannot be shown."""
    with opened(door) as assembly:
        registry = assembly.registry
        agencies = list_agencies(registry) if agency is None else (find_agency(registry, agency),)
        found = [(client, each.slug) for each in agencies for client in list_clients(registry, each)]
    if door.as_json:
        for client, slug in found:
            say_json(_json(client, slug))
        return
    language = door.language
    if not found:
        write(Text(word("none", language), "dim"))
        return
    rows = [
        (
            client.id,
            slug,
            client.name if client.disabled_at is None else f"{client.name} ({word('disabled', language)})",
        )
        for client, slug in found
    ]
    write(columns([word(each, language) for each in ("client_id", "agency", "name")], rows, fixed=(0, 1)))


def _say_new(door: Door, what: str, made: NewClient, agency: str) -> None:
    """A client with the secret it was just given."""
    language = door.language
    rows = [
        ("client_id", made.record.id),
        ("client_secret", made.secret),
        ("", word("shown_once", language) if made.secret else None),
        ("agency", agency),
        ("scopes", made.record.scopes),
    ]
    answer = _json(made.record, agency) | {"client_secret": made.secret}
    say(door, answer, headline("✔", word(what, language), "green", made.record.name), fields(labelled(rows, language)))


def _keys(file: Path) -> tuple[JsonValue, ...]:
    """The keys of a JWK Set, or the one key of a file that holds a single JWK."""
    found = read_object(str(file))
    keys = found.get("keys", [found])
    if not isinstance(keys, list) or not keys:
        raise RequestError("validation_failed", "A JWK Set has its public keys as a list under keys, at least one.")
    return tuple(keys)


def _json(client: ClientRecord, agency: str) -> JsonObject:
    return {
        "object": "client", "client_id": client.id, "agency": agency, "name": client.name,
        "scopes": list(client.scopes.split()), "rate_class": client.rate_class, "use": client.use,
        "authentication": "client_secret" if client.public_keys is None else "private_key_jwt",
        "disabled_at": None if client.disabled_at is None else client.disabled_at.isoformat(),
        "created_at": client.created_at.isoformat(),
    }  # fmt: skip
