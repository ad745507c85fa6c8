"""What reading and listening apps export, told by its shape: snips, highlights with their place, and notes beside them.

A highlight is another's text: what the reader wrote beside it asks only if it is a question, and else belongs to its back. The
place that an app appends (`([View Highlight](…))`, `— location 123`, `([page 12](zotero://…))`) tells a highlight from text of
the reader's own, and is not shown; a page stands with the title instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec.structs import replace

from cards.model import Block, Bullets, Heading, Item, Paragraph, Prose, Quote, Rule, Run, RunKind, paragraphs
from cards.model.prose import cut, plain, strip, visible
from cards.parser.filters import is_marked
from cards.parser.labels import lead, term
from cards.parser.questions import MIN_CLAIM_WORDS, Question, lines_of, too_long
from cards.text import vocabulary
from cards.text.words import asks, count

SNIP = "https://share.snipd.com/snip/"
_ZOTERO = "zotero:"

# what Readwise appends, wherever it stands
_OPENS = re.compile(r"\(\s*(?:view highlight|location \d[\d-]*|page \d[\d-]*|open in [^()]{1,20})\s*\)", re.I)
# what Kindle and Hypothesis exports end in
_PLACE = re.compile(
    r"(?:\s*[—–]\s*|^\s*-\s+)(?:location:?\s*\d[\d-]*|updated on \d[\d\s:-]*(?:\s*[—–]\s*group:\s*#?[^—–\n\v]*)?)"
    r"(?:\s*\^[\w-]+)?\s*$",
    re.I,
)
_CITED = re.compile(r"\s*\([^()\n\v]*\)")
_LAST_BRACKET = re.compile(r"\((?P<name>[^()]*)\)\s*$")
_PAGE = re.compile(r"(?:^|\b(?:p|pp|pg|pag|page|pages|s|str|стр)\.?\s*)(?P<page>\d+(?:\s*[-–]\s*\d+)?)$", re.I)
_TRANSCRIPT = re.compile(r"(?:^|[\n\v])\s*(?:full )?transcript\s*:", re.I)
_ASIDE = re.compile(r"^\s*<aside>[ \t]*|[ \t]*</aside>\s*$")
_ICON = re.compile(r"^\s*<img\b[^<>]*>\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_ACTIONS = re.compile(r"(?:\.[a-z]\w{0,19}(?:\s+|$))+")
_SYNCED = re.compile(r"(?:highlights first synced by|new highlights added) ", re.I)
_POINTS = re.compile(r"\(\*\s(?P<points>.+)\)", re.S)


class Note(NamedTuple):
    """What a reader wrote beside a highlight: the item, its text, and what its label calls it."""

    paragraph: Paragraph
    said: Prose
    name: str


# ---------------------------------------------------------------------------------------------------- highlights


def is_highlight(prose: Prose) -> bool:
    """Whether prose is a highlight as an exporter writes it, with its place or a link back to it."""
    text = plain(prose)
    if _is_dashed(text) and _PLACE.search(text):
        return True
    if not any(run.link or run.stamps for run in prose):
        return False
    return bool(_OPENS.search(text) or _cited(prose)) or any(run.stamps and "Time" in run.text for run in prose)


def _is_dashed(text: str) -> bool:
    """Whether a place may stand in a text, behind a dash."""
    return "—" in text or "–" in text or text.lstrip().startswith("-")


def without_place(prose: Prose, *, former: bool = False) -> Prose:
    """Prose without the place that an exporter appends to a highlight, `former` as the first version of the rules left it."""
    if not any(run.link or run.stamps for run in prose) and (former or "—" not in plain(prose)):
        return prose
    text = plain(prose)
    spans = [match.span() for match in _OPENS.finditer(text)]
    if not former:
        spans += [match.span() for match in _PLACE.finditer(text)] if _is_dashed(text) else []
        spans += _cited(prose)
    for start, end in sorted(spans, reverse=True):
        before = len(text[:start].rstrip())
        prose = (*cut(prose, 0, before), *cut(prose, end))
    return strip(prose) if spans else prose


def page_of(prose: Prose) -> str:
    """The page that a highlight of Zotero is on (`p. 12`), empty if it names none."""
    for run in prose:
        if run.link and run.link.startswith(_ZOTERO) and (match := _PAGE.search(run.text.strip())):
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


def _cited(prose: Prose) -> list[tuple[int, int]]:
    """The spans of the brackets that hold a link to Zotero."""
    links = [run.link for run in prose if run.link]
    if not links or not any(link.startswith(_ZOTERO) for link in links):
        return []
    edges: list[tuple[int, int]] = []
    at = 0
    for run in prose:
        if run.link and run.link.startswith(_ZOTERO):
            edges.append((at, at + len(run.text)))
        at += len(run.text)
    brackets = [match.span() for match in _CITED.finditer(plain(prose))]
    return [span for span in brackets if any(span[0] < start and end < span[1] for start, end in edges)]


# ------------------------------------------------------------------------------------------------ the reader's notes


def without_actions(said: Prose) -> Prose:
    """A note without what it tells Readwise to do with the highlight: `.h1` makes it a heading, `.c1` joins it to the next."""
    match = _ACTIONS.match(plain(said))
    return strip(cut(said, match.end())) if match else said


def is_of_sync(text: str) -> bool:
    """Whether a text only says when Readwise brought the highlights below it."""
    return bool(_SYNCED.match(text))


def notes_on(children: Sequence[Bullets]) -> tuple[list[Note], tuple[Bullets, ...]]:
    """The notes and tags below a highlight, each with its text and its label, and the other children."""
    notes: list[Note] = []
    others: list[Bullets] = []
    for each in children:
        items: list[Item] = []
        for item in each.items:
            first = item.blocks[0] if len(item.blocks) == 1 else None
            label = (lead(first.prose) or term(first.prose)) if isinstance(first, Paragraph) else None
            name = vocabulary.heading_key(visible(label.label)) if label else ""
            if isinstance(first, Paragraph) and label and name in vocabulary.NOTE_LABELS | vocabulary.TAG_LABELS:
                notes.append(Note(first, label.rest, name))
            else:
                items.append(item)
        if items:
            others.append(replace(each, items=tuple(items)))
    return notes, tuple(others)


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
    answer = tuple(replace(each, prose=without_place(each.prose)) for each in quoted)
    pages = [page for each in quoted if (page := page_of(each.prose))]
    return Question(note.line, note.prose, answer, note.comments, note.block_id, page=pages[0] if pages else ""), size


def note_below(blocks: Sequence[Block]) -> Paragraph | None:
    """The reader's note below a highlight with phrases: a plain paragraph, up to a rule or another highlight."""
    first, note, last = (*blocks[:3], None, None)[:3]
    if not isinstance(first, Paragraph) or not isinstance(note, Paragraph) or not is_highlight(first.prose):
        return None
    ends = last is None or isinstance(last, Rule | Heading) or (isinstance(last, Paragraph) and is_highlight(last.prose))
    return note if ends and is_marked(first.prose) and not is_marked(note.prose) and not is_highlight(note.prose) else None


# ------------------------------------------------------------------------------------------------------------ snips


def is_snip(heading: Heading) -> bool:
    """Whether a heading links to a snip of Snipd."""
    return any(run.link and run.link.startswith(SNIP) for run in heading.prose)


def quote_of_snip(following: Sequence[Block]) -> tuple[Block, ...]:
    """The quote below a snip, under a heading of its own."""
    first = following[0]
    if not isinstance(first, Heading) or vocabulary.heading_key(visible(first.prose)) not in ("quote", "quotes"):
        return ()
    return tuple(takewhile(lambda block: isinstance(block, Quote), following[1:]))


def titled_takeaways(first: Paragraph, below: Sequence[Block]) -> Question | None:
    """The title of a snip in Readwise, with its key takeaways as the answer; None for any other item.

    Its shape: the title, a line `Key takeaways:`, points, and perhaps a transcript, whose stamps are those of the snip.
    """
    if not (below and isinstance(below[0], Paragraph)) and not any("\n" in run.text or "\v" in run.text for run in first.prose):
        return None
    title, *more = lines_of(first)
    blocks: list[Block] = [Paragraph(line, prose, line) for line, prose in more if visible(prose)]
    blocks += below
    if not blocks or not isinstance(announced := blocks[0], Paragraph) or count(visible(title[1])) < MIN_CLAIM_WORDS:
        return None
    (_, name), *rest = lines_of(announced)
    if not visible(name).endswith(":") or not vocabulary.is_takeaway_heading(visible(name)):
        return None
    points = _points([*(Paragraph(line, prose, line) for line, prose in rest), *blocks[1:]])
    if points is None:
        return None
    everything = [run for each in paragraphs((first, *below)) for run in each.prose]
    stamps = tuple(dict.fromkeys(run for run in everything if run.kind is RunKind.STAMP))
    flaw = too_long((points,)).replace("a question", "a claim", 1)
    return Question(first.line, (*title[1], *stamps), (points,), first.comments, first.block_id, flaw=flaw)


def _points(blocks: Sequence[Block]) -> Bullets | None:
    """The points before a transcript: a list, or the one line `(* a, * b)` in which Readwise may write it."""
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph) and (match := _POINTS.match(plain(first.prose))):
        texts = re.split(r",?\s+\*\s+", match["points"])
        return Bullets(first.line, tuple(Item(first.line, (Paragraph(first.line, (Run(text),), first.end),)) for text in texts))
    if not isinstance(first, Bullets):
        return None
    items = tuple(filter(None, map(_before_transcript, first.items)))
    return replace(first, items=items) if items else None


def _before_transcript(item: Item) -> Item | None:
    """An item without the transcript that goes on from its text, None where it is one."""
    first = item.blocks[0] if item.blocks else None
    match = _TRANSCRIPT.search(plain(first.prose)) if isinstance(first, Paragraph) else None
    if match is None or not isinstance(first, Paragraph):
        return item
    said = strip(cut(first.prose, 0, match.start()))
    return replace(item, blocks=(replace(first, prose=said),)) if visible(said) else None


def without_asides(text: str) -> str:
    """Text without the tags of Notion's callouts (`<aside>`), so that what stands in one is read as text; no line goes."""
    if "<aside>" not in text:
        return text
    out: list[str] = []
    fenced, inside = "", False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and fenced in ("", mark[1]):
            fenced = "" if fenced else mark[1]
        if fenced:
            out.append(line)
            continue
        inside = inside or "<aside>" in line
        shown = _ASIDE.sub("", line)
        out.append(_ICON.sub("", shown) if inside else shown)
        inside = inside and "</aside>" not in line
    return "\n".join(out)


def is_placed_anew(blocks: Iterable[Block]) -> bool:
    """Whether blocks name places that the first version of the rules left in their text."""
    return any(
        ("—" in (text := plain(each.prose)) and _PLACE.search(text)) or _cited(each.prose) for each in paragraphs(blocks)
    )
