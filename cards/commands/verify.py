"""`cards verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cards.commands.options import EXISTING, EXISTING_FILE, PROBLEMS


@click.command("verify")
@click.argument("packages", nargs=-1, required=True, type=EXISTING_FILE)
@click.option("--against", type=EXISTING, help="Import into a copy of this collection or profile folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(packages: tuple[Path, ...], against: Path | None, as_json: bool) -> None:
    """Test an import in the real Anki.

    Imports the PACKAGES into a temporary collection, or a copy of yours. Exits 1 if that would do harm.
    """
    from cards.commands import messages, terminal
    from cards.verify import verdict as verdicts
    from cards.verify.trial import verify

    verdict = verify(packages, against)
    if as_json:
        terminal.echo(verdicts.as_json(verdict))
    else:
        for line in messages.verdict(verdicts.lines(verdict), harm=verdict.harm):
            terminal.echo(line)
    if verdict.harm:
        sys.exit(PROBLEMS)
