"""Compact JSON Web Signatures (RFC 7515) behind one strict gate.

Nothing is believed that a token says about keys: `parse_jws` refuses every header member that brings or fetches one,
every algorithm outside the allow-list, and every text that has a second spelling (RFC 8725).
"""

from dataclasses import dataclass
from functools import lru_cache

from elicence.errors import FormatError
from elicence.formats.encoding import JsonObject, b64url_decode, b64url_encode, compact_json, parse_canonical
from elicence.formats.jwk import ALGORITHMS, VerificationKey

__all__ = ["MAX_CHARS", "Jws", "assemble", "parse_jws", "signing_input", "verify_jws"]

MAX_CHARS = 16_384
_MAX_HEADER_CHARS = 2_048
_REFUSED = {
    "jwk": "header_key_forbidden",
    "jku": "header_key_forbidden",
    "x5u": "header_key_forbidden",
    "x5c": "header_key_forbidden",
    "zip": "header_zip_forbidden",
    "crit": "crit_unknown",
    "b64": "crit_unknown",
}
# VC-JOSE-COSE §3.1: a token of this typ that names its content names this one.
_CONTENT = {"vc+jwt": "vc"}


@dataclass(frozen=True, slots=True)
class Jws:
    """A well-formed token whose signature nobody has judged yet; `text` is the token exactly as received."""

    header: JsonObject
    payload: bytes
    signing_input: bytes
    signature: bytes
    text: str

    @property
    def kid(self) -> str:
        """The key the signer names: a hint for the look-up in a trusted list, nothing more."""
        return str(self.header["kid"])


def parse_jws(text: str, *, typ: str | None, max_chars: int = MAX_CHARS) -> Jws:
    """Split and check a compact token; `typ` is the one expected (None: the caller judges it)."""
    if not text.isascii():
        raise FormatError("b64_alphabet", "a token holds a character outside ASCII")
    segments = text.split(".", 3)
    if len(segments) != 3 or not segments[0]:
        raise FormatError("token_format", "a compact token has exactly three segments and begins with a header")
    if len(text) > max_chars:
        raise FormatError("token_too_long", f"a token has {len(text)} characters; allowed are {max_chars}")
    head, body, tail = segments
    if len(head) > _MAX_HEADER_CHARS:
        raise FormatError("header_bad", f"a token header has more than {_MAX_HEADER_CHARS} characters")
    header = _header(head)
    if typ is not None:
        _check_typ(header, typ)
    payload, signature = b64url_decode(body), b64url_decode(tail)
    return Jws(header.copy(), payload, text[: -len(tail) - 1].encode("ascii"), signature, text)


def signing_input(header: JsonObject, payload: bytes) -> bytes:
    """The bytes that are signed (RFC 7515 §5.1): `base64url(header) . base64url(payload)`."""
    return f"{_header_segment(compact_json(header))}.{b64url_encode(payload)}".encode("ascii")


def assemble(signing_input: bytes, signature: bytes) -> str:
    """The compact token made of what was signed and its signature."""
    return f"{signing_input.decode('ascii')}.{b64url_encode(signature)}"


def verify_jws(jws: Jws, key: VerificationKey) -> None:
    """Return if `key`, which the caller chose, signed `jws`; else FormatError `alg_key_mismatch` or `sig_bad`."""
    if jws.header["alg"] != key.alg:
        raise FormatError("alg_key_mismatch", f"the token names another algorithm than its key, which is for {key.alg}")
    key.verify(jws.signing_input, jws.signature)


@lru_cache(maxsize=256)
def _header_segment(header: bytes) -> str:
    return b64url_encode(header)


# One agency writes the same header on every licence, so the judgement of a header text is kept. The cache is bounded
# in entries and in the length of each; failures are judged anew.
@lru_cache(maxsize=1024)
def _header(segment: str) -> JsonObject:
    header = parse_canonical(b64url_decode(segment))
    if not isinstance(header, dict):
        raise FormatError("header_bad", "a token header is a JSON object")
    for name, code in _REFUSED.items():
        if name in header:
            raise FormatError(code, f"a token header may not carry {name}")
    # Flat by rule: no allowed member has structure, and the cached object can be copied cheaply.
    if any(isinstance(value, dict | list) for value in header.values()):
        raise FormatError("header_bad", "a token header has a member that is neither text nor number")
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str):
        raise FormatError("header_bad", "a token header names no algorithm")
    if alg not in ALGORITHMS:
        raise FormatError("alg_not_allowed", f"the algorithm of a token is not one of {', '.join(ALGORITHMS)}")
    if not isinstance(kid, str) or not kid:
        raise FormatError("header_bad", "a token header names no key")
    return header


def _check_typ(header: JsonObject, typ: str) -> None:
    """RFC 7515 §4.1.9: compared without regard to case, an `application/` in front may be left out."""
    found = header.get("typ")
    if found != typ and not (isinstance(found, str) and found.lower().removeprefix("application/") == typ.lower()):
        raise FormatError("typ_wrong", f"a token is not of the type {typ}")
    if "cty" in header and header["cty"] != _CONTENT.get(typ):
        raise FormatError("typ_wrong", f"the content of a token of the type {typ} is not what it should be")
