"""Whether an open registry is in order: store, clock, unfinished work, and the published files against the records."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from elicence.bootstrap import Assembly
from elicence.cli.health_of_keys import Finding
from elicence.cli.words import stamp
from elicence.errors import ElicenceError
from elicence.issuer.issue import PATIENCE
from elicence.keys.keyring import Purpose
from elicence.registry.agencies import agency_by_id
from elicence.registry.health import store_facts
from elicence.registry.intents import pending_intents
from elicence.registry.log import log_entries, log_size
from elicence.registry.outbox import due_outbox
from elicence.registry.publications import PublicationRow, last_publication
from elicence.registry.status import status_lists
from elicence.registry.unit import Reader
from elicence.verifier.sources import path_of
from elicence.verifier.trust import open_trusted_list, parse_roots

__all__ = ["Finding", "registry_findings"]

_FORMS = {"token": "", "revocation": "/revocation", "suspension": "/suspension"}
_LEEWAY = timedelta(seconds=60)
_OLD_LIST = timedelta(hours=12)
_SOON = timedelta(days=7)
_OVERDUE = timedelta(seconds=5)


def registry_findings(assembly: Assembly, *, now: datetime) -> Iterator[Finding]:
    """Everything that can be said of a registry that opens."""
    yield _store(assembly)
    yield _passphrase_place(assembly)
    yield _clock(assembly, now)
    yield _intents(assembly, now)
    yield _outbox(assembly, now)
    yield _trusted_list(assembly, now)
    yield from _lists(assembly, now)
    yield _types(assembly)


def _store(assembly: Assembly) -> Finding:
    facts = store_facts(assembly.registry)
    sentence = f"{facts['engine']} {facts['version']}, journal {facts['journal']}, synchronous {facts['synchronous']}"
    return Finding("store", "passed", f"{sentence}; sound, schema current.")


def _passphrase_place(assembly: Assembly) -> Finding:
    settings = assembly.settings
    beside = settings.passphrase_path.resolve().is_relative_to(settings.keys_dir.resolve())
    if beside and assembly.desk.environment == "production":
        sentence = "The passphrase lies beside the keys it opens; move it and name it in ELICENCE_PASSPHRASE_FILE."
        return Finding("passphrase place", "warning", sentence)
    return Finding("passphrase place", "passed", "Fit for this environment.")


def _clock(assembly: Assembly, now: datetime) -> Finding:
    def last(reader: Reader) -> datetime | None:
        entries = log_entries(reader, start=max(0, log_size(reader) - 1), limit=1)
        return entries[-1].occurred_at if entries else None

    recorded = assembly.registry.read(last)
    if recorded is not None and now < recorded - _LEEWAY:
        sentence = f"This clock says {stamp(now)}, but the last entry was written at {stamp(recorded)}."
        return Finding("clock", "failed", sentence)
    return Finding("clock", "passed", "Not behind the last entry of the log.")


def _intents(assembly: Assembly, now: datetime) -> Finding:
    waiting = assembly.registry.read(lambda reader: pending_intents(reader, older_than=now - PATIENCE, limit=1000))
    if waiting:
        sentence = f"{len(waiting)} licences were begun and not finished; `elicence status publish` finishes them."
        return Finding("open intents", "failed", sentence)
    return Finding("open intents", "passed", "None.")


def _outbox(assembly: Assembly, now: datetime) -> Finding:
    due = assembly.registry.read(lambda reader: due_outbox(reader, now=now - _OVERDUE, limit=1000))
    if due:
        sentence = f"{len(due)} changes are not public yet; run `elicence status publish`."
        return Finding("changes to publish", "failed", sentence)
    return Finding("changes to publish", "passed", "None.")


def _trusted_list(assembly: Assembly, now: datetime) -> Finding:
    folder = assembly.settings.published_dir
    try:
        roots = parse_roots((folder / "roots.json").read_bytes())
        trust = open_trusted_list((folder / "trusted-list.json").read_bytes(), roots, now=now)
    except OSError as error:
        return Finding("trusted list", "failed", f"It cannot be read: {error.strerror}.")
    except ElicenceError as error:
        return Finding("trusted list", "failed", f"{error.message} [{error.code}]")
    ours = {each.kid for each in assembly.desk.chest.keyring.active(None, Purpose.TRUSTED_LIST)}
    if set(roots.keys) != ours:
        return Finding("trusted list", "warning", "roots.json names other roots than those that sign here.")
    listed, present = trust.payload, assembly.desk.trusted_list().payload
    if (listed.agencies, listed.types) != (present.agencies, present.types):
        return Finding(
            "trusted list", "failed", "It says other things than the records; run `elicence status publish`."
        )
    left = trust.expires_at - now
    sentence = f"Version {trust.version}, good for {left.days} days."
    return Finding("trusted list", "passed" if left > _SOON else "warning", sentence)


def _lists(assembly: Assembly, now: datetime) -> Iterator[Finding]:
    for agency, list_no, form, row in assembly.registry.read(_publications):
        name = f"status list {agency}/{list_no}"
        if row is None:
            yield Finding(name, "failed", f"Its form {form} was never published; run `elicence status publish`.")
            continue
        url = f"{assembly.desk.base_url}/status/{agency}/{list_no}{_FORMS[form]}"
        if assembly.folder.read(path_of(url)) != row.document:
            yield Finding(name, "failed", f"The published {form} file is not the one on record; publish again.")
        elif form == "token":
            yield _age(name, row, now)


def _publications(reader: Reader) -> list[tuple[str, int, str, PublicationRow | None]]:
    found = []
    for row in status_lists(reader):
        agency = agency_by_id(reader, row.agency_id)
        slug = "?" if agency is None else agency.slug
        found += [
            (slug, row.list_no, form, last_publication(reader, row.agency_id, row.list_no, form)) for form in _FORMS
        ]
    return found


def _age(name: str, row: PublicationRow, now: datetime) -> Finding:
    signed = f"Signed {stamp(row.published_at)}"
    if now >= row.expires_at:
        return Finding(name, "failed", f"{signed}, no longer good; run `elicence status publish`.")
    old = now - row.published_at > _OLD_LIST
    return Finding(name, "warning" if old else "passed", f"{signed}, good until {stamp(row.expires_at)}.")


def _types(assembly: Assembly) -> Finding:
    """Type files that verifiers read must be those the trusted list pins."""
    wrong = [
        f"{each.slug} v{each.version}"
        for each in assembly.desk.catalogue.types()
        if each.status != "draft" and assembly.folder.read(f"types/{each.slug}/v{each.version}.json") != each.document
    ]
    if wrong:
        return Finding("licence types", "failed", f"Published otherwise than on file: {', '.join(wrong)}.")
    return Finding("licence types", "passed", f"{len(assembly.desk.catalogue.types())}, published as they are on file.")
