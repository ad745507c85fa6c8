"""What the command line says: cards, changes and outcomes as words for a terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from cards.identity.changes import Change
    from cards.identity.ledger import Entry
    from cards.lint.checks import Finding
    from cards.lint.rules import Rule
    from cards.model import Card, Problem, Skipped
    from cards.pipeline.build import Collected, Report
    from cards.vault.config import Config

SHOWN = 12  # changes that a build lists by itself
PATIENCE = 1.0  # seconds before a bar shows how far something is

# controls, marks of direction, line separators, and the halves of characters that stand for bytes of a name
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def fault(error: Exception) -> str:
    """What is said of an error that is ours."""
    told = " ".join(str(error).split())[:200]
    return f"a fault in Cards ({type(error).__name__}: {told}); please report it (CARDS_TRACEBACK=1 shows where it is)"


def safe(text: str) -> str:
    """Text for the terminal: what could steer it or turn its direction is shown, not obeyed."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def safe_json(text: str) -> str:
    """JSON for the terminal. What JSON may hold raw and a terminal obeys stands only inside its texts."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def cut(text: str, width: int = 100) -> str:
    """The beginning of a text, at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def card_line(card: Card) -> str:
    """One card as `cards list` shows it."""
    from cards.commands.json_output import marked_text
    from cards.timestamps.times import show

    place = card.draft.place
    where = click.style(f"{safe(place.note)}:{place.line}", dim=True)
    times = "  ".join(show(stamp) for stamp in place.stamps)
    return f"{where}  {card.draft.kind:<5}  {safe(cut(marked_text(card.draft)))}" + (f"  {times}" if times else "")


def skipped_line(skipped: Skipped) -> str:
    """What gave no card, and why, as `cards list --skipped` shows it."""
    return f"{safe(skipped.note)}:{skipped.line}: {safe(skipped.reason)}\n    {safe(cut(skipped.text))}"


def retired_line(entry: Entry) -> str:
    """One card whose takeaway is gone as `cards retired` shows it."""
    place = f"{safe(entry.note)}:{entry.line}"
    return f"{day_of(entry.retired)}  {place}  {entry.kind:<5}  {safe(cut(entry.ask or entry.text))}"


def finding_line(finding: Finding) -> str:
    """One finding as `cards lint` shows it, with what to do below."""
    where = f"{safe(finding.note)}:{finding.line}" if finding.line else safe(finding.note)
    code = click.style(finding.code, fg="red", bold=True)
    return f"{where}: {code} {safe(finding.message)}\n    {click.style(finding.rule.fix, dim=True)}"


def findings_tally(found: list[Finding], cards: int) -> str:
    """The outcome of `cards lint` in a line, and what to type next."""
    if not found:
        return f"{click.style('✓', fg='green', bold=True)} nothing found: {count(cards, 'card')}"
    notes = len({finding.note for finding in found})
    mark = click.style("!", fg="yellow", bold=True)
    first = found[0].code
    return f"\n{mark} {count(len(found), 'finding')} in {count(notes, 'note')}\n\n  Why: cards lint --explain {first}"


def explained(rule: Rule) -> str:
    """One rule as `cards lint --explain` shows it."""
    title = click.style(f"{rule.code} {rule.name}", bold=True)
    return (
        f"{title}\n\n{rule.says}\n\nWhy: {rule.why}\nFix: {rule.fix}\nOff: %% cards-lint: ignore {rule.code} %% on the takeaway"
    )


def verdict(lines: list[str], *, harm: bool) -> None:
    """Print what `cards verify` found, the outcome with a mark."""
    *found, outcome = lines
    for line in found:
        click.echo(safe(line))
    mark = click.style("!", fg="red", bold=True) if harm else click.style("✓", fg="green", bold=True)
    click.echo(f"{mark} {safe(outcome)}")


def previewed(page: Path, cards: int, findings: int) -> str:
    """The outcome of `cards preview` in a line, and what to do next."""
    mark = click.style("✓", fg="green", bold=True)
    found = f", {count(findings, 'finding')}" if findings else ""
    return f"{mark} {count(cards, 'card')}{found}: {safe(_name(page))}\n\n  Next: open it in a browser; nothing leaves it."


def problems(found: Iterable[Problem | Mapping[str, Any]]) -> None:
    """Print what was odd in the notes, on the error stream."""
    for each in found:
        said = each if not isinstance(each, Mapping) else _place(each["note"], each["line"]) + each["message"]
        click.echo(f"{click.style('problem', fg='yellow')}: {safe(str(said))}", err=True)


def _place(note: str, line: int) -> str:
    return f"{note}:{line}: " if line else f"{note}: "


def progress(items: list[str], label: str) -> Iterator[str]:
    """The items, with a bar on the error stream once they take long; none where it is no terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    began, bar = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - began >= PATIENCE:
                from rich.console import Console
                from rich.progress import MofNCompleteColumn, Progress

                columns = (*Progress.get_default_columns(), MofNCompleteColumn())
                bar = Progress(*columns, console=Console(stderr=True), transient=True)
                task = bar.add_task(label, total=len(items))
                bar.start()
            if bar:
                bar.update(task, completed=done)
            yield item
    finally:
        if bar:
            bar.stop()


_MARKS = {
    "new": ("+", "green"),
    "updated": ("~", "yellow"),
    "moved": (">", "blue"),
    "back": ("+", "cyan"),
    "retired": ("-", "red"),
}


def change_line(change: Change, card: Card | None) -> str:
    """One change as `cards diff` shows it, with the card where it is in the notes."""
    mark, colour = _MARKS[change.status]
    if card is not None:
        from cards.commands.json_output import marked_text

        what = marked_text(card.draft)
    else:
        what = change.entry.ask or change.entry.text
    why = f"  ({', '.join(change.reasons)})" if change.reasons else ""
    where = f"{safe(change.entry.note)}:{change.entry.line}"
    return f"{click.style(mark, fg=colour, bold=True)} {change.status:<7}  {where}  {safe(cut(what, 80))}{why}"


def tally(collected: Collected) -> str:
    """How many cards are new, updated, back, retired, kept: only what there is."""
    counts = {
        name: sum(change.status == name for change in collected.changes) for name in ("new", "updated", "back", "retired")
    }
    touched = sum(change.status not in ("moved", "retired") for change in collected.changes)
    counts["kept"] = collected.totals.cards - touched
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def day_of(second: int) -> str:
    """The day of a second since 1970, `2026-03-14` (UTC)."""
    import datetime

    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()


def count(number: int, one: str) -> str:
    """A number of things: `1 card`, `1,200 cards`."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def nothing_to_do(config: Config, outcome: dict[str, Any]) -> None:
    """Print what the last build said, since another one would say it too."""
    decks, cards = len(outcome["decks"]), outcome["cards"]
    click.echo(_up_to_date(decks, cards) if cards else _NO_CARDS)
    click.echo()
    click.echo(_from_notes(outcome["notes_with_cards"], outcome["notes"], outcome["skipped"]))
    click.echo()
    if outcome["skipped"]:
        click.echo(f"  {_why(config)}")


_NO_CARDS = f"{click.style('–', bold=True)} no cards: nothing in these notes looks like a takeaway with a label or a key phrase"


def _up_to_date(decks: int, cards: int) -> str:
    mark = click.style("✓", fg="green", bold=True)
    return f"{mark} nothing to do: {count(decks, 'deck')} with {count(cards, 'card')} up to date"


def _from_notes(with_cards: int, notes: int, skipped: int) -> str:
    return f"  from {count(with_cards, 'note')} of {notes:,} read; {count(skipped, 'takeaway')} gave no card"


def _why(config: Config) -> str:
    return f"Why some gave none: cards list {_given(config)} --skipped"


def _given(config: Config) -> str:
    """The notes and the folder of the decks, to be typed again."""
    given = " ".join(quoted(path) for path in config.notes)
    return given if config.out.resolve() == (config.out.cwd() / "decks").resolve() else f"{given} -o {quoted(config.out)}"


def say(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> None:
    """Print what a build did, or would do, and what to do next."""
    collected = report.collected
    changed = [written for written in report.written if written.changed]
    verb = "would write" if dry_run else "wrote"
    if not collected.totals.cards and collected.changes:
        mark = click.style("!", fg="yellow", bold=True)
        click.echo(f"{mark} no cards any more: what was in the decks is retired, and back when its takeaways are")
    elif not collected.totals.cards:
        click.echo(_NO_CARDS)
    elif changed:
        mark = click.style("✓", fg="green", bold=True)
        click.echo(f"{mark} {verb} {count(len(changed), 'deck')} with {count(collected.totals.cards, 'card')}")
    else:
        click.echo(_up_to_date(len(report.written), collected.totals.cards))
    if collected.changes and (changed_cards := tally(collected)):
        click.echo(f"  {changed_cards}")
    if changed:
        click.echo()
    width = max((len(_name(written.path)) for written in changed), default=0)
    for written in changed:
        counts = written.counts
        name = safe(_name(written.path)).ljust(width)
        click.echo(f"  {name}  {counts['qa']:>6,} question{'s' if counts['qa'] != 1 else ' '}  {counts['cloze']:>6,} cloze")
    if changed and len(changed) < len(report.written):
        click.echo(click.style(f"  {count(len(report.written) - len(changed), 'deck')} unchanged", dim=True))
    for path in report.removed:
        click.echo(f"  {safe(_name(path))}  removed: none of its cards is left")
    click.echo()
    few = [change for change in collected.changes if change.status != "new"] or list(collected.changes)
    if len(few) <= SHOWN and not all(change.status == "new" for change in collected.changes):
        cards = {card.guid: card for card in collected.cards.of({change.entry.note for change in few})}
        for change in few:
            click.echo(f"  {change_line(change, cards.get(change.entry.guid))}")
        click.echo()
    click.echo(_from_notes(collected.totals.notes_with_cards, collected.totals.notes, collected.totals.skipped))
    if verbose:
        for each in collected.skipped:
            click.echo(f"    {safe(each.note)}:{each.line}: {safe(each.reason)}")
    click.echo()
    for hint in _next(config, report, changed=bool(changed) and not dry_run, verbose=verbose):
        click.echo(f"  {hint}")


def _name(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(path.cwd()))
    except ValueError:
        return str(path)


def _next(config: Config, report: Report, *, changed: bool, verbose: bool) -> list[str]:
    hints = []
    if changed and report.collected.totals.cards:
        hints.append("Next: double-click a deck to import it into Anki.")
    if any(change.status == "retired" for change in report.collected.changes):
        hints.append(f"The retired ones in Anki: cards retired {_given(config)}")
    if report.collected.totals.skipped and not verbose:
        hints.append(_why(config))
    return hints


def quoted(path: Path) -> str:
    """A path for a command line that the user may paste."""
    import shlex

    return shlex.quote(safe(_name(path)))
