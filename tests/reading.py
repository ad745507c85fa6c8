"""From a note's text to what a test compares: one line a card, in deck order."""

from __future__ import annotations

import cards
from cards.model import Cloze, Draft, Note, ParseOptions, Qa, Skipped, marked_text
from cards.model.blocks import block_text
from cards.model.prose import plain, squeeze
from cards.timestamps.times import show


def note_of(text: str, path: str = "Note.md", options: ParseOptions | None = None) -> Note:
    return cards.parse(text, path, options)


def drafts_of(text: str, path: str = "Note.md") -> tuple[Draft, ...]:
    return cards.generate(note_of(text, path)).born


def skipped_of(text: str, path: str = "Note.md") -> list[Skipped]:
    note = note_of(text, path)
    return sorted([*note.skipped, *cards.generate(note).skipped], key=lambda each: each.line)


def line_of(draft: Draft) -> str:
    """`qa 4 [Title › Heading] Label => answer @ 1:20–1:25`."""
    context = " › ".join(draft.place.context[1:])
    times = ", ".join(show(stamp) for stamp in draft.place.stamps)
    back = squeeze(" ".join(map(block_text, draft.back)))
    before = f"‹{squeeze(plain(draft.before))}› " if isinstance(draft, Cloze) and draft.before else ""
    points = f" ({draft.points} points)" if isinstance(draft, Qa) and draft.points else ""
    return (
        f"{draft.kind} {draft.place.line} [{context}] {before}{marked_text(draft)}{points}"
        + (f" => {back}" if back else "")
        + (f" @ {times}" if times else "")
    )


def report(text: str) -> list[str]:
    """What a note gives: its cards, then what gave none."""
    lines = [line_of(draft) for draft in drafts_of(text)]
    return lines + [f"none {each.line} {each.text} :: {each.reason}" for each in skipped_of(text)]
