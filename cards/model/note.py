"""A parsed note: its takeaways, and the candidates that were skipped."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from cards.model.blocks import Block
from cards.model.problem import Problem
from cards.model.prose import Prose, Timestamp


class Origin(Enum):
    """Source of a takeaway's front."""

    LABEL = "label"  # the takeaway's bold lead
    QUESTION = "question"  # written by the author as Q:/A: or Question::Answer
    HEADING = "heading"  # a takeaway heading above a short flat list
    TITLE = "title"  # that of a snip, above its takeaway heading

    @property
    def of_list(self) -> bool:
        """Whether such a front asks for a list: it says where the list stands, and is no part of it."""
        return self in (Origin.HEADING, Origin.TITLE)


class Front(Struct, frozen=True, array_like=True):
    """Question side of a takeaway. `shown` is its plain text if that differs from `prose`."""

    prose: Prose
    origin: Origin
    shown: str | None = None


class Takeaway(Struct, frozen=True, array_like=True, kw_only=True):
    """Takeaway: one list item or one paragraph.

    `text` is its own prose without the label; `rest` are its further blocks, children last. `context` is the breadcrumb
    of title, headings and parents; `headings` are the indices in it that come from headings. `stamps` are its own
    timestamps in the order written; `inherited` are those of the nearest parent or heading. `depth` counts the enclosing
    list items. `points` counts the things to recall if the back is a list. `last` is the last line of the takeaway and
    everything nested in it. For a list under a takeaway heading, `members` are the lines of its items. `flaw` is the
    reason why it makes no card. `comments` are the author's `%% ... %%`. `page` is where a highlight is from (`p. 12`).
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
    page: str = ""


class Skipped(Struct, frozen=True, array_like=True):
    """Candidate that looked like a takeaway but made no card, with the reason."""

    note: str
    line: int
    text: str
    reason: str


class Note(Struct, frozen=True, array_like=True, kw_only=True):
    """Parsed Markdown file. `path` is relative to the vault's root, with forward slashes.

    `language` is the one that the frontmatter names, `spoken` that or the guessed one. `byline` names the speakers and the
    show if the title does not. `refused` are the candidates that are no takeaways, with the reason as `flaw`: they matter to
    cards that live already. `recording` is the URL that timestamps without a link open; `file` is the recording's file as
    the note names it. `wanted` is False if the frontmatter says `cards: false`. `chosen` are the sections of `cards.toml` that
    the note has. `named_blocks` are its Logseq blocks with an id, each with its text, `referred_blocks` the ids of blocks of
    other notes that it refers to.
    """

    path: str
    title: str
    properties: dict[str, object]
    takeaways: tuple[Takeaway, ...] = ()
    refused: tuple[Takeaway, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[Problem, ...] = ()
    source: str | None = None
    wanted: bool = True
    chosen: tuple[str, ...] = ()
    language: str = ""
    spoken: str = ""
    byline: tuple[str, ...] = ()
    recording: str | None = None
    file: str | None = None
    named_blocks: tuple[tuple[str, str], ...] = ()
    referred_blocks: tuple[str, ...] = ()


class ParseOptions(Struct, frozen=True, array_like=True, kw_only=True):
    """Parser settings from `cards.toml`.

    `recordings` maps hosts to link templates. All fields are tuples: the `repr` is part of the cache key, so it must be
    the same in every process.
    """

    takeaway_headings: tuple[str, ...] = ()
    skipped_headings: tuple[str, ...] = ()
    bare_labels: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    only_tagged: tuple[str, ...] = ()
    recordings: tuple[tuple[str, str], ...] = ()
