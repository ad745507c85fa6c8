"""The library: a note's text to cards and packages without a vault or a disk, and a whole build with them.

`import cards` gives these names; what they are made of is private.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from cards.anki import render
from cards.anki.write_package import export as _export
from cards.generator import generate
from cards.identity import changes, fingerprint, ledger_file
from cards.identity.ledger import Entry
from cards.identity.matching import match_drafts
from cards.model import AnkiNote, Card, CardsError, Cloze, Deck, Draft, Note
from cards.parser import parse
from cards.pipeline import build as pipeline
from cards.pipeline.report import Report
from cards.vault import files
from cards.vault.config import DEFAULT_DECK, load
from cards.vault.naming import clean_tag

__all__ = ["Ledger", "assign", "build", "export", "generate", "parse"]


class Ledger(dict[str, Entry]):
    """What is remembered of every card ever made: entries by guid."""

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Ledger:
        """The ledger in a file, an empty one where there is no file. Raises CardsError where it is damaged."""
        try:
            text = files.read(Path(path)).content.decode()
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise CardsError(f"{path}: can't be read: {error}") from None
        return cls(ledger_file.load(text, str(path)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the ledger to a file, in one step. Raises CardsError."""
        files.replace_file(Path(path), ledger_file.dump(self.values()).encode())


def assign(
    note: Note,
    drafts: Sequence[Draft],
    ledger: Mapping[str, Entry],
    *,
    deck: str = DEFAULT_DECK,
    tags: Sequence[str] = (),
    now: int | None = None,
) -> tuple[tuple[Card, ...], Ledger]:
    """Say which card each draft of a note is; the cards, in the order of the drafts, and the ledger that remembers them.

    A draft is matched to an entry of the same note, or to a retired one; else it is a new card. Entries of the note that no
    draft is matched to retire, those of other notes stay as they are. `now` is the second since 1970 of what changes, by default
    that of the clock or of SOURCE_DATE_EPOCH. Pictures and sound are shown by their names: only a build looks into the vault.
    """
    second = pipeline.clock() if now is None else now

    def may_be_claimed(entry: Entry) -> bool:
        return not entry.live or entry.note in ("", note.path)

    cleaned = tuple(sorted({tag for tag in map(clean_tag, tags) if tag}))
    matches, _ = match_drafts([fingerprint.card_key(draft) for draft in drafts], ledger, may_be_claimed)
    source = render.source_line(note.title, note.source, None, note.path)
    cards, entries = [], Ledger(ledger)
    for draft, match in zip(drafts, matches, strict=True):
        phrases = fingerprint.phrases_of(draft)
        typed = isinstance(draft, Cloze) and draft.typed
        ordinals = fingerprint.ordinals_of(phrases, match.entry, typed=typed)
        numbered = fingerprint.with_ordinals(draft, ordinals)
        fields = render.fields(numbered, match.guid, source, {})
        entry = fingerprint.remember(
            match,
            fingerprint.all_phrases(phrases, ordinals, match.entry),
            deck,
            fingerprint.parts_of(fields, cleaned),
            second,
        )
        entries[entry.guid] = entry
        anki = AnkiNote(
            guid=entry.guid,
            kind=draft.kind,
            deck=deck,
            tags=cleaned,
            fields=fields,
            ordinals=tuple(sorted(set(ordinals.values()))) or (1,),
            media=(),
            mod=entry.mod,
        )
        cards.append(Card(draft=numbered, anki=anki, source=note.source))
    made = {card.guid for card in cards}
    for guid, entry in ledger.items():
        if entry.live and entry.note == note.path and guid not in made:
            entries[guid] = changes.retire(entry, second)
    return tuple(cards), entries


def export(cards: Sequence[Card], deck: str = DEFAULT_DECK) -> bytes:
    """The package (`.apkg`) of cards; `deck` is what their top-level deck is called. The same cards give the same bytes."""
    return _export(Deck(deck, tuple(card.anki for card in cards)), {})


def build(
    notes: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    out: str | PathLike[str] | None = None,
    *,
    config: str | PathLike[str] | None = None,
    deck: str | None = None,
    dry_run: bool = False,
    new_ledger: bool = False,
) -> Report:
    """Make the decks of notes as `cards build` does, and say what changed.

    `notes` are files or folders, by default what `cards.toml` names, else the current folder; `out` is the folder of the decks,
    by default `decks`; `config` the `cards.toml` to use, by default the nearest; `deck` takes the cards of notes that name none.
    Raises CardsError where nothing could be done.
    """
    paths = (notes,) if isinstance(notes, str | PathLike) else tuple(notes)
    settings = load(tuple(map(Path, paths)), Path(out) if out else None, Path(config) if config else None, deck)
    return pipeline.build(settings, dry_run=dry_run, new_ledger=new_ledger)
