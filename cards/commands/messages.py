"""What the command line says: cards, changes and outcomes as words for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from cards.commands.terminal import count, done, name, quoted, safe, truncate
from cards.pipeline.report import LISTED

if TYPE_CHECKING:
    from pathlib import Path

    from cards.identity.changes import Change, Status
    from cards.identity.ledger import Entry
    from cards.lint.checks import Finding
    from cards.lint.rules import Rule
    from cards.model import Card, Problem, Skipped
    from cards.pipeline.report import Report, Result
    from cards.vault.config import Config


def card_line(card: Card) -> str:
    """One card as `cards list` shows it."""
    from cards.model import marked_text
    from cards.timestamps.times import show

    place = card.draft.place
    where = click.style(f"{safe(place.note)}:{place.line}", dim=True)
    times = "  ".join(show(stamp) for stamp in place.stamps)
    return f"{where}  {card.draft.kind:<5}  {safe(truncate(marked_text(card.draft)))}" + (f"  {times}" if times else "")


def skipped_line(skipped: Skipped) -> str:
    """What gave no card, and why, as `cards list --skipped` shows it."""
    return f"{safe(skipped.note)}:{skipped.line}: {safe(skipped.reason)}\n    {safe(truncate(skipped.text))}"


def retired_line(entry: Entry) -> str:
    """One card whose takeaway is gone as `cards retired` shows it."""
    place = f"{safe(entry.note)}:{entry.line}"
    return f"{day_of(entry.retired)}  {place}  {entry.kind:<5}  {safe(truncate(entry.ask or entry.text))}"


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


def verdict(lines: list[str], *, harm: bool) -> list[str]:
    """What `cards verify` found, the outcome with a mark."""
    *found, outcome = map(safe, lines)
    return [*found, f"{click.style('!', fg='red', bold=True) if harm else done()} {outcome}"]


def previewed(page: Path, cards: int, findings: int) -> str:
    """The outcome of `cards preview` in a line, and where the page lies."""
    found = f", {count(findings, 'finding')}" if findings else ""
    return f"{done()} {count(cards, 'card')}{found}: {safe(name(page))}"


def problems(found: Iterable[Problem]) -> None:
    """Print what was odd in the notes, on the error stream."""
    for each in found:
        click.echo(f"{click.style('problem', fg='yellow')}: {safe(str(each))}", err=True)


_MARKS: dict[Status, tuple[str, str]] = {
    "new": ("+", "green"),
    "updated": ("~", "yellow"),
    "back": ("+", "cyan"),
    "moved": (">", "blue"),
    "retired": ("-", "red"),
}


def change_line(change: Change, question: str | None) -> str:
    """One change as `cards diff` shows it, with what the card asks where it is in the notes."""
    mark, colour = _MARKS[change.status]
    what = question or change.entry.ask or change.entry.text
    why = f"  ({', '.join(change.reasons)})" if change.reasons else ""
    where = f"{safe(change.entry.note)}:{change.entry.line}"
    return f"{click.style(mark, fg=colour, bold=True)} {change.status:<7}  {where}  {safe(truncate(what, 80))}{why}"


def tally(changes: Sequence[Change]) -> str:
    """How many cards are new, updated, moved, back, retired: only what there is."""
    counts = Counter(change.status for change in changes)
    return ", ".join(f"{counts[status]:,} {status}" for status in _MARKS if counts[status])


def tally_of_all(result: Result) -> str:
    """How many cards changed, and how many are kept."""
    changes = [change for change in result.changes if change.status != "moved"]  # these are kept
    kept = result.totals.cards - sum(change.status != "retired" for change in changes)
    return ", ".join(filter(None, (tally(changes), f"{kept:,} kept" if kept else "")))


def day_of(second: int) -> str:
    """The day of a second since 1970, `2026-03-14` (UTC)."""
    import datetime

    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()


def report(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> list[str]:
    """What a build did, or would do, and what to do next, in lines."""
    totals = report.result.totals
    lines = _headline(report, dry_run=dry_run) + _decks(report) + [""] + _changes(report.result)
    lines.append(f"  from {count(totals.notes_with_cards, 'note')} of {totals.notes:,} read; {_left_out(totals.skipped)}")
    if verbose:
        lines += [f"    {safe(each.note)}:{each.line}: {safe(each.reason)}" for each in report.result.skipped]
    return [*lines, "", *(f"  {hint}" for hint in _hints(config, report, dry_run=dry_run, verbose=verbose))]


def _headline(report: Report, *, dry_run: bool) -> list[str]:
    """The outcome in a line, and how many cards are new, updated, retired or kept, where any are."""
    cards, changes = report.result.totals.cards, report.result.changes
    changed = sum(deck.changed for deck in report.decks)
    if not cards and changes:
        mark = click.style("!", fg="yellow", bold=True)
        first = f"{mark} no cards left: those in the decks are retired, and return when their takeaways do"
    elif not cards:
        mark = click.style("–", bold=True)
        first = f"{mark} no cards: nothing in these notes looks like a takeaway with a label or a key phrase"
    elif changed:
        first = f"{done()} {'would write' if dry_run else 'wrote'} {count(changed, 'deck')} with {count(cards, 'card')}"
    else:
        first = f"{done()} nothing to do: {count(len(report.decks), 'deck')} with {count(cards, 'card')} up to date"
    told = tally_of_all(report.result) if changes else ""
    return [first, f"  {told}"] if told else [first]


def _left_out(skipped: int) -> str:
    return f"{count(skipped, 'takeaway')} gave no card"


def _decks(report: Report) -> list[str]:
    """The packages that were written or removed, and how many were not."""
    changed = [deck for deck in report.decks if deck.changed]
    width = max((len(name(deck.path)) for deck in changed), default=0)
    lines = [""] if changed else []
    for deck in changed:
        questions, cloze = deck.counts["qa"], deck.counts["cloze"]
        lines.append(
            f"  {safe(name(deck.path)).ljust(width)}  {questions:>6,} question{'s' if questions != 1 else ' '}  {cloze:>6,} cloze"
        )
    if changed and len(changed) < len(report.decks):
        lines.append(click.style(f"  {count(len(report.decks) - len(changed), 'deck')} unchanged", dim=True))
    return lines + [f"  {safe(name(path))}  removed: none of its cards is left" for path in report.removed]


def _changes(result: Result) -> list[str]:
    """The changes card by card, where they are few and not all of them new."""
    few = [change for change in result.changes if change.status != "new"]
    if not few or len(few) > LISTED:
        return []
    return [*(f"  {change_line(change, result.questions.get(change.entry.guid))}" for change in few), ""]


def _hints(config: Config, report: Report, *, dry_run: bool, verbose: bool) -> list[str]:
    """What to do next."""
    result, hints = report.result, []
    if any(deck.changed for deck in report.decks) and not dry_run and result.totals.cards:
        hints.append("Next: double-click a deck to import it into Anki.")
    if any(change.status == "retired" for change in result.changes):
        hints.append(f"The retired ones in Anki: cards retired {_given(config)}")
    if result.totals.skipped and not verbose:
        hints.append(f"Why some gave none: cards list {_given(config)} --skipped")
    return hints


def _given(config: Config) -> str:
    """The notes and the folder of the decks, to be typed again."""
    given = " ".join(quoted(path) for path in config.notes)
    return given if config.out.resolve() == (config.out.cwd() / "decks").resolve() else f"{given} -o {quoted(config.out)}"
