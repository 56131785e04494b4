"""What answers are written on: JSON lines for machines; for people quiet tables that fit 80 columns.

Every text from outside goes through `safe`, so that a licence cannot move the cursor or colour the terminal.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from elicence.cli.door import Door
from elicence.formats.encoding import JsonObject

__all__ = ["columns", "err", "fields", "headline", "out", "safe", "say", "say_json", "write"]

_WIDEST_LABEL = 30
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def out() -> Console:
    """Standard output; made anew for each answer, because a test swaps the stream."""
    return Console(file=sys.stdout, highlight=False)


def err() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def safe(value: object) -> Text:
    """A text from outside as it may stand in a terminal: control, format and unassigned characters are shown as �."""
    return Text("".join("�" if unicodedata.category(each) in _HIDDEN else each for each in str(value)))


def say(door: Door, answer: JsonObject, *paper: RenderableType) -> None:
    """Gives an answer: the object if JSON was asked for, else what is written for people."""
    if door.as_json:
        say_json(answer)
        return
    write(*paper)


def write(*paper: RenderableType) -> None:
    """Writes for people, without the blanks at line ends that tables leave."""
    console = out()
    with console.capture() as captured:
        for each in paper:
            console.print(each)
    sys.stdout.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().splitlines()))


def say_json(answer: JsonObject) -> None:
    """One object on one line."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def headline(mark: str, words: str, style: str, *more: str) -> Text:
    """The first line of an answer: a mark, what happened, and of what."""
    line = Text.assemble((f"{mark} {words}", f"bold {style}"))
    for each in more:
        line.append("  ").append(safe(each))
    return line


def fields(pairs: Mapping[str, object] | Iterable[tuple[str, object]], *, indent: int = 2) -> Padding:
    """Labels and values in two columns; pairs without a value are left out."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", max_width=_WIDEST_LABEL)
    table.add_column(overflow="fold")
    for label, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        if value is not None and value != "":
            table.add_row(safe(label), value if isinstance(value, Text) else safe(value))
    return Padding(table, (0, 0, 0, indent))


def columns(heads: Sequence[str], rows: Iterable[Sequence[object]], *, fixed: Sequence[int] = (0,)) -> Table:
    """A table without lines. Columns whose number is in `fixed` are never wrapped."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_header=any(heads))
    for number, head in enumerate(heads):
        table.add_column(head, no_wrap=number in fixed, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else safe("" if cell is None else cell) for cell in row))
    return table
