"""The blocks of a note, as Markdown has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cards.model.prose import Prose, squeeze, visible


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
