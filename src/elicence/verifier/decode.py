"""Step 0: what has been scanned, pasted or typed? Nothing is opened, followed or trusted here.

Four things are taken: a licence URL (`…/v#<digits>`), its bare digits, a compact token, and a verification code. The
last one carries no licence; whoever holds the register can look it up. Everything else is named for what it looks
like, so that a clerk who scanned a payment code reads "payment code" and not "forgery".
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from elicence.errors import FormatError
from elicence.formats.encoding import b64url_decode, parse_json
from elicence.formats.frame import decode_frame, digits_of
from elicence.formats.vc_jwt import TYP

__all__ = ["Decoded", "decode", "is_foreign_token", "looks_like", "verification_code"]

Kind = Literal["licence_url", "digits", "token", "verification_code"]

_WHITE: Final = " \t\r\n"
_LONGEST_CODE: Final = 512
# Every JSON object with a member begins with `{"`, which base64url writes as `ey`; a cut token still looks like one.
_TOKEN: Final = re.compile(r"ey[\x21-\x7e]*", re.ASCII)
_LICENCE_URL: Final = re.compile(r"(?P<site>https?://[^/?#\s]+)/v#", re.IGNORECASE | re.ASCII)
_ONLINE_CODE: Final = re.compile(
    r"(?P<site>https?://[^/?#\s]+)/v/(?P<code>[0-9A-Za-z-]{12,14})", re.IGNORECASE | re.ASCII
)
_TYPED_CODE: Final = re.compile(r"[0-9A-TV-Za-tv-z]{4}([ -]?)[0-9A-TV-Za-tv-z]{4}\1[0-9A-TV-Za-tv-z]{4}", re.ASCII)
_LOOKS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL))
    for name, pattern in (
        ("presentation", r"https?://[^/?#\s]+/p#.*"),
        ("payment", r"https?://(?:qr\.alipay\.com|wx\.tenpay\.com|payapp\.weixin\.qq\.com|qr\.95516\.com)/.*"),
        ("payment", r"(?:wxp|alipays?|upi|upwallet|bitcoin|ethereum|lightning):.*|000201[0-9]{2}.*|BCD\r?\n.*"),
        ("web_link", r"https?://.*|www\..*"),
        ("wifi", r"WIFI:.*"),
        ("contact", r"BEGIN:VCARD.*|MECARD:.*|BIZCARD:.*"),
        ("calendar", r"BEGIN:V(?:EVENT|CALENDAR).*"),
        ("health_certificate", r"HC1:.*|SHC:.*|DGC:.*"),
        ("email", r"mailto:.*|MATMSG:.*|SMTP:.*"),
        ("phone", r"(?:tel|sms|smsto|mms):.*|\+[0-9 ()-]{6,}"),
        ("place", r"geo:.*"),
        ("one_time_password", r"otpauth(?:-migration)?:.*"),
        ("number", r"[0-9 -]+"),
        ("foreign_record", r"[{\[].*|did:.*|<\?xml.*"),
        ("other_link", r"[a-z][a-z0-9+.-]*:.*"),
    )
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was read: a compact token, or a verification code still to be looked up; never both.

    `elsewhere`: it stood in a link to another site than the registry's.
    """

    kind: Kind
    jws_text: str | None
    code: str | None = None
    elsewhere: bool = False


def decode(text: str, dictionaries: Mapping[int, bytes], *, registry: str | None = None) -> Decoded:
    """Recognise a scanned text; `FormatError` with the fact `looks_like` if it is no licence code.

    `registry` is the base URL that links should lead to, None where that is not asked.
    """
    plain = text.strip(_WHITE)
    if _TOKEN.fullmatch(plain):
        return Decoded("token", plain)
    if found := _verification_code(plain):
        site, code = found
        return Decoded("verification_code", None, code, elsewhere=_elsewhere(site, registry))
    try:
        digits = digits_of(plain)
    except FormatError as fault:
        if fault.code != "qr_not_licence":
            raise
        raise FormatError(fault.code, fault.message, looks_like=looks_like(plain)) from None
    url = _LICENCE_URL.match(plain if plain.isascii() else unicodedata.normalize("NFKC", plain))
    token = decode_frame(digits, dictionaries)
    if url is None:
        return Decoded("digits", token)
    return Decoded("licence_url", token, elsewhere=_elsewhere(url["site"], registry))


def verification_code(text: str, dictionaries: Mapping[int, bytes], *, registry: str) -> str | None:
    """The verification code in the text, typed or as a link to this registry; None for anything else."""
    if len(text) > _LONGEST_CODE:
        return None
    try:
        decoded = decode(text, dictionaries, registry=registry)
    except FormatError:
        return None
    return None if decoded.elsewhere else decoded.code


def looks_like(text: str) -> str:
    """A code of the catalogue's `looks_like` words, judged by the first characters only.

    >>> looks_like("WIFI:T:WPA;S:office;P:secret;;")
    'wifi'
    >>> looks_like("javascript:alert(1)")
    'other_link'
    """
    plain = text[:256].strip(_WHITE)
    if not plain:
        return "empty"
    return next((name for name, pattern in _LOOKS if pattern.fullmatch(plain)), "text")


def is_foreign_token(text: str) -> bool:
    """Whether a compact token says of itself that it is something else than a licence, or does not say at all.

    An access token or health pass scanned by mistake must not be called a forgery, though its algorithm is not ours.
    """
    try:
        header = parse_json(b64url_decode(text.partition(".")[0][:4096]))
    except FormatError:
        return False
    if not isinstance(header, dict):
        return False
    typ = header.get("typ")
    return not (isinstance(typ, str) and typ.lower().removeprefix("application/") == TYP)


def _elsewhere(site: str | None, registry: str | None) -> bool:
    return site is not None and registry is not None and site.lower() != registry.lower()


def _verification_code(plain: str) -> tuple[str | None, str] | None:
    """The site of the link it stood in, if it did, and the code."""
    if len(plain) > _LONGEST_CODE:
        return None
    text = unicodedata.normalize("NFKC", plain)
    if link := _ONLINE_CODE.fullmatch(text):
        return link["site"], link["code"].upper()
    return (None, text.upper()) if _TYPED_CODE.fullmatch(text) else None
