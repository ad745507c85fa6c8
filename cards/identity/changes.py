"""Changes between two ledgers, card by card, with reasons and their effect in Anki."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from cards.identity import fingerprint
from cards.identity.ledger import Entry, Ledger

Status = Literal["new", "updated", "moved", "back", "waiting", "retired"]

_REASONS = {
    "qa": {"front": "label", "back": "text"},
    "cloze": {"front": "text", "back": "text"},
}


class Change(Struct, frozen=True):
    """A card that differs from the last build.

    A `waiting` card has the content that Anki has, and is drawn otherwise than it was delivered.

    `reasons` are among text, label, context, timestamps, audio, source, tags, deck, ordinals. `emptied` are ordinals whose
    phrase is gone, `from_deck` is the old deck, where an import leaves the card.
    """

    status: Status
    entry: Entry
    reasons: tuple[str, ...] = ()
    emptied: tuple[int, ...] = ()
    from_deck: str | None = None

    @property
    def matters(self) -> bool:
        """Whether this change alters a deck file."""
        return self.status not in ("moved", "waiting") or self.from_deck is not None

    def in_anki(self) -> list[str]:
        """Say in sentences how an import into Anki treats the card."""
        sentences = {
            "new": ["adds it"],
            "updated": ["updates it where it is, history kept; your own edits of it are replaced, and its Extra is emptied"],
            "moved": ["leaves it alone"],
            "waiting": ["leaves it as it is; `cards build --refresh` delivers the change with the next import"],
            "back": ["updates it or adds it again, with the history it has"],
            "retired": [f"leaves it: an import cannot delete. Find it with ID:{self.entry.guid}"],
        }[self.status]
        if self.emptied:
            names = ", ".join(f"c{ordinal}" for ordinal in self.emptied)
            sentences.append(f"shows its card {names} as empty: Tools › Empty Cards removes it, a returning phrase revives it")
        if self.from_deck:
            sentences.append(
                f"keeps its cards in “{self.from_deck}”: an import cannot move them. "
                f"Select ID:{self.entry.guid} in the browser and change the deck to “{self.entry.deck}”"
            )
        return sentences


def retire(entry: Entry, now: int) -> Entry:
    """Mark the entry of a card whose takeaway is gone: it leaves the decks and stays in the ledger."""
    return replace(entry, retired=now)


def between(old: Ledger, new: Ledger, drawn: Mapping[str, str]) -> tuple[Change, ...]:
    """List the changes from one ledger to the next: cards in the notes in the order of `drawn`, then retired ones.

    `drawn` are the parts of each card as it is drawn now, by guid.
    """
    changes: list[Change] = []
    for guid, parts in drawn.items():
        entry, before = new[guid], old.get(guid)
        if before is None:
            changes.append(Change("new", entry))
            continue
        emptied = fingerprint.deletions_gone(before, entry)
        reasons = _reasons(before, entry)
        from_deck = before.deck if before.deck != entry.deck else None
        if not before.live:
            changes.append(Change("back", entry, reasons, emptied, from_deck))
        elif before.mod != entry.mod:
            changes.append(Change("updated", entry, reasons, emptied, from_deck))
        elif from_deck or before.note not in ("", entry.note):  # a recovered entry has no note
            changes.append(Change("moved", entry, reasons, (), from_deck))
        elif entry.parts != parts:
            changes.append(Change("waiting", entry, _reasons(before, replace(entry, parts=parts))))
    retired = [Change("retired", new[guid]) for guid, before in old.items() if before.live and not new[guid].live]
    return (*changes, *sorted(retired, key=lambda change: (change.entry.note, change.entry.line, change.entry.guid)))


def _reasons(before: Entry, entry: Entry) -> tuple[str, ...]:
    parts = fingerprint.changed_parts(before.parts, entry.parts) if before.parts else ()
    names = [_REASONS[entry.kind].get(part, part) for part in parts]
    if before.deck != entry.deck:
        names.append("deck")
    if [(old.ordinal, old.gone) for old in before.phrases] != [(new.ordinal, new.gone) for new in entry.phrases]:
        names.append("ordinals")
    return tuple(dict.fromkeys(names))


def retired(entries: Ledger) -> list[Entry]:
    """The entries of cards whose takeaway is gone, latest first."""
    gone = [entry for entry in entries.values() if not entry.live]
    return sorted(gone, key=lambda entry: (-entry.retired, entry.note, entry.line, entry.guid))


def search(guids: list[str]) -> str:
    """Build the search that finds these cards in Anki's browser."""
    return f"ID:{guids[0]}" if len(guids) == 1 else f'"ID:re:^({"|".join(guids)})$"'
