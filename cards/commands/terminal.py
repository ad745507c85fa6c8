"""Text for a terminal: made safe, shortened, counted, and a bar for what takes long."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 1.0  # seconds before a bar shows how far something is

# controls, marks of direction, line separators, and the halves of characters that stand for bytes of a name
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def fault(error: Exception) -> str:
    """What is said of an error that is ours."""
    told = " ".join(str(error).split())[:200]
    return f"a fault in Cards ({type(error).__name__}: {told}); please report it (CARDS_TRACEBACK=1 shows where it is)"


def safe(text: str) -> str:
    """Text for the terminal: what could steer it or turn its direction is shown, not obeyed."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def safe_json(text: str) -> str:
    """JSON for the terminal. What JSON may hold raw and a terminal obeys stands only inside its texts."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def print_json(value: dict[str, object]) -> None:
    """Print a value as a line of JSON."""
    import json

    click.echo(safe_json(json.dumps(value, ensure_ascii=False)))


def truncate(text: str, width: int = 100) -> str:
    """The beginning of a text, at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def count(number: int, one: str) -> str:
    """A number of things: `1 card`, `1,200 cards`."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def done() -> str:
    """The mark of what went well."""
    return click.style("✓", fg="green", bold=True)


def name(path: Path) -> str:
    """A path as people write it: from the current folder where it lies in it."""
    try:
        return str(path.resolve().relative_to(path.cwd()))
    except ValueError:
        return str(path)


def quoted(path: Path) -> str:
    """A path for a command line that the user may paste."""
    import shlex

    return shlex.quote(safe(name(path)))


def progress(items: list[str], label: str) -> Iterator[str]:
    """The items, with a bar on the error stream once they take long; none where it is no terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    began, bar = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - began >= PATIENCE:
                from rich.console import Console
                from rich.progress import MofNCompleteColumn, Progress

                columns = (*Progress.get_default_columns(), MofNCompleteColumn())
                bar = Progress(*columns, console=Console(stderr=True), transient=True)
                task = bar.add_task(label, total=len(items))
                bar.start()
            if bar:
                bar.update(task, completed=done)
            yield item
    finally:
        if bar:
            bar.stop()
