"""Killed with SIGKILL at every crash point of every verb, the registry keeps its promises.

The parent remembers all that was acknowledged. After each kill it opens the registry as a restarted service would, lets
the reaper or the retry finish what lay open, and asks again with the same idempotency keys.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.assembly import ROOT, STANDARDS, House, example, house
from tests.faults.child import carry_out
from tests.faults.invariants import Records, broken, changed, read_records, unpadded

from elicence.bootstrap import Assembly
from elicence.issuer.crash_points import CRASH_POINTS
from elicence.issuer.issue import PATIENCE
from elicence.keys.sealing import WrappedKey
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify

SIGNING = ("issue", "renew", "correct")
STATUS = ("suspend", "reinstate", "revoke")
PAIRS = [(verb, point) for verb in SIGNING for point in CRASH_POINTS] + [
    (verb, point) for verb in STATUS for point in ("p1", "p9", "p11", "p12")
]
BEFORE_A_COMMIT = {*((verb, point) for verb in SIGNING for point in ("p1", "p2", "p3")),
                   *((verb, point) for verb in STATUS for point in ("p1", "p9"))}  # fmt: skip
FIT = {"renew": {"active", "suspended"}, "correct": {"active", "suspended"}, "suspend": {"active"},
       "reinstate": {"suspended"}, "revoke": {"active", "suspended"}}  # fmt: skip
VERDICTS = {"active": "valid", "suspended": "suspended", "revoked": "revoked", "superseded": "superseded"}

Asked = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class Oracle:
    """What a client may rely on: every answer that reached it."""

    answers: dict[str, Answer] = field(default_factory=dict)
    licences: dict[str, Answer] = field(default_factory=dict)
    credentials: dict[tuple[str, int], str] = field(default_factory=dict)

    def hears(self, asked: Asked, answer: Answer) -> None:
        """An answer; one that was heard before must come again, byte for byte."""
        assert "error" not in answer, (asked, answer)
        name = asked.get("key") or f"{asked['verb']} {asked['licence']} {asked['number']}"
        heard = self.answers.setdefault(name, answer)
        assert heard == answer, (asked, heard, answer)
        self.licences[answer["id"]] = answer
        self.credentials[answer["id"], answer["version"]] = answer["credential"]

    def differences(self, records: Records) -> Iterator[str]:
        """Where the store does not hold what was acknowledged, or holds a licence nobody asked for."""
        stored = {(row["licence_id"], row["version"]): row for row in records["credential"]}
        states = {(row["licence_id"], row["version"]): row for row in records["status_entry"]}
        rows = {row["id"]: row for row in records["licence"]}
        if rows.keys() != self.licences.keys() or stored.keys() != self.credentials.keys():
            yield f"{len(rows)} licences, {len(stored)} versions; {len(self.licences)}, {len(self.credentials)} known"
            return
        for place, text in self.credentials.items():
            if stored[place]["digest"] != hashlib.sha256(text.encode()).hexdigest():
                yield f"other bytes were stored than told: {place}"
            claims = json.loads(unpadded(text.split(".")[1]))["credentialStatus"]
            if {int(claim["statusListIndex"]) for claim in claims} != {states[place]["status_index"]}:
                yield f"the credential names another place on the list: {place}"
        for name, told in self.licences.items():
            row = rows[name]
            found = row["current_version"], row["row_version"], states[name, told["version"]]["state"]
            if found != (told["version"], told["row_version"], told["state"]):
                yield f"{name} was told as {told['version'], told['row_version'], told['state']}, is {found}"


class ForkServer:
    """The process that forks the children to be killed."""

    def __init__(self, built: House) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.child", str(built.settings.home), built.settings.store_url, "housing"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "src")))},
        )  # fmt: skip

    def run(self, job: dict[str, Any]) -> tuple[int, dict[int, Answer]]:
        """The signal that ended the child, and its whole lines: half a line is no answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        ended = json.loads(self.process.stdout.readline())
        lines = [json.loads(line) for line in ended["said"].splitlines(keepends=True) if line.endswith("\n")]
        return ended["signal"], {line.pop("number"): line for line in lines}

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()


@dataclass
class FaultLab:
    """A registry that is killed again and again, and what is known of it."""

    house: House
    assembly: Assembly
    server: ForkServer
    dice: random.Random
    oracle: Oracle = field(default_factory=Oracle)
    numbers: Iterator[int] = field(default_factory=count)
    opened: set[tuple[str, int]] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)

    def read(self) -> Records:
        return read_records(self.house.settings.store_url)

    def new(self) -> Asked:
        number = next(self.numbers)
        body = example("food-business-licence") | {"number": f"JY1{number:013d}"}
        return {"verb": "issue", "key": f"issue {number}", "number": number, "body": body}

    def target(self, verb: str) -> Asked:
        """A request of this kind for a licence in a fitting state, an old one or a new one."""
        if verb == "issue":
            return self.new()
        fitting = sorted(name for name, told in self.oracle.licences.items() if told["state"] in FIT[verb])
        if not fitting or self.dice.random() < 0.3:
            fitting = [self.do(self.new())["id"]]
            if verb == "reinstate":
                self.do(self.change("suspend", fitting[0]))
        return self.change(verb, self.dice.choice(fitting))

    def change(self, verb: str, licence: str) -> Asked:
        number = next(self.numbers)
        asked = {"verb": verb, "licence": licence, "number": number, "reason": "issued_in_error"}
        if verb in SIGNING:
            body = {} if verb == "renew" else {"claims": {"complaint_phone": f"{number:08d}"}}
            seen = self.oracle.licences[licence]["row_version"]
            asked |= {"key": f"{verb} {number}", "body": body, "if_version": seen}
        return asked

    def do(self, asked: Asked) -> Answer:
        self.house.clock.move(seconds=1)
        answer = self.ask(asked)
        self.oracle.hears(asked, answer)
        return answer

    def ask(self, asked: Asked) -> Answer:
        return carry_out(self.assembly.desk, self.house.caller(), asked, self.house.clock())

    def cycle(self, verb: str, point: str, *, crowd: int = 0) -> None:
        """One kill, with `crowd` further licences on their way at the same time; then everything is asked again."""
        asked = [self.target(verb), *(self.new() for _ in range(crowd))]
        before = self.read()
        self.kill(asked, point, passing=1 + crowd // 2)
        if not crowd and (verb, point) in BEFORE_A_COMMIT:
            assert self.read() == before, f"{verb} killed at {point} left something behind"
        self.go_on(asked)
        self.compare(before)

    def kill(self, asked: list[Asked], point: str, *, passing: int = 1) -> None:
        """Let a child carry out what is asked until it dies at this passing of the point; open the registry again."""
        self.assembly.close()
        self.house.clock.move(seconds=1)
        job = {"now": self.house.clock().isoformat(), "point": point, "passing": passing, "asked": asked}
        ended_by, told = self.server.run(job)
        assert ended_by == signal.SIGKILL, (asked, point, told)
        assert len(told) < len(asked)
        self.kills[point] += 1
        for number, answer in told.items():
            self.oracle.hears(asked[number], answer)
        self.assembly = self.house.open_again()

    def go_on(self, asked: list[Asked]) -> None:
        """What a restarted service does, and what its clients do: sometimes these are faster than the reaper."""
        reaper_first = self.dice.random() < 0.5
        self.house.clock.move(seconds=1 if reaper_first else PATIENCE.total_seconds() + 1)
        if reaper_first:
            self.assembly.reap(patience=timedelta(0))
        for each in asked:
            self.do(each)
        assert self.assembly.reap(patience=timedelta(0)).failed == 0
        self.assembly.publish()

    def compare(self, before: Records) -> None:
        after = self.read()
        faults = [*broken(after, self.house.settings.published_dir), *changed(before, after)]
        faults += self.oracle.differences(after)
        assert faults == []
        assert list(self.sealed_otherwise(after)) == []

    def sealed_otherwise(self, records: Records) -> Iterator[str]:
        """Where the sealed bytes are not those told, or not those that were meant to be signed. Each is opened once."""
        sealer = self.assembly.desk.sealer
        intents, credentials = (
            {(row["licence_id"], row["version"]): row for row in records[table]} for table in ("intent", "credential")
        )
        wrapped = {row["licence_id"]: row for row in records["data_key"]}
        for place in self.oracle.credentials.keys() - self.opened:
            text, intent, credential = self.oracle.credentials[place], intents[place], credentials[place]
            row = wrapped[place[0]]
            key = sealer.unwrap(
                WrappedKey(row["kek_id"], row["wrapped"]), agency_id=row["agency_id"], licence_id=place[0]
            )
            meant = sealer.open(
                key, intent["sealed_signing_input"], table="intent", column="sealed_signing_input", row=intent["id"]
            )
            kept = sealer.open(
                key, credential["sealed_text"], table="credential", column="sealed_text", row=f"{place[0]}/{place[1]}"
            )
            if kept.decode() != text:
                yield f"other bytes were sealed than told: {place}"
            if meant[32:].decode() != text.rpartition(".")[0] or hashlib.sha256(meant).hexdigest() != intent["digest"]:
                yield f"other bytes were signed than meant: {place}"
            self.opened.add(place)

    def verdicts(self) -> Counter[tuple[str, str]]:
        """What a stranger says of every version there is, by the published folder alone: (state, verdict)."""
        published, now = self.house.settings.published_dir, self.house.clock()
        roots = parse_roots((published / "roots.json").read_bytes())
        trust = open_trusted_list((published / "trusted-list.json").read_bytes(), roots, now=now)
        sources = PublishedDirectory(published)
        states = {(row["licence_id"], row["version"]): row["state"] for row in self.read()["status_entry"]}
        return Counter(
            (states[place], str(verify(text, trust=trust, sources=sources, now=now).verdict))
            for place, text in self.oracle.credentials.items()
        )


@contextmanager
def fault_lab(home: Path, database_url: str, seed: int) -> Iterator[FaultLab]:
    with house(home, database_url) as built:
        pass
    # Every process of a cycle reads all licence types there are: here only the one that is used.
    for name in ("food-business-licence", "qr"):
        shutil.copytree(STANDARDS / name, home / "standards" / name)
    shutil.copy(STANDARDS / "licence-type.schema.json", home / "standards")
    built.settings = built.settings.model_copy(update={"standards_dir": home / "standards"})
    server = ForkServer(built)
    lab = FaultLab(built, built.open_again(), server, random.Random(seed))
    try:
        yield lab
    finally:
        lab.assembly.close()
        server.close()


def kill_at_every_point(lab: FaultLab, cycles: int) -> None:
    """All pairs of verb and point, again and again in another order, every third time in a crowd."""
    pairs: list[tuple[str, str]] = []
    for number in range(cycles):
        if not pairs:
            pairs = lab.dice.sample(PAIRS, len(PAIRS))
        verb, point = pairs.pop()
        lab.cycle(verb, point, crowd=lab.dice.choice((2, 3)) if number % 3 == 2 and verb in SIGNING else 0)
    seen = lab.verdicts()
    print(f"{cycles} kills, {dict(sorted(lab.kills.items()))}; {sum(seen.values())} versions: {dict(seen)}")
    assert all(VERDICTS[state] == verdict for state, verdict in seen)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_every_point_of_every_verb_on_sqlite_no_promise_is_broken(tmp_path: Path, seed: int) -> None:
    with fault_lab(tmp_path, f"sqlite:///{tmp_path / 'registry.db'}", seed) as lab:
        kill_at_every_point(lab, 50)
        assert set(lab.kills) == set(CRASH_POINTS)


@pytest.mark.store
def test_killed_at_every_point_of_every_verb_on_postgresql_no_promise_is_broken(tmp_path: Path, cluster: Any) -> None:
    name = cluster.empty()
    with fault_lab(tmp_path, cluster.url(name), 7) as lab:
        kill_at_every_point(lab, len(PAIRS))
    cluster.drop(name)


def test_a_revocation_between_crash_and_reaper_wins_for_good(tmp_path: Path) -> None:
    with fault_lab(tmp_path, f"sqlite:///{tmp_path / 'registry.db'}", 1) as lab:
        for verb, point in (("renew", "p4"), ("correct", "p6"), ("renew", "p8")):
            licence = lab.do(lab.new())["id"]
            asked = lab.change(verb, licence)
            lab.kill([asked], point)
            revoked = lab.do(lab.change("revoke", licence))
            lab.house.clock.move(seconds=1)
            assert lab.assembly.reap(patience=timedelta(0)).failed == 1
            assert lab.ask(asked) == {"error": "intent_failed"}
            assert lab.ask(asked | {"key": f"another {point}"}) == {"error": "transition_not_allowed"}
            assert lab.do(lab.change("revoke", licence))["row_version"] == revoked["row_version"]
            lab.assembly.publish()
            lab.compare(lab.read())
        assert lab.verdicts() == {("revoked", "revoked"): 3}


def test_many_retries_at_once_after_a_crash_make_one_licence(tmp_path: Path, empty_database_url: str) -> None:
    with fault_lab(tmp_path, empty_database_url, 1) as lab:
        for made, point in enumerate(("p4", "p8", "p10"), 1):
            asked = lab.new()
            lab.kill([asked], point)
            lab.house.clock.move(seconds=PATIENCE.total_seconds() + 1)
            with ThreadPoolExecutor(16) as clients:
                answers = list(clients.map(lab.ask, [asked] * 64))
            for answer in answers:
                lab.oracle.hears(asked, answer)
            lab.assembly.publish()
            lab.compare(lab.read())
            assert len(lab.oracle.licences) == made


@pytest.mark.soak
def test_killed_thousands_of_times_no_promise_is_broken(tmp_path: Path) -> None:
    cycles = int(os.environ.get("CYCLES", "2000"))
    for seed in range(100, 100 + -(-cycles // 500)):  # a fresh registry now and then: checking one grows with it
        home = tmp_path / str(seed)
        with fault_lab(home, f"sqlite:///{home / 'registry.db'}", seed) as lab:
            kill_at_every_point(lab, min(500, cycles))
        cycles -= 500
