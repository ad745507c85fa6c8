"""A build after a few notes changed: only they are read, and only their decks are written.

What is not read keeps what it has: an unchanged note's cards stay the entries they are in the ledger, and the rows they are in
the package on disk. The outcome is that of a whole build, byte for byte; anything unexpected means that one is run.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cards.anki import read_package
from cards.identity.ledger import Entry, Ledger
from cards.model import CardsError, Deck, Exported, Problem
from cards.pipeline import build as whole
from cards.pipeline import output, state
from cards.pipeline.build import Collected, Report, Totals
from cards.pipeline.load_notes import Progress, unseen, without_collector
from cards.pipeline.output import Written
from cards.pipeline.state import Difference
from cards.vault.config import CACHE, Config
from cards.vault.naming import file_names, top

_MOST = 0.25  # of the notes: beyond it a whole build is as quick


def build(config: Config, *, dry_run: bool = False, progress: Progress = unseen) -> Report:
    """Make the decks as `cards.build.build` does, by the short way where there is one. Raises CardsError."""
    return _increment(config, dry_run=dry_run) or whole.build(config, dry_run=dry_run, progress=progress)


def _increment(config: Config, *, dry_run: bool) -> Report | None:
    began = time.time_ns()
    if not (config.out / CACHE).is_dir():
        return None
    with without_collector(), output.alone(config.out, waiting=not dry_run):
        found = state.difference(config)
        if found is None or not 0 < len(found.changed) + len(found.gone) <= _MOST * len(found.tree.notes):
            return None
        known = whole.known_to(config)
        collected = whole.collect(config, known, progress=unseen, only=found)
        if any(problem.code in state.OPEN for problem in collected.problems):
            return None
        if _has_heir(known, collected, found.changed | found.gone):
            return None
        plan = _plan(config, known, collected, found.changed | found.gone)
        if plan is None:
            return None
        embedded = {**plan.files, **collected.files}
        packages = [output.packed(deck, embedded) for deck in plan.decks]
        written, removed = output.write(config, packages, plan.names, known, collected.entries, dry_run=dry_run)
        report = Report(_completed(collected, found), _with_others(written, plan, found), removed)
        if not dry_run:
            state.remember(config, report.collected.seen, report.as_json(settled=True), began, found.last["files"])
    return report


def _has_heir(known: Ledger, collected: Collected, touched: frozenset[str]) -> bool:
    """Whether a card that lost its takeaway stands with the same words in a note that was not read: it may have moved there."""
    lost = {(entry.kind, entry.key) for guid, entry in known.items() if entry.live and not collected.entries[guid].live}
    return any((e.kind, e.key) in lost for e in known.values() if lost and e.live and e.note not in touched)


class _Plan(NamedTuple):
    """The decks to write with the files of what is kept in them, and the package of each deck there is."""

    decks: list[Deck]
    files: dict[str, bytes]
    names: dict[str, str]


def _plan(config: Config, known: Ledger, collected: Collected, touched: frozenset[str]) -> _Plan | None:
    """The decks of the notes that were touched, what is kept taken from the packages on disk; None where these are others'."""
    before, after = file_names(_tops(known.values())), file_names(_tops(collected.entries.values()))
    if any(before[name] != after[name] for name in before.keys() & after.keys()):
        return None
    concerned = {top(card.deck) for card in collected.cards}
    concerned |= {top(entry.deck) for entry in known.values() if entry.live and entry.note in touched}
    rows: dict[str, list[tuple[str, int, Exported]]] = {name: [] for name in sorted(concerned & after.keys())}
    files: dict[str, bytes] = {}
    for place, card in enumerate(collected.cards):
        rows[top(card.deck)].append((card.draft.place.note, place, card.exported))
    for name in rows.keys() & before.keys():
        try:
            kept, media = read_package.exported(config.out / before[name])
        except CardsError:
            return None
        if {one.guid for one in kept} != {guid for guid, entry in known.items() if entry.live and top(entry.deck) == name}:
            return None
        files |= media
        staying = ((known[one.guid].note, place, one) for place, one in enumerate(kept))
        rows[name] += [row for row in staying if row[0] not in touched]
    decks = [Deck(name, tuple(card for *_, card in sorted(found, key=lambda row: row[:2]))) for name, found in rows.items()]
    return _Plan(decks, files, after)


def _tops(entries: Iterable[Entry]) -> set[str]:
    return {top(entry.deck) for entry in entries if entry.live}


def _completed(collected: Collected, found: Difference) -> Collected:
    """What was collected of the changed notes, with counts, problems and digests of the others as the last build had them."""
    counts = {**{path: (note.cards, note.skipped) for path, note in found.kept.items()}, **collected.seen.counts}
    said = found.last["outcome"]["problems"]
    old = [
        Problem(each["note"], each["line"], each["code"], each["message"])
        for each in said
        if each["note"] in found.kept or each["code"] == "partial"
    ]
    seen = collected.seen._replace(
        digests={**{path: note.digest for path, note in found.kept.items()}, **collected.seen.digests},
        counts=counts,
    )
    problems = tuple(sorted([*old, *collected.problems]))
    return replace(collected, problems=problems, totals=Totals.of(counts, len(found.tree.notes)), seen=seen)


def _with_others(written: list[Written], plan: _Plan, found: Difference) -> tuple[Written, ...]:
    """The decks that were written, and those that there was no need to."""
    done = {one.deck for one in written}
    others = [
        Written(Path(deck["path"]), deck["deck"], {"qa": deck["qa"], "cloze": deck["cloze"]}, False)
        for deck in found.last["outcome"]["decks"]
        if deck["deck"] in plan.names and deck["deck"] not in done
    ]
    return tuple(sorted([*written, *others], key=lambda one: one.deck))
