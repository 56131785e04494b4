"""A trusted list is believed for its signatures, its version and its time, and for nothing else."""

import json
from datetime import timedelta

import pytest
from tests import forge
from tests.verifier.scene import Row, now_of, rows

from elicence.errors import TrustFault
from elicence.verifier.trust import open_trusted_list, parse_roots

ROWS = rows("trust")


def opened(scene):
    roots = parse_roots(forge.roots(scene.get("threshold", 1)))
    document = forge.trusted_list(scene.get("trust"))
    return open_trusted_list(document, roots, now=now_of(scene), newest_seen=scene.get("newest_seen", 0))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_hostile_trusted_list_is_refused_with_its_code(row: Row) -> None:
    with pytest.raises(TrustFault) as caught:
        opened(row.case)
    assert caught.value.code == row.case["fault"]


@pytest.mark.parametrize("row", list({row.id: row for row in ROWS}.values()), ids=lambda row: row.id)
def test_the_good_twin_of_a_trusted_list_is_believed(row: Row) -> None:
    assert opened(row.twin).version == 7


def test_a_list_is_refused_from_its_last_instant_on_and_not_before() -> None:
    roots = parse_roots(forge.roots())
    end = forge.NOW + timedelta(days=14)
    assert open_trusted_list(forge.trusted_list(), roots, now=end - timedelta(seconds=1)).expires_at == end
    with pytest.raises(TrustFault, match="trust_expired"):
        open_trusted_list(forge.trusted_list(), roots, now=end)


def test_every_cut_of_a_trusted_list_is_refused() -> None:
    document = forge.trusted_list()
    roots = parse_roots(forge.roots())
    for end in range(0, len(document), 97):
        with pytest.raises(TrustFault):
            open_trusted_list(document[:end], roots, now=forge.NOW)


def test_the_list_answers_who_may_do_what() -> None:
    trusted = opened({})
    city, port = forge.did("city"), forge.did("port")
    kid = forge.KEYS["city"].kid
    assert trusted.base_url == forge.BASE
    assert trusted.environment == "production"
    assert trusted.agency_by_did(city).slug == "city"
    assert trusted.agency_by_did(city.upper()) is None
    assert trusted.key(city, kid).entry.purpose == "credential"
    assert trusted.key(port, kid) is None
    assert trusted.key(city, "x" * 43) is None
    assert trusted.permits(city, "market-stall", forge.NOW)
    assert not trusted.permits(city, "market-stall", forge.NOW - timedelta(days=401))
    assert not trusted.permits(port, "market-stall", forge.NOW)
    assert not trusted.permits("did:web:nobody", "market-stall", forge.NOW)
    assert trusted.type("market-stall", 1).context == f"{forge.BASE}/ns/market-stall/v1"
    assert trusted.type("market-stall", 2) is None
    assert trusted.newest_type("market-stall").version == 1
    assert trusted.newest_type("nothing") is None


JWK = forge.KEYS["root-1"].jwk


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"threshold": 1},
        {"threshold": 1, "keys": []},
        {"threshold": 0, "keys": [JWK]},
        {"threshold": 2, "keys": [JWK]},
        {"threshold": True, "keys": [JWK]},
        {"threshold": "1", "keys": [JWK]},
        {"threshold": 2, "keys": [JWK, JWK]},
        {"threshold": 1, "keys": [{**JWK, "d": "AAAA"}]},
        {"threshold": 1, "keys": [JWK], "comment": ""},
        {"threshold": 1, "keys": [JWK] * 17},
        {"threshold": 1, "keys": {"0": JWK}},
    ],
)
def test_a_file_of_roots_that_is_not_exactly_right_is_refused(value: object) -> None:
    with pytest.raises(TrustFault, match="trust_bad"):
        parse_roots(json.dumps(value).encode())


def test_roots_that_are_not_json_are_refused() -> None:
    for document in (b"", b"{", b"\xff", b'{"threshold":1,"threshold":1,"keys":[]}'):
        with pytest.raises(TrustFault, match="trust_bad"):
            parse_roots(document)
