"""Messages of the commands: cards, changes and results as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from cards.commands.terminal import bold, count, done, name, quoted, safe, truncate
from cards.pipeline.report import LISTED

if TYPE_CHECKING:  # a build with nothing to do needs none of them
    from pathlib import Path

    from cards.identity.changes import Change, Status
    from cards.identity.ledger import Entry
    from cards.lint.checks import Finding
    from cards.lint.rules import Rule
    from cards.model import Card, Problem, Skipped
    from cards.pipeline.report import Report, Result
    from cards.vault.config import Config


def card_line(card: Card) -> str:
    """Format a card for `cards list`."""
    from cards.model import marked_text
    from cards.timestamps.times import show

    place = card.draft.place
    where = click.style(f"{safe(place.note)}:{place.line}", dim=True)
    times = "  ".join(show(stamp) for stamp in place.stamps)
    return f"{where}  {card.draft.kind:<5}  {safe(truncate(marked_text(card.draft)))}" + (f"  {times}" if times else "")


def skipped_line(skipped: Skipped) -> str:
    """Format a skipped takeaway and the reason for `cards list --skipped`."""
    return f"{safe(skipped.note)}:{skipped.line}: {safe(skipped.reason)}\n    {safe(truncate(skipped.text))}"


def retired_line(entry: Entry) -> str:
    """Format a retired card for `cards retired`."""
    place = f"{safe(entry.note)}:{entry.line}"
    return f"{day_of(entry.retired)}  {place}  {entry.kind:<5}  {safe(truncate(entry.ask or entry.text))}"


def finding_line(finding: Finding) -> str:
    """Format a finding for `cards lint`, with the fix on a second line."""
    where = f"{safe(finding.note)}:{finding.line}" if finding.line else safe(finding.note)
    return f"{where}: {bold(finding.code, 'red')} {safe(finding.message)}\n    {click.style(finding.rule.fix, dim=True)}"


def findings_tally(findings: list[Finding], cards: int) -> str:
    """Format the last lines of `cards lint`: number of findings, and the next command."""
    if not findings:
        return f"{done()} no findings in {count(cards, 'card')}"
    total, notes = count(len(findings), "finding"), count(len({finding.note for finding in findings}), "note")
    return f"\n{bold('!', 'yellow')} {total} in {notes}\n\n  Why: cards lint --explain {findings[0].code}"


def explained(rule: Rule) -> str:
    """Format a rule for `cards lint --explain`."""
    title = bold(f"{rule.code} {rule.name}")
    off = f"%% cards-lint: ignore {rule.code} %% on the takeaway"
    return f"{title}\n\n{rule.says}\n\nWhy: {rule.why}\nFix: {rule.fix}\nOff: {off}"


def verdict(lines: list[str], *, harm: bool) -> list[str]:
    """Format the lines of `cards verify`; the last one is the outcome."""
    *details, outcome = map(safe, lines)
    return [*details, f"{bold('!', 'red') if harm else done()} {outcome}"]


def previewed(page: Path, cards: int, findings: int) -> str:
    """Format the result of `cards preview`: numbers of cards and findings, and the path of the page."""
    found = f", {count(findings, 'finding')}" if findings else ""
    return f"{done()} {count(cards, 'card')}{found}: {safe(name(page))}"


def print_problems(problems: Iterable[Problem]) -> None:
    """Print problems on stderr."""
    for problem in problems:
        click.echo(f"{click.style('problem', fg='yellow')}: {safe(str(problem))}", err=True)


_MARKS: dict[Status, tuple[str, str]] = {
    "new": ("+", "green"),
    "updated": ("~", "yellow"),
    "back": ("+", "cyan"),
    "moved": (">", "blue"),
    "waiting": ("·", "blue"),
    "retired": ("-", "red"),
}


def change_line(change: Change, question: str | None) -> str:
    """Format a change for `cards diff`. `question` is the card's question side, if it is still in the notes."""
    mark, colour = _MARKS[change.status]
    text = question or change.entry.ask or change.entry.text
    reasons = f"  ({', '.join(change.reasons)})" if change.reasons else ""
    where = f"{safe(change.entry.note)}:{change.entry.line}"
    return f"{bold(mark, colour)} {change.status:<7}  {where}  {safe(truncate(text, 80))}{reasons}"


def tally(changes: Sequence[Change]) -> str:
    """Count the changes of each status, `2 new, 1 updated`; empty without changes."""
    counts = Counter(change.status for change in changes)
    return ", ".join(f"{counts[status]:,} {status}" for status in _MARKS if counts[status])


def tally_of_all(result: Result) -> str:
    """Count the cards that changed and those that are kept: `2 new, 27 kept`."""
    changes = [change for change in result.changes if change.status != "moved"]  # moved cards count as kept
    kept = result.totals.cards - sum(change.status != "retired" for change in changes)
    return ", ".join(filter(None, (tally(changes), f"{kept:,} kept" if kept else "")))


def day_of(second: int) -> str:
    """Return the UTC day of a time in seconds since 1970: `2026-03-14`."""
    import datetime

    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()


def report(config: Config, report: Report, *, dry_run: bool, verbose: bool, refresh: bool = False) -> list[str]:
    """Format the result of a build (or of a dry run), and hints for the next step, as lines."""
    totals = report.result.totals
    lines = _headline(report, dry_run=dry_run) + _decks(report) + [""] + _changes(report.result)
    notes, skipped = count(totals.notes, "note"), count(totals.skipped, "takeaway")
    lines.append(f"  from {totals.notes_with_cards:,} of {notes}; {skipped} skipped")
    if refresh and (updated := sum(change.status == "updated" for change in report.result.changes)):
        lines.append(f"  the import replaces {count(updated, 'card')} in Anki, with your own edits and what stands in Extra")
    if verbose:
        lines += [f"    {safe(each.note)}:{each.line}: {safe(each.reason)}" for each in report.result.skipped]
    return [*lines, "", *(f"  {hint}" for hint in _hints(config, report, dry_run=dry_run, verbose=verbose))]


def _headline(report: Report, *, dry_run: bool) -> list[str]:
    """Format the outcome, and on a second line how many cards are new, updated, retired or kept."""
    cards, changes = report.result.totals.cards, report.result.changes
    changed = sum(deck.changed for deck in report.decks)
    if not cards and changes:
        first = f"{bold('!', 'yellow')} no cards left: all are retired, and come back if their takeaways do"
    elif not cards:
        first = f"{bold('–')} no cards: these notes have no takeaway with a label or a key phrase"
    elif changed:
        first = f"{done()} {'would write' if dry_run else 'wrote'} {count(changed, 'deck')} with {count(cards, 'card')}"
    else:
        first = f"{done()} nothing to do: {count(len(report.decks), 'deck')} with {count(cards, 'card')} up to date"
    counts = tally_of_all(report.result) if changes else ""
    return [first, f"  {counts}"] if counts else [first]


def _decks(report: Report) -> list[str]:
    """Format the packages that were written or removed, and the number of unchanged ones."""
    changed = [deck for deck in report.decks if deck.changed]
    width = max((len(name(deck.path)) for deck in changed), default=0)
    lines = [""] if changed else []
    for deck in changed:
        questions = deck.counts["qa"]
        noun = "question " if questions == 1 else "questions"
        lines.append(f"  {safe(name(deck.path)).ljust(width)}  {questions:>6,} {noun}  {deck.counts['cloze']:>6,} cloze")
    if changed and len(changed) < len(report.decks):
        lines.append(click.style(f"  {count(len(report.decks) - len(changed), 'deck')} unchanged", dim=True))
    return lines + [f"  {safe(name(path))}  removed: no cards left" for path in report.removed]


def _changes(result: Result) -> list[str]:
    """Format the changes card by card, without new cards, unless there are too many."""
    changes = [change for change in result.changes if change.status != "new"]
    if not changes or len(changes) > LISTED:
        return []
    return [*(f"  {change_line(change, result.questions.get(change.entry.guid))}" for change in changes), ""]


def _hints(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> list[str]:
    """Suggest the next steps."""
    result, hints = report.result, []
    if any(deck.changed for deck in report.decks) and not dry_run and result.totals.cards:
        hints.append("Next: double-click a deck to import it into Anki.")
    if any(change.status == "retired" for change in result.changes):
        hints.append(f"Find retired cards: cards retired {_arguments(config)}")
    if result.totals.skipped and not verbose:
        hints.append(f"Why skipped: cards list {_arguments(config)} --skipped")
    return hints


def _arguments(config: Config) -> str:
    """Format the arguments that make another command use the same notes and decks."""
    notes = " ".join(quoted(path) for path in config.notes)
    return notes if config.out.resolve() == (config.out.cwd() / "decks").resolve() else f"{notes} -o {quoted(config.out)}"
