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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per finding.")
@click.option("--sarif", is_flag=True, help="Print SARIF, for code-review tools.")
@click.option("--select", metavar="CODES", help="Report only these codes or prefixes, comma-separated.")
@click.option("--ignore", metavar="CODES", help="Do not report these codes or prefixes.")
@click.option("--explain", metavar="CODE", callback=_explain, expose_value=False, is_eager=True, help="Explain a code.")
def command(config: Config, as_json: bool, sarif: bool, select: str | None, ignore: str | None) -> None:
    """Find cards that will be hard or useless to review.

    Says why, and how to fix the note. Exits 1 if it finds any.
    """
    from cards.commands import json_output, messages, terminal
    from cards.lint.checks import chosen, findings
    from cards.lint.rules import check_codes
    from cards.pipeline.build import look

    selected, ignored = (re.findall(r"[^,\s]+", (codes or "").upper()) for codes in (select, ignore))
    check_codes(selected, "--select")
    check_codes(ignored, "--ignore")
    result = look(config, keep_notes=True)
    found = chosen(findings(result.notes, result.problems, result.cards), selected or config.select, ignored or config.ignore)
    if sarif:
        terminal.echo(json_output.sarif(found, __version__))
    else:
        for finding in found:
            terminal.echo(json_output.finding_json(finding) if as_json else messages.finding_line(finding))
        if not as_json:
            terminal.echo(messages.findings_tally(found, len(result.cards)))
    if found:
        sys.exit(PROBLEMS)
