"""The desk of a registry elsewhere: the verbs as calls of its API."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal
from urllib.parse import quote

from elicence.cli.contexts import Context
from elicence.cli.desk_at_hand import Change, Event, Licence, Listed, Proposal, Wanted, Who
from elicence.cli.door import Door
from elicence.cli.failures import usage
from elicence.cli.progress import notice
from elicence.cli.remote_answer import Answer
from elicence.cli.remote_line import Call, Line
from elicence.cli.remote_values import event, licence, listed, made
from elicence.cli.words import word
from elicence.errors import FormatError, NotFound, Problem, RemoteFault, RequestError, TypeFileError
from elicence.formats.encoding import JsonObject
from elicence.licences.ids import parse_id
from elicence.licences.licence_type import LicenceType, parse_licence_type
from elicence.licences.lifecycle import Action

__all__ = ["RemoteDesk", "remote_desk"]

_LICENCES: Final = "/v1/licences"
_A_PAGE: Final = 200
_IN_A_HEADER: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?", re.ASCII)


@contextmanager
def remote_desk(door: Door, who: Who, context: Context) -> Iterator["RemoteDesk"]:
    """The desk of the context's registry, for one command."""

    def waiting(seconds: float) -> None:
        notice(door, word("waits", door.language, seconds=f"{seconds:.0f}"))

    with Line(context, language=door.language, pause=door.pause, entropy=door.entropy, waiting=waiting) as line:
        if who.test and line.use != "test":
            sentence = (
                "the client of this context issues licences that count; `elicence client add --test` makes another"
            )
            raise usage(sentence, "--test")
        if who.operator is not None and not _IN_A_HEADER.fullmatch(who.operator):
            raise usage("an operator is named by the id that `elicence operator list` tells", "--operator")
        notice(door, f"→ {context.base_url}")
        yield RemoteDesk(line, who.operator)


class RemoteDesk:
    """`DeskAtHand` by way of HTTP, for the agency of the context's client."""

    def __init__(self, line: Line, operator: str | None) -> None:
        self._line = line
        self._headers = {} if operator is None else {"X-Operator-Id": operator}
        self._types: dict[tuple[str, int], LicenceType] = {}

    @property
    def use(self) -> Literal["live", "test"]:
        """Whether what it issues counts; the client decides it."""
        return "test" if self._line.use == "test" else "live"

    def issue(self, body: JsonObject, *, key: str) -> Licence | Proposal:
        """`issue_licence`."""
        return made(self._post(_LICENCES, body, _key(key), repeatable=True))

    def read(self, licence_id: str, *, version: int | None = None) -> Licence:
        """`get_licence`."""
        return licence(self._line.get(_place(licence_id), {} if version is None else {"version": version}).members())

    def listed(self, wanted: Wanted) -> Iterator[Listed]:
        """`list_licences`, page by page. A cursor is not an id, so what stands before `after` is read and left out."""
        query: dict[str, str | int] = {"limit": _A_PAGE}
        if wanted.limit is not None and not wanted.after:
            query["limit"] = min(wanted.limit, _A_PAGE)
        query |= {
            name: value for name, value in (("type", wanted.type_slug), ("state", wanted.state)) if value is not None
        }
        left = wanted.limit
        while True:
            page = self._line.get(_LICENCES, query).members()
            for each in map(listed, page.objects("data")):
                if each.id > wanted.after and left != 0:
                    left = None if left is None else left - 1
                    yield each
            cursor = page.text("next_cursor") if page.flag("has_more") else None
            if cursor is None or left == 0:
                return
            if cursor == query.get("cursor"):
                raise RemoteFault("remote_answer_bad", "The registry gives the same page again and again.")
            query["cursor"] = cursor

    def change(self, licence_id: str, change: Change) -> Licence:
        """`suspend_licence`, `reinstate_licence` or `revoke_licence`.

        Done twice, suspending and revoking end the same; what names a record version is refused the second time.
        """
        members = {"reason": change.reason, "until": None if change.until is None else change.until.isoformat()}
        body: JsonObject = {name: value for name, value in members.items() if value is not None}
        once = change.if_version is not None or change.action is Action.REINSTATE
        answer = self._post(
            f"{_place(licence_id)}/{change.action}", body, _if_match(change.if_version), repeatable=not once
        )
        return licence(answer.members())

    def renew(self, licence_id: str, body: JsonObject, *, seen: int, key: str) -> Licence | Proposal:
        """`renew_licence`."""
        return self._new_version(licence_id, "renew", body, seen=seen, key=key)

    def correct(self, licence_id: str, body: JsonObject, reason: str, *, seen: int, key: str) -> Licence | Proposal:
        """`correct_licence`, whose body has the reason beside what is replaced."""
        if "reason" in body:
            problem = Problem("/reason", "field_unknown", "The reason of a correction is named beside it, not in it.")
            raise RequestError("validation_failed", problem.detail, [problem])
        return self._new_version(licence_id, "correct", {**body, "reason": reason}, seen=seen, key=key)

    def history(self, licence_id: str) -> Sequence[Event]:
        """`list_licence_history`."""
        told = self._line.get(f"{_place(licence_id)}/history").members()
        return [event(each, licence_id) for each in told.objects("data")]

    def licence_type(self, licence: Licence) -> LicenceType:
        """The type file as the registry publishes it."""
        name = licence.type_slug, licence.type_version
        if name not in self._types:
            file = f"types/{quote(licence.type_slug, safe='')}/v{licence.type_version}.json"
            document = self._line.get(f"/{file}").content
            try:
                self._types[name] = parse_licence_type(document, file=file)
            except TypeFileError:
                raise RemoteFault(
                    "remote_answer_bad", f"The registry's {file} is not what this program knows."
                ) from None
        return self._types[name]

    def picture(self, licence: Licence, *, scale: int | None) -> bytes:
        """`get_licence_qr_png` or `get_licence_qr_svg`."""
        query: dict[str, str | int] = {} if scale is None else {"scale": scale}
        if licence.version != licence.current_version:
            query["version"] = licence.version
        kind, media_type = ("svg", "image/svg+xml") if scale is None else ("png", "image/png")
        answer = self._line.get(f"{_place(licence.id)}/qr.{kind}", query)
        if answer.media_type != media_type:
            raise RemoteFault("remote_answer_bad", f"The registry's picture is not {media_type}.")
        return answer.content

    def _new_version(self, licence_id: str, verb: str, body: JsonObject, *, seen: int, key: str) -> Licence | Proposal:
        headers = _if_match(seen) | _key(key)
        return made(self._post(f"{_place(licence_id)}/{verb}", body, headers, repeatable=True))

    def _post(self, path: str, body: JsonObject, headers: dict[str, str], *, repeatable: bool) -> Answer:
        return self._line.call(Call("POST", path, body, self._headers | headers, repeatable=repeatable))


def _place(licence_id: str) -> str:
    """The path of a licence; what cannot be an id is answered as one that does not exist."""
    try:
        return f"{_LICENCES}/{parse_id('lic', licence_id)}"
    except FormatError:
        raise NotFound("licence_not_found", "No such licence.") from None


def _key(key: str) -> dict[str, str]:
    if not _IN_A_HEADER.fullmatch(key):
        sentence = "An idempotency key is 1 to 255 printable ASCII characters, with no space at either end."
        raise RequestError("idempotency_key_bad", sentence)
    return {"Idempotency-Key": key}


def _if_match(row_version: int | None) -> dict[str, str]:
    return {} if row_version is None else {"If-Match": f'"{row_version}"'}
