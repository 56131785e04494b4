"""Where a verifier gets what it does not carry: status list tokens, type files, QR dictionaries.

Whatever comes from here is believed for its signature or its digest, never for its place: an attacker who can change a
source can make a check end as "could not be checked", and cannot turn a licence green.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from elicence.errors import FormatError

__all__ = ["MAX_STATUS_CHARS", "MemorySources", "PublishedDirectory", "Sources", "path_of"]

MAX_STATUS_CHARS: Final = 262_144
"""A list of 131,072 entries of eight bits that does not compress at all has some 175,000 characters."""
_MAX_FILE: Final = 1_048_576

_URL: Final = re.compile(r"https?://[^/?#\\@\s]+(?P<path>/[^?#\\\s]*)", re.ASCII)
_SLUG: Final = r"[a-z][a-z0-9-]{0,63}"
_STATUS: Final = re.compile(rf"status/{_SLUG}/[1-9][0-9]{{0,8}}", re.ASCII)
_BITSTRING: Final = re.compile(rf"(status/{_SLUG}/[1-9][0-9]{{0,8}})/(revocation|suspension)", re.ASCII)
_PLAIN: Final = re.compile(
    rf"trusted-list\.json|\.well-known/jwks\.json|\.well-known/jwt-vc-issuer/a/{_SLUG}|a/{_SLUG}/(?:did|jwks)\.json"
    rf"|ns/{_SLUG}/v[1-9][0-9]{{0,3}}|types/{_SLUG}/v[1-9][0-9]{{0,3}}\.json|qr/dictionary-[1-9][0-9]{{0,2}}\.bin|v1/trust/bundle",
    re.ASCII,
)


class Sources(Protocol):
    """What `verify` asks for. None means "not here", which never speaks against a licence."""

    def status_token(self, url: str) -> str | None:
        """The status list token published at `url`."""

    def type_document(self, slug: str, version: int) -> bytes | None:
        """The exact bytes of a licence type's published file."""

    def dictionaries(self) -> Mapping[int, bytes]:
        """The QR dictionaries by id."""


class MemorySources:
    """Sources held in memory: for an issuer checking its own work, for bundles and for tests."""

    __slots__ = ("_dictionaries", "_documents", "_tokens")

    def __init__(
        self,
        *,
        tokens: Mapping[str, str] | None = None,
        documents: Mapping[tuple[str, int], bytes] | None = None,
        dictionaries: Mapping[int, bytes] | None = None,
    ) -> None:
        self._tokens = tokens or {}
        self._documents = documents or {}
        self._dictionaries = dictionaries or {}

    def status_token(self, url: str) -> str | None:
        """The token given for `url`."""
        return self._tokens.get(url)

    def type_document(self, slug: str, version: int) -> bytes | None:
        """The file given for a type version."""
        return self._documents.get((slug, version))

    def dictionaries(self) -> Mapping[int, bytes]:
        """The dictionaries given."""
        return self._dictionaries


class PublishedDirectory:
    """The published files of a registry, as a web server would serve them; read afresh at every call.

    Dictionaries never change once published, so each is read once.
    """

    __slots__ = ("_dictionaries", "_root")

    def __init__(self, path: Path) -> None:
        self._root = path
        self._dictionaries: dict[int, bytes] = {}

    def status_token(self, url: str) -> str | None:
        """The file behind a status list URL, whatever its host: the token itself says which list it is."""
        try:
            place = path_of(url)
        except FormatError:
            return None
        data = self._read(place, MAX_STATUS_CHARS + 1)
        return None if data is None else data.decode("ascii", errors="replace")

    def type_document(self, slug: str, version: int) -> bytes | None:
        """The file `types/<slug>/v<version>.json`."""
        place = f"types/{slug}/v{version}.json"
        return self._read(place, _MAX_FILE) if _PLAIN.fullmatch(place) else None

    def dictionaries(self) -> Mapping[int, bytes]:
        """All files `qr/dictionary-<id>.bin`."""
        for file in sorted(self._root.glob("qr/dictionary-*.bin")):
            place = file.relative_to(self._root).as_posix()
            number = file.stem.removeprefix("dictionary-")
            if _PLAIN.fullmatch(place) and int(number) not in self._dictionaries:
                data = self._read(place, _MAX_FILE)
                if data is not None:
                    self._dictionaries[int(number)] = data
        return MappingProxyType(self._dictionaries)

    def _read(self, place: str, limit: int) -> bytes | None:
        try:
            with (self._root / place).open("rb") as file:
                return file.read(limit)
        except OSError:
            return None


def path_of(url: str, base_url: str | None = None) -> str:
    """The published file behind a URL, relative to the web root; `url_outside` for anything else.

    With `base_url` only URLs of that registry are mapped. The three forms of a status list are files side by side,
    because no path can be both a file and a folder.

    >>> path_of("https://licence.example/status/city/3")
    'status/city/3.statuslist+jwt'
    >>> path_of("https://licence.example/status/city/3/revocation")
    'status/city/3.revocation.vc+jwt'
    >>> path_of("https://licence.example/ns/degree/v1", "https://licence.example")
    'ns/degree/v1'
    """
    found = _URL.fullmatch(url)
    if found is not None and (base_url is None or url.startswith(f"{base_url}/")):
        place = found["path"].removeprefix("/")
        if _STATUS.fullmatch(place):
            return f"{place}.statuslist+jwt"
        if bits := _BITSTRING.fullmatch(place):
            return f"{bits[1]}.{bits[2]}.vc+jwt"
        if _PLAIN.fullmatch(place):
            return place
    raise FormatError("url_outside", "the URL is not one of the published files of a registry")
