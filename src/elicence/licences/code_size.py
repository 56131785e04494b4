"""How large the QR code of a licence will be, told before anything is signed.

The estimate builds the whole code credential with a signature of zeros, a thumbprint-like key id and a host of 38
characters: the frame's length depends on nothing else that is unknown before issue.
"""

from datetime import UTC, datetime
from typing import Final

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_encode, compact_json
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.jws import assemble, signing_input
from elicence.formats.qr import symbol_version
from elicence.formats.vc_jwt import BASE_CONTEXT, CodeCredential, StatusEntry, encode_payload, header
from elicence.licences.face import subject_of
from elicence.licences.request import CheckedRequest
from elicence.licences.validity import instants

__all__ = ["estimated_version", "longest_claims"]

_HOST: Final = "licences.registry.example-province.gov"
_BASE_URL: Final = f"https://{_HOST}"
_SLUG: Final = "agency-slug1"
# As hard to compress as a real thumbprint, and made of nothing.
_THUMBPRINT: Final = b64url_encode(bytes((index * 151 + 47) % 256 for index in range(32)))
_NO_SIGNATURE: Final = bytes(64)
_ISSUED_AT: Final = datetime(2026, 11, 23, 1, 23, 45, tzinfo=UTC)
_TOO_LARGE: Final = 41
"""One more than the largest QR version there is."""


def estimated_version(checked: CheckedRequest, *, dictionary_id: int, dictionary: bytes) -> int:
    """The QR version (1 to 40) a licence from this request would need at its type's level; 41 if none holds it."""
    kid = f"did:web:{_HOST}:a:{_SLUG}#{_THUMBPRINT}"
    token = assemble(signing_input(header(kid), encode_payload(_credential(checked))), _NO_SIGNATURE)
    try:
        digits = encode_frame(token, dictionary_id, dictionary)
        return symbol_version(licence_url(_BASE_URL, digits), level=checked.licence_type.code_budget.level)
    except FormatError as error:
        if error.code != "qr_too_dense":
            raise
        return _TOO_LARGE


def longest_claims(checked: CheckedRequest, *, count: int = 3) -> tuple[str, ...]:
    """Names of the claims that take most room in the code, the longest first: what an agency could shorten."""
    sizes = {name: len(compact_json(checked.claims.get(name))) for name in checked.licence_type.code_claims}
    return tuple(sorted(sizes, key=lambda name: -sizes[name])[:count])


def _credential(checked: CheckedRequest) -> CodeCredential:
    licence_type = checked.licence_type
    begins, ends = instants(licence_type.validity.time_zone, checked.valid_from, checked.valid_until)
    lists = f"{_BASE_URL}/status/{_SLUG}/1"
    purposes = ("revocation", "suspension") if licence_type.changes.suspension else ("revocation",)
    serial = "".join(each for each in checked.number.upper() if each.isascii() and each.isalnum()) or "1"
    identifier = f"1.2.156.3005.2.{licence_type.code}.{licence_type.code[:18]}.{serial}.001.X"
    return CodeCredential(
        contexts=(BASE_CONTEXT, f"{_BASE_URL}{licence_type.context_path}"),
        vc_type=licence_type.vc_type,
        issuer=f"did:web:{_HOST}:a:{_SLUG}",
        issued_at=_ISSUED_AT,
        valid_from=begins,
        valid_until=ends,
        status=tuple(StatusEntry(purpose, 104857, f"{lists}/{purpose}") for purpose in purposes),
        subject=subject_of(licence_type, checked, licence_identifier=identifier, version=1),
    )
