"""`POST /v1/verifications`: is this licence good? Open to anybody; 200 with a report whatever the code turns out to be.

The only thing refused is a malformed request. A typed verification code is looked up, a few times a minute for each
address; everything else is judged without the store, from the trusted list and the published status lists.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from elicence.api.published_lists import PublishedLists
from elicence.api.reception import Reception
from elicence.api.requests import content_type, json_object, read_body
from elicence.api.uploads import LARGEST_FORM, codes_in, form_with_file
from elicence.errors import CallRefused, FormatError, Problem, RequestError
from elicence.formats.encoding import JsonObject, JsonValue
from elicence.issuer.find_by_code import find_by_code
from elicence.licences.request_text import pointer_to
from elicence.verifier.decode import verification_code
from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import Sources
from elicence.verifier.trust import TrustedList
from elicence.verifier.verdicts import Verdict
from elicence.verifier.verify import verify

__all__ = ["VerificationEndpoint"]

_MULTIPART: Final = "multipart/form-data"
_UPLOAD_SECONDS: Final = 60.0
_UPLOADS_AT_ONCE: Final = 4
_MOST_WAITING: Final = 16
_PLACE_SECONDS: Final = 5.0
_MOST_HELD: Final = 8 * LARGEST_FORM
_MEMBERS: Final = frozenset({"content", "expect", "max_status_age_s", "paper", "id_tail"})
_DAY: Final = 86_400
_HARDEST: Final = 7 * _DAY
_LONGEST: Final = 16_384
_LONGEST_SLUG: Final = 64
_TAIL: Final = re.compile(r"[0-9A-Z]{2,18}")
_TRUST_FOR: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Question:
    """Texts that were read, of which one may be a licence, and what the office asks of it."""

    texts: tuple[str, ...]
    policy: Policy


class VerificationEndpoint:
    """The endpoint, and what it keeps at hand: the trusted list as of a second ago, and the files read last."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._sources: Sources = PublishedLists(reception.assembly)
        self._uploads = asyncio.Semaphore(_UPLOADS_AT_ONCE)
        self._waiting = 0
        self.held_bytes = 0
        self._trust: tuple[datetime, TrustedList] | None = None

    async def verify_licence(self, request: Request) -> Response:
        """The report of one licence."""
        self._reception.admit_anybody(request, "verifications")
        if content_type(request) == _MULTIPART:
            question = await self._upload(request)
        else:
            question = _question(await json_object(request))
        trust = await self._trusted()
        reports = [await self._judge(text, question.policy, trust, request) for text in question.texts]
        language = self._reception.language(request)
        return Response(
            orjson.dumps(_the_one(reports).to_json(language)), media_type="application/json",
            headers={"Content-Language": language, "Vary": "Accept-Language"},
        )  # fmt: skip

    async def _judge(self, text: str, policy: Policy, trust: TrustedList, request: Request) -> Report:
        code = verification_code(text, self._sources.dictionaries(), registry=self._reception.desk.base_url)
        if code is None:
            return self._verified(text, policy, trust)
        self._reception.limits.address("codes", self._reception.address(request))
        found = await self._reception.run(find_by_code, self._reception.desk, code)
        return found.shown_to_typist(self._verified(found.credential, policy, trust))

    def _verified(self, text: str, policy: Policy, trust: TrustedList) -> Report:
        return verify(text, trust=trust, sources=self._sources, now=self._reception.clock(), policy=policy)

    async def _trusted(self) -> TrustedList:
        now = self._reception.clock()
        if self._trust is None or abs(now - self._trust[0]) >= _TRUST_FOR:
            self._trust = now, await self._reception.run(self._reception.desk.trusted_list)
        return self._trust[1]

    async def _upload(self, request: Request) -> _Question:
        """A picture or PDF in the field `file`, and the members of the JSON form as further fields."""
        held = _Held(self, request.receive)
        try:
            data = await read_body(Request(request.scope, held), limit=LARGEST_FORM, seconds=_UPLOAD_SECONDS)
            async with self._place():
                fields, file = await form_with_file(request, data)
                body: JsonObject = {"content": "", **fields}
                policy = _question(body).policy
                return _Question(await codes_in(file), policy)
        finally:
            self.held_bytes -= held.size

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the few places where files are opened; taken when the file is whole, never while it is awaited."""
        if self._waiting >= _MOST_WAITING:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                await self._uploads.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._uploads.release()


class _Held:
    """Receives an upload, and counts it against what all that are under way may hold in memory together."""

    def __init__(self, endpoint: VerificationEndpoint, receive: Receive) -> None:
        self._endpoint, self._receive = endpoint, receive
        self.size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        more = len(message.get("body", b""))
        if self._endpoint.held_bytes + more > _MOST_HELD:
            raise _busy()
        self._endpoint.held_bytes += more
        self.size += more
        return message


def _busy() -> CallRefused:
    return CallRefused("overloaded", "Too many pictures are being read; come again in a moment.")


def _question(body: JsonObject) -> _Question:
    """The members of the body; `RequestError` with every problem."""
    problems = [
        Problem(pointer_to("", name), "field_unknown", "There is no such field.")
        for name in body
        if name not in _MEMBERS
    ]
    content = body.get("content")
    if not isinstance(content, str):
        problems.append(Problem("/content", "field_missing", "content is the text of the code."))
    elif len(content) > _LONGEST:
        problems.append(Problem("/content", "too_long", f"At most {_LONGEST} characters.", {"limit": _LONGEST}))
    expected = _expected(body["expect"], problems) if "expect" in body else None
    age = body.get("max_status_age_s", _DAY)
    if type(age) is not int or not 1 <= age <= _HARDEST:
        problems.append(Problem("/max_status_age_s", "number_range", f"A whole number from 1 to {_HARDEST}."))
        age = _DAY
    paper = body.get("paper", False)
    if not isinstance(paper, bool):
        problems.append(Problem("/paper", "wrong_kind", "true or false."))
    tail = body.get("id_tail")
    if "id_tail" in body and not (isinstance(tail, str) and _TAIL.fullmatch(tail)):
        problems.append(Problem("/id_tail", "pattern", "2 to 18 digits or capital letters."))
    if problems:
        raise RequestError("validation_failed", f"The request has {len(problems)} problems.", problems)
    policy = Policy(
        max_status_age=timedelta(seconds=age), expected_type=expected, paper=paper is True,
        id_tail=tail if isinstance(tail, str) else None,
    )  # fmt: skip
    return _Question((str(content),), policy)


def _expected(value: JsonValue, problems: list[Problem]) -> str | None:
    if not isinstance(value, dict) or not set(value) <= {"type"} or not isinstance(value.get("type"), str):
        problems.append(Problem("/expect", "schema", 'expect is {"type": "…"}.'))
        return None
    expected = str(value["type"])
    if len(expected) > _LONGEST_SLUG:
        sentence = f"At most {_LONGEST_SLUG} characters."
        problems.append(Problem("/expect/type", "too_long", sentence, {"limit": _LONGEST_SLUG}))
    return expected


def _the_one(reports: Sequence[Report]) -> Report:
    """The report of the one licence among what was read: a sheet may carry its long code, its short one and a poster.

    `FormatError` qr_several where two licences are in one picture: one answer would be about neither.
    """
    licences: dict[object, Report] = {}
    for report in reports:
        if report.verdict is not Verdict.NOT_A_LICENCE:
            face = report.face
            name = len(licences) if face is None else (face.identifier, face.version)
            before = licences.get(name)
            if before is None or before.face is None or (face and len(face.claims) > len(before.face.claims)):
                licences[name] = report
    if len(licences) > 1:
        raise FormatError("qr_several", "There are codes of several licences in the file; send one at a time.")
    return next(iter(licences.values()), reports[0])
