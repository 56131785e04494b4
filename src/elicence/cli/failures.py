"""Every way a command can fail, as one sentence and an exit code.

0   done; for `verify`: accept
1   a failure of our own, written down under an id
2   used wrongly, or settings and keys that are not fit to work with
3   the input was refused: a file, a request, or what the caller may not do
4   the data or their state forbid it: not found, conflict, store, trusted list, a registry elsewhere that fails
10  `verify`: stop      11  `verify`: check      12  `verify`: cannot decide
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType

import typer

from elicence.cli.paper import err, safe
from elicence.errors import (
    CallRefused,
    Conflict,
    ElicenceError,
    FormatError,
    KeyFault,
    NotAllowed,
    NotFound,
    PublishFault,
    RemoteFault,
    RequestError,
    SettingsFault,
    StoreFault,
    TrustFault,
    TypeFileError,
)
from elicence.formats.encoding import JsonObject, JsonValue

__all__ = ["exit_code", "guarded", "show_error", "usage", "write_down"]

_EXIT: Mapping[type[ElicenceError], int] = {
    CallRefused: 3, FormatError: 3, TypeFileError: 3, RequestError: 3, NotAllowed: 3,
    NotFound: 4, Conflict: 4, TrustFault: 4, StoreFault: 4, PublishFault: 4, RemoteFault: 4,
    KeyFault: 2, SettingsFault: 2,
}  # fmt: skip
_OWN_FAILURE, _USAGE, _STATE, _INTERRUPTED = 1, 2, 4, 130


def exit_code(error: ElicenceError) -> int:
    """The exit code of an error, by its class."""
    return _EXIT[type(error)]


def usage(sentence: str, option: str | None = None) -> typer.BadParameter:
    """The error for a command that was used wrongly; raise it."""
    return typer.BadParameter(sentence, param_hint=option)


def guarded(run: Callable[[], object], *, as_json: bool) -> int:
    """Runs a command and answers its exit code. Bad input ends in a sentence, never in a traceback."""
    try:
        code = run()
    except ElicenceError as error:
        show_error(error, as_json=as_json)
        return exit_code(error)
    except typer.TyperException as error:
        return _show_usage(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our answer has gone; Python would complain once more while closing the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OWN_FAILURE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _show("file_error", f"{where}{error.strerror or 'cannot be read or written'}", as_json=as_json)
        return _STATE
    return code if isinstance(code, int) else 0


def show_error(error: ElicenceError, *, as_json: bool, about: str | None = None) -> None:
    """Puts an error on standard error: a sentence and its problems, or an object. `about` names the input."""
    answer: JsonObject = {"code": error.code, "message": error.message}
    lines = []
    if isinstance(error, TypeFileError):
        answer |= {"file": error.file, "pointer": error.pointer}
        lines.append(f"{error.file}{'#' + error.pointer if error.pointer else ''}")
    if isinstance(error, RequestError):
        answer["problems"] = [
            {"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in error.problems
        ]
        if [each.detail for each in error.problems] != [error.message]:
            lines += [f"{each.pointer or '/'}  {each.detail} [{each.code}]" for each in error.problems]
    else:
        answer["problems"] = []
    facts = {name: fact for name, value in error.facts.items() if (fact := _fact(value)) is not None}
    if facts:
        answer["facts"] = facts
    if about is not None:
        answer["input"] = about
    _show(error.code, error.message, as_json=as_json, lines=lines, answer=answer, about=about)


def _fact(value: object) -> JsonValue:
    if isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str | int) for each in value):
        return list(value)
    return None


def _show(
    code: str,
    sentence: str,
    *,
    as_json: bool,
    lines: list[str] | None = None,
    answer: JsonObject | None = None,
    about: str | None = None,
) -> None:
    if as_json:
        body = answer or {"code": code, "message": sentence, "problems": []}
        sys.stderr.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
        return
    console = err()
    prefix = f"{about}: " if about else ""
    console.print(safe(f"✘ {prefix}{sentence} [{code}]"), style="red")
    for line in lines or []:
        console.print(safe(f"  {line}"))


def _show_usage(error: typer.TyperException, *, as_json: bool) -> int:
    """What Click found wrong with the words of the command; a noun alone is answered with its help."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")
        return _USAGE
    sentence = error.format_message().replace("\n\t", " ")
    if as_json:
        _show("usage", sentence, as_json=True)
    else:
        err().print(safe(f"✘ {sentence}"), style="red")
        if context is not None:
            err().print(safe(f"  {context.command_path} --help tells how it is used."))
    return _USAGE


def write_down(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours, for `sys.excepthook`: the traceback goes into a file only its owner may read, its name to
    whoever called. Python ends with exit code 1 afterwards."""
    descriptor, name = tempfile.mkstemp(prefix="elicence-failure-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(kind, error, trace)))
    sentence = f"This is a failure of our own; what went wrong is written down in {name}."
    _show("internal", sentence, as_json="--json" in sys.argv)
