"""Noticing a store that was set back: the published folder then knows more than the store does.

A backup restored over a newer store has forgotten revocations that were public already. What was signed with the
agency's own key and lies in the folder is evidence of that, and publishing stops before it could make a revoked licence
valid again.
"""

from datetime import datetime

from elicence.errors import FormatError, NotFound, PublishFault
from elicence.formats.jwk import VerificationKey
from elicence.formats.jws import parse_jws, verify_jws
from elicence.formats.status_list import TYP, decode_token_payload
from elicence.issuer.desk import Desk
from elicence.keys.keyring import Purpose
from elicence.verifier.sources import MAX_STATUS_CHARS

__all__ = ["refuse_set_back"]


def refuse_set_back(
    desk: Desk, published: bytes | None, *, agency: str, url: str, recorded_at: datetime | None
) -> None:
    """Raises `PublishFault` status_regressed if the published list is genuine and newer than any the store recorded."""
    issued_at = None if published is None else _issued_at(desk, published, agency, url)
    if issued_at is not None and (recorded_at is None or issued_at > recorded_at):
        raise PublishFault(
            "status_regressed",
            f"The list published at {url} was signed at {issued_at.isoformat()}, and the store knows of none so new: it"
            " was set back. Nothing is published over it; restore the newest store or see keys/README.md.",
        )


def _issued_at(desk: Desk, published: bytes, agency: str, url: str) -> datetime | None:
    """When a genuine list of this agency was signed; None for anything else, which is simply replaced."""
    try:
        jws = parse_jws(published.decode("ascii", errors="replace"), typ=TYP, max_chars=MAX_STATUS_CHARS)
        entry = desk.chest.keyring.get(jws.kid.rpartition("#")[2])
        if entry.agency != agency or entry.purpose is not Purpose.STATUS_LIST:
            return None
        verify_jws(jws, VerificationKey.from_jwk(entry.public_jwk))
        return decode_token_payload(jws.payload, expected_uri=url).issued_at
    except (FormatError, NotFound):
        return None
