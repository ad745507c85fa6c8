"""The order in which new cards are learned: that of the notes, with the cards of one takeaway kept apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from cards.model import AnkiNote

APART = 20  # new cards between the `qa` of a takeaway and its `cloze`: a day's worth in Anki's default settings

Takeaway = tuple[str, int]  # the path of a note, and a line


def spaced(notes: Iterable[AnkiNote], takeaway_of: Callable[[AnkiNote], Takeaway]) -> list[AnkiNote]:
    """Hold a `cloze` back until APART new cards of its deck stand between it and the `qa` of its takeaway.

    At the end of a deck, where so many do not follow, those that wait come last. `notes` are in the order of the notes they
    come from, the `qa` of each before its `cloze`.
    """
    out: list[AnkiNote] = []
    cards: Counter[str] = Counter()  # of each deck so far
    after: dict[Takeaway, int] = {}  # how many cards of its deck there were when a takeaway had asked
    waiting: list[AnkiNote] = []

    def is_ready(note: AnkiNote) -> bool:
        return note.kind == "qa" or cards[note.deck] >= after.get(takeaway_of(note), -APART) + APART

    def learn(note: AnkiNote) -> None:
        out.append(note)
        cards[note.deck] += len(note.ordinals)
        if note.kind == "qa":
            after[takeaway_of(note)] = cards[note.deck]

    for note in notes:
        if not is_ready(note):
            waiting.append(note)
            continue
        learn(note)
        while ready := next((each for each in waiting if is_ready(each)), None):
            waiting.remove(ready)
            learn(ready)
    return [*out, *waiting]
