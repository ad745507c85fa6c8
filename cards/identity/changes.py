"""What a build changes, card by card, why, and what Anki will do with it on import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from cards.identity import fingerprint
from cards.identity.ledger import Entry, Ledger

Status = Literal["new", "updated", "moved", "back", "retired"]

_REASONS = {
    "qa": {"front": "label", "back": "text"},
    "cloze": {"front": "text", "back": "text"},
}


class Change(Struct, frozen=True):
    """One card that is not as it was.

    `reasons` are among text, label, context, timestamps, audio, source, tags, deck, ordinals. `emptied` are ordinals whose
    phrase is gone, `from_deck` the deck that an import leaves the card in.
    """

    status: Status
    entry: Entry
    reasons: tuple[str, ...] = ()
    emptied: tuple[int, ...] = ()
    from_deck: str | None = None

    @property
    def matters(self) -> bool:
        """Whether the decks are other ones for it."""
        return self.status != "moved" or self.from_deck is not None

    def in_anki(self) -> list[str]:
        """What Anki does with it when the deck is imported, in sentences."""
        said = {
            "new": ["adds it"],
            "updated": ["updates it where it is, history kept; your own edit of it is replaced"],
            "moved": ["leaves it alone"],
            "back": ["updates it or adds it again, with the history it has"],
            "retired": [f"leaves it: an import cannot delete. Find it with ID:{self.entry.guid}"],
        }[self.status]
        if self.emptied:
            names = ", ".join(f"c{ordinal}" for ordinal in self.emptied)
            said.append(f"shows its card {names} as empty: Tools › Empty Cards removes it, a returning phrase revives it")
        if self.from_deck:
            said.append(
                f"keeps its cards in “{self.from_deck}”: an import cannot move them. "
                f"Select ID:{self.entry.guid} in the browser and change the deck to “{self.entry.deck}”"
            )
        return said


def retire(entry: Entry, now: int) -> Entry:
    """A card whose takeaway is gone: out of the decks, kept in the ledger with all it had."""
    return replace(entry, retired=now)


def between(old: Ledger, new: Ledger, guids: Iterable[str]) -> tuple[Change, ...]:
    """The changes from one ledger to the next, in the order of the `guids`, which are in the notes; the retired come last."""
    found: list[Change] = []
    for guid in guids:
        entry, before = new[guid], old.get(guid)
        if before is None:
            found.append(Change("new", entry))
            continue
        emptied = fingerprint.deletions_gone(before, entry)
        reasons = _reasons(before, entry)
        from_deck = before.deck if before.deck != entry.deck else None
        if not before.live:
            found.append(Change("back", entry, reasons, emptied, from_deck))
        elif before.mod != entry.mod:
            found.append(Change("updated", entry, reasons, emptied, from_deck))
        elif from_deck or before.note not in ("", entry.note):  # of a recovered card nothing says where it was
            found.append(Change("moved", entry, reasons, (), from_deck))
    retired = [Change("retired", new[guid]) for guid, before in old.items() if before.live and not new[guid].live]
    return (*found, *sorted(retired, key=lambda each: (each.entry.note, each.entry.line, each.entry.guid)))


def _reasons(before: Entry, entry: Entry) -> tuple[str, ...]:
    parts = fingerprint.changed_parts(before.parts, entry.parts) if before.parts else ()
    names = [_REASONS[entry.kind].get(part, part) for part in parts]
    if before.deck != entry.deck:
        names.append("deck")
    if [(each.ordinal, each.gone) for each in before.phrases] != [(each.ordinal, each.gone) for each in entry.phrases]:
        names.append("ordinals")
    return tuple(dict.fromkeys(names))


def retired(entries: Ledger) -> list[Entry]:
    """The cards whose takeaway is gone, the latest first."""
    gone = [entry for entry in entries.values() if not entry.live]
    return sorted(gone, key=lambda each: (-each.retired, each.note, each.line, each.guid))


def search(guids: list[str]) -> str:
    """What to type into Anki's browser to find these cards."""
    return " or ".join(f"ID:{guid}" for guid in guids)
