"""A licence type as a value: what one file of `standards/` says, read with nothing but the standard library.

`parse_licence_type` is for files already known to be good: a verifier reads a published file whose SHA-256 stands in
the trusted list. It is total (any bytes give a `LicenceType` or a `TypeFileError`) and checks shape, not sense; the
full check of a new file, with JSON Schema and cross rules, is `elicence.licences.type_lint.load_type`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from elicence.errors import TypeFileError
from elicence.licences.disclosure import Disclosure
from elicence.licences.type_document import Node, parse_document

__all__ = [
    "ChangeRules",
    "ClaimRule",
    "CodeBudget",
    "CorrectionRule",
    "HolderRules",
    "IdScheme",
    "LeakException",
    "LicenceType",
    "NumberRule",
    "Publisher",
    "Text",
    "ValidityRule",
    "parse_licence_type",
]

Text = Mapping[str, str]
"""One wording per language tag: always `zh-CN` and `en`."""

HolderKind = Literal["person", "organization"]
Search = Literal["none", "exact", "prefix", "keyed"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """The body that defines the type; it need not issue licences itself."""

    name: Text
    uscc: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What the agency's own licence number looks like: its label and a pattern of the whole text."""

    label: Text
    pattern: str
    max_length: int


@dataclass(frozen=True, slots=True)
class IdScheme:
    """A kind of holder identifier: who may bear it and, where the house knows no check digits for it, its pattern."""

    name: str
    label: Text
    kinds: frozenset[str]
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class HolderRules:
    """Who may hold the licence and which of their fields are shown to whom.

    `name_disclosure` and `id_disclosure` answer per holder kind. `id_mask` is `"id"` where a restricted identifier is
    masked in the code credential; an open one is never masked.
    """

    kinds: tuple[str, ...]
    several: bool
    name_disclosure: Mapping[str, Disclosure]
    name_code: bool
    id_disclosure: Mapping[str, Disclosure]
    id_required: bool
    id_code: bool
    id_mask: str | None
    id_search: str
    schemes: Mapping[str, IdScheme]


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """How long a licence runs, in civil dates of `time_zone`; the last day counts whole.

    `fixed`: exactly `months` long. `duration`: the agency chooses the last day, at most `max_months` after the first.
    `until_age`: through the day before the holder, born on the day the claim `birth_date_claim` (or the resident
    identity number) says, reaches `age` years. `open_ended`: no end, unless `end_allowed` and the request names one, at
    most `max_months` after the first day where the rule gives a figure.
    """

    rule: Literal["fixed", "duration", "until_age", "open_ended"]
    time_zone: str
    months: int | None = None
    max_months: int | None = None
    age: int | None = None
    birth_date_claim: str | None = None
    end_allowed: bool = False


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """Whether licences of the type can be suspended, the reason codes of changes, and whether reasons are public."""

    suspension: bool
    reasons: tuple[str, ...]
    public_reason: bool


@dataclass(frozen=True, slots=True)
class CorrectionRule:
    """Days in which an agency answers a request for correction, and whether verifiers see that one is open."""

    deadline_days: int
    notice: bool


@dataclass(frozen=True, slots=True)
class CodeBudget:
    """The largest QR version (1 to 40) and the error-correction level a code of this type may take."""

    max_version: int
    level: Literal["L", "M", "Q", "H"]


@dataclass(frozen=True, slots=True)
class LeakException:
    """A recorded waiver: the open claim may let a reader infer the hidden one, for the reason given."""

    open: str
    hidden: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One claim: its JSON Schema and kind, its labels, its disclosure class, and whether the QR code carries it.

    `kind` is the schema's `type`: string, integer, boolean, array or object. A schema never says `number`: decimals
    are strings with a pattern, so that no reader rounds them.
    """

    name: str
    schema: Mapping[str, object]
    label: Text
    disclosure: Disclosure
    code: bool
    search: str
    kind: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class LicenceType:
    """One version of a licence type, exactly as its file says; `document` is the file, `digest` its SHA-256 in hex."""

    slug: str
    version: int
    status: Literal["draft", "published", "retired"]
    code: str
    title: Text
    publisher: Publisher
    legal_basis: Text
    number: NumberRule
    holder: HolderRules
    register: Literal["listed", "exact", "none"]
    validity: ValidityRule
    changes: ChangeRules
    correction: CorrectionRule
    counter_photo_id: Literal["never", "paper", "always"]
    claims: Mapping[str, ClaimRule]
    leak_exceptions: tuple[LeakException, ...]
    code_budget: CodeBudget
    presentation_sets: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    document: bytes = field(repr=False)
    digest: str

    @property
    def vc_type(self) -> str:
        """The W3C credential type: `food-business-licence` is `FoodBusinessLicence`."""
        return "".join(part.capitalize() for part in self.slug.split("-"))

    @property
    def code_claims(self) -> tuple[str, ...]:
        """Names of the claims the code credential carries, in the file's order."""
        return tuple(name for name, claim in self.claims.items() if claim.code)

    @property
    def context_path(self) -> str:
        """Path of the type version's JSON-LD context under the registry's base URL."""
        return f"/ns/{self.slug}/v{self.version}"


def parse_licence_type(document: bytes, *, file: str) -> LicenceType:
    """Read a type file; `file` is the name used in errors. Raises `TypeFileError` for anything but a type file."""
    top = Node(parse_document(document, file=file), file=file)
    claims = {name: _claim(name, node) for name, node in top.member("claims").items()}
    return LicenceType(
        slug=top.text("slug"),
        version=top.integer("version"),
        status=top.choice("status", ("draft", "published", "retired")),
        code=top.text("code"),
        title=top.texts("title"),
        publisher=Publisher(top.member("publisher").texts("name"), top.member("publisher").optional_text("uscc")),
        legal_basis=top.texts("legal_basis"),
        number=_number(top.member("number")),
        holder=_holder(top.member("holder")),
        register=top.choice("register", ("listed", "exact", "none")),
        validity=_validity(top.member("validity")),
        changes=_changes(top.member("changes")),
        correction=_correction(top.member("correction")),
        counter_photo_id=top.member("counter").choice("photo_id", ("never", "paper", "always")),
        claims=MappingProxyType(claims),
        leak_exceptions=tuple(_leak(node) for node in top.member("leak_exceptions").elements()),
        code_budget=_budget(top.member("code_budget")),
        presentation_sets=MappingProxyType({k: n.strings() for k, n in top.member("presentation_sets").items()}),
        sources=top.member("sources").strings(),
        document=document,
        digest=hashlib.sha256(document).hexdigest(),
    )


def _number(node: Node) -> NumberRule:
    return NumberRule(node.texts("label"), node.text("pattern"), node.integer("max_length"))


def _holder(node: Node) -> HolderRules:
    kinds = node.member("kinds").strings()
    name, ident = node.member("name"), node.member("id")
    return HolderRules(
        kinds=kinds,
        several=node.flag("several"),
        name_disclosure=_per_kind(name, kinds),
        name_code=name.flag("code", default=False),
        id_disclosure=_per_kind(ident, kinds),
        id_required=ident.flag("required", default=True),
        id_code=ident.flag("code", default=False),
        id_mask=ident.optional_text("mask"),
        id_search=ident.choice("search", ("none", "keyed", "exact"), default="none"),
        schemes=MappingProxyType({n: _scheme(n, each) for n, each in ident.member("schemes").items()}),
    )


def _scheme(name: str, node: Node) -> IdScheme:
    kinds = frozenset(node.member("kinds").strings())
    return IdScheme(name, node.texts("label"), kinds, node.optional_text("pattern"))


def _per_kind(node: Node, kinds: tuple[str, ...]) -> Mapping[str, Disclosure]:
    """One class for all holder kinds, or one per kind; a kind without a class is an error."""
    if node.kind("disclosure") == "string":
        return MappingProxyType(dict.fromkeys(kinds, _disclosure(node)))
    if not node.has("disclosure"):
        raise _unclassified(node, "disclosure")
    each = node.member("disclosure")
    for kind in kinds:
        if not each.has(kind):
            raise _unclassified(each, kind)
    return MappingProxyType({kind: Disclosure(each.choice(kind, tuple(Disclosure))) for kind in kinds})


def _disclosure(node: Node) -> Disclosure:
    if not node.has("disclosure"):
        raise _unclassified(node, "disclosure")
    return Disclosure(node.choice("disclosure", tuple(Disclosure)))


def _unclassified(node: Node, name: str) -> TypeFileError:
    return TypeFileError(
        "class_missing",
        "every claim and holder field needs a disclosure class; allowed are open, restricted and closed",
        file=node.file,
        pointer=node.at(name),
    )


def _validity(node: Node) -> ValidityRule:
    return ValidityRule(
        rule=node.choice("rule", ("fixed", "duration", "until_age", "open_ended")),
        time_zone=node.text("time_zone"),
        months=node.optional_integer("months"),
        max_months=node.optional_integer("max_months"),
        age=node.optional_integer("age"),
        birth_date_claim=node.optional_text("birth_date_claim"),
        end_allowed=node.flag("end_allowed", default=False),
    )


def _changes(node: Node) -> ChangeRules:
    return ChangeRules(node.flag("suspension"), node.member("reasons").strings(), node.flag("public_reason"))


def _correction(node: Node) -> CorrectionRule:
    return CorrectionRule(node.integer("deadline_days"), node.flag("notice"))


def _budget(node: Node) -> CodeBudget:
    return CodeBudget(node.integer("max_version"), node.choice("level", ("L", "M", "Q", "H")))


def _leak(node: Node) -> LeakException:
    return LeakException(node.text("open"), node.text("hidden"), node.text("reason"))


def _claim(name: str, node: Node) -> ClaimRule:
    schema = node.member("schema")
    return ClaimRule(
        name=name,
        schema=MappingProxyType(schema.mapping()),
        label=node.texts("label"),
        disclosure=_disclosure(node),
        code=node.flag("code", default=False),
        search=node.choice("search", ("none", "exact", "prefix", "keyed"), default="none"),
        kind=schema.text("type"),
        required=node.flag("required", default=True),
    )
