"""`cards retired`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("retired")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def command(config: Config, as_json: bool) -> None:
    """List the cards whose takeaway is gone. With the search that finds them in Anki's browser."""
    from cards.commands import json_output, messages, terminal
    from cards.identity.changes import retired, search
    from cards.pipeline.output import read_ledger

    gone = retired(read_ledger(config.out))
    for entry in gone:
        if as_json:
            terminal.print_json(json_output.retired_json(entry, messages.day_of(entry.retired)))
        else:
            click.echo(messages.retired_line(entry))
    if not as_json:
        if gone:
            found = terminal.safe(search([entry.guid for entry in gone]))
            click.echo(f"\nAn import cannot delete. In Anki's browser, search for:\n\n{found}")
        else:
            click.echo("no card is retired")
