"""`elicence verify`: is this licence genuine, and in force now? Needs the published files and the roots, no more."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from elicence.cli.door import Door, command, noun
from elicence.cli.failures import exit_code, show_error, usage
from elicence.cli.paper import safe, say_json, write
from elicence.cli.report_paper import EXIT_OF, report_paper
from elicence.cli.scans import Scan, scan, standard_input_waits
from elicence.errors import ElicenceError, FormatError, SettingsFault
from elicence.formats.encoding import JsonObject, parse_json
from elicence.formats.jws import parse_jws
from elicence.settings import Settings
from elicence.verifier.decode import verification_code
from elicence.verifier.policy import Policy
from elicence.verifier.report import Report, Verdict
from elicence.verifier.sources import MAX_STATUS_CHARS, PublishedDirectory
from elicence.verifier.trust import TrustedList, open_trusted_list, parse_roots
from elicence.verifier.verify import verify as verify_text

app = noun(alone=True)

_WORST_FIRST = (10, 4, 3, 12, 11, 0)
_STALE = timedelta(hours=1)
_AGE = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WEEK = timedelta(days=7)


@command(app, "verify")
def verify(
    door: Door,
    contents: Annotated[
        list[str] | None, typer.Argument(metavar="[CONTENT|FILE|-]…", help="What was scanned; - is standard input.")
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Published files to judge by; those of this home unless named."),
    ] = None,
    roots: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The roots you were handed; those of this home unless named.")
    ] = None,
    expect_type: Annotated[str | None, typer.Option(metavar="TYPE", help="Accept only this type of licence.")] = None,
    id_tail: Annotated[
        str | None, typer.Option(metavar="X", help="Last characters of the holder's number, as told at the counter.")
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="The code was read from paper, which anybody may hold.")
    ] = False,
    max_status_age: Annotated[
        str, typer.Option(metavar="AGE", help="How old the status list may be: 90s, 30m, 1h, 2d.")
    ] = "24h",
) -> None:
    """Check licences: pictures, PDF files, licence URLs, digits, compact tokens, verification codes.

    A file of that name is read if there is one; a text file holds one code a line. A verification code of twelve
    characters is looked up in the registry of this home and nowhere else. Nothing that was scanned is ever opened.

    Exit codes: 0 accept, 10 stop, 11 check, 12 cannot decide, 3 input refused, 4 not found or trusted list refused,
    2 usage or settings. Of several inputs the gravest counts: 10, 4, 3, 12, 11, 0.
    """
    policy = _policy(expect_type, id_tail, paper=paper, max_status_age=max_status_age)
    arguments = contents or (["-"] if standard_input_waits() else [])
    if not arguments:
        raise usage("name a file or a text to check", "CONTENT")
    office = _office(door, published, roots)
    codes = [code for argument in arguments for code in _one(office, argument, policy, many=len(arguments) > 1)]
    raise typer.Exit(min(codes, key=_WORST_FIRST.index))


@dataclass(frozen=True, slots=True)
class _Office:
    """Whom to believe, what is published, and whether there is a registry to look codes up in."""

    door: Door
    trust: TrustedList
    sources: PublishedDirectory
    has_registry: bool
    now: datetime


def _one(office: _Office, argument: str, policy: Policy, *, many: bool) -> Iterator[int]:
    """Exit codes of one argument; an input that is refused does not keep the others from being checked."""
    about = None
    try:
        found = scan(argument)
        about = found.name
        for report in _reports(office, found, policy):
            _say(office.door, report, about, many=many or len(found.texts) > 1)
            yield EXIT_OF[report.verdict_class]
    except ElicenceError as error:
        if exit_code(error) not in _WORST_FIRST:
            raise
        show_error(error, as_json=office.door.as_json, about=about)
        yield exit_code(error)


def _reports(office: _Office, found: Scan, policy: Policy) -> Iterator[Report]:
    """A picture may show other codes beside the licence's; they count only if there is no licence at all."""
    reports = [_judge(office, text, policy) for text in found.texts]
    licences = [each for each in reports if each.verdict is not Verdict.NOT_A_LICENCE]
    yield from licences or reports[:1]


def _judge(office: _Office, text: str, policy: Policy) -> Report:
    def judged(content: str) -> Report:
        return verify_text(content, trust=office.trust, sources=office.sources, now=office.now, policy=policy)

    code = _typed_code(text, office) if office.has_registry else None
    return judged(text) if code is None else _looked_up(office.door, code, judged)


def _looked_up(door: Door, code: str, judged: Callable[[str], Report]) -> Report:
    # Imported here: a check needs no registry, and loading one takes longer than the check.
    from elicence.cli.local_registry import look_up

    found = look_up(door, code)
    return found.shown_to_typist(judged(found.credential))


def _typed_code(text: str, office: _Office) -> str | None:
    return verification_code(text, office.sources.dictionaries(), registry=office.trust.base_url)


def _say(door: Door, report: Report, name: str | None, *, many: bool) -> None:
    if door.as_json:
        answer: JsonObject = report.to_json(door.language)
        say_json(answer if name is None else answer | {"input": name})
        return
    if many and name is not None:
        write(Text("── ", "dim").append(safe(name)))
    write(report_paper(report, door.language), *([Text("")] if many else []))


def _policy(expect_type: str | None, id_tail: str | None, *, paper: bool, max_status_age: str) -> Policy:
    age = _AGE.fullmatch(max_status_age)
    if age is None:
        raise usage("an age is a number with s, m, h or d, as in 90s, 30m, 1h, 2d", "--max-status-age")
    limit = timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        return Policy(
            max_status_age=limit,
            hard_status_age=max(limit, _WEEK),
            expected_type=expect_type,
            id_tail=None if id_tail is None else id_tail.strip().upper(),
            paper=paper,
        )
    except ValueError as error:
        raise usage(str(error), "--id-tail") from None


def _office(door: Door, published: Path | None, roots: Path | None) -> _Office:
    """Trust comes from the files named, or else from the home; a registry's own lists are brought up to date first."""
    if published is not None and roots is None:
        raise usage("a folder cannot vouch for itself; name the roots you were handed too", "--published")
    settings, now = door.settings(), door.clock()
    folder = published or settings.published_dir
    is_registry = (settings.keys_dir / "keyring.json").is_file() and (settings.home / "elicence.json").is_file()
    if published is None and is_registry and _any_stale(folder, now):
        _bring_up_to_date(door)
    trust = _trusted_list(folder, roots or folder / "roots.json", settings, now)
    return _Office(door, trust, PublishedDirectory(folder), has_registry=is_registry, now=now)


def _trusted_list(folder: Path, roots: Path, settings: Settings, now: datetime) -> TrustedList:
    found = {}
    for path in (roots, folder / "trusted-list.json"):
        try:
            found[path] = path.read_bytes()
        except OSError:
            place = "this folder is no registry" if folder == settings.published_dir else f"{path.parent} has none"
            raise SettingsFault(
                "settings_bad", f"{path.name} cannot be read: {place}; name --published and --roots."
            ) from None
    return open_trusted_list(found[folder / "trusted-list.json"], parse_roots(found[roots]), now=now)


def _any_stale(folder: Path, now: datetime) -> bool:
    """Whether a status list is so old that the registry would sign it anew, or the trusted list is missing."""
    lists = folder.glob("status/*/*.statuslist+jwt")
    return not (folder / "trusted-list.json").is_file() or any(now - _signed_at(path) >= _STALE for path in lists)


def _signed_at(path: Path) -> datetime:
    """When a list says it was signed; one that cannot be read is as good as very old."""
    never = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    try:
        jws = parse_jws(path.read_text("ascii", errors="replace"), typ=None, max_chars=MAX_STATUS_CHARS)
        payload = parse_json(jws.payload, max_bytes=MAX_STATUS_CHARS)
    except (OSError, FormatError):
        return never
    issued = payload.get("iat") if isinstance(payload, dict) else None
    return never + timedelta(seconds=issued) if isinstance(issued, int) else never


def _bring_up_to_date(door: Door) -> None:
    """Tries; if the registry cannot publish, the check goes on with the lists as they are and says how old they are."""
    # Imported here: a check needs no registry, and loading one takes longer than the check.
    from elicence.cli.local_registry import bring_up_to_date

    try:
        bring_up_to_date(door)
    except ElicenceError as error:
        show_error(error, as_json=door.as_json, about="the lists were not brought up to date")
