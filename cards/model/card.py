"""Cards: drafts, which have no identity yet, and what Anki gets."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from cards.model.blocks import Block
from cards.model.prose import OBJECT, Prose, Timestamp, plain, squeeze

CardKind = Literal["qa", "cloze"]
Kinds = Literal["qa", "cloze", "both"]


class Deletion(Struct, frozen=True, array_like=True):
    """A phrase taken out of a cloze sentence: `start` and `end` are offsets into its plain text."""

    ordinal: int
    start: int
    end: int
    text: str
    hint: str | None = None


class Place(Struct, frozen=True, array_like=True):
    """What every draft knows of the note it comes from."""

    note: str
    line: int
    context: tuple[str, ...]
    stamps: tuple[Timestamp, ...]
    block_id: str | None = None
    byline: tuple[str, ...] = ()


class Qa(Struct, frozen=True, array_like=True, tag=True):
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


class Cloze(Struct, frozen=True, array_like=True, tag=True):
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


class AnkiNote(Struct, frozen=True, array_like=True, kw_only=True):
    """One Anki note, as a package holds it.

    `fields` are HTML in the order of the note type, `ordinals` those of its cards, `media` the names of the files that its
    fields embed, `mod` is the second (since 1970) at which its content last changed.
    """

    guid: str
    kind: CardKind
    deck: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    ordinals: tuple[int, ...]
    media: tuple[str, ...]
    mod: int


class Card(Struct, frozen=True, kw_only=True):
    """A draft with its identity: what the note says, and the Anki note that it becomes.

    `source` is the link to what the note is about, `audio` the names of the sound clips on the back.
    """

    draft: Draft
    anki: AnkiNote
    source: str | None
    audio: tuple[str, ...] = ()

    @property
    def guid(self) -> str:
        return self.anki.guid

    @property
    def kind(self) -> CardKind:
        return self.anki.kind

    @property
    def deck(self) -> str:
        return self.anki.deck

    @property
    def tags(self) -> tuple[str, ...]:
        return self.anki.tags

    @property
    def fields(self) -> tuple[str, ...]:
        return self.anki.fields


class Media(Struct, frozen=True):
    """A file packed with a deck, under a name made from its content."""

    name: str
    path: str
    sound: bool = False


class Deck(Struct, frozen=True):
    """One package: the Anki notes of a top-level deck and its subdecks."""

    name: str
    notes: tuple[AnkiNote, ...] = ()

    @property
    def kinds(self) -> dict[CardKind, int]:
        """How many notes there are of each kind."""
        counts: dict[CardKind, int] = {"qa": 0, "cloze": 0}
        for note in self.notes:
            counts[note.kind] += 1
        return counts


def marked_text(draft: Draft) -> str:
    """The question side as plain text, a deletion as `{{c1::phrase}}`."""
    if not isinstance(draft, Cloze):
        return draft.shown
    text = plain(draft.text)
    edges: list[tuple[int, int, str]] = []
    for n, each in enumerate(draft.deletions):
        edges += [(each.start, n, f"{{{{c{each.ordinal}::"), (each.end, -n - 1, "}}")]
    for at, _, mark in sorted(edges, key=lambda edge: (edge[0], edge[1]), reverse=True):
        text = text[:at] + mark + text[at:]
    return squeeze(text.replace(OBJECT, ""))
