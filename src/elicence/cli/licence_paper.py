"""A licence as JSON and on paper. Holders and claims stand only where somebody asked to see the licence itself."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from elicence.bootstrap import Assembly
from elicence.cli.door import Language
from elicence.cli.paper import fields, headline, safe
from elicence.cli.words import period, shown_value, word
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.qr import symbol_version
from elicence.issuer.draft import DICTIONARY_ID
from elicence.issuer.read import LicenceView
from elicence.licences.licence_type import LicenceType
from elicence.licences.request import Holder
from elicence.licences.verification_code import grouped

__all__ = ["STYLES", "licence_json", "licence_paper", "qr_content"]

STYLES = {"active": "green", "suspended": "yellow", "revoked": "red", "superseded": "dim"}


def qr_content(assembly: Assembly, licence: LicenceView) -> str:
    """The text of the licence's QR code."""
    digits = encode_frame(licence.credential, DICTIONARY_ID, assembly.desk.dictionaries[DICTIONARY_ID])
    return licence_url(assembly.desk.base_url, digits)


def licence_json(assembly: Assembly, licence: LicenceView, agency: str, *, whole: bool = False) -> JsonObject:
    """The licence as an object; `whole` with holders and claims. Without its credential where that cannot be opened."""
    licence_type = assembly.desk.catalogue.get(licence.type_slug, licence.type_version)
    answer: JsonObject = {
        "object": "licence", "id": licence.id, "agency": agency,
        "type": licence.type_slug, "type_version": licence.type_version,
        "number": licence.number, "licence_identifier": licence.licence_identifier,
        "version": licence.version, "current_version": licence.current_version, "row_version": licence.row_version,
        "supersedes": licence.supersedes,
        "state": licence.state, "reason": licence.reason, "changed_at": licence.changed_at.isoformat(),
        "suspended_until": _last_day(licence, licence_type), "erased": licence.erased,
        "issued_at": licence.issued_at.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": None if licence.valid_until is None else licence.valid_until.isoformat(),
        "region": licence.region, "external_ref": licence.external_ref,
        "verification_code": licence.verification_code,
        "status_ref": {"list": licence.status_list, "index": licence.status_index},
        "replayed": licence.replayed,
    }  # fmt: skip
    if licence.credential:
        content, level = qr_content(assembly, licence), licence_type.code_budget.level
        answer |= {
            "credential": {"format": "vc+jwt", "kid": licence.kid, "jwt": licence.credential},
            "qr": {"content": content, "version": symbol_version(content, level=level), "level": level},
        }
    if whole:
        answer |= {"holders": [_holder_json(each) for each in licence.holders], "claims": dict(licence.claims)}
    return answer


def licence_paper(
    licence: LicenceView, licence_type: LicenceType, *, done: str, language: Language, whole: bool = False
) -> RenderableType:
    """What happened to the licence, and its numbers; `whole` with holders and claims."""
    mark, style = ("✔", "green") if done != "licence" else ("▪", "default")
    state = Text(word(licence.state, language), STYLES.get(licence.state, "default"))
    last = _last_day(licence, licence_type)
    more = (
        None if last is None else f"{word('up_to', language)} {last}",
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


def _last_day(licence: LicenceView, licence_type: LicenceType) -> str | None:
    """The last day of a suspension that has one, in the zone of the type."""
    last = licence.suspended_until
    return None if last is None else last.astimezone(ZoneInfo(licence_type.validity.time_zone)).date().isoformat()


def _version(licence: LicenceView, language: Language) -> str:
    if licence.supersedes is None:
        return word("version_of", language, n=licence.version)
    return word("version_replaces", language, n=licence.version, before=licence.supersedes)


def _claims(claims: Mapping[str, JsonValue], licence_type: LicenceType, language: Language) -> list[tuple[str, object]]:
    return [(licence_type.claims[name].label[language], safe(shown_value(value))) for name, value in claims.items()]


def _holder(holder: Holder, language: Language) -> list[tuple[str, object]]:
    number = None if holder.id is None else f"{holder.id_scheme} {holder.id}"
    return [(word("holder", language), holder.name), ("", number)]


def _holder_json(holder: Holder) -> JsonObject:
    members = {"kind": holder.kind, "name": holder.name, "id_scheme": holder.id_scheme, "id": holder.id}
    return {name: value for name, value in members.items() if value is not None}
