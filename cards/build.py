"""Notes → decks on disk: the one place that knows the sequence of the rooms.

The notes are only read. Decks are written whole or not at all, the ledger last, so a build that dies at any instant
leaves what was there or what was meant, and the next one is right.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, get_args

from cards import changes, fresh, identity, render, store, vault
from cards.changes import Change, Status
from cards.clips import Clips, field_of, names_in
from cards.config import Config, way_to_root
from cards.fresh import Difference, Seen
from cards.identity import Recognised
from cards.ledger import Entry, Ledger
from cards.media import Packed, targets
from cards.model import Card, CardsError, Deck, Draft, Media, Problem, Skipped
from cards.naming import file_name, file_names
from cards.reading import Progress, Reading, read_all, without_collector
from cards.recognition import recognise
from cards.store import Written


def unseen(items: list[str], label: str) -> Iterable[str]:
    """The items, without a bar."""
    return items


@dataclass(frozen=True, slots=True)
class Collected:
    """All cards of a run in deck order, what they are to the ledger, what was left out and what was odd."""

    cards: tuple[Card, ...]
    entries: Ledger
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    totals: Totals
    files: Mapping[str, bytes]
    seen: Seen


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
    """The time of this run in seconds, from SOURCE_DATE_EPOCH where it is set."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(given) if given.isdecimal() and given.isascii() else int(time.time())


def build(config: Config, *, dry_run: bool = False, new_ledger: bool = False, progress: Progress = unseen) -> Report:
    """Make the decks and write those that differ from what is on disk, then the ledger.

    `progress` goes over what takes time, with a label, for a bar that shows how far it is.
    Raises CardsError where nothing could be done: no notes, a damaged or missing ledger, a folder that can't be written.
    """
    began = time.time_ns()
    with without_collector(), store.alone(config.out, waiting=not dry_run):
        known = known_to(config, new_ledger=new_ledger)
        collected = collect(config, known, progress=progress)
        refuse_foreign(config, known, collected)
        removed: tuple[Path, ...] = ()
        if not collected.totals.notes and not known:
            raise CardsError(f"{config.notes[0]}: no Markdown notes here")
        found = decks(collected.cards)
        written = store.write(config.out, found, collected.files, file_names(deck.name for deck in found), dry_run=dry_run)
        if not dry_run:
            store.write_ledger(config.out, collected.entries, way_to_root(config.out, config.root))
            removed = store.remove_emptied(config.out, known, collected.entries)
        report = Report(collected, tuple(written), removed)
        if not dry_run:
            fresh.remember(config, collected.seen, report.as_json(settled=True), began)
    return report


def look(config: Config, progress: Progress | None = None) -> Collected:
    """The cards of the notes, for looking at: with the identities of the ledger where it is theirs. Writes nothing."""
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
    now = clock() if now is None else now
    tree = only.tree if only else vault.look_around(config)
    present = [seen.path for seen in tree.notes]
    wanted = [path for path in present if only is None or path in only.changed]
    read = read_all(config, wanted, set(present), progress or unseen)
    readings, problems = read.found, [*tree.problems, *read.problems]
    unread = read.unread | {problem.path for problem in tree.problems}  # folders that can't be read, too
    drafted = [(path, reading, draft) for path, reading in readings for draft in reading.drafts]
    in_scope = _Scope(config, unread, only.changed | only.gone if only else None)
    recognised, doubts = recognise([draft for *_, draft in drafted], known, in_scope)
    found = Packed(config, problems)
    clips, audio = _clips(config, problems, drafted, progress, known)
    entries, cards = dict(known), []
    for (path, reading, _), one, names in zip(drafted, recognised, audio, strict=True):
        card, entry = _card(config, path, reading, one, found, clips, names, now)
        cards.append(card)
        entries[entry.guid] = entry
    claimed = {card.guid for card in cards}
    elsewhere: Counter[str] = Counter()
    for guid, entry in known.items():
        if guid in claimed or not entry.live:
            continue
        if in_scope(entry):
            entries[guid] = changes.retire(entry, now)
        elif only is None:
            elsewhere[entry.deck.split("::")[0]] += 1
    for deck in sorted({card.deck.split("::")[0] for card in cards} & elsewhere.keys()):
        message = f"the deck holds only the notes read now; {elsewhere[deck]} cards of others stay in the ledger, safe"
        problems.append(Problem(f"{file_name(deck)}.apkg", 0, "partial", message))
    skipped = sorted((each for _, reading in readings for each in reading.skipped), key=lambda each: (each.note, each.line))
    counts = {path: (len(reading.drafts), len(reading.skipped)) for path, reading in readings}
    return Collected(
        tuple(cards),
        entries,
        changes.between(known, entries, {card.guid: card for card in cards}),
        tuple(skipped),
        tuple(sorted([*problems, *doubts])),
        Totals.of(counts, len(tree.notes)),
        found.files | clips.files,
        Seen(tree, read.digests, (*map(str, found.known), *clips.recordings), counts),
    )


def _clips(
    config: Config,
    problems: list[Problem],
    drafted: list[tuple[str, Reading, Draft]],
    progress: Progress | None,
    known: Ledger,
) -> tuple[Clips, list[tuple[str, ...]]]:
    """The clips of a run, cut where `progress` is given, and the names of each draft's."""
    tops = (entry.deck.partition("::")[0] for entry in known.values() if entry.live)
    clips = Clips(config, problems, cache(lambda: file_names(tops)))
    audio = []
    for path, reading, draft in drafted:
        file = str(config.recording) if config.recording else reading.file
        audio.append(clips.names(path, draft.place.line, file, reading.recording, draft.place.stamps))
    if progress is None:
        return clips, audio
    if missing := clips.missing():
        for name in progress(missing, "cutting clips"):
            clips.make(name)
    return clips, [tuple(name for name in names if name in clips.files) for names in audio]


class _Scope:
    """Whether an entry is free to be claimed or retired: its note was read by this run, or would have been.

    Where only some notes are read (`touched`), the living cards of the others are theirs.
    """

    def __init__(self, config: Config, unread: set[str], touched: frozenset[str] | None) -> None:
        self.unread = unread
        self.touched = touched
        self.roots = [
            given.resolve().relative_to(config.root).as_posix()
            for given in config.notes
            if given.resolve().is_relative_to(config.root)
        ]

    def __call__(self, entry: Entry) -> bool:
        path = entry.note
        if self.touched is not None and entry.live and path not in self.touched:
            return False
        inside = any(root in (".", path) or path.startswith(f"{root}/") for root in self.roots)
        if not self.unread:
            return not path or inside
        above = (path, *(parent.as_posix() for parent in PurePosixPath(path).parents))
        return (not path or inside) and self.unread.isdisjoint(above)


def _card(
    config: Config,
    path: str,
    reading: Reading,
    one: Recognised,
    found: Packed,
    clips: Clips,
    names_of_clips: tuple[str, ...],
    now: int,
) -> tuple[Card, Entry]:
    names: dict[str, Media] = {}
    for target in targets(one.draft):
        media = found.pack(path, one.draft.place.line, target)
        if media is not None:
            names[target] = media
    source = render.source_line(reading.title, reading.source, config.vault or _obsidian_vault(config.root), path)
    audio = field_of(names_of_clips)
    if not audio and config.clips and one.entry and identity.had_audio(one.entry):
        audio = clips.kept(one.guid, one.entry.deck, render.stamps(one.draft.place.stamps))
    fields = render.fields(one.draft, one.guid, source, names, audio)
    parts = identity.parts_of(fields, reading.tags)
    if not audio and config.clips and one.entry:
        parts = identity.with_audio_of(one.entry.parts, parts)
    entry = identity.remember(one, reading.deck, parts, now)
    heard = names_in(audio)
    files = tuple(sorted({*heard, *(media.name for media in names.values())}))
    return Card(one.guid, one.draft, reading.deck, reading.tags, reading.source, fields, files, heard, entry.mod), entry


def _obsidian_vault(root: Path) -> str | None:
    """The name under which Obsidian knows the vault: that of the folder with its settings."""
    return root.name if (root / ".obsidian").is_dir() else None


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
    known = store.read_ledger(config.out, new_ledger=new_ledger)
    if not config.rebase:
        return known
    return {guid: replace(entry, note=f"{config.rebase}/{entry.note}" if entry.note else "") for guid, entry in known.items()}


def decks(cards: Iterable[Card]) -> list[Deck]:
    """One deck a top-level name, each with its subdecks' cards, in the order of the notes."""
    grouped: dict[str, list[Card]] = {}
    for card in cards:
        grouped.setdefault(card.deck.split("::")[0], []).append(card)
    return [Deck(name, tuple(grouped[name])) for name in sorted(grouped)]
