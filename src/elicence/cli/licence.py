"""`elicence licence`: issue, read and change licences on behalf of one agency, here or at a registry elsewhere."""

from datetime import date
from typing import Annotated, Literal

import typer

from elicence.cli.desk_at_hand import Change, DeskAtHand, Licence, Proposal, Wanted, Who, at_hand
from elicence.cli.door import Door, command, noun
from elicence.cli.failures import usage
from elicence.cli.licence_paper import (
    event_json,
    events_paper,
    licence_json,
    licence_paper,
    list_paper,
    listed_json,
    proposal_json,
    proposal_paper,
)
from elicence.cli.paper import say, say_json, write
from elicence.cli.progress import progress
from elicence.cli.requests import day, key_of, read_object
from elicence.formats.encoding import JsonObject
from elicence.licences.lifecycle import Action

app = noun()

Agency = Annotated[
    str | None, typer.Option("--agency", metavar="SLUG", help="Who acts; not needed where only one agency issues.")
]
LicenceId = Annotated[str, typer.Argument(metavar="ID", help="Licence id, lic_….")]
Operator = Annotated[
    str | None,
    typer.Option("--operator", metavar="ID", help="Who acts, where a grant asks for four eyes."),
]
Source = Annotated[str, typer.Argument(metavar="FILE|-", help="A JSON file, or - for standard input.")]
Reason = Annotated[str, typer.Option(metavar="CODE", help="A reason of the licence type; see `elicence type show`.")]
IfVersion = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Refuse unless this is still the record version; that of now unless named."),
]
RetryKey = Annotated[
    str | None,
    typer.Option("--idempotency-key", metavar="KEY", help="Makes a repetition answer with the same licence."),
]

_A_LIST = 50


@app.callback()
def licence() -> None:
    """Issue licences, read and change them."""


@command(app, "issue", elsewhere=True)
def issue(
    door: Door,
    source: Source,
    agency: Agency = None,
    operator: Operator = None,
    idempotency_key: RetryKey = None,
    test: Annotated[
        bool, typer.Option("--test", help="Sign with a test key: verifies as a test licence only.")
    ] = False,
) -> None:
    """Issue a licence. The same request again answers with the same licence, as it stands by then."""
    body = read_object(source)
    with at_hand(door, Who(agency, operator, test)) as desk:
        made = desk.issue(body, key=idempotency_key or key_of("issue", desk.use, body))
        _say(door, desk, made, "issued")


@command(app, "get", elsewhere=True)
def get(
    door: Door,
    licence_id: LicenceId,
    agency: Agency = None,
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version.")] = None,
) -> None:
    """Show a licence whole, with holders and claims, as its agency may see it; of an erased one, what remains."""
    with at_hand(door, Who(agency)) as desk:
        _say(door, desk, desk.read(licence_id, version=version), "licence", whole=True)


@command(app, "list", elsewhere=True)
def list_(
    door: Door,
    agency: Agency = None,
    licence_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only this type.")] = None,
    state: Annotated[
        Literal["active", "suspended", "revoked", "superseded"] | None, typer.Option(help="Only this state.")
    ] = None,
    after: Annotated[str, typer.Option(metavar="ID", help="Begin behind this licence.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="At most so many; 50 unless named.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
) -> None:
    """List the agency's licences in the order in which they were issued; holders are not shown."""
    if everything and limit is not None:
        raise usage("all of them, or at most so many", "--all")
    most = None if everything else limit or _A_LIST
    rows = []
    with at_hand(door, Who(agency)) as desk, progress(door, "reading", most) as step:
        for row in desk.listed(Wanted(licence_type, state, after, most)):
            if door.as_json:
                say_json(listed_json(row))
            else:
                rows.append(row)
            step()
    if not door.as_json:
        write(list_paper(rows, most, door.language))


@command(app, "suspend", elsewhere=True)
def suspend(
    door: Door,
    licence_id: LicenceId,
    agency: Agency = None,
    reason: Reason = "",
    if_version: IfVersion = None,
    until: Annotated[
        str, typer.Option(metavar="DAY", help="The last day of it, which counts whole; else no end.")
    ] = "",
) -> None:
    """Suspend a licence: genuine, but not to be used until it is reinstated. Again with another end moves the end."""
    last: date | None = day(until, "--until") if until else None
    _change(door, licence_id, agency, Change(Action.SUSPEND, reason or None, last, if_version))


@command(app, "reinstate", elsewhere=True)
def reinstate(
    door: Door, licence_id: LicenceId, agency: Agency = None, reason: Reason = "", if_version: IfVersion = None
) -> None:
    """End a suspension."""
    _change(door, licence_id, agency, Change(Action.REINSTATE, reason or None, if_version=if_version))


@command(app, "revoke", elsewhere=True)
def revoke(
    door: Door, licence_id: LicenceId, agency: Agency = None, reason: Reason = "", if_version: IfVersion = None
) -> None:
    """Revoke a licence for good, in all its versions. Repeating it keeps the first reason."""
    _change(door, licence_id, agency, Change(Action.REVOKE, reason or None, if_version=if_version))


def _change(door: Door, licence_id: str, agency: str | None, change: Change) -> None:
    with at_hand(door, Who(agency)) as desk:
        if change.action is Action.REINSTATE and change.if_version is None:
            change = Change(change.action, change.reason, if_version=desk.read(licence_id).row_version)
        _say(door, desk, desk.change(licence_id, change), str(change.action))


@command(app, "renew", elsewhere=True)
def renew(
    door: Door,
    licence_id: LicenceId,
    agency: Agency = None,
    valid_until: Annotated[
        str | None, typer.Option(metavar="DATE", help="The new last day, for types that do not know it themselves.")
    ] = None,
    operator: Operator = None,
    if_version: IfVersion = None,
    idempotency_key: RetryKey = None,
) -> None:
    """Renew a licence: a new version with a later last day replaces the one before."""
    body: JsonObject = {} if valid_until is None else {"valid_until": valid_until}
    with at_hand(door, Who(agency, operator)) as desk:
        seen = if_version or desk.read(licence_id).row_version
        key = idempotency_key or key_of("renew", licence_id, seen, body)
        _say(door, desk, desk.renew(licence_id, body, seen=seen, key=key), "renew")


@command(app, "correct", elsewhere=True)
def correct(
    door: Door,
    licence_id: LicenceId,
    source: Source,
    reason: Reason,
    agency: Agency = None,
    operator: Operator = None,
    if_version: IfVersion = None,
    idempotency_key: RetryKey = None,
) -> None:
    """Correct a licence: a new version in which what the file names is replaced, say {"claims": {"address": "…"}}."""
    body = read_object(source)
    with at_hand(door, Who(agency, operator)) as desk:
        seen = if_version or desk.read(licence_id).row_version
        key = idempotency_key or key_of("correct", licence_id, seen, reason, body)
        _say(door, desk, desk.correct(licence_id, body, reason, seen=seen, key=key), "correct")


@command(app, "history", elsewhere=True)
def history_(door: Door, licence_id: LicenceId, agency: Agency = None) -> None:
    """Tell everything that was done to a licence, oldest first."""
    with at_hand(door, Who(agency)) as desk:
        events = list(desk.history(licence_id))
    if door.as_json:
        for each in events:
            say_json(event_json(each))
        return
    write(events_paper(events, door.language))


def _say(door: Door, desk: DeskAtHand, made: Licence | Proposal, done: str, *, whole: bool = False) -> None:
    """The licence as it is now, after what was `done`; a proposal waits for a second operator."""
    if isinstance(made, Proposal):
        say(door, proposal_json(made), proposal_paper(made, door.language))
    elif door.as_json:
        say_json(licence_json(made, whole=whole))
    else:
        done = "issued_before" if done == "issued" and made.replayed else done
        write(licence_paper(made, desk.licence_type(made), done=done, language=door.language, whole=whole))
