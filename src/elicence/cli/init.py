"""`elicence init`: a new registry with its secrets, roots, store and published folder."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from elicence.bootstrap import Assembly, assemble, initialise
from elicence.cli.building_site import building_site
from elicence.cli.door import Door, command, noun
from elicence.cli.failures import usage
from elicence.cli.paper import fields, headline, say
from elicence.cli.progress import progress
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.keys.keyring import Purpose

app = noun(alone=True)


@command(app, "init")
def init(
    door: Door,
    base_url: Annotated[
        str, typer.Option(metavar="URL", help="Where the published files will be served; fixed for ever.")
    ],
    environment: Annotated[
        Literal["production", "demo"], typer.Option(help="A demo's licences have no legal effect.")
    ] = "production",
    roots: Annotated[
        int | None,
        typer.Option(
            min=1, max=16, help="Root keys that must all sign the trusted list; 1 in a demo, 2 in production."
        ),
    ] = None,
    postgres: Annotated[
        str | None,
        typer.Option(metavar="URL", help="postgresql://host/name, without a password. SQLite unless named."),
    ] = None,
) -> None:
    """Make a new registry: secrets, root keys, store and published folder.

    The base URL and the environment stand in every licence and can never be changed. A password for PostgreSQL comes
    from ~/.pgpass or in ELICENCE_DATABASE_URL, never as an argument, which every user of the machine could read.
    """
    settings = door.settings()
    if postgres is not None:
        settings = settings.model_copy(update={"database_url": _without_password(postgres)})
    count = roots or (2 if environment == "production" else 1)
    with building_site(settings) as site, progress(door, "making_registry"):
        initialise(
            site, base_url=base_url, environment=environment, roots=count,
            clock=door.clock, entropy=door.entropy, cost=door.cost,
        )  # fmt: skip
    with assemble(settings, clock=door.clock, entropy=door.entropy) as assembly:
        assembly.publish()
        _say(door, assembly, count)


def _say(door: Door, assembly: Assembly, threshold: int) -> None:
    desk, settings, language = assembly.desk, assembly.settings, door.language
    kids = [each.kid for each in desk.chest.keyring.active(None, Purpose.TRUSTED_LIST)]
    home = str(settings.home.resolve())
    answer: JsonObject = {
        "object": "registry", "base_url": desk.base_url, "environment": desk.environment,
        "engine": assembly.registry.engine, "home": home, "roots": kids, "threshold": threshold,
        "passphrase_file": str(settings.passphrase_path), "published": str(settings.published_dir),
    }  # fmt: skip
    rows = labelled(
        [
            ("base_url", desk.base_url),
            ("environment", desk.environment),
            ("store", assembly.registry.engine),
            ("home", home),
        ],
        language,
    )
    rows += [(word("root", language, n=number), kid) for number, kid in enumerate(kids, 1)]
    rows += labelled(
        [
            ("roots_file", settings.published_dir / "roots.json"),
            ("passphrase", word("keep_copy", language, file=settings.passphrase_path)),
            ("next", "elicence agency add SLUG --name-zh … --name-en … --uscc … --region …"),
        ],
        language,
    )
    say(door, answer, headline("✔", word("new_registry", language), "green"), fields(rows))


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise usage("a PostgreSQL URL begins with postgresql://", "--postgres")
    if urlsplit(url).password is not None or "password=" in url:
        raise usage("a password never goes into an argument; use ~/.pgpass or ELICENCE_DATABASE_URL", "--postgres")
    return f"postgresql+psycopg://{rest}"
