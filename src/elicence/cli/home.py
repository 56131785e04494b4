"""The registry behind the door: opened for one command, and the agency on whose behalf it acts."""

from collections.abc import Iterator
from contextlib import contextmanager

from elicence.accounts.agencies import find_agency, list_agencies
from elicence.bootstrap import Assembly, assemble
from elicence.cli.door import Door
from elicence.cli.failures import usage
from elicence.issuer.desk import Caller

__all__ = ["caller_of", "opened"]


@contextmanager
def opened(door: Door) -> Iterator[Assembly]:
    """The registry of this home, closed again when the command ends."""
    with assemble(door.settings(), clock=door.clock, entropy=door.entropy) as assembly:
        yield assembly


def caller_of(assembly: Assembly, slug: str | None, *, operator: str | None = None, use: str = "live") -> Caller:
    """The agency named; where the registry has only one, it need not be named."""
    if slug is not None:
        return Caller(find_agency(assembly.registry, slug), operator_id=operator, use=use)
    agencies = list_agencies(assembly.registry)
    if len(agencies) == 1:
        return Caller(agencies[0], operator_id=operator, use=use)
    if not agencies:
        raise usage("there is no agency yet; `elicence agency add` makes one", "--agency")
    raise usage(f"several agencies issue here; name one: {', '.join(each.slug for each in agencies)}", "--agency")
