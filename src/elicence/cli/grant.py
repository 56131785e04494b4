"""`elicence grant`: which agency may issue which type, where and when."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from elicence.accounts.agencies import find_agency
from elicence.accounts.grants import GrantRequest, add_grant, list_grants
from elicence.bootstrap import Assembly
from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.requests import day
from elicence.cli.words import labelled, stamp, word
from elicence.formats.encoding import JsonObject
from elicence.licences.validity import instants
from elicence.registry.agencies import GrantRecord

app = noun()

Slug = Annotated[str, typer.Argument(metavar="AGENCY", help="Slug of the agency.")]


@app.callback()
def grant() -> None:
    """Grants: which agency may issue what, where and when."""


@command(app, "add")
def add(
    door: Door,
    agency: Slug,
    licence_type: Annotated[str, typer.Argument(metavar="TYPE", help="Slug of the licence type.")],
    region: Annotated[
        str | None, typer.Option(help="Two, four or six digits of GB/T 2260; anywhere unless named.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, in the zone of the type; now unless named.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Last day, which counts whole; no end unless named.")
    ] = None,
    four_eyes: Annotated[
        bool, typer.Option("--four-eyes", help="A second operator approves whatever is issued under it.")
    ] = False,
) -> None:
    """Let an agency issue a type of licence, and publish that it may."""
    with opened(door) as assembly:
        now = door.clock()
        record = find_agency(assembly.registry, agency)
        begins, ends = _window(assembly, licence_type, first, last, now)
        asked = GrantRequest(licence_type, region, begins, ends, four_eyes)
        given = add_grant(
            assembly.registry, assembly.desk.catalogue, record, asked, now=now, entropy=assembly.desk.entropy
        )
        assembly.publish()
        title = assembly.desk.catalogue.get(licence_type).title[door.language]
    language = door.language
    rows = [
        ("agency", agency),
        ("type", licence_type),
        ("region", given.region or word("anywhere", language)),
        ("from", stamp(given.valid_from)),
        ("until", word("no_end", language) if given.valid_until is None else stamp(given.valid_until)),
        ("next", f"elicence licence issue request.json --agency {agency}"),
    ]
    say(
        door,
        _json(given, agency),
        headline("✔", word("grant_given", language), "green", title),
        fields(labelled(rows, language)),
    )


@command(app, "list")
def list_(door: Door, agency: Slug) -> None:
    """List the grants of an agency, oldest first."""
    with opened(door) as assembly:
        grants = list_grants(assembly.registry, find_agency(assembly.registry, agency))
    if door.as_json:
        for each in grants:
            say_json(_json(each, agency))
        return
    if not grants:
        write(Text(word("none", door.language), "dim"))
        return
    language = door.language
    rows = [
        (
            each.type_slug,
            each.region or word("anywhere", language),
            f"{each.valid_from:%Y-%m-%d %H:%MZ}",
            word("no_end", language) if each.valid_until is None else f"{each.valid_until:%Y-%m-%d %H:%MZ}",
            word("yes", language) if each.four_eyes else "",
        )
        for each in grants
    ]
    write(columns([word(each, language) for each in ("type", "region", "from", "until", "four_eyes")], rows))


def _window(
    assembly: Assembly, slug: str, first: str | None, last: str | None, now: datetime
) -> tuple[datetime, datetime | None]:
    """From the beginning of the first day to the end of the last, as days are counted where the type is issued."""
    zone = assembly.desk.catalogue.get(slug).validity.time_zone
    begins, ends = now, None
    if first is not None:
        begins, _ = instants(zone, day(first, "--from"), None)
    if last is not None:
        final = day(last, "--until")
        _, end = instants(zone, final, final)
        ends = None if end is None else end + timedelta(seconds=1)
    return begins, ends


def _json(grant: GrantRecord, agency: str) -> JsonObject:
    return {
        "object": "grant", "id": grant.id, "agency": agency, "type": grant.type_slug, "region": grant.region,
        "valid_from": grant.valid_from.isoformat(),
        "valid_until": None if grant.valid_until is None else grant.valid_until.isoformat(),
        "four_eyes": grant.four_eyes,
    }  # fmt: skip
