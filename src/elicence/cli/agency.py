"""`elicence agency`: who may issue."""

from typing import Annotated

import typer
from rich.text import Text

from elicence.accounts.agencies import AgencyRequest, add_agency, list_agencies
from elicence.cli.door import Door, command, noun
from elicence.cli.home import opened
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.words import labelled, word
from elicence.formats.did import did_web
from elicence.formats.encoding import JsonObject
from elicence.keys.keyring import Purpose
from elicence.registry.agencies import AgencyRecord

app = noun()


@app.callback()
def agency() -> None:
    """Agencies: who may issue."""


@command(app, "add")
def add(
    door: Door,
    slug: Annotated[
        str, typer.Argument(help="2 to 12 lower-case letters, digits and dashes; never changed or reused.")
    ],
    name_zh: Annotated[str, typer.Option(help="Name in Chinese.")],
    name_en: Annotated[str, typer.Option(help="Name in English.")],
    uscc: Annotated[str, typer.Option(help="Unified social credit code, 18 characters.")],
    region: Annotated[str, typer.Option(help="Two, four or six digits of GB/T 2260.")],
    contact: Annotated[str | None, typer.Option(help="Where a counter can ask, for everybody to read.")] = None,
) -> None:
    """Add an agency with its keys, and publish them."""
    with opened(door) as assembly:
        agency = add_agency(
            assembly.registry, assembly.desk.chest.keyring, assembly.maker,
            AgencyRequest(slug, name_zh, name_en, uscc, region, contact),
            base_url=assembly.desk.base_url, now=door.clock(), save=assembly.save_keyring,
        )  # fmt: skip
        assembly.publish()
        kids = {
            purpose: assembly.desk.chest.keyring.active(agency.slug, purpose)[0].kid
            for purpose in (Purpose.CREDENTIAL, Purpose.STATUS_LIST)
        }
        did = did_web(assembly.desk.base_url, agency.slug)
    answer = _json(agency) | {"did": did, "keys": {str(purpose): kid for purpose, kid in kids.items()}}
    language = door.language
    top = headline("✔", word("agency_added", language), "green", agency.name_zh, agency.name_en)
    rows = [
        ("slug", agency.slug),
        ("did", did),
        ("signs_licences", kids[Purpose.CREDENTIAL]),
        ("signs_status", kids[Purpose.STATUS_LIST]),
        ("next", f"elicence grant add {agency.slug} TYPE"),
    ]
    say(door, answer, top, fields(labelled(rows, language)))


@command(app, "list")
def list_(door: Door) -> None:
    """List the agencies of this registry."""
    with opened(door) as assembly:
        agencies = list_agencies(assembly.registry)
    if door.as_json:
        for each in agencies:
            say_json(_json(each))
        return
    if not agencies:
        write(Text(word("none", door.language), "dim"))
        return
    rows = [
        (each.slug, each.region, each.uscc, each.name_zh if door.language == "zh-CN" else each.name_en)
        for each in agencies
    ]
    write(columns([word(each, door.language) for each in ("slug", "region", "uscc", "name")], rows, fixed=(0, 1, 2)))


def _json(agency: AgencyRecord) -> JsonObject:
    return {
        "object": "agency", "id": agency.id, "slug": agency.slug,
        "name": {"zh-CN": agency.name_zh, "en": agency.name_en},
        "uscc": agency.uscc, "region": agency.region, "contact": agency.contact,
        "created_at": agency.created_at.isoformat(),
    }  # fmt: skip
