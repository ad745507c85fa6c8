"""Labels, typed questions and lists → `qa` drafts."""

from __future__ import annotations

import re

from msgspec.structs import replace

from cards.generator.place import place_of
from cards.generator.typed_cloze import without_marks
from cards.model import (
    Block,
    Bullets,
    Note,
    Origin,
    Paragraph,
    Qa,
    RunKind,
    Takeaway,
)
from cards.model.prose import strip, unstamped, visible
from cards.parser.filters import is_typed

_ASKS = re.compile(r"[?？؟][\"'”’»」』)）]*$")


def qa_of(note: Note, takeaway: Takeaway) -> Qa | None:
    front = takeaway.front
    if front is None:
        return None
    prose = unstamped(front.prose)[0]
    shown = front.shown or visible(prose)
    back: tuple[Block, ...] = tuple(map(_unmarked, takeaway.rest))
    if strip(takeaway.text) and (visible(takeaway.text) or not back):
        back = (_unmarked(Paragraph(takeaway.line, takeaway.text)), *back)
    if not shown or not any(map(_says_something, back)):
        return None
    label = visible(prose) if front.origin is Origin.LABEL else None
    return Qa(
        place_of(note, takeaway, takeaway.context, takeaway.stamps or takeaway.inherited),
        prose,
        shown,
        back,
        label,
        cued=front.origin is not Origin.QUESTION and not _ASKS.search(shown),
        points=takeaway.points,
    )


def _unmarked(block: Block) -> Block:
    """A block of a back without the marks of typed deletions."""
    if isinstance(block, Paragraph):
        return replace(block, prose=without_marks(block.prose)[0]) if is_typed(block.prose) else block
    if isinstance(block, Bullets):
        return replace(block, items=tuple(replace(i, blocks=tuple(map(_unmarked, i.blocks))) for i in block.items))
    return block


def _says_something(block: Block) -> bool:
    if isinstance(block, Paragraph):
        # a row of underscores is a blank to fill in, not an answer
        return bool(re.search(r"[^\W_]", visible(block.prose))) or any(run.kind is RunKind.IMAGE for run in block.prose)
    return not isinstance(block, Bullets) or any(_says_something(b) for item in block.items for b in item.blocks)
