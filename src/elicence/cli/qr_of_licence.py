"""The content of the QR code of a licence that the registry of this home has issued."""

from elicence.accounts.agencies import list_agencies
from elicence.bootstrap import Assembly
from elicence.cli.door import Door
from elicence.cli.home import caller_of, opened
from elicence.cli.licence_paper import qr_content
from elicence.errors import NotFound
from elicence.formats.qr import Level, short_url
from elicence.issuer.desk import Caller
from elicence.issuer.read import LicenceView, read_licence

__all__ = ["content_of"]


def content_of(door: Door, licence_id: str, agency: str | None, *, short: bool) -> tuple[str, Level]:
    """What the symbol says and the error correction its type asks for; `short` the online code."""
    with opened(door) as assembly:
        licence = _licence(assembly, licence_id, agency)
        if short:
            return short_url(assembly.desk.base_url, licence.verification_code), "M"
        level = assembly.desk.catalogue.get(licence.type_slug, licence.type_version).code_budget.level
        return qr_content(assembly, licence), level


def _licence(assembly: Assembly, licence_id: str, agency: str | None) -> LicenceView:
    """The licence; without an agency, whichever agency of this registry issued it."""
    callers = (
        [caller_of(assembly, agency)] if agency is not None else list(map(Caller, list_agencies(assembly.registry)))
    )
    for caller in callers:
        try:
            return read_licence(assembly.desk, caller, licence_id)
        except NotFound:
            continue
    raise NotFound("licence_not_found", "No such licence.")
