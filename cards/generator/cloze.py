"""Key phrases → `cloze` drafts, one a sentence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec.structs import replace

from cards.generator.gaps import Shown, Span, gaps_of, given_by, numbered, spans_of
from cards.generator.place import place_of
from cards.generator.typed_cloze import without_marks
from cards.model import Block, Bullets, Cloze, Mark, Note, Origin, Paragraph, Prose, Run, RunKind, Takeaway, Timestamp
from cards.model.measures import MAX_BEFORE_WORDS
from cards.model.prose import Ruler, plain, strip, unstamped, visible
from cards.parser.filters import PHRASE, is_marked, is_typed
from cards.text import vocabulary
from cards.text.leaning import leans
from cards.text.sentences import sentences
from cards.text.words import count, ends_with_colon, line_asks

PLAIN = "plain: no label, no key phrase"  # the reason of an item that gives no card by itself
_IN_WORDS = (RunKind.TEXT, RunKind.CODE, RunKind.MATH)
MAX_BACK = 20_000  # characters of a takeaway: a longer one is no answer, and would stand on the back of each of its sentences


def clozes_of(note: Note, takeaway: Takeaway) -> tuple[list[Cloze], str | None]:
    """The cloze drafts of a takeaway, one a sentence, and the reason where none of them is born."""
    if takeaway.front is not None and takeaway.front.origin is not Origin.LABEL:
        return [], "the answer is empty"
    if is_typed(takeaway.text):
        return _typed(note, takeaway)
    text, taken = unstamped(takeaway.text)
    if not is_marked(text):  # a stamp in bold is no phrase
        if takeaway.front is not None:
            return [], f"the label “{visible(takeaway.front.prose)}” has nothing behind it"
        return [], PLAIN if takeaway.depth else _plain_paragraph(takeaway)
    ruler = Ruler(text)
    spans = [span for span in sentences(ruler.text, note.language) if ruler.text[slice(*span)].strip()]
    owned = _by_sentence(taken, spans)
    phrases = spans_of(text)
    starts = [phrase.start for phrase in phrases]
    found: list[Cloze] = []
    refused: list[str] = []
    for number, (start, end) in enumerate(spans):
        here = phrases[bisect_left(starts, start) : bisect_left(starts, end)]
        refused += [f"“{each.text}” is more than a sentence" for each in here if each.end > end]
        if here := [each for each in here if each.end <= end]:
            stamps = owned.get(number, ()) or takeaway.stamps or takeaway.inherited
            draft, reasons = _cloze(note, takeaway, ruler, (start, end), here, tuple(stamps))
            refused += reasons
            if draft:
                before = _before(draft, ruler, spans, number, note.spoken)
                found.append(replace(draft, before=before, back=_rest(takeaway, ruler, spans, number, led=bool(before))))
    return found, "; ".join(refused) if refused else None


def _plain_paragraph(takeaway: Takeaway) -> str | None:
    """The reason of a paragraph without a label or a phrase; none is needed where it asks nothing under no takeaway heading."""
    text = visible(takeaway.text)
    if "::" in text:
        return "its `::` divides no question from its answer: once a line, with white space on both sides or on neither"
    if line_asks(plain(takeaway.text)) or line_asks(text):
        return "a question in running text; write `Question::Answer`, or make it an item with its answer behind it"
    last = takeaway.context[max(takeaway.headings)] if takeaway.headings else ""
    if not vocabulary.is_takeaway_heading(last):
        return None
    return "it announces what follows" if ends_with_colon(text) else "a plain paragraph: no label, no key phrase"


def _cloze(
    note: Note,
    takeaway: Takeaway,
    ruler: Ruler,
    span: tuple[int, int],
    phrases: Sequence[Span],
    stamps: tuple[Timestamp, ...],
) -> tuple[Cloze | None, list[str]]:
    """The draft of one sentence, without its back, and why phrases of it are no gaps."""
    start, end = span
    sentence = strip(ruler.cut(start, end))
    said = plain(sentence)
    offset = start + len(ruler.text[start:end]) - len(ruler.text[start:end].lstrip())
    phrases = [each._replace(start=each.start - offset, end=each.end - offset) for each in phrases]
    label = visible(takeaway.front.prose) if takeaway.front else None
    gaps = gaps_of(phrases, said, _shown(takeaway, label), note.spoken)
    reasons = [f"“{gap.text}” {gap.refused}" for gap in gaps if gap.refused]
    deletions = numbered(gaps, said, note.spoken)
    if not deletions:
        return None, reasons
    hidden = frozenset().union(*(gap.hides for gap in gaps if not gap.refused))
    context = tuple(part for i, part in enumerate(takeaway.context) if not (i in takeaway.headings and part in hidden))
    if label:
        context = (*context, vocabulary.without_emoji(label))
    place = place_of(note, takeaway, context, stamps, tuple(each.text for each in deletions if each.ordinal))
    born = any(each.ordinal for each in deletions)
    return Cloze(place, sentence, deletions, (), label, refused="" if born else "; ".join(reasons)), reasons


def _shown(takeaway: Takeaway, label: str | None) -> Shown:
    """What stands on the front beside a sentence of a takeaway."""
    parts = enumerate(takeaway.context)
    headings = tuple(part for i, part in parts if i in takeaway.headings)
    return Shown(tuple(part for i, part in enumerate(takeaway.context) if i not in takeaway.headings), headings, label)


def _before(draft: Cloze, ruler: Ruler, spans: Sequence[tuple[int, int]], number: int, language: str) -> Prose:
    """The sentence that one leans on, where it is short, of words alone, and gives no gap away."""
    if not number or not leans(plain(draft.text), widely=True) or any(not each.start for each in draft.deletions):
        return ()
    before = strip(ruler.cut(*spans[number - 1]))
    said = plain(before)
    if count(said) > MAX_BEFORE_WORDS or any(run.kind not in _IN_WORDS for run in before):
        return ()
    if any(given_by(each.text, said, language) for each in draft.deletions if each.ordinal):
        return ()
    return tuple(replace(run, marks=run.marks - PHRASE) for run in before)


def _rest(takeaway: Takeaway, ruler: Ruler, spans: Sequence[tuple[int, int]], number: int, *, led: bool) -> tuple[Block, ...]:
    """What a sentence lacks of its takeaway, its children aside: the label, the sentences before and after it, its blocks.

    If it is `led` by the sentence before it, that one stands on the front.
    """
    if len(ruler.text) > MAX_BACK:
        return ()
    blocks = tuple(block for block in takeaway.rest if not isinstance(block, Bullets))
    start, end = spans[number - 1][0] if led else spans[number][0], spans[number][1]
    before, after = strip(ruler.cut(0, start)), strip(ruler.cut(end, len(ruler.text)))
    if not (plain(before).strip() or plain(after).strip()):
        return blocks
    text: Prose = (*before, Run(" … "), *after) if before and after else before or after
    if takeaway.front is not None:
        label = tuple(replace(run, marks=run.marks | {Mark.BOLD}) for run in unstamped(takeaway.front.prose)[0])
        closed = plain(label).rstrip().endswith((".", "!", "?", "。", "！", "？", "…"))
        text = (*label, Run(" " if closed else ": "), *text)
    return (Paragraph(takeaway.line, text), *blocks)


def _by_sentence(taken: tuple[tuple[int, Run], ...], spans: list[tuple[int, int]]) -> dict[int, list[Timestamp]]:
    """The stamps of each sentence by its number; a stamp after the full stop belongs to the sentence before it."""
    starts = [start for start, _ in spans]
    out: dict[int, list[Timestamp]] = {}
    for at, run in taken:
        out.setdefault(max(0, bisect_left(starts, at) - 1), []).extend(run.stamps)
    return out


def _typed(note: Note, takeaway: Takeaway) -> tuple[list[Cloze], str | None]:
    """Deletions typed by hand keep their ordinals; the text is the whole takeaway."""
    label = visible(takeaway.front.prose) if takeaway.front else None
    text, deletions = without_marks(unstamped(takeaway.text)[0])
    if not deletions:
        return [], "its typed deletions are empty or not closed"
    context = (*takeaway.context, label) if label else takeaway.context
    place = place_of(note, takeaway, context, takeaway.stamps or takeaway.inherited, tuple(each.text for each in deletions))
    back = tuple(block for block in takeaway.rest if not isinstance(block, Bullets))
    return [Cloze(place, text, deletions, back, label, typed=True)], None
