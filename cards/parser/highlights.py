"""Highlights that reading apps export, told by the place behind them, and the reader's notes beside them.

A highlight is another's text: what the reader wrote beside it asks only if it is a question, and else belongs to its back. The
place that an app appends (`([View Highlight](…))`, `— location 123`, `([page 12](zotero://…))`) tells a highlight from text of
the reader's own, and is not shown; a page stands with the title instead.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cards.model import Block, Bullets, Heading, Item, Paragraph, Prose, Quote, Rule, Run, paragraphs
from cards.model.prose import Ruler, cut, plain, strip, visible
from cards.parser.filters import is_marked
from cards.parser.labels import lead, term
from cards.parser.questions import Question, lines_of
from cards.text import vocabulary
from cards.text.words import asks

_ZOTERO = "zotero:"

_READERS = ("https://read.readwise.io/", "https://readwise.io/", "https://omnivore.app/")

# what Readwise appends, wherever it stands
_OPENS = re.compile(r"\(\s*(?:view highlight|location \d[\d-]*|page \d[\d-]*|open in [^()]{1,20})\s*\)", re.I)
_TWEET = re.compile(r"\(\s*view tweet\s*\)", re.I)
# what Kindle and Hypothesis exports end in
_PLACE = re.compile(
    r"(?:(?:\s*[—–]\s*|^\s*-\s+)location:?\s*\d[\d-]*"
    r"|\s*[—–]\s*(?:loc\.?|page|p\.|pos\.|position)\s*\d[\d-]*"
    r"|(?:\s*[—–]\s*|^\s*-\s+)updated on \d[\d\s:-]*(?:\s*[—–]\s*group:\s*[^\n\v]*)?)"
    r"(?:\s*\^[\w-]+)?\s*$",
    re.I,
)
_NAMED = re.compile(
    r"\s*\(\s*(?:page|location|loc\.?|p\.|seite|position|página|posición|posição|emplacement|posizione|pagina|стр\.?)"
    r"\s*\d[\d\s–-]*\)\s*$",
    re.I,
)
_TAGS_BEHIND = re.compile(r"(?:\s*(?<!\S)#[^\W\d][\w/-]*)+\s*$")
_QUOTES = ("“", "„", "«", "‘", '"')
_DASH = re.compile(r"[—–]|^\s*-\s")
_CITED = re.compile(r"\s*\([^()\n\v]*\)")
_LAST_BRACKET = re.compile(r"\((?P<name>[^()]*)\)\s*$")
_PAGE = re.compile(r"(?:^|\b(?:p|pp|pg|pag|page|pages|s|str|стр)\.?\s*)(?P<page>\d+(?:\s*[-–]\s*\d+)?)$", re.I)
_ACTIONS = re.compile(r"(?:\.[a-z]\w{0,19}(?:\s+|$))+")
_SYNCED = re.compile(r"(?:highlights first synced by|new highlights added) ", re.I)


class Note(NamedTuple):
    """What a reader wrote beside a highlight: the item, its text, what its label calls it, and the blocks below it."""

    paragraph: Paragraph
    said: Prose
    name: str
    below: tuple[Block, ...] = ()


# ---------------------------------------------------------------------------------------------------- highlights


def is_highlight(prose: Prose) -> bool:
    """Whether prose is a highlight as an exporter writes it, with its place or a link back to it."""
    text = plain(prose)
    if _DASH.search(text) and _PLACE.search(text):
        return True
    if not any(run.link or run.stamps for run in prose):
        return False
    timed = any(run.stamps and "Time" in run.text for run in prose)
    return timed or bool(_OPENS.search(text) or _TWEET.search(text) or _linked(prose))


def is_named(block: Block) -> bool:
    """Whether a paragraph ends in the name of a place that is no link: `(Page 12)`."""
    return isinstance(block, Paragraph) and bool(_NAMED.search(plain(block.prose)))


def are_highlight(blocks: Iterable[Block]) -> bool:
    """Whether one of these paragraphs is a highlight with its place, which may stand behind the last of them."""
    return any(isinstance(block, Paragraph) and is_highlight(block.prose) for block in blocks)


def without_place(prose: Prose, *, former: bool = False, noted: bool = False) -> Prose:
    """Prose without the place that an exporter appends to a highlight, `former` as the first version of the rules left it.

    With a note below it (`noted`) it is a highlight even where its place is no link.
    """
    text = plain(prose)
    if noted and (named := _NAMED.search(text)):
        return strip(cut(prose, 0, named.start()))
    linked = any(run.link or run.stamps for run in prose)
    if not linked and (former or not _DASH.search(text)):
        return prose
    spans = [match.span() for match in _OPENS.finditer(text)] if linked else []
    if not former:
        dashed = _PLACE.finditer(text) if _DASH.search(text) else ()
        spans += [match.span() for match in (*_TWEET.finditer(text), *dashed)] + _linked(prose)
        last = max((end for _, end in spans), default=len(text))
        spans += [match.span() for match in _TAGS_BEHIND.finditer(text, last) if match.start() == last]
    if not spans:
        return prose
    ruler, at = Ruler(prose), 0
    out: list[Run] = []
    for start, end in _outermost(spans):
        while start > at and text[start - 1].isspace():
            start -= 1
        out += ruler.cut(at, start)
        at = end
    return strip((*out, *ruler.cut(at, len(text))))


def without_comment(paragraph: Paragraph) -> list[Paragraph]:
    """A highlight, and the reader's comment behind its place as a paragraph below it: as Zotero's own export, or as a note."""
    prose = paragraph.prose
    if not is_highlight(prose):
        return [paragraph]
    text = plain(prose)
    end = max((end for _, end in (*_linked(prose), *(match.span() for match in _OPENS.finditer(text)))), default=0)
    behind = strip(cut(prose, end))
    of_zotero = text.startswith(_QUOTES) and page_of(prose) and visible(behind)
    if not end or not (of_zotero or (text[end:].lstrip(" ").startswith(("\n", "\v")) and note_of(behind) is not behind)):
        return [paragraph]
    line = paragraph.line + sum(text.count(each, 0, len(text) - len(text[end:].lstrip())) for each in "\n\v")
    highlight = replace(
        paragraph, prose=strip(cut(prose, 0, end)), end=max(paragraph.line, line - 1), block_id=None, comments=()
    )
    if of_zotero:
        return [highlight, replace(paragraph, line=line, prose=behind)]
    last = replace(paragraph, line=line, prose=behind)
    notes = [Paragraph(number, said, number) for number, said in lines_of(last) if visible(said)]
    return [highlight, *notes[:-1], replace(last, line=notes[-1].line, prose=notes[-1].prose)]


def note_of(prose: Prose) -> Prose:
    """A reader's note without the label that says it is one; prose itself where it has none."""
    label = lead(prose) or term(prose)
    named = label is not None and vocabulary.heading_key(visible(label.label)) in vocabulary.NOTE_LABELS
    return label.rest if label and named else prose


def page_of(prose: Prose) -> str:
    """The page that a highlight of Zotero is on (`p. 12`), empty if it names none."""
    for run in prose:
        if run.link and run.link.startswith(_ZOTERO) and (match := _PAGE.search(run.text.strip(" ()"))):
            return f"p. {match['page']}"
    return ""


def with_pages(blocks: Iterable[Block], title: Prose) -> Iterator[Block]:
    """The blocks of a callout of Zotero, whose page (`(p. 12)`) is marked by a link as the app's own would be.

    It stands at the end of a paragraph, or in the callout's title.
    """
    page = page_of(_with_page(title))
    for block in blocks:
        if isinstance(block, Paragraph):
            prose = _with_page(block.prose)
            if page and not page_of(prose):
                prose = (*prose, Run(" ("), Run(page, link=f"{_ZOTERO}page"), Run(")"))
            block, page = replace(block, prose=prose), ""
        yield block


def _with_page(prose: Prose) -> Prose:
    match = _LAST_BRACKET.search(plain(prose))
    if match is None or not _PAGE.search(match["name"].strip()) or page_of(prose):
        return prose
    page = Run(match["name"], link=f"{_ZOTERO}page")
    return (*cut(prose, 0, match.start("name")), page, *cut(prose, match.end("name")))


def _linked(prose: Prose) -> list[tuple[int, int]]:
    """The spans of the brackets that hold a link to Zotero, or one to a reader app and nothing else, in whatever language.

    A link that is nothing but a sign (`⤴️`), or a page of Zotero's, needs no brackets.
    """
    if not any(run.link and run.link.startswith((_ZOTERO, *_READERS)) for run in prose):
        return []
    text, at = plain(prose), 0
    brackets = [match.span() for match in _CITED.finditer(text)]
    starts = [start for start, _ in brackets]
    spans: list[tuple[int, int]] = []
    for run in prose:
        start, at = at, at + len(run.text)
        if not run.link or not run.link.startswith((_ZOTERO, *_READERS)):
            continue
        around = bisect_right(starts, start) - 1
        if around >= 0 and at <= brackets[around][1]:
            alone = text[slice(*brackets[around])].strip(" ()") == run.text
            if run.link.startswith(_ZOTERO) or alone:
                spans.append(brackets[around])
                continue
        if _is_bare(run):
            spans.append((start, at))
    return spans


def _is_bare(run: Run) -> bool:
    """Whether a link is a place by itself: a sign, or a page of Zotero's."""
    name = run.text.strip()
    return not any(map(str.isalnum, name)) or bool(run.link and run.link.startswith(_ZOTERO) and _PAGE.fullmatch(name))


def _outermost(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that no other one holds, each once, in their order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted({*spans}, key=lambda span: (span[0], -span[1])):
        if not found or end > found[-1][1]:
            found.append((start, end))
    return found


def is_placed_anew(blocks: Iterable[Block]) -> bool:
    """Whether blocks name places that the first version of the rules left in their text."""
    placed = (each.prose for each in paragraphs(blocks) if _may_be_placed(each.prose))
    return any(without_place(prose) != without_place(prose, former=True) for prose in placed)


def _may_be_placed(prose: Prose) -> bool:
    """Whether prose has what a place is told by: most has not."""
    return any(run.link or run.stamps or "—" in run.text or "–" in run.text for run in prose) or plain(prose).startswith("-")


# ------------------------------------------------------------------------------------------------ the reader's notes


def without_actions(said: Prose) -> Prose:
    """A note without what it tells Readwise to do with the highlight: `.h1` makes it a heading, `.c1` joins it to the next."""
    match = _ACTIONS.match(plain(said))
    return strip(cut(said, match.end())) if match else said


def is_of_sync(text: str) -> bool:
    """Whether a text only says when Readwise brought the highlights below it."""
    return bool(_SYNCED.match(text))


def notes_on(
    children: Sequence[Bullets], texts: Sequence[Block] = (), *, placed: bool = False
) -> tuple[list[Note], tuple[Bullets, ...]]:
    """The notes and tags below a highlight, among its texts and its children, and the other children.

    Below one that is `placed` a question needs no label to be a note.
    """
    notes = [note for text in texts if isinstance(text, Paragraph) and (note := _note(text, ()))]
    others: list[Bullets] = []
    for each in children:
        items: list[Item] = []
        for item in each.items:
            first = item.blocks[0] if item.blocks else None
            if isinstance(first, Paragraph) and (note := _note(first, item.blocks[1:])):
                notes.append(note)
            elif placed and isinstance(first, Paragraph) and len(item.blocks) == 1 and asks(visible(first.prose)):
                notes.append(Note(first, first.prose, ""))
            else:
                items.append(item)
        if items:
            others.append(replace(each, items=tuple(items)))
    return notes, tuple(others)


def _note(paragraph: Paragraph, below: tuple[Block, ...]) -> Note | None:
    """A note or tags of the reader's, told by their label."""
    label = lead(paragraph.prose) or term(paragraph.prose)
    name = vocabulary.heading_key(visible(label.label)) if label else ""
    known = name in vocabulary.NOTE_LABELS or name in vocabulary.TAG_LABELS
    return Note(paragraph, label.rest, name, below) if label and known else None


def asked_beside(blocks: Sequence[Block]) -> tuple[Question | None, int]:
    """The question that a reader wrote below the highlight that the blocks begin with, and how many blocks come before it.

    Where the highlight is a quote, its place may stand in a line of its own below it.
    """
    first = blocks[0]
    if not isinstance(first, Paragraph | Quote):
        return None, 0
    quoted = list(paragraphs((first,)))
    placed = any(is_highlight(each.prose) for each in quoted)
    size = 1
    if not placed and isinstance(first, Quote) and size < len(blocks) and isinstance(place := blocks[size], Paragraph):
        placed = is_highlight(place.prose) and not visible(without_place(place.prose))
        size += placed
    note = blocks[size] if placed and size < len(blocks) else None
    if not isinstance(note, Paragraph) or is_highlight(note.prose) or not asks(visible(note.prose)):
        return None, 0
    note = replace(note, prose=note_of(note.prose))
    answer = tuple(replace(each, prose=without_place(each.prose)) for each in quoted)
    pages = [page for each in quoted if (page := page_of(each.prose))]
    return Question(note.line, note.prose, answer, note.comments, note.block_id, page=pages[0] if pages else ""), size


def note_below(blocks: Sequence[Block]) -> Paragraph | None:
    """The reader's note below a highlight with phrases: a plain paragraph, up to a rule or another highlight."""
    first, note, last = (*blocks[:3], None, None)[:3]
    if not isinstance(first, Paragraph) or not isinstance(note, Paragraph) or not is_highlight(first.prose):
        return None
    ends = last is None or isinstance(last, Rule | Heading) or (isinstance(last, Paragraph) and is_highlight(last.prose))
    said = replace(note, prose=note_of(note.prose))
    return said if ends and is_marked(first.prose) and not is_marked(said.prose) and not is_highlight(said.prose) else None
