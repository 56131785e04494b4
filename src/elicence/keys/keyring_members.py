"""Reading the members of `keyring.json`: exact names, texts that are not empty, instants in one spelling."""

from datetime import UTC, datetime

from elicence.errors import KeyFault
from elicence.formats.encoding import JsonObject, JsonValue

__all__ = ["exact_members", "instant_text", "non_empty_text", "parse_instant"]

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def exact_members(value: JsonValue, names: set[str]) -> JsonObject:
    """The object, if it has exactly these members."""
    if not isinstance(value, dict) or set(value) != names:
        raise KeyFault("keyring_bad", f"The keyring needs objects with exactly the members {', '.join(sorted(names))}.")
    return value


def non_empty_text(value: JsonValue) -> str:
    """The text itself."""
    if not isinstance(value, str) or not value:
        raise KeyFault("keyring_bad", "A member of the keyring that must be a text is none, or is empty.")
    return value


def instant_text(instant: datetime | None) -> str | None:
    """UTC in whole seconds, as `2026-11-23T08:00:00Z`."""
    return None if instant is None else instant.astimezone(UTC).strftime(_INSTANT)


def parse_instant(value: JsonValue) -> datetime | None:
    """The inverse of `instant_text`; no other spelling is read."""
    if value is None:
        return None
    text = non_empty_text(value)
    try:
        instant = datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        instant = None
    if instant is None or instant_text(instant) != text:
        raise KeyFault("keyring_bad", "An instant of the keyring is not of the form 2026-11-23T08:00:00Z.")
    return instant
