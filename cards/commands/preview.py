"""`cards preview`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cards.commands.options import FILE, of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("preview")
@partial(of_notes, decks=("--decks",))
@click.option("-o", "--out", "output", type=FILE, help="Write the page to this file.  [default: in the cache]")
@click.option("--open/--no-open", "open_", default=None, help="Open the page in a browser.  [default: on a terminal]")
def command(config: Config, output: Path | None, open_: bool | None) -> None:
    """Show the cards as one HTML page.

    The page shows each note beside its cards, drawn as in Anki.
    """
    from cards.commands import messages, terminal
    from cards.lint.checks import findings
    from cards.pipeline.build import look
    from cards.preview.page import page
    from cards.vault import cache
    from cards.vault.files import replace_file

    result = look(config, terminal.progress, keep_notes=True)
    messages.print_problems(result.problems)
    path = output or cache.made_folder(config.out) / cache.PREVIEW
    replace_file(path, page(result, config.root.name or "Cards").encode())
    terminal.echo(messages.previewed(path, len(result.cards), len(findings(result.notes, result.problems, result.cards))))
    if sys.stdout.isatty() if open_ is None else open_:
        click.launch(path.resolve().as_uri())
