"""The command line: words, exit codes, and the one place where errors become sentences.

Exit codes: 0 done, 1 problems found (`--strict`), 2 wrong usage or nothing could be done.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cards import __version__
from cards.model import CardsError

if TYPE_CHECKING:
    from cards.build import Collected, Report
    from cards.config import Config
    from cards.model import Card

DONE, PROBLEMS, FAILED = 0, 1, 2

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Command = Callable[..., Any]


class _Group(click.Group):
    """A group whose commands never show a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CardsError as error:
            click.echo(f"{click.style('error', fg='red', bold=True)}: {safe(str(error))}", err=True)
            ctx.exit(FAILED)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(DONE)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cards")
def main() -> None:
    """Turn your notes into Anki decks, without markup in the notes."""


def _of_notes(command: Command) -> Command:
    """The arguments of every command that reads notes; the command gets a Config."""

    @click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
    @click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the decks.  [decks]")
    @click.option("--config", "file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Use this cards.toml.")
    @click.option("--deck", help="Put the cards of notes that name no deck here.")
    @wraps(command)
    def wrapped(paths: tuple[Path, ...], out: Path | None, file: Path | None, deck: str | None, **rest: Any) -> Any:
        from cards.config import load

        return command(load(paths, out, file, deck), **rest)

    return wrapped


@main.command()
@_of_notes
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems only.")
@click.option("-v", "--verbose", is_flag=True, help="List what gave no card, too.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def build(config: Config, dry_run: bool, quiet: bool, verbose: bool, strict: bool, as_json: bool) -> None:
    """Make Anki decks (.apkg) from the notes in PATHS.

    PATHS are notes or folders of notes; without them, what cards.toml names, else the current folder. The notes are
    only read. Double-click a deck to import it into Anki.
    """
    from cards.build import build as run

    report = run(config, dry_run=dry_run)
    _problems(report.collected)
    if as_json:
        click.echo(json.dumps(_outcome(report), ensure_ascii=False))
    elif not quiet:
        _say(config, report, dry_run=dry_run, verbose=verbose)
    if strict and report.collected.problems:
        sys.exit(PROBLEMS)


@main.command("list")
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
@click.option("--skipped", is_flag=True, help="List what gave no card, and why.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
def list_(config: Config, as_json: bool, skipped: bool, strict: bool) -> None:
    """List the cards that the notes in PATHS give, or what gave none."""
    from cards import listing
    from cards.build import collect

    collected = collect(config)
    _problems(collected)
    if skipped:
        for each in collected.skipped:
            if as_json:
                click.echo(json.dumps(listing.skipped_json(each), ensure_ascii=False))
            else:
                click.echo(f"{safe(each.note)}:{each.line}: {safe(each.reason)}\n    {safe(_cut(each.text))}")
    else:
        for card in collected.cards:
            click.echo(json.dumps(listing.card_json(card), ensure_ascii=False) if as_json else _line(card))
    if strict and collected.problems:
        sys.exit(PROBLEMS)


# ------------------------------------------------------------------------------------------------------------- words


def safe(text: str) -> str:
    """Text for the terminal: what could steer it or turn its direction is shown, not obeyed."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _cut(text: str, width: int = 100) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _line(card: Card) -> str:
    from cards.listing import marked_text
    from cards.timestamps import show

    place = card.draft.place
    where = click.style(f"{safe(place.note)}:{place.line}", dim=True)
    times = "  ".join(show(stamp) for stamp in place.stamps)
    return f"{where}  {card.draft.kind:<5}  {safe(_cut(marked_text(card.draft)))}" + (f"  {times}" if times else "")


def _problems(collected: Collected) -> None:
    for problem in collected.problems:
        click.echo(f"{click.style('problem', fg='yellow')}: {safe(str(problem))}", err=True)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _say(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> None:
    collected = report.collected
    changed = [written for written in report.written if written.changed]
    kinds = [card.draft.kind for card in collected.cards]
    verb = "would write" if dry_run else "wrote"
    mark = click.style("✓", fg="green", bold=True)
    if not collected.cards:
        outcome = "no cards: nothing in these notes looks like a takeaway with a label or a key phrase"
        mark = click.style("–", bold=True)
    elif changed:
        outcome = f"{verb} {_count(len(changed), 'deck')} with {_count(len(collected.cards), 'card')}"
    else:
        outcome = f"nothing to do: {_count(len(report.written), 'deck')} with {_count(len(collected.cards), 'card')} up to date"
    click.echo(f"{mark} {outcome}")
    if report.written:
        click.echo()
    width = max((len(_name(written.path)) for written in report.written), default=0)
    for written in report.written:
        counts = written.deck.kinds
        state = "" if written.changed else click.style("  unchanged", dim=True)
        name = safe(_name(written.path)).ljust(width)
        click.echo(
            f"  {name}  {counts['qa']:>5,} question{'' if counts['qa'] == 1 else 's'}  {counts['cloze']:>5,} cloze{state}"
        )
    click.echo()
    quiet = _count(len(collected.skipped), "takeaway")
    click.echo(f"  from {_count(collected.notes_with_cards, 'note')} of {collected.notes:,} read; {quiet} gave no card")
    if verbose:
        for each in collected.skipped:
            click.echo(f"    {safe(each.note)}:{each.line}: {safe(each.reason)}")
    click.echo()
    for hint in _next(config, report, changed=bool(changed) and not dry_run, kinds=kinds, verbose=verbose):
        click.echo(f"  {hint}")


def _name(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _next(config: Config, report: Report, *, changed: bool, kinds: Iterable[str], verbose: bool) -> list[str]:
    given = " ".join(_quoted(path) for path in config.notes)
    hints = []
    if changed and kinds:
        hints.append("Next: double-click a deck to import it into Anki.")
    if report.collected.skipped and not verbose:
        hints.append(f"Why some gave none: cards list {given} --skipped")
    return hints


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(safe(_name(path)))


def _outcome(report: Report) -> dict[str, object]:
    collected = report.collected
    return {
        "decks": [
            {"path": str(one.path), "deck": one.deck.name, **one.deck.kinds, "changed": one.changed} for one in report.written
        ],
        "notes": collected.notes,
        "notes_with_cards": collected.notes_with_cards,
        "cards": len(collected.cards),
        "skipped": len(collected.skipped),
        "problems": [{"note": p.path, "line": p.line, "code": p.code, "message": p.message} for p in collected.problems],
    }
