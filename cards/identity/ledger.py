"""What the ledger remembers: an entry for every card ever made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cards.model import CardKind


@dataclass(frozen=True, slots=True)
class Phrase:
    """A deletion's text and the ordinal it keeps for life. `gone` says that the card has it no longer."""

    ordinal: int
    text: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered of one card.

    `key` is a hash of all its words, `ask` and `text` are what likeness is judged by: label and answer, or sentence.
    `parts` are short hashes of what Anki was told, by which a change is seen and named. `mod`, `born` and `retired` are
    seconds since 1970; `retired` is 0 for a card that is in the notes.
    """

    guid: str
    kind: CardKind
    deck: str
    note: str
    line: int
    key: str
    ask: str
    text: str
    phrases: tuple[Phrase, ...] = ()
    parts: str = ""
    mod: int = 0
    born: int = 0
    retired: int = 0
    block: str = ""

    @property
    def live(self) -> bool:
        return not self.retired


Ledger = Mapping[str, Entry]


def with_gone(phrases: Sequence[Phrase], known: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """Phrases by ordinal, and those `known` besides as gone: no number is ever given twice."""
    taken = {each.ordinal for each in phrases}
    gone = (replace(each, gone=True) for each in known if each.ordinal not in taken)
    return tuple(sorted((*phrases, *gone), key=lambda each: each.ordinal))
