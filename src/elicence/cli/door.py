"""What every command is handed: where the registry is, in which form and language to answer, and the present.

`command` registers a function as a command. Its first parameter is the `Door`; the options `--home`, `--json` and
`--lang`, which every command has, and `--context`, which those have that work with a registry elsewhere too, are read
here and not repeated in each.
"""

import functools
import inspect
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from elicence.settings import Settings, system_clock

if TYPE_CHECKING:
    from elicence.keys.secrets_file import ScryptCost

__all__ = ["AsJson", "Door", "Home", "Lang", "Language", "command", "noun"]

Language = Literal["zh-CN", "en"]

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Folder of the registry; the current folder unless named."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, one object a line.")]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The registry elsewhere to ask; see `elicence context`."),
]
Lang = Annotated[Language | None, typer.Option("--lang", metavar="zh-CN|en", help="Language of the answer.")]


@dataclass(frozen=True, slots=True)
class Door:
    """How this process was called. A test makes one with a clock that stands and a cheap `cost` of secrets."""

    home: Path | None = None
    as_json: bool = False
    asked_language: Language | None = None
    context: str | None = None
    clock: Callable[[], datetime] = system_clock
    entropy: Callable[[int], bytes] = os.urandom
    cost: "ScryptCost | None" = None
    pause: Callable[[float], None] = time.sleep

    def with_options(self, home: Path | None, as_json: bool, language: Language | None) -> "Door":
        """The door with options given after the command, which win over those before it."""
        return replace(
            self,
            home=home or self.home,
            as_json=as_json or self.as_json,
            asked_language=language or self.asked_language,
        )

    def settings(self) -> Settings:
        """The settings of this process."""
        return Settings.read(home=self.home)

    @property
    def language(self) -> Language:
        """The language asked for, or that of the settings."""
        return self.asked_language or self.settings().lang


def noun(*, alone: bool = False) -> typer.Typer:
    """The commands of one noun; `alone` if the noun itself is the command."""
    return typer.Typer(add_completion=False, no_args_is_help=not alone, rich_markup_mode=None)


def command(
    app: typer.Typer, name: str, *, elsewhere: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers `function(door, …)` as the command `name`, with the options that every command has; with `--context`
    if it works with a registry `elsewhere` too."""
    options: list[tuple[str, object, object]] = [("home", Home, None), ("as_json", AsJson, False), ("lang", Lang, None)]
    if elsewhere:
        options.insert(0, ("context", Context, None))

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(
            *,
            ctx: typer.Context,
            home: Path | None,
            as_json: bool,
            lang: Language | None,
            context: str | None = None,
            **asked: object,
        ) -> None:
            door = replace(_door(ctx), context=context)
            function(door.with_options(home, as_json, lang), **asked)

        own = list(inspect.signature(function).parameters.values())[1:]
        parameters = [inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
        parameters += [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        for option, annotation, default in options:
            parameters.append(
                inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
            )
        # Typer reads both.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        app.command(name)(run)
        return function

    return register


def _door(ctx: typer.Context) -> Door:
    return ctx.obj if isinstance(ctx.obj, Door) else Door()
