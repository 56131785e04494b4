"""The only wiring: from settings to a plugged-together registry. Nothing below knows how.

`initialise` makes a new registry, `assemble` opens one. Here, and nowhere else, clock and randomness are plugged in; a
test passes its own.
"""

import contextlib
import logging
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from elicence.errors import Conflict, ElicenceError, FormatError, SettingsFault, StoreFault
from elicence.formats.did import check_base_url
from elicence.issuer.bundle import BundlePublisher
from elicence.issuer.crash_points import pass_by
from elicence.issuer.desk import Desk
from elicence.issuer.issue import PATIENCE
from elicence.issuer.lapse import end_suspensions
from elicence.issuer.publish_statuses import publish_statuses
from elicence.issuer.publish_trust import publish_trust, roots_document
from elicence.issuer.published_folder import PublishedFolder
from elicence.issuer.reap import Reaped, reap
from elicence.issuer.trust import read_accounts, trusted_payload
from elicence.keys.key_maker import KeyMaker
from elicence.keys.keyring import KeyChest, Keyring, Purpose, refuse_unfit, save_keyring
from elicence.keys.keyring_file import KeyringFile
from elicence.keys.permutation import permute
from elicence.keys.private_files import create_passphrase, read_passphrase
from elicence.keys.sealing import Sealer
from elicence.keys.secrets_file import ScryptCost, Secrets, create_secrets, load_secrets
from elicence.licences.catalogue import Catalogue
from elicence.registry.meta import fix_meta, meta
from elicence.registry.registry import Registry
from elicence.registry.schema import SchemaState, schema_state, upgrade
from elicence.registry.unit import Unit
from elicence.settings import Settings, home_file, system_clock, write_home_file
from elicence.verifier.sources import MemorySources
from elicence.verifier.trust import MAX_ROOTS, TrustedList

__all__ = ["Assembly", "Entropy", "assemble", "bring_up_to_date", "initialise", "system_clock"]

Clock = Callable[[], datetime]
Entropy = Callable[[int], bytes]

_TRUST_AGE = timedelta(seconds=5)
_ROOTS = "roots.json"
_ENVIRONMENTS = ("production", "demo")
_log = logging.getLogger("elicence")


def _into_the_log(error: Exception) -> None:
    """An error of ours names no value it met and may be logged as it is; of others only the kind and the place."""
    if isinstance(error, ElicenceError):
        _log.error("%s", error)
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("%s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)


class _Surviving:
    """Whatever goes wrong inside is told and ends nothing further: a watch that has died is worse than any trouble."""

    def __init__(self, alarm: Callable[[Exception], None]) -> None:
        self._alarm = alarm

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._alarm(error)
        return True


class Pulse:
    """When the watch of this process last published without trouble, or began."""

    def __init__(self) -> None:
        self.last: datetime | None = None

    def beat(self, now: datetime) -> None:
        self.last = now

    def is_weak(self, now: datetime, *, after: timedelta) -> bool:
        """Whether there is a watch, and it has not got through for that long."""
        return self.last is not None and now - self.last > after


@dataclass(frozen=True, slots=True)
class Assembly:
    """An open registry with everything plugged in. Close it, or use it in a `with`."""

    settings: Settings
    desk: Desk
    maker: KeyMaker
    folder: PublishedFolder
    clock: Clock
    keyring_file: KeyringFile
    bundle: BundlePublisher
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def registry(self) -> Registry:
        return self.desk.registry

    def save_keyring(self, keyring: Keyring) -> None:
        """Makes a changed keyring durable and goes on with it; `Conflict` if it would undo another process's change."""
        refuse_unfit(keyring, self.desk.environment)
        self.keyring_file.save(keyring)
        self.desk.chest.adopt(keyring)

    def publish(self) -> None:
        """Ends suspensions that are over and brings the published folder up to date: trust files, then status
        lists, then the offline bundle made of them.

        Trouble with one does not keep the next back: a revocation goes out whatever happens to the rest.
        """
        changed: list[int] = []
        with contextlib.ExitStack() as last_first:
            last_first.callback(lambda: self.bundle.publish(now=self.clock(), changed=any(changed)))
            last_first.callback(lambda: changed.append(publish_statuses(self.desk, self.folder, now=self.clock())))
            last_first.callback(lambda: changed.append(publish_trust(self.desk, self.folder, now=self.clock())))
            end_suspensions(self.desk, now=self.clock())

    def reap(self, *, patience: timedelta = PATIENCE) -> Reaped:
        """Finishes what a crash left open."""
        return reap(self.desk, now=self.clock(), patience=patience)

    def watch(
        self, stop: threading.Event, *, every: float = 0.5, alarm: Callable[[Exception], None] = _into_the_log
    ) -> None:
        """Publishes and reaps until told to stop: what keeps a revocation public within two seconds.

        Trouble of whatever kind goes to `alarm` each time it is met, and the next round tries again. `pulse` tells
        when publishing last went well, or when the watch began.
        """
        self.pulse.beat(self.clock())
        while not stop.is_set():
            with _Surviving(alarm):
                self.publish()
                self.pulse.beat(self.clock())
            with _Surviving(alarm):
                self.reap()
            stop.wait(every)

    def close(self) -> None:
        self.desk.registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def initialise(
    settings: Settings,
    *,
    base_url: str,
    environment: str,
    roots: int,
    clock: Clock = system_clock,
    entropy: Entropy = os.urandom,
    cost: ScryptCost | None = None,
) -> None:
    """Makes a new registry in the home of the settings: secrets, root keys, store. Refuses one that exists.

    `roots` keys sign the trusted list and all of them must agree. The base URL and environment are fixed for ever.
    """
    _refuse_unfit_start(base_url, environment, roots)
    keyring_file, secrets_file = settings.keys_dir / "keyring.json", settings.keys_dir / "private" / "secrets.json"
    if any(path.exists() for path in (keyring_file, secrets_file, home_file(settings.home))):
        raise Conflict(
            "registry_exists", "There is a registry in this home, or the beginning of one; nothing was changed."
        )
    if schema_state(settings.store_url) is not SchemaState.ABSENT:
        raise Conflict("registry_exists", "There is a registry in this store already; nothing was changed.")
    # Keys first and the store last: a store that exists is a registry that is whole.
    passphrase = _passphrase(settings, entropy)
    create_secrets(secrets_file, passphrase, entropy, cost=cost)
    maker = KeyMaker(settings.keys_dir, passphrase, environment, entropy)
    keyring = Keyring(())
    for _ in range(roots):
        keyring = maker.make_active(keyring, agency=None, purpose=Purpose.TRUSTED_LIST, now=clock())
    save_keyring(keyring_file, keyring)
    upgrade(settings.store_url)
    with Registry.open(settings.store_url) as registry:
        registry.submit(lambda unit: _fix(unit, {"base_url": base_url, "environment": environment}))
    write_home_file(settings.home, settings.database_url)
    PublishedFolder(settings.published_dir).write(_ROOTS, roots_document(keyring, threshold=roots))


def bring_up_to_date(settings: Settings) -> bool:
    """Gives the store of an existing registry the tables of this program; False where it has them.

    Raises `StoreFault` registry_absent or schema_ahead.
    """
    state = schema_state(settings.store_url)
    if state is SchemaState.ABSENT:
        raise StoreFault("registry_absent", "There is no registry in this home; `elicence init` makes one.")
    upgrade(settings.store_url)
    return state is SchemaState.BEHIND


def assemble(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    entropy: Entropy = os.urandom,
    at: Callable[[str], None] = pass_by,
) -> Assembly:
    """Opens the registry the settings name. Refuses to start on anything dangerous: see the errors of each part."""
    registry = Registry.open(settings.store_url, pool_size=settings.pool_size)
    try:
        return _assemble(settings, registry, clock=clock, entropy=entropy, at=at)
    except BaseException:
        registry.close()
        raise


def _assemble(
    settings: Settings, registry: Registry, *, clock: Clock, entropy: Entropy, at: Callable[[str], None]
) -> Assembly:
    base_url, environment = (_fixed(registry, key) for key in ("base_url", "environment"))
    if settings.environment not in (None, environment):
        raise SettingsFault("production_refused", f"This registry was made for {environment}, not as the settings say.")
    passphrase = read_passphrase(settings.passphrase_path)
    secrets = load_secrets(settings.keys_dir / "private" / "secrets.json", passphrase)
    keyring_file = KeyringFile(settings.keys_dir / "keyring.json")
    keyring = keyring_file.load()
    refuse_unfit(keyring, environment)
    chest = KeyChest(
        keyring, base_dir=settings.keys_dir, passphrase=passphrase, newer=_fit(keyring_file.newer, environment)
    )
    catalogue = Catalogue.load(settings.types_dir)
    dictionaries = _dictionaries(settings.types_dir)
    documents = {(each.slug, each.version): each.document for each in catalogue.types()}
    desk = Desk(
        base_url=base_url,
        environment=environment,
        catalogue=catalogue,
        registry=registry,
        chest=chest,
        sealer=Sealer(secrets),
        index_secret_id=secrets.current("index_permutation").id,
        permute=_permute(secrets),
        trusted_list=_TrustNow(registry, chest, catalogue, base_url=base_url, environment=environment, clock=clock),
        dictionaries=dictionaries,
        published=MemorySources(documents=documents, dictionaries=dictionaries),
        entropy=entropy,
        at=at,
    )
    maker = KeyMaker(settings.keys_dir, passphrase, environment, entropy)
    folder = PublishedFolder(settings.published_dir)
    return Assembly(settings, desk, maker, folder, clock, keyring_file, BundlePublisher(desk, folder))


class _TrustNow:
    """The trusted list as this registry would publish it now; made again when keys change, and every few seconds."""

    def __init__(
        self,
        registry: Registry,
        chest: KeyChest,
        catalogue: Catalogue,
        *,
        base_url: str,
        environment: str,
        clock: Clock,
    ) -> None:
        self._registry, self._chest, self._catalogue = registry, chest, catalogue
        self._base_url, self._environment, self._clock = base_url, environment, clock
        self._made: tuple[Keyring, datetime, TrustedList] | None = None

    def __call__(self, *, fresh: bool = False) -> TrustedList:
        now, keyring = self._clock(), self._chest.keyring
        made = self._made
        if not fresh and made is not None and made[0] is keyring and abs(now - made[1]) < _TRUST_AGE:
            return made[2]
        payload = trusted_payload(
            self._registry.read(read_accounts),
            keyring,
            self._catalogue,
            base_url=self._base_url,
            environment=self._environment,
            version=1,
            now=now,
        )
        trusted = TrustedList(payload)
        self._made = keyring, now, trusted
        return trusted


def _refuse_unfit_start(base_url: str, environment: str, roots: int) -> None:
    """What is fixed for ever is looked at before anything is made."""
    try:
        check_base_url(base_url)
    except FormatError as error:
        raise SettingsFault("base_url_bad", error.message) from None
    if environment not in _ENVIRONMENTS:
        raise SettingsFault("settings_bad", f"A registry is made for {' or '.join(_ENVIRONMENTS)}.")
    if not 1 <= roots <= MAX_ROOTS:
        raise SettingsFault("settings_bad", f"A trusted list is signed by 1 to {MAX_ROOTS} roots.")
    if environment == "production" and not base_url.startswith("https://"):
        raise SettingsFault("production_refused", "In production the base URL begins with https://.")
    if environment == "production" and roots < 2:
        raise SettingsFault("production_refused", "In production at least two roots sign the trusted list.")


def _fit(newer: Callable[[], Keyring | None], environment: str) -> Callable[[], Keyring | None]:
    """What another process changed is taken over only if this one would have started with it."""

    def look() -> Keyring | None:
        keyring = newer()
        if keyring is not None:
            refuse_unfit(keyring, environment)
        return keyring

    return look


def _passphrase(settings: Settings, entropy: Entropy) -> bytes:
    path = settings.passphrase_path
    settings.keys_dir.mkdir(parents=True, exist_ok=True)
    private = settings.keys_dir / "private"
    private.mkdir(mode=0o700, exist_ok=True)
    return read_passphrase(path) if path.exists() else create_passphrase(path, entropy)


def _fix(unit: Unit, facts: Mapping[str, str]) -> None:
    for key, value in facts.items():
        fix_meta(unit, key, value)


def _fixed(registry: Registry, key: str) -> str:
    value = registry.read(lambda reader: meta(reader, key))
    if value is None:
        raise SettingsFault("settings_bad", f"The store does not say its {key}; `elicence init` did not finish.")
    return value


def _permute(secrets: Secrets) -> Callable[[str, str, int], int]:
    """Which secret a list uses is written beside it; so an old list keeps its order when the secret is rotated."""

    def place(secret_id: str, list_id: str, counter: int) -> int:
        return permute(secrets.get(secret_id).value, list_id, counter)

    return place


def _dictionaries(standards: Path) -> Mapping[int, bytes]:
    files = sorted((standards / "qr").glob("dictionary-*.bin"))
    return {int(path.stem.removeprefix("dictionary-")): path.read_bytes() for path in files}
