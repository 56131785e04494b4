"""The desk: what an issuing act needs, plugged together once by the wiring and then only read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from elicence.issuer.crash_points import pass_by
from elicence.keys.keyring import KeyChest
from elicence.keys.sealing import Sealer
from elicence.licences.catalogue import Catalogue
from elicence.registry.agencies import AgencyRecord
from elicence.registry.registry import Registry
from elicence.verifier.sources import Sources
from elicence.verifier.trust import TrustedList

__all__ = ["Caller", "Desk", "TrustNow"]


class TrustNow(Protocol):
    """The trusted list as it would be published now."""

    def __call__(self, *, fresh: bool = False) -> TrustedList:
        """May be some seconds old, unless a `fresh` one is asked for."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Tools of an issuer: what may be issued, where it is kept, who signs, and what a stranger would believe.

    `permute(secret_id, list_id, counter)` gives the status index of the counter-th licence of a list. `trusted_list()`
    answers with the list as it stands now, so that a key or grant made a moment ago counts. `published` is what a
    stranger can look up: type files and dictionaries. `at` is the crash hook of tests.
    """

    base_url: str
    environment: str
    catalogue: Catalogue
    registry: Registry
    chest: KeyChest
    sealer: Sealer
    index_secret_id: str
    permute: Callable[[str, str, int], int]
    trusted_list: TrustNow
    dictionaries: Mapping[int, bytes]
    published: Sources
    entropy: Callable[[int], bytes] = field(repr=False)
    at: Callable[[str], None] = pass_by


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf an act is done: the agency, and the client or operator who asked.

    `use` chooses live or test keys.
    """

    agency: AgencyRecord
    client_id: str | None = None
    operator_id: str | None = None
    use: str = "live"
