"""Publishing what verifiers believe in: the trusted list signed by the roots, keys, types, contexts, dictionaries."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from elicence.errors import KeyFault, TrustFault
from elicence.formats import trusted_list
from elicence.formats.did import did_document, issuer_metadata, jwks
from elicence.formats.encoding import JsonObject, compact_json
from elicence.formats.jws import assemble, signing_input
from elicence.formats.trusted_list import TrustedKey, TrustedListPayload
from elicence.issuer.desk import Desk
from elicence.issuer.published_folder import PublishedFolder
from elicence.issuer.trust import LIST_LIFETIME
from elicence.keys.keyring import Keyring, Purpose
from elicence.licences.context import json_ld_context
from elicence.registry.meta import meta, set_meta
from elicence.registry.unit import Unit
from elicence.verifier.trust import open_trusted_list, parse_roots

__all__ = ["publish_trust", "roots_document"]

PLACE = "trusted-list.json"
_VERSION_KEY = "trusted_list_version"
_REFRESH = LIST_LIFETIME / 3


def publish_trust(desk: Desk, folder: PublishedFolder, *, now: datetime) -> int:
    """Brings the published trust files up to date; answers how many files changed.

    The trusted list gets a new version only if what it says changed or a third of its life is over.
    """
    payload = desk.trusted_list(fresh=True).payload
    changed = 0
    for place, content in _files(desk, payload).items():
        changed += folder.write(place, content)
    if _same_as_published(desk, folder, payload, now):
        return changed
    published = _published_version(desk, folder, now)
    numbered = desk.registry.submit(lambda unit: _next_version(unit, published))
    fresh = _dated(payload, version=numbered, now=now)
    return changed + folder.write(PLACE, _sign(desk, fresh, now))


def roots_document(keyring: Keyring, *, threshold: int) -> bytes:
    """`roots.json`: the keys a verifier pins and how many of them must agree. Handed over by a trusted way."""
    roots = keyring.active(None, Purpose.TRUSTED_LIST)
    return json.dumps({"threshold": threshold, "keys": [root.public_jwk for root in roots]}, indent=1).encode() + b"\n"


def _sign(desk: Desk, payload: TrustedListPayload, now: datetime) -> bytes:
    """The payload under the signature of every active root."""
    data = trusted_list.encode_payload(payload)
    tokens = []
    signers = desk.chest.signers_of_roots(now)
    if not signers:
        raise KeyFault("key_state", "No root key is active; the published trusted list stays.")
    for signer in signers:
        to_sign = signing_input(trusted_list.header(signer.kid), data)
        tokens.append(assemble(to_sign, signer.sign(to_sign)))
    return trusted_list.document(data, tokens)


def _published_version(desk: Desk, folder: PublishedFolder, now: datetime) -> int:
    """The version of the list that lies there, if it is genuine: a store that was set back must not count below it."""
    document = folder.read(PLACE)
    try:
        roots = parse_roots(roots_document(desk.chest.keyring, threshold=1))
        return 0 if document is None else open_trusted_list(document, roots, now=now).version
    except TrustFault:
        return 0


def _next_version(unit: Unit, published: int) -> int:
    version = max(int(meta(unit, _VERSION_KEY) or "0"), published) + 1
    set_meta(unit, _VERSION_KEY, str(version))
    return version


def _dated(payload: TrustedListPayload, *, version: int, now: datetime) -> TrustedListPayload:
    issued_at = now.replace(microsecond=0)
    return TrustedListPayload(
        issuer=payload.issuer,
        issued_at=issued_at,
        expires_at=issued_at + LIST_LIFETIME,
        version=version,
        environment=payload.environment,
        agencies=payload.agencies,
        types=payload.types,
    )


def _same_as_published(desk: Desk, folder: PublishedFolder, payload: TrustedListPayload, now: datetime) -> bool:
    document, keyring = folder.read(PLACE), desk.chest.keyring
    if document is None:
        return False
    newest = int(desk.registry.read(lambda reader: meta(reader, _VERSION_KEY)) or "0")
    try:
        # As a verifier reads it: a damaged file, one not signed by every active root, or an older one is replaced.
        roots = parse_roots(roots_document(keyring, threshold=len(keyring.active(None, Purpose.TRUSTED_LIST))))
        published = open_trusted_list(document, roots, now=now, newest_seen=newest).payload
    except TrustFault:
        return False
    same = (published.agencies, published.types, published.environment) == (
        payload.agencies,
        payload.types,
        payload.environment,
    )
    return same and now - published.issued_at < _REFRESH


def _files(desk: Desk, payload: TrustedListPayload) -> Mapping[str, bytes]:
    """Everything but the trusted list itself: a pure function of keys, types and dictionaries."""
    files = {f"qr/dictionary-{number}.bin": content for number, content in desk.dictionaries.items()}
    for each in desk.catalogue.types():
        if each.status != "draft":
            files[f"types/{each.slug}/v{each.version}.json"] = each.document
            files[each.context_path.removeprefix("/")] = json_ld_context(each, desk.base_url)
    for agency in payload.agencies:
        keys = agency.keys
        files[f"a/{agency.slug}/did.json"] = _json(did_document(agency.did, agency.https, keys))
        files[f"a/{agency.slug}/jwks.json"] = _json(jwks(keys))
        files[f".well-known/jwt-vc-issuer/a/{agency.slug}"] = _json(issuer_metadata(agency.https, keys))
    files[".well-known/jwks.json"] = _json(jwks(_all_keys(payload)))
    return files


def _all_keys(payload: TrustedListPayload) -> Iterable[TrustedKey]:
    return (key for agency in payload.agencies for key in agency.keys)


def _json(document: JsonObject) -> bytes:
    return compact_json(document)
