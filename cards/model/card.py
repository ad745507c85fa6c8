"""Cards: drafts, which have no identity yet, and what Anki gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from cards.model.blocks import Block
from cards.model.prose import Prose, Timestamp

CardKind = Literal["qa", "cloze"]
Kinds = Literal["qa", "cloze", "both"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """A phrase taken out of a cloze sentence: `start` and `end` are offsets into its plain text."""

    ordinal: int
    start: int
    end: int
    text: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What every draft knows of the note it comes from."""

    note: str
    line: int
    context: tuple[str, ...]
    stamps: tuple[Timestamp, ...]
    block_id: str | None = None
    byline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Qa:
    """A question and its answer, without identity.

    `points` is the number of things to recall where the back is a list, else 0. `label` is the label as it stands.
    """

    place: Place
    front: Prose
    shown: str
    back: tuple[Block, ...]
    label: str | None
    cued: bool
    points: int = 0
    kind: Literal["qa"] = "qa"


@dataclass(frozen=True, slots=True)
class Cloze:
    """A sentence with deletions, without identity. `back` is the whole takeaway, empty where the sentence is all."""

    place: Place
    text: Prose
    deletions: tuple[Deletion, ...]
    back: tuple[Block, ...]
    label: str | None
    typed: bool = False
    kind: Literal["cloze"] = "cloze"


Draft = Qa | Cloze


class Fields(NamedTuple):
    """The fields of an Anki note of ours, HTML, in the order that both note types have them (`front` is a cloze's Text)."""

    front: str
    back: str
    context: str
    timestamps: str
    audio: str
    source: str
    extra: str
    id: str


@dataclass(frozen=True, slots=True)
class Exported:
    """One Anki note as a package holds it: a card without the draft that it was made from."""

    guid: str
    kind: CardKind
    deck: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    ordinals: tuple[int, ...]
    media: tuple[str, ...]
    mod: int


@dataclass(frozen=True, slots=True)
class Card:
    """A draft with its identity and all that Anki is told of it: one Anki note.

    `fields` are HTML in the order of the note type, `media` and `audio` the names of files they hold (`audio` those of the
    clips), `mod` is the second at which their content last changed.
    """

    guid: str
    draft: Draft
    deck: str
    tags: tuple[str, ...]
    source: str | None
    fields: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    mod: int = 0

    @property
    def kind(self) -> CardKind:
        return self.draft.kind

    @property
    def ordinals(self) -> tuple[int, ...]:
        """Of the cards that Anki shows, in order: 1 for a `qa`."""
        if isinstance(self.draft, Cloze):
            return tuple(sorted({deletion.ordinal for deletion in self.draft.deletions}))
        return (1,)

    @property
    def exported(self) -> Exported:
        """What goes into a package."""
        return Exported(self.guid, self.kind, self.deck, self.tags, self.fields, self.ordinals, self.media, self.mod)


@dataclass(frozen=True, slots=True)
class Media:
    """A file packed with a deck, under a name made from its content."""

    name: str
    path: str
    sound: bool = False


@dataclass(frozen=True, slots=True)
class Deck:
    """One package: the cards of a top-level deck and its subdecks."""

    name: str
    cards: tuple[Exported, ...] = ()

    @property
    def kinds(self) -> dict[CardKind, int]:
        counts: dict[CardKind, int] = {"qa": 0, "cloze": 0}
        for card in self.cards:
            counts[card.kind] += 1
        return counts
