"""The promises of a registry, checked from outside: plain SQL, the published files, and nothing of the product.

`broken(records, published)` names what does not hold now; `changed(before, after)` what history lost or rewrote. Both
answer sentences, so that a failed test says which licence. No intent may be open and nothing unpublished when they are
asked: that is the state after the reaper and the publisher.
"""

import base64
import hashlib
import json
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from psycopg.rows import dict_row

TABLES = (
    "agency", "licence", "licence_version", "holder", "data_key", "credential", "verification_code", "status_list",
    "status_entry", "idempotency", "intent", "log_entry", "log_sequence", "audit_event", "outbox",
)  # fmt: skip
PUBLICATIONS = "SELECT agency_id, list_no, form, serial, sequence, digest FROM status_publication"
VALUE = {"reserved": 0, "active": 0, "revoked": 1, "suspended": 2, "superseded": 3}
SIGNED = frozenset({"issue", "renew", "correct"})
ENTRIES = 131_072

Row = dict[str, Any]
Records = dict[str, list[Row]]
Version = tuple[str, str, int]


def read_records(url: str) -> Records:
    """Every row of the tables that make up the history, as committed now."""
    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
    else:
        connection = psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row)
    with connection:
        connection.execute("BEGIN" if url.startswith("sqlite") else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        statements = {name: f"SELECT * FROM {name}" for name in TABLES} | {"status_publication": PUBLICATIONS}
        records = {
            name: sorted((dict(row) for row in connection.execute(statement).fetchall()), key=by_key)
            for name, statement in statements.items()
        }
    connection.close()
    return records


def by_key(row: Row) -> str:
    """Some fixed order, so that two readings can be compared."""
    return str(list(row.values())[:4])


def version_of(row: Row) -> Version:
    return row["agency_id"], row["licence_id"], row["version"]


def broken(records: Records, published: Path) -> list[str]:
    """What does not hold, by the names of the invariants."""
    checks = (intents_are_closed, credentials_are_logged, places_are_unique, one_version_is_current, states_have_events,
              the_log_is_numbered, everything_asked_is_done)  # fmt: skip
    found = [sentence for check in checks for sentence in check(records)]
    return found + list(lists_equal_the_rows(records, published))


def intents_are_closed(records: Records) -> Iterator[str]:
    """I13: what was meant to be signed was signed and stored, or is recorded as failed; nothing else was signed."""
    credentials = {version_of(row) for row in records["credential"]}
    done = {version_of(row) for row in records["intent"] if row["state"] == "done"}
    for intent in records["intent"]:
        if intent["state"] == "pending":
            yield f"I13 an intent is open: {version_of(intent)}"
    yield from (f"I13 done without a credential: {each}" for each in done - credentials)
    yield from (f"I13 a credential without an intent that is done: {each}" for each in credentials - done)
    versions = [version_of(row) for row in records["licence_version"]]
    intents = [version_of(row) for row in records["intent"]]
    if sorted(versions) != sorted(intents):
        yield "I13 not every version has exactly one intent"
    keys = [version_of(row) for row in records["idempotency"]]
    if sorted(keys) != sorted(versions):
        yield "I4 not every version has exactly one idempotency key"


def credentials_are_logged(records: Records) -> Iterator[str]:
    """I1: each credential has a log entry, and the leaf is bound to the bytes that were signed."""
    meant = {version_of(row): row["digest"] for row in records["intent"]}
    events = {(*version_of(row), row["verb"], row["occurred_at"]): row for row in records["audit_event"]}
    signed = defaultdict(list)
    for entry in records["log_entry"]:
        event = events.get((*version_of(entry), entry["kind"], entry["occurred_at"]))
        if event is None:
            yield f"I8 a log entry without its event: {entry['kind']} {version_of(entry)}"
            continue
        evidence = b""
        if entry["kind"] in SIGNED:
            signed[version_of(entry)].append(entry)
            evidence = meant.get(version_of(entry), "").encode()
        elif entry["kind"] == "supersede":
            evidence = json.dumps({"by": successor(records, entry)}, separators=(",", ":")).encode()
        if entry["digest"] != leaf(entry, event["to_state"], evidence):
            yield f"I1 the leaf is not the digest of what happened: {entry['kind']} {version_of(entry)}"
    for row in records["credential"]:
        if len(signed[version_of(row)]) != 1:
            yield f"I1 a credential with {len(signed[version_of(row)])} log entries: {version_of(row)}"


def successor(records: Records, entry: Row) -> int | None:
    """The version that took the place of this one."""
    credentials = {version_of(row) for row in records["credential"]}
    for row in records["licence_version"]:
        same = row["agency_id"] == entry["agency_id"] and row["licence_id"] == entry["licence_id"]
        if same and row["supersedes"] == entry["version"] and version_of(row) in credentials:
            return row["version"]
    return None


def leaf(entry: Row, state: str, evidence: bytes) -> bytes:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=entry["occurred_at"])
    facts = {
        "at": at.isoformat(), "kind": entry["kind"], "licence": entry["licence_id"], "state": state,
        "version": entry["version"],
    }  # fmt: skip
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(entry["salt"] + text.encode() + evidence).digest()


def places_are_unique(records: Records) -> Iterator[str]:
    """I3: a place on a list belongs to one version, and no more places are taken than there are versions."""
    places = [(row["agency_id"], row["list_no"], row["status_index"]) for row in records["status_entry"]]
    if len(set(places)) != len(places):
        yield "I3 a place on a status list belongs to two versions"
    for row in records["status_list"]:
        here = [place for place in places if place[:2] == (row["agency_id"], row["list_no"])]
        if len(here) != row["taken"]:
            yield f"I3 list {row['list_no']} counts {row['taken']} places and has {len(here)}"
    entries, versions = ({version_of(row) for row in records[name]} for name in ("status_entry", "licence_version"))
    if entries != versions:
        yield "I3 not every version has its place"


def one_version_is_current(records: Records) -> Iterator[str]:
    """I5: the newest signed version is the current one, and the only one that is not superseded."""
    states = {version_of(row): row["state"] for row in records["status_entry"]}
    signed = defaultdict(set)
    for row in records["credential"]:
        signed[row["agency_id"], row["licence_id"]].add(row["version"])
    for licence in records["licence"]:
        name = licence["agency_id"], licence["id"]
        if licence["current_version"] != max(signed[name], default=None):
            yield f"I5 current is {licence['current_version']}, signed are {sorted(signed[name])}: {licence['id']}"
        now = {version: states.get((*name, version)) for version in sorted(signed[name])}
        *earlier, newest = now.values() if now else ["revoked"]
        one_stands = newest in {"active", "suspended"} and set(earlier) <= {"superseded"}
        if not one_stands and {newest, *earlier} != {"revoked"}:
            yield f"I5 versions are {now}: {licence['id']}"


def states_have_events(records: Records) -> Iterator[str]:
    """I8: the events of a version lead, one to the next, to the state it is in; one log entry and one note each."""
    events = defaultdict(list)
    moves = [row for row in records["audit_event"] if row["to_state"] is not None]
    for row in sorted(moves, key=lambda row: row["occurred_at"]):
        events[version_of(row)].append(row)
    for status in records["status_entry"]:
        state = None
        for event in events.pop(version_of(status), []):
            if event["from_state"] != state:
                yield f"I8 an event begins at {event['from_state']} where {state} was: {version_of(status)}"
            state = event["to_state"]
        if (state or "reserved") != status["state"]:
            yield f"I8 events say {state}, the row says {status['state']}: {version_of(status)}"
    yield from (f"I8 events of a version that is not there: {each}" for each in events)
    counts = {"moves": len(moves)} | {name: len(records[name]) for name in ("log_entry", "outbox")}
    if len(set(counts.values())) != 1:
        yield f"I8 events, log entries and notes differ: {counts}"


def the_log_is_numbered(records: Records) -> Iterator[str]:
    """I6: every entry has one position, positions run from 0 without a gap."""
    sequence = {row["position"]: (row["agency_id"], row["entry_id"]) for row in records["log_sequence"]}
    entries = {row["position"]: (row["agency_id"], row["id"]) for row in records["log_entry"]}
    if sequence != entries or len(entries) != len(records["log_entry"]):
        yield "I6 an entry is not numbered, or under two numbers"
    if sorted(sequence) != list(range(len(sequence))):
        yield "I6 the positions have a gap"


def everything_asked_is_done(records: Records) -> Iterator[str]:
    """Whatever a change asked for was done: nothing is left in the outbox."""
    left = [row for row in records["outbox"] if row["done_at"] is None]
    if left:
        yield f"I7 {len(left)} notes to the publisher are open"


def lists_equal_the_rows(records: Records, published: Path) -> Iterator[str]:
    """I7: each published list, in all three forms, says exactly what the rows say, under a published key."""
    slugs = {row["id"]: row["slug"] for row in records["agency"]}
    for row in records["status_list"]:
        slug, number = slugs[row["agency_id"]], row["list_no"]
        values = [0] * ENTRIES
        for entry in records["status_entry"]:
            if (entry["agency_id"], entry["list_no"]) == (row["agency_id"], number):
                values[entry["status_index"]] = VALUE[entry["state"]]
        keys = json.loads((published / "a" / slug / "jwks.json").read_bytes())["keys"]
        for form, wanted in expected_forms(values).items():
            place = published / "status" / slug / f"{number}.{form}"
            if bits_of(signed_payload(place.read_text("ascii"), keys)) != wanted:
                yield f"I7 {place.name} of {slug} does not say what the rows say"
        issues = sorted(
            (each["form"], each["serial"], each["sequence"])
            for each in records["status_publication"]
            if (each["agency_id"], each["list_no"]) == (row["agency_id"], number)
        )
        sequences = [sequence for _, _, sequence in issues]
        if max(sequences) > len(records["log_sequence"]):
            yield f"I7 list {number} of {slug} names a sequence number that the log has not reached"
        if any(one[0] == next_one[0] and one[2] > next_one[2] for one, next_one in pairwise(issues)):
            yield f"I7 an older list {number} of {slug} followed a newer one"


def expected_forms(values: list[int]) -> dict[str, bytes]:
    token, revoked, suspended = bytearray(ENTRIES // 4), bytearray(ENTRIES // 8), bytearray(ENTRIES // 8)
    for index, value in enumerate(values):
        if value:
            token[index // 4] |= value << 2 * (index % 4)
            (suspended if value == 2 else revoked)[index // 8] |= 1 << 7 - index % 8
    return {"statuslist+jwt": bytes(token), "revocation.vc+jwt": bytes(revoked), "suspension.vc+jwt": bytes(suspended)}


def bits_of(payload: Row) -> bytes:
    if "status_list" in payload:
        return zlib.decompress(unpadded(payload["status_list"]["lst"]))
    return zlib.decompress(unpadded(payload["credentialSubject"]["encodedList"].removeprefix("u")), wbits=31)


def signed_payload(token: str, keys: Iterable[Row]) -> Row:
    """The payload of a JWT under one of these keys; raises `InvalidSignature` otherwise."""
    header, payload, signature = token.split(".")
    kid = json.loads(unpadded(header))["kid"].rpartition("#")[2]
    (key,) = (key for key in keys if key["kid"] == kid)
    x, y, r, s = (int.from_bytes(part) for part in (
        unpadded(key["x"]), unpadded(key["y"]), unpadded(signature)[:32], unpadded(signature)[32:],
    ))  # fmt: skip
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))
    return json.loads(unpadded(payload))


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Forever:
    """What may be added to and never changed."""

    credentials: dict[Version, tuple[str, str, bytes]]
    places: dict[Version, tuple[int, int]]
    keys: dict[tuple[str, str], tuple[str, str, int]]
    log: dict[int, tuple[str, bytes]]
    events: dict[str, Row]
    revoked: dict[Version, str]

    @classmethod
    def of(cls, records: Records) -> "Forever":
        digests = {row["id"]: row["digest"] for row in records["log_entry"]}
        return cls(
            {version_of(row): (row["digest"], row["kid"], row["sealed_text"]) for row in records["credential"]},
            {version_of(row): (row["list_no"], row["status_index"]) for row in records["status_entry"]},
            {(row["agency_id"], row["key"]): (row["request_digest"], row["licence_id"], row["version"])
             for row in records["idempotency"]},
            {row["position"]: (row["entry_id"], digests[row["entry_id"]]) for row in records["log_sequence"]},
            {row["id"]: row for row in records["audit_event"]},
            {version_of(row): row["state"] for row in records["status_entry"] if row["state"] == "revoked"},
        )  # fmt: skip


def changed(before: Records, after: Records) -> list[str]:
    """What was there before and is gone or different now."""
    then, now = vars(Forever.of(before)), vars(Forever.of(after))
    return [
        f"history of {name} was rewritten at {key}"
        for name in then
        for key, value in then[name].items()
        if now[name].get(key) != value
    ]
