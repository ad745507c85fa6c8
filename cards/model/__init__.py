"""The values that walk through the house.

Everything here is frozen: a room takes values in and gives new ones out. Seconds are whole seconds from the start of
a recording, lines are counted from 1 in the file (frontmatter included), ordinals from 1 in the card.
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
