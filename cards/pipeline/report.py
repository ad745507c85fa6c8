"""What a build found and did, as values: for the command line, for the next build, and for whoever calls the library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

if TYPE_CHECKING:  # a build with nothing to do needs none of them
    from cards.identity.changes import Change
    from cards.identity.ledger import Ledger
    from cards.lint.checks import ParsedNote
    from cards.model import Card, CardKind, Problem, Skipped

LISTED = 12  # changes whose cards a build shows


class Totals(NamedTuple):
    """How many cards there are in all, notes, notes that have cards, and takeaways that gave none."""

    cards: int
    notes: int
    notes_with_cards: int
    skipped: int

    @classmethod
    def of(cls, counts: Mapping[str, tuple[int, int]], notes: int) -> Totals:
        """The sums of what each note gave: cards, and takeaways that gave none."""
        cards, skipped = (sum(column) for column in zip((0, 0), *counts.values(), strict=True))
        return cls(cards, notes, sum(bool(cards) for cards, _ in counts.values()), skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the notes give, held against a ledger: `entries` is what to remember, `changes` what is not as it was.

    `cards`, `skipped` and `notes` are there where they were asked for; `questions` are those of changed cards by guid, of all
    where cards were asked for, else of few; `media` are the files that the cards embed, by name.
    """

    entries: Ledger = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    totals: Totals
    cards: tuple[Card, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[ParsedNote, ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeckFile:
    """One package: where it is, its deck, how many notes of each kind it holds, and whether this run changed it."""

    path: Path
    deck: str
    counts: Mapping[CardKind, int]
    changed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, or would do: the packages there are, and those that were removed."""

    result: Result
    decks: tuple[DeckFile, ...]
    removed: tuple[Path, ...] = ()

    @property
    def behind(self) -> bool:
        """Whether the decks on disk are not those of the notes."""
        return any(deck.changed for deck in self.decks) or any(each.matters for each in self.result.changes)

    def as_json(self) -> dict[str, Any]:
        """The outcome as `cards build --json` prints it."""
        from cards.identity.changes import Status

        totals = self.result.totals
        changes = Counter(change.status for change in self.result.changes)
        return {
            "decks": [
                {"path": str(deck.path), "deck": deck.deck, **deck.counts, "changed": deck.changed} for deck in self.decks
            ],
            "notes": totals.notes,
            "notes_with_cards": totals.notes_with_cards,
            "cards": totals.cards,
            "changes": {status: changes[status] for status in get_args(Status)},
            "skipped": totals.skipped,
            "problems": [{"note": p.path, "line": p.line, "code": p.code, "message": p.message} for p in self.result.problems],
        }
