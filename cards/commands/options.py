"""Types of paths, and the options of all commands that read notes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

PROBLEMS = 1  # exit code of a command that found problems

Command = Callable[..., Any]

_path = partial(click.Path, path_type=Path)
ANY, FOLDER, EXISTING_FOLDER = _path(), _path(file_okay=False), _path(file_okay=False, exists=True)
FILE, EXISTING_FILE, EXISTING = _path(dir_okay=False), _path(dir_okay=False, exists=True), _path(exists=True)


def of_notes(command: Command, decks: tuple[str, ...] = ("-o", "--out")) -> Command:
    """Add PATHS and the common options to a command, which gets them as one Config.

    `decks` are the names of the option for the folder of the decks.
    """

    @click.argument("paths", nargs=-1, type=ANY)
    @click.option(*decks, "out", type=FOLDER, help="Folder of the decks.  [default: decks]")
    @click.option("--config", "file", type=EXISTING_FILE, help="Use this cards.toml.")
    @click.option("--deck", help="Deck for notes that name none.")
    @click.option("--recording", type=EXISTING_FILE, help="Cut sound clips from this file (one note only).")
    @wraps(command)
    def wrapped(
        paths: tuple[Path, ...], out: Path | None, file: Path | None, deck: str | None, recording: Path | None, **rest: Any
    ) -> Any:
        from cards.vault.config import load  # imports the TOML and vault code, which `--help` does not need

        return command(load(paths, out, file, deck, recording), **rest)

    return wrapped
