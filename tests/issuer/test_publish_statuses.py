"""Published status lists: signed, a pure function of the rows, never older over newer, never un-revoking."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.assembly import grant, new_agency
from tests.issuer.acts import (
    FOOD,
    Killed,
    at_once,
    change,
    check,
    corrected,
    issued,
    nothing_changes,
    outcome,
    published,
    renewed,
    verdict,
)

from elicence.errors import PublishFault
from elicence.formats.bitstring import decode_list_payload
from elicence.formats.jws import parse_jws
from elicence.formats.status_list import decode_token_payload
from elicence.issuer.publish_statuses import LIFETIME, REFRESH, publish_statuses
from elicence.issuer.published_folder import PublishedFolder
from elicence.keys.keyring import Purpose, compromise
from elicence.registry.log import log_size
from elicence.registry.publications import publication_at, record_publication

BASE = "https://e.example.gov"
SIZE = 131_072
FORMS = {"token": "statuslist+jwt", "revocation": "revocation.vc+jwt", "suspension": "suspension.vc+jwt"}
PHONE = {"claims": {"complaint_phone": "12345"}}


def file_of(home, form: str = "token", *, slug: str = "housing", number: int = 1) -> bytes:
    return published(home, f"status/{slug}/{number}.{FORMS[form]}")


def listed(home, index: int, *, slug: str = "housing", number: int = 1) -> tuple[int, int, int]:
    """What each of the three published forms says about an index."""
    url = f"{BASE}/status/{slug}/{number}"
    token = parse_jws(file_of(home, slug=slug, number=number).decode(), typ="statuslist+jwt", max_chars=300_000)
    said = [decode_token_payload(token.payload, expected_uri=url, size=SIZE).statuses.get(index)]
    for purpose in ("revocation", "suspension"):
        jws = parse_jws(file_of(home, purpose, slug=slug, number=number).decode(), typ="vc+jwt", max_chars=300_000)
        found = decode_list_payload(jws.payload, expected_url=f"{url}/{purpose}", purpose=purpose, size=SIZE)
        said.append(found.bits.get(index))
    return tuple(said)


def publish(home, *, assembly=None) -> int:
    assembly = assembly or home.assembly
    return publish_statuses(assembly.desk, assembly.folder, now=home.clock())


def digests(home) -> list[str]:
    return [row[0] for row in home.store.rows("SELECT digest FROM status_publication ORDER BY serial, form")]


# What is said


def test_a_registry_without_licences_publishes_no_list(home):
    assert publish(home) == 0
    assert not (home.settings.published_dir / "status").exists()


def test_a_new_list_is_published_in_three_forms_and_found_good(home):
    made = issued(home)
    home.assembly.publish()
    assert listed(home, made.status_index) == (0, 0, 0)
    report = check(home, made.credential)
    assert (report.verdict, report.status_as_of) == ("valid", home.clock())


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), (0, 0, 0)),
        (("suspend",), (2, 0, 1)),
        (("suspend", "reinstate"), (0, 0, 0)),
        (("revoke",), (1, 1, 0)),
        (("suspend", "revoke"), (1, 1, 0)),
        (("correct",), (3, 1, 0)),
        (("renew",), (3, 1, 0)),
        (("suspend", "correct"), (3, 1, 0)),
        (("correct", "revoke"), (1, 1, 0)),
    ],
)
def test_every_state_is_told_in_all_three_forms(home, steps, said):
    first = licence = issued(home)
    bystander = issued(home, 2)
    for step in steps:
        match step:
            case "correct":
                licence = corrected(home, licence, PHONE)
            case "renew":
                licence = renewed(home, licence)
            case _:
                licence = change(home, licence, step, None if step == "reinstate" else "penalty")
        home.assembly.publish()
    home.assembly.publish()
    assert listed(home, first.status_index) == said
    assert listed(home, bystander.status_index) == (0, 0, 0)


def test_each_agency_has_a_list_of_its_own_and_only_its_own_licences_on_it(home):
    ours, theirs = issued(home), issued(home, slug="market")
    change(home, ours, "revoke", "penalty")
    home.assembly.publish()
    assert listed(home, ours.status_index) == (1, 1, 0)
    assert listed(home, ours.status_index, slug="market")[0] == 0
    assert verdict(home, theirs) == "valid"


# When it is signed


def test_nothing_is_signed_while_nothing_changed_and_the_list_is_young(home):
    issued(home)
    assert publish(home) == 1
    before = file_of(home)
    home.clock.move(seconds=REFRESH.total_seconds() - 1)
    with nothing_changes(home):
        assert publish(home) == 0
    assert file_of(home) == before


def test_a_list_is_signed_again_long_before_it_ends(home):
    made = issued(home)
    home.assembly.publish()
    for _ in range(5):
        home.clock.move(seconds=REFRESH.total_seconds())
        home.assembly.publish()
        assert verdict(home, made) == "valid"
        assert verdict(home, made, after=LIFETIME - timedelta(seconds=1)) == "valid"
    assert REFRESH * 4 < LIFETIME < timedelta(hours=24)


def test_a_publisher_that_stopped_leaves_amber_never_green_or_red(home):
    made = issued(home)
    home.assembly.publish()
    assert verdict(home, made, after=LIFETIME + timedelta(minutes=2)) == "status_unknown"


def test_a_new_licence_alone_changes_no_list(home):
    issued(home)
    publish(home)
    issued(home, 2)
    assert publish(home) == 0  # valid is what an unmarked place says already


def test_a_list_under_a_compromised_key_is_signed_anew_at_once(home):
    made = issued(home)
    home.assembly.publish()
    keyring = home.desk.chest.keyring
    (entry,) = keyring.active("housing", Purpose.STATUS_LIST)
    keyring = compromise(keyring, entry.kid, home.clock())
    keyring = home.assembly.maker.make_active(
        keyring, agency="housing", purpose=Purpose.STATUS_LIST, now=home.clock()
    )  # fmt: skip
    home.assembly.save_keyring(keyring)
    home.assembly.publish()
    assert verdict(home, made) == "valid"


# A pure function of the rows


def test_the_same_rows_give_the_same_content_whoever_publishes_and_when(home):
    made = [issued(home, n) for n in range(4)]
    change(home, made[0], "revoke", "penalty")
    change(home, made[1], "suspend", "penalty")
    publish(home)
    home.clock.move(hours=2)
    with home.open_again() as other:
        publish(home, assembly=other)
    assert len(set(digests(home))) == 1
    assert len(digests(home)) == 6
    change(home, made[1], "reinstate")
    publish(home)
    change(home, made[1], "suspend", "penalty")
    publish(home)
    (first, _second, third, fourth) = (digests(home)[3 * n] for n in range(4))
    assert third != first == fourth


def test_a_list_names_the_number_of_exactly_the_changes_it_shows(home):
    made = [issued(home, n) for n in range(3)]
    publish(home)
    change(home, made[0], "revoke", "penalty")
    publish(home)
    assert [
        row[0]
        for row in home.store.rows("SELECT sequence FROM status_publication WHERE form = 'token' ORDER BY serial")
    ] == [3, 4]
    assert home.desk.registry.read(log_size) == 4


class Slipping:
    """A registry in which somebody revokes a licence between the numbering and every one of the first looks."""

    def __init__(self, registry, revoke, times: int) -> None:
        self._registry, self._revoke, self._left = registry, revoke, times

    def __getattr__(self, name):
        return getattr(self._registry, name)

    def read(self, work):
        # The publisher's own look at one list reads the states; slip in before it.
        if self._left and "_look" in getattr(work, "__code__", Slipping.read.__code__).co_names:
            self._left -= 1
            self._revoke()
        return self._registry.read(work)


def test_a_change_that_slips_in_between_numbering_and_looking_gets_its_number_first(home):
    made = [issued(home, n) for n in range(3)]
    waiting = iter(made)
    slipping = Slipping(home.desk.registry, lambda: change(home, next(waiting), "revoke", "penalty"), 2)
    publish_statuses(replace(home.desk, registry=slipping), home.assembly.folder, now=home.clock())
    assert [listed(home, each.status_index)[0] for each in made] == [1, 1, 0]
    assert home.store.value("SELECT max(sequence) FROM status_publication") == 5


# Never un-revoke


@pytest.mark.parametrize("state", ["active", "suspended", "superseded"])
def test_a_revoked_entry_that_would_become_anything_else_stops_publishing_with_an_alarm(home, state):
    made = change(home, issued(home), "revoke", "penalty")
    home.assembly.publish()
    before = {form: file_of(home, form) for form in FORMS}
    home.store.tamper(f"UPDATE status_entry SET state = '{state}'")
    home.clock.move(hours=2)
    with pytest.raises(PublishFault) as raised:
        publish(home)
    assert raised.value.code == "status_regressed"
    assert str(made.status_index) in str(raised.value)
    assert {form: file_of(home, form) for form in FORMS} == before
    assert len(digests(home)) == 3
    assert verdict(home, made) == "revoked"


def test_a_suspended_entry_may_be_taken_back(home):
    made = change(home, issued(home), "suspend", "penalty")
    home.assembly.publish()
    change(home, made, "reinstate")
    home.assembly.publish()
    assert verdict(home, made) == "valid"


@pytest.mark.parametrize("trouble", ["regress", "no key"])
def test_trouble_with_one_list_does_not_keep_other_agencies_revocations_back(home, trouble):
    agency = home.agencies["zoo"] = new_agency(home.assembly, "zoo")
    grant(home.assembly, agency, FOOD)
    slugs = ("housing", "market", "zoo")
    made = {slug: issued(home, slug=slug) for slug in slugs}
    change(home, made["housing"], "revoke", "penalty")
    home.assembly.publish()
    if trouble == "regress":
        home.store.tamper("UPDATE status_entry SET state = 'active' WHERE state = 'revoked'")
    else:
        (entry,) = home.desk.chest.keyring.active("housing", Purpose.STATUS_LIST)
        home.assembly.save_keyring(compromise(home.desk.chest.keyring, entry.kid, home.clock()))
    from elicence.issuer.change_status import change_status
    from elicence.licences.lifecycle import Action

    for slug in ("market", "zoo"):
        change_status(home.desk, home.caller(slug), made[slug].id, Action.REVOKE, reason="penalty", now=home.clock())
    assert outcome(home.assembly.publish) == {"regress": "status_regressed", "no key": "key_state"}[trouble]
    assert [listed(home, made[slug].status_index, slug=slug)[0] for slug in ("market", "zoo")] == [1, 1]
    open_notes = home.store.rows("SELECT DISTINCT agency_id FROM outbox WHERE done_at IS NULL")
    assert open_notes in ([], [(home.agencies["housing"].id,)])


# Files and crashes


class Failing(PublishedFolder):
    """A folder that dies, or whose disk is full, when it comes to writing."""

    def write(self, place: str, content: bytes) -> bool:
        raise Killed(place)


def test_a_crash_between_recording_and_writing_is_healed_by_the_next_round(home):
    made = issued(home)
    home.assembly.publish()
    change(home, made, "revoke", "penalty")
    with pytest.raises(Killed):
        publish_statuses(home.desk, Failing(home.settings.published_dir), now=home.clock())
    assert verdict(home, made) == "valid"
    assert home.store.counts()["status_publication"] == 6
    assert publish(home) == 0
    assert home.store.counts()["status_publication"] == 6
    assert verdict(home, made) == "revoked"


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_or_lost_file_is_put_back(home, damage):
    made = change(home, issued(home), "revoke", "penalty")
    home.assembly.publish()
    for form in FORMS:
        path = home.settings.published_dir / f"status/housing/1.{FORMS[form]}"
        path.unlink() if damage is None else path.write_bytes(damage)
    assert verdict(home, made) == "status_unknown"
    assert publish(home) == 0
    assert verdict(home, made) == "revoked"
    assert listed(home, made.status_index) == (1, 1, 0)


def test_a_folder_that_cannot_be_written_is_a_publish_fault_and_the_next_round_catches_up(home):
    made = issued(home)
    home.assembly.publish()
    change(home, made, "revoke", "penalty")
    folder = home.settings.published_dir / "status" / "housing"
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"a file where a folder should be")
    assert outcome(lambda: publish(home)) == "publish_io"
    folder.unlink()
    folder.with_name("away").rename(folder)
    publish(home)
    assert verdict(home, made) == "revoked"


# Several publishers


def test_many_publishers_at_once_leave_the_newest_rows_in_the_files(home):
    made = [issued(home, n) for n in range(6)]
    home.assembly.publish()
    with home.open_again() as second, home.open_again() as third:
        for licence in made:
            acts = [lambda a=a: publish(home, assembly=a) for a in (home.assembly, second, third)]
            results = at_once([*acts, lambda m=licence: change(home, m, "revoke", "penalty")])
            assert not [each for each in results if isinstance(each, str)], results
        assert all(
            isinstance(each, int) for each in at_once([lambda a=a: publish(home, assembly=a) for a in (second, third)])
        )
    assert [listed(home, each.status_index) for each in made] == [(1, 1, 0)] * 6
    sequences = [
        row[0]
        for row in home.store.rows("SELECT sequence FROM status_publication WHERE form = 'token' ORDER BY serial")
    ]
    assert sequences == sorted(sequences)


def test_the_slower_of_two_publishers_leaves_the_newer_files(home):
    """The slower one stops after it has read what is recorded, and writes only when the faster one is through."""
    made = issued(home)
    home.assembly.publish()
    change(home, made, "suspend", "penalty")

    class Slow(PublishedFolder):
        waited = False

        def write(self, place: str, content: bytes) -> bool:
            if not Slow.waited:
                Slow.waited = True
                change(home, made, "revoke", "penalty")
                publish(home)
            return super().write(place, content)

    publish_statuses(home.desk, Slow(home.settings.published_dir), now=home.clock())
    assert listed(home, made.status_index) == (1, 1, 0)


def test_a_publisher_overtaken_while_signing_is_no_alarm_and_writes_nothing_older(home):
    made = issued(home)
    home.assembly.publish()
    change(home, made, "suspend", "penalty")

    class Overtaken:
        def __init__(self, chest):
            self._chest, self._done = chest, False

        def __getattr__(self, name):
            return getattr(self._chest, name)

        def signer_for(self, *args, **more):
            if not self._done:
                self._done = True
                change(home, made, "revoke", "penalty")
                publish(home)
            return self._chest.signer_for(*args, **more)

    desk = replace(home.desk, chest=Overtaken(home.desk.chest))
    assert publish_statuses(desk, home.assembly.folder, now=home.clock()) == 0
    assert listed(home, made.status_index) == (1, 1, 0)


def test_rows_older_than_the_newest_list_never_follow_it(home):
    issued(home)
    publish(home)
    reader = home.desk.registry.read
    agency = home.agencies["housing"].id
    last = reader(lambda r: publication_at(r, agency, 1, "token", time=home.clock()))
    with pytest.raises(PublishFault, match="list_refused"):
        home.desk.registry.submit(lambda unit: record_publication(unit, replace(last, sequence=last.sequence - 1)))


def test_a_store_set_back_below_what_was_published_is_an_alarm_not_silence(home):
    made = issued(home)
    publish(home)
    home.store.tamper("UPDATE status_publication SET sequence = 99")
    change(home, made, "suspend", "penalty")
    assert outcome(lambda: publish(home)) == "list_refused"


# Capacity and history


def test_a_full_list_is_followed_by_the_next_and_both_are_published(home):
    first = issued(home, 1)
    home.store.tamper(f"UPDATE status_list SET taken = {SIZE}")
    made = at_once([lambda n=n: issued(home, n) for n in range(2, 8)])
    assert {each.status_list for each in made} == {2}
    assert len({each.status_index for each in made}) == 6
    assert home.store.rows("SELECT list_no, taken FROM status_list ORDER BY list_no") == [(1, SIZE), (2, 6)]
    for licence in (first, made[0]):
        change(home, licence, "revoke", "penalty")
    home.assembly.publish()
    assert listed(home, first.status_index, number=1) == listed(home, made[0].status_index, number=2) == (1, 1, 0)
    assert [verdict(home, each) for each in (first, made[0], made[1])] == ["revoked", "revoked", "valid"]


def test_the_list_of_a_past_moment_can_be_read_again(home):
    made = issued(home)
    times = [home.clock()]
    publish(home)
    for action in ("suspend", "reinstate", "revoke"):
        home.clock.move(hours=3)
        change(home, made, action, None if action == "reinstate" else "penalty")
        publish(home)
        times.append(home.clock())
    agency, said = home.agencies["housing"].id, []
    for at in times:
        for moment in (at, at + timedelta(hours=2, minutes=59)):
            row = home.desk.registry.read(lambda r, t=moment: publication_at(r, agency, 1, "token", time=t))
            token = parse_jws(row.document.decode(), typ="statuslist+jwt", max_chars=300_000)
            status = decode_token_payload(token.payload, expected_uri=f"{BASE}/status/housing/1", size=SIZE).statuses
            said.append(status.get(made.status_index))
    assert said == [0, 0, 2, 2, 0, 0, 1, 1]
    before = times[0] - timedelta(seconds=1)
    assert home.desk.registry.read(lambda r: publication_at(r, agency, 1, "token", time=before)) is None


# In time


class Rounds(threading.Event):
    """What a watcher waits on between its rounds, and so knows how often it has rested and how long at most."""

    rested, longest = 0, 0.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.longest = max(self.longest, timeout)
        ended = super().wait(timeout)
        self.rested += 1
        return ended


def test_a_revocation_is_public_within_two_seconds_while_the_registry_is_watched(home):
    made = [issued(home, n) for n in range(3)]
    home.assembly.publish()
    stop = Rounds()
    with home.open_again() as publisher:
        thread = threading.Thread(target=publisher.watch, args=(stop,))
        thread.start()
        try:
            for licence in made:
                change(home, licence, "revoke", "penalty")
                rested = stop.rested
                while (seen := stop.rested, verdict(home, licence))[1] != "revoked":
                    # The round that is under way, half a second of rest, and one round that began after the change.
                    assert seen - rested < 2
                    time.sleep(0.02)
        finally:
            stop.set()
            thread.join(60)
    assert not thread.is_alive()
    assert stop.longest <= 0.5


def test_a_watcher_survives_trouble_tells_of_it_and_goes_on(home):
    made = [change(home, issued(home), "revoke", "penalty"), issued(home, 2, slug="market")]
    home.assembly.publish()
    home.store.tamper("UPDATE status_entry SET state = 'active' WHERE state = 'revoked'")
    told, stop = [], threading.Event()
    with home.open_again() as publisher:
        thread = threading.Thread(target=publisher.watch, args=(stop,), kwargs={"every": 0.05, "alarm": told.append})
        thread.start()
        try:
            deadline = time.monotonic() + 60
            while len(told) < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            home.store.tamper(f"UPDATE status_entry SET state = 'revoked' WHERE licence_id = '{made[0].id}'")
            change_from = len(told)
            assert thread.is_alive()
            assert {each.code for each in told[:change_from]} == {"status_regressed"}
        finally:
            stop.set()
            thread.join(60)
    assert verdict(home, made[0]) == "revoked"


def test_a_watcher_survives_what_nobody_foresaw_and_the_next_revocation_goes_out(sqlite_home):
    home = sqlite_home
    made = issued(home)
    home.assembly.publish()
    told, stop = [], threading.Event()
    with home.open_again() as publisher:

        def trouble(*_args, **_named):
            raise RuntimeError("odd")

        object.__setattr__(publisher, "bundle", type("Broken", (), {"publish": trouble})())
        thread = threading.Thread(target=publisher.watch, args=(stop,), kwargs={"every": 0.05, "alarm": told.append})
        began = publisher.clock()
        thread.start()
        try:
            home.clock.move(seconds=30)
            change(home, made, "revoke", "penalty")
            deadline = time.monotonic() + 60
            while (verdict(home, made) != "revoked" or not told) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert thread.is_alive()
            assert told
            assert {type(each) for each in told} == {RuntimeError}
            assert publisher.pulse.last == began
        finally:
            stop.set()
            thread.join(60)
    assert verdict(home, made) == "revoked"


def test_odd_things_in_the_published_folder_do_not_keep_anything_back(sqlite_home):
    home = sqlite_home
    made = issued(home)
    home.assembly.publish()
    (home.assembly.folder.root / "ns" / "odd" / "v9.d").mkdir(parents=True)
    change(home, made, "revoke", "penalty")
    home.clock.move(seconds=120)
    home.assembly.publish()
    (home.assembly.folder.root / "ns" / "odd" / "v1").write_bytes(b"\xff\xfe")
    home.clock.move(seconds=120)
    with pytest.raises(PublishFault, match="publish_io"):
        home.assembly.publish()
    assert verdict(home, made) == "revoked"


def test_a_store_that_was_set_back_by_a_backup_publishes_nothing_over_what_it_forgot(sqlite_home):
    home = sqlite_home
    made = issued(home)
    home.assembly.publish()
    backup = home.store.path.read_bytes()
    home.clock.move(seconds=60)
    change(home, made, "revoke", "penalty")
    home.assembly.publish()
    assert verdict(home, made) == "revoked"
    home.store.path.write_bytes(backup)
    home.clock.move(hours=2)
    with home.open_again() as restored, pytest.raises(PublishFault, match="status_regressed"):
        restored.publish()
    assert verdict(home, made) == "revoked"
