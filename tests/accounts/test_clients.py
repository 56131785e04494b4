"""Clients: what they are given once, what is kept of it, and what is refused."""

import hashlib
import os
import re
import threading
from dataclasses import replace

import pytest
from tests.assembly import NOON
from tests.registry.example import AGENCY

from elicence.accounts.clients import (
    ClientRequest,
    add_client,
    agency_of_client,
    disable_client,
    list_clients,
    new_secret,
)
from elicence.errors import NotFound, RequestError
from elicence.formats.encoding import parse_json
from elicence.registry.agencies import (
    AgencyRecord,
    AssertionRow,
    ClientRecord,
    add_agency,
    client_by_id,
    use_assertion,
)
from elicence.registry.registry import Registry

KEY = {
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip


@pytest.fixture
def agency(registry: Registry) -> AgencyRecord:
    record = AgencyRecord(
        id=AGENCY, slug="housing", name_zh="局", name_en="Office", uscc="11320482014138860P", region="3204",
        created_at=NOON,
    )  # fmt: skip
    registry.submit(lambda unit: add_agency(unit, record))
    return record


def stored(registry: Registry, client_id: str) -> ClientRecord | None:
    return registry.read(lambda reader: client_by_id(reader, client_id))


def made(registry: Registry, agency: AgencyRecord, **asked):
    return add_client(registry, agency, ClientRequest(**({"name": "Files"} | asked)), now=NOON, entropy=os.urandom)


def test_a_secret_has_256_bits_and_only_its_digest_is_kept(registry: Registry, agency: AgencyRecord) -> None:
    client = made(registry, agency)
    assert re.fullmatch(r"els_live_[A-Za-z0-9_-]{43}", client.secret)
    assert stored(registry, client.record.id) == client.record
    assert client.record.secret_digest == hashlib.sha256(client.secret.encode()).digest()
    assert made(registry, agency, use="test").secret.startswith("els_test_")


def test_a_client_that_signs_has_no_secret_and_its_keys_carry_their_thumbprints(
    registry: Registry, agency: AgencyRecord
) -> None:
    client = made(registry, agency, public_keys=[{**KEY, "kid": "mine"}])
    assert client.secret is None
    assert client.record.secret_digest is None
    (key,) = parse_json(client.record.public_keys)["keys"]
    assert key["kid"] != "mine"
    assert len(key["kid"]) == 43


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"scopes": ()}, "/scopes"),
        ({"scopes": ("licences:everything",)}, "/scopes"),
        ({"rate_class": "endless"}, "/rate_class"),
        ({"use": "demo"}, "/use"),
        ({"public_keys": [KEY | {"d": "x"}]}, "/public_keys/0"),
        ({"public_keys": [KEY] * 9}, "/public_keys"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(registry: Registry, agency: AgencyRecord, asked, place) -> None:
    with pytest.raises(RequestError) as raised:
        made(registry, agency, **asked)
    assert [problem.pointer for problem in raised.value.problems] == [place]
    assert list_clients(registry, agency) == ()


def test_another_secret_ends_the_one_before_and_a_disabled_client_stays_listed(
    registry: Registry, agency: AgencyRecord
) -> None:
    client = made(registry, agency)
    changed = new_secret(registry, agency, client.record.id, entropy=os.urandom)
    assert stored(registry, client.record.id).secret_digest == hashlib.sha256(changed.secret.encode()).digest()
    disable_client(registry, agency, client.record.id, now=NOON)
    assert [each.disabled_at for each in list_clients(registry, agency)] == [NOON]
    with pytest.raises(NotFound):
        disable_client(registry, agency, "cli_0", now=NOON)


def test_an_assertion_is_good_once_and_forgotten_when_it_has_expired(registry: Registry, agency: AgencyRecord) -> None:
    row = AssertionRow(agency_id=agency.id, client_id="cli_1", digest=b"1" * 32, expires_at=NOON)

    def use(now) -> bool:
        return registry.submit(lambda unit: use_assertion(unit, row, now=now))

    assert use(NOON) is True
    assert use(NOON) is False
    later = NOON.replace(hour=NOON.hour + 1)
    assert use(later) is True


def test_a_secret_replaced_while_the_client_is_disabled_does_not_enable_it(
    registry: Registry, agency: AgencyRecord
) -> None:
    client = made(registry, agency)

    def meanwhile(size: int) -> bytes:
        thread.start()
        thread.join(0.2)
        return os.urandom(size)

    thread = threading.Thread(target=lambda: disable_client(registry, agency, client.record.id, now=NOON))
    new_secret(registry, agency, client.record.id, entropy=meanwhile)
    thread.join(30)
    assert stored(registry, client.record.id).disabled_at == NOON


def test_a_client_of_another_agency_is_not_found(registry: Registry, agency: AgencyRecord) -> None:
    client = made(registry, agency)
    assert agency_of_client(registry, client.record.id) == agency
    other = replace(agency, id="agy_" + "0" * 26)
    with pytest.raises(NotFound):
        new_secret(registry, other, client.record.id, entropy=os.urandom)
    with pytest.raises(NotFound):
        disable_client(registry, other, client.record.id, now=NOON)
    with pytest.raises(NotFound):
        agency_of_client(registry, "cli_0")
    assert stored(registry, client.record.id) == client.record
