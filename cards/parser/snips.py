"""Snips of Snipd, told by their shape: a title with a link or a player, the note, the quote and the transcript below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from msgspec.structs import replace

from cards.model import Block, Bullets, Heading, Item, Paragraph, Quote, Rule, Run, RunKind, paragraphs
from cards.model.prose import cut, plain, strip, visible
from cards.parser.highlights import Note, notes_on
from cards.parser.questions import MIN_CLAIM_WORDS, Question, lines_of, too_long
from cards.text import vocabulary
from cards.text.words import count

SNIP = "https://share.snipd.com/snip/"
_PLAYER = re.compile(r"\s*<audio\b.*</audio>\s*")
_DATING = re.compile(r"\s*🎧\ufe0f?\s*\d[\d:]*(?:\s*[-–]\s*\d[\d:]*)?\s*(?:\([^()]*\)\s*)?")
_TRANSCRIPT = re.compile(r"(?:^|[\n\v])\s*(?:full )?transcript\s*:", re.I)
_POINTS = re.compile(r"\(\*\s(?P<points>.+)\)", re.S)


def is_snip(heading: Heading) -> bool:
    """Whether a heading links to a snip of Snipd."""
    return any(run.link and run.link.startswith(SNIP) for run in heading.prose)


def is_dating(row: str) -> bool:
    """Whether a row is the line of times below a snip's title: `🎧 03:18 - 04:38 (01:20)`."""
    return bool(_DATING.fullmatch(row))


def player_in(rows: Sequence[str]) -> int:
    """The index of the row that Snipd's player fills, below the link to its snip; 0 where there is none."""
    return next((n for n, row in enumerate(rows) if n and SNIP in rows[n - 1] and _PLAYER.fullmatch(row)), 0)


def parts_of_snip(following: Sequence[Block]) -> tuple[Block, ...]:
    """The note and the quote below a snip, each under a heading of its own."""
    found: tuple[Block, ...] = ()
    while following and isinstance(first := following[0], Heading):
        name = vocabulary.heading_key(visible(first.prose))
        body = tuple(takewhile(lambda block: not isinstance(block, Heading | Rule), following[1:]))
        if name in ("quote", "quotes"):
            found = (*found, *takewhile(lambda block: isinstance(block, Quote), body))
        elif name in vocabulary.NOTE_LABELS:
            found = (*found, *body)
        else:
            break
        following = following[1 + len(body) :]
    return found


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


def notes_on_points(children: Sequence[Bullets]) -> list[Note]:
    """The notes on a snip in Readwise, which stand below the last of its points."""
    last = children[-1].items[-1] if children else None
    below = tuple(block for block in last.blocks if isinstance(block, Bullets)) if last else ()
    return notes_on(below)[0]
