"""The notes of a run, read, and which card each of their drafts is; the cards are made when they are asked for.

A vault of ten thousand notes has a hundred thousand cards. What recognises them fits into memory at once, they themselves need
not: their drafts stay packed, and a build makes and exports one deck after another.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cards.anki import render
from cards.identity import fingerprint
from cards.identity.fingerprint import Recognised
from cards.identity.ledger import Entry, Ledger
from cards.identity.matching import recognise
from cards.media.clips import Clips, field_of, names_in
from cards.media.embeds import Embeds, Packed, targets
from cards.model import Card, Draft, Media, Problem
from cards.pipeline.load_notes import Progress, Reading, read_all, unseen
from cards.pipeline.state import Difference
from cards.vault import scan
from cards.vault.config import Config
from cards.vault.naming import file_names, top
from cards.vault.scan import Tree


class Made(NamedTuple):
    """A card, and what the ledger is to remember of it."""

    card: Card
    entry: Entry


class _Note(NamedTuple):
    path: str
    reading: Reading
    cards: list[Recognised]


@dataclass(slots=True)
class Gathered:
    """What a run is about, before its cards are made. `problems` grow while they are.

    `known` is the ledger, `now` the second of the run; with `cut` the clips of cards have been cut, else they are only named.
    """

    config: Config
    known: Ledger
    now: int
    tree: Tree
    digests: Mapping[str, str]
    stamps: Mapping[str, tuple[int, int, int]]
    notes: list[_Note]
    by_deck: Mapping[str, list[_Note]]
    scope: Scope
    problems: list[Problem]
    media: Packed
    clips: Clips
    cut: bool

    @property
    def decks(self) -> list[str]:
        """The names of the top-level decks."""
        return sorted(self.by_deck)

    @property
    def guids(self) -> list[str]:
        """Those of all cards, in the order of the notes."""
        return [one.guid for note in self.notes for one in note.cards]

    @property
    def files(self) -> Mapping[str, bytes]:
        """The content of the media and clips that the cards made so far embed, by name."""
        return ChainMap(self.media.files, self.clips.files)

    def made(self, deck: str | None = None, notes: Collection[str] | None = None) -> Iterator[Made]:
        """The cards, or those of a top-level deck or of some notes alone, in their order. Each call makes them anew."""
        for note in self.notes if deck is None else self.by_deck[deck]:
            if note.cards and (notes is None or note.path in notes):
                for draft, one in zip(note.reading.drafts(), note.cards, strict=True):
                    yield self._made(note, draft, one)

    def name_clips(self) -> None:
        """Let the clips of all cards be known before the first is cut."""
        for note in self.notes:
            if self._recording(note):
                for draft in note.reading.drafts():
                    self._clips(note, draft)

    def _recording(self, note: _Note) -> str | None:
        return str(self.config.recording) if self.config.recording else note.reading.file

    def _clips(self, note: _Note, draft: Draft) -> tuple[str, ...]:
        place = draft.place
        return self.clips.names(note.path, place.line, self._recording(note), note.reading.recording, place.stamps)

    def _made(self, note: _Note, draft: Draft, one: Recognised) -> Made:
        config, reading, old = self.config, note.reading, one.entry
        draft, phrases = fingerprint.with_ordinals(draft, old)
        media = self._media(note.path, draft)
        source = render.source_line(reading.title, reading.source, config.vault or _obsidian_vault(config.root), note.path)
        audio = field_of(tuple(name for name in self._clips(note, draft) if name in self.clips.files or not self.cut))
        if not audio and config.clips and old and fingerprint.had_audio(old):
            audio = self.clips.kept(one.guid, old.deck, render.stamps(draft.place.stamps))
        fields = render.fields(draft, one.guid, source, media, audio)
        parts = fingerprint.parts_of(fields, reading.tags)
        if not audio and config.clips and old:
            parts = fingerprint.with_audio_of(old.parts, parts)
        entry = fingerprint.remember(one, phrases, reading.deck, parts, self.now)
        heard = names_in(audio)
        files = tuple(sorted({*heard, *(each.name for each in media.values())}))
        return Made(Card(one.guid, draft, reading.deck, reading.tags, reading.source, fields, files, heard, entry.mod), entry)

    def _media(self, path: str, draft: Draft) -> dict[str, Media]:
        found = {target: self.media.pack(path, draft.place.line, target) for target in targets(draft)}
        return {target: media for target, media in found.items() if media is not None}


def gather(
    config: Config, known: Ledger, now: int, progress: Progress | None = None, only: Difference | None = None
) -> Gathered:
    """Read the notes and say who their drafts are to a ledger. Writes nothing but the cache.

    Without `progress` clips are named and not cut. With `only` the changed notes are read alone.
    """
    tree = only.tree if only else scan.look_around(config)
    present = [seen.path for seen in tree.notes]
    wanted = [path for path in present if only is None or path in only.changed]
    read = read_all(config, wanted, set(present), progress or unseen)
    unread = read.unread | {problem.path for problem in tree.problems}  # folders that can't be read, too
    scope = Scope(config, unread, only.changed | only.gone if only else None)
    recognised, doubts = recognise([one for _, reading in read.found for one in reading.known], known, scope.may_be_claimed)
    rest = iter(recognised)
    notes = [_Note(path, reading, list(islice(rest, len(reading.known)))) for path, reading in read.found]
    by_deck: dict[str, list[_Note]] = {}
    for note in notes:
        if note.cards:
            by_deck.setdefault(top(note.reading.deck), []).append(note)
    problems = [*tree.problems, *read.problems, *doubts]
    tops = (top(entry.deck) for entry in known.values() if entry.live)
    embeds = Embeds(config.root, tree)
    clips = Clips(config, embeds, problems, cache(lambda: file_names(tops)))
    media = Packed(embeds, problems)
    found = Gathered(
        config, known, now, tree, read.digests, read.stamps, notes, by_deck, scope, problems, media, clips, progress is not None
    )
    if progress is not None:
        found.name_clips()
        if missing := clips.missing():
            for name in progress(missing, "cutting clips"):
                clips.make(name)
    return found


class Scope:
    """Whether an entry is free to be claimed or retired: its note was read by this run, or would have been.

    Where only some notes are read (`touched`), the living cards of the others are theirs.
    """

    def __init__(self, config: Config, unread: set[str], touched: frozenset[str] | None) -> None:
        self.unread = unread
        self.touched = touched
        self.root = config.root
        self._gone: dict[str, bool] = {}
        self.roots = [
            given.resolve().relative_to(config.root).as_posix()
            for given in config.notes
            if given.resolve().is_relative_to(config.root)
        ]

    def may_be_claimed(self, entry: Entry) -> bool:
        """Whether a card that was read may be this one: so it may where its note is gone, though that was not to be read."""
        return self(entry) or (entry.live and self.touched is None and not self.unread and self._is_gone(entry.note))

    def _is_gone(self, note: str) -> bool:
        if note not in self._gone:
            try:
                os.lstat(self.root / note)
                self._gone[note] = False
            except (FileNotFoundError, NotADirectoryError):
                self._gone[note] = True
            except (OSError, ValueError):
                self._gone[note] = False
        return self._gone[note]

    def __call__(self, entry: Entry) -> bool:
        path = entry.note
        if self.touched is not None and entry.live and path not in self.touched:
            return False
        inside = any(root in (".", path) or path.startswith(f"{root}/") for root in self.roots)
        if path and not inside:
            return False
        return not self.unread or self.unread.isdisjoint((path, *map(str, PurePosixPath(path).parents)))


def _obsidian_vault(root: Path) -> str | None:
    """The name under which Obsidian knows the vault: that of the folder with its settings."""
    return root.name if (root / ".obsidian").is_dir() else None
