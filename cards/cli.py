"""The command line: words, exit codes, and the one place where errors become sentences.

Exit codes: 0 done, 1 problems found (`--strict`, `--check`), 2 wrong usage or nothing could be done.
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
    from cards.changes import Change
    from cards.config import Config
    from cards.model import Card

DONE, PROBLEMS, FAILED = 0, 1, 2
SHOWN = 12  # changes that a build lists by itself

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
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the decks are behind the notes.")
@click.option("--new-ledger", is_flag=True, help="Start a ledger anew although there are decks.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def build(
    config: Config, dry_run: bool, quiet: bool, verbose: bool, strict: bool, check: bool, new_ledger: bool, as_json: bool
) -> None:
    """Make Anki decks (.apkg) from the notes in PATHS.

    PATHS are notes or folders of notes; without them, what cards.toml names, else the current folder. The notes are
    only read. Double-click a deck to import it into Anki.
    """
    from cards.build import build as run

    dry_run = dry_run or check
    report = run(config, dry_run=dry_run, new_ledger=new_ledger)
    _problems(report.collected)
    if as_json:
        click.echo(json.dumps(_outcome(report), ensure_ascii=False))
    elif not quiet:
        _say(config, report, dry_run=dry_run, verbose=verbose)
    if (strict and report.collected.problems) or (check and report.behind):
        sys.exit(PROBLEMS)


@main.command("list")
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
@click.option("--skipped", is_flag=True, help="List what gave no card, and why.")
@click.option("--strict", is_flag=True, help="Exit 1 where a note has a problem.")
def list_(config: Config, as_json: bool, skipped: bool, strict: bool) -> None:
    """List the cards that the notes in PATHS give, or what gave none."""
    from cards import listing
    from cards.build import look

    collected = look(config)
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


@main.command()
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def diff(config: Config, as_json: bool) -> None:
    """Say what a build would change, card by card and why, and what Anki will do with it on import. Writes nothing."""
    from cards.build import collect, known_to, refuse_foreign

    known = known_to(config)
    collected = collect(config, known)
    refuse_foreign(config, known, collected)
    _problems(collected)
    for change in collected.changes:
        if as_json:
            click.echo(json.dumps(_change_json(change), ensure_ascii=False))
        else:
            click.echo(_change_line(change))
            for sentence in change.in_anki():
                click.echo(f"      Anki {safe(sentence)}")
    if not as_json:
        click.echo(_tally(collected) if collected.changes else "nothing to do: the decks are those of the notes")


@main.command()
@_of_notes
def watch(config: Config) -> None:
    """Rebuild the decks whenever a note is saved, until Ctrl-C."""
    from cards.config import load
    from cards.watch import watch as run

    given = click.get_current_context().params
    run(lambda: load(given["paths"], given["out"], given["file"], given["deck"]), lambda line: click.echo(safe(line)))


@main.command()
@_of_notes
@click.option("--json", "as_json", is_flag=True, help="One JSON object per card and line.")
def retired(config: Config, as_json: bool) -> None:
    """List the cards whose takeaway is gone, and the search that finds them in Anki's browser."""
    from cards import changes
    from cards.build import read_ledger

    gone = changes.retired(read_ledger(config.out))
    for entry in gone:
        day = _day(entry.retired)
        if as_json:
            value = {"id": entry.guid, "kind": entry.kind, "deck": entry.deck, "note": entry.note, "line": entry.line}
            click.echo(json.dumps({**value, "text": entry.ask or entry.text, "retired": day}, ensure_ascii=False))
        else:
            click.echo(f"{day}  {safe(entry.note)}:{entry.line}  {entry.kind:<5}  {safe(_cut(entry.ask or entry.text))}")
    if not as_json:
        if gone:
            click.echo(f"\nAn import cannot delete. In Anki's browser, search for:\n\n{changes.search([e.guid for e in gone])}")
        else:
            click.echo("no card is retired")


@main.command()
@click.argument("packages", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("decks"), help="Folder of the decks."
)
def recover(packages: tuple[Path, ...], out: Path) -> None:
    """Rebuild a lost ledger from decks: those of Cards, or exported by Anki. A ledger that is there is only added to."""
    from cards.recover import recover as run

    added, known = run(packages, out)
    click.echo(f"{click.style('✓', fg='green', bold=True)} {_count(added, 'card')} recovered, {known:,} known already")
    click.echo(f"\n  Next: cards diff NOTES -o {_quoted(out)}")


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


_MARKS = {
    "new": ("+", "green"),
    "updated": ("~", "yellow"),
    "moved": (">", "blue"),
    "back": ("+", "cyan"),
    "retired": ("-", "red"),
}


def _change_line(change: Change) -> str:
    mark, colour = _MARKS[change.status]
    if change.card is not None:
        from cards.listing import marked_text

        what = marked_text(change.card.draft)
    else:
        what = change.entry.ask or change.entry.text
    why = f"  ({', '.join(change.reasons)})" if change.reasons else ""
    where = f"{safe(change.entry.note)}:{change.entry.line}"
    return f"{click.style(mark, fg=colour, bold=True)} {change.status:<7}  {where}  {safe(_cut(what, 80))}{why}"


def _change_json(change: Change) -> dict[str, object]:
    entry = change.entry
    return {
        "id": entry.guid,
        "status": change.status,
        "kind": entry.kind,
        "note": entry.note,
        "line": entry.line,
        "deck": entry.deck,
        "from_deck": change.from_deck,
        "reasons": list(change.reasons),
        "emptied": list(change.emptied),
        "anki": change.in_anki(),
    }


def _tally(collected: Collected) -> str:
    """How many cards are new, updated, back, retired, kept: only what there is."""
    counts = {
        name: sum(change.status == name for change in collected.changes) for name in ("new", "updated", "back", "retired")
    }
    touched = sum(change.card is not None and change.status != "moved" for change in collected.changes)
    counts["kept"] = len(collected.cards) - touched
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def _day(second: int) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _say(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> None:
    collected = report.collected
    changed = [written for written in report.written if written.changed]
    kinds = [card.draft.kind for card in collected.cards]
    verb = "would write" if dry_run else "wrote"
    mark = click.style("✓", fg="green", bold=True)
    if not collected.cards and collected.changes:
        outcome = "no cards any more: what was in the decks is retired, and back when its takeaways are"
        mark = click.style("!", fg="yellow", bold=True)
    elif not collected.cards:
        outcome = "no cards: nothing in these notes looks like a takeaway with a label or a key phrase"
        mark = click.style("–", bold=True)
    elif changed:
        outcome = f"{verb} {_count(len(changed), 'deck')} with {_count(len(collected.cards), 'card')}"
    else:
        outcome = f"nothing to do: {_count(len(report.written), 'deck')} with {_count(len(collected.cards), 'card')} up to date"
    click.echo(f"{mark} {outcome}")
    tally = _tally(collected)
    if collected.changes and tally:
        click.echo(f"  {tally}")
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
    for path in report.removed:
        click.echo(f"  {safe(_name(path))}  removed: none of its cards is left")
    click.echo()
    few = [change for change in collected.changes if change.status != "new"] or list(collected.changes)
    if len(few) <= SHOWN and not all(change.status == "new" for change in collected.changes):
        for change in few:
            click.echo(f"  {_change_line(change)}")
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
    if config.out.resolve() != Path("decks").resolve():
        given += f" -o {_quoted(config.out)}"
    hints = []
    if changed and kinds:
        hints.append("Next: double-click a deck to import it into Anki.")
    if any(change.status == "retired" for change in report.collected.changes):
        hints.append(f"The retired ones in Anki: cards retired {given}")
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
        "changes": {name: sum(each.status == name for each in collected.changes) for name in _MARKS},
        "skipped": len(collected.skipped),
        "problems": [{"note": p.path, "line": p.line, "code": p.code, "message": p.message} for p in collected.problems],
    }
