"""`cards diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("diff")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per card.")
def command(config: Config, as_json: bool) -> None:
    """Show what a build would change, card by card.

    Gives the reason for each change and what Anki will do on import. Writes nothing but the cache.
    """
    from cards.commands import json_output, messages, terminal
    from cards.pipeline.build import collect, known_ledger, refuse_empty, refuse_foreign

    known = known_ledger(config)
    result = collect(config, known)
    refuse_empty(config, result)
    refuse_foreign(config, known, result)
    messages.print_problems(result.problems)
    for change in result.changes:
        if as_json:
            terminal.echo(json_output.change_json(change))
        else:
            terminal.echo(messages.change_line(change, result.questions.get(change.entry.guid)))
            for sentence in change.in_anki():
                terminal.echo(f"      Anki {terminal.safe(sentence)}")
    if not as_json:
        terminal.echo(messages.tally_of_all(result) if result.changes else "nothing to do: the decks are up to date")
