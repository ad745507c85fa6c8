"""`cards list`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cards.commands.options import PROBLEMS, of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("list")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per card.")
@click.option("--skipped", is_flag=True, help="List skipped takeaways, with the reason.")
@click.option("--strict", is_flag=True, help="Exit 1 if a note has a problem.")
def command(config: Config, as_json: bool, skipped: bool, strict: bool) -> None:
    """List the cards from the notes in PATHS, or the skipped takeaways."""
    from cards.commands import json_output, messages, terminal
    from cards.pipeline.build import look

    result = look(config)
    messages.print_problems(result.problems)
    if skipped:
        for takeaway in result.skipped:
            terminal.echo(json_output.skipped_json(takeaway) if as_json else messages.skipped_line(takeaway))
    else:
        for card in result.cards:
            terminal.echo(json_output.card_json(card) if as_json else messages.card_line(card))
    if strict and result.problems:
        sys.exit(PROBLEMS)
