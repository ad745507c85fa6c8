"""What every draft knows of its takeaway."""

from __future__ import annotations

from cards.model import (
    Note,
    Place,
    Takeaway,
    Timestamp,
)
from cards.model.prose import visible
from cards.text.words import stands_in


def words_of(takeaway: Takeaway) -> str:
    """The label and text of a takeaway, for a report."""
    front = visible(takeaway.front.prose) if takeaway.front else ""
    return " ".join(filter(None, (front, visible(takeaway.text))))


def place_of(
    note: Note,
    takeaway: Takeaway,
    context: tuple[str, ...],
    stamps: tuple[Timestamp, ...],
    phrases: tuple[str, ...] = (),
) -> Place:
    """Where a card stands. Equal stamps are one; a name that would give a phrase away leaves the byline."""
    byline = tuple(name for name in note.byline if not any(stands_in(phrase, name) for phrase in phrases))
    return Place(note.path, takeaway.line, context, tuple(dict.fromkeys(stamps)), takeaway.block_id, byline)
