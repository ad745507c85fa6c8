"""Key phrases → `cloze` drafts, one a sentence."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from cards.generator.place import place_of
from cards.generator.typed_cloze import MAX_ORDINAL, without_marks
from cards.model import (
    Block,
    Bullets,
    Cloze,
    Deletion,
    Mark,
    Note,
    Origin,
    Paragraph,
    Prose,
    Run,
    Takeaway,
    Timestamp,
)
from cards.model.prose import Ruler, plain, squeeze, strip, unstamped, visible
from cards.parser.filters import is_marked, is_typed
from cards.text import vocabulary
from cards.text.sentences import sentences
from cards.text.words import cjk, count, stands_in, words

PLAIN = "plain: no label, no key phrase"  # the reason of an item that gives no card by itself
MAX_PHRASE_WORDS = 12
MAX_PHRASE_CJK = 30
MIN_WORDS_LEFT = 3
MAX_BACK = 20_000  # characters of a takeaway: a longer one is no answer, and would stand on the back of each of its sentences
_NEAR = 120  # characters beside a phrase in which its sentence nearly always has words enough


class _Phrase(Struct, frozen=True):
    start: int
    end: int
    text: str
    refused: str | None = None
    hides: str | None = None  # a heading that shows the phrase and must leave the breadcrumb


# ------------------------------------------------------------------------------------------------------------- clozes


def clozes_of(note: Note, takeaway: Takeaway) -> tuple[list[Cloze], str | None]:
    """The cloze drafts of a takeaway, one a sentence, and the reason where there are none."""
    if takeaway.front is not None and takeaway.front.origin is not Origin.LABEL:
        return [], "the answer is empty"
    if is_typed(takeaway.text):
        return _typed(note, takeaway)
    text, taken = unstamped(takeaway.text)
    if not is_marked(text):  # a stamp in bold is no phrase
        if takeaway.front is not None:
            return [], f"the label “{visible(takeaway.front.prose)}” has nothing behind it"
        return [], PLAIN if takeaway.depth else None
    label = visible(takeaway.front.prose) if takeaway.front else None
    ruler = Ruler(text)
    spans = [span for span in sentences(ruler.text, note.language) if ruler.text[slice(*span)].strip()]
    owned = _by_sentence(taken, spans)
    phrases = _phrases(text)
    starts = [phrase[0] for phrase in phrases]
    whole = len(spans) == 1 and all(isinstance(block, Bullets) for block in takeaway.rest)
    back = () if whole or len(ruler.text) > MAX_BACK else _whole(takeaway)
    found: list[Cloze] = []
    refused: list[str] = []
    crossing: list[str] = []
    for number, (start, end) in enumerate(spans):
        here = phrases[bisect_left(starts, start) : bisect_left(starts, end)]
        if not here:
            continue
        sentence = strip(ruler.cut(start, end))
        shown = plain(sentence)
        offset = start + len(ruler.text[start:end]) - len(ruler.text[start:end].lstrip())
        crossing += [each[2] for each in here if each[1] > end]
        judged = [_judged(each, offset, shown, takeaway, label) for each in here if each[1] <= end]
        refused += [f"“{each.text}” {each.refused}" for each in judged if each.refused]
        wanted = [each for each in judged if not each.refused]
        if not wanted:
            continue
        hidden = {each.hides for each in wanted if each.hides}
        context = tuple(part for i, part in enumerate(takeaway.context) if not (i in takeaway.headings and part in hidden))
        if label:
            context = (*context, vocabulary.without_emoji(label))
        stamps = owned.get(number, ()) or takeaway.stamps or takeaway.inherited
        place = place_of(note, takeaway, context, tuple(stamps), tuple(each.text for each in wanted))
        found.append(Cloze(place, sentence, _numbered(wanted), back, label))
    refused += [f"“{each}” is more than a sentence" for each in crossing]
    return found, "; ".join(refused) if refused else None


def _phrases(text: Prose) -> list[tuple[int, int, str, bool]]:
    """The bold and highlighted spans of prose without stamps: start, end, text, and whether it is wholly a link."""
    found: list[tuple[int, int, str, bool]] = []
    whole = plain(text)
    start, at, linked = -1, 0, True
    for run in (*text, Run("")):
        if run.text and run.marks & {Mark.BOLD, Mark.HIGHLIGHT}:
            if start < 0:
                start, linked = at, True
            linked = linked and run.link is not None
        elif start >= 0:
            inner = whole[start:at]
            a, b = start + len(inner) - len(inner.lstrip()), at - (len(inner) - len(inner.rstrip()))
            if a < b:
                found.append((a, b, inner.strip(), linked))
            start = -1
        at += len(run.text)
    return found


def _judged(span: tuple[int, int, str, bool], offset: int, whole: str, takeaway: Takeaway, label: str | None) -> _Phrase:
    """A phrase of the sentence `whole` with the reason why it is no deletion, or the heading it needs hidden."""
    start, end, text, linked = span
    phrase = _Phrase(start - offset, end - offset, squeeze(text))
    left = count(f"{whole[max(0, phrase.start - _NEAR) : phrase.start]} {whole[phrase.end : phrase.end + _NEAR]}")
    if left < MIN_WORDS_LEFT:  # most sentences have more beside a phrase than there is to count
        left = count(f"{whole[: phrase.start]} {whole[phrase.end :]}")
    size = count(text)

    def no(reason: str) -> _Phrase:
        return replace(phrase, refused=reason)

    if not re.search(r"\w", text):
        return no("has no words")
    if linked:
        return no("is a link")
    if size > MAX_PHRASE_WORDS or cjk(text) > MAX_PHRASE_CJK:
        return no(f"is longer than {MAX_PHRASE_WORDS} words")
    if re.fullmatch(r"[\[(]?\d{1,2}(:\d\d){1,2}(\s*[-–—]\s*\d{1,2}(:\d\d){1,2})?[\])]?", text):
        return no("is a time")
    if whole.rstrip().endswith((":", "：")):
        return no("stands in a sentence that ends in a colon")
    if not left:
        return no("is its whole sentence")
    if left < MIN_WORDS_LEFT:
        return no(f"leaves fewer than {MIN_WORDS_LEFT} words of its sentence")
    if _is_stress(text):
        return no("is a lone function or stress word")
    for i, part in enumerate(takeaway.context):
        if i not in takeaway.headings and stands_in(text, part):
            return no("stands in the breadcrumb")
    if label and stands_in(text, label):
        return no("stands in the label")
    hides = next((part for i, part in enumerate(takeaway.context) if i in takeaway.headings and stands_in(text, part)), None)
    return replace(phrase, hides=hides)


def _is_stress(text: str) -> bool:
    found = words(text)
    if cjk(text):
        return squeeze(text).strip("。，！？、：") in vocabulary.STRESS_WORDS
    return len(found) == 1 and found[0] in vocabulary.STRESS_WORDS


def _numbered(phrases: Iterable[_Phrase]) -> tuple[Deletion, ...]:
    """Deletions with ordinals in reading order; the same phrase twice shares one."""
    ordinals: dict[str, int] = {}
    out: list[Deletion] = []
    for each in phrases:
        ordinal = ordinals.setdefault(each.text.casefold(), len(ordinals) + 1)
        if ordinal <= MAX_ORDINAL:
            out.append(Deletion(ordinal, each.start, each.end, each.text))
    return tuple(out)


def _by_sentence(taken: tuple[tuple[int, Run], ...], spans: list[tuple[int, int]]) -> dict[int, list[Timestamp]]:
    """The stamps of each sentence by its number; a stamp after the full stop belongs to the sentence before it."""
    starts = [start for start, _ in spans]
    out: dict[int, list[Timestamp]] = {}
    for at, run in taken:
        out.setdefault(max(0, bisect_left(starts, at) - 1), []).extend(run.stamps)
    return out


def _whole(takeaway: Takeaway) -> tuple[Block, ...]:
    """The whole takeaway as a back, its children aside."""
    text = takeaway.text
    if takeaway.front is not None:
        label = tuple(replace(run, marks=run.marks | {Mark.BOLD}) for run in unstamped(takeaway.front.prose)[0])
        closed = plain(label).rstrip().endswith((".", "!", "?", "。", "！", "？", "…"))
        text = (*label, Run(" " if closed else ": "), *text)
    return (Paragraph(takeaway.line, text), *(block for block in takeaway.rest if not isinstance(block, Bullets)))


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
