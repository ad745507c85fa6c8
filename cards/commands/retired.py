"""`cards retired`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("retired")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per card.")
def command(config: Config, as_json: bool) -> None:
    """List cards whose takeaway is gone.

    Also prints a search that finds them in Anki's browser.
    """
    from cards.commands import json_output, messages, terminal
    from cards.identity.changes import retired, search
    from cards.pipeline.output import read_ledger

    entries = retired(read_ledger(config.out))
    for entry in entries:
        day = messages.day_of(entry.retired)
        terminal.echo(json_output.retired_json(entry, day) if as_json else messages.retired_line(entry))
    if not as_json:
        if entries:
            query = terminal.safe(search([entry.guid for entry in entries]))
            terminal.echo(f"\nAn import cannot delete cards. To find these, search Anki's browser for:\n\n{query}")
        else:
            terminal.echo("no retired cards")
