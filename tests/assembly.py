"""A whole registry for a test, made by the real bootstrap: throw-away keys, a clock that stands, cheap scrypt."""

import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from elicence.accounts.agencies import AgencyRequest, add_agency
from elicence.accounts.grants import GrantRequest, add_grant
from elicence.bootstrap import Assembly, assemble, initialise
from elicence.issuer.crash_points import pass_by
from elicence.issuer.desk import Caller
from elicence.keys.secrets_file import ScryptCost
from elicence.registry.agencies import AgencyRecord
from elicence.settings import Settings

ROOT = Path(__file__).parents[1]
STANDARDS = ROOT / "standards"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BASE_URL = "https://e.example.gov"
CHEAP = ScryptCost(n=2)
USCC = "11320482014138860P"
OTHER_USCC = "91350100M000100Y43"


def slugs_in(standards: Path) -> tuple[str, ...]:
    """The licence types of a folder."""
    return tuple(sorted({path.parent.name for path in standards.glob("*/v*.json")}))


TYPES = slugs_in(STANDARDS)


@dataclass
class StandingClock:
    """Shows the same instant until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class House:
    """An assembled registry with one or two agencies that may issue every shipped type."""

    assembly: Assembly
    clock: StandingClock
    settings: Settings
    agencies: dict[str, AgencyRecord] = field(default_factory=dict)

    @property
    def desk(self):
        return self.assembly.desk

    def caller(self, slug: str = "housing") -> Caller:
        return Caller(self.agencies[slug])

    def open_again(self, at: Callable[[str], None] = pass_by) -> Assembly:
        """The same registry as another process would open it."""
        return assemble(self.settings, clock=self.clock, at=at)


def example(type_slug: str, name: str | None = None) -> dict:
    """A valid example of a shipped type."""
    folder = STANDARDS / type_slug / "examples"
    path = folder / f"valid-{name}.json" if name else min(folder.glob("valid-*.json"))
    return json.loads(path.read_bytes())


def new_agency(assembly: Assembly, slug: str, *, uscc: str = USCC, now: datetime = NOON) -> AgencyRecord:
    asked = AgencyRequest(slug, f"示例市{slug}局", f"Example {slug} office", uscc, "3204", "0519-0000000")
    return add_agency(
        assembly.registry, assembly.desk.chest.keyring, assembly.maker, asked,
        base_url=assembly.desk.base_url, now=now, save=assembly.save_keyring,
    )  # fmt: skip


def grant(assembly: Assembly, agency: AgencyRecord, type_slug: str, **changes) -> None:
    asked = {"type_slug": type_slug, "region": None, "valid_from": NOON - timedelta(days=1), "valid_until": None}
    add_grant(
        assembly.registry, assembly.desk.catalogue, agency, GrantRequest(**(asked | changes)),
        now=NOON, entropy=os.urandom,
    )  # fmt: skip


@contextmanager
def house(
    home: Path,
    database_url: str | None,
    *,
    at: Callable[[str], None] = pass_by,
    environment: str = "demo",
    standards: Path = STANDARDS,
):
    """A fresh registry in `home`, with the agency `housing` that holds a grant for every type of the standards."""
    clock = StandingClock()
    store = database_url or f"sqlite:///{home / 'registry.db'}"
    settings = Settings(home=home, database_url=store, standards_dir=standards)
    initialise(settings, base_url=BASE_URL, environment=environment, roots=1, clock=clock, cost=CHEAP)
    with assemble(settings, clock=clock, at=at) as assembly:
        built = House(assembly, clock, settings)
        built.agencies["housing"] = new_agency(assembly, "housing")
        for slug in slugs_in(standards):
            grant(assembly, built.agencies["housing"], slug)
        yield built
