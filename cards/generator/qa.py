"""Labels, typed questions and lists → `qa` drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from cards.generator import backs
from cards.generator.place import place_of
from cards.model import Block, Bullets, Item, Mark, Note, Origin, Paragraph, Prose, Qa, Run, RunKind, Takeaway, paragraphs
from cards.model.measures import MAX_BACK_WORDS, MAX_LIST_WORDS, POINTS
from cards.model.prose import strip, unstamped, visible
from cards.text import vocabulary
from cards.text.language import DEFAULT
from cards.text.words import asks, count, ends_with_colon

_WORDY = re.compile(r"[^\W_]")
_QUOTATION = re.compile(r"[“\"„«「『].+[”\"“»」』][.!]?")
MIN_QUOTED_WORDS = 6  # of a quotation that is no name or term
_ASKS_OR_BLANK = re.compile(r"[?？؟][\"'”’»」』)）]*$|_{3,}")

Asked = Mapping[int, Prose | None]  # the lines of takeaways that have a card of their own, with their labels


def qa_of(note: Note, takeaway: Takeaway, asked: Asked | None = None, *, cue: str | None = None) -> Qa | None:
    """The `qa` draft of a takeaway, None where it has no front or no back.

    `asked` are the cards of its children; `cue` replaces the one under a label, if it is empty there is none.
    """
    front = takeaway.front
    if front is None:
        return None
    prose = unstamped(front.prose)[0]
    shown = front.shown or visible(prose)
    back: tuple[Block, ...] = takeaway.rest
    if strip(takeaway.text) and (visible(takeaway.text) or not back):
        back = (Paragraph(takeaway.line, takeaway.text), *back)
    if not shown or not any(map(_says_something, back)):
        return None
    whole, refused = backs.without_typed_marks(back), ""
    if front.origin is Origin.LABEL:
        back, refused = _answer(back, asked or {})
        if not refused and _QUOTATION.fullmatch(shown) and count(shown) >= MIN_QUOTED_WORDS:
            refused = "its label is a quotation, which asks nothing; name what it is about"
    elif front.origin.of_list:
        refused = takeaway.flaw or ""
    back = backs.without_typed_marks(back)
    above = _above(takeaway, shown)
    place = place_of(note, takeaway, takeaway.context[:above], takeaway.stamps or takeaway.inherited)
    place = replace(place, in_front=takeaway.context[above:])
    drawn = backs.with_gist(backs.with_stamps_of(back, place.stamps), note.language)
    points = sum(1 for _ in backs.items_of(back)) if takeaway.points else 0
    points = points if points in POINTS or refused else 0
    return Qa(
        place,
        prose,
        shown,
        drawn,
        visible(prose) if front.origin is Origin.LABEL else None,
        cued=cue != "" and front.origin is not Origin.QUESTION and not asks(shown),
        points=points,
        cue=_cue(note.spoken, points) if cue is None else "" if points else cue,
        whole=whole if whole != drawn else (),
        refused=refused,
    )


def _cue(language: str, points: int) -> str:
    """The cue of a card in its language, empty for the template's own English."""
    if language == DEFAULT:
        return ""
    words = vocabulary.card_words(language)
    return words.points.format(points) if points else words.cue


def _above(takeaway: Takeaway, shown: str) -> int:
    """How many parts the breadcrumb has without the headings and parents that the front shows."""
    shows = {vocabulary.heading_key(part) for part in shown.split(" › ")}
    size = len(takeaway.context)
    while size > 1 and vocabulary.heading_key(takeaway.context[size - 1]) in shows:
        size -= 1
    return size


def _answer(back: tuple[Block, ...], asked: Asked) -> tuple[tuple[Block, ...], str]:
    """What of a takeaway answers its label, and why that is no answer.

    Its own text does; its children join that, or are the answer themselves, where they are few and short.
    """
    lists = tuple(block for block in back if isinstance(block, Bullets))
    own: tuple[Block, ...] = tuple(block for block in back if not isinstance(block, Bullets))
    if not any(map(_says_something, own)):
        points = _points(lists, asked)
        if not any(map(_says_something, points)):
            return lists, "its children have cards of their own, and none has a label to name it by"
        reason = _too_much(points, asked)
        return (points, "") if not reason else (lists, reason)
    if lists:
        joined = (*own, *_points(lists, asked))
        if not _too_much(joined, asked):
            return joined, ""
        if _announces(own):
            return own, "its text announces points that are too many or too long to recall; shorten them"
    words = backs.words_in(own)
    if words > MAX_BACK_WORDS and not backs.has_phrase(own):
        return own, f"{words} words without a key phrase are no answer; put the phrases that carry it in bold, or split it"
    return own, ""


def _too_much(back: Sequence[Block], asked: Asked) -> str:
    """Why points are too many, too few or too long for one answer."""
    items = list(backs.items_of(back))
    words = backs.words_in(back)
    if len(items) == 1 and _line(items[0]) in asked:
        return "its one point has a card of its own"
    if any(_ASKS_OR_BLANK.search(visible(each.prose)) for item in items for each in paragraphs(item.blocks)):
        return "its points ask, or have blanks to fill in: they are no answer; write what they ask for"
    if bare := _bare_name(items, asked):
        return f"“{bare}” is no answer by itself; give the points labels of their own that say what is in them"
    if len(items) > POINTS[-1]:
        return f"{len(items)} points are too many to recall, {POINTS[-1]} at most; group them, or give each a label of its own"
    if words > MAX_LIST_WORDS:
        return f"its points have {words} words, {MAX_LIST_WORDS} at most; shorten them, or give each a label of its own"
    return ""


def _bare_name(items: Sequence[Item], asked: Asked) -> str:
    """The label of a point with a card of its own that says nothing alone, or stands twice among them."""
    names = [visible(label) for item in items if (label := asked.get(_line(item)))]
    return next((name for name in names if vocabulary.is_bare_label(name) or names.count(name) > 1), "")


def _announces(own: Sequence[Block]) -> bool:
    """Whether a text ends in a colon, so that it is no answer without what follows."""
    last = own[-1]
    return isinstance(last, Paragraph) and ends_with_colon(visible(last.prose))


def _points(lists: Sequence[Bullets], asked: Asked) -> tuple[Block, ...]:
    """The children as the points of an answer: those with a card by their labels, left out without one, the others whole."""
    out: list[Block] = []
    for each in lists:
        items = tuple(filter(None, (_point(item, asked) for item in each.items)))
        if items:
            out.append(replace(each, items=items))
    return tuple(out)


def _point(item: Item, asked: Asked) -> Item | None:
    line = _line(item)
    if line not in asked:
        return item if any(map(_says_something, item.blocks)) else None
    label = asked[line]
    if label is None:
        return None
    named: Prose = tuple(run if run.kind is RunKind.STAMP else _bold(run) for run in label)
    return replace(item, blocks=(Paragraph(line, named),))


def _bold(run: Run) -> Run:
    return replace(run, marks=run.marks | {Mark.BOLD})


def _line(item: Item) -> int:
    """The line of the takeaway that an item is."""
    first = item.blocks[0] if item.blocks else None
    return first.line if isinstance(first, Paragraph) else item.line


def _says_something(block: Block) -> bool:
    if isinstance(block, Paragraph):
        # a row of underscores is a blank to fill in, not an answer
        said = (run for run in block.prose if run.kind is not RunKind.STAMP)
        return any(run.kind is RunKind.IMAGE or _WORDY.search(run.text) for run in said)
    return not isinstance(block, Bullets) or any(_says_something(b) for item in block.items for b in item.blocks)
