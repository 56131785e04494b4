"""The reception: what every endpoint needs, and the three questions asked of every call before it is worked on.

Who is calling, may they do this, and have they called too often. Acts wait for the disk, so they run beside the loop,
where the registry lets many of them share one commit; what only reads or draws has threads of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from starlette.requests import Request

from elicence.api.access_tokens import AccessTokens
from elicence.api.callers import Callers, Identity
from elicence.api.denials import Denials
from elicence.api.language import preferred
from elicence.api.limits import DEFAULT_RATES, Limits, Rates
from elicence.api.requests import header_once
from elicence.bootstrap import Assembly
from elicence.errors import CallRefused, FormatError, Problem, RequestError
from elicence.issuer.desk import Caller
from elicence.licences.ids import parse_id

__all__ = ["Reception"]

P = ParamSpec("P")
T = TypeVar("T")

_READERS: Final = 8
_OPERATOR: Final = "/header/X-Operator-Id"
_MOST_WAITING: Final = 1024
_NAMED: Final = {"lic": "licence_id", "prp": "proposal_id"}


class Reception:
    """Tools of the endpoints, plugged together once."""

    def __init__(self, assembly: Assembly, rates: Rates = DEFAULT_RATES) -> None:
        self.assembly = assembly
        self.desk = assembly.desk
        self.clock = assembly.clock
        self.tokens = AccessTokens(assembly)
        self.callers = Callers(assembly.registry, self.tokens, assembly.clock)
        self.limits = Limits(assembly.clock, rates)
        self._acts = assembly.registry.acts()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._inside = 0
        self.denials = Denials(assembly.desk, assembly.clock, self._readers)

    async def admit(self, request: Request, scope: str) -> Identity:
        """The caller, if its token is good for `scope` and it has calls left; `CallRefused` otherwise."""
        token = self.callers.token_of(request)
        identity = self.callers.remembered(token)
        if identity is None:
            identity = await self.run(self.callers.look_up, token)
        state = request.scope["state"]
        state["identity"] = identity
        state["allowance"] = self.limits.client(identity.client.id, identity.client.rate_class)
        if scope not in identity.claims.scopes:
            raise CallRefused("scope_missing", f"This call needs the scope {scope}.")
        return identity

    def admit_anybody(self, request: Request, door: str) -> None:
        """Counts a call at a door that asks nobody's name."""
        request.scope["state"]["allowance"] = self.limits.address(door, self.address(request))

    async def act(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does what writes, beside others that share its commit; `CallRefused` overloaded when too many wait."""
        return await self._within(self._acts, partial(act, *args, **kwargs))

    async def run(self, look: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does what blocks but writes nothing, in a thread; `CallRefused` overloaded when too many wait already."""
        return await self._within(self._readers, partial(look, *args, **kwargs))

    async def _within(self, where: Executor, work: Callable[[], T]) -> T:
        if self._inside >= _MOST_WAITING:
            raise CallRefused("overloaded", "Too many calls are being worked on; nothing was changed.")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(where, work)
        finally:
            self._inside -= 1

    def language(self, request: Request) -> str:
        """The language to answer in."""
        return preferred(request.headers.get("accept-language", ""), self.assembly.settings.lang)

    @staticmethod
    def address(request: Request) -> str:
        """Where the call comes from, as the server saw it; headers are not believed."""
        return request.client.host if request.client is not None else ""

    @staticmethod
    def operator(request: Request) -> str | None:
        """The person for whom the client says it acts."""
        return header_once(request, "x-operator-id")

    async def acting(self, request: Request, identity: Identity) -> Caller:
        """The caller with the person who acts, which the history will name for ever: only one the agency has named."""
        operator = self.operator(request)
        if operator is not None and operator not in identity.operators:
            identity = await self.run(self.callers.look_up, self.callers.token_of(request))  # perhaps named just now
            if operator not in identity.operators:
                sentence = "There is no such operator of this agency, or not any more."
                raise RequestError("validation_failed", sentence, [Problem(_OPERATOR, "operator_unknown", sentence)])
        return identity.caller(operator)

    def note_absence(self, request: Request) -> None:
        """What the call named was answered as not there: perhaps it is another agency's."""
        identity: Identity | None = request.scope["state"].get("identity")
        for prefix, name in _NAMED.items():
            named = request.path_params.get(name)
            if identity is not None and named is not None and _is_id(prefix, named):
                self.denials.note(identity.caller(), named, change=request.method == "POST")

    def close(self) -> None:
        """Waits for acts that have begun."""
        self._acts.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self.denials.close()


def _is_id(prefix: str, text: str) -> bool:
    try:
        parse_id(prefix, text)
    except FormatError:
        return False
    return True
