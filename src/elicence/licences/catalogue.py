"""The catalogue: every licence type of a standards folder, loaded strictly, found by slug and version.

`<folder>/<slug>/v<n>.json` are the types, `<folder>/published.lock` holds the SHA-256 of each published file. A
published file that changed does not load; a new version is a new file.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from elicence.errors import NotFound, TypeFileError
from elicence.licences.examples import dictionary_in, lint_examples
from elicence.licences.licence_type import LicenceType
from elicence.licences.type_document import Node, escape, parse_document
from elicence.licences.type_lint import load_type_file

__all__ = ["LOCK_NAME", "Catalogue", "write_lock"]

LOCK_NAME: Final = "published.lock"
_VERSION_FILE: Final = re.compile(r"v([1-9][0-9]{0,2})\.json", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Catalogue:
    """The licence types a registry knows; immutable once loaded."""

    def __init__(self, types: Sequence[LicenceType]) -> None:
        """Index types that are each good by themselves; raises `TypeFileError` where two contradict one another."""
        by_slug: dict[str, dict[int, LicenceType]] = {}
        owners: dict[tuple[str, str], str] = {}
        for each in types:
            versions = by_slug.setdefault(each.slug, {})
            if each.version in versions:
                raise _clash("type_duplicate", "the type version is there twice", each, "/version")
            versions[each.version] = each
            if owners.setdefault(("code", each.code), each.slug) != each.slug:
                raise _clash("code_duplicate", "another licence type has the same code", each, "/code")
            if owners.setdefault(("term", each.vc_type), each.slug) != each.slug:
                raise _clash("type_duplicate", "another licence type has the same credential type", each, "/slug")
        self._by_slug: Mapping[str, Mapping[int, LicenceType]] = MappingProxyType(by_slug)
        self._types = tuple(versions[n] for _, versions in sorted(by_slug.items()) for n in sorted(versions))

    @classmethod
    def load(cls, directory: Path, *, examples: bool = False) -> "Catalogue":
        """All types of a standards folder. With `examples`, every example is checked too, as a type review does.

        Raises `TypeFileError` naming file and pointer at the first defect.
        """
        if not directory.is_dir():
            raise TypeFileError("file_unreadable", "no such folder of standards", file=directory.name)
        paths = sorted(directory.glob("*/v*.json"))
        types = [_load_at_its_place(path, directory) for path in paths]
        _check_lock(
            directory, {path.relative_to(directory).as_posix(): each for path, each in zip(paths, types, strict=True)}
        )
        catalogue = cls(types)
        if examples:
            catalogue.lint_examples(directory)
        return catalogue

    def lint_examples(self, directory: Path) -> int:
        """Check the examples of every type against it; returns how many were checked."""
        dictionary = dictionary_in(directory)
        return sum(
            lint_examples(each, directory / each.slug / "examples", dictionary=dictionary, root=directory)
            for each in self.types()
        )

    def get(self, slug: str, version: int | None = None) -> LicenceType:
        """The type of that slug and version, or its newest published version; `NotFound` `type_not_found`."""
        versions = self._by_slug.get(slug, {})
        if version is None:
            version = max((n for n, each in versions.items() if each.status == "published"), default=0)
        if version not in versions:
            raise NotFound("type_not_found", "there is no licence type of that name and version")
        return versions[version]

    def types(self) -> tuple[LicenceType, ...]:
        """Every type version, by slug and then version."""
        return self._types

    def __contains__(self, slug: object) -> bool:
        """Whether there is a type of that slug, in any version and state."""
        return isinstance(slug, str) and slug in self._by_slug


def write_lock(directory: Path) -> Path:
    """Write `published.lock` anew from the published files as they are; for releases, and before the first tag."""
    published = {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.glob("*/v*.json"))
        if load_type_file(path, root=directory).status != "draft"
    }
    lock = directory / LOCK_NAME
    lock.write_text(json.dumps(published, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return lock


def _load_at_its_place(path: Path, directory: Path) -> LicenceType:
    licence_type = load_type_file(path, root=directory)
    named = _VERSION_FILE.fullmatch(path.name)
    if named is None or (path.parent.name, int(named[1])) != (licence_type.slug, licence_type.version):
        file = path.relative_to(directory).as_posix()
        sentence = "a type lies at <slug>/v<version>.json, with the slug and version it states"
        raise TypeFileError("version_path", sentence, file=file, pointer="/slug")
    return licence_type


def _check_lock(directory: Path, found: Mapping[str, LicenceType]) -> None:
    lock = directory / LOCK_NAME
    if not lock.is_file():
        return
    for name, node in Node(parse_document(lock.read_bytes(), file=LOCK_NAME), file=LOCK_NAME).items():
        digest = node.typed(str)
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise TypeFileError("schema", "a digest is 64 hexadecimal digits", file=LOCK_NAME, pointer=node.pointer)
        if name not in found or found[name].digest != digest:
            sentence = "a published file is never changed or removed; write a new version"
            raise TypeFileError("published_changed", sentence, file=name, lock=f"{LOCK_NAME}#/{escape(name)}")


def _clash(code: str, sentence: str, licence_type: LicenceType, pointer: str) -> TypeFileError:
    file = f"{licence_type.slug}/v{licence_type.version}.json"
    return TypeFileError(code, sentence, file=file, pointer=pointer)
