"""`client`, `publish` and `serve`."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
from tests.assembly import BASE_URL
from tests.cli.shell import Shell
from tests.cli.test_demo import RUN, environment
from tests.ports import free_port

from elicence.verifier.sources import PublishedDirectory

P256 = {
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
"""The public key of RFC 7515 A.3."""


def test_a_client_gets_a_secret_once_and_is_listed_without_it(shell: Shell) -> None:
    made = shell.ok("client", "add", "housing", "counter system", "--scope", "licences:read", "--json").json
    assert made["client_secret"].startswith("els_live_")
    assert made["scopes"] == ["licences:read"]
    listed = shell.ok("client", "list", "--json").json
    assert listed == {name: value for name, value in made.items() if name != "client_secret"}
    assert made["client_secret"] not in shell.ok("client", "list").out
    assert made["client_id"] in shell.ok("client", "list", "--agency", "housing").out


def test_a_client_that_signs_has_no_secret(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    for content in ({"keys": [P256]}, P256):
        file.write_text(json.dumps(content))
        made = shell.ok("client", "add", "housing", "signer", "--jwks", file, "--json").json
        assert (made["client_secret"], made["authentication"]) == (None, "private_key_jwt")
    file.write_text('{"keys": []}')
    shell.refused(3, "validation_failed", "client", "add", "housing", "signer", "--jwks", file)


def test_a_client_of_nobody_or_with_an_unknown_scope_is_refused(shell: Shell) -> None:
    shell.refused(4, "agency_not_found", "client", "add", "nobody", "x")
    shell.refused(3, "validation_failed", "client", "add", "housing", "x", "--scope", "licences:burn")
    assert shell.ok("client", "list").out == "Nothing there.\n"


def test_published_files_are_written_whole_and_only_where_they_changed(shell: Shell, tmp_path: Path) -> None:
    content = shell.issue()["qr"]["content"]
    folder = tmp_path / "www"
    first = shell.ok("publish", folder, "--json").json
    assert first["files"] == first["changed"] > 10
    assert shell.ok("publish", folder, "--json").json["changed"] == 0
    own = shell.home / "published"
    files = {place: {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
             for place in (own, folder)}  # fmt: skip
    assert files[own] - files[folder] == {"roots.json"}, "roots from the folder would vouch for the folder"
    for name in files[folder]:
        assert (folder / name).read_bytes() == (own / name).read_bytes()
    assert json.loads((folder / "v1/trust/bundle").read_bytes())["base_url"] == BASE_URL
    assert PublishedDirectory(folder).dictionaries()
    checked = shell.run("verify", content, "--published", folder, "--roots", own / "roots.json", "--json")
    assert checked.json["verdict"] == "valid"


def test_serve_answers_with_api_files_and_pages_until_it_is_stopped(shell: Shell, tmp_path: Path) -> None:
    port = free_port()
    words = ["serve", "--port", str(port), "--home", str(shell.home), "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *words], stdout=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["base_url"] == BASE_URL
            # As the web server in front of it would ask.
            host = {"Host": BASE_URL.removeprefix("https://")}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=host, timeout=30, trust_env=False) as http:
                for path in ("/v1/types", "/.well-known/jwks.json", "/verify"):
                    assert http.get(path).status_code == 200, path
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_serve_says_when_its_port_cannot_be_had(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        shell.refused(2, "settings_bad", "serve", "--port", taken.getsockname()[1])
