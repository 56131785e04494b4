"""What of a checked request its code credential shows: the fields with `code: true`, identifiers masked, no more."""

from elicence.formats.vc_jwt import HolderFace, Subject
from elicence.licences.disclosure import Disclosure
from elicence.licences.licence_type import HolderRules, LicenceType
from elicence.licences.mask import mask_id
from elicence.licences.request import CheckedRequest, Holder

__all__ = ["subject_of"]


def subject_of(licence_type: LicenceType, checked: CheckedRequest, *, licence_identifier: str, version: int) -> Subject:
    """The subject of the code credential. Closed fields cannot get in, whatever the type file's `code` flags say."""
    claims = {
        name: checked.claims[name]
        for name, rule in licence_type.claims.items()
        if rule.code and rule.disclosure.in_credentials and name in checked.claims
    }
    holders = tuple(_face(licence_type.holder, holder) for holder in checked.holders)
    return Subject(licence_identifier, checked.number, version, holders, claims)


def _face(rules: HolderRules, holder: Holder) -> HolderFace:
    named = rules.name_code and rules.name_disclosure[holder.kind].in_credentials
    identified = rules.id_code and rules.id_disclosure[holder.kind].in_credentials and holder.id is not None
    return HolderFace(
        kind=holder.kind,
        name=holder.name if named else None,
        id_scheme=holder.id_scheme if identified else None,
        id=_shown_id(rules, holder) if identified else None,
    )


def _shown_id(rules: HolderRules, holder: Holder) -> str | None:
    masked = rules.id_mask is not None and rules.id_disclosure[holder.kind] is not Disclosure.OPEN
    return mask_id(holder.id) if masked and holder.id is not None else holder.id
