"""`elicence proposal`: what waits for a second operator, and the decision about it."""

import json
from typing import Annotated

import typer
from rich.text import Text

from elicence.cli.door import Door, command, noun
from elicence.cli.home import caller_of, opened
from elicence.cli.licence_paper import licence_json, licence_paper
from elicence.cli.local_desk import licence_of
from elicence.cli.paper import columns, fields, headline, safe, say, say_json, write
from elicence.cli.words import labelled, stamp, word
from elicence.formats.encoding import JsonObject
from elicence.issuer.approve import approve as approve_proposal
from elicence.issuer.approve import decline as decline_proposal
from elicence.issuer.propose import Proposal, list_proposals, read_proposal

app = noun()

Agency = Annotated[str | None, typer.Option("--agency", metavar="SLUG", help="Who acts; not needed where only one is.")]
Operator = Annotated[str, typer.Option("--operator", metavar="ID", help="The operator who decides.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Proposal id, prp_….")]
Digest = Annotated[str, typer.Option("--digest", metavar="HEX", help="Digest of the request that was looked at.")]


@app.callback()
def proposal() -> None:
    """Requests that wait for a second operator."""


@command(app, "list")
def list_(door: Door, agency: Agency = None) -> None:
    """List what waits for a second operator, oldest first."""
    with opened(door) as assembly:
        waiting = list_proposals(assembly.desk, caller_of(assembly, agency))
    if door.as_json:
        for each in waiting:
            say_json(_json(each))
        return
    if not waiting:
        write(Text(word("none", door.language), "dim"))
        return
    rows = [(each.id, word(f"act_{each.verb}", door.language), stamp(each.created_at)) for each in waiting]
    write(columns([word(each, door.language) for each in ("proposal", "act", "at")], rows, fixed=(0,)))


@command(app, "show")
def show(door: Door, proposal_id: Id, agency: Agency = None) -> None:
    """Show what is asked for, with the digest that approves exactly this."""
    with opened(door) as assembly:
        found = read_proposal(assembly.desk, caller_of(assembly, agency), proposal_id)
    rows = [
        ("state", word(found.state, door.language)),
        ("act", word(f"act_{found.verb}", door.language)),
        ("id", found.licence_id),
        ("operator", found.proposed_by),
        ("digest", found.digest),
    ]
    request = json.dumps(found.request, ensure_ascii=False, indent=1)
    top = headline("…", word("proposal", door.language), "yellow", found.id)
    say(
        door,
        _json(found) | {"request": found.request},
        top,
        fields(labelled([row for row in rows if row[1]], door.language)),
        *(safe(line) for line in request.splitlines()),
    )


@command(app, "approve")
def approve(door: Door, proposal_id: Id, digest: Digest, operator: Operator, agency: Agency = None) -> None:
    """Approve exactly the request with this digest; it is carried out at once and published."""
    with opened(door) as assembly:
        caller = caller_of(assembly, agency, operator=operator)
        approved = approve_proposal(assembly.desk, caller, proposal_id, digest=digest, now=door.clock())
        assembly.publish()
        licence = licence_of(assembly, approved, caller.agency.slug)
        licence_type = assembly.desk.catalogue.get(licence.type_slug, licence.type_version)
        paper = licence_paper(licence, licence_type, done="approved", language=door.language)
        say(door, licence_json(licence), paper)


@command(app, "decline")
def decline(door: Door, proposal_id: Id, digest: Digest, operator: Operator, agency: Agency = None) -> None:
    """Decline the request; nothing else happens."""
    with opened(door) as assembly:
        caller = caller_of(assembly, agency, operator=operator)
        declined = decline_proposal(assembly.desk, caller, proposal_id, digest=digest, now=door.clock())
    say(door, _json(declined), headline("✔", word("declined", door.language), "green", declined.id))


def _json(proposal: Proposal) -> JsonObject:
    return {
        "object": "proposal", "id": proposal.id, "verb": proposal.verb, "licence_id": proposal.licence_id,
        "state": proposal.state, "digest": proposal.digest, "proposed_by": proposal.proposed_by,
        "decided_by": proposal.decided_by, "created_at": proposal.created_at.isoformat(),
    }  # fmt: skip
