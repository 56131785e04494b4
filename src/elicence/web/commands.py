"""Commands to copy: a `curl` for each operation of the OpenAPI document, and the first three in a row, also in Python.

They read BASE_URL, CLIENT_ID, CLIENT_SECRET, and TOKEN, LICENCE_ID, CONTENT, which the first three set.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FIRST", "curl", "example_text", "first_commands", "first_program"]

_FORM: Final = "application/x-www-form-urlencoded"
_NEXT: Final = " \\\n  "
# What differs from registry to registry is a variable; the rest can be asked as it stands.
_PLACES: Final[Mapping[str, str]] = {
    "licence_id": "$LICENCE_ID", "proposal_id": "$PROPOSAL_ID", "agency": "$AGENCY", "slug": "food-business-licence",
    "version": "1", "list_no": "1", "purpose": "revocation", "number": "1", "code": "licence_not_found",
}  # fmt: skip
_HEADERS: Final[Mapping[str, str]] = {
    "Idempotency-Key": '"Idempotency-Key: {key}"',
    "If-Match": "'If-Match: \"1\"'",
    "X-Operator-Id": '"X-Operator-Id: $OPERATOR_ID"',
}
_FILES: Final[Mapping[str, str]] = {
    "image/png": "licence.png", "image/svg+xml": "licence.svg", "application/octet-stream": "dictionary.bin",
}  # fmt: skip
_PROGRAM: Final = '''\
import base64
import json
import os
import urllib.request


def call(path, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(os.environ["BASE_URL"] + path, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


proof = f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()
basic = "Basic " + base64.b64encode(proof).decode()
token = call("/oauth/token", b"grant_type=client_credentials", Authorization=basic)

asked = """ASKED"""
licence = call(
    "/v1/licences",
    asked.encode(),
    Authorization="Bearer " + token["access_token"],
    Content_Type="application/json",
    Idempotency_Key="KEY",
)
print(licence["id"])
print(licence["qr"]["content"])
'''
_SIGN_IN: Final = """\
TOKEN=$(curl -sS -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials "$BASE_URL/oauth/token" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
_VERIFY: Final = """\
curl -sS "$BASE_URL/v1/verifications" \\
  -H "Content-Type: application/json" \\
  --data "{\\"content\\": \\"$CONTENT\\"}\""""
_KEPT: Final = """\
 > licence.json
LICENCE_ID=$(python3 -c 'import json; print(json.load(open("licence.json"))["id"])')
CONTENT=$(python3 -c 'import json; print(json.load(open("licence.json"))["qr"]["content"])')"""
FIRST: Final = ("token", "issue", "verify")


def curl(path: str, method: str, operation: Mapping[str, Any]) -> str:
    """The operation with all that it must be given, and its example as a body."""
    body = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(body), None)
    lines = [f'curl -sS "$BASE_URL{_filled(path)}"']
    if method == "post" and kind is None:
        lines.append("-X POST")
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    elif kind == _FORM:
        lines.append('-u "$CLIENT_ID:$CLIENT_SECRET"')
    key = _key(operation)
    lines += [
        f"-H {_HEADERS[each['name']].format(key=key)}"
        for each in operation.get("parameters", ())
        if each["in"] == "header" and each["required"]
    ]
    if kind == _FORM:
        lines += [f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in body[kind]["example"].items()]
    elif kind is not None:
        lines += [f'-H "Content-Type: {kind}"', f"--data {_quoted(example_text(body[kind]['example']))}"]
    if (file := _FILES.get(_answered(operation))) is not None:
        lines.append(f"-o {file}")
    return _NEXT.join(lines)


def first_commands(document: Mapping[str, Any]) -> Mapping[str, str]:
    """A token, a licence issued, and that licence verified; by the names in FIRST."""
    issue = curl("/v1/licences", "post", document["paths"]["/v1/licences"]["post"])
    return dict(zip(FIRST, (_SIGN_IN, issue + _KEPT, _VERIFY), strict=True))


def first_program(document: Mapping[str, Any]) -> str:
    """A token and a licence issued, in Python with nothing but what comes with it."""
    issue = document["paths"]["/v1/licences"]["post"]
    asked = example_text(issue["requestBody"]["content"]["application/json"]["example"])
    return _PROGRAM.replace("ASKED", asked).replace("KEY", _key(issue))


def example_text(example: object) -> str:
    """An example as it is sent or answered."""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)


def _filled(path: str) -> str:
    for name, value in _PLACES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _key(operation: Mapping[str, Any]) -> str:
    """The same for the same request, as an idempotency key should be."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example", {})
    return str(body.get("number", f"{operation['operationId']}-1"))


def _answered(operation: Mapping[str, Any]) -> str:
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return str(next(iter(good["content"])))


def _quoted(text: str) -> str:
    """One word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"
