"""Agencies: who may issue. An agency comes with its keys, because one without keys can do nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from elicence.errors import Conflict, FormatError, NotFound, Problem, RequestError
from elicence.formats.did import did_web
from elicence.keys.key_maker import KeyMaker
from elicence.keys.keyring import Keyring, Purpose
from elicence.licences.grant import is_region
from elicence.licences.holder_id import check_holder_id
from elicence.licences.ids import new_id
from elicence.licences.text_policy import clean_text
from elicence.registry import agencies as stored
from elicence.registry.agencies import AgencyRecord
from elicence.registry.registry import Registry

__all__ = ["AgencyRequest", "add_agency", "find_agency", "list_agencies"]

_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class AgencyRequest:
    """What is asked for a new agency. `slug` becomes part of its issuer identifier and is never changed or reused."""

    slug: str
    name_zh: str
    name_en: str
    uscc: str
    region: str
    contact: str | None = None


def add_agency(
    registry: Registry,
    keyring: Keyring,
    maker: KeyMaker,
    asked: AgencyRequest,
    *,
    base_url: str,
    now: datetime,
    save: Callable[[Keyring], None],
) -> AgencyRecord:
    """Makes the agency's credential and status-list keys, saves the keyring, and then writes the agency down.

    In that order, because an agency without keys could do nothing, and keys without an agency do no harm.
    """
    clean = _checked(asked, base_url)
    if registry.read(lambda reader: stored.agency_by_slug(reader, clean.slug)) is not None:
        raise Conflict("agency_exists", "An agency of that slug exists; slugs are never used twice.")
    agency = AgencyRecord(
        id=new_id("agc", now, maker.entropy), slug=clean.slug, name_zh=clean.name_zh, name_en=clean.name_en,
        uscc=clean.uscc, region=clean.region, contact=clean.contact, created_at=now,
    )  # fmt: skip
    for purpose in (Purpose.CREDENTIAL, Purpose.STATUS_LIST):
        keyring = maker.make_active(keyring, agency=agency.slug, purpose=purpose, now=now)
    save(keyring)
    registry.submit(lambda unit: stored.add_agency(unit, agency))
    return agency


def find_agency(registry: Registry, slug: str) -> AgencyRecord:
    """The agency of that slug; `NotFound` agency_not_found."""
    agency = registry.read(lambda reader: stored.agency_by_slug(reader, slug))
    if agency is None:
        raise NotFound("agency_not_found", "There is no agency of that slug.")
    return agency


def list_agencies(registry: Registry) -> tuple[AgencyRecord, ...]:
    """Every agency, by slug."""
    return registry.read(stored.agencies)


def _checked(asked: AgencyRequest, base_url: str) -> AgencyRequest:
    """The request with clean texts, or every problem it has."""
    problems: list[Problem] = []
    try:
        did_web(base_url, asked.slug)
    except FormatError as error:
        problems.append(Problem("/slug", "pattern", error.message))
    if not is_region(asked.region):
        problems.append(Problem("/region", "pattern", "A region is two, four or six digits of GB/T 2260."))
    texts = {"name_zh": asked.name_zh, "name_en": asked.name_en, "contact": asked.contact or ""}
    for name, value in texts.items():
        if len(value) > _LONGEST_NAME or (not value.strip() and name != "contact"):
            problems.append(
                Problem(f"/{name}", "too_long" if value.strip() else "field_missing", "1 to 120 characters.")
            )
    try:
        cleaned = {name: clean_text(value.strip(), pointer=f"/{name}") for name, value in texts.items()}
        uscc, _ = check_holder_id("CN-USCC", asked.uscc, accept_check_digit=False, pointer="/uscc")
    except RequestError as error:
        raise RequestError(error.code, error.message, (*problems, *error.problems)) from None
    if problems:
        raise RequestError("validation_failed", f"The agency has {len(problems)} problems.", problems)
    return AgencyRequest(
        asked.slug, cleaned["name_zh"], cleaned["name_en"], uscc, asked.region, cleaned["contact"] or None
    )
