"""The values that walk through the house.

Everything here is frozen: a room takes values in and gives new ones out. Seconds are whole seconds from the start of
a recording, lines are counted from 1 in the file (frontmatter included), ordinals from 1 in the card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal, NamedTuple


class CardsError(Exception):
    """Something that stops the whole command. Its text is a sentence for the user."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """An oddity in a note that does not stop the build.

    `path` is relative to the vault's root, `line` is 1-based (0 for the file as a whole).
    """

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}"


# ---------------------------------------------------------------------------------------------------------- times


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A place in a recording: a point (`end` is None) or a range, in seconds.

    `url` opens the recording there; None where the note names no recording that a link can reach.
    """

    start: int
    end: int | None = None
    url: str | None = None


# ---------------------------------------------------------------------------------------------------------- prose


class Mark(Enum):
    """How a stretch of prose is set apart."""

    BOLD = "b"
    ITALIC = "i"
    HIGHLIGHT = "mark"
    STRIKE = "s"


class Kind(Enum):
    """What a run of prose is."""

    TEXT = "text"
    CODE = "code"
    MATH = "math"
    DISPLAY_MATH = "display math"
    IMAGE = "image"  # an image or sound embedded by its `target`; the text is one object character
    BREAK = "break"  # a line break the author asked for; its text is "\v"
    STAMP = "stamp"  # timestamps, as written with their brackets


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of prose of one kind under one set of marks. The text is what a reader sees, not its markup."""

    text: str
    kind: Kind = Kind.TEXT
    marks: frozenset[Mark] = frozenset()
    link: str | None = None
    target: str | None = None
    stamps: tuple[Timestamp, ...] = ()


Prose = tuple[Run, ...]

# --------------------------------------------------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. `end` is its last line."""

    line: int
    prose: Prose
    end: int = 0
    block_id: str | None = None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    level: int
    prose: Prose


@dataclass(frozen=True, slots=True)
class Item:
    """One bullet or number of a list. `task` is True for a checkbox, `values` are its `key:: value` lines."""

    line: int
    blocks: tuple[Block, ...]
    task: bool = False
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list. `start` is the first number of a numbered one, None for bullets."""

    line: int
    items: tuple[Item, ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    line: int
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    line: int
    tex: str


@dataclass(frozen=True, slots=True)
class Quote:
    line: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    line: int
    header: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]


@dataclass(frozen=True, slots=True)
class Html:
    """A block of raw HTML: never read for takeaways, shown as text where a back holds it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""

    line: int


@dataclass(frozen=True, slots=True)
class Properties:
    """Lines of `key:: value` (Logseq, Dataview)."""

    line: int
    values: tuple[tuple[str, str], ...]


Block = Paragraph | Heading | Bullets | Code | Formula | Quote | Table | Html | Rule | Properties

# ------------------------------------------------------------------------------------------------------ takeaways


class Origin(Enum):
    """Where the front of a takeaway comes from."""

    LABEL = "label"  # the bold lead of the takeaway
    QUESTION = "question"  # the user's own Q:/A: or Question::Answer
    HEADING = "heading"  # a takeaway heading over a short flat list


@dataclass(frozen=True, slots=True)
class Front:
    """What a takeaway is asked by. `shown` is the plain text of the question side where it differs from the prose."""

    prose: Prose
    origin: Origin
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Takeaway:
    """The unit of reading: one list item or one paragraph, and where it stands.

    `text` is its own prose without the label, `rest` its further blocks (children last), `context` the breadcrumb of
    title, headings and parents, of which `headings` are the indices that come from headings. `stamps` are its own, in
    the order written; `inherited` those of the nearest parent or heading. `depth` counts the bullets around it, `points`
    the things to recall where its back is a list. `last` is the last line of it and all below
    it. `members` are the lines of the items that a heading's list is made of, `flaw` says why such a list is no card.
    `comments` are what its author wrote between `%%`.
    """

    line: int
    front: Front | None
    text: Prose
    rest: tuple[Block, ...] = ()
    context: tuple[str, ...] = ()
    headings: frozenset[int] = frozenset()
    stamps: tuple[Timestamp, ...] = ()
    inherited: tuple[Timestamp, ...] = ()
    block_id: str | None = None
    depth: int = 0
    points: int = 0
    last: int = 0
    members: tuple[int, ...] = ()
    flaw: str | None = None
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that looked like a takeaway and gave no card, with the reason."""

    note: str
    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """One Markdown file, read. `path` is relative to the vault's root, with forward slashes.

    `byline` says who speaks and in which show, where the title does not. `recording` is the URL that bare stamps open,
    `file` the recording as the note names it in its vault.
    """

    path: str
    title: str
    properties: dict[str, object]
    takeaways: tuple[Takeaway, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[Problem, ...] = ()
    source: str | None = None
    wanted: bool = True
    language: str = ""
    byline: tuple[str, ...] = ()
    recording: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What the configuration says to the parser. Tuples, whose `repr` is the same in every process, since it keys the cache.

    `recordings` are hosts with the template of their links at a second.
    """

    takeaway_headings: tuple[str, ...] = ()
    skipped_headings: tuple[str, ...] = ()
    bare_labels: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    recordings: tuple[tuple[str, str], ...] = ()


# ---------------------------------------------------------------------------------------------------------- cards

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


def texts(blocks: Iterable[Block]) -> Iterator[Paragraph | Heading]:
    """Every paragraph and heading of the blocks, in reading order, at any depth."""
    for block in blocks:
        match block:
            case Paragraph() | Heading():
                yield block
            case Bullets():
                for item in block.items:
                    yield from texts(item.blocks)
            case Quote():
                yield from texts(block.blocks)
            case _:
                pass


def paragraphs(blocks: Iterable[Block]) -> Iterator[Paragraph]:
    """Every paragraph of the blocks, in reading order, at any depth."""
    return (each for each in texts(blocks) if isinstance(each, Paragraph))
