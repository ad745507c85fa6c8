"""The command line: commands, exit codes, and the one place where errors become sentences.

Exit codes: 0 done, 1 problems found (`--strict`, `--check`), 2 wrong usage or nothing could be done.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import partial, wraps
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from cards import __version__
from cards.commands import messages

if TYPE_CHECKING:
    from pathlib import Path

    from cards.vault.config import Config

DONE, PROBLEMS, FAILED = 0, 1, 2

Command = Callable[..., Any]


class _Path(click.Path):
    """A path, given as a `pathlib.Path`: importing it takes a tenth of the time of `cards --help`."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        from pathlib import Path

        return Path(str(super().convert(value, parameter, context)))


_ANY, _FOLDER = _Path(), _Path(file_okay=False)
_FILE, _FILE_THERE = _Path(dir_okay=False), _Path(dir_okay=False, exists=True)


class _Group(click.Group):
    """A group whose commands never show a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal or a pipe that can't write a sign shows its number
                stream.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):  # https://no-color.org; click itself goes by the terminal alone
            ctx.color = False
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(DONE)
        except click.UsageError as error:  # names of files may stand in it
            raise click.UsageError(messages.safe(error.format_message()), error.ctx) from None
        except Exception as error:
            from cards.model import CardsError  # a third of the time that `cards --help` takes

            if isinstance(error, click.ClickException | click.Abort | click.exceptions.Exit) or os.environ.get(
                "CARDS_TRACEBACK"
            ):
                raise
            said = str(error) if isinstance(error, CardsError | OSError) else messages.fault(error)
            click.echo(f"{click.style('error', fg='red', bold=True)}: {messages.safe(said)}", err=True)
            ctx.exit(FAILED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cards")
def main() -> None:
    """Turn your notes into Anki decks, without markup in the notes."""


def _of_notes(command: Command, decks: tuple[str, ...] = ("-o", "--out")) -> Command:
    """The arguments of every command that reads notes; the command gets a Config. `decks` are the names of one of them."""

    @click.argument("paths", nargs=-1, type=_ANY)
    @click.option(*decks, "out", type=_FOLDER, help="Folder of the decks.  [decks]")
    @click.option("--config", "file", type=_FILE_THERE, help="Use this cards.toml.")
    @click.option("--deck", help="Put the cards of notes that name no deck here.")
    @click.option("--recording", type=_FILE_THERE, help="Cut the clips of a note from this.")
    @wraps(command)
    def wrapped(
        paths: tuple[Path, ...], out: Path | None, file: Path | None, deck: str | None, recording: Path | None, **rest: Any
    ) -> Any:
        from cards.vault.config import load

        return command(load(paths, out, file, deck, recording), **rest)

    return wrapped


def _print_json(value: dict[str, object]) -> None:
    import json

    click.echo(messages.safe_json(json.dumps(value, ensure_ascii=False)))


@main.command()
@_of_notes
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
@click.option("-v", "--verbose", is_flag=True, help="List what gave no card, too.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the decks are behind the notes.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that read notes.  [one a core]")
@click.option("--new-ledger", is_flag=True, help="Start a ledger anew although there are decks.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def build(
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
    from cards.pipeline.state import difference

    found = None if new_ledger or verbose else difference(config)
    if found and (outcome := found.outcome):
        behind = False
        if as_json:
            _print_json(outcome)
        elif not quiet:
            messages.nothing_to_do(config, outcome)
    else:
        from dataclasses import replace

        from cards.pipeline import build, increment

        config = replace(config, jobs=jobs)
        if found:
            report = increment.build(config, dry_run=dry_run or check, progress=messages.progress)
        else:
            report = build.build(config, dry_run=dry_run or check, new_ledger=new_ledger, progress=messages.progress)
        outcome, behind = report.as_json(), report.behind
        if as_json:
            _print_json(outcome)
        elif not quiet:
            messages.say(config, report, dry_run=dry_run or check, verbose=verbose)
    messages.problems(outcome["problems"])
    if (strict and outcome["problems"]) or (check and behind):
        sys.exit(PROBLEMS)


@main.command()
@click.argument("folder", type=_Path(file_okay=False, exists=True), default=".")
@click.option("--hook", is_flag=True, help="Also a git hook that checks the decks before each commit.")
@click.option("--ci", is_flag=True, help="Also a GitHub workflow that checks them on each push.")
def init(folder: Path, hook: bool, ci: bool) -> None:
    """Write a commented cards.toml into FOLDER. That is the root of your vault; the cache is left out of git."""
    from cards.commands.init import set_up

    for line in set_up(folder, hook=hook, ci=ci):
        click.echo(f"{click.style('✓', fg='green', bold=True)} {messages.safe(line)}")
    click.echo(f"\n  Next: cards build {messages.quoted(folder)}")


@main.command("list")
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
@click.option("--skipped", is_flag=True, help="List what gave no card, and why.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
def list_(config: Config, as_json: bool, skipped: bool, strict: bool) -> None:
    """List the cards that the notes in PATHS give, or what gave none."""
    from cards.commands import json_output
    from cards.pipeline.build import look

    collected = look(config)
    messages.problems(collected.problems)
    if skipped:
        for each in collected.skipped:
            if as_json:
                _print_json(json_output.skipped_json(each))
            else:
                click.echo(messages.skipped_line(each))
    else:
        for card in collected.cards:
            if as_json:
                _print_json(json_output.card_json(card))
            else:
                click.echo(messages.card_line(card))
    if strict and collected.problems:
        sys.exit(PROBLEMS)


@main.command()
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def diff(config: Config, as_json: bool) -> None:
    """Say what a build would change, card by card. With the reason, and what Anki will do; writes nothing but the cache."""
    from cards.commands import json_output
    from cards.pipeline.build import collect, known_to, refuse_foreign

    known = known_to(config)
    collected = collect(config, known)
    refuse_foreign(config, known, collected)
    messages.problems(collected.problems)
    cards = {card.guid: card for card in collected.cards}
    for change in collected.changes:
        if as_json:
            _print_json(json_output.change_json(change))
        else:
            click.echo(messages.change_line(change, cards.get(change.entry.guid)))
            for sentence in change.in_anki():
                click.echo(f"      Anki {messages.safe(sentence)}")
    if not as_json:
        click.echo(messages.tally(collected) if collected.changes else "nothing to do: the decks are those of the notes")


def _explain(context: click.Context, parameter: click.Parameter, code: str | None) -> None:
    if code is None:
        return
    from cards.lint.codes import check_codes
    from cards.lint.rules import RULES

    check_codes([code.upper()], "--explain")
    click.echo("\n\n".join(messages.explained(rule) for rule in RULES if rule.code.startswith(code.upper())))
    context.exit()


@main.command()
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding and line.")
@click.option("--sarif", is_flag=True, help="Print SARIF, for code-review tools.")
@click.option("--select", metavar="CODES", help="Only these findings: codes or their beginnings, after commas.")
@click.option("--ignore", metavar="CODES", help="None of these findings.")
@click.option("--explain", metavar="CODE", callback=_explain, expose_value=False, is_eager=True, help="What a code means.")
def lint(config: Config, as_json: bool, sarif: bool, select: str | None, ignore: str | None) -> None:
    """Say which cards will be hard or useless to review. And why, and what to do; exit 1 where there are any."""
    from cards.commands import json_output
    from cards.lint.checks import chosen
    from cards.lint.codes import check_codes
    from cards.pipeline.examine import examine

    selected, ignored = (re.findall(r"[^,\s]+", (given or "").upper()) for given in (select, ignore))
    check_codes(selected, "--select")
    check_codes(ignored, "--ignore")
    examined = examine(config)
    found = chosen(examined.findings, selected or config.select, ignored or config.ignore)
    if sarif:
        _print_json(json_output.sarif(found, __version__))
    for finding in [] if sarif else found:
        if as_json:
            _print_json(json_output.finding_json(finding))
        else:
            click.echo(messages.finding_line(finding))
    if not (sarif or as_json):
        click.echo(messages.findings_tally(found, len(examined.collected.cards)))
    if found:
        sys.exit(PROBLEMS)


@main.command()
@partial(_of_notes, decks=("--decks",))
@click.option("-o", "--out", "made", type=_FILE, help="The page.  [decks/.cache/preview.html]")
@click.option("--open", "open_", is_flag=True, help="Open it in the browser.")
def preview(config: Config, made: Path | None, open_: bool) -> None:
    """Write the cards as one HTML page. They stand beside the notes they come from, drawn as Anki draws them."""
    from cards.pipeline.examine import examine
    from cards.pipeline.output import alone
    from cards.preview.page import page
    from cards.vault.cache import folder_in
    from cards.vault.files import replace_file

    examined = examine(config, messages.progress)
    messages.problems(examined.collected.problems)
    content = page(examined, config.root.name or "Cards").encode()
    with alone(config.out, waiting=made is None):
        made = made or folder_in(config.out) / "preview.html"
        replace_file(made, content)
    click.echo(messages.previewed(made, len(examined.collected.cards), len(examined.findings)))
    if open_:
        click.launch(made.resolve().as_uri())


@main.command()
@_of_notes
@click.option("--preview", is_flag=True, help="Serve the cards as a page that follows the notes.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port of the page.  [any]")
def watch(config: Config, preview: bool, port: int | None) -> None:
    """Rebuild the decks whenever a note is saved, until Ctrl-C."""
    from cards.commands.watch import watch as run
    from cards.vault.config import load

    given = click.get_current_context().params
    settings = [given[name] for name in ("paths", "out", "file", "deck", "recording")]

    def say(line: str) -> None:
        click.echo(messages.safe(line))

    if not preview:
        run(lambda: load(*settings), say)
        return
    from cards.pipeline.examine import examine
    from cards.preview.page import page
    from cards.preview.server import Page, serving

    shown = Page()

    def follow(now: Config) -> None:
        shown.show(page(examine(now), now.root.name or "Cards", live=True))

    try:
        with serving(shown, port or 0) as address:
            say(f"preview: {address}")
            run(lambda: load(*settings), say, then=follow)
    except OSError as error:
        from cards.model import CardsError

        raise CardsError(f"the preview can't be served: {error.strerror or error}; choose another --port") from None


@main.command()
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def retired(config: Config, as_json: bool) -> None:
    """List the cards whose takeaway is gone. With the search that finds them in Anki's browser."""
    from cards.commands import json_output
    from cards.identity import changes
    from cards.pipeline.output import read_ledger

    gone = changes.retired(read_ledger(config.out))
    for entry in gone:
        if as_json:
            _print_json(json_output.retired_json(entry, messages.day_of(entry.retired)))
        else:
            click.echo(messages.retired_line(entry))
    if not as_json:
        if gone:
            searched = messages.safe(changes.search([e.guid for e in gone]))
            click.echo(f"\nAn import cannot delete. In Anki's browser, search for:\n\n{searched}")
        else:
            click.echo("no card is retired")


@main.command()
@click.argument("packages", nargs=-1, required=True, type=_FILE_THERE)
@click.option("-o", "--out", type=_FOLDER, default="decks", help="Folder of the decks.")
def recover(packages: tuple[Path, ...], out: Path) -> None:
    """Rebuild a lost ledger from decks. Those of Cards, or exported by Anki; a ledger that is there is only added to."""
    from cards.commands.recover import recover as run

    added, known = run(packages, out)
    click.echo(f"{click.style('✓', fg='green', bold=True)} {messages.count(added, 'card')} recovered, {known:,} known already")
    click.echo(f"\n  Next: cards diff NOTES -o {messages.quoted(out)}")


@main.command()
@click.argument("packages", nargs=-1, required=True, type=_FILE_THERE)
@click.option("--against", type=_Path(exists=True), help="A copy of this collection, or profile folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def verify(packages: tuple[Path, ...], against: Path | None, as_json: bool) -> None:
    """Try an import in the real Anki. In a throw-away collection, or a copy of yours; exit 1 where that would do harm."""
    from cards.verify import verdict as told
    from cards.verify.trial import verify as run

    verdict = run(packages, against)
    if as_json:
        _print_json(told.as_json(verdict))
    else:
        messages.verdict(told.lines(verdict), harm=verdict.harm)
    if verdict.harm:
        sys.exit(PROBLEMS)
