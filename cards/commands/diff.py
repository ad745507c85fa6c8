"""`cards diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.options import of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("diff")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def command(config: Config, as_json: bool) -> None:
    """Say what a build would change, card by card. With the reason, and what Anki will do; writes nothing but the cache."""
    from cards.commands import json_output, messages, terminal
    from cards.pipeline.build import collect, known_ledger, refuse_foreign

    known = known_ledger(config)
    result = collect(config, known)
    refuse_foreign(config, known, result)
    messages.problems(result.problems)
    for change in result.changes:
        if as_json:
            terminal.print_json(json_output.change_json(change))
        else:
            click.echo(messages.change_line(change, result.questions.get(change.entry.guid)))
            for sentence in change.in_anki():
                click.echo(f"      Anki {terminal.safe(sentence)}")
    if not as_json:
        click.echo(messages.tally_of_all(result) if result.changes else "nothing to do: the decks are those of the notes")
