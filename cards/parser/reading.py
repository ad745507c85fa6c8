"""What a walk knows where it stands, and how it reads an item or paragraph there: stamps, label, back, breadcrumb."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from cards.model import (
    READ_OTHERWISE,
    Block,
    Bullets,
    Code,
    Formula,
    Front,
    Heading,
    Html,
    Origin,
    Paragraph,
    Prose,
    Quote,
    Table,
    Takeaway,
    Timestamp,
    paragraphs,
)
from cards.model.prose import cut, plain, strip, unstamped, visible
from cards.parser import highlights, questions
from cards.parser.context import Context, Parents, clean, has_tag
from cards.parser.filters import Candidate, HeadingList
from cards.parser.labels import Lead, lead, leads_in, term
from cards.parser.recordings import Recordings
from cards.text import vocabulary
from cards.text.sentences import sentences
from cards.timestamps import times

MAX_PARENT_WORDS = 12  # a parent without a label is shown by its last sentence, cut here
MIN_TERMS = 3  # of a list of definitions
_DASHED = re.compile(r"[—–―-](?:(?<!-)|(?<=\s-)-?\s)")
_RUNS_ON = re.compile(r"(?:[^\W\d_]{2,}\W+){3}")  # no label of a time has three words
_DIGIT = re.compile(r"\d")
ANSWERS = Quote | Code | Table | Formula


class Position(Struct, frozen=True):
    """Where the walk is in the outline: the takeaways above, how many lists stand around it, and the nearest recording."""

    parents: Parents = ()
    depth: int = 0
    recording: str | None = None
    terms: bool = False  # in a list of definitions: `Term: text`
    tagged: bool = False  # below a takeaway with a tag that cards.toml asks for


@dataclass(slots=True)
class Reader:
    """What a walk has found so far, and the sections that it is in."""

    context: Context
    recordings: Recordings
    language: str
    meeting: bool = False  # minutes, whose questions are not for learning
    tagged: bool = True  # the whole note has a tag that cards.toml asks for, or it asks for none
    candidates: list[Candidate] = field(default_factory=list)
    lists: list[HeadingList] = field(default_factory=list)
    former: list[Takeaway] = field(default_factory=list)  # as earlier versions read them, for cards that live
    skipped: list[tuple[int, str, str]] = field(default_factory=list)
    list_count: int = 0

    @property
    def connects(self) -> bool:
        """Whether notes are linked to one another here."""
        section = self.context.section
        return bool(section and vocabulary.is_connections_heading(section.text))

    def passed(self, block: Block, at: Position) -> Position:
        """The position after a block that may be a recording; under links and references recordings are only named."""
        level = block.level if isinstance(block, Heading) else None  # a heading ends the sections that it is no part of
        if any(section.skipped for section in self.context.sections if level is None or section.level < level):
            return at
        nearest = self.recordings.after(block, at.recording)
        return at if nearest == at.recording else replace(at, recording=nearest)

    def has_tag(self, prose: Prose, at: Position) -> bool:
        """Whether a takeaway has a tag that `cards.toml` asks for, itself, by its headings, parents or note."""
        return self.tagged or at.tagged or self.context.is_tagged() or has_tag(plain(prose), self.context.options.only_tagged)

    def left_out(self, prose: Prose, at: Position) -> str | None:
        """Why a takeaway is none where it stands."""
        untagged = "without a tag that `only-tagged` in cards.toml asks for"
        return self.context.left_out() or (None if self.has_tag(prose, at) else untagged)

    def only_stamps(self, prose: Prose, at: Position) -> tuple[Timestamp, ...]:
        """The stamps of prose that is nothing else, a sign or a word for time (`🕒`, `Timestamp:`) aside."""
        stamps = stamps_in(prose)
        if not stamps and not _DIGIT.search(plain(prose)):
            return ()
        shown = visible(prose)
        if _RUNS_ON.search(shown):
            return ()
        name = vocabulary.heading_key(shown.strip(" -–—·•:,;"))
        if name and name not in vocabulary.TIME_LABELS:
            return ()
        if stamps:
            return self.recordings.link(stamps, at.recording)
        time = shown.partition(":")[2] if name else vocabulary.without_emoji(shown)
        return self.recordings.link(times.whole(time), at.recording) if self.recordings.known else ()

    def is_player(self, block: Paragraph | Html, at: Position) -> bool:
        """Whether a block is nothing but stamps or a player."""
        if isinstance(block, Html):
            return "<audio" in block.text
        return bool(self.only_stamps(block.prose, at)) or "<audio" in plain(block.prose)

    def time_below(self, children: tuple[Bullets, ...], at: Position) -> tuple[Timestamp, ...]:
        """The stamps of a takeaway that are the last item below it: nothing follows that they could date."""
        last = children[-1].items[-1].blocks if children else ()
        return self.only_stamps(last[0].prose, at) if len(last) == 1 and isinstance(last[0], Paragraph) else ()

    def for_back(self, block: Block, at: Position, *, former: bool = False) -> Block:
        """A block for the back of a card: its stamps have their links, and no highlight its place.

        `former` is one as the first version of the rules read it.
        """

        def read(block: Block) -> Block:
            match block:
                case Paragraph():
                    prose = self.recordings.resolve(highlights.without_place(block.prose, former=former), at.recording)
                    return block if prose is block.prose else replace(block, prose=prose)
                case Bullets():
                    items = (replace(item, blocks=tuple(map(read, item.blocks))) for item in block.items)
                    return replace(block, items=tuple(items))
                case Quote():
                    return replace(block, blocks=tuple(map(read, block.blocks)))
                case Heading():
                    return replace(block, prose=self.recordings.resolve(block.prose, at.recording))
                case _:
                    return block

        return read(block)

    def as_parent(self, prose: Prose) -> str:
        """A parent without a label in the breadcrumb: its last sentence, cut at twelve words; nothing where an app speaks."""
        text = visible(prose)
        if highlights.is_of_sync(text) or not visible(questions.without_tags(prose)):
            return ""
        spans = sentences(text, self.language)
        last = text[slice(*spans[-1])].strip() if spans else text
        parts = last.split(" ")
        if len(parts) > MAX_PARENT_WORDS:
            last = " ".join(parts[:MAX_PARENT_WORDS]).rstrip(",;:") + "…"
        elif len(last) > 80:
            last = last[:60] + "…"
        return clean(last)

    def defines(self, bullets: Bullets, at: Position) -> bool:
        """Whether a list defines terms: three or more, each `Term: text`, under a heading or parent that announces them."""
        if len(bullets.items) < MIN_TERMS:
            return False
        parent = at.parents[-1].text if at.parents else ""
        section = self.context.section
        announced = vocabulary.is_definition_heading(parent) or bool(
            section and not parent and (section.takeaways or vocabulary.is_definition_heading(section.text))
        )
        firsts = (item.blocks[0] if item.blocks else None for item in bullets.items)
        return announced and all(isinstance(first, Paragraph) and bool(term(first.prose)) for first in firsts)

    def label(
        self, prose: Prose, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position, *, former: bool = False
    ) -> Lead | None:
        """The label of a takeaway, `former` as the first version of the rules found it."""
        return lead(
            prose,
            self.language,
            followed=bool(texts) and isinstance(texts[0], Paragraph),
            answered=bool(children) or any(isinstance(block, ANSWERS) for block in texts),
            connects=self.connects,
            former=former,
        ) or (term(prose) if at.terms and not former else None)

    def was_label(self, prose: Prose, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position) -> bool:
        """Whether an earlier version found a label where there is none: before a pair of dashes."""
        return bool(_DASHED.search(plain(prose)) and self.label(prose, texts, children, at, former=True))

    def leads(self, prose: Prose) -> list[int]:
        """Where a paragraph of several labels is divided: nowhere if they are all metadata, or it has but one at its start."""
        starts = leads_in(prose)
        if starts and lead(prose, self.language) is None:
            return starts
        labels = [lead(part, self.language) for part in divided(prose, starts)] if starts else []
        known = [vocabulary.heading_key(visible(label.label)) in vocabulary.RECORD_LABELS for label in labels if label]
        return [] if known and (known[0] or all(known)) else starts

    def note_former(self, paragraph: Paragraph, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position) -> None:
        """Remember how an earlier version read a takeaway, for the card that it made."""
        prose = self.recordings.resolve(highlights.without_place(paragraph.prose, former=True), at.recording)
        label = self.label(prose, texts, children, at, former=True)
        was = self.candidate(paragraph, prose, label, stamps_in(prose), texts, children, at, True, False, 0)
        if not was.left_out:
            rest = tuple(self.for_back(block, at, former=True) for block in (*texts, *children))
            self.former.append(replace(was.takeaway, rest=rest, page="", flaw=READ_OTHERWISE))

    def candidate(
        self,
        paragraph: Paragraph,
        prose: Prose,
        label: Lead | None,
        stamps: tuple[Timestamp, ...],
        texts: tuple[Block, ...],
        children: tuple[Bullets, ...],
        at: Position,
        item: bool,
        task: bool,
        number: int,
    ) -> Candidate:
        """An item or paragraph as a takeaway, which it may turn out not to be."""
        rest = tuple(self.for_back(block, at) for block in (*texts, *children))
        text = label.rest if label else prose
        listed = label is not None and bool(children) and not texts and not plain(unstamped(text)[0]).strip()
        takeaway = Takeaway(
            line=paragraph.line,
            front=Front(label.label, Origin.LABEL) if label else None,
            text=text,
            rest=rest,
            context=self.context.breadcrumb(at.parents),
            headings=self.context.of_headings(),
            stamps=(*stamps, *(stamp for block in rest if isinstance(block, Paragraph) for stamp in stamps_in(block.prose))),
            inherited=self.context.inherited(at.parents),
            block_id=paragraph.block_id or next((b.block_id for b in texts if isinstance(b, Paragraph) and b.block_id), None),
            depth=at.depth,
            points=sum(len(each.items) for each in children) if listed else 0,
            last=max(last_line((paragraph, *texts, *children)), paragraph.line),
            comments=paragraph.comments,
            page=highlights.page_of(paragraph.prose),
        )
        section = self.context.section
        return Candidate(
            takeaway=takeaway,
            prose=prose,
            lead=label,
            label=visible(label.label) if label else "",
            section=section.line if section else 0,
            level=section.level if section else 0,
            left_out=self.left_out(prose, at),
            unwanted=self.context.unwanted() or not self.has_tag(prose, at),
            item=item,
            task=task,
            number=number,
            language=self.language,
        )


def stamps_in(prose: Prose) -> tuple[Timestamp, ...]:
    return tuple(stamp for run in prose for stamp in run.stamps)


def last_line(blocks: Iterable[Block]) -> int:
    """The last line that a paragraph of the blocks stands on."""
    return max((paragraph.end for paragraph in paragraphs(blocks)), default=0)


def divided(prose: Prose, starts: Sequence[int]) -> list[Prose]:
    return [strip(cut(prose, start, end)) for start, end in pairwise((0, *starts, len(plain(prose))))]
