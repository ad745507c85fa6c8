"""Turn the notes you already write into Anki decks, without markup in the notes.

    note = cards.parse(text, "Tides.md")                             # takeaways, skipped text, problems
    drafts, skipped = cards.generate(note)                           # cards without identity
    made, ledger = cards.assign(note, drafts, ledger, deck="Sea")    # cards with guids
    package = cards.export(made)                                     # the bytes of an .apkg
    report = cards.build("notes", out="decks")                       # or all of it, with files

The names in `__all__` are the promise; everything else is private. Each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cards.api import Ledger as Ledger
    from cards.api import assign as assign
    from cards.api import build as build
    from cards.api import export as export
    from cards.api import generate as generate
    from cards.api import parse as parse
    from cards.identity.ledger import Entry as Entry
    from cards.model import Card as Card
    from cards.model import CardsError as CardsError
    from cards.model import Cloze as Cloze
    from cards.model import Deletion as Deletion
    from cards.model import Note as Note
    from cards.model import ParseOptions as ParseOptions
    from cards.model import Problem as Problem
    from cards.model import Qa as Qa
    from cards.model import Skipped as Skipped
    from cards.model import Takeaway as Takeaway
    from cards.model import Timestamp as Timestamp
    from cards.pipeline.report import Report as Report

__version__ = "0.1.0"

_HOMES = {
    "cards.api": ("Ledger", "assign", "build", "export", "generate", "parse"),
    "cards.identity.ledger": ("Entry",),
    "cards.model": (
        *("Card", "CardsError", "Cloze", "Deletion", "Note", "ParseOptions"),
        *("Problem", "Qa", "Skipped", "Takeaway", "Timestamp"),
    ),
    "cards.pipeline.report": ("Report",),
}

__all__ = [
    "Card",
    "CardsError",
    "Cloze",
    "Deletion",
    "Entry",
    "Ledger",
    "Note",
    "ParseOptions",
    "Problem",
    "Qa",
    "Report",
    "Skipped",
    "Takeaway",
    "Timestamp",
    "assign",
    "build",
    "export",
    "generate",
    "parse",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
