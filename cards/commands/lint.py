"""`cards lint`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from cards import __version__
from cards.commands.options import PROBLEMS, of_notes

if TYPE_CHECKING:
    from cards.vault.config import Config


def _explain(context: click.Context, parameter: click.Parameter, code: str | None) -> None:
    if code is None:
        return
    from cards.commands import messages
    from cards.lint.rules import RULES, check_codes

    check_codes([code.upper()], "--explain")
    click.echo("\n\n".join(messages.explained(rule) for rule in RULES if rule.code.startswith(code.upper())))
    context.exit()


@click.command("lint")
@of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding and line.")
@click.option("--sarif", is_flag=True, help="Print SARIF, for code-review tools.")
@click.option("--select", metavar="CODES", help="Only these findings: codes or their beginnings, after commas.")
@click.option("--ignore", metavar="CODES", help="None of these findings.")
@click.option("--explain", metavar="CODE", callback=_explain, expose_value=False, is_eager=True, help="What a code means.")
def command(config: Config, as_json: bool, sarif: bool, select: str | None, ignore: str | None) -> None:
    """Say which cards will be hard or useless to review. And why, and what to do; exit 1 where there are any."""
    from cards.commands import json_output, messages, terminal
    from cards.lint.checks import chosen, findings
    from cards.lint.rules import check_codes
    from cards.pipeline.build import look

    selected, ignored = (re.findall(r"[^,\s]+", (given or "").upper()) for given in (select, ignore))
    check_codes(selected, "--select")
    check_codes(ignored, "--ignore")
    result = look(config, keep_notes=True)
    found = chosen(findings(result.notes, result.problems), selected or config.select, ignored or config.ignore)
    if sarif:
        terminal.print_json(json_output.sarif(found, __version__))
    for finding in [] if sarif else found:
        if as_json:
            terminal.print_json(json_output.finding_json(finding))
        else:
            click.echo(messages.finding_line(finding))
    if not (sarif or as_json):
        click.echo(messages.findings_tally(found, len(result.cards)))
    if found:
        sys.exit(PROBLEMS)
