"""The state of a collection, as far as a push reads it."""

from __future__ import annotations

import hashlib
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


class Look(Struct, frozen=True, array_like=True):
    """How a note type draws its cards: its card template's two sides, and its style."""

    front: str
    back: str
    css: str

    @property
    def digest(self) -> str:
        """A hash by which looks are compared."""
        return hashlib.sha256("\0".join((self.front, self.back, self.css)).encode()).hexdigest()[:16]


class TypeInAnki(Struct, frozen=True, array_like=True):
    """A note type of ours in Anki: the names of its fields and of its card templates, and the look of the first."""

    fields: tuple[str, ...]
    templates: tuple[str, ...]
    look: Look


class Collection(Struct, frozen=True, kw_only=True):
    """A collection: its notes of ours by guid, and `version`, which changes with everything in it.

    `types` are our note types, as far as it has them. `foreign` are guids of ours that notes of another type have, `media` the
    names of those files that were asked for and are there, `deleted` the ids of notes that were deleted there, None where Anki
    does not tell.
    """

    version: int
    notes: Mapping[str, NoteInAnki]
    types: Mapping[CardKind, TypeInAnki]
    foreign: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    deleted: frozenset[int] | None = None
