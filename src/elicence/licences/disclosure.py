"""Disclosure classes: what of a licence the public sees, what only its holder hands on, what nobody is shown."""

from enum import StrEnum

__all__ = ["Disclosure"]


class Disclosure(StrEnum):
    """The class every claim and holder field of a licence type carries; a field without one does not load.

    `open` stands in every credential, the public register and open data. `restricted` leaves only by the holder's own
    presentation, by a purpose-bound look-up of an office entitled to it, or in the code the holder hands over. `closed`
    is in no credential: the issuing agency and the data subject see it, nobody else.

    >>> Disclosure("open").public, Disclosure("closed").in_credentials
    (True, False)
    """

    OPEN = "open"
    RESTRICTED = "restricted"
    CLOSED = "closed"

    @property
    def public(self) -> bool:
        """Whether anybody may see the value without asking."""
        return self is Disclosure.OPEN

    @property
    def in_credentials(self) -> bool:
        """Whether the value may stand in a credential at all."""
        return self is not Disclosure.CLOSED
