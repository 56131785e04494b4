"""The examples of a licence type: requests that must be accepted, fit the code and leak nothing, and requests with
one defect that must be refused for exactly that defect.

`examples/valid-<what>.json` is a request; `examples/invalid-<defect>.json` is `{"expect": code, "pointer": where,
"request": …}`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from elicence.errors import RequestError, TypeFileError
from elicence.formats.encoding import JsonObject
from elicence.licences.code_size import estimated_version, longest_claims
from elicence.licences.disclosure import Disclosure
from elicence.licences.licence_type import LicenceType
from elicence.licences.request import CheckedRequest, check_request
from elicence.licences.type_document import Node, parse_document

__all__ = ["DICTIONARY_ID", "dictionary_in", "lint_examples"]

DICTIONARY_ID: Final = 1
_LEAST_TELLING: Final = 4
_SPACING: Final = re.compile(r"[\W_]+")


def dictionary_in(standards: Path) -> bytes:
    """The published QR dictionary beside the types; a folder without one measures codes without."""
    path = standards / "qr" / f"dictionary-{DICTIONARY_ID}.bin"
    return path.read_bytes() if path.is_file() else b""


def lint_examples(licence_type: LicenceType, folder: Path, *, dictionary: bytes, root: Path | None = None) -> int:
    """Check every example in the type's `examples` folder and return how many there are.

    Raises `TypeFileError`: `example_refused`, `example_accepted`, `qr_too_dense`, `derivation`, or what is wrong with
    the file itself.
    """
    root = root or folder
    valid = sorted(folder.glob("valid-*.json"))
    invalid = sorted(folder.glob("invalid-*.json"))
    if not valid:
        name = folder.relative_to(root).as_posix()
        raise TypeFileError("file_unreadable", "a licence type needs at least one valid example", file=name)
    for path in valid:
        file = path.relative_to(root).as_posix()
        body = Node(parse_document(path.read_bytes(), file=file), file=file).mapping()
        if body.get("type_version") in (None, licence_type.version):
            _check_valid(licence_type, cast("JsonObject", body), dictionary, file=file)
    for path in invalid:
        _check_invalid(licence_type, path, path.relative_to(root).as_posix())
    return len(valid) + len(invalid)


def _check_valid(licence_type: LicenceType, body: JsonObject, dictionary: bytes, *, file: str) -> None:
    try:
        checked = check_request(licence_type, body)
    except RequestError as error:
        first = error.problems[0] if error.problems else None
        sentence = f"the example is refused: {first.code if first else error.code}"
        pointer = first.pointer if first else ""
        raise TypeFileError("example_refused", sentence, file=file, pointer=pointer) from None
    budget = licence_type.code_budget
    needed = estimated_version(checked, dictionary_id=DICTIONARY_ID, dictionary=dictionary)
    if needed > budget.max_version:
        longest = longest_claims(checked)
        sentence = (
            f"the example needs QR version {needed} at level {budget.level}, the type allows {budget.max_version}; "
            f"the longest claims are {', '.join(longest)}"
        )
        raise TypeFileError(
            "qr_too_dense", sentence, file=file, pointer=f"/claims/{longest[0]}", needed=needed, longest=longest
        )
    _check_derivation(checked, file)


def _check_invalid(licence_type: LicenceType, path: Path, file: str) -> None:
    node = Node(parse_document(path.read_bytes(), file=file), file=file)
    expected = (node.text("expect"), node.text("pointer"))
    body = node.member("request").mapping()
    if body.get("type_version") not in (None, licence_type.version):
        return
    try:
        check_request(licence_type, cast("JsonObject", body))
    except RequestError as error:
        found = {(each.code, each.pointer) for each in error.problems}
        if expected in found:
            return
        listed = ", ".join(f"{code} at {pointer or '/'}" for code, pointer in sorted(found))
        sentence = f"refused, but not as expected: found {listed}"
        raise TypeFileError("example_refused", sentence, file=file, pointer="/expect") from None
    raise TypeFileError("example_accepted", "the example has a defect but is accepted", file=file, pointer="/request")


def _check_derivation(checked: CheckedRequest, file: str) -> None:
    """An open value must not contain a hidden one, nor be a part of a holder's number that is not open."""
    waived = {(each.open, each.hidden) for each in checked.licence_type.leak_exceptions}
    hidden = list(_hidden(checked))
    for name, text, pointer in _open(checked):
        for other, secret in hidden:
            tells = secret in text or (other == "holder.id" and text in secret)
            if tells and (name, other) not in waived:
                sentence = (
                    f"the open field {name} tells the hidden field {other}; correct the classes or record a waiver"
                )
                raise TypeFileError("derivation", sentence, file=file, pointer=pointer)


def _open(checked: CheckedRequest) -> Iterator[tuple[str, str, str]]:
    """Open texts as (field, text, pointer), without spacing and punctuation."""
    if checked.licence_type.register != "none":
        yield "number", _bare(checked.number), "/number"
    for name, rule in checked.licence_type.claims.items():
        value = checked.claims.get(name)
        if rule.disclosure is Disclosure.OPEN and isinstance(value, str) and len(_bare(value)) >= _LEAST_TELLING:
            yield name, _bare(value), f"/claims/{name}"


def _hidden(checked: CheckedRequest) -> Iterator[tuple[str, str]]:
    """Hidden free texts as (field, text): values out of an enum tell nobody apart."""
    rules = checked.licence_type.holder
    found: list[tuple[str, str]] = []
    for holder in checked.holders:
        if rules.id_disclosure[holder.kind] is not Disclosure.OPEN and holder.id is not None:
            found.append(("holder.id", holder.id))
        if rules.name_disclosure[holder.kind] is not Disclosure.OPEN:
            found.append(("holder.name", holder.name))
    for name, rule in checked.licence_type.claims.items():
        value = checked.claims.get(name)
        if rule.disclosure is not Disclosure.OPEN and isinstance(value, str) and "enum" not in rule.schema:
            found.append((name, value))
    return ((name, _bare(text)) for name, text in found if len(_bare(text)) >= _LEAST_TELLING)


def _bare(text: str) -> str:
    return _SPACING.sub("", text).casefold()
