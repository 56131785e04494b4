"""Believing an offline bundle: the roots have signed its manifest, the manifest names every part, and it still serves.

Each part proves itself besides: the trusted list by the roots, status lists by their agencies, types and contexts by
their digests. What the signature adds is that the parts belong together and are of one age: nobody has left a status
list out or put an older one in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elicence.errors import FormatError, TrustFault
from elicence.formats.trust_bundle import BundleParts, Manifest, decode_manifest, parse_document
from elicence.verifier.sources import MemorySources, path_of
from elicence.verifier.trust import Roots, TrustedList, enough_roots, open_trusted_list

__all__ = ["Bundle", "open_bundle"]

_LEEWAY: Final = timedelta(seconds=60)
_TYPE: Final = re.compile(r"types/([a-z][a-z0-9-]{0,63})/v([1-9][0-9]{0,3})\.json", re.ASCII)
_LIST: Final = ".statuslist+jwt"


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: hand `trust` and `sources` to `verify`, and show people how old it is (`issued_at`)."""

    trust: TrustedList
    sources: MemorySources
    contexts: Mapping[str, str]
    issued_at: datetime
    expires_at: datetime


def open_bundle(
    document: bytes,
    roots: Roots,
    *,
    now: datetime,
    newest_seen: int = 0,
    newest_bundle: datetime | None = None,
) -> Bundle:
    """Believe a bundle, or raise TrustFault and keep the one you have.

    `newest_seen` is the highest version of the trusted list ever seen and `newest_bundle` the latest `issued_at` of a
    bundle; an older one is `trust_rollback`. Else `trust_untrusted`, `trust_expired`, `trust_bad`, `trust_too_large`.
    """
    payload, signatures, parts = parse_document(document)
    enough_roots(signatures, roots, "the offline bundle")
    manifest = decode_manifest(payload)
    if not manifest.names(parts):
        raise TrustFault("trust_bad", "the parts of the offline bundle are not those its manifest names")
    _judge_age(manifest, now, newest_bundle)
    trust = open_trusted_list(parts.trusted_list.encode(), roots, now=now, newest_seen=newest_seen)
    if trust.base_url != manifest.issuer:
        raise TrustFault("trust_bad", "the offline bundle carries the trusted list of another registry")
    return Bundle(trust, _sources(parts, manifest.issuer), parts.contexts, manifest.issued_at, manifest.expires_at)


def _judge_age(manifest: Manifest, now: datetime, newest_bundle: datetime | None) -> None:
    if manifest.issued_at > now + _LEEWAY:
        raise TrustFault("trust_bad", "the offline bundle was made in the future; is the clock right?")
    if now >= manifest.expires_at:
        raise TrustFault("trust_expired", f"the offline bundle ended at {manifest.expires_at.isoformat()}")
    if newest_bundle is not None and manifest.issued_at < newest_bundle:
        raise TrustFault("trust_rollback", "the offline bundle is older than one that was seen before")


def _sources(parts: BundleParts, base_url: str) -> MemorySources:
    for url in parts.status_lists:
        _refuse_stranger(url, base_url)
    return MemorySources(
        tokens=parts.status_lists,
        documents={_type_at(place): text.encode() for place, text in parts.types.items()},
        dictionaries=parts.dictionaries,
    )


def _refuse_stranger(url: str, base_url: str) -> None:
    try:
        if path_of(url, base_url).endswith(_LIST):
            return
    except FormatError:
        pass
    raise TrustFault("trust_bad", "a status list of the offline bundle is not one of this registry")


def _type_at(place: str) -> tuple[str, int]:
    found = _TYPE.fullmatch(place)
    if found is None:
        raise TrustFault("trust_bad", "a type file of the offline bundle has an odd name")
    return found[1], int(found[2])
