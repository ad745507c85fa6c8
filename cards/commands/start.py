"""`cards` without a command: what it would do in this folder, and what comes next."""

from __future__ import annotations

import click


def say(ctx: click.Context) -> None:
    """Say in a few lines what the notes here give; where there are none, how the commands are called."""
    from cards.commands import terminal
    from cards.model import CardsError
    from cards.pipeline.build import build
    from cards.vault.config import load

    try:
        config = load((), None, None, None)
        report = build(config, dry_run=True, progress=terminal.progress)
    except CardsError:
        click.echo(ctx.get_help())
        return
    totals, count = report.result.totals, terminal.count
    click.echo(f"{count(totals.notes, 'note')} here: {count(totals.cards, 'card')} in {count(len(report.decks), 'deck')}.")
    if totals.skipped:
        click.echo(f"{count(totals.skipped, 'takeaway')} give none: cards list --skipped says why.")
    there = any(deck.path.exists() for deck in report.decks)
    behind = "the decks are up to date" if not report.behind else "the decks are behind" if there else "there are no decks yet"
    click.echo(f"\n  Next: {'cards build' if report.behind else 'cards push, or double-click a deck'}  ({behind})")
    click.echo("  Look first: cards preview     Settings: cards init     All commands: cards --help")
