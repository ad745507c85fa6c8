"""What the ledger remembers: an entry for every card ever made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from cards.model import CardKind

Guid = Annotated[str, Meta(pattern=r"\A[a-z2-7]+\Z")]  # base32: it stands in Anki's searches, and in a field
Seconds = Annotated[int, Meta(ge=0, le=10**11)]  # since 1970: beyond it a number is damaged
Ordinal = Annotated[int, Meta(ge=1)]


class Phrase(Struct, frozen=True, array_like=True):
    """A deletion's text and the ordinal it keeps for life. `gone` says that the card has it no longer."""

    ordinal: Ordinal
    text: str
    gone: bool = False


class Entry(Struct, frozen=True, array_like=True, kw_only=True):
    """What is remembered of one card.

    `key` is a hash of all its words, `ask` and `text` are what likeness is judged by: label and answer, or sentence.
    `parts` are short hashes of what Anki was told, by which a change is seen and named. `mod`, `born` and `retired` are
    seconds since 1970; `retired` is 0 for a card that is in the notes.
    """

    guid: Guid
    kind: CardKind
    deck: str
    note: str
    line: int
    key: str
    ask: str
    text: str
    phrases: tuple[Phrase, ...] = ()
    parts: str = ""
    mod: Seconds = 0
    born: Seconds = 0
    retired: Seconds = 0
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
