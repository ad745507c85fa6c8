"""`cards recover`."""

from __future__ import annotations

from pathlib import Path

import click

from cards.commands.options import EXISTING_FILE, FOLDER


@click.command("recover")
@click.argument("packages", nargs=-1, required=True, type=EXISTING_FILE)
@click.option("-o", "--out", type=FOLDER, default="decks", help="Folder of the decks.  [default: decks]")
def command(packages: tuple[Path, ...], out: Path) -> None:
    """Rebuild a lost ledger from decks.

    PACKAGES are decks made by Cards or exported from Anki. An existing ledger is only added to.
    """
    from cards.commands.terminal import count, done, quoted
    from cards.pipeline.recover import recover

    added, known = recover(packages, out)
    click.echo(f"{done()} {count(added, 'card')} recovered, {known:,} already known")
    click.echo(f"\n  Next: cards diff NOTES -o {quoted(out)}")
