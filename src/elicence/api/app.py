"""The application: every operation behind the gate, with whatever further routes (the pages) are handed in.

The two operations that are called most are found before FastAPI and handed the request at once, which costs a third of
what its own way does; they stand there once more as FastAPI routes, and a test holds that both answer the same.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from elicence.api.document_files import describe
from elicence.api.gate import Gate, instance_of
from elicence.api.limits import DEFAULT_RATES, Attempt, Rates
from elicence.api.operations import Operation, operations
from elicence.api.problems import INTERNAL, Told, problem_response, told, words
from elicence.api.reception import Reception
from elicence.bootstrap import Assembly
from elicence.errors import CallRefused, ElicenceError, NotFound

__all__ = ["Application", "Pages", "create_app", "no_pages"]

_HTTP: Final = {404: "not_found", 405: "method_not_allowed"}


Answer = Callable[[Request, Told], Response]
"""Makes the problem document that answers a request."""

Documents = Mapping[str, Mapping[str, Any]]
"""The OpenAPI document in each language."""

Pages = Callable[[Attempt, Documents], Sequence[BaseRoute]]
"""Makes further routes that count tries of verification codes as the API does, since one address has one allowance, and
that may show what the API says of itself."""


def no_pages(_attempt: Attempt, _documents: Documents) -> Sequence[BaseRoute]:
    """The API alone."""
    return ()


class Application:
    """An ASGI application. `fast` holds the routing inside; `reception` what it works with."""

    def __init__(self, fast: FastAPI, reception: Reception, inside: ASGIApp) -> None:
        self.fast = fast
        self.reception = reception
        self._gate: ASGIApp = Gate(inside, reception.assembly)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands every request to the gate."""
        await self._gate(scope, receive, send)


class _HotFirst:
    """Answers the hot operations itself and leaves the rest to the application behind it."""

    def __init__(self, hot: Iterable[Operation], behind: ASGIApp, answer: Answer) -> None:
        self._endpoints = {(each.method, each.path): each.endpoint for each in hot}
        self._behind, self._answer = behind, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None:
            await self._behind(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await endpoint(request)
        except ElicenceError as error:
            response = self._answer(request, told(error))
        await response(scope, receive, send)


def create_app(
    assembly: Assembly, *, pages: Pages = no_pages, rates: Rates = DEFAULT_RATES, hot: bool = True
) -> Application:
    """The API of an open registry. Makes the registry's key for access tokens if it has none.

    `hot=False` leaves out the short way, for the test that compares.
    """
    words()  # what errors are told with must not have to be opened when there are no files left to open
    reception = Reception(assembly, rates)
    table = operations(reception)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        reception.close()

    fast = FastAPI(
        title="E-Licence Registry", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        lifespan=lifespan,
    )  # fmt: skip
    for operation in table:
        fast.add_api_route(
            operation.path, operation.endpoint, methods=[operation.method], operation_id=operation.id,
            response_model=None, response_class=Response,
        )  # fmt: skip
    description = describe(table, version("elicence"))
    fast.router.routes.extend(description.routes())
    fast.router.routes.extend(pages(reception.limits.attempt, description.by_language))
    answer = _answer_errors(fast, reception)
    inside = _HotFirst((each for each in table if each.hot and hot), fast, answer)
    return Application(fast, reception, inside)


def _methods(fast: FastAPI, scope: Scope) -> list[str]:
    """Every method that some route has at this path (RFC 9110 §10.2.1)."""
    found = {"OPTIONS"}
    for route in fast.router.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _answer_errors(fast: FastAPI, reception: Reception) -> Answer:
    """Every error of ours, of the router, and of nobody's foresight becomes a problem document."""

    def answer(request: Request, what: Told) -> Response:
        return problem_response(
            what, language=reception.language(request), base_url=reception.desk.base_url,
            instance=instance_of(request.scope), request_id=request.scope["state"]["request_id"],
        )  # fmt: skip

    async def ours(request: Request, error: Exception) -> Response:
        if isinstance(error, NotFound):
            reception.note_absence(request)
        return answer(request, told(error) if isinstance(error, ElicenceError) else INTERNAL)

    async def of_router(request: Request, error: Exception) -> Response:
        code = _HTTP.get(error.status_code) if isinstance(error, HTTPException) else None
        if code is None:
            return answer(request, INTERNAL)
        response = answer(request, told(CallRefused(code, "Nothing here answers that.")))
        if code == "method_not_allowed":
            response.headers["Allow"] = ", ".join(_methods(fast, request.scope))
        return response

    fast.add_exception_handler(ElicenceError, ours)
    fast.add_exception_handler(HTTPException, of_router)
    fast.add_exception_handler(Exception, ours)
    return answer
