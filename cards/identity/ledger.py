"""The ledger: an entry for every card ever made, by guid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from cards.model import CardKind

Guid = Annotated[str, Meta(pattern=r"\A[a-z2-7]+\Z")]  # base32: safe in Anki's searches and fields
Seconds = Annotated[int, Meta(ge=0, le=10**11)]  # since 1970: a greater number is damaged
Ordinal = Annotated[int, Meta(ge=1)]


class Phrase(Struct, frozen=True, array_like=True):
    """The text of a deletion and the ordinal it keeps for life. `gone` means the card no longer has it."""

    ordinal: Ordinal
    text: str
    gone: bool = False


class Entry(Struct, frozen=True, array_like=True, kw_only=True):
    """The ledger's memory of one card.

    `line` is 1-based. `key` is a hash of all words; `ask` and `text`, to measure similarity, are the beginnings of label and
    answer, or of the sentence. `parts` are short hashes of the fields and tags that were last delivered, `content` one of the
    takeaway as written: only when that changes does `mod` grow. `origin` is the guid of the card with the same words that this
    one was a copy of at its birth. `context` is a hash of its breadcrumb, empty where it is the one in `parts`. `mod`, `born`
    and `retired` are seconds since 1970; `retired` is 0 for a card in the notes.
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
    content: str = ""
    origin: str = ""
    context: str = ""

    @property
    def live(self) -> bool:
        """Whether the card is in the notes."""
        return not self.retired


Ledger = Mapping[str, Entry]


def with_gone(phrases: Sequence[Phrase], known: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """Add the `known` phrases of other ordinals as gone, so that no ordinal is used twice; sort by ordinal."""
    taken = {phrase.ordinal for phrase in phrases}
    gone = (replace(phrase, gone=True) for phrase in known if phrase.ordinal not in taken)
    return tuple(sorted((*phrases, *gone), key=lambda phrase: phrase.ordinal))
