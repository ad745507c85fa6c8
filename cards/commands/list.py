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
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
@click.option("--skipped", is_flag=True, help="List what gave no card, and why.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
def command(config: Config, as_json: bool, skipped: bool, strict: bool) -> None:
    """List the cards that the notes in PATHS give, or what gave none."""
    from cards.commands import json_output, messages, terminal
    from cards.pipeline.build import look

    result = look(config)
    messages.problems(result.problems)
    if skipped:
        for each in result.skipped:
            if as_json:
                terminal.print_json(json_output.skipped_json(each))
            else:
                click.echo(messages.skipped_line(each))
    else:
        for card in result.cards:
            if as_json:
                terminal.print_json(json_output.card_json(card))
            else:
                click.echo(messages.card_line(card))
    if strict and result.problems:
        sys.exit(PROBLEMS)
