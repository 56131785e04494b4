"""The offline bundle: everything a verifier needs without a network, in one file.

Nothing in it has to be believed for its being here. The trusted list is signed by the roots, each status list by its
agency; types and contexts are pinned by digest in the trusted list; a changed dictionary opens no code. How old it is,
the signed parts say themselves. The same published files make the same bundle.
"""

from pathlib import Path

from elicence.errors import PublishFault
from elicence.formats.encoding import JsonObject, JsonValue, b64url_encode, compact_json
from elicence.issuer.published_folder import PublishedFolder

__all__ = ["trust_bundle"]


def trust_bundle(folder: PublishedFolder, base_url: str) -> bytes:
    """The bundle of the published folder as it is now; `PublishFault` list_refused where nothing is published yet."""
    trusted_list = folder.read("trusted-list.json")
    if trusted_list is None:
        raise PublishFault("list_refused", "Nothing is published yet; publish first.")
    lists: dict[str, JsonValue] = {}
    for path in _files(folder, "status/*/*.statuslist+jwt"):
        url = f"{base_url}/{_place(folder, path).removesuffix('.statuslist+jwt')}"
        lists[url] = path.read_text("ascii")
    body: JsonObject = {
        "object": "trust_bundle",
        "base_url": base_url,
        "trusted_list": trusted_list.decode("utf-8"),
        "status_lists": lists,
        "types": _texts(folder, "types/*/v*.json"),
        "contexts": _texts(folder, "ns/*/v*"),
        "dictionaries": {
            path.stem.removeprefix("dictionary-"): b64url_encode(path.read_bytes())
            for path in _files(folder, "qr/dictionary-*.bin")
        },
    }
    return compact_json(body)


def _texts(folder: PublishedFolder, pattern: str) -> dict[str, JsonValue]:
    """Exact texts by path, because digests are taken of them."""
    return {_place(folder, path): path.read_text("utf-8") for path in _files(folder, pattern)}


def _files(folder: PublishedFolder, pattern: str) -> list[Path]:
    return sorted(path for path in folder.root.glob(pattern) if not path.name.startswith("."))


def _place(folder: PublishedFolder, path: Path) -> str:
    return path.relative_to(folder.root).as_posix()
