"""What came back for a call, read strictly: what is not as documented is refused, not guessed at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeVar

from elicence.errors import FormatError, RemoteFault
from elicence.formats.encoding import JsonObject, JsonValue, parse_canonical

__all__ = ["LARGEST", "Answer", "Members"]

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of an answer that are read: far above a page of two hundred licences."""
_DEEPEST: Final = 32  # claims may be as deep as a request, and stand some levels down in a list
_LONGEST_WAIT: Final = 86_400

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, good or bad, as it came."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait (RFC 9110 §10.2.3); a date is not read."""
        text = self.headers.get("retry-after", "")
        return min(int(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() and len(text) < 9 else None

    def members(self, media_type: str = "application/json") -> "Members":
        """The JSON object in it; `RemoteFault` remote_answer_bad for anything else, such as a page of HTML."""
        if self.media_type != media_type:
            sentence = f"What answers there is no registry: status {self.status}, and not {media_type}."
            raise RemoteFault("remote_answer_bad", sentence)
        try:
            return Members(parse_canonical(self.content, max_bytes=LARGEST, max_depth=_DEEPEST))
        except FormatError:
            raise RemoteFault("remote_answer_bad", "What answers there is no registry: its JSON is broken.") from None


class Members:
    """The members of an object by name and kind; `RemoteFault` remote_answer_bad names the one that is otherwise."""

    def __init__(self, value: JsonValue) -> None:
        if not isinstance(value, Mapping):
            raise RemoteFault("remote_answer_bad", "The answer has something else where an object belongs.")
        self._members = value

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def value(self, name: str) -> JsonValue:
        """Whatever it is; None where it is missing."""
        return self._members.get(name)

    def text(self, name: str) -> str:
        """Text."""
        return self._kind(name, str)

    def whole(self, name: str) -> int:
        """A whole number, which true and false are not."""
        found = self._kind(name, int)
        if isinstance(found, bool):
            raise _otherwise(name)
        return found

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._kind(name, bool)

    def day(self, name: str) -> date:
        """A civil day."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise _otherwise(name) from None

    def instant(self, name: str) -> datetime:
        """An instant with its offset."""
        try:
            found = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise _otherwise(name) from None
        if found.tzinfo is None:
            raise _otherwise(name)
        return found

    def optional_text(self, name: str) -> str | None:
        """Text or nothing."""
        return self.text(name) if name in self else None

    def optional_whole(self, name: str) -> int | None:
        """A whole number or nothing."""
        return self.whole(name) if name in self else None

    def optional_day(self, name: str) -> date | None:
        """A civil day or nothing."""
        return self.day(name) if name in self else None

    def object(self, name: str) -> "Members":
        """An object."""
        return Members(self.value(name))

    def plain(self) -> JsonObject:
        """The members as they are."""
        return dict(self._members)

    def objects(self, name: str) -> list["Members"]:
        """A list of objects."""
        return [Members(each) for each in self._kind(name, list)]

    def _kind(self, name: str, kind: type[T]) -> T:
        found = self._members.get(name)
        if not isinstance(found, kind):
            raise _otherwise(name)
        return found


def _otherwise(name: str) -> RemoteFault:
    return RemoteFault("remote_answer_bad", f"The answer's member {name} is not what this program knows.")
