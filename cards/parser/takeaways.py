"""The walk down a note's outline, once, keeping where it is: headings, parents, the timestamps that still date what follows.

Every item and paragraph becomes a `Candidate`; `sieve` then says which units are takeaways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from cards.model import (
    Block,
    Bullets,
    Code,
    Front,
    Heading,
    Html,
    Origin,
    Paragraph,
    Properties,
    Prose,
    Quote,
    Run,
    Table,
    Takeaway,
    Timestamp,
    paragraphs,
)
from cards.model.prose import cut, plain, squeeze, strip, unstamped, visible
from cards.parser import filters, questions
from cards.parser.context import Context, Parent, Parents, clean
from cards.parser.filters import Candidate
from cards.parser.labels import lead
from cards.parser.recordings import Recordings
from cards.text import vocabulary
from cards.text.sentences import sentences
from cards.timestamps import times

MAX_PARENT_WORDS = 12  # a parent without a label is shown by its last sentence, cut here

_BOLD_IN_HTML = re.compile(r"\*\*\S|==\S|<(?:b|strong|mark)\b", re.I)
_TAGS = re.compile(r"<!--.*?-->|<[^<>]*>", re.S)
_LEFTOVER = re.compile(r"\s*\(\s*(?:view highlight|location \d[\d-]*|page \d[\d-]*|open in [^()]{1,20})\s*\)", re.I)


@dataclass(slots=True)
class Walk:
    """One walk: what it has found, and the trail it is on."""

    context: Context
    recordings: Recordings
    language: str
    units: list[Candidate] = field(default_factory=list)
    lists: list[filters.HeadingList] = field(default_factory=list)
    skipped: list[tuple[int, str, str]] = field(default_factory=list)
    list_count: int = 0

    # ------------------------------------------------------------------------------------------------ going down

    def blocks(self, blocks: Sequence[Block], parents: Parents, depth: int = 0) -> None:
        """Go down blocks that stand one after another; `depth` counts the lists around them."""
        at = 0
        while at < len(blocks):
            block = blocks[at]
            following = blocks[at + 1] if at + 1 < len(blocks) else None
            if not isinstance(block, Properties):  # those of the page are known
                self.meet(block)
            if isinstance(block, Heading):
                self.heading(block)
            elif isinstance(block, Paragraph):
                asked = questions.read(blocks[at:], self.stamped)
                if asked:
                    self.asked(asked, parents, depth, item=False)
                    at += asked.used
                    continue
                if isinstance(following, Bullets) and self.leads(block, following):
                    self.unit(block, (), (following,), parents, depth, item=False)
                    at += 1
                else:
                    self.unit(block, (), (), parents, depth, item=False)
            elif isinstance(block, Bullets):
                self.bullets(block, parents, depth)
            elif isinstance(block, Code):
                if block.language.split(" ")[0] == "timestamp" and self.recordings.known:
                    self.date(times.whole(block.text))
            elif isinstance(block, Quote | Table | Html):
                self.quoted(block)
            elif isinstance(block, Properties) and (at or depth or self.context.sections):  # those of the page come first
                self.skipped += [(block.line, f"{key}:: {value}", "a property (`key:: value`)") for key, value in block.values]
            at += 1

    def heading(self, heading: Heading) -> None:
        prose = self.stamped(heading.prose)
        self.context.enter(clean(visible(prose)), heading.level, heading.line, _stamps(prose))

    def bullets(self, bullets: Bullets, parents: Parents, depth: int, directly: bool = True) -> None:
        """Go down a list. `directly` says that no takeaway of its own stands over it, so that its heading may ask for it."""
        self.list_count += 1
        number = self.list_count
        if directly and depth == 0:
            self.offer(bullets)
        standing: tuple[Timestamp, ...] = ()
        items = bullets.items
        at = 0
        while at < len(items):
            item = items[at]
            if asked := questions.read_items(items[at:], self.stamped):
                self.asked(asked, parents, depth + 1, item=True)
                at += asked.used
                continue
            scope = len(self.context.sections)
            first = item.blocks[0] if item.blocks else None
            outside = self.recordings.nearest
            for block in (Properties(item.line, item.values), first):
                if block:
                    self.meet(block)
            held = (*parents, Parent("", standing)) if standing else parents
            if isinstance(first, Heading):
                level = self.context.section.level + 1 if self.context.section else 1
                self.heading(replace(first, level=level))
                self.blocks(item.blocks[1:], held, depth)
            elif isinstance(first, Paragraph):
                own = self.only_stamps(first.prose)
                if own:
                    standing = own
                    self.blocks(item.blocks[1:], (*parents, Parent("", standing)), depth + 1)
                else:
                    texts = tuple(block for block in item.blocks[1:] if not isinstance(block, Bullets))
                    children = tuple(block for block in item.blocks[1:] if isinstance(block, Bullets))
                    self.unit(first, texts, children, held, depth + 1, item=True, task=item.task, number=number)
            else:
                self.blocks(item.blocks, held, depth + 1)
            self.context.leave(scope)
            self.recordings.nearest = outside  # an item's recording is for what is below it
            at += 1

    def offer(self, bullets: Bullets) -> None:
        """Note a list that stands directly under a takeaway heading: the generator may ask for it as a whole."""
        section = self.context.section
        if section is None or section.skipped or not section.takeaways or not section.fresh:
            return
        section.fresh = False
        context = self.context.breadcrumb()
        if len(context) > 1 and context[-1] == section.text:
            context = context[:-1]
        self.lists.append(self.heading_list(bullets, section.text, self.context.above, context, section.stamps))

    def heading_list(
        self, bullets: Bullets, name: str, above: str, context: tuple[str, ...], stamps: tuple[Timestamp, ...]
    ) -> filters.HeadingList:
        """The card that a list may give: `name` is the heading over it, `above` what that stands under."""
        flat = all(len(item.blocks) == 1 and isinstance(item.blocks[0], Paragraph) and not item.task for item in bullets.items)
        members = tuple(
            item.blocks[0].line if item.blocks and isinstance(item.blocks[0], Paragraph) else item.line
            for item in bullets.items
        )
        read = self.read(bullets)
        own = tuple(stamp for paragraph in paragraphs((read,)) for stamp in _stamps(paragraph.prose))
        return filters.HeadingList(
            Takeaway(
                line=members[0],
                front=Front((Run(name),), Origin.HEADING),
                text=(),
                rest=(read,),
                context=context,
                headings=frozenset(range(1, len(context))),
                stamps=own,
                inherited=stamps,
                points=len(bullets.items),
                last=_last((bullets,)),
            ),
            members,
            flat,
            above,
            self.context.before,
        )

    # ------------------------------------------------------------------------------------------------- one takeaway

    def unit(
        self,
        paragraph: Paragraph,
        texts: tuple[Block, ...],
        children: tuple[Bullets, ...],
        parents: Parents,
        depth: int,
        *,
        item: bool,
        task: bool = False,
        number: int = 0,
    ) -> None:
        """Read an item or paragraph, with the blocks below it in the item, then go down to its children."""
        prose = self.stamped(_without_leftovers(paragraph.prose))
        stamps = _stamps(prose) or self.time_below(children)
        section = self.context.section
        if not item and (own := self.only_stamps(paragraph.prose)):
            self.date(own)
            for each in children:
                self.bullets(each, parents, depth, directly=False)
            return
        self.context.settle()
        name = visible(prose)
        announces = name.endswith((":", "："))
        announced = children and not item and announces and vocabulary.is_takeaway_heading(name)
        if announced and lead(prose, self.language, parent=True) is None and not (section and section.skipped):
            heading = clean(name)
            self.lists.append(
                self.heading_list(
                    children[0],
                    heading,
                    section.text if section else self.context.title,
                    self.context.breadcrumb(parents),
                    self.context.inherited(parents),
                )
            )
        followed = bool(texts) and isinstance(texts[0], Paragraph)
        found = lead(prose, self.language, followed=followed, parent=bool(children))
        rest = (*map(self.read, texts), *map(self.read, children))
        self.units.append(
            Candidate(
                line=paragraph.line,
                prose=prose,
                lead=found,
                rest=rest,
                points=sum(len(each.items) for each in children) if children and not texts else 0,
                context=self.context.breadcrumb(parents),
                headings=self.context.of_headings(),
                stamps=(*stamps, *(s for block in rest if isinstance(block, Paragraph) for s in _stamps(block.prose))),
                inherited=self.context.inherited(parents),
                section=section.line if section else 0,
                left_out=self.context.left_out(),
                item=item,
                task=task,
                number=number,
                level=section.level if section else 0,
                comments=paragraph.comments,
                block_id=paragraph.block_id
                or next((b.block_id for b in texts if isinstance(b, Paragraph) and b.block_id), None),
                depth=depth,
                language=self.language,
                last=_last((paragraph, *texts, *children)),
            )
        )
        if not (texts or children):
            return
        shown = clean(visible(found.label)) if found else self.as_parent(prose)
        below = (*parents, Parent(shown, stamps))
        for block in (*texts, *children):
            if isinstance(block, Bullets):
                self.bullets(block, below, depth, directly=not item and not announces)
            elif isinstance(block, Paragraph) and filters.is_marked(block.prose):
                self.unit(block, (), (), below, depth + 1, item=False)
            elif isinstance(block, Quote | Table | Html):
                self.quoted(block)

    def asked(self, read: questions.Read, parents: Parents, depth: int, *, item: bool) -> None:
        """Read typed questions, and the lines among them that are none."""
        for each in read.found:
            self.question(each, parents, depth)
        for line in read.left:
            self.unit(line, (), (), parents, depth, item=item)

    def question(self, asked: questions.Question, parents: Parents, depth: int) -> None:
        """Read a question that the user typed as such."""
        self.context.settle()
        if not asked.answer:
            self.skipped.append((asked.line, visible(asked.question), "a question without an answer"))
            return
        answer = tuple(map(self.read, asked.answer))
        stamps = [s for block in paragraphs(answer) for s in _stamps(block.prose)]
        front = Front(unstamped(asked.question)[0], Origin.QUESTION)
        self.units.append(
            Candidate(
                line=asked.line,
                prose=asked.question,
                front=front,
                rest=answer,
                context=self.context.breadcrumb(parents),
                headings=self.context.of_headings(),
                stamps=(*_stamps(asked.question), *stamps),
                inherited=self.context.inherited(parents),
                section=self.context.section.line if self.context.section else 0,
                left_out=self.context.left_out(),
                comments=asked.comments,
                block_id=asked.block_id,
                depth=depth,
                language=self.language,
                key=asked.key,
                last=_last(asked.answer),
            )
        )

    def quoted(self, block: Quote | Table | Html) -> None:
        """Block quotes, tables and raw HTML hold no takeaways; say so where they look like it."""
        if isinstance(block, Html):
            if _BOLD_IN_HTML.search(block.text):
                self.skipped.append((block.line, squeeze(_TAGS.sub(" ", block.text)), "raw HTML"))
            return
        what = "a block quote" if isinstance(block, Quote) else "a table"
        if isinstance(block, Table):
            cells = [cell for row in block.rows for cell in row if filters.is_marked(cell)]
            if cells:
                self.skipped.append((block.line, visible(cells[0]), what))
            return
        for paragraph in paragraphs((block,)):
            if filters.is_marked(paragraph.prose):
                self.skipped.append((paragraph.line, visible(paragraph.prose), what))

    # --------------------------------------------------------------------------------------------------- reading

    def meet(self, block: Block) -> None:
        """Go past a block that may be a recording; under links and references recordings are only named."""
        if not (self.context.section and self.context.section.skipped):
            self.recordings.meet(block)

    def date(self, stamps: tuple[Timestamp, ...]) -> None:
        self.context.date(tuple(map(self.recordings.resolve, stamps)))

    def only_stamps(self, prose: Prose) -> tuple[Timestamp, ...]:
        """The stamps of prose that is nothing else, a sign or a word for time (`🕒`, `Timestamp:`) aside."""
        prose = self.stamped(prose)
        said = visible(prose)
        name = vocabulary.heading_key(said.strip(" -–—·•:,;"))
        if name and name not in vocabulary.TIME_LABELS:
            return ()
        if found := _stamps(prose):
            return found
        time = said.partition(":")[2] if name else vocabulary.without_emoji(said)
        return tuple(map(self.recordings.resolve, times.whole(time))) if self.recordings.known else ()

    def time_below(self, children: tuple[Bullets, ...]) -> tuple[Timestamp, ...]:
        """The stamps of a takeaway that are the last item below it: there is nothing behind them that they could date."""
        last = children[-1].items[-1].blocks if children else ()
        return self.only_stamps(last[0].prose) if len(last) == 1 and isinstance(last[0], Paragraph) else ()

    def leads(self, paragraph: Paragraph, bullets: Bullets) -> bool:
        """Whether a paragraph is the parent of the list after it: directly above it, or ending in a colon."""
        text = visible(paragraph.prose)
        return bullets.line <= paragraph.end + 1 or text.rstrip("*_ ").endswith((":", "："))

    def stamped(self, prose: Prose) -> Prose:
        return self.recordings.stamped(prose)

    def read(self, block: Block) -> Block:
        """A block for the back of a card: its stamps found."""
        match block:
            case Paragraph():
                return replace(block, prose=self.stamped(_without_leftovers(block.prose)))
            case Bullets():
                return replace(block, items=tuple(replace(i, blocks=tuple(map(self.read, i.blocks))) for i in block.items))
            case Quote():
                return replace(block, blocks=tuple(map(self.read, block.blocks)))
            case Heading():
                return replace(block, prose=self.stamped(block.prose))
            case _:
                return block

    def as_parent(self, prose: Prose) -> str:
        """A parent without a label in the breadcrumb: its last sentence, cut at twelve words."""
        text = visible(prose)
        spans = sentences(text, self.language)
        last = text[slice(*spans[-1])].strip() if spans else text
        parts = last.split(" ")
        if len(parts) > MAX_PARENT_WORDS:
            last = " ".join(parts[:MAX_PARENT_WORDS]).rstrip(",;:") + "…"
        elif len(last) > 80:
            last = last[:60] + "…"
        return clean(last)


def _stamps(prose: Prose) -> tuple[Timestamp, ...]:
    return tuple(stamp for run in prose for stamp in run.stamps)


def _last(blocks: Iterable[Block]) -> int:
    """The last line that a paragraph of the blocks stands on."""
    return max((paragraph.end for paragraph in paragraphs(tuple(blocks))), default=0)


def _without_leftovers(prose: Prose) -> Prose:
    """Prose without what exporters append: `([View Highlight](…))`."""
    text = plain(prose)
    if "(" not in text or not any(run.link for run in prose):
        return prose
    for match in reversed(list(_LEFTOVER.finditer(text))):
        prose = (*cut(prose, 0, match.start()), *cut(prose, match.end()))
    return strip(prose)
