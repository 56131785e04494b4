"""What the demo says in the terminal: codes to scan, where it is, what there is to check, commands to paste."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from elicence.bootstrap import Assembly
from elicence.cli.door import Door, Language
from elicence.cli.paper import columns, fields, headline, out, write
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.formats.qr import QUIET_ZONE, make_symbol, short_url, terminal
from elicence.licences.verification_code import grouped
from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.verdicts import VerdictClass
from elicence.verifier.verify import verify

__all__ = ["commands", "print_demo"]

_STYLES = {
    VerdictClass.ACCEPT: "green", VerdictClass.CHECK: "yellow", VerdictClass.STOP: "red",
    VerdictClass.CANNOT_DECIDE: "magenta",
}  # fmt: skip
_GAP = 2
_ISSUE: JsonObject = {
    "type": "business-licence-tax-certificate",
    "holders": [{"kind": "person", "name": "SAMPLE PERSON R"}],
    "claims": {
        "trade_name": "SAMPLE BOOKSHOP", "ownership_type": "Sole proprietorship", "naics_code": "459210",
        "naics_description": "Book Retailers", "street_address": "2 EXAMPLE LN", "city": "SEATTLE", "state": "WA",
        "zip": "98101",
    },
}  # fmt: skip


def print_demo(door: Door, assembly: Assembly, note: JsonObject, *, stays: Path | None) -> None:
    """Everything at once; what is needed most comes last, where the terminal stands."""
    language = door.language
    base_url = str(note["base_url"])
    licences: Any = note["licences"]
    headings = _headings(assembly, licences, language)
    sys.stdout.write(_codes(base_url, licences, headings))
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
        _table(assembly, licences, headings, language), Text(""),
        Text(word("demo_issue", language), "bold"),
    )  # fmt: skip
    # Not through the paper, which would break lines that are to be pasted.
    sys.stdout.write(f"{commands(str(note['client_id']), str(note['client_secret']), base_url, assembly.clock())}\n\n")
    write(Text(word("ctrl_c", language), "dim"))


def _codes(base_url: str, licences: list[dict[str, Any]], headings: list[Text]) -> str:
    """The online code of every licence, as many in a row as the terminal is wide. With its margin a code scans from a
    screen; the whole one is for paper and pictures, and wider than most terminals."""
    blocks = []
    for each, heading in zip(licences, headings, strict=True):
        symbol = make_symbol(short_url(base_url, each["verification_code"]))
        width = symbol.size + 2 * QUIET_ZONE
        caption = heading.plain + " " * (width - cell_len(heading.plain))
        blocks.append([*terminal(symbol, colour=sys.stdout.isatty()).splitlines(), caption])
        widest = width
    in_a_row = max(1, (out().width + _GAP) // (widest + _GAP))
    rows = [blocks[first : first + in_a_row] for first in range(0, len(blocks), in_a_row)]
    lines = ((" " * _GAP).join(parts).rstrip(" ") for row in rows for parts in [*zip(*row, strict=True), ("",)])
    return "".join(f"{line}\n" for line in lines)


def _headings(assembly: Assembly, licences: list[dict[str, Any]], language: Language) -> list[Text]:
    """The verdict on each licence."""
    sources = PublishedDirectory(assembly.settings.published_dir)
    reports = [_verified(assembly, sources, each["qr_content"]) for each in licences]
    return [Text(str(each.to_json(language)["heading"]), _STYLES[each.verdict_class]) for each in reports]


def _table(assembly: Assembly, licences: list[dict[str, Any]], headings: list[Text], language: Language) -> Table:
    titles = [assembly.desk.catalogue.get(each["type"]).title[language] for each in licences]
    codes = [grouped(each["verification_code"]) for each in licences]
    heads = [word(each, language) for each in ("verdict", "code", "type")]
    return columns(heads, zip(headings, codes, titles, strict=True), fixed=(0, 1))


def _verified(assembly: Assembly, sources: PublishedDirectory, content: str) -> Report:
    trust, now = assembly.desk.trusted_list(), assembly.clock()
    return verify(content, trust=trust, sources=sources, now=now, policy=Policy())


def commands(client_id: str, client_secret: str, base_url: str, now: datetime) -> str:
    """What callers need, a token, and a licence, for any POSIX shell with curl: one licence a day, however often it is
    pasted."""
    day = now.date().isoformat()
    claims: Any = _ISSUE["claims"]
    body = _ISSUE | {
        "number": f"{now:%Y%m%d}00009902", "valid_from": day, "claims": claims | {"license_start_date": day}
    }  # fmt: skip
    return f"""\
export BASE_URL={base_url} CLIENT_ID={client_id} CLIENT_SECRET={client_secret}

TOKEN=$(curl -s "$BASE_URL/oauth/token" -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')

curl -s "$BASE_URL/v1/licences" -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -H 'Idempotency-Key: first-licence-{day}' \\
  -d '{json.dumps(body, ensure_ascii=False)}'"""
