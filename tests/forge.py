"""A forge of genuine and hostile licences, status lists and trusted lists, for tests only.

Written from the standards with nothing but `cryptography`, `json` and `zlib`, and none of the package's own formats:
so whatever both agree on was understood twice. Keys come from their names. A hostile thing is a genuine one plus a
recipe (plain JSON, see `tests/corpus/README.md`).
"""

import base64
import copy
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

BASE = "https://licence.example"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
T0 = int(NOW.timestamp())
DAY = 86_400
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DICTIONARY = b'{"alg":"ES256","typ":"vc+jwt","kid":"did:web:licenceIdentifier licenceNumber holders claims'
LIST_SIZE = 131_072
Recipe = Mapping[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


class Key:
    """A throw-away P-256 key made from a name."""

    def __init__(self, name: str) -> None:
        secret = int.from_bytes(hashlib.sha256(f"throw-away {name}".encode()).digest(), "big") % (ORDER - 1) + 1
        self.private = ec.derive_private_key(secret, ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        x, y = (b64(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        members = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
        self.kid = b64(hashlib.sha256(members.encode()).digest())

    def sign_der(self, data: bytes) -> bytes:
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self.sign_der(data))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def public(self, form: str) -> bytes:
        """The public key as PEM, DER, JWK text or OpenSSH line: what key-confusion attacks use as a shared secret."""
        key = self.private.public_key()
        if form == "jwk":
            return dumps(self.jwk)
        if form == "ssh":
            return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        encoding = serialization.Encoding.PEM if form == "pem" else serialization.Encoding.DER
        return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


NAMES = (
    "root-1",
    "root-2",
    "stranger",
    "city",
    "city-next",
    "city-old",
    "city-lost",
    "city-test",
    "city-status",
    "port",
    "port-status",
)
KEYS = {name: Key(name) for name in NAMES}


def did(slug: str) -> str:
    return f"did:web:licence.example:a:{slug}"


def text(zh: str, en: str) -> dict[str, str]:
    return {"zh-CN": zh, "en": en}


def claim(kind: str, *, disclosure: str = "open", code: bool = True) -> dict[str, Any]:
    schema = {"type": kind, **({"items": {"type": "string"}} if kind == "array" else {})}
    return {"schema": schema, "label": text("项目", "Item"), "disclosure": disclosure, "code": code}


def type_document(slug: str, *, photo_id: str = "never", several: bool = True) -> bytes:
    """A small licence type with a claim of every kind, and one that no code may carry."""
    return dumps(
        {
            "slug": slug,
            "version": 1,
            "status": "published",
            "code": "11100000000013338W011",
            "title": text("市场摊位证", slug.replace("-", " ").capitalize()),
            "publisher": {"name": text("标准机关", "Standards office")},
            "legal_basis": text("依据", "Basis"),
            "number": {"label": text("编号", "Number"), "pattern": "[A-Z0-9-]+", "max_length": 40},
            "holder": {
                "kinds": ["person", "organization"] if several else ["person"],
                "several": several,
                "name": {"disclosure": {"organization": "open", "person": "restricted"}, "code": True},
                "id": {
                    "disclosure": "restricted", "mask": "id", "code": True, "search": "keyed",
                    "schemes": {"CN-RIC": {"label": text("身份证", "Identity number"), "kinds": ["person"]}},
                },
            },
            "register": "exact",
            "validity": {"rule": "duration", "time_zone": "Asia/Shanghai", "max_months": 120},
            "changes": {"suspension": True, "reasons": ["cancelled"], "public_reason": True},
            "correction": {"deadline_days": 15, "notice": True},
            "counter": {"photo_id": photo_id},
            "claims": {
                "stall": claim("string"), "area": claim("integer"), "indoor": claim("boolean"),
                "goods": claim("array"), "detail": claim("object"),
                "inspection_note": claim("string", disclosure="closed", code=False),
            },
            "leak_exceptions": [],
            "code_budget": {"max_version": 25, "level": "M"},
            "presentation_sets": {"minimal": ["stall"]},
            "sources": ["made up for tests"],
        }
    )  # fmt: skip


TYPES = {
    "market-stall": type_document("market-stall"),
    "paper-pass": type_document("paper-pass", photo_id="paper"),
    "photo-pass": type_document("photo-pass", photo_id="always", several=False),
    "harbour-permit": type_document("harbour-permit"),
}


def trusted_key(name: str, **changes: Any) -> dict[str, Any]:
    purpose = "status_list" if name.endswith("status") else "credential"
    entry = {"kid": KEYS[name].kid, "purpose": purpose, "use": "live", "state": "active", "from": T0 - 400 * DAY}
    return {**entry, "until": None, "compromised_at": None, "jwk": KEYS[name].jwk, **changes}


def agency(slug: str, types: Sequence[str], keys: Sequence[Recipe]) -> dict[str, Any]:
    return {
        "id": did(slug),
        "https": f"{BASE}/a/{slug}",
        "slug": slug,
        "name": text(
            {"city": "示范市市场局", "port": "港务局"}[slug],
            {"city": "City market office", "port": "Port office"}[slug],
        ),
        "uscc": "11330000MB1234567X",
        "contact": None,
        "status_family": f"{BASE}/status/{slug}/",
        "permissions": [{"type": name, "from": T0 - 400 * DAY, "until": None} for name in types],
        "keys": list(keys),
    }


def trusted_list_payload() -> dict[str, Any]:
    city = [
        trusted_key("city"),
        trusted_key("city-next", state="next", **{"from": T0 + 30 * DAY}),
        trusted_key("city-old", state="retired", until=T0 - 200 * DAY),
        trusted_key("city-lost", state="compromised", compromised_at=T0 - 10 * DAY),
        trusted_key("city-test", use="test"),
        trusted_key("city-status"),
    ]
    port = [trusted_key("port"), trusted_key("port-status")]
    return {
        "iss": BASE,
        "iat": T0 - DAY,
        "exp": T0 + 14 * DAY,
        "version": 7,
        "environment": "production",
        "agencies": [
            agency("city", ["market-stall", "paper-pass", "photo-pass"], city),
            agency("port", ["harbour-permit"], port),
        ],
        "types": [
            {
                "slug": slug,
                "version": 1,
                "context": f"{BASE}/ns/{slug}/v1",
                "context_sha256": "0" * 64,
                "type_sha256": hashlib.sha256(document).hexdigest(),
            }
            for slug, document in TYPES.items()
        ],
    }


def trusted_list(recipe: Recipe | None = None) -> bytes:
    """A trusted list document. Recipe: `set`, `drop`, `roots` (names; default root-1), `sign`, `header`, `document`."""
    recipe = recipe or {}
    payload = dumps(patched(trusted_list_payload(), recipe))
    if "pad" in recipe:
        payload = payload[:-1] + b" " * recipe["pad"] + b"}"
    jwts = []
    for name in recipe.get("roots", ["root-1"]):
        header = {"alg": "ES256", "typ": "licence-trusted-list+jwt", "kid": KEYS[name].kid, **recipe.get("header", {})}
        signed = f"{b64(dumps(header))}.{b64(payload)}".encode()
        jwts.append(f"{signed.decode()}.{b64(signature(signed, recipe.get('sign', name)))}")
    return dumps({"list": b64(payload), "signatures": jwts, **recipe.get("document", {})})


def roots(threshold: int = 1, names: Sequence[str] = ("root-1", "root-2")) -> bytes:
    return dumps({"threshold": threshold, "keys": [KEYS[name].jwk for name in names]})


def licence_payload(slug: str = "market-stall", issuer: str = "city") -> dict[str, Any]:
    entries = [
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": "94567",
            "statusListCredential": f"{BASE}/status/{issuer}/3/{purpose}",
        }
        for purpose in ("revocation", "suspension")
    ]
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2", f"{BASE}/ns/{slug}/v1"],
        "type": ["VerifiableCredential", "".join(part.capitalize() for part in slug.split("-"))],
        "iss": did(issuer),
        "issuer": did(issuer),
        "iat": T0 - 100 * DAY,
        "validFrom": "2026-08-01T00:00:00+08:00",
        "validUntil": "2031-07-31T23:59:59+08:00",
        "credentialStatus": entries,
        "credentialSubject": {
            "licenceIdentifier": "1.2.156.3005.2.11100000000013338W011.11330000MB1234567X.CANARY4711.001.K",
            "licenceNumber": "CANARY-4711",
            "version": 1,
            "holders": [{"kind": "person", "name": "王雀", "idScheme": "CN-RIC", "id": "1101**********002X"}],
            "claims": {"stall": "B-17", "area": 12, "indoor": True, "goods": ["水果", "花"], "detail": {"row": "4"}},
        },
    }


def licence(recipe: Recipe | None = None) -> str:
    """A code credential as a compact token, or what the recipe makes of it."""
    recipe = recipe or {}
    issuer = recipe.get("issuer", "city")
    key = recipe.get("key", issuer)
    header = {"alg": "ES256", "typ": "vc+jwt", "kid": f"{did(issuer)}#{KEYS[key].kid}"}
    return token(header, licence_payload(recipe.get("type", "market-stall"), issuer), recipe, key)


def status_token(recipe: Recipe | None = None) -> str:
    """A status list token. Recipe: `values` {index: value}, `bits`, `size`, `lst` (a form of `compressed`), `list`."""
    recipe = recipe or {}
    issuer = recipe.get("issuer", "city")
    key = recipe.get("key", f"{issuer}-status")
    bits = recipe.get("bits", 2)
    data = bytearray(recipe.get("size", LIST_SIZE) * bits // 8)
    for index, value in recipe.get("values", {}).items():
        # Least significant bits first.
        data[int(index) * bits // 8] |= value << (int(index) * bits) % 8
    payload = {
        "sub": f"{BASE}/status/{issuer}/{recipe.get('list', 3)}",
        "iat": T0 - 600,
        "exp": T0 + 7 * DAY,
        "ttl": 300,
        "status_list": {"bits": bits, "lst": b64(compressed(bytes(data), recipe.get("lst", "zlib 9")))},
    }
    header = {"alg": "ES256", "typ": "statuslist+jwt", "kid": f"{did(issuer)}#{KEYS[key].kid}"}
    return token(header, payload, recipe, key)


def compressed(data: bytes, form: str) -> bytes:
    """`zlib <level>`, or a broken form by its name."""
    if form.startswith("zlib "):
        return zlib.compress(data, int(form.split()[1]))
    whole = zlib.compress(data, 9)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    gzip = zlib.compressobj(9, zlib.DEFLATED, 31)
    keyed = zlib.compressobj(9, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY, b"\x00" * 32)
    return {
        "cut": lambda: whole[:-5],
        "trailing": lambda: whole + b"\x00",
        "two": lambda: whole + whole,
        "adler": lambda: whole[:-1] + bytes([whole[-1] ^ 1]),
        "plain": lambda: data,
        "raw": lambda: raw.compress(data) + raw.flush(),
        "gzip": lambda: gzip.compress(data) + gzip.flush(),
        "dictionary": lambda: keyed.compress(data) + keyed.flush(),
        "short": lambda: zlib.compress(data[:-1]),
        "bomb": lambda: zlib.compress(b"\x00" * 20_000_000, 9),
    }[form]()


def token(header: dict[str, Any], payload: dict[str, Any], recipe: Recipe, key: str) -> str:
    """Serialise, sign and mangle; the members of a token recipe are listed in `tests/corpus/README.md`."""
    genuine = f"{b64(dumps(header))}.{b64(dumps(payload))}".encode()
    header = patched(header, recipe.get("header", {}))
    head = replaced(dumps(header), recipe.get("header_replace", []))
    body = replaced(dumps(patched(payload, recipe)), recipe.get("payload_replace", []))
    body = bytes.fromhex(recipe["payload_hex"]) if "payload_hex" in recipe else body
    body = recipe["payload_text"].encode() if "payload_text" in recipe else body
    signed = f"{b64(head)}.{b64(body)}".encode()
    made = f"{signed.decode()}.{b64(signature(signed, recipe.get('sign', key), genuine, key))}"
    for operation in recipe.get("mangle", []):
        made = mangled(made, *operation)
    return made


def signature(signed: bytes, how: Any, genuine: bytes = b"", key: str = "") -> bytes:
    """By a key's name, or by a trick: none, of_genuine, twin, der, hmac <form>, r_s <r> <s>, length <n>."""
    if how in KEYS:
        return KEYS[how].sign(signed)
    trick, *rest = how.split()
    if trick == "hmac":
        return hmac.digest(KEYS[key].public(rest[0]), signed, "sha256")
    if trick == "r_s":
        return b"".join(eval(each, {"n": ORDER}).to_bytes(32, "big") for each in rest)
    if trick == "length":
        return (KEYS[key].sign(signed) * 200)[: int(rest[0])]
    if trick == "twin":
        good = KEYS[key].sign(signed)
        return good[:32] + (ORDER - int.from_bytes(good[32:], "big")).to_bytes(32, "big")
    return {
        "none": lambda: b"",
        "der": lambda: KEYS[key].sign_der(signed),
        "of_genuine": lambda: KEYS[key].sign(genuine),
    }[trick]()


def mangled(made: str, verb: str, *rest: Any) -> str:
    """One operation on the finished text; `tests/corpus/README.md` lists them."""
    segments = made.split(".")
    if verb in ("append", "insert"):
        where, what = rest
        segments[where] = (
            segments[where] + what if verb == "append" else segments[where][:9] + what + segments[where][9:]
        )
        return ".".join(segments)
    if verb == "keep":
        return ".".join(segments[: rest[0]])
    if verb == "slack":
        # Set a bit that carries no data in the last character.
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return made[:-1] + alphabet[alphabet.index(made[-1]) | 1]
    if verb == "json":
        return dumps({"protected": segments[0], "payload": segments[1], "signature": segments[2]}).decode()
    return {
        "after": lambda: made + rest[0],
        "before": lambda: rest[0] + made,
        "replace": lambda: made.replace(rest[0], rest[1]),
        "whole": lambda: rest[0],
        "times": lambda: rest[0] * rest[1],
        "frame": lambda: f"{BASE}/v#{frame(made)}",
    }[verb]()


def patched(value: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """A copy with members `set` and `drop`ped by JSON Pointer."""
    value = copy.deepcopy(value)
    for pointer, new in recipe.get("set", {}).items():
        parent, last = _reach(value, pointer)
        parent[last] = new
    for pointer in recipe.get("drop", []):
        parent, last = _reach(value, pointer)
        del parent[last]
    return value


def _reach(value: Any, pointer: str) -> tuple[Any, Any]:
    *way, last = pointer.removeprefix("/").split("/")
    for step in way:
        value = value[int(step) if isinstance(value, list) else step.replace("~1", "/")]
    return value, int(last) if isinstance(value, list) else last.replace("~1", "/")


def replaced(data: bytes, pairs: Sequence[Sequence[Any]]) -> bytes:
    for old, new, *times in pairs:
        assert old.encode() in data, f"nothing to replace: {old}"
        data = data.replace(old.encode(), (new * (times[0] if times else 1)).encode("utf-8", "surrogatepass"))
    return data


def frame(jws: str, *, version: int = 1, dictionary_id: int = 1) -> str:
    """The decimal digits of the QR frame for a compact token, from its description in docs/qr-frame.md."""
    header, payload, signed = (unb64(part) for part in jws.split("."))
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    body = squeeze.compress(header + payload) + squeeze.flush()
    length = len(header)
    varint = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return str(int.from_bytes(bytes([version, dictionary_id]) + varint + body + signed, "big"))
