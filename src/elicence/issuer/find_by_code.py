"""Verification codes as people type them: the licence version behind one, and how much of it a typist may see.

Whoever has the whole code in hand was given the licence by its holder. Twelve characters can be read over a shoulder or
guessed at, so they show only open claims where the type keeps its licences out of the public register.
"""

from dataclasses import dataclass, replace

from elicence.errors import NotFound
from elicence.formats.vc_jwt import HolderFace
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.read import read_licence
from elicence.licences.disclosure import Disclosure
from elicence.licences.licence_type import LicenceType
from elicence.licences.verification_code import parse_code
from elicence.registry.agencies import agency_by_id
from elicence.registry.reading import by_verification_code
from elicence.registry.unit import Reader
from elicence.verifier.report import Report

__all__ = ["Found", "find_by_code"]


@dataclass(frozen=True, slots=True)
class Found:
    """The credential behind a verification code, and its type, which says how much a typed code may show."""

    credential: str
    licence_type: LicenceType

    def shown_to_typist(self, report: Report) -> Report:
        """The report without what is not open, where the type keeps its licences out of the public register."""
        if report.face is None or self.licence_type.register != "none":
            return report
        claims = {
            name: value
            for name, value in report.face.claims.items()
            if self.licence_type.claims[name].disclosure is Disclosure.OPEN
        }
        holders = tuple(self._open_part(each) for each in report.face.holders)
        return replace(report, face=replace(report.face, claims=claims, holders=holders))

    def _open_part(self, holder: HolderFace) -> HolderFace:
        rules = self.licence_type.holder
        named = rules.name_disclosure[holder.kind] is Disclosure.OPEN
        numbered = rules.id_disclosure[holder.kind] is Disclosure.OPEN
        return HolderFace(
            kind=holder.kind,
            name=holder.name if named else None,
            id_scheme=holder.id_scheme if numbered else None,
            id=holder.id if numbered else None,
        )


def find_by_code(desk: Desk, text: str) -> Found:
    """The licence version with this verification code, whatever its agency.

    `FormatError` verification_code_bad for what cannot be a code, `NotFound` verification_code_not_found for every
    other code that shows nothing: unknown, erased or never finished, in the same words.
    """
    code = parse_code(text)

    def look(reader: Reader) -> tuple[Caller, str, int] | None:
        row = by_verification_code(reader, code)
        agency = None if row is None else agency_by_id(reader, row.agency_id)
        return None if row is None or agency is None else (Caller(agency), row.licence_id, row.version)

    place = desk.registry.read(look)
    if place is None:
        raise _unknown()
    caller, licence_id, version = place
    try:
        licence = read_licence(desk, caller, licence_id, version=version)
    except NotFound:
        raise _unknown() from None
    return Found(licence.credential, desk.catalogue.get(licence.type_slug, licence.type_version))


def _unknown() -> NotFound:
    return NotFound("verification_code_not_found", "This registry has issued no licence with that code.")
