"""The offline bundle: everything a verifier needs without a network, in one file that the roots sign.

Made of the published files and of nothing else, after them: seconds after one of them was published, and looked at once
a minute besides. One that still says the same is signed anew after an hour, so that its age is the registry's.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from elicence.errors import KeyFault, PublishFault, TrustFault
from elicence.formats import trust_bundle
from elicence.formats.jws import assemble, signing_input
from elicence.formats.trust_bundle import BundleParts, Manifest
from elicence.issuer.desk import Desk
from elicence.issuer.published_folder import PublishedFolder

__all__ = ["EVERY", "LIFETIME", "PLACE", "BundlePublisher"]

PLACE: Final = "v1/trust/bundle"
LIFETIME: Final = timedelta(days=7)
"""As long as a verifier may go by a status list that could not be brought up to date."""
EVERY: Final = timedelta(seconds=60)
_PAUSE: Final = timedelta(seconds=2)
_PAUSE_FOR_EACH: Final = 1_000_000
"""Bytes of a bundle for which one pause is made after a change: the more there is to write, the rarer."""
_REFRESH: Final = timedelta(hours=1)
_LIST: Final = ".statuslist+jwt"


class BundlePublisher:
    """Keeps the bundle of one published folder up to date; remembers when this process looked last."""

    def __init__(self, desk: Desk, folder: PublishedFolder) -> None:
        self._desk, self._folder = desk, folder
        self._looked_at: datetime | None = None
        self._owed = False
        self._size = 0

    def publish(self, *, now: datetime, changed: bool = False, at_once: bool = False) -> bool:
        """Whether another bundle was written. Not more often than once a minute; some seconds after something was
        `changed` in what is published, the more the larger the bundle is; now, if `at_once`.

        `KeyFault` key_state where no root can sign, `PublishFault` list_refused for a bundle nobody would take.
        """
        self._owed |= changed
        pause = min(EVERY, _PAUSE * (1 + self._size // _PAUSE_FOR_EACH)) if self._owed else EVERY
        if not at_once and self._looked_at is not None and abs(now - self._looked_at) < pause:
            return False
        self._looked_at = now
        before = self._manifest_before()
        if before is not None and not at_once and timedelta() <= now - before.issued_at < pause:
            return False
        parts = _parts(self._folder, self._desk.base_url)
        fresh = before is not None and timedelta() <= now - before.issued_at < _REFRESH
        if parts is None or (fresh and before is not None and before.names(parts)):
            self._owed = False
            return False
        document = _signed(self._desk, parts, now)
        self._size = len(document)
        written = self._folder.write(PLACE, document)
        self._owed = False  # not before: what could not be signed or written stays owed
        return written

    def _manifest_before(self) -> Manifest | None:
        """What the published bundle says it is, if it is one; it is not believed, only compared with."""
        document = self._folder.read(PLACE)
        try:
            if document is None:
                return None
            payload, _, parts = trust_bundle.parse_document(document)
            manifest = trust_bundle.decode_manifest(payload)
        except TrustFault:
            return None
        return manifest if manifest.names(parts) else None


def _signed(desk: Desk, parts: BundleParts, now: datetime) -> bytes:
    issued_at = now.replace(microsecond=0)
    manifest = Manifest(desk.base_url, issued_at, issued_at + LIFETIME, *parts.digests())
    signers = desk.chest.signers_of_roots(now)
    if not signers:
        raise KeyFault("key_state", "No root key is active; the published offline bundle stays.")
    try:
        payload = trust_bundle.encode_manifest(manifest)
        tokens = []
        for signer in signers:
            to_sign = signing_input(trust_bundle.header(signer.kid), payload)
            tokens.append(assemble(to_sign, signer.sign(to_sign)))
        return trust_bundle.document(desk.base_url, payload, tokens, parts)
    except TrustFault as fault:
        raise PublishFault("list_refused", f"No reader would take the offline bundle: {fault.message}.") from None


def _parts(folder: PublishedFolder, base_url: str) -> BundleParts | None:
    """The published files; None where there is no trusted list yet."""
    trusted_list = folder.read("trusted-list.json")
    if trusted_list is None:
        return None
    return BundleParts(
        trusted_list.decode("utf-8"),
        {f"{base_url}/{place.removesuffix(_LIST)}": text for place, text in _texts(folder, f"status/*/*{_LIST}")},
        dict(_texts(folder, "types/*/v*.json")),
        dict(_texts(folder, "ns/*/v*")),
        {
            int(path.stem.removeprefix("dictionary-")): path.read_bytes()
            for path in _files(folder, "qr/dictionary-*.bin")
        },
    )


def _texts(folder: PublishedFolder, pattern: str) -> list[tuple[str, str]]:
    """Exact texts by place, because digests are taken of them."""
    try:
        return [
            (path.relative_to(folder.root).as_posix(), path.read_bytes().decode("utf-8"))
            for path in _files(folder, pattern)
        ]
    except (OSError, UnicodeDecodeError):
        raise PublishFault("publish_io", f"A published file ({pattern}) cannot be read, or is no text.") from None


def _files(folder: PublishedFolder, pattern: str) -> list[Path]:
    return sorted(path for path in folder.root.glob(pattern) if not path.name.startswith(".") and path.is_file())
