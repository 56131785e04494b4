"""The report vectors brought to life: as a `Report` for the server's page, and shown by the page in the browser."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route
from tests.web.site import Site

from elicence.bootstrap import Assembly
from elicence.formats.vc_jwt import HolderFace
from elicence.verifier.report import Check, Face, Outcome, Report, Verdict, VerdictClass
from elicence.web.checking import Answers
from elicence.web.headers import SECURITY_HEADERS
from elicence.web.question import Filled
from elicence.web.rendering import Place, Renderer
from elicence.web.result import result_view
from elicence.web.static_files import StaticFiles
from elicence.web.words import Language

VECTORS = Path(__file__).parents[1] / "vectors" / "reports" / "reports.json"

# Words come from the catalogue that the browser is served, and from nowhere else.
SHOW = """async ([vector, language]) => {
  const { src } = document.querySelector('script[src$="counter/page.js"]');
  const folder = src.replace('counter/page.js', '');
  const { show } = await import(`${folder}counter/show.js`);
  const catalogue = await import(`${folder}verifier/catalogue.js`);
  const { Duration, Instant } = await import(`${folder}verifier/instants.js`);
  const fact = (value) => {
    if (value?.instant) return new Instant(Date.parse(value.instant) / 1000, value.instant);
    return value?.seconds === undefined ? value : new Duration(value.seconds);
  };
  const facts = (given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fact(value)]));
  const said = (text) => text && text[language];
  const { face } = vector;
  const report = {
    verdict: vector.verdict, class: catalogue.entryOf(vector.verdict).class, reason: vector.reason,
    ...catalogue.wording(vector.verdict, vector.reason, facts(vector.facts), language),
    checked_at: vector.checked_at, status_as_of: vector.status_as_of, issuer: said(vector.issuer),
    checks: vector.checks.map((check) => ({
      ...check, label: catalogue.word('checks', check.name, language), facts: {},
    })),
    notices: vector.notices.map((code) => ({ code, text: catalogue.word('notices', code, language) })),
    ...(face && { licence: { ...face, title: said(face.title), issuer: said(face.issuer), claims: [] } }),
  };
  const reasons = vector.checks.filter(({ reason }) => reason).map(({ reason }) => reason);
  const [verdict] = catalogue.firstOf(reasons);
  if (verdict !== vector.verdict) throw new Error(`the browser's catalogue says ${verdict}`);
  show({ answers: [{ report, where: 'device' }] }, { next: () => {}, again: () => {} });
}"""


@cache
def vectors() -> Mapping[str, Any]:
    """The vectors by name."""
    return json.loads(VECTORS.read_text("utf-8"))


def written(report: Report) -> dict[str, Any]:
    """A report as a vector: everything but words."""
    face = report.face
    return {
        "verdict": report.verdict.value,
        "class": report.verdict_class.value,
        "reason": report.reason,
        "checked_at": report.checked_at.isoformat(),
        "status_as_of": None if report.status_as_of is None else report.status_as_of.isoformat(),
        "issuer": None if report.issuer is None else dict(report.issuer),
        "facts": {name: _fact(value) for name, value in report.facts.items()},
        "notices": list(report.notices),
        "checks": [
            {
                "name": check.name, "outcome": check.outcome.value, "reason": check.reason,
                "facts": {name: _fact(value) for name, value in check.facts.items()},
            }
            for check in report.checks
        ],
        "face": None if face is None else {
            "type": face.type_slug, "type_version": face.type_version, "title": dict(face.title), "number": face.number,
            "licence_identifier": face.identifier, "version": face.version, "issuer": dict(face.issuer),
            "valid_from": face.valid_from.isoformat(),
            "valid_until": None if face.valid_until is None else face.valid_until.isoformat(),
            "holders": [{"kind": each.kind, "name": each.name} for each in face.holders],
        },
    }  # fmt: skip


def report_of(vector: Mapping[str, Any]) -> Report:
    """The report that a vector stands for."""
    as_of, face = vector["status_as_of"], vector["face"]
    return Report(
        checked_at=datetime.fromisoformat(vector["checked_at"]),
        checks=tuple(
            Check(each["name"], Outcome(each["outcome"]), each["reason"], _facts(each["facts"]))
            for each in vector["checks"]
        ),
        verdict=Verdict(vector["verdict"]),
        verdict_class=VerdictClass(vector["class"]),
        reason=vector["reason"],
        face=None if face is None else _face(face),
        issuer=vector["issuer"],
        status_as_of=None if as_of is None else datetime.fromisoformat(as_of),
        notices=tuple(vector["notices"]),
        facts=_facts(vector["facts"]),
    )


def show_in_browser(page: Page, name: str, language: str) -> None:
    """Hands a vector to the open counter's own module that shows answers."""
    vector = vectors()[name]
    page.evaluate(SHOW, [vector, language])
    page.wait_for_selector(f'[data-verdict="{vector["verdict"]}"]')


def show_by_server(page: Page, site: Site, name: str, language: Language) -> None:
    """Opens the server's result page of a vector, as its template makes it."""
    vector = vectors()[name]
    html = drawn(site.house.assembly, report_of(vector), language)
    address = f"{site.url}/verify?lang={language}&vector={name}"

    def answer(route: Route) -> None:
        route.fulfill(body=html, headers={**SECURITY_HEADERS, "content-type": "text/html; charset=utf-8"})

    page.route(address, answer)
    page.goto(address)
    page.unroute(address)


def drawn(assembly: Assembly, report: Report, language: Language) -> str:
    """The server's page about one report."""
    view = result_view(report, assembly.desk.catalogue, language)
    answer = Renderer(assembly, StaticFiles()).page(
        "result.html", Place(language, language, "/verify"), views=[view], answers=Answers((report,)), fields=Filled(),
        texts=("x",), by_post=True,
    )  # fmt: skip
    return bytes(answer.body).decode()


def _fact(value: Any) -> Any:
    if isinstance(value, timedelta):
        return {"seconds": int(value.total_seconds())}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    return dict(value) if isinstance(value, Mapping) else value


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read(value) for name, value in facts.items()}


def _read(value: Any) -> Any:
    if isinstance(value, Mapping) and "seconds" in value:
        return timedelta(seconds=value["seconds"])
    if isinstance(value, Mapping) and "instant" in value:
        return datetime.fromisoformat(value["instant"])
    return value


def _face(face: Mapping[str, Any]) -> Face:
    last = face["valid_until"]
    return Face(
        type_slug=face["type"],
        type_version=face["type_version"],
        title=face["title"],
        number=face["number"],
        identifier=face["licence_identifier"],
        version=face["version"],
        issuer=face["issuer"],
        valid_from=datetime.fromisoformat(face["valid_from"]),
        valid_until=None if last is None else datetime.fromisoformat(last),
        holders=tuple(HolderFace(each["kind"], each["name"], None, None) for each in face["holders"]),
    )
