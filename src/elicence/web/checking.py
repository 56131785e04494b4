"""Judging texts by this registry's own published lists: each gets a report, or the trouble that kept it from one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from elicence.bootstrap import Assembly
from elicence.errors import ElicenceError
from elicence.issuer.find_by_code import find_by_code
from elicence.verifier.decode import looks_like, verification_code
from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.verdicts import Verdict, VerdictClass
from elicence.verifier.verify import verify
from elicence.web.troubles import PageError, Trouble, trouble_of

__all__ = ["Answers", "Attempt", "Checker"]


class Attempt(Protocol):
    """Counts one look-up of a verification code by an address, or one call at the `door` named; None if it may go on,
    else the seconds to wait.
    """

    def __call__(self, address: str, door: str = "codes", /) -> int | None:
        """Counts it."""


_CLASSES: Final = (VerdictClass.STOP, VerdictClass.CANNOT_DECIDE, VerdictClass.CHECK, VerdictClass.ACCEPT)
_VERDICTS: Final = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Answers:
    """Reports, the gravest first; troubles; and what else was read beside licences, named and not opened."""

    reports: tuple[Report, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    beside: tuple[str, ...] = field(default=())


class Checker:
    """Checks what this registry and its trusted list can vouch for. Blocks; call it from a thread."""

    def __init__(self, assembly: Assembly, attempt: Attempt) -> None:
        self._assembly, self._attempt = assembly, attempt
        self._sources = PublishedDirectory(assembly.settings.published_dir)

    def admit(self, address: str) -> None:
        """Counts one question, together with those that the API is asked; `PageError` when there were too many."""
        wait = self._attempt(address, "verifications")
        if wait is not None:
            raise PageError(Trouble("too_many_questions", 429, retry_after=wait))

    def check(self, texts: Iterable[str], policy: Policy, *, address: str) -> Answers:
        """Every text once; a look-up by verification code counts against `address`."""
        reports: list[Report] = []
        troubles: dict[str, Trouble] = {}
        others: dict[str, None] = {}
        for text in texts:
            answer = self._answer(text, policy, address)
            if isinstance(answer, Trouble):
                troubles[answer.code] = answer
            elif answer not in reports:
                reports.append(answer)
                if answer.verdict is Verdict.NOT_A_LICENCE:
                    others[looks_like(text)] = None
        licences = [each for each in reports if each.verdict is not Verdict.NOT_A_LICENCE]
        if licences or troubles:
            # A poster beside the licence is named, and does not stand in its way.
            return Answers(tuple(sorted(_once(licences), key=_gravest_first)), tuple(troubles.values()), tuple(others))
        return Answers(tuple(reports[:1]), (), tuple(others)[1:])

    def _answer(self, text: str, policy: Policy, address: str) -> Report | Trouble:
        code = self._typed_code(text)
        if code is None:
            return self._judge(text, policy)
        wait = self._attempt(address)
        if wait is not None:
            return Trouble("too_many_tries", 429, field="code", retry_after=wait)
        try:
            found = find_by_code(self._assembly.desk, code)
        except ElicenceError as error:
            return trouble_of(error)
        return found.shown_to_typist(self._judge(found.credential, policy))

    def _judge(self, text: str, policy: Policy) -> Report:
        trust, now = self._assembly.desk.trusted_list(), self._assembly.clock()
        return verify(text, trust=trust, sources=self._sources, now=now, policy=policy)

    def _typed_code(self, text: str) -> str | None:
        return verification_code(text, self._sources.dictionaries(), registry=self._assembly.desk.base_url)


def _once(reports: Iterable[Report]) -> Iterable[Report]:
    """A sheet may carry a licence's long and short code; they are one licence and get one answer, the fuller one."""
    kept: dict[object, Report] = {}
    for number, report in enumerate(reports):
        face = report.face
        name = number if face is None else (face.identifier, face.version, report.verdict)
        before = kept.get(name)
        if before is None or before.face is None or (face and len(face.claims) > len(before.face.claims)):
            kept[name] = report
    return kept.values()


def _gravest_first(report: Report) -> tuple[int, int]:
    return _CLASSES.index(report.verdict_class), _VERDICTS.index(report.verdict)
