"""Man pages of `cards` and its commands: `python scripts/man.py FOLDER` (`pip install '.[docs]'`)."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click_man.core import generate_man_page

from cards import __version__
from cards.cli import COMMANDS, main


def write(folder: Path) -> None:
    """Write a page for each command into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    top = click.Context(main, info_name="cards")
    (folder / "cards.1").write_text(generate_man_page(top, __version__), encoding="utf-8")
    for name in COMMANDS:
        command = main.get_command(top, name)
        assert command is not None
        page = generate_man_page(click.Context(command, info_name=name, parent=top), __version__)
        (folder / f"cards-{name}.1").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
