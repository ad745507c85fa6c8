"""What every draft knows of its takeaway."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from cards.model import (
    Block,
    Bullets,
    Code,
    Formula,
    Heading,
    Html,
    Note,
    Origin,
    Paragraph,
    Place,
    Prose,
    Quote,
    RunKind,
    Table,
    Takeaway,
    Timestamp,
)
from cards.model.prose import plain, unstamped, visible
from cards.text.words import stands_in

_SPACE = re.compile(r"\s+")


def words_of(takeaway: Takeaway) -> str:
    """The label and text of a takeaway, for a report."""
    front = visible(takeaway.front.prose) if takeaway.front else ""
    return " ".join(filter(None, (front, visible(takeaway.text))))


def content_of(takeaway: Takeaway) -> str:
    """Hash a takeaway as it is written: label, text, bold spans, links and blocks, not where it stands or what draws it.

    A takeaway with text of its own is that and what belongs to it, not its children; one without is its children as well. A
    list below a heading is its items alone.
    """
    own = bool(takeaway.text) and bool(plain(unstamped(takeaway.text)[0]).strip())
    front = takeaway.front.prose if takeaway.front and takeaway.front.origin is not Origin.HEADING else ()
    written = [*_written(front), "|", *_written(takeaway.text)]
    for block in takeaway.rest:
        if not (own and isinstance(block, Bullets)):
            written += _written_block(block)
    return hashlib.blake2b("\x1f".join(written).encode(), digest_size=12).hexdigest()


def _written(prose: Prose) -> Iterator[str]:
    """The runs of prose as they are written; stamps aside, which a card has by itself."""
    for run in prose:
        if run.kind is not RunKind.STAMP:
            marks = "".join(sorted(mark.value for mark in run.marks)) if run.marks else ""
            yield f"{run.kind.value}:{marks}:{run.link or ''}:{run.target or ''}:{_SPACE.sub(' ', run.text)}"


def _written_block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph() | Heading():
            yield from _written(block.prose)
        case Bullets():
            for item in block.items:
                yield "-"
                for inner in item.blocks:
                    yield from _written_block(inner)
        case Quote():
            yield ">"
            for inner in block.blocks:
                yield from _written_block(inner)
        case Table():
            for cell in (cell for row in (block.header, *block.rows) for cell in row):
                yield "cell"
                yield from _written(cell)
        case Code() | Html():
            yield block.text
        case Formula():
            yield block.tex
        case _:
            pass


def place_of(
    note: Note,
    takeaway: Takeaway,
    context: tuple[str, ...],
    stamps: tuple[Timestamp, ...],
    phrases: tuple[str, ...] = (),
) -> Place:
    """Where a card stands. Equal stamps are one; a name that would give a phrase away leaves the byline."""
    byline = tuple(name for name in note.byline if not any(stands_in(phrase, name) for phrase in phrases))
    return Place(
        note=note.path,
        line=takeaway.line,
        context=context,
        stamps=tuple(dict.fromkeys(stamps)),
        block_id=takeaway.block_id,
        byline=byline,
    )
