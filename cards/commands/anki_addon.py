"""`cards anki-addon`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("anki-addon")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="cards.ankiaddon",
    show_default=True,
    help="Write the add-on to this file.",
)
def command(out: Path) -> None:
    """Write the add-on that lets `cards push` work while Anki is open.

    Double-click the file to install it, and start Anki again.
    """
    from cards.commands import terminal
    from cards.model import CardsError
    from cards.sync import addon
    from cards.vault.files import replace_file

    if not out.parent.is_dir():
        raise CardsError(f"{out.parent}: no such folder")
    replace_file(out, addon.package())
    terminal.echo(f"{terminal.done()} wrote {terminal.safe(terminal.name(out))}")
    terminal.echo("  Double-click it, or open it in Anki under Tools › Add-ons › Install from file; then start Anki again.")
