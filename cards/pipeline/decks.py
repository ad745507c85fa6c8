"""The packages of a build: of all notes, or of the few that changed and what the packages on disk hold of the others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import structs

from cards.anki import read_package
from cards.model import AnkiNote, CardsError, Deck
from cards.pipeline import output
from cards.pipeline.assemble import Run
from cards.pipeline.new_order import Takeaway, spaced
from cards.pipeline.output import Package
from cards.pipeline.report import DeckFile
from cards.pipeline.state import Changed
from cards.vault import files
from cards.vault.config import Config
from cards.vault.naming import file_names, top


class NeedsAllError(Exception):
    """What changed can't be told without reading all notes."""


class Decks:
    """The decks of a build. With `only`, those of the notes that changed, and what the others have in them on disk."""

    def __init__(self, config: Config, run: Run, only: Changed | None) -> None:
        self._config, self._run, self._only = config, run, only
        self._touched = only.changed | only.gone if only else frozenset()
        self._media: dict[str, bytes] = {}
        self.read: dict[Path, tuple[AnkiNote, ...]] = {}  # what packages on disk hold, as far as they were read
        concerned = set(run.decks)
        if only:
            living = [entry for entry in run.known.values() if entry.live]
            self._before = file_names({top(entry.deck) for entry in living})
            staying = {top(entry.deck) for entry in living if entry.note not in self._touched}
            self.file_names = file_names(staying | concerned)
            if any(self._before[name] != self.file_names[name] for name in self._before.keys() & self.file_names.keys()):
                raise NeedsAllError
            _refuse_heirs(run, self._touched)
            concerned |= {top(entry.deck) for entry in living if entry.note in self._touched} & self.file_names.keys()
        else:
            self.file_names = file_names(concerned)
        self.names = sorted(concerned)

    def package(self, name: str, made: list[AnkiNote]) -> Package:
        """The package of a deck: the notes that were made, and those that stay, in the order in which they are learned."""
        takeaways = {one.guid: (note.path, one.card.line) for note in self._run.notes for one in note.found}
        notes = made
        if self._only and name in self._before:
            notes = [*made, *self._staying(name)]
        known = self._run.known

        def takeaway_of(note: AnkiNote) -> Takeaway:
            return takeaways.get(note.guid) or (known[note.guid].note, known[note.guid].line)

        def place(note: AnkiNote) -> tuple[str, bool, int]:
            path, line = takeaway_of(note)
            return path, note.kind != "qa", line if note.kind != "qa" else 0

        notes = spaced(sorted(notes, key=place), takeaway_of)
        media = {**self._media, **self._run.files}
        return output.packed(Deck(name, tuple(notes)), media)

    def _staying(self, name: str) -> list[AnkiNote]:
        """The notes of a package on disk that stay as they are. Raises NeedsAllError where it is not what the ledger says."""
        known = self._run.known
        path = self._config.out / self._before[name]
        try:
            content = files.read_deck(path)
            notes = read_package.read(content, str(path)).notes
            media = read_package.media(content, str(path), frozenset(file for note in notes for file in note.media))
        except CardsError:
            raise NeedsAllError from None
        if {note.guid for note in notes} != {g for g, entry in known.items() if entry.live and top(entry.deck) == name}:
            raise NeedsAllError
        self._media |= media
        self.read[path] = notes
        kept = (note for note in notes if known[note.guid].note not in self._touched)
        return [structs.replace(note, media=tuple(each for each in note.media if each in media)) for note in kept]

    def all_files(self, written: Iterable[DeckFile]) -> tuple[DeckFile, ...]:
        """The packages that were made, and those that there was no need to."""
        found = {deck.deck: deck for deck in written}
        if self._only:
            for one in self._only.last.report().decks:
                if one.deck in self.file_names:
                    found.setdefault(one.deck, one)
        return tuple(found[name] for name in sorted(found))


def _refuse_heirs(run: Run, touched: frozenset[str]) -> None:
    """Raise NeedsAllError where a card that lost its takeaway may have moved to a copy in a note that was not read."""
    matched = {match.guid for note in run.notes for match in note.found}
    lost = [entry for guid, entry in run.known.items() if entry.live and guid not in matched and run.scope(entry)]
    words, guids = {(entry.kind, entry.key) for entry in lost}, {entry.guid for entry in lost}
    others = (entry for entry in run.known.values() if lost and entry.live and entry.note not in touched)
    if any((entry.kind, entry.key) in words or entry.origin in guids for entry in others):
        raise NeedsAllError
