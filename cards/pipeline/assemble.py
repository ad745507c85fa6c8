"""Notes and ledger → cards: what is read, which card each draft is, and the cards themselves, deck by deck.

A vault of ten thousand notes has a hundred thousand cards. Their keys fit into memory at once, they themselves need not: they
stay packed, and a build makes and exports one deck after another.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from msgspec.structs import replace

from cards.anki import render
from cards.identity import fingerprint
from cards.identity.fingerprint import Match
from cards.identity.ledger import Entry, Ledger
from cards.identity.matching import match_drafts
from cards.media.clips import Clips, field_of, names_in
from cards.media.embeds import Embeds, MediaFiles
from cards.model import AnkiNote, Card, Draft, Problem, Skipped
from cards.pipeline.load_notes import LoadedNotes, NoteCards, Progress, RenderedDraft, load_notes, no_progress
from cards.pipeline.state import Changed
from cards.pipeline.unmatched import refuse_unmatched
from cards.vault import scan
from cards.vault.config import Config
from cards.vault.naming import file_names, top
from cards.vault.note_files import VaultFiles
from cards.vault.scan import Tree


class MatchedNote(NamedTuple):
    """A note that was read, and which cards its drafts are: None for a draft that is refused and has no living card."""

    path: str
    cards: NoteCards
    matches: tuple[Match | None, ...]

    @property
    def found(self) -> list[Match]:
        """Its cards, without those that the rules refuse."""
        return [match for match in self.matches if match]

    def skipped(self) -> list[Skipped]:
        """What gave no card: what the rules refuse counts only where no card of it lives."""
        living = self._living()
        return [each for each in self.cards.skipped() if each.line not in living]

    @property
    def skipped_count(self) -> int:
        """How many takeaways gave no card."""
        return len(self.skipped()) if self._living() else self.cards.skipped_count

    def _living(self) -> set[int]:
        """The lines of cards that live although the rules refuse them."""
        return {match.card.line for match in self.found if not match.card.born}


class Made(NamedTuple):
    """A card as Anki gets it, its entry, the parts that were drawn now, and problems; the card itself where it is kept."""

    anki: AnkiNote
    entry: Entry
    parts: str
    problems: tuple[Problem, ...]
    card: Card | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run has read, before its cards are made.

    `known` is the ledger, `now` the second of the run (since 1970), `decks` are the notes of each top-level deck, `problems`
    those met so far. `scope` says which entries of the ledger this run may claim or retire. With `cut` the clips of cards are
    cut, else they are only named.
    """

    config: Config
    known: Ledger
    now: int
    tree: Tree
    loaded: LoadedNotes
    notes: tuple[MatchedNote, ...]
    decks: Mapping[str, list[MatchedNote]]
    scope: Scope
    problems: tuple[Problem, ...]
    media: MediaFiles
    clips: Clips
    cut: bool
    refresh: bool

    @property
    def files(self) -> Mapping[str, bytes]:
        """The content of the media and clips that the cards made so far embed, by name."""
        return ChainMap(self.media.files, self.clips.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files besides notes that the cards were made from."""
        return (*self.media.paths, *self.clips.recordings)

    def make(self, note: MatchedNote, *, keep: bool = False) -> Iterator[Made]:
        """The cards of a note. With `keep` each comes with its draft."""
        if not note.found:
            return
        drafts = note.cards.drafts() if keep else _LazyDrafts(note.cards)
        source = self._source(note)
        for n, (rendered, match) in enumerate(zip(note.cards.rendered(), note.matches, strict=True)):
            if match:
                yield self._make(note, match, n, rendered, drafts, source, keep=keep)

    def _source(self, note: MatchedNote) -> str:
        vault = self.config.vault or _obsidian_vault(self.config.root)
        cards = note.cards
        return render.source_line(cards.source, vault, note.path, cards.language, recorded=cards.source == cards.recording)

    def _make(
        self,
        note: MatchedNote,
        match: Match,
        n: int,
        rendered: RenderedDraft,
        drafts: tuple[Draft, ...] | _LazyDrafts,
        source: str,
        *,
        keep: bool,
    ) -> Made:
        cards, old = note.cards, match.entry
        wanted = fingerprint.ordinals_of(rendered.phrases, old, typed=rendered.typed, refresh=self.refresh)
        ordinals = wanted if self.refresh else fingerprint.delivered_ordinals(wanted, match)
        fields, media, problems = self._fields(rendered, ordinals, drafts, n)
        audio, odd = self._audio(note, rendered, match, fields[3])
        drawn = (*fields, audio, source, "", match.guid)
        parts = fingerprint.parts_of(drawn, cards.tags)
        if wanted != ordinals:  # what waits is the card with its new gap
            parts = fingerprint.parts_of((*self._fields(rendered, wanted, drafts, n)[0], *drawn[4:]), cards.tags)
        if not audio and self.config.clips and old:
            parts = fingerprint.with_audio_of(old.parts, parts)
        entry = fingerprint.remember(
            match,
            fingerprint.all_phrases(rendered.phrases, ordinals, old),
            deck=cards.deck,
            parts=parts,
            content=fingerprint.content_of(match, None if cards.broken else cards.own_tags, media),
            now=self.now,
            refresh=self.refresh,
        )
        clips = names_in(audio)
        anki = fingerprint.anki_note(entry, ordinals, drawn, cards.tags, (*clips, *media))
        card = None
        if keep:
            draft = fingerprint.with_ordinals(drafts[n], rendered.phrases, ordinals)
            card = Card(draft=draft, anki=anki, source=cards.source, audio=clips)
        return Made(anki, entry, parts, (*problems, *odd), card)

    def _fields(
        self, rendered: RenderedDraft, ordinals: tuple[int, ...], drafts: tuple[Draft, ...] | _LazyDrafts, n: int
    ) -> tuple[tuple[str, ...], list[str], list[Problem]]:
        """The fields of a draft, the media in them, and what is missing. Drawn anew only for media and other ordinals."""
        if not rendered.embeds and ordinals == tuple([phrase.ordinal for phrase in rendered.phrases]):
            return rendered.fields, [], []
        draft = fingerprint.with_ordinals(drafts[n], rendered.phrases, ordinals)
        media, problems = self.media.pack(draft)
        return render.fields(draft, "", "", media)[:4], [file.name for file in media.values()], problems

    def _audio(self, note: MatchedNote, rendered: RenderedDraft, one: Match, stamps: str) -> tuple[str, list[Problem]]:
        """The field Audio of a card: its clips, or those that it has in the deck."""
        names, problems = name_clips(self.config, self.clips, note, one.card.line, rendered)
        audio = field_of(name for name in names if name in self.clips.files or not self.cut)
        if not audio and self.config.clips and one.entry and fingerprint.had_audio(one.entry):
            audio = self.clips.kept(one.guid, one.entry.deck, stamps)
        return audio, problems


class _LazyDrafts:
    """The drafts of a note, unpacked when the first is asked for: most cards need none."""

    def __init__(self, cards: NoteCards) -> None:
        self._cards = cards
        self._drafts: tuple[Draft, ...] | None = None

    def __getitem__(self, n: int) -> Draft:
        if self._drafts is None:
            self._drafts = self._cards.drafts()
        return self._drafts[n]


def name_clips(
    config: Config, clips: Clips, note: MatchedNote, line: int, rendered: RenderedDraft
) -> tuple[tuple[str, ...], list[Problem]]:
    """The clips of a card, and what was odd with them."""
    target = str(config.recording) if config.recording else note.cards.file
    return clips.names(note.path, line, target, note.cards.recording, rendered.stamps) if target else ((), [])


def start(
    config: Config,
    known: Ledger,
    now: int,
    progress: Progress | None = None,
    only: Changed | None = None,
    *,
    keep_notes: bool = False,
    refresh: bool = False,
) -> Run:
    """Read the notes and say which cards of a ledger their drafts are. Writes nothing but the cache.

    Without `progress` clips are named and not cut. With `only` the changed notes are read alone. With `refresh` cards that are
    drawn otherwise than they were delivered get a newer `mod`.
    """
    tree = only.tree if only else scan.look_around(config)
    files = VaultFiles(config.root)
    present = [note.path for note in tree.notes]
    wanted = [path for path in present if only is None or path in only.changed]
    loaded = load_notes(config, files, wanted, set(present), progress or no_progress, keep_notes=keep_notes)
    if only is None:
        refuse_unmatched(config, present, loaded.found)
    unread = loaded.unread | {problem.path for problem in tree.problems}  # folders that can't be read, too
    scope = Scope(config, unread, only.changed | only.gone if only else None)
    keys = [key for _, cards in loaded.found for key in cards.keys if key.born or not refresh]
    matches, doubts = match_drafts(keys, known, scope.may_be_claimed)
    rest = iter(matches)
    notes = tuple(_matched(path, cards, rest, refresh=refresh) for path, cards in _settled(loaded.found, known))
    tops = (top(entry.deck) for entry in known.values() if entry.live)
    embeds = Embeds(files, tree)
    clips = Clips(config, embeds, cache(lambda: file_names(tops)))
    problems = [*tree.problems, *loaded.problems, *doubts]
    if progress is not None:
        problems += _cut_clips(config, clips, notes, progress)
    return Run(
        config=config,
        known=known,
        now=now,
        tree=tree,
        loaded=loaded,
        notes=notes,
        decks=_by_deck(notes),
        scope=scope,
        problems=tuple(problems),
        media=MediaFiles(embeds),
        clips=clips,
        cut=progress is not None,
        refresh=refresh,
    )


def _matched(path: str, cards: NoteCards, matches: Iterator[Match | None], *, refresh: bool) -> MatchedNote:
    """A note with the next of these matches. A `refresh` has none for what the rules refuse."""
    found = [next(matches) if key.born or not refresh else None for key in cards.keys]
    if any(match and not match.card.born and match.card.kind == "cloze" for match in found):
        for n, rendered in enumerate(cards.rendered()):  # a refused sentence stays for the phrases that its card has
            match = found[n]
            if match and not match.card.born and rendered.phrases:
                ordinals = fingerprint.ordinals_of(rendered.phrases, match.entry, typed=rendered.typed)
                found[n] = match if any(ordinals) else None
    return MatchedNote(path, cards, tuple(found))


def _settled(found: Iterable[tuple[str, NoteCards]], known: Ledger) -> Iterator[tuple[str, NoteCards]]:
    """The notes, each in its deck: one whose frontmatter is half written stays in the deck that its living cards are in."""
    decks = cache(lambda: {entry.note: entry.deck for entry in known.values() if entry.live})
    for path, cards in found:
        yield path, replace(cards, deck=decks().get(path, cards.deck)) if cards.unsettled else cards


def _by_deck(notes: tuple[MatchedNote, ...]) -> dict[str, list[MatchedNote]]:
    """The notes of each top-level deck, by its name."""
    found: dict[str, list[MatchedNote]] = {}
    for note in notes:
        if note.found:
            found.setdefault(top(note.cards.deck), []).append(note)
    return found


def _cut_clips(config: Config, clips: Clips, notes: tuple[MatchedNote, ...], progress: Progress) -> list[Problem]:
    """Cut the clips of all cards: all are named before the first is cut, so that a bar shows how far it is."""
    for note in notes:
        if config.recording or note.cards.file:
            for rendered, one in zip(note.cards.rendered(), note.matches, strict=True):
                if one:
                    name_clips(config, clips, note, one.card.line, rendered)
    missing = clips.missing()
    made = (clips.make(name) for name in progress(missing, "cutting clips")) if missing else ()
    return [problem for problem in made if problem]


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
        """Whether a draft may be matched to this entry. True also if the entry's note was deleted outside this run's scope."""
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
