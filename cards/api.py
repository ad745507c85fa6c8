"""The library: from a note's text to cards and a package without a vault or a disk, or a whole build with both.

`import cards` gives these names; the modules behind them are private.
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
from cards.model import Card, CardsError, Cloze, Deck, Draft, Note
from cards.parser import parse
from cards.pipeline import build as pipeline
from cards.pipeline.report import Report
from cards.vault import files
from cards.vault.config import DEFAULT_DECK, load
from cards.vault.naming import clean_tag

__all__ = ["Ledger", "assign", "build", "export", "generate", "parse"]

_LONGEST_HEADER = 10_000  # bytes of a ledger's first line


class Ledger(dict[str, Entry]):
    """The memory of every card ever made: entries by guid."""

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Ledger:
        """Read a ledger from a file; no file gives an empty one. Raises CardsError where it is damaged."""
        try:
            text = files.read(Path(path)).content.decode()
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise CardsError(f"{path}: can't be read: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise CardsError(f"{path}: can't be read: {error}") from None
        return cls(ledger_file.load(text, str(path)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the ledger to a file in one step. Keeps the path to the notes that a build left in it. Raises CardsError."""
        file = Path(path)
        files.replace_file(file, ledger_file.dump(self.values(), _root_in(file)).encode())


def _root_in(path: Path) -> str:
    """Read the path to the notes from a ledger's first line, by which a build knows them again; empty where there is none."""
    try:
        with files.opened(path) as file:
            return ledger_file.root_of(file.readline(_LONGEST_HEADER).decode())
    except (OSError, ValueError):
        return ""


def assign(
    note: Note,
    drafts: Sequence[Draft],
    ledger: Mapping[str, Entry],
    *,
    deck: str = DEFAULT_DECK,
    tags: Sequence[str] = (),
    now: int | None = None,
) -> tuple[tuple[Card, ...], Ledger]:
    """Give each draft of a note its card. Returns the cards in the order of the drafts, and the ledger that remembers them.

    A draft that the rules refuse has a card only if that lives already.
    A draft is matched to an entry of the same note or to a retired one; else it becomes a new card. Entries of the note that
    match no draft retire, those of other notes stay as they are: to keep the card of a takeaway that moved, assign the note it
    left before the note it came to. `deck` and `tags` are used as given; the note's own properties and its opting out
    (`note.wanted`) are the caller's to heed. `now` is the time of a change in seconds since 1970, by default SOURCE_DATE_EPOCH
    or the clock. Pictures and sound are shown by their names, since only a build looks into the vault.
    """
    second = pipeline.clock() if now is None else now

    def may_be_claimed(entry: Entry) -> bool:
        return not entry.live or entry.note in ("", note.path)

    cleaned = tuple(sorted({tag.casefold(): tag for tag in map(clean_tag, tags) if tag}.values()))
    found, _ = match_drafts([fingerprint.card_key(draft) for draft in drafts], ledger, may_be_claimed)
    source = render.source_line(note.source, None, note.path, note.spoken, recorded=note.source == note.recording)
    cards, entries = [], Ledger(ledger)
    for draft, match in ((draft, match) for draft, match in zip(drafts, found, strict=True) if match):
        phrases, typed = fingerprint.phrases_of(draft), isinstance(draft, Cloze) and draft.typed
        wanted = fingerprint.ordinals_of(phrases, match.entry, typed=typed)
        ordinals = fingerprint.delivered_ordinals(wanted, match)
        if draft.refused and phrases and not any(ordinals):
            continue
        numbered = fingerprint.with_ordinals(draft, phrases, ordinals)
        fields = render.fields(numbered, match.guid, source, {})
        entry = fingerprint.remember(
            match,
            fingerprint.all_phrases(phrases, ordinals, match.entry),
            deck=deck,
            parts=fingerprint.parts_of(fields, cleaned),
            content=fingerprint.content_of(match, cleaned, ()),
            now=second,
        )
        entries[entry.guid] = entry
        cards.append(Card(draft=numbered, anki=fingerprint.anki_note(entry, ordinals, fields, cleaned), source=note.source))
    made = {card.guid for card in cards}
    for guid, entry in ledger.items():
        if entry.live and entry.note == note.path and guid not in made:
            entries[guid] = changes.retire(entry, second)
    return tuple(cards), entries


def export(cards: Sequence[Card]) -> bytes:
    """Pack cards into an Anki package (`.apkg`), each in its own deck. The same cards give the same bytes."""
    return _export(Deck("", tuple(card.anki for card in cards)), {})


def build(
    notes: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    out: str | PathLike[str] | None = None,
    *,
    config: str | PathLike[str] | None = None,
    deck: str | None = None,
    dry_run: bool = False,
    new_ledger: bool = False,
    refresh: bool = False,
    retire: bool = False,
) -> Report:
    """Make the decks of notes as `cards build` does, and report what changed.

    `notes` are files or folders, by default those that `cards.toml` names, else the current folder. `out` is the folder of the
    decks, by default `decks`; `config` is the `cards.toml` to use, by default the nearest; `deck` takes the cards of notes that
    name none. With `dry_run` nothing is written; `new_ledger` starts a ledger anew beside decks that lost theirs; `refresh`
    also delivers what only looks otherwise, over edits made in Anki; `retire` goes on where much of a deck would be retired.
    Raises CardsError where nothing could be done.
    """
    paths = (notes,) if isinstance(notes, str | PathLike) else tuple(notes)
    settings = load(tuple(map(Path, paths)), Path(out) if out else None, Path(config) if config else None, deck)
    return pipeline.build(settings, dry_run=dry_run, new_ledger=new_ledger, refresh=refresh, retire=retire)
