"""The reference for developers: whole in both languages, and every command on it does what it says."""

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.assembly import ROOT
from tests.served import Served, served

from elicence.web.words import LANGUAGES

DOCUMENT = httpx.Response(200, content=(ROOT / "docs" / "openapi.json").read_bytes()).json()
OPERATIONS = {
    each["operationId"]: (path, method, each)
    for path, methods in DOCUMENT["paths"].items()
    for method, each in methods.items()
}
LEADS_TO_GOOD = {
    "issue_token", "issue_licence", "validate_licence", "list_licences", "get_licence", "list_licence_history",
    "get_licence_credential", "get_licence_qr_svg", "get_licence_qr_png", "suspend_licence", "list_proposals",
    "verify_licence", "list_types", "get_type", "get_type_schema", "get_trusted_list", "get_trust_bundle", "get_keys",
    "get_issuer_metadata", "get_did_document", "get_agency_keys", "get_status_list", "get_status_bitstring",
    "get_type_context", "get_type_file", "get_qr_dictionary", "get_problem_type", "get_health", "get_readiness",
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("registry"), None, ["food-business-licence"]) as made:
        yield made


def page(url: str, language: str = "en") -> str:
    answer = httpx.get(f"{url}/developers", params={"lang": language}, trust_env=False, timeout=60)
    assert answer.status_code == 200
    return answer.text


def command(text: str, name: str) -> str:
    """What stands in the command with this id, or in the command of the operation with it."""
    found = re.search(rf'<pre class="command" id="{name}">(.*?)</pre>', text, re.DOTALL) or re.search(
        rf'<details class="operation" id="{name}">.*?<pre class="command">(.*?)</pre>', text, re.DOTALL
    )
    assert found is not None, name
    return html.unescape(found[1])


def environment(registry: Served, **more: str) -> dict[str, str]:
    given = {"BASE_URL": registry.url, "CLIENT_ID": registry.client_id, "CLIENT_SECRET": registry.client_secret}
    without = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return without | given | more


def shell(script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# What is shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_operation_parameter_answer_and_shape_is_on_the_page(registry: Served, language: str) -> None:
    text = page(registry.url, language)
    for name, (path, _, operation) in OPERATIONS.items():
        part = re.search(
            rf'<details class="operation" id="{name}">.*?\n</details>\n(?=<details|</section)', text, re.DOTALL
        )
        assert part is not None, name
        assert html.escape(path) in part[0]
        for scope in (scope for way in operation["security"] for scopes in way.values() for scope in scopes):
            assert f"<code>{scope}</code>" in part[0]
        for parameter in operation.get("parameters", ()):
            assert f"<code>{parameter['name']}</code>" in part[0]
        for status, answer in operation["responses"].items():
            assert f"<strong>{status}</strong>" in part[0] or f'href="#problem-{status}"' in part[0]
            good = answer.get("content", {}).values() if status < "4" else ()
            assert not any("example" in each for each in good) or f"{status}" in part[0]
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= {*ids, "about"}
    assert {f"shape-{name}" for name in DOCUMENT["components"]["schemas"]} <= set(ids)


def test_each_language_has_its_own_sentences(registry: Served) -> None:
    assert "Issue a licence" in page(registry.url, "en")
    assert "签发证照" in page(registry.url, "zh-CN")
    assert "a problem document" not in page(registry.url, "zh-CN")


def test_the_page_leads_to_the_documents_and_the_front_page_to_it(registry: Served) -> None:
    text = page(registry.url)
    for path in ("/openapi.json", "/openapi.zh-CN.json", "/openapi.zh-CN.overlay.json"):
        assert f'href="{path}"' in text
        assert httpx.get(f"{registry.url}{path}", trust_env=False, timeout=60).status_code == 200
    assert '"/developers"' in httpx.get(registry.url, trust_env=False, timeout=60).text


def test_the_page_needs_neither_script_nor_styles_within(registry: Served) -> None:
    text = page(registry.url)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", text)


# What it says to do


@pytest.mark.store
def test_the_first_commands_issue_a_licence_and_verify_it(registry: Served, tmp_path: Path) -> None:
    text = page(registry.url)
    verify = command(text, "start-verify")
    patient = f"for n in $(seq 60); do {verify} > said; grep -q status_unknown said || break; sleep 0.5; done; cat said"
    script = "\n".join((command(text, "start-token"), command(text, "start-issue"), patient))
    assert '"verdict":"valid"' in shell(script, tmp_path, environment(registry))
    assert (tmp_path / "licence.json").is_file()


@pytest.mark.store
def test_the_python_program_issues_a_licence(registry: Served, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(command(page(registry.url), "start-python"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)], env=environment(registry, PYTHONUTF8="1"), capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    licence, content = done.stdout.split()
    assert re.fullmatch("lic_[0-9a-z]{26}", licence)
    assert content.startswith("http://localhost")


@pytest.mark.store
def test_every_curl_is_answered_as_documented_and_well_where_it_can_be(registry: Served, tmp_path: Path) -> None:
    text = page(registry.url)
    start = command(text, "start-token") + "\n" + command(text, "start-issue") + "\necho $TOKEN $LICENCE_ID"
    token, licence = shell(start, tmp_path, environment(registry)).split()
    proposal = f"prp_{licence.removeprefix('lic_')}"
    operator = f"opr_{licence.removeprefix('lic_')}"
    given = environment(
        registry, TOKEN=token, LICENCE_ID=licence, PROPOSAL_ID=proposal, OPERATOR_ID=operator, AGENCY="housing"
    )
    wait_for_lists(registry)
    good = set()
    for name, (_, _, operation) in OPERATIONS.items():
        script = f"{command(text, name)} -w '\\n%{{http_code}}' | tail -n 1"
        status = shell(script, tmp_path, given).strip().replace("\x00", "")[-3:]
        assert status in operation["responses"], (name, status)
        good |= {name} if status.startswith("2") else set()
    assert LEADS_TO_GOOD - good == set()
    assert (tmp_path / "licence.png").read_bytes().startswith(b"\x89PNG")


def wait_for_lists(registry: Served) -> None:
    where = f"{registry.url}/status/housing/1"
    script = f"for n in $(seq 60); do curl -sf -o /dev/null {where} && exit 0; sleep 0.5; done; exit 1"
    shell(script, registry.home, environment(registry))
