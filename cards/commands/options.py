"""What the commands have in common: their exit codes, kinds of paths, and the options of all that read notes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

DONE, PROBLEMS, FAILED = 0, 1, 2

Command = Callable[..., Any]


class _Path(click.Path):
    """A path, given as a `pathlib.Path`: importing it takes a tenth of the time of `cards --help`."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        from pathlib import Path

        return Path(str(super().convert(value, parameter, context)))


ANY, FOLDER, FOLDER_THERE = _Path(), _Path(file_okay=False), _Path(file_okay=False, exists=True)
FILE, FILE_THERE, THERE = _Path(dir_okay=False), _Path(dir_okay=False, exists=True), _Path(exists=True)


def of_notes(command: Command, decks: tuple[str, ...] = ("-o", "--out")) -> Command:
    """The arguments of every command that reads notes; the command gets a Config. `decks` are the names of one of them."""

    @click.argument("paths", nargs=-1, type=ANY)
    @click.option(*decks, "out", type=FOLDER, help="Folder of the decks.  [decks]")
    @click.option("--config", "file", type=FILE_THERE, help="Use this cards.toml.")
    @click.option("--deck", help="Put the cards of notes that name no deck here.")
    @click.option("--recording", type=FILE_THERE, help="Cut the clips of a note from this.")
    @wraps(command)
    def wrapped(
        paths: tuple[Path, ...], out: Path | None, file: Path | None, deck: str | None, recording: Path | None, **rest: Any
    ) -> Any:
        from cards.vault.config import load

        return command(load(paths, out, file, deck, recording), **rest)

    return wrapped
