"""Operators: the people of an agency who propose and approve."""

from collections.abc import Callable
from datetime import datetime

from elicence.errors import Problem, RequestError
from elicence.licences.ids import new_id
from elicence.licences.text_policy import clean_text
from elicence.registry import agencies as stored
from elicence.registry.agencies import AgencyRecord, OperatorRecord
from elicence.registry.registry import Registry

__all__ = ["add_operator", "list_operators"]

_LONGEST_NAME = 80


def add_operator(
    registry: Registry, agency: AgencyRecord, name: str, *, now: datetime, entropy: Callable[[int], bytes]
) -> OperatorRecord:
    """Writes a person down as operator of the agency; the id is what they act under."""
    clean = clean_text(name.strip(), pointer="/name")
    if not 0 < len(clean) <= _LONGEST_NAME:
        sentence = f"A name has 1 to {_LONGEST_NAME} characters."
        raise RequestError(
            "validation_failed", sentence, [Problem("/name", "too_long" if clean else "too_short", sentence)]
        )
    operator = OperatorRecord(agency_id=agency.id, id=new_id("opr", now, entropy), name=clean, created_at=now)
    registry.submit(lambda unit: stored.add_operator(unit, operator))
    return operator


def list_operators(registry: Registry, agency: AgencyRecord) -> tuple[OperatorRecord, ...]:
    """The agency's operators, oldest first."""
    return registry.read(lambda reader: stored.operators_of(reader, agency.id))
