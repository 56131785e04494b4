"""The published files, as any web server could serve them from the same folder: trust, keys, status lists, contexts.

Nothing here touches the store but `?time=`, which asks for the status list that was served on a day in the past.
"""

import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from elicence.api.answers import json_response
from elicence.api.caching import FOR_EVER, cached_response
from elicence.api.problems import words
from elicence.api.queries import parameters, whole_number
from elicence.api.reception import Reception
from elicence.errors import CallRefused, FormatError, NotFound, StoreFault
from elicence.issuer.publish_statuses import TTL
from elicence.registry.agencies import agency_by_slug
from elicence.registry.meta import meta
from elicence.registry.publications import PublicationRow, publication_at
from elicence.registry.unit import Reader
from elicence.verifier.sources import path_of

__all__ = ["PublishedEndpoints"]

# By the end of the place, because three forms of a list lie side by side.
_MEDIA_TYPES: Final = (
    (".statuslist+jwt", "application/statuslist+jwt"),
    (".vc+jwt", "application/vc+jwt"),
    ("/did.json", "application/did+json"),
    ("jwks.json", "application/jwk-set+json"),
    (".bin", "application/octet-stream"),
)
_NOTHING_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
_LONGEST_PAUSE: Final = timedelta(seconds=60)
"""Between two rounds of publishing that went well; longer, and revocations do not get out."""
_UNCHANGING: Final = ("ns/", "types/", "qr/")


class PublishedEndpoints:
    """The endpoints that serve files, and those by which machines ask how the registry is."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._base_url = reception.desk.base_url
        self._root = reception.assembly.settings.published_dir
        self._tags: dict[str, tuple[tuple[int, int, int], str]] = {}

    async def get_published_file(self, request: Request) -> Response:
        """The file behind the path."""
        parameters(request, {})
        return self._file(request, self._place(request))

    async def get_status_list(self, request: Request) -> Response:
        """A status list as it stands now, or with `?time=` (unix seconds) as it stood then."""
        place = self._place(request)
        time = parameters(request, {"time": _seconds}).get("time")
        if time is None:
            return self._file(request, place)
        row = await self._reception.run(self._list_at, request, datetime.fromtimestamp(int(time), UTC))
        tag = hashlib.sha256(row.document).hexdigest()[:32]
        return cached_response(request, row.document, tag, media_type=_media_type(place), seconds=TTL)

    async def get_health(self, _request: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok"})

    async def get_readiness(self, _request: Request) -> Response:
        """The process can do its work: the store answers and the trusted list is published."""
        registry = self._reception.assembly.registry
        if await self._reception.run(registry.read, lambda reader: meta(reader, "base_url")) != self._base_url:
            raise StoreFault("store_refused", "The store is not that of this registry.")
        if not (self._root / "trusted-list.json").is_file():
            raise StoreFault("store_down", "Nothing is published yet.")
        if not registry.sound:
            raise StoreFault("store_down", "The store takes no writes any more; start the server again.")
        if self._reception.assembly.pulse.is_weak(self._reception.clock(), after=_LONGEST_PAUSE):
            raise StoreFault("store_down", "Publishing has not got through for a while; the log says why.")
        return json_response({"status": "ready"})

    async def get_problem(self, request: Request) -> Response:
        """What a problem code means, in both languages."""
        parameters(request, {})
        code = request.path_params["code"]
        texts = words()["problems"].get(code)
        if texts is None:
            raise CallRefused("not_found", "There is no such problem.")
        return json_response(
            {"object": "problem_type", "code": code, "title": texts["title"], "detail": texts["detail"]}
        )

    def _place(self, request: Request) -> str:
        try:
            return path_of(f"{self._base_url}{request.scope['path']}", self._base_url)
        except FormatError:
            raise CallRefused("not_found", "There is nothing at this address.") from None

    def _file(self, request: Request, place: str) -> Response:
        try:
            with (self._root / place).open("rb") as file:
                content, found = file.read(), os.fstat(file.fileno())
        except OSError as error:
            if error.errno not in _NOTHING_THERE:  # too many open files, or a disk that fails
                raise StoreFault("store_down", "The published file cannot be read just now.") from None
            raise CallRefused("not_found", "There is nothing at this address.") from None
        mark = found.st_mtime_ns, found.st_ino, found.st_size
        kept = self._tags.get(place)
        if kept is None or kept[0] != mark:
            kept = self._tags[place] = mark, hashlib.sha256(content).hexdigest()[:32]
        seconds = FOR_EVER if place.startswith(_UNCHANGING) else TTL
        return cached_response(request, content, kept[1], media_type=_media_type(place), seconds=seconds)

    def _list_at(self, request: Request, time: datetime) -> PublicationRow:
        """The list that was newest then, if it was still good then."""
        asked = request.path_params
        form = asked.get("purpose", "token")

        def look(reader: Reader) -> PublicationRow | None:
            agency = agency_by_slug(reader, asked["agency"])
            if agency is None:
                return None
            return publication_at(reader, agency.id, int(asked["list_no"]), form, time=time)

        row = self._reception.assembly.registry.read(look)
        if row is None or time >= row.expires_at or time > self._reception.clock():
            raise NotFound("status_list_not_found", "No status list was good at that time.")
        return row


def _seconds(value: str) -> int:
    if value.isascii() and value.isdigit() and len(value) == 10:
        return int(value)
    return int(whole_number(0, 999_999_999)(value))


def _media_type(place: str) -> str:
    if place.startswith("ns/"):
        return "application/ld+json"
    return next((kind for end, kind in _MEDIA_TYPES if place.endswith(end)), "application/json")
