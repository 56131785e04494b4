"""Answers of the API as the values that commands work with."""

from typing import Final, cast

from elicence.cli.desk_at_hand import Code, Event, Licence, Listed, Proposal
from elicence.cli.remote_answer import Answer, Members
from elicence.errors import RemoteFault
from elicence.formats.qr import Level
from elicence.licences.request import Holder

__all__ = ["event", "licence", "listed", "made"]

_LEVELS: Final = ("L", "M", "Q", "H")


def made(answer: Answer) -> Licence | Proposal:
    """What an act brought about: a licence, or a proposal where a second operator is asked for."""
    body = answer.members()
    if body.text("object") != "proposal":
        return licence(body, replayed=answer.headers.get("idempotent-replayed") == "true")
    return Proposal(id=body.text("id"), verb=body.text("verb"), state=body.text("state"), digest=body.text("digest"))


def licence(body: Members, *, replayed: bool = False) -> Licence:
    """One version of a licence."""
    list_no, index = _status(body.object("status_ref"))
    credential = body.object("credential") if "credential" in body else None
    return Licence(
        id=body.text("id"),
        agency=body.object("issuer").text("slug"),
        type_slug=body.text("type"),
        type_version=body.whole("type_version"),
        number=body.text("number"),
        licence_identifier=body.text("licence_identifier"),
        version=body.whole("version"),
        current_version=body.whole("current_version"),
        row_version=body.whole("row_version"),
        supersedes=body.optional_whole("supersedes"),
        state=body.text("state"),
        reason=body.optional_text("reason"),
        changed_at=body.instant("changed_at"),
        suspended_until=body.optional_day("suspended_until"),
        erased=body.flag("erased"),
        issued_at=body.instant("issued_at"),
        valid_from=body.day("valid_from"),
        valid_until=body.optional_day("valid_until"),
        region=body.optional_text("region"),
        external_ref=body.optional_text("external_ref"),
        verification_code=body.text("verification_code"),
        status_list=list_no,
        status_index=index,
        replayed=replayed,
        kid="" if credential is None else credential.text("kid"),
        credential="" if credential is None else credential.text("jwt"),
        code=_code(body.object("qr")) if "qr" in body else None,
        online_code=body.text("verify_url").upper(),
        holders=tuple(map(_holder, body.objects("holders"))),
        claims=body.object("claims").plain(),
    )


def listed(body: Members) -> Listed:
    """The line of the list for a licence; the API lists it whole."""
    return Listed(
        id=body.text("id"),
        type_slug=body.text("type"),
        number=body.text("number"),
        version=body.whole("version"),
        row_version=body.whole("row_version"),
        state=body.text("state"),
        valid_from=body.day("valid_from"),
        valid_until=body.optional_day("valid_until"),
        region=body.optional_text("region"),
        external_ref=body.optional_text("external_ref"),
    )


def event(body: Members, licence_id: str) -> Event:
    """One event of the licence's history; of its facts the API tells the last day of a suspension."""
    until = body.value("until")
    return Event(
        id=body.text("id"),
        verb=body.text("verb"),
        licence_id=licence_id,
        version=body.optional_whole("version"),
        from_state=body.optional_text("from_state"),
        to_state=body.optional_text("to_state"),
        reason=body.optional_text("reason"),
        client_id=body.optional_text("client_id"),
        operator_id=body.optional_text("operator_id"),
        facts=None if until is None else {"until": until},
        occurred_at=body.instant("occurred_at"),
    )


def _code(body: Members) -> Code:
    level = body.text("level")
    if level not in _LEVELS:
        raise RemoteFault("remote_answer_bad", "The answer names a level of error correction that there is not.")
    return Code(body.text("content"), cast("Level", level))


def _status(body: Members) -> tuple[int, int]:
    """Number of the status list, which ends its URL, and index."""
    number = body.text("uri").rpartition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise RemoteFault("remote_answer_bad", "The answer names a status list without a number.")
    return int(number), body.whole("index")


def _holder(body: Members) -> Holder:
    return Holder(
        kind=body.text("kind"), name=body.text("name"), id_scheme=body.optional_text("id_scheme"),
        id=body.optional_text("id"),
    )  # fmt: skip
