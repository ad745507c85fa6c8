"""Frozen values that the parser, the generator, identity and the exporter hand on.

Timestamps are whole seconds from the start of a recording. Lines are 1-based and include the frontmatter; ordinals start
at 1. Values with `array_like` are cached as arrays, so the order of their fields is part of the cache format.
"""

from cards.model.blocks import (
    Block,
    Bullets,
    Code,
    Formula,
    Heading,
    Html,
    Item,
    Paragraph,
    Properties,
    Quote,
    Rule,
    Table,
    paragraphs,
    texts,
)
from cards.model.card import (
    AnkiNote,
    Card,
    CardKind,
    Cloze,
    Deck,
    Deletion,
    Draft,
    Fields,
    Kinds,
    Media,
    Place,
    Qa,
    marked_text,
)
from cards.model.note import Front, Note, Origin, ParseOptions, Skipped, Takeaway
from cards.model.problem import CardsError, Problem
from cards.model.prose import Mark, Prose, Run, RunKind, Timestamp

__all__ = [
    "AnkiNote",
    "Block",
    "Bullets",
    "Card",
    "CardKind",
    "CardsError",
    "Cloze",
    "Code",
    "Deck",
    "Deletion",
    "Draft",
    "Fields",
    "Formula",
    "Front",
    "Heading",
    "Html",
    "Item",
    "Kinds",
    "Mark",
    "Media",
    "Note",
    "Origin",
    "Paragraph",
    "ParseOptions",
    "Place",
    "Problem",
    "Properties",
    "Prose",
    "Qa",
    "Quote",
    "Rule",
    "Run",
    "RunKind",
    "Skipped",
    "Table",
    "Takeaway",
    "Timestamp",
    "marked_text",
    "paragraphs",
    "texts",
]
