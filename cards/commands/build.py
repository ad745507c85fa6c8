"""`cards build`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cards.commands.options import PROBLEMS, of_notes

if TYPE_CHECKING:
    from cards.pipeline.report import Result
    from cards.vault.config import Config


@click.command("build")
@of_notes
@click.option("-n", "--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print only problems.")
@click.option("-v", "--verbose", is_flag=True, help="Also list skipped takeaways.")
@click.option("--strict", is_flag=True, help="Exit 1 if a note has a problem.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the decks are out of date.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that parse notes.  [default: one per core]")
@click.option("--new-ledger", is_flag=True, help="Start a new ledger even if decks exist.")
@click.option("--refresh", is_flag=True, help="Also deliver new titles, paths and looks; replaces edits made in Anki.")
@click.option("--retire", is_flag=True, help="Go on even if much of a deck is retired at once.")
@click.option("--single", type=click.Path(dir_okay=False, path_type=Path), help="Also write all cards into this one package.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    config: Config,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    strict: bool,
    check: bool,
    jobs: int | None,
    new_ledger: bool,
    refresh: bool,
    retire: bool,
    single: Path | None,
    as_json: bool,
) -> None:
    """Make Anki decks (.apkg) from the notes in PATHS.

    PATHS are notes or folders of notes. The default is `notes` in cards.toml, else the current folder. Notes are never
    changed. Double-click a deck to import it into Anki.
    """
    from cards.commands import messages, terminal
    from cards.pipeline.state import changes_since_last_build

    dry_run = dry_run or check
    changed = None if new_ledger or refresh or verbose or single else changes_since_last_build(config)
    if changed and changed.nothing:
        report = changed.last.report()
    else:
        from cards.pipeline.build import build  # slow to import, and not needed if nothing changed

        report = build(
            replace(config, jobs=jobs),
            dry_run=dry_run,
            new_ledger=new_ledger,
            refresh=refresh,
            retire=retire,
            keep_skipped=verbose,
            keep_cards=single is not None,
            progress=terminal.progress,
        )
    if single and not dry_run:
        _write_single(report.result, single)
    if as_json:
        terminal.echo(report.as_json())
    elif not quiet:
        for line in messages.report(config, report, dry_run=dry_run, verbose=verbose, refresh=refresh):
            terminal.echo(line)
    messages.print_problems(report.result.problems)
    if (strict and report.result.problems) or (check and report.behind):
        sys.exit(PROBLEMS)


def _write_single(result: Result, path: Path) -> None:
    """Write the cards of all decks into one package. Raises CardsError where it can't be written."""
    from cards.anki.write_package import export
    from cards.model import CardsError, Deck
    from cards.vault.files import replace_file

    if not path.parent.is_dir():
        raise CardsError(f"{path.parent}: no such folder")
    replace_file(path, export(Deck("all", tuple(card.anki for card in result.cards)), result.media))
