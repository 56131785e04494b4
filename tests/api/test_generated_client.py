"""A Python client made of `docs/openapi.json` by a generator of others: it has no kinds that disagree, and it works."""

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.assembly import ROOT, example
from tests.served import Served, served

NAME = "registry_client"
FOOD = "food-business-licence"
# The generator's own frame hands `*args: object` on to httpx, which mypy 2 minds; our document has no part in it.
MYPY = f"[mypy]\nwarn_unreachable = True\n[mypy-{NAME}.client]\ndisable_error_code = arg-type\n"


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client lies. Whatever the generator cannot make something of is an error."""
    made = tmp_path_factory.mktemp("generated")
    hooks = made / "hooks.json"
    settings = json.loads((ROOT / "docs" / "openapi-python-client.json").read_bytes())
    hooks.write_text(json.dumps(settings | {"post_hooks": []}), "utf-8")
    run(
        "openapi_python_client", "generate", "--path", str(ROOT / "docs" / "openapi.json"), "--config", str(hooks),
        "--output-path", str(made / NAME), "--meta", "none", "--fail-on-warning", cwd=made,
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Any]:
    """Its modules by name: `client("api.tokens.issue_token")`."""
    sys.path.insert(0, str(folder))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{name}")

    yield module
    sys.path.remove(str(folder))
    for each in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[each]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("registry"), None, [FOOD]) as made:
        yield made


def test_the_generated_client_has_no_kinds_that_disagree(folder: Path) -> None:
    (folder / "mypy.ini").write_text(MYPY, "utf-8")
    run("mypy", "--config-file", "mypy.ini", "-p", NAME, cwd=folder)


def test_every_operation_can_be_imported(client: Any, folder: Path) -> None:
    found = [path for path in (folder / NAME / "api").rglob("*.py") if path.stem != "__init__"]
    document = (ROOT / "docs" / "openapi.json").read_text("utf-8")
    assert len(found) == document.count('"operationId"')
    for path in found:
        assert client(f"api.{path.parent.name}.{path.stem}").sync_detailed


@pytest.mark.store
def test_the_generated_client_signs_in_issues_reads_and_verifies(client: Any, registry: Served) -> None:
    models, frame = client("models"), client("client")
    more = {"raise_on_unexpected_status": True, "httpx_args": {"trust_env": False}}
    proof = {"client_id": registry.client_id, "client_secret": registry.client_secret}
    asked = models.LicenceRequest.from_dict(example(FOOD))
    with frame.Client(registry.url, **more) as anybody:
        body = models.TokenRequest(grant_type="client_credentials", **proof)
        token = client("api.tokens.issue_token").sync(client=anybody, body=body)
        assert isinstance(token, models.Token)
        with frame.AuthenticatedClient(registry.url, token.access_token, **more) as office:
            issued = client("api.licences.issue_licence").sync(client=office, body=asked, idempotency_key="generated")
            assert isinstance(issued, models.Licence)
            assert client("api.licences.get_licence").sync(issued.id, client=office) == issued
            picture = client("api.licences.get_licence_qr_png").sync(issued.id, client=office)
            assert picture.payload.read().startswith(b"\x89PNG")
        body = models.VerificationRequest(content=issued.qr.content)
        for _ in range(60):  # the first status list of an agency is published within two seconds
            report = client("api.verifications.verify_licence").sync(client=anybody, body=body, accept_language="zh-CN")
            if report.verdict != "status_unknown":
                break
            time.sleep(0.5)
        assert (report.verdict, report.class_, report.heading) == ("valid", "accept", "有效证照")
        assert report.licence.number == asked.number


@pytest.mark.store
def test_the_generated_client_reads_problems(client: Any, registry: Served) -> None:
    models, frame = client("models"), client("client")
    with frame.AuthenticatedClient(registry.url, "no-token", httpx_args={"trust_env": False}) as stranger:
        told = client("api.licences.list_licences").sync(client=stranger)
    assert isinstance(told, models.Problem)
    assert (told.status, told.code) == (401, "token_invalid")
