"""A grant: which agency may issue which licence type, where, and from when until when.

Regions are prefixes of the six-digit codes of GB/T 2260: a grant for `4403` covers `440305`, a grant without a region
covers the whole country and licences without a region. `valid_from` is inclusive, `valid_until` exclusive, both UTC.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from elicence.errors import NotAllowed

__all__ = ["Grant", "covering", "is_region"]

_REGION = re.compile(r"[0-9]{2}(?:[0-9]{2}){0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of permission; `four_eyes` asks a second operator to approve every licence issued under it."""

    agency_id: str
    type_slug: str
    region: str | None
    valid_from: datetime
    valid_until: datetime | None
    four_eyes: bool

    def covers_region(self, region: str | None) -> bool:
        """Whether a licence for this region (None: for no region in particular) lies inside the grant."""
        return self.region is None or (region is not None and region.startswith(self.region))

    def runs(self, now: datetime) -> bool:
        """Whether the grant has begun and not ended."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


def is_region(text: str) -> bool:
    """Whether the text is a region a grant or an agency may have: two, four or six digits of GB/T 2260."""
    return _REGION.fullmatch(text) is not None


def covering(grants: Iterable[Grant], type_slug: str, region: str | None, now: datetime) -> Grant:
    """The grant that covers the issue; the most narrow region decides, and among equals the one that asks four eyes.

    A licence without a region needs four eyes if any running grant of its type asks for them.

    Raises `NotAllowed`: `agency_not_allowed_type`, `region_outside`, `grant_expired` or `grant_not_yet`, whichever is
    the nearest miss.
    """
    of_type = [grant for grant in grants if grant.type_slug == type_slug]
    if not of_type:
        raise NotAllowed("agency_not_allowed_type", f"The agency has no grant to issue {type_slug}.", type=type_slug)
    in_region = [grant for grant in of_type if grant.covers_region(region)]
    if not in_region:
        raise NotAllowed(
            "region_outside",
            f"The agency may issue {type_slug}, but not for this region.",
            type=type_slug,
            allowed=sorted({grant.region for grant in of_type if grant.region is not None}),
        )
    begun = [grant for grant in in_region if grant.valid_from <= now]
    if not begun:
        begins = min(grant.valid_from for grant in in_region)
        raise NotAllowed("grant_not_yet", f"The grant to issue {type_slug} begins at {begins.isoformat()}.")
    running = [grant for grant in begun if grant.runs(now)]
    if not running:
        raise NotAllowed("grant_expired", f"The grant to issue {type_slug} has ended.", type=type_slug)
    chosen = max(running, key=lambda grant: (len(grant.region or ""), grant.four_eyes))
    if region is None and not chosen.four_eyes and any(grant.four_eyes and grant.runs(now) for grant in of_type):
        # Naming no region must not be a way around the grant of one.
        return replace(chosen, four_eyes=True)
    return chosen
