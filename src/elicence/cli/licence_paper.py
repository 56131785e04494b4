"""A licence as JSON and on paper. Holders and claims stand only where somebody asked to see the licence itself."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from elicence.cli.desk_at_hand import Event, Licence, Listed, Proposal
from elicence.cli.door import Language
from elicence.cli.paper import columns, fields, headline, safe
from elicence.cli.words import labelled, period, shown_value, stamp, word
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.qr import symbol_version
from elicence.licences.licence_type import LicenceType
from elicence.licences.request import Holder
from elicence.licences.verification_code import grouped

__all__ = [
    "event_json",
    "events_paper",
    "licence_json",
    "licence_paper",
    "list_paper",
    "listed_json",
    "proposal_json",
    "proposal_paper",
]

_STYLES = {"active": "green", "suspended": "yellow", "revoked": "red", "superseded": "dim"}


def licence_json(licence: Licence, *, whole: bool = False) -> JsonObject:
    """The licence as an object; `whole` with holders and claims. Without its credential where that cannot be opened."""
    answer: JsonObject = {
        "object": "licence", "id": licence.id, "agency": licence.agency,
        "type": licence.type_slug, "type_version": licence.type_version,
        "number": licence.number, "licence_identifier": licence.licence_identifier,
        "version": licence.version, "current_version": licence.current_version, "row_version": licence.row_version,
        "supersedes": licence.supersedes,
        "state": licence.state, "reason": licence.reason, "changed_at": licence.changed_at.isoformat(),
        "suspended_until": None if licence.suspended_until is None else licence.suspended_until.isoformat(),
        "erased": licence.erased,
        "issued_at": licence.issued_at.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": None if licence.valid_until is None else licence.valid_until.isoformat(),
        "region": licence.region, "external_ref": licence.external_ref,
        "verification_code": licence.verification_code,
        "status_ref": {"list": licence.status_list, "index": licence.status_index},
        "replayed": licence.replayed,
    }  # fmt: skip
    if licence.code is not None:
        content, level = licence.code.content, licence.code.level
        answer |= {
            "credential": {"format": "vc+jwt", "kid": licence.kid, "jwt": licence.credential},
            "qr": {"content": content, "version": symbol_version(content, level=level), "level": level},
        }
    if whole:
        answer |= {"holders": [_holder_json(each) for each in licence.holders], "claims": dict(licence.claims)}
    return answer


def licence_paper(
    licence: Licence, licence_type: LicenceType, *, done: str, language: Language, whole: bool = False
) -> RenderableType:
    """What happened to the licence, and its numbers; `whole` with holders and claims."""
    mark, style = ("✔", "green") if done != "licence" else ("▪", "default")
    state = _state(licence.state, language)
    more = (
        None if licence.suspended_until is None else f"{word('up_to', language)} {licence.suspended_until}",
        licence.reason,
        word("erased", language) if licence.erased else None,
    )
    state.append("".join(f"  {each}" for each in more if each is not None), "default")
    rows: list[tuple[str, object]] = [
        (word("number", language), licence.number),
        (word("id", language), licence.id),
        (word("identifier", language), licence.licence_identifier),
        (word("code", language), grouped(licence.verification_code)),
        (word("version", language), _version(licence, language)),
        (word("in_force", language), period(licence.valid_from, licence.valid_until, language)),
        (word("state", language), state),
    ]
    top = headline(mark, word(done, language), style, licence_type.title[language])
    if not whole:
        return Group(top, fields(rows))
    rows += [
        (word("region", language), licence.region),
        (word("external_ref", language), licence.external_ref),
        (word("row_version", language), licence.row_version),
        (word("status_entry", language), f"{licence.status_list}/{licence.status_index}"),
        (word("signed_by", language), licence.kid),
        *(row for each in licence.holders for row in _holder(each, language)),
    ]
    return Group(top, fields(rows), Text(""), fields(_claims(licence.claims, licence_type, language)))


def proposal_json(proposal: Proposal) -> JsonObject:
    """What waits for a second operator, after it was asked for."""
    return {
        "object": "proposal", "id": proposal.id, "verb": proposal.verb, "state": proposal.state,
        "digest": proposal.digest,
    }  # fmt: skip


def proposal_paper(proposal: Proposal, language: Language) -> RenderableType:
    """The same, with what the second operator does next."""
    rows = [("digest", proposal.digest), ("next", f"elicence proposal show {proposal.id}")]
    top = headline("…", word("proposed", language), "yellow", proposal.id)
    return Group(top, fields(labelled(rows, language)))


def listed_json(row: Listed) -> JsonObject:
    """A line of the list."""
    return {
        "object": "licence", "id": row.id, "type": row.type_slug, "number": row.number, "version": row.version,
        "row_version": row.row_version, "state": row.state,
        "valid_from": None if row.valid_from is None else row.valid_from.isoformat(),
        "valid_until": None if row.valid_until is None else row.valid_until.isoformat(),
        "region": row.region, "external_ref": row.external_ref,
    }  # fmt: skip


def list_paper(rows: list[Listed], limit: int | None, language: Language) -> RenderableType:
    """The list, and how to go on where there may be more."""
    if not rows:
        return Text(word("none", language), "dim")
    heads = [word(each, language) for each in ("id", "state", "number")]
    shown = [(each.id, _state(each.state, language), f"{each.number}  {each.type_slug}") for each in rows]
    table = columns(heads, shown, fixed=(0, 1))
    if len(rows) != limit:
        return table
    return Group(table, Text(word("more", language, last=rows[-1].id), "dim"))


def event_json(event: Event) -> JsonObject:
    """One thing that was done to a licence."""
    return {
        "object": "event", "id": event.id, "verb": event.verb, "licence_id": event.licence_id, "version": event.version,
        "from_state": event.from_state, "to_state": event.to_state, "reason": event.reason,
        "client_id": event.client_id, "operator_id": event.operator_id, "facts": event.facts,
        "occurred_at": event.occurred_at.isoformat(),
    }  # fmt: skip


def events_paper(events: list[Event], language: Language) -> RenderableType:
    """Everything that was done to a licence. One act can touch several versions in the same instant."""
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
    return columns([word(each, language) for each in ("at", "act", "version", "state", "reason")], rows)


def _state(state: str, language: Language) -> Text:
    return Text(safe(word(state, language)).plain, _STYLES.get(state, "default"))


def _version(licence: Licence, language: Language) -> str:
    if licence.supersedes is None:
        return word("version_of", language, n=licence.version)
    return word("version_replaces", language, n=licence.version, before=licence.supersedes)


def _claims(claims: Mapping[str, JsonValue], licence_type: LicenceType, language: Language) -> list[tuple[str, object]]:
    """By the labels of the type; a claim that the type does not know is shown by its name."""
    known = licence_type.claims
    return [
        (known[name].label[language] if name in known else name, safe(shown_value(value)))
        for name, value in claims.items()
    ]


def _holder(holder: Holder, language: Language) -> list[tuple[str, object]]:
    number = None if holder.id is None else f"{holder.id_scheme} {holder.id}"
    return [(word("holder", language), holder.name), ("", number)]


def _holder_json(holder: Holder) -> JsonObject:
    members = {"kind": holder.kind, "name": holder.name, "id_scheme": holder.id_scheme, "id": holder.id}
    return {name: value for name, value in members.items() if value is not None}
