"""The state of a collection, as far as a push reads it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from cards.model import CardKind

SUSPENDED = -1  # Anki's queue of a suspended card


class CardInAnki(Struct, frozen=True, array_like=True):
    """A card in Anki. `ordinal` counts from 1, `deck` is its name, the one it came from if it is `filtered` out of it.

    `reviews` counts its answers, `mod` is the second since 1970 of its last change.
    """

    id: int
    ordinal: int
    deck: str
    filtered: bool
    queue: int
    reviews: int
    mod: int

    @property
    def suspended(self) -> bool:
        return self.queue == SUSPENDED


class NoteInAnki(Struct, frozen=True, array_like=True):
    """An Anki note of ours. `fields` are in the order of the note type, `mod` is in seconds since 1970."""

    id: int
    guid: str
    kind: CardKind
    mod: int
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    cards: tuple[CardInAnki, ...]


class Collection(Struct, frozen=True, kw_only=True):
    """A collection: its notes of ours by guid, and `version`, which changes with everything in it.

    `types` are the field names of our note types, as far as it has them. `foreign` are guids of ours that notes of another
    type have.
    """

    version: int
    notes: Mapping[str, NoteInAnki]
    types: Mapping[CardKind, tuple[str, ...]]
    foreign: frozenset[str] = frozenset()
