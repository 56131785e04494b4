"""Base64url and JSON, read strictly and written in one form.

Every token of this package passes through here first. Foreign bytes get one chance: exact alphabet, canonical last
character, UTF-8, no duplicate names, no number that two programs could read differently, bounded size and depth.

>>> b64url_encode(b"licence")
'bGljZW5jZQ'
>>> b64url_decode("bGljZW5jZQ")
b'licence'
>>> compact_json({"b": 1, "a": "证"}).decode()
'{"b":1,"a":"证"}'
>>> canonical_json({"b": 1.0, "a": "证"}).decode()
'{"a":"证","b":1}'
"""

import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import NoReturn, TypeAlias

import orjson

from elicence.errors import FormatError

__all__ = [
    "JsonObject",
    "JsonValue",
    "b64url_decode",
    "b64url_encode",
    "canonical_json",
    "check_numbers",
    "compact_json",
    "parse_canonical",
    "parse_json",
]

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

MAX_BYTES = 65_536
MAX_DEPTH = 16
# RFC 7493 §2.2: beyond this, programs that keep numbers as IEEE 754 doubles no longer agree.
MAX_INTEGER = 2**53 - 1

_URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FOREIGN = re.compile(r"[^A-Za-z0-9_=-]", re.ASCII)
# Missing characters are filled up with zero bits and the bytes they make are cut off again: measured, CPython decodes
# a text that ends in "==" at half the speed.
_FILL = ("", None, "AA", "A")
# RFC 4648 §3.5: the bits of the last character that carry no data must be zero.
_LAST_OF_TWO = frozenset(_URL_ALPHABET[value] for value in range(0, 64, 16))
_LAST_OF_THREE = frozenset(_URL_ALPHABET[value] for value in range(0, 64, 4))


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_FROM_STANDARD).decode("ascii")


_FROM_STANDARD = bytes.maketrans(b"+/", b"-_")


def b64url_decode(text: str | bytes) -> bytes:
    """The bytes of canonical base64url: no padding, no foreign character, unused bits zero; so one text per value."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    fill = _FILL[len(text) & 3]
    if fill is None or "+" in text or "/" in text or "=" in text or not text.isascii():
        _refuse_b64(text, "base64url text has an impossible length (4n + 1 characters)")
    try:
        data = binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + fill, strict_mode=True)
    except binascii.Error:
        _refuse_b64(text, "base64url text cannot be decoded")
    if not fill:
        return data
    if text[-1] not in (_LAST_OF_TWO if len(fill) == 2 else _LAST_OF_THREE):
        _refuse_b64(text, "the last base64url character sets bits that carry no data; they must be zero")
    return data[: -len(fill)]


def _refuse_b64(text: str, sentence: str) -> NoReturn:
    if _FOREIGN.search(text) or "=" in text.rstrip("="):
        raise FormatError("b64_alphabet", "base64url text holds a foreign character; allowed: A-Z a-z 0-9 - _")
    if text.endswith("="):
        raise FormatError("b64_not_canonical", "base64url text is padded with '='; here it is written without")
    raise FormatError("b64_not_canonical", sentence)


def parse_json(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, check_strings: bool = True
) -> JsonValue:  # fmt: skip
    """Foreign JSON text as Python values, or a FormatError (RFC 8259 within the limits of RFC 7493, I-JSON).

    Refused: more than `max_bytes`, nesting deeper than `max_depth`, a BOM or anything but UTF-8, NUL and lone
    surrogates in strings, duplicate names, NaN, infinities, minus zero, numbers beyond ±(2^53 - 1). With
    `check_strings` off the caller looks at every string itself.
    """
    if len(data) > max_bytes:
        raise FormatError("json_too_long", f"JSON text has {len(data)} bytes; allowed are {max_bytes}")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise FormatError("json_text", "JSON text starts with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("json_text", f"JSON text is not UTF-8 at byte {error.start}") from None
    if "\x00" in text:
        raise FormatError("json_text", "JSON text holds a NUL character")
    _refuse_depth(text, max_depth)
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise FormatError("json_syntax", f"JSON text is malformed at character {error.pos}: {error.msg}") from None
    if check_strings:
        _check_value(value, max_depth)
    return value


def parse_canonical(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, check_fractions: bool = True
) -> JsonValue:
    """As `parse_json`, fast for text in the exact form of `compact_json`.

    A text that orjson reads and writes back byte for byte has no duplicate name, no odd spelling, no bad UTF-8 and no
    integer out of range; every other text takes the slow road and gets its verdict there. With `check_fractions` off
    the caller looks at every float itself, by `check_numbers`.
    """
    # An escaped NUL survives the round trip; without a backslash there is no escape at all.
    if len(data) <= max_bytes and (b"\\" not in data or b"\\u0000" not in data):
        try:
            value: JsonValue = orjson.loads(data)
            exact = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == data
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            exact = False
        if exact:
            # As many brackets as levels allowed cannot be nested too deep.
            if check_fractions or data.count(b"{") + data.count(b"[") > max_depth:
                check_numbers((value,), levels=max_depth)
            return value
    return parse_json(data, max_bytes=max_bytes, max_depth=max_depth)


def check_numbers(items: Iterable[JsonValue], *, levels: int = MAX_DEPTH) -> None:
    """Refuse, in values that orjson read, what `parse_json` would: numbers out of range, more `levels` than allowed."""
    # Exact types, tested by identity: orjson makes no others, and this loop sees every value of every token.
    for item in items:
        kind = type(item)
        if kind is str:
            continue
        if kind is dict or kind is list:
            if levels == 0:
                raise FormatError("json_depth", "JSON text is nested too deep")
            check_numbers(item.values() if kind is dict else item, levels=levels - 1)  # type: ignore[union-attr, arg-type]
        elif kind is int or kind is float:
            _refuse_number(item)  # type: ignore[arg-type]


def compact_json(value: JsonValue) -> bytes:
    """JSON bytes in insertion order, UTF-8, no spaces: the one form in which this package writes what it signs."""
    written = _written(value)
    if written is not None:
        return written
    _check_value(value, MAX_DEPTH)
    return orjson.dumps(value, default=_plain)


_FRACTION = re.compile(rb"[0-9](?:\.[0-9]|[eE][-+]?[0-9])")


def _written(value: JsonValue) -> bytes | None:
    """The JSON of a value whose JSON reads back equal and has nothing in it that must be looked at; else None.

    Lone surrogates and integers out of range are refused by orjson, NaN and infinities come back as null. Fractions,
    NUL and depth are left to the slow road, and so is a text that looks as if it had some.
    """
    try:
        written = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
        same = orjson.loads(written) == value
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        return None
    odd = b"\\u0000" in written or _FRACTION.search(written)
    return written if same and not odd and _is_shallow(value, MAX_DEPTH) else None


def _is_shallow(value: JsonValue, levels: int) -> bool:
    items: Iterable[JsonValue]
    match value:
        case dict():
            items = value.values()
        case list():
            items = value
        case _:
            return True
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in items if isinstance(item, dict | list))


def canonical_json(value: JsonValue) -> bytes:
    """RFC 8785 (JCS) bytes: names sorted by UTF-16 code units, numbers as ECMAScript writes them."""
    _check_value(value, MAX_DEPTH)
    return orjson.dumps(_sorted(value))


# Strings are cut out first so that brackets inside them do not count. On malformed text the count may be too high,
# never too low: such text is refused either way.
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def _refuse_depth(text: str, max_depth: int) -> None:
    # As many brackets as levels allowed cannot be nested too deep; most requests have no more.
    if text.count("{") + text.count("[") <= max_depth:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > max_depth:
            raise FormatError("json_depth", f"JSON text is nested deeper than {max_depth} levels")


def _pairs(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise FormatError("json_duplicate_key", "a JSON object names a member twice")
    return members


def _integer(digits: str) -> int:
    # 17 characters hold every allowed integer; longer ones are not even converted.
    if len(digits) > 17 or digits == "-0" or abs(int(digits)) > MAX_INTEGER:
        raise FormatError("json_number", "a JSON integer is minus zero or beyond ±(2^53 - 1)")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= 64 else inf
    _refuse_number(value)
    return value


def _refuse_number(value: float) -> None:
    # NaN fails every comparison, so it does not pass this one.
    if not -MAX_INTEGER <= value <= MAX_INTEGER or (value == 0 and str(value)[0] == "-"):
        raise FormatError("json_number", "a JSON number is not finite, minus zero, or beyond ±(2^53 - 1)")


def _constant(_name: str) -> NoReturn:
    raise FormatError("json_number", "JSON has no NaN and no infinity")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)


def _check_value(value: JsonValue, levels: int) -> None:
    """The same for values of any origin, strings too."""
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, Mapping):
        _check_level(levels)
        for name, item in value.items():
            _check_string(name)
            _check_value(item, levels - 1)
    elif isinstance(value, list | tuple):
        _check_level(levels)
        for item in value:
            _check_value(item, levels - 1)
    elif isinstance(value, int | float):
        _refuse_number(value)
    elif value is not None:
        raise TypeError(f"{type(value).__name__} has no JSON form")


def _check_level(levels: int) -> None:
    if levels == 0:
        raise FormatError("json_depth", "JSON is nested too deep")


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise FormatError("json_text", "a JSON string holds NUL")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise FormatError("json_text", "a JSON string holds a lone surrogate") from None


def _plain(value: object) -> object:
    """For orjson: the mappings it does not know, such as read-only views."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _sorted(value: JsonValue) -> object:
    if isinstance(value, Mapping):
        # RFC 8785 §3.2.3
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return orjson.Fragment(_ecma_number(value).encode("ascii")) if isinstance(value, float) else value


def _ecma_number(value: float) -> str:
    """ECMAScript Number::toString, which RFC 8785 §3.2.2.3 asks for: Python finds the same digits, spells otherwise."""
    if value < 0:
        return "-" + _ecma_number(-value)
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or "0")
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    lead, tail = digits[0], digits[1:]
    return f"{lead}{'.' + tail if tail else ''}e{'+' if point > 0 else '-'}{abs(point - 1)}"
