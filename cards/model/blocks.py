"""Blocks of a note: paragraphs, headings, lists and the rest of Markdown's block structure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cards.model.prose import Prose, squeeze, visible


class Paragraph(Struct, frozen=True, array_like=True, tag=True):
    """Paragraph. `end` is its last line (1-based), `comments` are the `%% ... %%` inside it."""

    line: int
    prose: Prose
    end: int = 0
    block_id: str | None = None
    comments: tuple[str, ...] = ()


class Heading(Struct, frozen=True, array_like=True, tag=True):
    line: int
    level: int
    prose: Prose


class Item(Struct, frozen=True, array_like=True):
    """Item of a list. `task` is True for a checkbox; `values` are its `key:: value` lines."""

    line: int
    blocks: tuple[Block, ...]
    task: bool = False
    values: tuple[tuple[str, str], ...] = ()


class Bullets(Struct, frozen=True, array_like=True, tag=True):
    """List. `start` is the first number of a numbered list, None for bullets."""

    line: int
    items: tuple[Item, ...]
    start: int | None = None


class Code(Struct, frozen=True, array_like=True, tag=True):
    line: int
    text: str
    language: str = ""


class Formula(Struct, frozen=True, array_like=True, tag=True):
    line: int
    tex: str


class Quote(Struct, frozen=True, array_like=True, tag=True):
    line: int
    blocks: tuple[Block, ...]


class Table(Struct, frozen=True, array_like=True, tag=True):
    line: int
    header: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]


class Html(Struct, frozen=True, array_like=True, tag=True):
    """Raw HTML block: holds no takeaways, and a card's back shows its source as text."""

    line: int
    text: str


class Rule(Struct, frozen=True, array_like=True, tag=True):
    """Thematic break (`---`)."""

    line: int


class Properties(Struct, frozen=True, array_like=True, tag=True):
    """Properties written as `key:: value` lines (Logseq, Dataview)."""

    line: int
    values: tuple[tuple[str, str], ...]


Block = Paragraph | Heading | Bullets | Code | Formula | Quote | Table | Html | Rule | Properties


def texts(blocks: Iterable[Block]) -> Iterator[Paragraph | Heading]:
    """Return every paragraph and heading in the blocks, at any depth, in reading order."""
    found: list[Paragraph | Heading] = []
    _find_texts(blocks, found)
    return iter(found)


def _find_texts(blocks: Iterable[Block], found: list[Paragraph | Heading]) -> None:
    for block in blocks:
        match block:
            case Paragraph() | Heading():
                found.append(block)
            case Bullets():
                for item in block.items:
                    _find_texts(item.blocks, found)
            case Quote():
                _find_texts(block.blocks, found)


def paragraphs(blocks: Iterable[Block]) -> Iterator[Paragraph]:
    """Return every paragraph in the blocks, at any depth, in reading order."""
    return (block for block in texts(blocks) if isinstance(block, Paragraph))


def block_text(block: Block) -> str:
    """Return the plain text of a block and everything nested in it, without timestamps."""
    match block:
        case Paragraph() | Heading():
            return visible(block.prose)
        case Bullets():
            return squeeze(" ".join(block_text(inner) for item in block.items for inner in item.blocks))
        case Quote():
            return squeeze(" ".join(map(block_text, block.blocks)))
        case Code():
            return squeeze(block.text)
        case Formula():
            return squeeze(block.tex)
        case Table():
            return squeeze(" ".join(visible(cell) for row in (block.header, *block.rows) for cell in row))
        case Html():
            return squeeze(re.sub(r"<[^<>]*>", " ", block.text))
        case _:
            return ""
