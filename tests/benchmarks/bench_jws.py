"""How much of raw P-256 the strict gate leaves: `python tests/benchmarks/bench_jws.py`.

Ratios of medians over single calls, the contenders taking turns of a hundred in one run, on one licence of 1.5 to 2 kB
with every check on. 1.0 would be `cryptography` alone over the same bytes; PyJWT, which checks less, stands beside it.
Ends with status 1 if a floor is missed.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from statistics import median
from time import perf_counter

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from elicence.formats.jwk import ES256, VerificationKey, public_jwk
from elicence.formats.jws import assemble, parse_jws, signing_input, verify_jws
from elicence.formats.vc_jwt import (
    BASE_CONTEXT,
    CodeCredential,
    HolderFace,
    StatusEntry,
    Subject,
    decode_payload,
    encode_payload,
    header,
)

ROUNDS = 30
TURN = 100
FLOORS = {"sign": 0.60, "verify": 0.65}
BASE = "https://licences.example.cn"
STATUS = f"{BASE}/status/housing/3"
CLAIMS = {
    "property_unit_number": "110105001001GB00001F00010001",
    "location": "北京市朝阳区建国路八十八号院十二号楼三单元一千五百零二室",
    "right_type": "国有建设用地使用权／房屋所有权",
    "right_nature": "出让／市场化商品房",
    "land_use": "城镇住宅用地",
    "building_use": "成套住宅",
    "land_area": 12.35,
    "building_area": 128.64,
    "share": "共同共有",
    "land_term_until": "2078-03-15",
    "registered_at": "2026-11-23",
    "registering_office": "北京市规划和自然资源委员会朝阳分局",
    "total_floors": 28,
    "remarks": "分摊土地使用权面积以登记簿记载为准；房屋结构为钢筋混凝土结构，所在层数为第十五层。",
}


def licence() -> CodeCredential:
    """A real-estate registration with fourteen claims and two holders."""
    beijing = timezone(timedelta(hours=8))
    return CodeCredential(
        contexts=(BASE_CONTEXT, f"{BASE}/ns/real-estate-registration/v1"),
        vc_type="RealEstateRegistration",
        issuer="did:web:licences.example.cn:a:housing",
        issued_at=datetime(2026, 11, 23, 2, 30, 15, tzinfo=UTC),
        valid_from=datetime(2026, 11, 23, tzinfo=beijing),
        valid_until=datetime(2078, 3, 15, 23, 59, 59, tzinfo=beijing),
        status=tuple(StatusEntry(purpose, 94567, f"{STATUS}/{purpose}") for purpose in ("revocation", "suspension")),
        subject=Subject(
            licence_identifier="1.2.156.3005.2.11100000000013338W011.11110000MB0310921K.2026001234.001.X",
            licence_number="京(2026)朝不动产权第0012345号",
            version=1,
            holders=(
                HolderFace("person", "欧阳明远", "CN-RIC", "1101**********002X"),
                HolderFace("organization", "北京朝阳城市更新建设发展有限公司", "CN-USCC", "91110105MA01ABCD3X"),
            ),
            claims=CLAIMS,
        ),
    )


def medians(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds a call. Turns keep each contender's caches warm; rounds make noise meet all alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for _ in range(TURN):
                start = perf_counter()
                call()
                times[name].append((perf_counter() - start) * 1e6)
    return {name: median(values) for name, values in times.items()}


def contenders() -> dict[str, Callable[[], object]]:
    private = generate_private_key(SECP256R1())
    public = private.public_key()
    key = VerificationKey.from_jwk(public_jwk(public))
    kid = f"did:web:licences.example.cn:a:housing#{key.kid}"
    payload = encode_payload(licence())
    claims = json.loads(payload)
    signed = signing_input(header(kid), payload)
    token = assemble(signed, ES256.sign(signed, private))
    raw_signature = private.sign(signed, ECDSA(SHA256()))
    print(f"licence of {len(payload)} bytes, token of {len(token)} characters, {ROUNDS} rounds of {TURN} calls")

    def sign() -> str:
        to_sign = signing_input(header(kid), payload)
        return assemble(to_sign, ES256.sign(to_sign, private))

    def verify() -> CodeCredential:
        jws = parse_jws(token, typ="vc+jwt")
        verify_jws(jws, key)
        return decode_payload(jws.payload)

    return {
        "raw sign": lambda: private.sign(signed, ECDSA(SHA256())),
        "sign": sign,
        "PyJWT encode": lambda: jwt.encode(claims, private, "ES256", {"typ": "vc+jwt", "kid": kid}),
        "raw verify": lambda: public.verify(raw_signature, signed, ECDSA(SHA256())),
        "verify": verify,
        "PyJWT decode": lambda: jwt.decode(token, public, algorithms=["ES256"], options={"verify_iat": False}),
    }


def main() -> int:
    found = medians(contenders())
    missed = []
    for name, raw in {
        "sign": "raw sign",
        "PyJWT encode": "raw sign",
        "verify": "raw verify",
        "PyJWT decode": "raw verify",
    }.items():
        ratio = found[raw] / found[name]
        floor = FLOORS.get(name)
        wanted = f", floor {floor:.2f}" if floor else ""
        print(f"{name:<13} {found[name]:7.1f} µs, raw {found[raw]:5.1f} µs: ratio {ratio:.2f}{wanted}")
        if floor and ratio < floor:
            missed.append(name)
    if missed:
        print(f"floor missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
