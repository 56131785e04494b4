"""`elicence serve`: the API, the published files and the pages of the registry of this home."""

import sys
from functools import partial
from typing import Annotated

import typer

from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import fields, headline, say
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.server import listen
from elicence.server import serve as serve_registry
from elicence.web.pages import pages

app = noun(alone=True)


@command(app, "serve")
def serve(
    door: Door,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")] = 8000,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option("--trusted-proxy", metavar="ADDRESS", help="Whose X-Forwarded-For is believed; may be repeated."),
    ] = None,
) -> None:
    """Serve the registry until Ctrl-C: the API, the published files and the pages.

    Callers come to the base URL of the registry; a web server in front of this one keeps the TLS certificate.
    """
    with opened(door) as assembly:
        base_url = assembly.desk.base_url
        answer: JsonObject = {"object": "service", "base_url": base_url, "host": host, "port": port}

        def ready() -> None:
            rows = [("base_url", base_url), ("listens", f"{host}:{port}"), ("stop", word("ctrl_c", door.language))]
            top = headline("✔", word("serving", door.language), "green")
            say(door, answer, top, fields(labelled(rows, door.language)))
            sys.stdout.flush()

        serve_registry(
            assembly, listen(host, port), partial(pages, assembly),
            ready=ready, trusted_proxies=tuple(trusted_proxy or ()),
        )  # fmt: skip
