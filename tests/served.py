"""A registry served over HTTP by a process of its own, as `elicence serve` does, and a client of an agency that calls.

`python -m tests.served HOME` serves the registry in HOME; here only the allowances of an address are wider, since all
callers of a test are one address.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
from tests.assembly import CHEAP, ROOT, STANDARDS, USCC
from tests.ports import free_port

from elicence.accounts.agencies import AgencyRequest, add_agency
from elicence.accounts.clients import ClientRequest, add_client
from elicence.accounts.grants import GrantRequest, add_grant
from elicence.api.limits import DEFAULT_RATES, Rates
from elicence.bootstrap import assemble, initialise
from elicence.server import listen, serve
from elicence.settings import Settings
from elicence.web.pages import pages

RATES = Rates(clients=DEFAULT_RATES.clients, tokens=10**6, verifications=10**6, codes=10**6)


@dataclass(frozen=True)
class Served:
    """A registry that answers at `url`, and what its client proves itself with."""

    url: str
    client_id: str
    client_secret: str
    home: Path
    process: subprocess.Popen[str]

    def token(self) -> dict[str, str]:
        """The header of a client that has signed in."""
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(
            f"{self.url}/oauth/token", data=form, auth=(self.client_id, self.client_secret), trust_env=False, timeout=60
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@contextmanager
def served(home: Path, database_url: str | None, types: Sequence[str]) -> Iterator[Served]:
    """A new registry whose agency may issue these types; ended as a service manager ends it."""
    port = free_port()
    settings = Settings(home=home, database_url=database_url, standards_dir=STANDARDS)
    initialise(settings, base_url=f"http://localhost:{port}", environment="demo", roots=1, cost=CHEAP)
    client_id, secret = _client(settings, types)
    command = [sys.executable, "-m", "tests.served", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Served(f"http://127.0.0.1:{port}", client_id, secret, home, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()


def _client(settings: Settings, types: Sequence[str]) -> tuple[str, str]:
    with assemble(settings) as assembly:
        now, desk = assembly.clock(), assembly.desk
        agency = add_agency(
            desk.registry, desk.chest.keyring, assembly.maker, AgencyRequest("housing", "局", "Office", USCC, "3204"),
            base_url=desk.base_url, now=now, save=assembly.save_keyring,
        )  # fmt: skip
        for slug in types:
            grant = GrantRequest(slug, None, now - timedelta(days=1), None)
            add_grant(desk.registry, desk.catalogue, agency, grant, now=now, entropy=os.urandom)
        asked = ClientRequest("register", rate_class="bulk")
        client = add_client(desk.registry, agency, asked, now=now, entropy=os.urandom)
        assert client.secret is not None
        return client.record.id, client.secret


def main(home: Path) -> None:
    settings = Settings.read(home=home).model_copy(update={"standards_dir": STANDARDS})
    with assemble(settings) as assembly:
        port = int(assembly.desk.base_url.rpartition(":")[2])
        listening = listen("127.0.0.1", port)
        serve(assembly, listening, partial(pages, assembly), rates=RATES, ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
