"""Tokens nobody would write, made from genuine ones by dice: broken on the way, forged, oddly signed by the right key.

Re-signed ones matter most: only they come past the signature, to the readers behind it.
"""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests import forge

ISSUERS = (("city", "market-stall"), ("city", "paper-pass"), ("city", "photo-pass"), ("port", "harbour-permit"))
TIMES = [
    f"{day}T{time}{zone}"
    for day in (
        "2026-02-29",
        "2028-02-29",
        "2027-03-01",
        "2026-11-23",
        "0001-01-01",
        "9999-12-31",
        "2026-13-01",
        "２026-11-23",
    )
    for time in ("00:00:00", "24:00:00", "23:59:60", "08:00:00")
    for zone in ("+08:00", "-00:00", "+14:30", "+14:00", "-12:00", "+09:75", "Z", "+0800")
]
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 999, 1000, 131_071, 131_072, 2**53 - 1, 2**53, 10**400, -(2**53),
    0.0, -0.0, 1.0, 1.5, -2.25, 1e16, 1e15, 1e-7, 0.00001, 1e308, 9007199254740993.0, float("inf"), float("nan"),
    "", "x", "0", "00", "1", "94567", "94568", "999999999", "9999999999", "１", "x" * 512, "x" * 513, "😀" * 512,
    "😀" * 513, "\ud83d", "\udc00x", "\u0000", "\ufeff", "é", "e\u0301", "\x7f", "\x1f", "/", "<script>",
    [], {}, [[]], [None], {"": 0}, {"__proto__": 1}, {"a": {"constructor": [{"prototype": 1}]}}, {"a": [1.5, -0.0]},
    {"kind": "person"}, {"kind": "organization", "name": None}, {"kind": "person", "id": "1"},
    forge.BASE, f"{forge.BASE}/ns/market-stall/v1", f"{forge.BASE}/ns/market-stall/v2", forge.did("port"),
    f"{forge.BASE}/status/city/3/revocation", f"{forge.BASE}/status/port/3/revocation",
    "https://licence.example.evil/ns/market-stall/v1", f"{forge.BASE}/status/city/03/revocation", "MarketStall",
]  # fmt: skip
NAMES = [
    "exp",
    "vc",
    "sub",
    "id",
    "__proto__",
    "constructor",
    "toString",
    "Claims",
    "",
    "a" * 65,
    "stall",
    "validUntil",
]
HEADERS = ["alg", "typ", "kid", "cty", "crit", "jwk", "jku", "x5c", "zip", "b64", "extra", "__proto__"]
HEADER_VALUES: list[Any] = [
    "none", "HS256", "es256", "ES256", "ES384", "vc+jwt", "VC+JWT", "application/vc+jwt", "JWT", "vc", "", "#",
    "application/application/vc+jwt", f"{forge.did('city')}#", f"{forge.did('nobody')}#{'x' * 43}",
    "did:web:evil.example%3A80:a:abc#x", None, 1, 1.0, [], {}, True,
    *(f"{forge.did(slug)}#{key.kid}" for slug in ("city", "port") for key in forge.KEYS.values()),
]  # fmt: skip
NUMBERS = (
    "-0",
    "01",
    "1.0",
    "1e2",
    "1E+2",
    "1e400",
    "-1",
    "0.10",
    "1.",
    "+1",
    "9007199254740992",
    "NaN",
    "-Infinity",
    "0x1",
)
Mutation = Callable[[random.Random], str]


def mutated(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """So many names and texts, the same ones for the same seed (but for the signatures, which are drawn anew)."""
    dice = random.Random(seed)
    for number in range(count):
        mutation = dice.choices(MUTATIONS, WEIGHTS)[0]
        yield f"{mutation.__name__} {seed}/{number}", mutation(dice)


def payload_of(dice: random.Random) -> tuple[str, dict[str, Any]]:
    issuer, slug = dice.choice(ISSUERS)
    return issuer, forge.licence_payload(slug, issuer)


def signed(payload: bytes, key: str, header: bytes | None = None) -> str:
    issuer = "port" if key.startswith("port") else "city"
    head = header or forge.dumps({"alg": "ES256", "typ": "vc+jwt", "kid": f"{forge.did(issuer)}#{forge.KEYS[key].kid}"})
    text = f"{forge.b64(head)}.{forge.b64(payload)}"
    return f"{text}.{forge.b64(forge.KEYS[key].sign(text.encode()))}"


def genuine(dice: random.Random) -> str:
    issuer, payload = payload_of(dice)
    key = (
        issuer if issuer == "port" else dice.choice(("city", "city", "city-lost", "city-test", "city-old", "city-next"))
    )
    return signed(forge.dumps(payload), key)


def any_form(dice: random.Random) -> str:
    token = genuine(dice)
    return dice.choice((token, forge.frame(token), f"{forge.BASE}/v#{forge.frame(token)}"))


def byte_flipped(dice: random.Random) -> str:
    text = any_form(dice)
    at = dice.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ 1 << dice.randrange(8)) + text[at + 1 :]


def cut(dice: random.Random) -> str:
    text = any_form(dice)
    return text[: dice.randrange(len(text))] if dice.random() < 0.7 else text[dice.randrange(len(text)) :]


def spliced(dice: random.Random) -> str:
    first, second = any_form(dice), any_form(dice)
    return first[: dice.randrange(len(first))] + second[dice.randrange(len(second)) :]


def segments_exchanged(dice: random.Random) -> str:
    return ".".join(genuine(dice).split(".")[place] for place in (0, 1, 2))


def frame_bytes_changed(dice: random.Random) -> str:
    digits = forge.frame(genuine(dice), version=dice.choice((1, 1, 1, 2)), dictionary_id=dice.choice((1, 1, 1, 2)))
    data = bytearray(int(digits).to_bytes(2000).lstrip(b"\0"))
    for _ in range(dice.randrange(3)):
        at = dice.randrange(len(data)) if dice.random() < 0.5 else dice.randrange(8)
        data[at] = dice.randrange(256)
    if dice.random() < 0.3:
        at = dice.randrange(len(data))
        data[at:at] = dice.randbytes(dice.randrange(4))
    return str(int.from_bytes(data))


def dressed(dice: random.Random) -> str:
    text = any_form(dice)
    wide = "".join(chr(ord(each) + 0xFEE0) if each.isdigit() and dice.random() < 0.5 else each for each in text)
    changes = (
        f" \t{text}\r\n",
        wide,
        text.upper(),
        f"\u00a0{text}",
        f"\ufeff{text}",
        f"{text}\u2028",
        text.replace("1", "¹"),
    )
    return dice.choice(changes)


def member_replaced(dice: random.Random) -> str:
    """Another value at any place of the payload, under the genuine key."""
    issuer, payload = payload_of(dice)
    for _ in range(dice.choice((1, 1, 1, 2))):
        parent, name = dice.choice(list(places(payload)))
        value = dice.choice(TIMES) if str(name).startswith("valid") and dice.random() < 0.7 else dice.choice(VALUES)
        parent[name] = copy.deepcopy(value)
    return signed(forge.dumps(payload), issuer)


def member_dropped_or_added(dice: random.Random) -> str:
    issuer, payload = payload_of(dice)
    parent, name = dice.choice(list(places(payload)))
    if dice.random() < 0.5:
        del parent[name]
    elif isinstance(parent, list):
        parent.append(copy.deepcopy(dice.choice((parent[name], *VALUES))))
    else:
        parent[dice.choice(NAMES)] = copy.deepcopy(dice.choice(VALUES))
    return signed(forge.dumps(payload), issuer)


def dates_moved(dice: random.Random) -> str:
    issuer, payload = payload_of(dice)
    payload[dice.choice(("validFrom", "validUntil"))] = dice.choice(
        (
            "2027-03-01T00:00:00+08:00",
            "2026-11-23T16:00:00+08:00",
            "2026-11-23T07:59:59+00:00",
            "2026-11-22T18:00:00-14:00",
        )
    )
    return signed(forge.dumps(payload), issuer)


def nested_deep(dice: random.Random) -> str:
    issuer, payload = payload_of(dice)
    value: Any = dice.choice((1, 1.5, -0.0, 2.0**60))
    for _ in range(dice.randrange(1, 24)):
        value = {"a": value} if dice.random() < 0.5 else [value]
    payload["credentialSubject"]["claims"][dice.choice(("detail", "goods"))] = value
    if dice.random() < 0.3:
        payload["iat"] = dice.choice((1e300, -0.0, 5))
    return signed(forge.dumps(payload), issuer)


def text_of_payload_changed(dice: random.Random) -> str:
    """The same or another JSON text in another spelling, or no JSON at all, under the genuine key."""
    issuer, payload = payload_of(dice)
    text = forge.dumps(payload).decode()
    kind = dice.randrange(6)
    if kind == 0:
        mark = dice.choice("{}[]:,")
        at = dice.choice([place for place, letter in enumerate(text) if letter == mark])
        text = text[: at + 1] + dice.choice((" ", "\n", "\t", "\u00a0", "\f", mark, "")) + text[at + 1 :]
    elif kind == 1:
        at = dice.randrange(len(text))
        written = f"\\u{ord(text[at]):04x}"
        text = text[:at] + dice.choice((written, written.upper(), "\\/", "\\x", "\\u12", '\\"')) + text[at + 1 :]
    elif kind == 2:
        old = dice.choice((str(payload["iat"]), ":12,", '"version":1'))
        text = text.replace(old, dice.choice((dice.choice(NUMBERS), f":{dice.choice(NUMBERS)},")))
    elif kind == 3:
        text = "{" + dice.choice(('"iss":1,', '"a":1,"a":2,', '"\\u0069ss":0,')) + text[1:]
    elif kind == 4:
        data = bytearray(text.encode())
        data[dice.randrange(len(data))] = dice.randrange(256)
        return signed(bytes(data), issuer)
    else:
        text = dice.choice(("", "[]", "null", "1", '"x"', "{}", "\ufeff{}", text + "}", text + "\0", "[" * 40, "NaN"))
    return signed(text.encode(), issuer)


def header_changed(dice: random.Random) -> str:
    issuer, payload = payload_of(dice)
    key = dice.choice((issuer, issuer, "stranger", "city-status"))
    header: dict[str, Any] = {"alg": "ES256", "typ": "vc+jwt", "kid": f"{forge.did(issuer)}#{forge.KEYS[key].kid}"}
    for _ in range(dice.choice((1, 1, 2))):
        header[dice.choice(HEADERS)] = dice.choice(HEADER_VALUES)
    if dice.random() < 0.2:
        del header[dice.choice(list(header))]
    head = forge.dumps(header)
    if dice.random() < 0.2:
        head = dice.choice((b"{" + b'"alg":"ES256",' + head[1:], head + b" ", head[:-1], b"[]", b"{}", b"\xff" + head))
    return signed(forge.dumps(payload), key, head)


def noise(dice: random.Random) -> str:
    letters = dice.choice(("0123456789", "0123456789ABCDEFGHJK-", "eyJ.abc_-", "".join(map(chr, range(32, 700)))))
    start = dice.choice(
        ("", "https://a.example/", "https://a.example/p#", "WIFI:", "wxp://", "ey", "{", "+86 ", "HC1:", "\ud800")
    )
    return start + "".join(dice.choice(letters) for _ in range(dice.choice((3, 12, 14, 40, 170, 300))))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and element of a JSON value, as its parent and its name or number."""
    for name, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, name
        if isinstance(item, dict | list):
            yield from places(item)


MUTATIONS: tuple[Mutation, ...] = (
    byte_flipped, cut, spliced, segments_exchanged, frame_bytes_changed, dressed, member_replaced,
    member_dropped_or_added, nested_deep, text_of_payload_changed, header_changed, noise, genuine, dates_moved,
)  # fmt: skip
WEIGHTS = (12, 6, 5, 4, 8, 4, 24, 12, 4, 14, 9, 4, 2, 3)
