"""What issuing writes: unique numbers, places on lists, intents that close once, and rows that nobody changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import text
from tests.registry.example import AGENCY, NOW, Example, found, holder_digest, plain

from elicence.errors import Conflict, ElicenceError, NotFound, StoreFault
from elicence.registry.faults import CodeCollision
from elicence.registry.intents import finish_intent, intent_by_id, intents_of, pending_intents
from elicence.registry.issuing import (
    LicenceRow,
    VerificationCodeRow,
    VersionRow,
    bump_licence,
    insert_licence,
    insert_verification_code,
    insert_version,
)
from elicence.registry.reading import (
    LicenceFilter,
    by_verification_code,
    credential_of,
    data_key_of,
    holders_of,
    licence_by_id,
    licence_by_number,
    licences_page,
    lock_licence,
    version_row,
    versions_of,
)
from elicence.registry.registry import Registry
from elicence.registry.status import set_status, status_lists, status_of, statuses, statuses_of, take_status_index
from elicence.registry.unit import Unit

OTHER = "agc_00000000000000000000000002"


@pytest.fixture(autouse=True)
def agency(registry: Registry) -> None:
    found(registry)


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except ElicenceError as error:
        return error.code
    return "done"


# Numbers


def test_a_number_is_taken_once_in_agency_and_type(registry: Registry) -> None:
    found(registry, OTHER, "forest")
    row = LicenceRow(agency_id=AGENCY, id="lic_a", type_slug="degree", number="1", created_at=NOW)
    registry.submit(lambda unit: insert_licence(unit, row))
    with pytest.raises(Conflict, match="number_taken"):
        registry.submit(lambda unit: insert_licence(unit, replace(row, id="lic_b")))
    registry.submit(lambda unit: insert_licence(unit, replace(row, id="lic_b", type_slug="food")))
    registry.submit(lambda unit: insert_licence(unit, replace(row, agency_id=OTHER)))


def test_of_16_requests_for_one_number_one_gets_it(registry: Registry) -> None:
    def request(n: int) -> str:
        row = LicenceRow(agency_id=AGENCY, id=f"lic_{n}", type_slug="degree", number="same", created_at=NOW)
        return outcome(lambda: registry.submit(lambda unit: insert_licence(unit, row)))

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(request, range(16))) == ["done"] + ["number_taken"] * 15


def test_of_two_changes_that_make_one_version_the_second_is_told(registry: Registry) -> None:
    Example(1).issue(registry)
    version = registry.read(lambda reader: version_row(reader, AGENCY, Example(1).licence, 1))
    assert version is not None
    second = replace(version, version=2, licence_identifier="x.002")
    registry.submit(lambda unit: insert_version(unit, second))
    with pytest.raises(Conflict, match="version_mismatch"):
        registry.submit(lambda unit: insert_version(unit, replace(second, licence_identifier="x.003")))


def test_a_verification_code_drawn_twice_is_told_apart_so_that_another_is_drawn(registry: Registry) -> None:
    Example(1).issue(registry)
    row = registry.read(lambda reader: by_verification_code(reader, Example(1).code))
    assert row == VerificationCodeRow(code=Example(1).code, agency_id=AGENCY, licence_id=Example(1).licence, version=1)
    with pytest.raises(CodeCollision):
        registry.submit(lambda unit: insert_verification_code(unit, row))
    assert registry.read(lambda reader: by_verification_code(reader, "C0")) is None


def test_a_version_of_no_licence_is_refused(registry: Registry) -> None:
    Example(1).issue(registry)
    version = registry.read(lambda reader: version_row(reader, AGENCY, Example(1).licence, 1))
    assert isinstance(version, VersionRow)
    with pytest.raises(StoreFault, match="store_refused"):
        registry.submit(
            lambda unit: insert_version(unit, replace(version, licence_id="lic_none", licence_identifier="x"))
        )


# If-Match


def test_a_change_made_to_what_was_read_before_another_change_is_refused(registry: Registry) -> None:
    Example(1).issue(registry)
    licence = registry.read(lambda reader: licence_by_id(reader, AGENCY, Example(1).licence))
    assert licence is not None
    assert (licence.row_version, licence.current_version) == (1, 1)

    def bump(expected: int | None) -> int:
        return registry.submit(
            lambda unit: bump_licence(unit, AGENCY, licence.id, current_version=1, expected=expected)
        )

    assert bump(1) == 2
    with pytest.raises(Conflict, match="version_mismatch"):
        bump(1)
    assert bump(None) == 3
    with pytest.raises(NotFound, match="licence_not_found"):
        registry.submit(lambda unit: bump_licence(unit, AGENCY, "lic_none", current_version=1))


def test_of_16_changes_that_expect_the_same_one_wins(registry: Registry) -> None:
    Example(1).issue(registry)

    def change(_: int) -> str:
        def work(unit: Unit) -> None:
            licence = lock_licence(unit, AGENCY, Example(1).licence)
            assert licence is not None
            bump_licence(unit, AGENCY, licence.id, current_version=1, expected=1)

        return outcome(lambda: registry.submit(work))

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(change, range(16))) == ["done"] + ["version_mismatch"] * 15


# Intents


def test_an_intent_closes_once_and_the_second_to_close_it_writes_nothing(registry: Registry) -> None:
    registry.submit(Example(1).reserve)
    registry.submit(Example(1).finish)
    with pytest.raises((Conflict, StoreFault)):
        registry.submit(Example(1).finish)

    def close(unit: Unit) -> None:
        Example(1).tell(unit, "again")
        finish_intent(unit, AGENCY, Example(1).intent, state="failed", finished_at=NOW, reason="lost")

    with pytest.raises(Conflict, match="intent_failed"):
        registry.submit(close)
    intent = registry.read(lambda reader: intent_by_id(reader, AGENCY, Example(1).intent))
    assert intent is not None
    assert (intent.state, intent.reason, intent.finished_at) == ("done", None, NOW)


def test_open_intents_are_found_by_their_age(registry: Registry) -> None:
    registry.submit(Example(1).reserve)
    registry.submit(Example(2).reserve)
    registry.submit(Example(2).finish)
    later = NOW + timedelta(seconds=1)
    pending = registry.read(lambda reader: pending_intents(reader, older_than=later))
    assert [intent.id for intent in pending] == [Example(1).intent]
    assert pending[0].sealed_signing_input == b"\x04" * 1800
    assert registry.read(lambda reader: pending_intents(reader, older_than=NOW)) == ()
    assert registry.read(lambda reader: intents_of(reader, AGENCY, Example(1).licence)) == pending


# Places on status lists


def test_16_threads_take_places_without_a_gap_or_a_double_and_lists_roll_over(registry: Registry) -> None:
    size, threads_count, each = 50, 16, 20

    def take(_: int) -> list[tuple[int, int]]:
        slots = []
        for _ in range(each):
            slot = registry.submit(
                lambda unit: take_status_index(unit, AGENCY, plain, secret_id="s1", now=NOW, size=size)
            )
            slots.append((slot.list_no, slot.index))
        return slots

    with ThreadPoolExecutor(threads_count) as threads:
        taken = [slot for slots in threads.map(take, range(threads_count)) for slot in slots]
    total = threads_count * each
    assert sorted(taken) == [(n // size + 1, n % size) for n in range(total)]
    lists = registry.read(status_lists)
    assert [(found.list_no, found.taken) for found in lists] == [
        (n, min(size, total - size * (n - 1))) for n in range(1, 8)
    ]


def test_a_place_of_a_failed_work_is_free_again_because_nobody_saw_it(registry: Registry) -> None:
    def fail(unit: Unit) -> None:
        take_status_index(unit, AGENCY, plain, secret_id="s1", now=NOW)
        raise ValueError

    with pytest.raises(ValueError):
        registry.submit(fail)
    assert Example(1).issue(registry).index == 0


def test_a_list_keeps_the_secret_it_began_with(registry: Registry) -> None:
    asked: list[tuple[str, str, int]] = []

    def permute(secret_id: str, list_id: str, counter: int) -> int:
        asked.append((secret_id, list_id, counter))
        return counter

    for secret in ("s1", "s2", "s2"):
        registry.submit(
            lambda unit, secret=secret: take_status_index(unit, AGENCY, permute, secret_id=secret, now=NOW, size=2)
        )
    assert asked == [("s1", f"{AGENCY}/1", 0), ("s1", f"{AGENCY}/1", 1), ("s2", f"{AGENCY}/2", 0)]


def test_a_place_given_twice_is_refused(registry: Registry) -> None:
    Example(1, permute=lambda *_: 7).issue(registry)
    with pytest.raises(StoreFault, match="uq_status_entry_index"):
        Example(2, permute=lambda *_: 7).issue(registry)


# States


def test_a_list_page_holds_the_marked_places_of_one_list_only(registry: Registry) -> None:
    found(registry, OTHER, "forest")
    Example(1, agency=OTHER).issue(registry)
    for n in range(1, 6):
        Example(n, size=3).issue(registry)
    for n, state in ((1, "suspended"), (2, "revoked"), (5, "superseded")):
        registry.submit(
            lambda unit, n=n, state=state: set_status(
                unit, AGENCY, Example(n).licence, 1, state=state, changed_at=NOW, reason="r"
            )
        )
    first = registry.read(lambda reader: statuses(reader, AGENCY, 1))
    assert (first.size, first.states) == (3, {0: "suspended", 1: "revoked"})
    assert registry.read(lambda reader: statuses(reader, AGENCY, 2)).states == {1: "superseded"}
    with pytest.raises(NotFound, match="status_list_not_found"):
        registry.read(lambda reader: statuses(reader, AGENCY, 3))


@pytest.mark.parametrize(
    ("before", "after", "lawful"),
    [
        ("active", "revoked", True),
        ("suspended", "active", True),
        ("superseded", "revoked", True),
        ("revoked", "revoked", True),
        ("revoked", "active", False),
        ("revoked", "suspended", False),
        ("revoked", "superseded", False),
        ("superseded", "active", False),
        ("superseded", "suspended", False),
    ],
)
def test_the_tables_let_nothing_come_back_from_revoked_or_superseded(
    registry: Registry, before: str, after: str, *, lawful: bool
) -> None:
    Example(1).issue(registry)

    def put(state: str) -> None:
        registry.submit(lambda unit: set_status(unit, AGENCY, Example(1).licence, 1, state=state, changed_at=NOW))

    put(before)
    assert outcome(lambda: put(after)) == ("done" if lawful else "store_refused")
    status = registry.read(lambda reader: status_of(reader, AGENCY, Example(1).licence, 1))
    assert status is not None
    assert status.state == (after if lawful else before)


def test_a_state_that_does_not_exist_is_refused(registry: Registry) -> None:
    Example(1).issue(registry)
    with pytest.raises(StoreFault, match="store_refused"):
        registry.submit(lambda unit: set_status(unit, AGENCY, Example(1).licence, 1, state="invalid", changed_at=NOW))
    with pytest.raises(NotFound):
        registry.submit(lambda unit: set_status(unit, AGENCY, Example(1).licence, 2, state="revoked", changed_at=NOW))


# Rows nobody changes


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET digest = salt",
        "UPDATE log_entry SET position = 5, kind = 'revoke'",
        "UPDATE log_entry SET licence_id = NULL",
        "DELETE FROM log_entry",
        "UPDATE audit_event SET reason = 'another'",
        "DELETE FROM audit_event",
        "UPDATE credential SET kid = 'another'",
        "DELETE FROM credential",
        "UPDATE licence_version SET open_claims = sealed_claims",
        "DELETE FROM licence_version",
        "UPDATE status_entry SET status_index = 9",
        "DELETE FROM status_entry",
    ],
)
def test_history_refuses_to_be_changed(registry: Registry, statement: str) -> None:
    Example(1).issue(registry)
    with pytest.raises(StoreFault, match="store_refused"):
        registry.submit(lambda unit: unit.execute(text(statement)))


def test_a_log_position_is_set_once(registry: Registry) -> None:
    Example(1).issue(registry)
    registry.submit(lambda unit: unit.execute(text("UPDATE log_entry SET position = 0")))
    for again in ("1", "NULL"):
        with pytest.raises(StoreFault, match="store_refused"):
            registry.submit(lambda unit, again=again: unit.execute(text(f"UPDATE log_entry SET position = {again}")))


# Reading


def test_what_was_issued_is_read_back_whole(registry: Registry) -> None:
    example = Example(3)
    slot = example.issue(registry)
    at = (AGENCY, example.licence)
    licence = registry.read(lambda reader: licence_by_id(reader, *at))
    assert licence == registry.read(lambda reader: licence_by_number(reader, AGENCY, "degree", "N-3"))
    assert licence is not None
    assert licence.created_at == NOW
    (version,) = registry.read(lambda reader: versions_of(reader, *at))
    assert version.valid_until == NOW + timedelta(days=365)
    assert version.valid_from_date.isoformat() == "2026-11-23"
    assert version.open_claims == b'{"field":"mathematics"}'
    (holder,) = registry.read(lambda reader: holders_of(reader, *at, 1))
    assert (holder.position, holder.search_digest) == (0, holder_digest(3))
    key = registry.read(lambda reader: data_key_of(reader, *at))
    assert key is not None
    assert key.wrapped == b"\x03" * 60
    credential = registry.read(lambda reader: credential_of(reader, *at, 1))
    assert credential is not None
    assert credential.sealed_text == b"\x05" * 1900
    (status,) = registry.read(lambda reader: statuses_of(reader, *at))
    assert (status.list_no, status.status_index, status.state) == (slot.list_no, slot.index, "active")


def test_what_is_not_there_or_not_ours_is_none(registry: Registry) -> None:
    Example(1).issue(registry)
    assert registry.read(lambda reader: licence_by_id(reader, OTHER, Example(1).licence)) is None
    assert registry.read(lambda reader: version_row(reader, AGENCY, Example(1).licence, 2)) is None
    assert (
        registry.read(lambda reader: credential_of(reader, AGENCY, Example(1).licence, 1, credential_format="x"))
        is None
    )
    assert registry.read(lambda reader: data_key_of(reader, AGENCY, "lic_none")) is None
    assert registry.submit(lambda unit: lock_licence(unit, AGENCY, "lic_none")) is None


def test_pages_follow_each_other_without_a_gap_and_filters_narrow_them(registry: Registry) -> None:
    for n in range(25):
        Example(n).issue(registry)
    registry.submit(lambda unit: set_status(unit, AGENCY, Example(7).licence, 1, state="revoked", changed_at=NOW))
    seen: list[str] = []

    def next_page() -> list[str]:
        after_id = seen[-1] if seen else ""
        return [
            row.id for row in registry.read(lambda reader: licences_page(reader, AGENCY, after_id=after_id, limit=10))
        ]

    while page := next_page():
        seen += page
    assert seen == [Example(n).licence for n in range(25)]

    def numbers(only: LicenceFilter) -> list[str]:
        return [licence.number for licence in registry.read(lambda reader: licences_page(reader, AGENCY, only=only))]

    assert numbers(LicenceFilter(state="revoked")) == ["N-7"]
    assert numbers(LicenceFilter(search_digests=(holder_digest(7), b"of another secret"))) == ["N-7", "N-17"]
    assert numbers(LicenceFilter(search_digests=(holder_digest(7),), state="active", type_slug="degree")) == ["N-17"]
    assert numbers(LicenceFilter(search_digests=())) == []
    assert numbers(LicenceFilter(type_slug="food")) == []


def test_a_page_asks_only_one_agency(registry: Registry) -> None:
    found(registry, OTHER, "forest")
    for n, agency_id in zip(count(), (AGENCY, OTHER, AGENCY), strict=False):
        Example(n, agency=agency_id).issue(registry)
    page = registry.read(lambda reader: licences_page(reader, OTHER))
    assert [licence.number for licence in page] == ["N-1"]
