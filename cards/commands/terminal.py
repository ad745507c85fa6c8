"""Print to a terminal: escape control characters, truncate, count, show a progress bar."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

PATIENCE = 1.0  # seconds before a progress bar appears

# control characters, direction marks, line separators, and surrogates, which stand for undecodable bytes in file names
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def internal_error(error: Exception) -> str:
    """Return the message for an unexpected exception."""
    details = " ".join(str(error).split())[:200]
    return f"internal error ({type(error).__name__}: {details}); please report it (CARDS_TRACEBACK=1 shows the traceback)"


def safe(text: str) -> str:
    """Escape characters that could control the terminal or change the direction of text."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def echo(output: str | dict[str, object]) -> None:
    """Print text, or a dict as one line of JSON."""
    if isinstance(output, dict):
        import json

        # JSON allows some control characters, but only inside strings, so JSON escapes are valid there
        output = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(output, ensure_ascii=False))
    click.echo(output)


def truncate(text: str, width: int = 100) -> str:
    """Shorten a text to at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def count(number: int, noun: str) -> str:
    """Format a number with its noun: `1 card`, `1,200 cards`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def bold(text: str, colour: str | None = None) -> str:
    """Format a text as bold, in a colour if given."""
    return click.style(text, fg=colour, bold=True)


def done() -> str:
    """Return the mark for success."""
    return bold("✓", "green")


def name(path: Path) -> str:
    """Format a path: relative if it is inside the current folder."""
    try:
        return str(path.resolve().relative_to(path.cwd()))
    except ValueError:
        return str(path)


def quoted(path: Path) -> str:
    """Quote a path for a shell command that the user may paste."""
    import shlex

    return shlex.quote(safe(name(path)))


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show on stderr, if that is a terminal, what a command waits for."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(label):
        yield


def progress(items: list[str], label: str) -> Iterator[str]:
    """Yield the items; if stderr is a terminal, show a progress bar there after PATIENCE seconds."""
    if not sys.stderr.isatty():
        yield from items
        return
    start, bar = time.monotonic(), None
    try:
        for completed, item in enumerate(items):
            if bar is None and time.monotonic() - start >= PATIENCE:
                from rich.console import Console
                from rich.progress import MofNCompleteColumn, Progress

                columns = (*Progress.get_default_columns(), MofNCompleteColumn())
                bar = Progress(*columns, console=Console(stderr=True), transient=True)
                task = bar.add_task(label, total=len(items))
                bar.start()
            if bar:
                bar.update(task, completed=completed)
            yield item
    finally:
        if bar:
            bar.stop()
