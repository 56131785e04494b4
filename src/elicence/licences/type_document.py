"""Reading a type file member by member, so that every complaint names the file and a JSON Pointer (RFC 6901)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NoReturn, TypeVar, cast

from elicence.errors import TypeFileError

__all__ = ["LANGUAGES", "MAX_BYTES", "Node", "escape", "parse_document"]

LANGUAGES: Final = ("zh-CN", "en")
MAX_BYTES: Final = 262_144
"""A type file is written and reviewed by people: a quarter of a megabyte is far above any of them."""

_T = TypeVar("_T", bound=str)
_ABSENT: Final = object()
_KINDS: Final[Mapping[type, str]] = {
    str: "string", int: "integer", bool: "boolean", float: "number", dict: "object", list: "array", type(None): "null",
}  # fmt: skip


class _DuplicateKeyError(Exception):
    """Raised inside the JSON reader; its argument is the repeated member name."""


def escape(name: str | int) -> str:
    """One reference token of a JSON Pointer.

    >>> escape("a/b~c")
    'a~1b~0c'
    """
    return str(name).replace("~", "~0").replace("/", "~1")


def parse_document(document: bytes, *, file: str) -> object:
    """The JSON value of a file: UTF-8 without BOM, no duplicate members, no NaN or Infinity, bounded size and depth."""
    if len(document) > MAX_BYTES:
        raise TypeFileError("file_unreadable", f"the file has more than {MAX_BYTES} bytes", file=file)
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TypeFileError("file_unreadable", f"not UTF-8 at byte {error.start}", file=file) from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except _DuplicateKeyError as error:
        # The name is one of the reviewed file's own member names, never a value out of a request.
        raise TypeFileError(
            "duplicate_key", f"member {error.args[0]!r} stands twice in one object", file=file
        ) from None
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise TypeFileError("json_syntax", f"not JSON{where}", file=file) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise _DuplicateKeyError(counted.most_common(1)[0][0])
    return members


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


class Node:
    """A JSON value of a type file together with where it stands."""

    __slots__ = ("_value", "file", "pointer")

    def __init__(self, value: object, *, file: str, pointer: str = "") -> None:
        self._value = value
        self.file = file
        self.pointer = pointer

    def at(self, name: str | int) -> str:
        """The pointer of a member or element of this value."""
        return f"{self.pointer}/{escape(name)}"

    def has(self, name: str) -> bool:
        """Whether this is an object with that member."""
        return isinstance(self._value, dict) and name in self._value

    def kind(self, name: str) -> str | None:
        """JSON kind of a member, None where it is absent."""
        return _KINDS.get(type(self.mapping()[name])) if self.has(name) else None

    def mapping(self) -> dict[str, object]:
        """This value as an object."""
        if not isinstance(self._value, dict):
            raise self._wrong(self.pointer, "object")
        return self._value

    def member(self, name: str) -> "Node":
        """A member that must be there."""
        members = self.mapping()
        if name not in members:
            raise TypeFileError("schema", f"member {name!r} is missing", file=self.file, pointer=self.pointer)
        return Node(members[name], file=self.file, pointer=self.at(name))

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """The members of an object, in the file's order."""
        for name, value in self.mapping().items():
            yield name, Node(value, file=self.file, pointer=self.at(name))

    def values(self) -> Iterator["Node"]:
        """The members of an object without their names."""
        return (node for _, node in self.items())

    def elements(self) -> Iterator["Node"]:
        """The elements of an array."""
        if not isinstance(self._value, list):
            raise self._wrong(self.pointer, "array")
        for position, value in enumerate(self._value):
            yield Node(value, file=self.file, pointer=self.at(position))

    def strings(self) -> tuple[str, ...]:
        """This array of strings."""
        return tuple(cast("str", each.typed(str)) for each in self.elements())

    def typed(self, kind: type) -> object:
        """This value, which must be exactly of that JSON kind: a boolean is no integer."""
        if type(self._value) is not kind:
            raise self._wrong(self.pointer, _KINDS[kind])
        return self._value

    def text(self, name: str) -> str:
        """A string member."""
        return cast("str", self.member(name).typed(str))

    def integer(self, name: str) -> int:
        """An integer member."""
        return cast("int", self.member(name).typed(int))

    def optional_text(self, name: str) -> str | None:
        """A string member, or None."""
        return self.text(name) if self.has(name) else None

    def optional_integer(self, name: str) -> int | None:
        """An integer member, or None."""
        return self.integer(name) if self.has(name) else None

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """A boolean member; with a default it may be absent."""
        if default is not None and not self.has(name):
            return default
        return cast("bool", self.member(name).typed(bool))

    def choice(self, name: str, allowed: tuple[_T, ...], *, default: _T | None = None) -> _T:
        """A string member out of a closed set."""
        if default is not None and not self.has(name):
            return default
        found = self.text(name)
        for each in allowed:
            if each == found:
                return each
        message = f"member {name!r} must be one of {', '.join(allowed)}"
        raise TypeFileError("schema", message, file=self.file, pointer=self.at(name))

    def texts(self, name: str) -> Mapping[str, str]:
        """A wording in every language of the house."""
        node = self.member(name)
        return MappingProxyType({language: node.text(language) for language in LANGUAGES})

    def texts_or_empty(self, name: str) -> Mapping[str, str]:
        """The strings of an object member by name, whatever else is wrong with it."""
        members = self.mapping().get(name)
        return {k: v for k, v in members.items() if isinstance(v, str)} if isinstance(members, dict) else {}

    def _wrong(self, pointer: str, expected: str) -> TypeFileError:
        found = _KINDS.get(type(self._value), "value")
        return TypeFileError("schema", f"found {found} where {expected} is needed", file=self.file, pointer=pointer)
