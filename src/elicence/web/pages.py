"""The routes: `/`, `/verify`, `/scanner-setup`, `/developers`, `/v`, `/v/{code}`, and what installs the counter.

A browser that can checks licences itself; what is sent here is answered here, and the page says which of the two it is.

No page sets a cookie or keeps a session, so there is nothing that another site could make a browser do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from elicence.bootstrap import Assembly
from elicence.errors import FormatError
from elicence.licences.verification_code import grouped, parse_code
from elicence.verifier.policy import Policy
from elicence.web.absent import AbsentPage
from elicence.web.checking import Answers, Attempt, Checker
from elicence.web.developers import Reference, reference
from elicence.web.headers import SecurityHeaders
from elicence.web.installing import MANIFEST, WORKER, Installing
from elicence.web.language import chosen_language, spoken
from elicence.web.question import Filled, Question, expectation, filled, texts_in, upload_of
from elicence.web.reading import CodeReader
from elicence.web.rendering import Place, Renderer
from elicence.web.result import result_view
from elicence.web.scanner_tests import test_codes
from elicence.web.static_files import StaticFiles
from elicence.web.troubles import PageError, Trouble, trouble_of
from elicence.web.uploads import bounded_form
from elicence.web.words import LANGUAGES, Language

__all__ = ["pages"]

Documents = Mapping[str, Mapping[str, Any]]

_NOTHING: Final = Trouble("nothing_given", field="content")


def pages(
    assembly: Assembly, attempt: Attempt, documents: Documents, *, reader: CodeReader | None = None
) -> list[BaseRoute]:
    """Routes for an application that serves this registry. `attempt` counts look-ups by code, wherever they come in;
    `documents` are the OpenAPI document of that application in each language.
    """
    static = StaticFiles()
    installing = Installing(static, assembly.settings.lang)
    made = _Pages(
        assembly,
        Renderer(assembly, static),
        Checker(assembly, attempt),
        reader or CodeReader(),
        {language: reference(documents[language]) for language in LANGUAGES},
    )
    routes = (
        ("/", made.home, ("GET",)),
        ("/verify", made.verify, ("GET", "POST")),
        ("/scanner-setup", made.scanner_setup, ("GET",)),
        ("/developers", made.developers, ("GET",)),
        ("/v", made.fragment, ("GET",)),
        ("/v/{code}", made.by_code, ("GET",)),
        ("/V/{code}", made.by_code, ("GET",)),
        (WORKER, installing.worker, ("GET",)),
        (MANIFEST, installing.manifest, ("GET",)),
        ("/static/{release}/{name:path}", static.serve, ("GET",)),
    )
    sealed = [Middleware(SecurityHeaders)]
    return [
        *(
            Route(path, endpoint, methods=methods, middleware=sealed, include_in_schema=False)
            for path, endpoint, methods in routes
        ),
        AbsentPage("/{path:path}", made.absent, methods=("GET",), middleware=sealed, include_in_schema=False),
    ]


@dataclass(frozen=True, slots=True)
class _Pages:
    """The endpoints, and what they hand questions to."""

    assembly: Assembly
    renderer: Renderer
    checker: Checker
    reader: CodeReader
    references: Mapping[Language, Reference]

    async def home(self, request: Request) -> Response:
        """Two doors: check a licence, and what this is."""
        return self.renderer.page("home.html", self._place(request))

    async def fragment(self, request: Request) -> Response:
        """Where the long QR code leads. What follows its # never reaches us, unless the page's module sends it on."""
        return self.renderer.page("fragment.html", self._place(request))

    async def absent(self, request: Request) -> Response:
        """There is no such page; the path that was asked for is not repeated."""
        return self.renderer.page("absent.html", replace(self._place(request), path="/"), status=404)

    async def scanner_setup(self, request: Request) -> Response:
        """A sheet of test codes that tell how a scanner is set."""
        return self.renderer.page("scanner_setup.html", self._place(request), tests=test_codes())

    async def developers(self, request: Request) -> Response:
        """The reference of the API."""
        place = self._place(request)
        base_url = self.assembly.desk.base_url
        return self.renderer.page("developers.html", place, told=self.references[place.language], base_url=base_url)

    async def verify(self, request: Request) -> Response:
        """The form, or the answer to it."""
        place = self._place(request)
        if request.method != "POST":
            asked = request.query_params
            fields = Filled(type=asked.get("type", "")[:64], paper=asked.get("paper") == "1")
            return self.renderer.page("verify.html", place, fields=fields)
        fields = Filled()
        try:
            self.checker.admit(_address(request))
            async with bounded_form(request) as form:
                fields = filled(form)
                question = await self._question(fields, await upload_of(form))
        except PageError as error:
            return self._refused(place, fields, error.troubles)
        except ClientDisconnect:
            return Response(status_code=400)
        answers = await self._check(request, question)
        return self._result(place, fields, question.texts, answers)

    async def by_code(self, request: Request) -> Response:
        """The short QR code, and what somebody typed: looked up, then judged like any other licence."""
        place = self._place(request)
        try:
            code = parse_code(request.path_params["code"])
        except FormatError as error:
            return self._refused(place, Filled(), (trouble_of(error),))
        fields = Filled(code=grouped(code))
        answers = await self._check(request, Question((code,), Policy()))
        return self._result(place, fields, (), answers)

    async def _question(self, fields: Filled, upload: bytes | None) -> Question:
        policy = expectation(fields, self.assembly.desk.catalogue)
        texts = texts_in(fields)
        if upload is not None:
            texts = tuple(dict.fromkeys((*texts, *await self.reader.read(upload))))
        if not texts:
            raise PageError(_NOTHING)
        return Question(texts, policy)

    async def _check(self, request: Request, question: Question) -> Answers:
        address = _address(request)
        return await run_in_threadpool(self.checker.check, question.texts, question.policy, address=address)

    def _result(self, place: Place, fields: Filled, texts: Sequence[str], answers: Answers) -> Response:
        if not answers.reports:
            return self._refused(place, fields, answers.troubles, answers.beside)
        types = self.assembly.desk.catalogue
        views = [result_view(report, types, place.language, compared=fields.compared) for report in answers.reports]
        return self.renderer.page(
            "result.html", place, views=views, answers=answers, fields=fields, texts=texts, by_post=bool(texts)
        )

    def _refused(
        self, place: Place, fields: Filled, troubles: Sequence[Trouble], beside: Sequence[str] = ()
    ) -> Response:
        """The form again, with what is wrong on top. Says nothing about any licence."""
        wait = max((each.retry_after for each in troubles if each.retry_after), default=None)
        status = max(each.status for each in troubles)
        response = self.renderer.page(
            "verify.html", place, fields=fields, troubles=troubles, beside=beside, status=status
        )
        if wait is not None:
            response.headers["Retry-After"] = str(wait)
        return response

    def _place(self, request: Request) -> Place:
        return Place(spoken(request, self.assembly.settings.lang), chosen_language(request), request.url.path)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
