"""`elicence licence`: issue, read and change licences on behalf of one agency."""

from datetime import date
from typing import Annotated, Literal

import typer
from rich.text import Text

from elicence.bootstrap import Assembly
from elicence.cli.door import Door, command, noun
from elicence.cli.home import caller_of, opened
from elicence.cli.licence_paper import STYLES, licence_json, licence_paper
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.requests import day, key_of, read_object
from elicence.cli.words import labelled, stamp, word
from elicence.formats.encoding import JsonObject, parse_json
from elicence.issuer.change_status import change_status
from elicence.issuer.desk import Caller
from elicence.issuer.issue import issue as issue_licence
from elicence.issuer.new_version import correct as correct_licence
from elicence.issuer.new_version import renew as renew_licence
from elicence.issuer.propose import Proposal
from elicence.issuer.read import LicenceView, history, read_licence, read_what_remains
from elicence.keys.keyring import Purpose
from elicence.licences.lifecycle import Action
from elicence.registry.log import AuditRow
from elicence.registry.reading import LicenceFilter, StoredLicence, licences_page, version_row
from elicence.registry.status import status_of
from elicence.registry.unit import Reader

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


@app.callback()
def licence() -> None:
    """Issue licences, read and change them."""


@command(app, "issue")
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
    """Issue a licence. The same request again answers with the same licence, byte for byte."""
    body = read_object(source)
    with opened(door) as assembly:
        caller = caller_of(assembly, agency, operator=operator, use="test" if test else "live")
        if test:
            _have_test_key(assembly, caller, door)
        key = idempotency_key or key_of("issue", caller.use, body)
        issued = issue_licence(assembly.desk, caller, body, idempotency_key=key, now=door.clock())
        _publish_and_say(door, assembly, caller, issued, "issued")


@command(app, "get")
def get(
    door: Door,
    licence_id: LicenceId,
    agency: Agency = None,
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version.")] = None,
) -> None:
    """Show a licence whole, with holders and claims, as its agency may see it; of an erased one, what remains."""
    with opened(door) as assembly:
        caller = caller_of(assembly, agency)
        found = read_what_remains(assembly.desk, caller, licence_id, version=version)
        licence_type = assembly.desk.catalogue.get(found.type_slug, found.type_version)
        paper = licence_paper(found, licence_type, done="licence", language=door.language, whole=True)
        say(door, licence_json(assembly, found, caller.agency.slug, whole=True), paper)


@command(app, "list")
def list_(
    door: Door,
    agency: Agency = None,
    licence_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only this type.")] = None,
    state: Annotated[
        Literal["active", "suspended", "revoked", "superseded"] | None, typer.Option(help="Only this state.")
    ] = None,
    after: Annotated[str, typer.Option(metavar="ID", help="Begin behind this licence.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
) -> None:
    """List the agency's licences in the order in which they were issued; holders are not shown."""
    only = LicenceFilter(type_slug=licence_type, state=state)
    with opened(door) as assembly:
        agency_id = caller_of(assembly, agency).agency.id
        rows = assembly.registry.read(
            lambda reader: [
                _listed(reader, each)
                for each in licences_page(reader, agency_id, after_id=after, limit=limit, only=only)
            ]
        )
    if door.as_json:
        for row in rows:
            say_json(row)
        return
    _print_list(door, rows, limit)


@command(app, "suspend")
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
    last = day(until, "--until") if until else None
    _change(door, licence_id, Action.SUSPEND, agency=agency, reason=reason, if_version=if_version, until=last)


@command(app, "reinstate")
def reinstate(
    door: Door, licence_id: LicenceId, agency: Agency = None, reason: Reason = "", if_version: IfVersion = None
) -> None:
    """End a suspension."""
    _change(door, licence_id, Action.REINSTATE, agency=agency, reason=reason, if_version=if_version)


@command(app, "revoke")
def revoke(
    door: Door, licence_id: LicenceId, agency: Agency = None, reason: Reason = "", if_version: IfVersion = None
) -> None:
    """Revoke a licence for good, in all its versions. Repeating it keeps the first reason."""
    _change(door, licence_id, Action.REVOKE, agency=agency, reason=reason, if_version=if_version)


def _change(
    door: Door,
    licence_id: str,
    action: Action,
    *,
    agency: str | None,
    reason: str,
    if_version: int | None,
    until: date | None = None,
) -> None:
    with opened(door) as assembly:
        caller = caller_of(assembly, agency)
        if action is Action.REINSTATE and if_version is None:
            if_version = read_what_remains(assembly.desk, caller, licence_id).row_version
        changed = change_status(
            assembly.desk, caller, licence_id, action,
            reason=reason or None, now=door.clock(), if_version=if_version, until=until,
        )  # fmt: skip
        _publish_and_say(door, assembly, caller, changed, str(action))


@command(app, "renew")
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
    with opened(door) as assembly:
        caller = caller_of(assembly, agency, operator=operator)
        seen = if_version or read_licence(assembly.desk, caller, licence_id).row_version
        key = idempotency_key or key_of("renew", licence_id, seen, body)
        renewed = renew_licence(
            assembly.desk, caller, licence_id, body, if_version=seen, idempotency_key=key, now=door.clock()
        )
        _publish_and_say(door, assembly, caller, renewed, "renew")


@command(app, "correct")
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
    with opened(door) as assembly:
        caller = caller_of(assembly, agency, operator=operator)
        seen = if_version or read_licence(assembly.desk, caller, licence_id).row_version
        key = idempotency_key or key_of("correct", licence_id, seen, reason, body)
        corrected = correct_licence(
            assembly.desk, caller, licence_id, body,
            reason=reason, if_version=seen, idempotency_key=key, now=door.clock(),
        )  # fmt: skip
        _publish_and_say(door, assembly, caller, corrected, "correct")


@command(app, "history")
def history_(door: Door, licence_id: LicenceId, agency: Agency = None) -> None:
    """Tell everything that was done to a licence, oldest first."""
    with opened(door) as assembly:
        events = history(assembly.desk, caller_of(assembly, agency), licence_id)
    # One act can touch several versions in the same instant.
    if door.as_json:
        for each in events:
            say_json(_event_json(each))
        return
    language = door.language
    rows = [
        (
            stamp(each.occurred_at),
            word(f"act_{each.verb}", language),
            each.version,
            word(each.to_state, language) if each.to_state else "",
            each.reason,
        )
        for each in events
    ]
    heads = [word(each, language) for each in ("at", "act", "version", "state", "reason")]
    write(columns(heads, rows))


def _publish_and_say(
    door: Door, assembly: Assembly, caller: Caller, licence: LicenceView | Proposal, done: str
) -> None:
    """What was changed is public before the command returns; a proposal waits for a second operator."""
    if isinstance(licence, Proposal):
        members = {"id": licence.id, "verb": licence.verb, "state": licence.state, "digest": licence.digest}
        top = headline("…", word("proposed", door.language), "yellow", licence.id)
        rows = [("digest", licence.digest), ("next", f"elicence proposal show {licence.id}")]
        say(door, {"object": "proposal", **members}, top, fields(labelled(rows, door.language)))
        return
    assembly.publish()
    done = "issued_before" if done == "issued" and licence.replayed else done
    licence_type = assembly.desk.catalogue.get(licence.type_slug, licence.type_version)
    paper = licence_paper(licence, licence_type, done=done, language=door.language)
    say(door, licence_json(assembly, licence, caller.agency.slug), paper)


def _have_test_key(assembly: Assembly, caller: Caller, door: Door) -> None:
    """Agencies are made without test keys; the first test licence asks for one."""
    keyring, slug = assembly.desk.chest.keyring, caller.agency.slug
    if not keyring.active(slug, Purpose.CREDENTIAL, "test"):
        assembly.save_keyring(
            assembly.maker.make_active(keyring, agency=slug, purpose=Purpose.CREDENTIAL, now=door.clock(), use="test")
        )


def _listed(reader: Reader, row: StoredLicence) -> JsonObject:
    """A line of the list; one without a current version is still being signed."""
    version = row.current_version
    status = None if version is None else status_of(reader, row.agency_id, row.id, version)
    details = None if version is None else version_row(reader, row.agency_id, row.id, version)
    first = None if details is None else details.valid_from_date.isoformat()
    last = None if details is None or details.valid_until_date is None else details.valid_until_date.isoformat()
    return {
        "object": "licence", "id": row.id, "type": row.type_slug, "number": row.number, "version": version,
        "row_version": row.row_version, "state": "pending" if status is None else status.state,
        "valid_from": first, "valid_until": last, "region": row.region, "external_ref": row.external_ref,
    }  # fmt: skip


def _print_list(door: Door, rows: list[JsonObject], limit: int) -> None:
    language = door.language
    if not rows:
        write(Text(word("none", language), "dim"))
        return
    heads = [word(each, language) for each in ("id", "state", "number")]
    shown = [
        (
            row["id"],
            Text(word(str(row["state"]), language), STYLES.get(str(row["state"]), "default")),
            f"{row['number']}  {row['type']}",
        )
        for row in rows
    ]
    write(columns(heads, shown, fixed=(0, 1)))
    if len(rows) == limit:
        write(Text(word("more", language, last=rows[-1]["id"]), "dim"))


def _event_json(event: AuditRow) -> JsonObject:
    return {
        "object": "event", "id": event.id, "verb": event.verb, "licence_id": event.licence_id, "version": event.version,
        "from_state": event.from_state, "to_state": event.to_state, "reason": event.reason,
        "client_id": event.client_id, "operator_id": event.operator_id,
        "facts": None if event.facts is None else parse_json(event.facts),
        "occurred_at": event.occurred_at.isoformat(),
    }  # fmt: skip
