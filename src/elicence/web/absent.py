"""The route of last resort: whoever reads pages is told on a page that there is none here.

Programs go on being told by the API, in a problem document; its own paths are left to it whoever asks.
"""

from typing import Final

from starlette.routing import Match, Route
from starlette.types import Scope

__all__ = ["AbsentPage"]

_FOR_PROGRAMS: Final = ("/v1/", "/oauth/", "/static/")
_LONGEST: Final = 1000


class AbsentPage(Route):
    """Matches every GET of a browser for a page; to be put behind all other routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """FULL for those, NONE for everything else, so that it hides no method and no path of the API."""
        wanted = scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith(_FOR_PROGRAMS)
        return super().matches(scope) if wanted and _reads_pages(scope) else (Match.NONE, {})


def _reads_pages(scope: Scope) -> bool:
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accepted[:_LONGEST].lower()
