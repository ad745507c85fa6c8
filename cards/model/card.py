"""Drafts, which have no guid yet, and the cards, notes and decks that go to Anki."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from cards.model.blocks import Block
from cards.model.prose import OBJECT, Prose, Timestamp, plain, squeeze

READ_OTHERWISE = "is read otherwise by now"  # why a draft is refused that only an earlier version would have made
CardKind = Literal["qa", "cloze"]
Kinds = Literal["qa", "cloze", "both"]


class Deletion(Struct, frozen=True, array_like=True):
    """Cloze deletion: `start` and `end` are offsets into the plain text of the sentence.

    Two deletions that would give each other away share an ordinal. One that the rules refuse has the ordinal 0, and the
    reason in `refused`: only a card that has it already keeps it.
    """

    ordinal: int
    start: int
    end: int
    text: str
    hint: str | None = None
    refused: str = ""


class Place(Struct, frozen=True, array_like=True):
    """Place of a draft in its note: path, 1-based line, breadcrumb (`context`), timestamps.

    `content` is a hash of the takeaway as it is written, whatever of it the draft shows. `in_front` are the last parts of
    the breadcrumb, if the front shows them instead.
    """

    note: str
    line: int
    context: tuple[str, ...]
    stamps: tuple[Timestamp, ...]
    block_id: str | None = None
    byline: tuple[str, ...] = ()
    content: str = ""
    in_front: tuple[str, ...] = ()


class Qa(Struct, frozen=True, array_like=True, tag=True):
    """Draft of a question with its answer.

    `shown` is the plain text of the question side. `points` counts the things to recall if the back is a list, else it
    is 0. `label` is as the author wrote it. `cued` is True if the template adds a cue, since the front is no question; `cue`
    is its text, if that is not the template's own.
    `whole` is the answer as written, if the back shows less of it. `refused` says why the rules make no such card: only one
    that lives already stays.
    """

    place: Place
    front: Prose
    shown: str
    back: tuple[Block, ...]
    label: str | None
    cued: bool
    points: int = 0
    cue: str = ""
    whole: tuple[Block, ...] = ()
    refused: str = ""
    kind: Literal["qa"] = "qa"


class Cloze(Struct, frozen=True, array_like=True, tag=True):
    """Draft of a sentence with deletions. `back` is what the takeaway has beside it, empty if the sentence is all of it.

    `before` is the sentence that it leans on (`This is called …`), which stands in front of it, empty if it stands alone.
    `refused` says why the rules make no such card: only one that lives already stays.
    """

    place: Place
    text: Prose
    deletions: tuple[Deletion, ...]
    back: tuple[Block, ...]
    label: str | None
    typed: bool = False
    refused: str = ""
    before: Prose = ()
    kind: Literal["cloze"] = "cloze"


Draft = Qa | Cloze


class Fields(NamedTuple):
    """Fields of an Anki note as HTML, in the order of both note types. `front` is the Text field of a cloze note."""

    front: str
    back: str
    context: str
    timestamps: str
    audio: str
    source: str
    extra: str
    id: str


class AnkiNote(Struct, frozen=True, array_like=True, kw_only=True):
    """Anki note in a package.

    `fields` are HTML in the order of the note type. `ordinals` has one number per Anki card. `media` names the files that
    the fields embed. `mod` is when the content last changed, in seconds since 1970.
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
    """Card: a draft together with the Anki note made from it.

    `source` links to the podcast, talk, paper or book that the note is about. `audio` names the sound clips on the back.
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
    """Media file packed with a deck; `name` is derived from its content."""

    name: str
    path: str
    sound: bool = False


class Deck(Struct, frozen=True):
    """Deck that becomes one package: the Anki notes of a top-level deck and its subdecks."""

    name: str
    notes: tuple[AnkiNote, ...] = ()

    @property
    def kinds(self) -> dict[CardKind, int]:
        """Count the notes of each kind."""
        counts: dict[CardKind, int] = {"qa": 0, "cloze": 0}
        for note in self.notes:
            counts[note.kind] += 1
        return counts


def marked_text(draft: Draft) -> str:
    """Return the question side as plain text, with deletions as `{{c1::phrase}}`."""
    if not isinstance(draft, Cloze):
        return draft.shown
    text = plain(draft.text)
    inserts: list[tuple[int, int, str]] = []
    for n, deletion in enumerate(each for each in draft.deletions if each.ordinal):
        inserts += [(deletion.start, n, f"{{{{c{deletion.ordinal}::"), (deletion.end, -n - 1, "}}")]
    for offset, _, braces in sorted(inserts, reverse=True):  # from the end, so that earlier offsets stay valid
        text = text[:offset] + braces + text[offset:]
    return squeeze(text.replace(OBJECT, ""))
