"""What the demo says in the terminal: where it is, what there is to check, and commands that work as pasted."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from elicence.bootstrap import Assembly
from elicence.cli.door import Door, Language
from elicence.cli.paper import columns, fields, headline, write
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.formats.qr import make_symbol, short_url, terminal
from elicence.licences.verification_code import grouped
from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.verdicts import VerdictClass
from elicence.verifier.verify import verify

__all__ = ["print_demo"]

_STYLES = {
    VerdictClass.ACCEPT: "green", VerdictClass.CHECK: "yellow", VerdictClass.STOP: "red",
    VerdictClass.CANNOT_DECIDE: "magenta",
}  # fmt: skip
_ISSUE: JsonObject = {
    "type": "business-licence-tax-certificate",
    "number": "0000000000009902",
    "holders": [{"kind": "person", "name": "SAMPLE PERSON R"}],
    "claims": {
        "trade_name": "SAMPLE BOOKSHOP", "ownership_type": "Sole proprietorship", "naics_code": "459210",
        "naics_description": "Book Retailers", "street_address": "2 EXAMPLE LN", "city": "SEATTLE", "state": "WA",
        "zip": "98101",
    },
}  # fmt: skip


def print_demo(door: Door, assembly: Assembly, note: JsonObject, *, stays: Path | None) -> None:
    """Everything at once, the page first and the commands last."""
    language = door.language
    base_url = str(note["base_url"])
    licences: Any = note["licences"]
    first = licences[0]
    code = short_url(base_url, first["verification_code"])
    write(
        headline("▪", word("demo", language), "green"),
        fields(
            labelled(
                [
                    ("page", Text(f"{base_url}/verify", "bold cyan underline")),
                    ("api", f"{base_url}/openapi.json"),
                    ("client_id", note["client_id"]),
                    ("client_secret", note["client_secret"]),
                    ("folder", word("demo_gone", language) if stays is None else stays.resolve()),
                ],
                language,
            )
        ),
        Text(""),
    )
    sys.stdout.write(terminal(make_symbol(code), colour=sys.stdout.isatty()))
    write(
        Text(f"{first['number']}  {code}", "dim"), Text(""),
        _table(assembly, licences, language), Text(""),
        Text(word("demo_issue", language), "bold"),
    )  # fmt: skip
    # Not through the paper, which would break lines that are to be pasted.
    sys.stdout.write(f"{_commands(assembly, note)}\n\n")
    write(Text(word("ctrl_c", language), "dim"))


def _table(assembly: Assembly, licences: list[dict[str, Any]], language: Language) -> Table:
    sources = PublishedDirectory(assembly.settings.published_dir)
    rows = []
    for each in licences:
        report = _verified(assembly, sources, each["qr_content"])
        rows.append(
            (
                Text(str(report.to_json(language)["heading"]), _STYLES[report.verdict_class]),
                grouped(each["verification_code"]),
                assembly.desk.catalogue.get(each["type"]).title[language],
            )
        )
    return columns([word(each, language) for each in ("verdict", "code", "type")], rows, fixed=(0, 1))


def _verified(assembly: Assembly, sources: PublishedDirectory, content: str) -> Report:
    trust, now = assembly.desk.trusted_list(), assembly.clock()
    return verify(content, trust=trust, sources=sources, now=now, policy=Policy())


def _commands(assembly: Assembly, note: JsonObject) -> str:
    """A token and a licence, for any POSIX shell with curl."""
    base_url, day = note["base_url"], assembly.clock().date().isoformat()
    body = dict(_ISSUE) | {"valid_from": day}
    claims: Any = _ISSUE["claims"]
    body["claims"] = claims | {"license_start_date": day}
    return f"""\
TOKEN=$(curl -s {base_url}/oauth/token -u {note["client_id"]}:{note["client_secret"]} \\
  -d grant_type=client_credentials | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')

curl -s {base_url}/v1/licences -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first-licence' \\
  -d '{json.dumps(body, ensure_ascii=False)}'"""
