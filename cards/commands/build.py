"""`cards build`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cards.commands.options import PROBLEMS, of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


@click.command("build")
@of_notes
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
@click.option("-v", "--verbose", is_flag=True, help="List what gave no card, too.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the decks are behind the notes.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that read notes.  [one a core]")
@click.option("--new-ledger", is_flag=True, help="Start a ledger anew although there are decks.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    config: Config,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    strict: bool,
    check: bool,
    jobs: int | None,
    new_ledger: bool,
    as_json: bool,
) -> None:
    """Make Anki decks (.apkg) from the notes in PATHS.

    PATHS are notes or folders of notes; without them, what cards.toml names, else the current folder. The notes are
    only read. Double-click a deck to import it into Anki.
    """
    from cards.commands import messages, terminal
    from cards.pipeline.state import changes_since_last_build

    changed = None if new_ledger or verbose else changes_since_last_build(config)
    if changed and changed.nothing:  # seen before what a build needs is imported
        report = changed.last.report()
    else:
        from cards.pipeline.build import build

        report = build(
            replace(config, jobs=jobs),
            dry_run=dry_run or check,
            new_ledger=new_ledger,
            keep_skipped=verbose,
            progress=terminal.progress,
        )
    if as_json:
        terminal.print_json(report.as_json())
    elif not quiet:
        for line in messages.report(config, report, dry_run=dry_run or check, verbose=verbose):
            click.echo(line)
    messages.problems(report.result.problems)
    if (strict and report.result.problems) or (check and report.behind):
        sys.exit(PROBLEMS)
