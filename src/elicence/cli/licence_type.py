"""`elicence type`: the licence types this registry knows."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from elicence.cli.door import Door, Language, command, noun
from elicence.cli.paper import columns, fields, headline, say, say_json, write
from elicence.cli.words import labelled, word
from elicence.formats.encoding import JsonObject
from elicence.licences.catalogue import Catalogue, write_lock
from elicence.licences.licence_type import LicenceType
from elicence.licences.request_schema import request_schema

app = noun()

_YES = {True: "✓", False: ""}


@app.callback()
def licence_type() -> None:
    """Licence types: the files of standards/."""


@command(app, "list")
def list_(door: Door) -> None:
    """List the licence types."""
    types = Catalogue.load(door.settings().types_dir).types()
    if door.as_json:
        for each in types:
            say_json(_summary(each))
        return
    rows = [(each.slug, f"v{each.version}", each.status, each.title[door.language]) for each in types]
    write(columns([word(each, door.language) for each in ("type", "version", "state", "title")], rows, fixed=(0, 1, 2)))


@command(app, "show")
def show(
    door: Door,
    slug: Annotated[str, typer.Argument(metavar="TYPE", help="Slug of the licence type.")],
    version: Annotated[int | None, typer.Option(min=1, help="The newest published one unless named.")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a request to issue.")] = False,
) -> None:
    """Show a licence type: its fields, who may see them, and the reasons of changes."""
    found = Catalogue.load(door.settings().types_dir).get(slug, version)
    if schema:
        print(json.dumps(request_schema(found), ensure_ascii=False, indent=None if door.as_json else 2))
        return
    if door.as_json:
        say_json({"object": "licence_type", "sha256": found.digest, "file": json.loads(found.document)})
        return
    language = door.language
    write(
        headline("▪", found.title[language], "default", f"{found.slug} v{found.version}", found.status),
        fields(labelled(_facts(found, language), language)),
        Text(""),
        columns(
            [word(each, language) for each in ("field", "label", "class", "in_code", "required")],
            [
                *_holder_rows(found),
                *(
                    (name, rule.label[language], str(rule.disclosure), _YES[rule.code], _YES[rule.required])
                    for name, rule in found.claims.items()
                ),
            ],
            fixed=(),
        ),
    )


@command(app, "lint")
def lint(
    door: Door,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A folder of standards; that of this registry unless named.")
    ] = None,
    lock: Annotated[bool, typer.Option("--write-lock", help="Write published.lock anew before checking it.")] = False,
) -> None:
    """Check every licence type and every example, as a type review does."""
    folder = directory or door.settings().types_dir
    if lock:
        write_lock(folder)
    found = Catalogue.load(folder, examples=True)
    examples = found.lint_examples(folder)
    answer: JsonObject = {
        "object": "type_lint", "folder": str(folder), "types": [_summary(each) for each in found.types()],
        "examples": examples, "lock_written": lock,
    }  # fmt: skip
    language = door.language
    more = [word("lock_written", language)] if lock else []
    say(
        door,
        answer,
        headline("✔", word("linted", language, types=len(found.types()), examples=examples), "green", *more),
    )


def _summary(licence_type: LicenceType) -> JsonObject:
    classes = Counter(str(rule.disclosure) for rule in licence_type.claims.values())
    return {
        "object": "licence_type", "slug": licence_type.slug, "version": licence_type.version,
        "status": licence_type.status, "code": licence_type.code, "title": dict(licence_type.title),
        "register": licence_type.register, "claims": dict(classes), "sha256": licence_type.digest,
    }  # fmt: skip


def _facts(found: LicenceType, language: Language) -> list[tuple[str, object]]:
    rule = found.validity
    length = next((f" {months} months" for months in (rule.months, rule.max_months) if months), "")
    return [
        ("type_code", found.code),
        ("publisher", found.publisher.name[language]),
        ("legal_basis", found.legal_basis[language]),
        ("register", found.register),
        ("validity", f"{rule.rule}{length}, {rule.time_zone}"),
        ("suspension", word("possible" if found.changes.suspension else "never", language)),
        ("reasons", ", ".join(found.changes.reasons)),
        ("photo_id", found.counter_photo_id),
        ("budget", f"{found.code_budget.max_version}-{found.code_budget.level}"),
        ("SHA-256", found.digest),
    ]


def _holder_rows(found: LicenceType) -> Iterator[tuple[str, ...]]:
    rules = found.holder
    for kind in rules.kinds:
        yield f"holder.name ({kind})", "", str(rules.name_disclosure[kind]), _YES[rules.name_code], "✓"
    for kind in rules.kinds:
        needed = _YES[rules.id_required]
        yield f"holder.id ({kind})", "", str(rules.id_disclosure[kind]), _YES[rules.id_code], needed
