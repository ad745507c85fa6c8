"""`cards recover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cards.commands.options import FILE_THERE, FOLDER

if TYPE_CHECKING:
    from pathlib import Path


@click.command("recover")
@click.argument("packages", nargs=-1, required=True, type=FILE_THERE)
@click.option("-o", "--out", type=FOLDER, default="decks", help="Folder of the decks.")
def command(packages: tuple[Path, ...], out: Path) -> None:
    """Rebuild a lost ledger from decks. Those of Cards, or exported by Anki; a ledger that is there is only added to."""
    from cards.commands.terminal import count, done, quoted
    from cards.pipeline.recover import recover

    added, known = recover(packages, out)
    click.echo(f"{done()} {count(added, 'card')} recovered, {known:,} known already")
    click.echo(f"\n  Next: cards diff NOTES -o {quoted(out)}")
