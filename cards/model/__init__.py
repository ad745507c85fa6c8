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
from cards.model.card import Card, CardKind, Cloze, Deck, Deletion, Draft, Exported, Fields, Kinds, Media, Place, Qa
from cards.model.note import Front, Note, Options, Origin, Skipped, Takeaway
from cards.model.problem import CardsError, Problem
from cards.model.prose import Kind, Mark, Prose, Run, Timestamp

__all__ = [
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
    "Exported",
    "Fields",
    "Formula",
    "Front",
    "Heading",
    "Html",
    "Item",
    "Kind",
    "Kinds",
    "Mark",
    "Media",
    "Note",
    "Options",
    "Origin",
    "Paragraph",
    "Place",
    "Problem",
    "Properties",
    "Prose",
    "Qa",
    "Quote",
    "Rule",
    "Run",
    "Skipped",
    "Table",
    "Takeaway",
    "Timestamp",
    "paragraphs",
    "texts",
]
