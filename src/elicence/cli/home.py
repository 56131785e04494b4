"""The registry behind the door: opened for one command, and the agency on whose behalf it acts."""

from collections.abc import Iterator
from contextlib import contextmanager

from elicence.accounts.agencies import find_agency, list_agencies
from elicence.accounts.operators import list_operators
from elicence.bootstrap import Assembly, assemble
from elicence.cli.door import Door
from elicence.cli.failures import usage
from elicence.errors import Problem, RequestError
from elicence.issuer.desk import Caller
from elicence.registry.agencies import AgencyRecord

__all__ = ["caller_of", "opened"]


@contextmanager
def opened(door: Door) -> Iterator[Assembly]:
    """The registry of this home, closed again when the command ends."""
    with assemble(door.settings(), clock=door.clock, entropy=door.entropy) as assembly:
        yield assembly


def caller_of(assembly: Assembly, slug: str | None, *, operator: str | None = None, use: str = "live") -> Caller:
    """The agency named, or the registry's only one, and the person who acts, whom the history will name for ever."""
    agency = _agency_of(assembly, slug)
    if operator is not None:
        known = {each.id for each in list_operators(assembly.registry, agency) if each.disabled_at is None}
        if operator not in known:
            sentence = "There is no such operator of this agency, or not any more."
            problem = Problem("/header/X-Operator-Id", "operator_unknown", sentence)
            raise RequestError("validation_failed", sentence, [problem])
    return Caller(agency, operator_id=operator, use=use)


def _agency_of(assembly: Assembly, slug: str | None) -> AgencyRecord:
    if slug is not None:
        return find_agency(assembly.registry, slug)
    agencies = list_agencies(assembly.registry)
    if len(agencies) == 1:
        return agencies[0]
    if not agencies:
        raise usage("there is no agency yet; `elicence agency add` makes one", "--agency")
    raise usage(f"several agencies issue here; name one: {', '.join(each.slug for each in agencies)}", "--agency")
