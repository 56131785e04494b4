"""The licence types: the catalogue, one type, and the JSON Schema of the request that issues it."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from elicence.api.caching import cached_response
from elicence.api.queries import parameters, whole_number
from elicence.api.reception import Reception
from elicence.errors import NotFound
from elicence.licences.licence_type import LicenceType
from elicence.licences.request_schema import request_schema

__all__ = ["TypeEndpoints"]

_VERSION: Final = {"version": whole_number(1, 999)}
_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes that do not change while the process runs."""

    content: bytes
    tag: str


class TypeEndpoints:
    """The endpoints below `/v1/types`; open to anybody."""

    def __init__(self, reception: Reception) -> None:
        self._catalogue = reception.desk.catalogue
        self._base_url = reception.desk.base_url
        shown = [each for each in self._catalogue.types() if each.status != "draft"]
        versions: dict[str, list[int]] = {}
        for each in shown:
            versions.setdefault(each.slug, []).append(each.version)
        self._newest = {slug: max(numbers) for slug, numbers in versions.items()}
        self._versions = versions
        newest = [each for each in shown if each.version == self._newest[each.slug]]
        self._list = _keep({"object": "list", "data": [self._summary(each) for each in newest]})
        self._schemas: dict[tuple[str, int], _Kept] = {}
        self._types: dict[tuple[str, int], _Kept] = {}

    async def list_types(self, request: Request) -> Response:
        """Every type in its newest version, by slug."""
        parameters(request, {})
        return self._answer(request, self._list)

    async def get_type(self, request: Request) -> Response:
        """One type: what it is called, who may hold it, and the whole file."""
        found = self._find(request)
        name = found.slug, found.version
        if name not in self._types:
            body = self._summary(found) | {"document": orjson.Fragment(found.document)}
            self._types[name] = _keep(body)
        return self._answer(request, self._types[name])

    async def get_type_schema(self, request: Request) -> Response:
        """The JSON Schema (2020-12) of a request to issue."""
        found = self._find(request)
        name = found.slug, found.version
        if name not in self._schemas:
            self._schemas[name] = _keep(request_schema(found))
        return self._answer(request, self._schemas[name], media_type="application/schema+json")

    def _find(self, request: Request) -> LicenceType:
        slug = request.path_params["slug"]
        version = int(parameters(request, _VERSION).get("version", self._newest.get(slug, 0)))
        if version not in self._versions.get(slug, ()):
            raise NotFound("type_not_found", "There is no licence type of that name and version.")
        return self._catalogue.get(slug, version)

    def _summary(self, each: LicenceType) -> dict[str, Any]:
        base_url = self._base_url
        return {
            "object": "licence_type",
            "slug": each.slug,
            "version": each.version,
            "versions": self._versions[each.slug],
            "status": each.status,
            "code": each.code,
            "title": dict(each.title),
            "publisher": {"name": dict(each.publisher.name), "uscc": each.publisher.uscc},
            "holder_kinds": list(each.holder.kinds),
            "register": each.register,
            "validity": each.validity.rule,
            "time_zone": each.validity.time_zone,
            "context_url": base_url + each.context_path,
            "document_url": f"{base_url}/types/{each.slug}/v{each.version}.json",
            "schema_url": f"{base_url}/v1/types/{each.slug}/schema?version={each.version}",
        }

    @staticmethod
    def _answer(request: Request, kept: _Kept, media_type: str = "application/json") -> Response:
        return cached_response(request, kept.content, kept.tag, media_type=media_type, seconds=_SECONDS)


def _keep(body: object) -> _Kept:
    content = orjson.dumps(body)
    return _Kept(content, hashlib.sha256(content).hexdigest()[:32])
