"""What the back of a card shows of a takeaway: which stamps stand in its text, and which part of it is the gist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from cards.generator.typed_cloze import without_marks
from cards.model import (
    Block,
    Bullets,
    Code,
    Formula,
    Item,
    Mark,
    Paragraph,
    Prose,
    Quote,
    Run,
    RunKind,
    Table,
    Timestamp,
    paragraphs,
)
from cards.model.measures import GIST_FROM, MIN_GIST_WORDS
from cards.model.prose import Ruler, plain, unstamped, visible
from cards.parser.filters import PHRASE, is_typed
from cards.text.sentences import sentences
from cards.text.words import count, ends_with_colon


def with_prose(blocks: Iterable[Block], change: Callable[[Prose], Prose]) -> tuple[Block, ...]:
    """Change the prose of every paragraph of these blocks, at any depth."""

    def changed(block: Block) -> Block:
        match block:
            case Paragraph():
                prose = change(block.prose)
                return block if prose is block.prose else replace(block, prose=prose)
            case Bullets():
                return replace(
                    block, items=tuple(replace(item, blocks=with_prose(item.blocks, change)) for item in block.items)
                )
            case Quote():
                return replace(block, blocks=with_prose(block.blocks, change))
            case _:
                return block

    return tuple(map(changed, blocks))


def without_typed_marks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks without the marks of typed deletions (`{{c1::…}}`)."""
    if not any(is_typed(each.prose) for each in paragraphs(blocks)):
        return blocks
    return with_prose(blocks, lambda prose: without_marks(prose)[0] if is_typed(prose) else prose)


def without_stamps(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Blocks without the timestamps in their text."""
    return with_prose(blocks, lambda prose: unstamped(prose)[0])


def with_stamps_of(blocks: Sequence[Block], stamps: Sequence[Timestamp]) -> tuple[Block, ...]:
    """Blocks of an answer: stamps stay in the text only where there is more than one to tell apart."""
    return with_prose(blocks, _spaced) if len(set(stamps)) > 1 else without_stamps(blocks)


def _spaced(prose: Prose) -> Prose:
    """Prose with a space between a stamp and a word right behind it, as where the stamp stood before a label's colon."""
    out: list[Run] = []
    for run in prose:
        if out and out[-1].kind is RunKind.STAMP and run.text[:1].isalnum() and run.kind is not RunKind.STAMP:
            out.append(Run(" "))
        out.append(run)
    return prose if len(out) == len(prose) else tuple(out)


def words_in(blocks: Iterable[Block]) -> int:
    """Count the words of all paragraphs, without their stamps."""
    return sum(count(visible(paragraph.prose)) for paragraph in paragraphs(blocks))


def has_phrase(blocks: Iterable[Block]) -> bool:
    """Whether something in the paragraphs is bold or highlighted."""
    return any(run.marks & PHRASE for paragraph in paragraphs(blocks) for run in paragraph.prose if run.text.strip())


def with_gist(blocks: tuple[Block, ...], language: str) -> tuple[Block, ...]:
    """Mark the gist of a long back: the sentences that hold its key phrases, else its first sentence.

    A list alone has no gist, since all its points are the answer, nor has a back with a formula or a block that may be it, nor
    one that is gist as a whole.
    """
    if all(isinstance(block, Bullets) for block in blocks) or words_in(blocks) <= GIST_FROM or _has_objects(blocks):
        return blocks
    marked = [(prose, _telling(prose, language)) for prose in (each.prose for each in paragraphs(blocks))]
    spans = {id(prose): found for prose, found in marked}
    if not any(spans.values()):
        first = next((prose for prose, _ in marked if visible(prose)), None)
        if first is not None:
            spans[id(first)] = _first(first, language)
    if all(found == _sentences(prose, language) for prose, found in ((p, spans[id(p)]) for p, _ in marked)):
        return blocks
    return with_prose(blocks, lambda prose: _lit(prose, spans.get(id(prose), [])))


def _sentences(prose: Prose, language: str) -> list[tuple[int, int]]:
    text = plain(prose)
    return [span for span in sentences(text, language) if text[slice(*span)].strip()]


def _has_objects(blocks: Iterable[Block]) -> bool:
    """Whether blocks hold a formula of its own, code, a table: perhaps those are the answer, whatever the text says."""
    blocks = tuple(blocks)
    formulas = (run.kind is RunKind.DISPLAY_MATH for paragraph in paragraphs(blocks) for run in paragraph.prose)
    return any(isinstance(block, Code | Formula | Table) for block in blocks) or any(formulas)


def _first(prose: Prose, language: str) -> list[tuple[int, int]]:
    """The first sentence, with those after it that it announces by a colon or is too short to stand without (`It's easy!`)."""
    text, found = plain(prose), _sentences(prose, language)
    size = 1
    while size < len(found) and _leads_on(text[found[0][0] : found[size - 1][1]]):
        size += 1
    return found[:size]


def _leads_on(text: str) -> bool:
    return ends_with_colon(text.rstrip()) or count(text) < MIN_GIST_WORDS


def _telling(prose: Prose, language: str) -> list[tuple[int, int]]:
    """The sentences of prose that hold a key phrase."""
    phrases: list[tuple[int, int]] = []
    at = 0
    for run in prose:
        if run.kind is not RunKind.STAMP and not PHRASE.isdisjoint(run.marks):
            phrases.append((at, at + len(run.text)))
        at += len(run.text)
    if not phrases:
        return []
    text = plain(prose)
    return [
        (start, end)
        for start, end in _sentences(prose, language)
        if any(text[max(start, first) : min(end, last)].strip() for first, last in phrases)
    ]


def _lit(prose: Prose, spans: Sequence[tuple[int, int]]) -> Prose:
    """Prose with these spans marked as gist."""
    if not spans:
        return prose
    ruler = Ruler(prose)
    out: list[Run] = []
    at = 0
    for start, end in spans:
        out += ruler.cut(at, start)
        out += (replace(run, marks=run.marks | {Mark.GIST}) for run in ruler.cut(start, end))
        at = end
    return (*out, *ruler.cut(at, len(ruler.text)))


def items_of(blocks: Iterable[Block]) -> Iterator[Item]:
    """The items of the lists among these blocks, not of those within them."""
    return (item for block in blocks if isinstance(block, Bullets) for item in block.items)
