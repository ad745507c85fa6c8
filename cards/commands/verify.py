"""`cards verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cards.commands.options import FILE_THERE, PROBLEMS, THERE

if TYPE_CHECKING:
    from pathlib import Path


@click.command("verify")
@click.argument("packages", nargs=-1, required=True, type=FILE_THERE)
@click.option("--against", type=THERE, help="A copy of this collection, or profile folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def command(packages: tuple[Path, ...], against: Path | None, as_json: bool) -> None:
    """Try an import in the real Anki. In a throw-away collection, or a copy of yours; exit 1 where that would do harm."""
    from cards.commands import messages, terminal
    from cards.verify import verdict as verdicts
    from cards.verify.trial import verify

    verdict = verify(packages, against)
    if as_json:
        terminal.print_json(verdicts.as_json(verdict))
    else:
        for line in messages.verdict(verdicts.lines(verdict), harm=verdict.harm):
            click.echo(line)
    if verdict.harm:
        sys.exit(PROBLEMS)
