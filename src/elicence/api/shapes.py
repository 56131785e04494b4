"""The shapes of requests and answers about licences, for the OpenAPI document. What is sent is made in `answers.py`.

Requests are judged by the licence type and not by these models: they say what every type has in common.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ALL", "Shape", "Texts"]

_Id = Field(description="A prefix that says what it is, and a UUIDv7 in 26 characters.")
_Instant = Field(description="RFC 3339, UTC.", examples=["2026-11-23T02:00:00Z"])
_Day = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A civil day in the time zone of the type.")


class Shape(BaseModel):
    """An object with these members and no others."""

    model_config = ConfigDict(extra="forbid")


class Texts(BaseModel):
    """One wording per language."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    zh_cn: str = Field(alias="zh-CN")
    en: str


class Holder(Shape):
    """Who holds the licence."""

    kind: Literal["person", "organization"]
    name: str = Field(min_length=1, max_length=200)
    id_scheme: str = Field(default="", max_length=64, description="Which kind of number `id` is; both or neither.")
    id: str = Field(default="", max_length=64)


class LicenceRequest(Shape):
    """What is to be issued. The schema of one type is at `/v1/types/{slug}/schema`."""

    type: str = Field(max_length=64, description="Slug of the licence type.")
    # No default in the document: clients made of it would send 1 for ever.
    type_version: int = Field(
        default_factory=int, ge=1, le=999, description="The newest published version unless named."
    )
    number: str = Field(min_length=1, max_length=128, description="The agency's own number, unique in its type.")
    holders: list[Holder] = Field(min_length=1, max_length=20)
    region: str = Field(default="", pattern=r"^[0-9]{6}$", description="GB/T 2260, six digits.")
    valid_from: str = _Day
    valid_until: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    claims: dict[str, Any]
    external_ref: str = Field(default="", min_length=1, max_length=100, description="The agency's own reference.")
    accept_check_digit: bool = Field(default=False, description="A wrong check digit of an organisation is meant.")


class Issuer(Shape):
    """The agency that issued the licence."""

    id: str = _Id
    slug: str
    did: str
    name: Texts


class Credential(Shape):
    """The signed credential of this version, the same bytes for ever."""

    format: Literal["vc+jwt"]
    kid: str
    digest: str
    jwt: str
    url: str


class StatusRef(Shape):
    """Where the status of this version is published."""

    uri: str
    index: int


class Qr(Shape):
    """The QR code of this version."""

    content: str
    version: int = Field(ge=1, le=40)
    level: Literal["L", "M", "Q", "H"]
    svg_url: str
    png_url: str


class LicenceLinks(Shape):
    """Where to go on."""

    self_url: str = Field(alias="self")
    history: str


class Licence(Shape):
    """One version of a licence as its own agency sees it.

    Erased, it has no `credential`, no `qr`, no holders, and open claims only.
    """

    object: Literal["licence"]
    id: str = _Id
    type: str
    type_version: int
    number: str
    licence_identifier: str
    external_ref: str | None
    region: str | None
    version: int
    current_version: int
    supersedes: int | None
    row_version: int = Field(description="Counts changes; the ETag, and what If-Match compares.")
    state: Literal["active", "suspended", "revoked", "superseded"]
    reason: str | None
    changed_at: str = _Instant
    suspended_until: str | None = Field(description="The last day of a suspension that has one; it counts whole.")
    use: Literal["live", "test"]
    issuer: Issuer
    issued_at: str = _Instant
    valid_from: str = _Day
    valid_until: str | None = Field(description="The last day, which counts whole; null for no end.")
    time_zone: str
    holders: list[Holder]
    claims: dict[str, Any]
    verification_code: str
    verify_url: str
    erased: bool = Field(description="Its personal data and credential were destroyed; number, states and dates stay.")
    credential: Credential = Field(default_factory=Credential.model_construct)
    status_ref: StatusRef
    qr: Qr = Field(default_factory=Qr.model_construct)
    links: LicenceLinks


class LicenceList(Shape):
    """A page of licences."""

    object: Literal["list"]
    data: list[Licence]
    has_more: bool
    next_cursor: str | None = Field(description="Opaque; hand it back as `cursor` for the next page.")


class Proposal(Shape):
    """A request that waits for a second operator."""

    object: Literal["proposal"]
    id: str = _Id
    verb: Literal["issue", "renew", "correct"]
    licence_id: str | None
    digest: str
    state: Literal["proposed", "approved", "declined"]
    proposed_by: str
    decided_by: str | None
    created_at: str = _Instant


class ProposalDetail(Proposal):
    """A proposal with what it asks for: the body of the request to issue, or `body`, `reason` and `if_version`."""

    request: dict[str, Any]


class ProposalList(Shape):
    """A page of what waits, oldest first; what is asked for stands in each proposal."""

    object: Literal["list"]
    data: list[Proposal]
    has_more: bool
    next_cursor: str | None = Field(description="Opaque; hand it back as `cursor` for the next page.")


class Decision(Shape):
    """What a second operator decides on: exactly the request with this digest."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="`digest` of the proposal as it was read.")


class Warning(Shape):  # noqa: A001  (the name in the document)
    """Something to look at that does not stand in the way."""

    pointer: str
    code: str
    detail: str


class QrBudget(Shape):
    """How dense the QR code would be, and may be."""

    version: int
    level: Literal["L", "M", "Q", "H"]
    max_version: int


class Validation(Shape):
    """A request that could be issued. Whether its number is free only issuing can tell."""

    object: Literal["validation"]
    four_eyes: bool
    valid_until: str | None
    qr: QrBudget
    warnings: list[Warning]


class StatusChange(Shape):
    """Why the status changes."""

    reason: str = Field(min_length=1, max_length=64, description="A code the licence type lists.")


class Suspension(StatusChange):
    """Why, and until when; suspending again with another last day, or none, moves the end."""

    until: str | None = Field(
        default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="The last day, which counts whole in the time zone of the type; then it is reinstated by itself.",
    )  # fmt: skip


class Reinstatement(Shape):
    """Reinstating needs no reason; one that is given must be a code of the type."""

    reason: str = Field(default="", min_length=1, max_length=64)


class Renewal(Shape):
    """The new last day; types of a fixed length know it themselves."""

    valid_until: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


class Correction(Shape):
    """What is replaced: single claims (null removes one), holders, dates, region."""

    reason: str = Field(min_length=1, max_length=64)
    claims: dict[str, Any] = Field(default={})
    holders: list[Holder] = Field(default=[], min_length=1, max_length=20)
    valid_from: str = Field(default="", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    valid_until: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    region: str = Field(default="", pattern=r"^[0-9]{6}$")
    accept_check_digit: bool = False


class Event(Shape):
    """One thing that was done to a licence."""

    object: Literal["event"]
    id: str = _Id
    verb: str
    version: int | None
    from_state: str | None
    to_state: str | None
    reason: str | None
    until: str | None = Field(description="The last day of a suspension.")
    client_id: str | None
    operator_id: str | None
    occurred_at: str = _Instant


class EventList(Shape):
    """The history of a licence, oldest first."""

    object: Literal["list"]
    data: list[Event]


ALL: tuple[type[BaseModel], ...] = (
    LicenceRequest, Licence, LicenceList, Proposal, ProposalDetail, ProposalList, Decision, Validation, StatusChange,
    Suspension,    Reinstatement, Renewal, Correction, EventList,
)  # fmt: skip
