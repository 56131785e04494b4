"""The shapes of what is open to anybody: verifications, types, tokens, problems, bundle."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from elicence.api.shapes import Shape, Texts

__all__ = ["ALL"]


class Expectation(Shape):
    """What the office wants to see."""

    type: str = Field(max_length=64)


class VerificationRequest(Shape):
    """What was scanned, pasted or typed, and what the office asks of it."""

    content: str = Field(max_length=16_384, description="Text of the QR code, a credential, or a verification code.")
    expect: Expectation = Field(default=Expectation(type="degree"))
    max_status_age_s: int = Field(default=86_400, ge=1, le=604_800)
    paper: bool = Field(default=False, description="The code was read from paper.")
    id_tail: str = Field(default="", pattern=r"^[0-9A-Z]{2,18}$", description="Last characters of the holder's id.")


class VerificationUpload(Shape):
    """A picture (PNG, JPEG, WebP) or PDF with the code, up to 30 MB, and what the office asks of it."""

    file: bytes
    expect: str = Field(default="", max_length=64)
    max_status_age_s: int = Field(default=86_400, ge=1, le=604_800)
    paper: bool = False
    id_tail: str = Field(default="", pattern=r"^[0-9A-Z]{2,18}$")


class Check(Shape):
    """One question and how it ended."""

    name: str
    label: str
    outcome: Literal["passed", "failed", "unknown", "skipped"]
    reason: str | None
    facts: dict[str, Any]


class Notice(Shape):
    """A remark that changes no verdict."""

    code: str
    text: str


class ShownHolder(Shape):
    """A holder as the code shows them; numbers may be masked."""

    kind: Literal["person", "organization"]
    name: str = ""
    id_scheme: str = ""
    id: str = ""


class ShownClaim(Shape):
    """A claim as the code carries it."""

    name: str
    label: str
    value: Any


class ShownLicence(Shape):
    """What a person at a counter may see."""

    type: str
    type_version: int
    title: str
    number: str
    licence_identifier: str
    version: int
    issuer: str
    valid_from: str
    valid_until: str | None
    holders: list[ShownHolder]
    claims: list[ShownClaim]


class Verification(BaseModel):
    """One verdict, the checks behind it, and what to do. `licence` is there only where it may be shown."""

    model_config = ConfigDict(extra="forbid")
    object: Literal["verification"]
    verdict: str
    verdict_class: Literal["accept", "stop", "check", "cannot_decide"] = Field(alias="class")
    reason: str | None
    heading: str
    sentence: str
    advice: str
    checked_at: str
    status_as_of: str | None
    issuer: str | None
    checks: list[Check]
    notices: list[Notice]
    licence: ShownLicence = Field(default_factory=ShownLicence.model_construct)


class TypePublisher(Shape):
    """The body that defines the type."""

    name: Texts
    uscc: str | None


class LicenceType(Shape):
    """A licence type in one version."""

    object: Literal["licence_type"]
    slug: str
    version: int
    versions: list[int]
    status: str
    code: str
    title: Texts
    publisher: TypePublisher
    holder_kinds: list[Literal["person", "organization"]]
    register_as: str = Field(alias="register")
    validity: str
    time_zone: str
    context_url: str
    document_url: str
    schema_url: str


class LicenceTypeList(Shape):
    """The catalogue."""

    object: Literal["list"]
    data: list[LicenceType]


class LicenceTypeDetail(LicenceType):
    """A licence type with its whole file."""

    document: dict[str, Any]


class TokenRequest(BaseModel):
    """OAuth 2.0 client credentials; the client's id and secret may also come as Basic authentication."""

    grant_type: Literal["client_credentials"]
    scope: str = Field(default="", examples=["licences:issue licences:read"])
    client_id: str = ""
    client_secret: str = ""
    client_assertion_type: str = ""
    client_assertion: str = ""


class Token(Shape):
    """An access token."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class TokenError(Shape):
    """RFC 6749 §5.2."""

    error: str
    error_description: str
    request_id: str


class FieldProblem(BaseModel):
    """One defect: where (a JSON Pointer), which, and a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; no value that was sent is repeated."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    retryable: bool
    errors: list[FieldProblem] = Field(default=[])


class ProblemType(Shape):
    """What a problem code means."""

    object: Literal["problem_type"]
    code: str
    title: Texts
    detail: dict[str, str]


class TrustBundle(Shape):
    """Everything for verifying offline. The roots sign the manifest, which names every part with its SHA-256."""

    object: Literal["trust_bundle"]
    base_url: str
    manifest: str = Field(description="base64url of JSON: iss, iat, exp, and the SHA-256 of every part by its name.")
    signatures: list[str] = Field(description="Compact JWTs over the manifest, `typ` licence-bundle+jwt, one a root.")
    trusted_list: str
    status_lists: dict[str, str]
    types: dict[str, str]
    contexts: dict[str, str]
    dictionaries: dict[str, str]


class Health(Shape):
    """How the process is."""

    status: Literal["ok", "ready"]


ALL: tuple[type[BaseModel], ...] = (
    VerificationRequest, VerificationUpload, Verification, LicenceTypeList, LicenceTypeDetail, TokenRequest, Token,
    TokenError, Problem, ProblemType, TrustBundle, Health,
)  # fmt: skip
