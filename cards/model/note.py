"""A note as it was read: its takeaways, and what looked like one."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from cards.model.blocks import Block
from cards.model.problem import Problem
from cards.model.prose import Prose, Timestamp


class Origin(Enum):
    """Where the front of a takeaway comes from."""

    LABEL = "label"  # the bold lead of the takeaway
    QUESTION = "question"  # the user's own Q:/A: or Question::Answer
    HEADING = "heading"  # a takeaway heading over a short flat list


class Front(Struct, frozen=True, array_like=True):
    """What a takeaway is asked by. `shown` is the plain text of the question side where it differs from the prose."""

    prose: Prose
    origin: Origin
    shown: str | None = None


class Takeaway(Struct, frozen=True, array_like=True, kw_only=True):
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


class Skipped(Struct, frozen=True, array_like=True):
    """Something that looked like a takeaway and gave no card, with the reason."""

    note: str
    line: int
    text: str
    reason: str


class Note(Struct, frozen=True, array_like=True, kw_only=True):
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


class ParseOptions(Struct, frozen=True, array_like=True, kw_only=True):
    """What the configuration says to the parser. Tuples, whose `repr` is the same in every process, since it keys the cache.

    `recordings` are hosts with the template of their links at a second.
    """

    takeaway_headings: tuple[str, ...] = ()
    skipped_headings: tuple[str, ...] = ()
    bare_labels: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    recordings: tuple[tuple[str, str], ...] = ()
