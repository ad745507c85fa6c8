"""Notes → decks on disk: the one place that knows the sequence of the rooms.

The notes are only read. Ledger and decks are written whole or not at all, the ledger first, so a build that dies at any
instant leaves no card that is not remembered, and the next one is right.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

from cards.identity import changes
from cards.identity.changes import Change, Status
from cards.identity.ledger import Entry, Ledger
from cards.model import Card, CardsError, Deck, Problem, Skipped
from cards.pipeline import output, state
from cards.pipeline.assemble import Gathered, gather
from cards.pipeline.load_notes import Progress, unseen, without_collector
from cards.pipeline.output import Written
from cards.pipeline.state import Difference, Seen
from cards.vault.config import Config
from cards.vault.naming import file_name, file_names, top

_LONGEST_TIME = 11  # digits of a time in seconds: beyond it the ledger believes none


class Cards:
    """The cards of a run in the order of the notes, made anew each time they are gone through: all at once fill the memory."""

    def __init__(self, found: Gathered) -> None:
        self._found = found

    def of(self, notes: Collection[str]) -> Iterator[Card]:
        """Those of some notes, given by their paths."""
        return (each.card for each in self._found.made(notes=notes))

    def skipped(self) -> list[Skipped]:
        """What gave no card, in the order of the notes and lines."""
        found = (each for note in self._found.notes for each in note.reading.skipped())
        return sorted(found, key=lambda each: (each.note, each.line))

    def __iter__(self) -> Iterator[Card]:
        return (each.card for each in self._found.made())

    def __len__(self) -> int:
        return len(self._found.guids)


@dataclass(frozen=True, slots=True)
class Collected:
    """All cards of a run, what they are to the ledger, what was left out and what was odd."""

    cards: Cards
    entries: Ledger
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    totals: Totals
    files: Mapping[str, bytes]
    seen: Seen

    @property
    def skipped(self) -> list[Skipped]:
        """What gave no card, in the order of the notes and lines."""
        return self.cards.skipped()


class Totals(NamedTuple):
    """How many cards there are in all, notes, notes that have cards, and takeaways that gave none."""

    cards: int
    notes: int
    notes_with_cards: int
    skipped: int

    @classmethod
    def of(cls, counts: Mapping[str, tuple[int, int]], notes: int) -> Totals:
        """The sums of what each note gave: cards, and takeaways that gave none."""
        cards, skipped = (sum(column) for column in zip((0, 0), *counts.values(), strict=True))
        return cls(cards, notes, sum(bool(given) for given, _ in counts.values()), skipped)


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, or would do."""

    collected: Collected
    written: tuple[Written, ...]
    removed: tuple[Path, ...] = ()

    @property
    def behind(self) -> bool:
        """Whether the decks on disk are not those of the notes."""
        return any(each.changed for each in self.written) or any(each.matters for each in self.collected.changes)

    def as_json(self, *, settled: bool = False) -> dict[str, Any]:
        """The outcome as `cards build --json` prints it; `settled` is what the next one says where nothing changes."""
        totals = self.collected.totals
        changes = Counter() if settled else Counter(change.status for change in self.collected.changes)
        return {
            "decks": [
                {"path": str(one.path), "deck": one.deck, **one.counts, "changed": one.changed and not settled}
                for one in self.written
            ],
            "notes": totals.notes,
            "notes_with_cards": totals.notes_with_cards,
            "cards": totals.cards,
            "changes": {status: changes[status] for status in get_args(Status)},
            "skipped": totals.skipped,
            "problems": [
                {"note": p.path, "line": p.line, "code": p.code, "message": p.message} for p in self.collected.problems
            ],
        }


def clock() -> int:
    """The time of this run in seconds, from SOURCE_DATE_EPOCH where that is set to one (and not to milliseconds)."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    told = len(given) < _LONGEST_TIME and given.isdecimal() and given.isascii()
    return max(1, int(given) if told else int(time.time()))  # 0 would be that of no retired card


def build(config: Config, *, dry_run: bool = False, new_ledger: bool = False, progress: Progress = unseen) -> Report:
    """Make the decks, write the ledger, then those that differ from what is on disk.

    `progress` goes over what takes time, with a label, for a bar that shows how far it is.
    Raises CardsError where nothing could be done: no notes, a damaged or missing ledger, a folder that can't be written.
    """
    began = time.time_ns()
    with without_collector(), output.alone(config.out, waiting=not dry_run):
        known = known_to(config, new_ledger=new_ledger)
        found = gather(config, known, clock(), progress)
        entries: dict[str, Entry] = {}
        packages = []
        for name in found.decks:  # one after another: only one deck's cards are in memory
            cards = []
            for card, entry in found.made(name):
                entries[entry.guid] = entry
                cards.append(card.exported)
            packages.append(output.packed(Deck(name, tuple(cards)), found.files))
        collected = _collected(found, entries)
        refuse_foreign(config, known, collected)
        if not collected.totals.notes and not known:
            raise CardsError(f"{config.notes[0]}: no Markdown notes here")
        names = file_names(found.decks)
        written, removed = output.write(
            config, packages, names, known, collected.entries, dry_run=dry_run, new_ledger=new_ledger
        )
        report = Report(collected, tuple(written), removed)
        if not dry_run:
            state.remember(config, collected.seen, report.as_json(settled=True), began)
    return report


def look(config: Config, progress: Progress | None = None) -> Collected:
    """The cards of the notes, for looking at, as the ledger knows them where it is theirs. Writes nothing but the cache."""
    known = known_to(config, new_ledger=True)
    collected = collect(config, known, progress=progress)
    return collect(config, {}, progress=progress) if _is_foreign(config, known, collected) else collected


def collect(
    config: Config,
    known: Ledger,
    now: int | None = None,
    progress: Progress | None = None,
    only: Difference | None = None,
) -> Collected:
    """Read the notes, make their cards and say who they are to a ledger. Writes nothing but the cache.

    Without `progress` clips are named and not cut. With `only` the changed notes are read alone, and the cards of the others
    are theirs.
    """
    found = gather(config, known, clock() if now is None else now, progress, only)
    return _collected(found, {each.entry.guid: each.entry for each in found.made()}, only)


def _collected(found: Gathered, made: Ledger, only: Difference | None = None) -> Collected:
    """What a run has found once its cards are made: `made` is what to remember of them."""
    problems, known = found.problems, found.known
    entries = {**known, **made}
    elsewhere: Counter[str] = Counter()
    for guid, entry in known.items():
        if guid in made or not entry.live:
            continue
        if found.scope(entry):
            entries[guid] = changes.retire(entry, found.now)
        elif only is None:
            elsewhere[top(entry.deck)] += 1
    for deck in sorted(elsewhere.keys() & found.decks):
        message = f"the deck holds only the notes read now; {elsewhere[deck]} cards of others stay in the ledger, safe"
        problems.append(Problem(f"{file_name(deck)}.apkg", 0, "partial", message))
    counts = {note.path: (len(note.cards), note.reading.left_out) for note in found.notes}
    return Collected(
        Cards(found),
        entries,
        changes.between(known, entries, found.guids),
        tuple(sorted(problems)),
        Totals.of(counts, len(found.tree.notes)),
        found.files,
        Seen(found.tree, found.digests, found.stamps, (*map(str, found.media.known), *found.clips.recordings), counts),
    )


def refuse_foreign(config: Config, known: Ledger, collected: Collected) -> None:
    """Raise CardsError where the decks in `out` belong to other notes: all their cards would be retired."""
    if _is_foreign(config, known, collected):
        raise CardsError(f"{config.out}: these decks belong to the notes in {config.foreign}; choose another folder with -o")


def _is_foreign(config: Config, known: Ledger, collected: Collected) -> bool:
    """Whether the ledger is of another folder, and few of its cards are found in this one (else it is a copy)."""
    live = [guid for guid, entry in known.items() if entry.live]
    found = sum(collected.entries[guid].live for guid in live)
    return config.foreign is not None and 2 * found < len(live)


def known_to(config: Config, *, new_ledger: bool = False) -> dict[str, Entry]:
    """The ledger of a run, with the paths of its notes from the vault's root of today. Raises CardsError."""
    known = output.read_ledger(config.out, new_ledger=new_ledger)
    if not config.rebase:
        return known
    return {guid: replace(entry, note=f"{config.rebase}/{entry.note}" if entry.note else "") for guid, entry in known.items()}
