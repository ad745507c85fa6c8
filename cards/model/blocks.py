"""The blocks of a note, as Markdown has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from cards.model.prose import Prose, squeeze, visible


class Paragraph(Struct, frozen=True, array_like=True, tag=True):
    """Running text. `end` is its last line."""

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
    """One bullet or number of a list. `task` is True for a checkbox, `values` are its `key:: value` lines."""

    line: int
    blocks: tuple[Block, ...]
    task: bool = False
    values: tuple[tuple[str, str], ...] = ()


class Bullets(Struct, frozen=True, array_like=True, tag=True):
    """A list. `start` is the first number of a numbered one, None for bullets."""

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
    """A block of raw HTML: never read for takeaways, shown as text where a back holds it."""

    line: int
    text: str


class Rule(Struct, frozen=True, array_like=True, tag=True):
    """A thematic break."""

    line: int


class Properties(Struct, frozen=True, array_like=True, tag=True):
    """Lines of `key:: value` (Logseq, Dataview)."""

    line: int
    values: tuple[tuple[str, str], ...]


Block = Paragraph | Heading | Bullets | Code | Formula | Quote | Table | Html | Rule | Properties


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


def block_text(block: Block) -> str:
    """The plain text of a block and all below it, without stamps."""
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
