"""A registry whose pages are served on loopback, and licences in every state that a clerk may meet."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path

import uvicorn
from tests.assembly import BASE_URL, NOON, OTHER_USCC, House, example, grant, house, new_agency

from elicence.accounts.agencies import AgencyRequest, add_agency
from elicence.api.app import create_app
from elicence.api.limits import Limits, Rates
from elicence.bootstrap import Assembly
from elicence.formats.frame import encode_frame, licence_url
from elicence.formats.vc_jwt import header
from elicence.issuer.change_status import change_status
from elicence.issuer.draft import DICTIONARY_ID
from elicence.issuer.issue import issue
from elicence.issuer.new_version import renew
from elicence.issuer.read import LicenceView
from elicence.keys.keyring import Purpose
from elicence.licences.lifecycle import Action
from elicence.web.checking import Attempt
from elicence.web.pages import pages

FOOD = "food-business-licence"
ESTATE = "real-estate-registration"


@dataclass
class Site:
    """A served house. `licences` by the verdict they lead to; `contents` are what their QR codes say."""

    house: House
    url: str = ""
    licences: dict[str, LicenceView] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, licence: LicenceView) -> LicenceView:
        self.licences[name] = licence
        self.contents[name] = content_of(self.house, licence.credential)
        return licence


def content_of(built: House, credential: str) -> str:
    digits = encode_frame(credential, DICTIONARY_ID, built.desk.dictionaries[DICTIONARY_ID])
    return licence_url(BASE_URL, digits)


def ask(built: House, body: Mapping[str, object], slug: str = "market") -> LicenceView:
    made = issue(built.desk, built.caller(slug), dict(body), idempotency_key=str(body["number"]), now=built.clock())
    assert isinstance(made, LicenceView)
    return made


def food(n: int, **changes: object) -> dict[str, object]:
    return example(FOOD) | {"number": f"JY1{n:013d}"} | changes


def open_market(built: House) -> None:
    """An agency with a name that people would meet on a licence."""
    asked = AgencyRequest("market", "示例市市场监督管理局", "Example Market Authority", OTHER_USCC, "3204", None)
    built.agencies["market"] = add_agency(
        built.assembly.registry, built.desk.chest.keyring, built.assembly.maker, asked,
        base_url=BASE_URL, now=NOON, save=built.assembly.save_keyring,
    )  # fmt: skip
    grant(built.assembly, built.agencies["market"], FOOD)


def furnish(site: Site) -> None:
    """One licence for each verdict that a registry brings about by itself."""
    built = site.house
    open_market(built)
    site.keep("valid", ask(built, food(1)))
    site.keep("valid_check_id", ask(built, example(ESTATE, "two-owners"), "housing"))
    for n, (name, action) in enumerate({"revoked": Action.REVOKE, "suspended": Action.SUSPEND}.items(), 2):
        made = site.keep(name, ask(built, food(n)))
        reason = built.desk.catalogue.get(FOOD).changes.reasons[0]
        change_status(built.desk, built.caller("market"), made.id, action, reason=reason, now=NOON)
    old = site.keep("superseded", ask(built, food(4)))
    renew(
        built.desk, built.caller("market"), old.id, {}, if_version=old.row_version,
        idempotency_key="renew-4", now=NOON,
    )  # fmt: skip
    site.keep("expired", ask(built, food(5, valid_from="2021-10-01", valid_until="2026-09-30")))
    site.keep("not_yet_valid", ask(built, food(6, valid_from="2027-01-01", valid_until="2031-12-31")))
    genuine = site.contents["valid"]
    site.contents["tampered"] = genuine[:-9] + str((int(genuine[-9]) + 1) % 10) + genuine[-8:]
    site.contents["not_a_licence"] = "WIFI:T:WPA;S:office;P:secret;;"
    middle = len(genuine) // 2
    site.contents["damaged"] = genuine[:middle] + str((int(genuine[middle]) + 1) % 10) + genuine[middle + 1 :]
    built.assembly.publish()


def test_licence(site: Site) -> None:
    """Signed by the agency's test key, and otherwise what it signs every day."""
    built = site.house
    keyring = built.assembly.maker.make_active(
        built.desk.chest.keyring, agency="market", purpose=Purpose.CREDENTIAL, now=NOON, use="test"
    )
    built.assembly.save_keyring(keyring)
    signer = built.desk.chest.signer_for("market", Purpose.CREDENTIAL, NOON, use="test")
    site.contents["test_licence"] = content_of(built, signed_again(site, signer))
    built.assembly.publish()


def signed_again(site: Site, signer: object, change: Callable[[bytes], bytes] = bytes) -> str:
    """The valid licence's payload, changed or not, under another key of the agency: what no desk would sign."""
    from elicence.formats.encoding import b64url_decode
    from elicence.formats.jws import assemble, signing_input

    payload = b64url_decode(site.licences["valid"].credential.split(".")[1])
    did = "did:web:e.example.gov:a:market"
    to_sign = signing_input(header(f"{did}#{signer.kid}"), change(payload))
    return assemble(to_sign, signer.sign(to_sign))


def stranger(folder: Path) -> str:
    """The code of a licence that another registry issued."""
    with house(folder, None) as other:
        other.agencies["elsewhere"] = new_agency(other.assembly, "elsewhere", uscc=OTHER_USCC)
        grant(other.assembly, other.agencies["elsewhere"], FOOD)
        return content_of(other, ask(other, food(1), "elsewhere").credential)


@contextmanager
def served(assembly: Assembly, attempt: Attempt | None = None, **more: object) -> Iterator[str]:
    """The whole application on a free port of loopback; answers its base URL. `attempt` counts tries for the pages."""
    rates = Rates(codes=10**9, verifications=10**9)
    counted = attempt or Limits(assembly.clock, rates).attempt
    whole = create_app(assembly, pages=lambda _, documents: pages(assembly, counted, documents, **more), rates=rates)

    async def app(scope: dict, receive: object, send: object) -> None:
        """The web server in front: whatever address it was called by, it asks for the registry's own."""
        headers = [(name, value) for name, value in scope.get("headers", ()) if name != b"host"]

        async def dated(message: dict) -> None:
            """By the registry's clock, as everything else here."""
            if message["type"] == "http.response.start":
                date = formatdate(assembly.clock().timestamp(), usegmt=True).encode()
                message = message | {"headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await whole(scope | {"headers": [*headers, (b"host", b"e.example.gov")]}, receive, dated)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(app, date_header=False, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        patience = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < patience, "the server did not start in a minute"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(60)


@contextmanager
def furnished(folder: Path, attempt: Attempt | None = None) -> Iterator[Site]:
    """A served registry with a licence for each verdict."""
    with house(folder / "registry", None) as built:
        site = Site(built)
        furnish(site)
        test_licence(site)
        # Changes are in the bundle some seconds later, and here no time passes.
        built.assembly.bundle.publish(now=built.clock(), at_once=True)
        site.contents["unknown_issuer"] = stranger(folder / "elsewhere")
        with served(built.assembly, attempt) as url:
            site.url = url
            yield site


@contextmanager
def stale(site: Site) -> Iterator[None]:
    """A day and an hour later, with nothing published since."""
    site.house.clock.move(hours=25)
    try:
        yield
    finally:
        site.house.clock.now -= timedelta(hours=25)
