"""The JSON-LD context of a type version, generated from its file and never changed afterwards (W3C VCDM 2.0 §4.3).

The base context has no `@vocab`, so every term of `credentialSubject` is defined here, claims and holder fields in
contexts of their own property: JSON-LD 1.1 §4.1.8 lets those reuse words such as `id` and `name`. A verifier compares
the bytes' SHA-256 with the trusted list and never fetches.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from elicence.formats.encoding import JsonObject, compact_json
from elicence.licences.licence_type import ClaimRule, LicenceType

__all__ = ["json_ld_context"]

_XSD = "http://www.w3.org/2001/XMLSchema#"


def json_ld_context(licence_type: LicenceType, base_url: str) -> bytes:
    """The document at `<base_url>/ns/<slug>/v<n>` (`application/ld+json`): the same bytes for the same file."""
    return _made(_Stated(licence_type.digest, base_url, licence_type))


@dataclass(frozen=True, slots=True)
class _Stated:
    """A type by the digest of its file: a publisher asks for every context each time it looks round."""

    digest: str
    base_url: str
    licence_type: LicenceType = field(compare=False)


@lru_cache(maxsize=4096)
def _made(stated: _Stated) -> bytes:
    licence_type, base_url = stated.licence_type, stated.base_url
    vocabulary = f"{base_url}{licence_type.context_path}#"
    claims: JsonObject = {
        rule.name: _term(vocabulary, rule) for rule in licence_type.claims.values() if rule.disclosure.in_credentials
    }
    holder: JsonObject = {
        name: f"{vocabulary}holder-{term}"
        for name, term in (("kind", "kind"), ("name", "name"), ("idScheme", "id-scheme"), ("id", "id"))
    }
    terms: JsonObject = {
        "@version": 1.1,
        "@protected": True,
        licence_type.vc_type: f"{vocabulary}{licence_type.vc_type}",
        "licenceIdentifier": f"{vocabulary}licenceIdentifier",
        "licenceNumber": f"{vocabulary}licenceNumber",
        "version": {"@id": f"{vocabulary}version", "@type": f"{_XSD}integer"},
        "holders": {"@id": f"{vocabulary}holders", "@container": "@list", "@context": holder},
        "claims": {"@id": f"{vocabulary}claims", "@context": claims},
    }
    return compact_json({"@context": terms})


def _term(vocabulary: str, rule: ClaimRule) -> JsonObject:
    """One claim's term, with the type that keeps its value what it is in RDF too."""
    term: JsonObject = {"@id": f"{vocabulary}{rule.name}"}
    if rule.kind == "object":
        term["@type"] = "@json"
    elif rule.kind == "array":
        term["@container"] = "@list"
    elif rule.schema.get("format") == "date":
        term["@type"] = f"{_XSD}date"
    elif rule.kind in ("integer", "boolean"):
        term["@type"] = f"{_XSD}{rule.kind}"
    return term
