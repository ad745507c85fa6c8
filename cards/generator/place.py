"""What every draft knows of its takeaway."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec.structs import replace

from cards.model import (
    Block,
    Bullets,
    Code,
    Formula,
    Heading,
    Html,
    Mark,
    Note,
    Paragraph,
    Place,
    Prose,
    Quote,
    Run,
    RunKind,
    Table,
    Takeaway,
    Timestamp,
)
from cards.model.prose import level, visible
from cards.text.words import stands_in
from cards.timestamps.providers import moments

# other marks came later: a card made before they were known must not count as changed
_WRITTEN = frozenset({Mark.BOLD, Mark.ITALIC, Mark.HIGHLIGHT, Mark.STRIKE})
_SPACE = re.compile(r"\s+")


def words_of(takeaway: Takeaway) -> str:
    """The label and text of a takeaway, for a report."""
    front = visible(takeaway.front.prose) if takeaway.front else ""
    return " ".join(filter(None, (front, visible(takeaway.text))))


def content_of(takeaway: Takeaway, *, children: bool) -> str:
    """Hash a takeaway as it is written: label, text, bold spans, stamps and blocks, not where it stands or what draws it.

    Without `children` its bullets are left out: they are on the back of a `qa`, not on that of a `cloze`. A heading above it is
    where it stands.
    """
    front = takeaway.front.prose if takeaway.front and not takeaway.front.origin.of_list else ()
    written = [*_written(front), "|", *_written(takeaway.text)]
    for block in takeaway.rest:
        if children or not isinstance(block, Bullets):
            written += _written_block(block)
    return hashlib.blake2b("\x1f".join(written).encode(), digest_size=12).hexdigest()


def _written(prose: Prose) -> Iterator[str]:
    """The runs of prose as they are written: stamps by the moments they name, files by their names without folders."""
    for run in _joined(prose):
        if run.kind is RunKind.STAMP:
            yield moments(run.stamps)
        else:
            file = run.target.rpartition("/")[2] if run.target else ""
            yield f"{_look(run.kind, run.marks)}:{run.link or ''}:{file}:{_spaced(run)}"


def _spaced(run: Run) -> str:
    """The text of a run with single spaces, as it is in code."""
    text = run.text
    if run.kind is RunKind.CODE or (text.isprintable() and "  " not in text):  # no other white space is printable
        return text
    return _SPACE.sub(" ", text)


@lru_cache(maxsize=1024)
def _look(kind: RunKind, marks: frozenset[Mark]) -> str:
    return f"{kind.value}:{''.join(sorted(mark.value for mark in marks))}"


def _joined(prose: Prose) -> Iterable[Run]:
    """The runs as they were before the later marks were known: without those, and joined where they part them."""
    if all(run.marks <= _WRITTEN for run in prose):
        return prose
    out: list[Run] = []
    marks: frozenset[Mark] = frozenset()
    for run in prose:
        bare = replace(run, text=level(run), marks=run.marks & _WRITTEN)
        last = out[-1] if out else None
        parted = last is not None and marks != run.marks and replace(last, text="") == replace(bare, text="")
        if parted and last is not None and run.kind is RunKind.TEXT:
            out[-1] = replace(last, text=last.text + bare.text)
        else:
            out.append(bare)
        marks = run.marks
    return out


def _written_block(block: Block) -> Iterator[str]:
    """A block as it is written, with its structure: what begins is closed."""
    match block:
        case Paragraph() | Heading():
            yield from _written(block.prose)
        case Bullets():
            yield "<list" if block.start is None else f"<list {block.start}"
            for item in block.items:
                yield "<item"
                for inner in item.blocks:
                    yield from _written_block(inner)
                yield ">"
        case Quote():
            yield "<quote"
            for inner in block.blocks:
                yield from _written_block(inner)
        case Table():
            yield "<table"
            for row in (block.header, *block.rows):
                yield "<row"
                for cell in row:
                    yield "<cell"
                    yield from _written(cell)
        case Code() | Html():
            yield block.text
        case Formula():
            yield block.tex
        case _:
            pass
    yield ">"


def place_of(
    note: Note,
    takeaway: Takeaway,
    context: tuple[str, ...],
    stamps: tuple[Timestamp, ...],
    phrases: tuple[str, ...] = (),
) -> Place:
    """Where a card stands. Equal stamps are one; a name that would give a phrase away leaves the byline."""
    names = (*note.byline, takeaway.page) if takeaway.page else note.byline
    byline = tuple(name for name in names if not any(stands_in(phrase, name) for phrase in phrases))
    return Place(
        note=note.path,
        line=takeaway.line,
        context=context,
        stamps=tuple(dict.fromkeys(stamps)),
        block_id=takeaway.block_id,
        byline=byline,
    )
