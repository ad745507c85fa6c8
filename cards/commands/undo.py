"""`cards undo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes
from cards.commands.push import into_anki

if TYPE_CHECKING:
    from cards.sync.request import Ask
    from cards.vault.config import Config


@click.command("undo")
@of_notes
@into_anki
def command(config: Config, collection: Path, ask: Ask, yes: bool) -> None:
    """Take the last push back.

    What you reviewed or edited since the push stays, and is listed.
    """
    from msgspec.structs import replace

    from cards.commands import push_messages, terminal
    from cards.model import CardsError
    from cards.sync import memory
    from cards.sync.push import read, take_back, taking_back

    remembered = memory.path_of(collection, config.out)
    known = memory.load(remembered)
    now = read(ask, collection, ())
    if known.begun and not taking_back(collection, known.begun, now, known.newest).acts:
        known = replace(known, begun=None)  # it broke off before it did anything
    last = known.begun or known.last
    if last is None:
        raise CardsError(f"{collection}: there is no push of these decks to take back")
    back = taking_back(collection, last, now, known.newest)
    for line in push_messages.back_lines(back, now):
        terminal.echo(line)
    if not yes:
        click.confirm("Take it back?", abort=True)
    backup = take_back(ask, back, known, remembered)
    terminal.echo(f"✓ taken back{f'; the collection as it was: {backup}' if backup else ''}")
