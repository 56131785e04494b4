"""The API over HTTP at 32 connections: `python tests/benchmarks/bench_api.py [--rounds 3] [--seconds 4]`. Needs wrk.

Four servers in processes of their own take turns on one core, `wrk` on the other; whoever waits is stopped:

    bare     a FastAPI `async` POST that takes bytes, does nothing and answers bytes
    plain    issuing as tutorials write it: a `def` endpoint, pydantic in and out, one SQLModel session a request
    issue    POST /v1/licences, durable
    verify   POST /v1/verifications

Medians of the rounds; ratios are of rates measured in the same run. Ends with status 1 below a floor.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
CONNECTIONS = 32
FLOORS = {"issue/plain": 3.0, "issue/bare": 0.15, "verify/bare": 0.4, "p50/p99 of issue": 0.2}
LUA = """
local n = 0
local stamp = "{stamp}"
request = function()
  n = n + 1
  local id = string.format("%s%012d", stamp, n)
  local body = string.gsub([==[{body}]==], "NUMBER", id)
  return wrk.format("POST", "{path}", {{
    ["Content-Type"] = "application/json", ["Idempotency-Key"] = id, ["Authorization"] = "Bearer {token}"
  }}, body)
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %f %f %d %d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def serve_bare(port: int, _home: Path) -> None:
    import uvicorn
    from fastapi import FastAPI, Request, Response

    app = FastAPI()

    @app.post("/v1/licences")
    async def nothing(request: Request) -> Response:
        body = await request.body()
        return Response(b'{"length":%d}' % len(body), media_type="application/json")

    tell({"token": "", "body": "{}"})
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="error", access_log=False)


def serve_plain(port: int, home: Path) -> None:
    from datetime import datetime
    from typing import Annotated

    import uvicorn
    from fastapi import FastAPI, Header
    from pydantic import BaseModel
    from tests.benchmarks.plain_idiom import PlainIssuer, plain_engine

    from elicence.api.answers import qr_content
    from elicence.formats.frame import encode_frame, licence_url

    class Holder(BaseModel):
        kind: str
        name: str
        id_scheme: str | None = None
        id: str | None = None

    class Asked(BaseModel):
        type: str
        number: str
        holders: list[Holder]
        region: str | None = None
        valid_from: str
        valid_until: str | None = None
        claims: dict[str, Any]

    class Made(BaseModel):
        id: str
        type_slug: str
        number: str
        external_ref: str | None
        region: str | None
        current_version: int | None
        row_version: int
        created_at: datetime
        state: str
        credential: str
        qr_content: str

    assert qr_content
    with registry(home, port) as (assembly, caller, _):
        engine = plain_engine(home / "registry.db", connections=CONNECTIONS)
        issuer = PlainIssuer(assembly.desk, caller, engine)
        app = FastAPI()

        @app.post("/v1/licences", response_model=Made, status_code=201)
        def issue_licence(asked: Asked, idempotency_key: Annotated[str, Header()]) -> Any:
            made = issuer.issue(
                asked.model_dump(exclude_none=True), idempotency_key=idempotency_key, now=assembly.clock()
            )
            digits = encode_frame(made["credential"], 1, assembly.desk.dictionaries[1])
            return made | {"qr_content": licence_url(assembly.desk.base_url, digits)}

        tell({"token": "", "body": request_body()})
        uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="error", access_log=False)


def serve_ours(port: int, home: Path) -> None:
    from elicence.api.limits import Rates
    from elicence.issuer.issue import issue
    from elicence.server import listen, serve

    endless = 10**12
    rates = Rates(clients={"standard": endless}, tokens=endless, verifications=endless, codes=endless)
    with registry(home, port) as (assembly, caller, secret):
        body = json.loads(request_body().replace("NUMBER", "1" * 14))
        made = issue(assembly.desk, caller, body, idempotency_key="first", now=assembly.clock())
        from elicence.api.answers import qr_content

        content = json.dumps({"content": qr_content(assembly.desk, made)})
        about = {"body": request_body(), "content": content, "client": caller.client_id, "secret": secret}
        serve(assembly, listen("127.0.0.1", port), rates=rates, ready=lambda: tell(about))


@contextmanager
def registry(home: Path, port: int) -> Iterator[Any]:
    from datetime import timedelta

    from tests.assembly import STANDARDS, USCC

    from elicence.accounts.agencies import AgencyRequest, add_agency
    from elicence.accounts.clients import ClientRequest, add_client
    from elicence.accounts.grants import GrantRequest, add_grant
    from elicence.bootstrap import assemble, initialise
    from elicence.issuer.desk import Caller
    from elicence.settings import Settings

    settings = Settings(home=home, database_url=f"sqlite:///{home}/registry.db", standards_dir=STANDARDS)
    initialise(settings, base_url=f"http://localhost:{port}", environment="demo", roots=1)
    with assemble(settings) as assembly:
        now = assembly.clock()
        agency = add_agency(
            assembly.registry, assembly.desk.chest.keyring, assembly.maker,
            AgencyRequest("housing", "局", "Office", USCC, "4403"), base_url=assembly.desk.base_url, now=now,
            save=assembly.save_keyring,
        )  # fmt: skip
        asked = GrantRequest("food-business-licence", None, now - timedelta(days=1), None)
        add_grant(assembly.registry, assembly.desk.catalogue, agency, asked, now=now, entropy=os.urandom)
        client = add_client(assembly.registry, agency, ClientRequest("bench"), now=now, entropy=os.urandom)
        yield assembly, Caller(agency, client_id=client.record.id), client.secret


def request_body() -> str:
    from tests.assembly import example

    return json.dumps(example("food-business-licence") | {"number": "JYNUMBER"}, ensure_ascii=False)


def tell(about: dict[str, Any]) -> None:
    print(json.dumps(about), flush=True)


SERVERS = {"bare": serve_bare, "plain": serve_plain, "ours": serve_ours}


class Server:
    """One server in a process of its own on the first core; stopped while it is not its turn."""

    def __init__(self, name: str, port: int, home: Path) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", name, "--port", str(port), "--home", str(home / name)],
            stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {min(cores())}),
        )  # fmt: skip
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.about = json.loads(line)
        self.wait()
        if "secret" in self.about:
            self.about["token"] = self.token()
        self.rest()

    def token(self) -> str:
        from urllib.parse import urlencode
        from urllib.request import urlopen

        form = {
            "grant_type": "client_credentials",
            "client_id": self.about["client"],
            "client_secret": self.about["secret"],
        }
        with urlopen(f"http://localhost:{self.port}/oauth/token", urlencode(form).encode()) as answer:
            return str(json.load(answer)["access_token"])

    def wait(self) -> None:
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
            except ConnectionRefusedError:
                sleep(0.05)
            else:
                return

    def rest(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def cpu(self) -> float:
        """Seconds of processor time its threads have used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.go_on()
        self.process.terminate()
        self.process.wait(30)


def cores() -> set[int]:
    return os.sched_getaffinity(0)


def measure(server: Server, path: str, body: str, seconds: int, stamp: str) -> tuple[float, ...]:
    """Requests a second; median, 99th percentile and processor time of a request in milliseconds."""
    script = LUA.format(stamp=stamp, body=body.replace("%", "%%"), path=path, token=server.about["token"])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        used = server.cpu()
        server.go_on()
        try:
            done = subprocess.run(
                ["taskset", "-c", str(max(cores())), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
                 "--timeout", "60s", "-s", file.name, f"http://127.0.0.1:{server.port}"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        finally:
            server.rest()
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+) (\d+)", done.stdout)
    assert found is not None, done.stdout
    assert found[4] == found[5] == "0", f"errors: {done.stdout}"
    requests = re.search(r"(\d+) requests in", done.stdout)
    assert requests is not None
    return float(found[1]), float(found[2]), float(found[3]), 1000 * (server.cpu() - used) / int(requests[1])


def run(rounds: int, seconds: int) -> dict[str, list[tuple[float, ...]]]:
    figures: dict[str, list[tuple[float, ...]]] = {}
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        servers: dict[str, Server] = {}
        with ExitStack() as stack:
            for n, name in enumerate(SERVERS):
                servers[name] = Server(name, 8900 + n, Path(folder))
                stack.callback(servers[name].close)
            take_turns(servers, rounds, seconds, figures)
    return figures


def take_turns(servers: dict[str, Server], rounds: int, seconds: int, figures: dict[str, list[Any]]) -> None:
    ours = servers["ours"].about
    turns = (
        ("bare", servers["bare"], "/v1/licences", ours["body"]),
        ("plain", servers["plain"], "/v1/licences", ours["body"]),
        ("issue", servers["ours"], "/v1/licences", ours["body"]),
        ("verify", servers["ours"], "/v1/verifications", ours["content"]),
    )
    for n in range(rounds):
        for name, server, path, body in turns:
            figures.setdefault(name, []).append(measure(server, path, body, seconds, f"1{n}"))


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--serve", choices=SERVERS)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--home", type=Path, default=Path())
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=4)
    asked = options.parse_args()
    if asked.serve:
        asked.home.mkdir(parents=True)
        SERVERS[asked.serve](asked.port, asked.home)
        return 0
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        print("bench_api: wrk or taskset is missing (Debian: apt-get install wrk util-linux); nothing was measured")
        return int(os.environ.get("CI") == "true")
    figures = run(asked.rounds, asked.seconds)
    middle = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in figures.items()}
    print(f"{'':8}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'cpu ms':>10}")
    for name, (rate, p50, p99, cpu) in middle.items():
        print(f"{name:8}{rate:>10.0f}{p50:>10.1f}{p99:>10.1f}{cpu:>10.2f}")
    ratios = {
        "issue/plain": middle["issue"][0] / middle["plain"][0],
        "issue/bare": middle["issue"][0] / middle["bare"][0],
        "verify/bare": middle["verify"][0] / middle["bare"][0],
        "p50/p99 of issue": middle["issue"][1] / middle["issue"][2],
    }
    for name, ratio in ratios.items():
        print(f"{name:18}{ratio:6.2f}   floor {FLOORS[name]}   {'ok' if ratio >= FLOORS[name] else 'BELOW'}")
    return int(any(ratio < FLOORS[name] for name, ratio in ratios.items()))


if __name__ == "__main__":
    sys.exit(main())
