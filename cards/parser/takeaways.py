"""The walk down a note's outline, once, keeping where it is: headings, parents, the timestamps that still date what follows.

Every item and paragraph becomes a candidate; `filters` then says which candidates are takeaways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from msgspec.structs import replace

from cards.model import (
    READ_OTHERWISE,
    Block,
    Bullets,
    Code,
    Front,
    Heading,
    Html,
    Item,
    Mark,
    Origin,
    Paragraph,
    Properties,
    Prose,
    Quote,
    Rule,
    Run,
    RunKind,
    Table,
    Takeaway,
    Timestamp,
    paragraphs,
)
from cards.model.prose import cut, plain, squeeze, unstamped, visible
from cards.parser import highlights, obsidian_to_anki, questions, snips
from cards.parser.context import ATTRIBUTES, Parent, clean
from cards.parser.filters import Candidate, HeadingList, is_marked, is_typed
from cards.parser.labels import lead
from cards.parser.reading import ANSWERS, Position, Reader, divided, last_line, stamps_in
from cards.text import vocabulary
from cards.text.words import asks, count, ends_with_colon, line_asks
from cards.timestamps import times

MAX_HEADING_WORDS = 8  # a bold paragraph with more is text
BOLD_LEVEL = 7  # below all real headings
_NO_HEADING = (":", "：", ".", "!", "…", "。", "！", "”", '"', "»", "」")
_WORDY = re.compile(r"\w")
_BOLD_IN_HTML = re.compile(r"\*\*\S|==\S|<(?:b|strong|mark)\b", re.I)
_MARKED_IN_VALUE = re.compile(r"\*\*\S|==\S|[?？]\s*$")
_TAGS = re.compile(r"<!--.*?-->|<[^<>]*>", re.S)


class Walk(Reader):
    """One walk: what it has found, and the sections it is in."""

    # ------------------------------------------------------------------------------------------------ going down

    def blocks(self, blocks: Sequence[Block], at: Position) -> None:
        """Go down blocks that stand one after another."""
        n = 0
        while n < len(blocks):
            block = blocks[n]
            if not isinstance(block, Properties):  # those of the page are known
                at = self.passed(block, at)
            if isinstance(block, Heading):
                self.asking_heading(block, blocks[n + 1 :], at)
            if isinstance(block, Bullets) and n + 1 < len(blocks):
                for longer in _continued(block, blocks[n + 1]):
                    self.note_former_end(longer, at)
            asked, before = highlights.asked_beside(blocks[n:]) if isinstance(block, Paragraph | Quote) else (None, 0)
            if asked:
                self.question(asked, at)
                if isinstance(block, Paragraph):
                    self.takeaway(block, (), (), at)
                n += before + 1
                continue
            n += self.paragraph(blocks[n:], at) if isinstance(block, Paragraph) else self.block(block, at, first=n == 0)

    def note_former_end(self, bullets: Bullets, at: Position) -> None:
        """Remember the last item of a list, at each depth, as an earlier version read it."""
        first, *rest = bullets.items[-1].blocks
        below = replace(at, depth=at.depth + 1)
        children = tuple(block for block in rest if isinstance(block, Bullets))
        if isinstance(first, Paragraph):
            texts = tuple(block for block in rest if not isinstance(block, Bullets))
            self.note_former(first, texts, children, below)
        if children:
            self.note_former_end(children[-1], below)

    def block(self, block: Block, at: Position, *, first: bool) -> int:
        """Go past a block that is not a paragraph; one block is done."""
        match block:
            case Heading():
                self.heading(block, at)
            case Bullets():
                self.bullets(block, at)
            case Code() if block.language.split(" ")[0] == "timestamp" and self.recordings.known:
                self.context.date(self.recordings.link(times.whole(block.text), at.recording))
            case Quote(title=title) if title:
                self.note_former_asked([], block.blocks, at)
                told = [each for each in paragraphs(block.blocks) if is_marked(each.prose) or line_asks(plain(each.prose))]
                lines = [(each.line, visible(each.prose)) for each in told] or [(block.line, title)]
                self.skipped += [(*line, f"the callout “{title}” holds no takeaways") for line in lines]
            case Quote() if highlights.are_highlight(block.blocks):
                self.blocks(block.blocks, at)
            case Quote() | Table() | Html():
                if not isinstance(block, Html):
                    self.context.titled_no_more()
                self.quoted(block)
            case Properties() if not first or at.depth or self.context.sections:  # those of the page come first
                self.skipped += [(block.line, f"{key}:: {value}", "a property (`key:: value`)") for key, value in block.values]
            case _:
                pass
        return 1

    def paragraph(self, blocks: Sequence[Block], at: Position) -> int:
        """Read the paragraph that blocks begin with, or the questions that it begins; how many blocks that took."""
        paragraph, following = blocks[0], blocks[1] if len(blocks) > 1 else None
        assert isinstance(paragraph, Paragraph)
        if obsidian_to_anki.is_note(paragraph):
            if (asking := obsidian_to_anki.read(paragraph)) is not None:
                self.question(asking, at)
            else:
                reason = "a note of Obsidian_to_Anki that is not of the type Basic; write `Question::Answer`"
                self.skipped.append((paragraph.line, visible(paragraph.prose), reason))
            return 1
        if asked := questions.read(blocks):
            self.typed(asked, at, item=False)
            if questions.was_read_otherwise(blocks[: asked.used]):
                self.note_former_questions(blocks[: asked.used], at)
            return asked.used
        if not at.depth and self.heads(paragraph, following):
            return 1
        children = (following,) if isinstance(following, Bullets) and _leads(paragraph, following) else ()
        texts: tuple[Block, ...] = ()
        if isinstance(following, ANSWERS) and _is_bare_label(paragraph.prose):
            texts = (following,)
        elif note := highlights.note_below(blocks):
            texts = (note,)
        if children and len(blocks) > 2:
            for longer in _continued(children[0], blocks[2]):
                self.note_former(paragraph, (), (longer,), at)
                self.note_former_end(longer, at)
        self.takeaway(paragraph, texts, children, at)
        return 1 + len(children) + len(texts)

    def heads(self, paragraph: Paragraph, following: Block | None) -> bool:
        """Go under a short paragraph that is wholly bold, with other blocks after a blank line: it heads them."""
        if following is None or isinstance(following, Heading | Rule) or following.line <= paragraph.end + 1:
            return False
        name = visible(paragraph.prose)
        bold = all(Mark.BOLD in run.marks or not _WORDY.search(run.text) for run in paragraph.prose)
        if (
            not bold
            or not _WORDY.search(name)
            or name.endswith(_NO_HEADING)
            or count(name) > MAX_HEADING_WORDS
            or is_typed(paragraph.prose)
        ):
            return False
        self.heading(Heading(paragraph.line, BOLD_LEVEL, paragraph.prose), Position())
        self.skipped.append((paragraph.line, name, "a bold line that heads what follows"))
        return True

    def asking_heading(self, heading: Heading, following: Sequence[Block], at: Position) -> None:
        """Read a heading that is a question, with what stands below it, up to the next heading, as its answer."""
        if attributes := ATTRIBUTES.search(plain(heading.prose)):
            heading = replace(heading, prose=cut(heading.prose, 0, attributes.start()))
        at = replace(at, tagged=self.has_tag(heading.prose, at))
        if (card := questions.of_card_heading(heading, _below(following))) is not None:
            self.question(card, at)
            return
        if asks(visible(untagged := questions.without_tags(heading.prose))):
            heading = replace(heading, prose=untagged)
        body = _below(following)
        after = following[len(body)] if len(body) < len(following) else None
        name = visible(heading.prose)
        if isinstance(after, Heading) and after.level > heading.level:
            if not snips.is_snip(heading):
                if asks(name):
                    self.skipped.append((heading.line, name, "a question with headings of its own below it"))
                return
            body = (*body, *snips.parts_of_snip(following[len(body) :]))
        body = tuple(block for block in body if not isinstance(block, Properties))
        if self.meeting or vocabulary.is_takeaway_heading(name):
            return
        if not asks(name) or snips.is_snip(heading):
            self.claiming_heading(heading, body, at)
            return
        asked = questions.of_heading(heading, body)
        if asked is None:
            self.skipped.append((heading.line, name, "a question without an answer"))
        elif not vocabulary.is_skipped_heading(name, self.context.options.skipped_headings):
            with self.context.beside(heading.level):
                self.question(asked, at)

    def claiming_heading(self, heading: Heading, body: Sequence[Block], at: Position) -> None:
        """Read the title of a snip, or a claim behind the range that it was made in, with the answer below it."""
        body = tuple(block for block in body if not (isinstance(block, Quote) and block.title))
        answer = tuple(block for block in body if not (isinstance(block, Paragraph | Html) and self.is_player(block, at)))
        snip = len(answer) < len(body) or snips.is_snip(heading)
        asked = questions.of_claim(heading, answer, announced=snip or self.context.announces(heading.level))
        if vocabulary.is_skipped_heading(visible(heading.prose), self.context.options.skipped_headings):
            return
        if asked is None:
            plain_text = all(isinstance(block, Paragraph) and not is_marked(block.prose) for block in answer)
            if plain_text and questions.may_claim(heading, answer):
                reason = "a heading with one time may be a chapter; give it a range, or write it as a question"
                self.skipped.append((heading.line, visible(heading.prose), reason))
            return
        dates = tuple(
            stamp
            for block in body
            if isinstance(block, Paragraph) and self.is_player(block, at)
            for stamp in self.only_stamps(block.prose, at)
        )
        with self.context.beside(heading.level):
            self.question(asked, self.passed(heading, at))
        if dates and self.candidates and self.candidates[-1].line == heading.line:
            last = self.candidates[-1]
            self.candidates[-1] = replace(last, takeaway=replace(last.takeaway, stamps=dates))

    def heading(self, heading: Heading, at: Position) -> None:
        """Go under a heading."""
        prose = self.recordings.resolve(heading.prose, at.recording)
        name = clean(visible(questions.without_card_tag(prose)))
        if highlights.is_of_sync(name):
            name = "Highlights"
        self.context.enter(name, heading.level, heading.line, stamps_in(prose))

    def bullets(self, bullets: Bullets, at: Position, *, directly: bool = True) -> None:
        """Go down a list. `directly` says that no takeaway of its own stands over it, so that its heading may ask for it."""
        self.list_count += 1
        number = self.list_count
        at = replace(at, terms=self.defines(bullets, at))
        if directly and at.depth == 0:
            self.offer(bullets, at)
        standing: tuple[Timestamp, ...] = ()
        n = 0
        while n < len(bullets.items):
            if asked := questions.read_items(bullets.items[n:]):
                below = replace(at, depth=at.depth + 1)
                self.typed(asked, below, item=True)
                if questions.was_read_otherwise(bullets.items[n].blocks):
                    self.note_former_questions(bullets.items[n].blocks, below)
                n += asked.used
                continue
            sections = len(self.context.sections)
            # an item's recording is for what is below it
            standing = self.item(bullets.items[n], at, standing, number) or standing
            self.context.leave(sections)
            n += 1

    def item(self, item: Item, at: Position, standing: tuple[Timestamp, ...], number: int) -> tuple[Timestamp, ...]:
        """Read an item of a list. `standing` are stamps that date it; returned are those that it is nothing else than."""
        first = item.blocks[0] if item.blocks else None
        if item.values:
            marked = [(key, value) for key, value in item.values if _MARKED_IN_VALUE.search(value)]
            self.skipped += [(item.line, f"{key}:: {value}", "a property (`key:: value`)") for key, value in marked]
            at = self.passed(Properties(item.line, item.values), at)
        if first:
            at = self.passed(first, at)
        dated = replace(at, parents=(*at.parents, Parent("", standing))) if standing else at
        if isinstance(first, Heading):
            level = self.context.section.level + 1 if self.context.section else 1
            first = replace(first, level=level)
            self.asking_heading(first, item.blocks[1:], at)
            self.heading(first, at)
            self.blocks(item.blocks[1:], dated)
        elif not isinstance(first, Paragraph):
            self.blocks(item.blocks, replace(dated, depth=at.depth + 1))
        elif own := self.only_stamps(first.prose, at):
            self.blocks(item.blocks[1:], replace(at, parents=(*at.parents, Parent("", own)), depth=at.depth + 1))
            return own
        else:
            texts = tuple(block for block in item.blocks[1:] if not isinstance(block, Bullets))
            children = tuple(block for block in item.blocks[1:] if isinstance(block, Bullets))
            below = replace(dated, depth=at.depth + 1)
            if titled := snips.titled_takeaways(first, item.blocks[1:]):
                notes = self.notes_on(titled.question, titled.answer, snips.notes_on_points(children), below)
                if notes:
                    self.note_former_asked([titled], [], below)
                self.question(replace(titled, answer=(*titled.answer, *notes)), below)
                parent = Parent(clean(visible(titled.question)), stamps_in(titled.question))
                self.below(titled.answer, replace(below, parents=(*below.parents, parent)), directly=False)
                return ()
            if not item.task and (
                self.is_card_block(first, texts, children, below) or self.reads_question(first, texts, children, below)
            ):
                return ()
            if (prose := questions.without_card_tag(first.prose)) is not first.prose:
                below = replace(below, tagged=self.has_tag(first.prose, below))
                first = replace(first, prose=prose)
            self.takeaway(first, texts, children, below, item=True, task=item.task, number=number)
        return ()

    def is_card_block(self, first: Paragraph, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position) -> bool:
        """Read a block that Logseq's `#card` marks; False where it is none, or has phrases to delete."""
        at = replace(at, tagged=self.has_tag(first.prose, at))
        asked = questions.of_card_block(first, (*texts, *children))
        if asked is None or any(Mark.HIGHLIGHT in run.marks for run in first.prose):
            return False
        self.note_former(first, texts, children, at)
        self.question(asked, at)
        parent = Parent(clean(visible(asked.question)), ())
        self.below((*texts, *children), replace(at, parents=(*at.parents, parent)), directly=False)
        return True

    def reads_question(self, first: Paragraph, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position) -> bool:
        """Read an item that asks a question in plain words; False where it asks none."""
        if self.meeting or highlights.is_highlight(first.prose):  # a highlight is not the reader's own question
            return False
        at = replace(at, tagged=self.has_tag(first.prose, at))
        asked = questions.of_item(first, (*texts, *children), self.language)
        if asked is None or lead(first.prose, self.language, answered=True) is not None:
            return False
        if self.connects:
            asked = replace(asked, flaw="a note that is linked here, not a question")
        self.question(asked, at)
        if asked.flaw and is_marked(first.prose):
            return False
        if is_marked(first.prose):
            self.note_former(first, texts, children, at)
        parent = Parent(clean(visible(asked.question)), ())
        self.below((*texts, *children), replace(at, parents=(*at.parents, parent)), directly=False)
        return True

    # ------------------------------------------------------------------------------------------------- lists of a heading

    def offer(self, bullets: Bullets, at: Position) -> None:
        """Note a list that stands directly under a takeaway heading: the generator may ask for it as a whole."""
        section = self.context.section
        if section is None or section.skipped or not section.takeaways or not section.fresh or not self.has_tag((), at):
            return
        section.fresh = False
        context = self.context.breadcrumb()
        if len(context) > 1 and context[-1] == section.text:
            context = context[:-1]
        inherited = section.stamps or self.context.inherited(())
        above = self.context.before if self.context.titled else self.context.above  # a title says whose takeaways these are
        found = self.heading_list(bullets, section.text, above, context, inherited, at)
        if at.terms or self.context.titled or any(map(_is_labelled_by_now, bullets.items)):
            was = replace(found.takeaway, members=found.members, flaw=READ_OTHERWISE)
            self.former += [was, replace(was, inherited=())]  # a player between title and list once hid the range
        if self.context.titled:
            front = Front((Run(above),), Origin.TITLE if self.context.exported else Origin.HEADING)
            found = replace(found, takeaway=replace(found.takeaway, front=front))
        self.lists.append(found)

    def announced(self, name: str, children: tuple[Bullets, ...], at: Position) -> None:
        """Note a list below a paragraph that stands for a takeaway heading (`Key takeaways:`)."""
        section = self.context.section
        above = section.text if section else self.context.title
        context, inherited = self.context.breadcrumb(at.parents), self.context.inherited(at.parents)
        self.lists.append(self.heading_list(children[0], clean(name), above, context, inherited, at))

    def heading_list(
        self,
        bullets: Bullets,
        name: str,
        above: str,
        context: tuple[str, ...],
        inherited: tuple[Timestamp, ...],
        at: Position,
    ) -> HeadingList:
        """The card that a list may give: `name` is the heading over it, which belongs under `above`."""
        flat = all(len(item.blocks) == 1 and isinstance(item.blocks[0], Paragraph) and not item.task for item in bullets.items)
        members = tuple(
            item.blocks[0].line if item.blocks and isinstance(item.blocks[0], Paragraph) else item.line
            for item in bullets.items
        )
        back = self.for_back(bullets, at)
        takeaway = Takeaway(
            line=members[0],
            front=Front((Run(name),), Origin.HEADING),
            text=(),
            rest=(back,),
            context=context,
            headings=frozenset(range(1, len(context))),
            stamps=tuple(stamp for paragraph in paragraphs((back,)) for stamp in stamps_in(paragraph.prose)),
            inherited=inherited,
            points=len(bullets.items),
            last=last_line((bullets,)),
        )
        return HeadingList(takeaway=takeaway, members=members, flat=flat, above=above, before=self.context.before)

    # ------------------------------------------------------------------------------------------------- one takeaway

    def takeaway(
        self,
        paragraph: Paragraph,
        texts: tuple[Block, ...],
        children: tuple[Bullets, ...],
        at: Position,
        *,
        item: bool = False,
        task: bool = False,
        number: int = 0,
    ) -> None:
        """Read an item or paragraph, with the blocks below it in the item, then go down to its children."""
        if not item and (own := self.only_stamps(paragraph.prose, at)):
            self.context.date(own)
            for each in children:
                self.bullets(each, at, directly=False)
            return
        if starts := self.leads(paragraph.prose):
            *parts, last = _parts(paragraph, starts)
            self.note_former(paragraph, texts, children, at)
            for part in parts:
                if is_marked(part.prose):
                    self.takeaway(part, (), (), at, item=item, task=task, number=number)
            self.takeaway(last, texts, children, at, item=item, task=task, number=number)
            return
        written = (paragraph, texts, children)
        if (untagged := questions.without_first_tags(paragraph.prose)) is not paragraph.prose:
            at = replace(at, tagged=self.has_tag(paragraph.prose, at))
            paragraph = replace(paragraph, prose=untagged)
        if item and (texts or children):
            paragraph, texts, children = self.with_notes(paragraph, texts, children, at)
        prose = self.recordings.resolve(highlights.without_place(paragraph.prose), at.recording)
        stamps = stamps_in(prose) or self.time_below(children, at)
        self.context.settle()
        name = visible(prose)
        announces = ends_with_colon(name)
        section = self.context.section
        stands_alone = children and not item and announces and not (section and section.skipped)
        if stands_alone and vocabulary.is_takeaway_heading(name) and lead(prose, self.language, answered=True) is None:
            self.announced(name, children, at)
        label = self.label(prose, texts, children, at)
        anew = label.recent if label else self.was_label(prose, texts, children, at)
        if anew or paragraph is not written[0] or highlights.is_placed_anew((paragraph, *texts, *children)):
            self.note_former(*written, at)
        self.candidates.append(self.candidate(paragraph, prose, label, stamps, texts, children, at, item, task, number))
        if texts or children:
            parent = Parent(clean(visible(label.label)) if label else self.as_parent(prose), stamps)
            below = replace(at, parents=(*at.parents, parent), tagged=self.has_tag(prose, at))
            self.below((*texts, *children), below, directly=not item and not announces)

    def with_notes(
        self, paragraph: Paragraph, texts: tuple[Block, ...], children: tuple[Bullets, ...], at: Position
    ) -> tuple[Paragraph, tuple[Block, ...], tuple[Bullets, ...]]:
        """An item with the reader's notes on it among its texts, if it is a highlight."""
        placed = highlights.are_highlight((paragraph, *texts))
        notes, others = highlights.notes_on(children, texts, placed=placed)
        if not notes or not self.is_noted((paragraph, *texts)):
            return paragraph, texts, children
        own = tuple(text for text in texts if all(text is not note.paragraph for note in notes))
        paragraph = replace(paragraph, prose=highlights.without_place(paragraph.prose, noted=True))
        return paragraph, (*own, *self.notes_on(paragraph.prose, (paragraph, *own), notes, at)), others

    def is_noted(self, blocks: Sequence[Block]) -> bool:
        """Whether paragraphs with a reader's notes below them are a highlight: they say where it is, or stand among others."""
        section = self.context.section
        among = section is not None and vocabulary.matches(section.text, vocabulary.HIGHLIGHT_HEADINGS)
        return among or highlights.are_highlight(blocks) or any(map(highlights.is_named, blocks))

    def notes_on(
        self, title: Prose, highlight: tuple[Block, ...], notes: Sequence[highlights.Note], at: Position
    ) -> list[Block]:
        """The reader's notes on a highlight, for its back. One that is a question asks, and the highlight answers."""
        kept: list[Block] = []
        below = replace(at, parents=(*at.parents, Parent(self.as_parent(title), ())))
        for paragraph, said, name, more in notes:
            texts = tuple(block for block in more if not isinstance(block, Bullets))
            points = tuple(block for block in more if isinstance(block, Bullets))
            self.note_former(paragraph, texts, points, replace(below, depth=at.depth + 1))
            if asks(visible(said)):
                asked = (*said, *(run for run in title if run.stamps))
                self.question(questions.Question(paragraph.line, asked, (*highlight, *more), paragraph.comments), at)
                continue
            if name in vocabulary.NOTE_LABELS and (own := highlights.without_actions(said)):
                kept += [replace(paragraph, prose=own), *more]
                if is_marked(own):  # it gives a card of its own
                    continue
            self.skipped.append((paragraph.line, visible(paragraph.prose), "it belongs to the highlight above it"))
        return kept

    def below(self, blocks: Iterable[Block], at: Position, *, directly: bool) -> None:
        """Go down the blocks below a takeaway in its item."""
        for block in blocks:
            if isinstance(block, Bullets):
                self.bullets(block, at, directly=directly)
            elif isinstance(block, Paragraph) and is_marked(block.prose):
                self.takeaway(block, (), (), replace(at, depth=at.depth + 1))
            elif isinstance(block, Quote | Table | Html):
                self.quoted(block)

    # ------------------------------------------------------------------------------------------------- typed questions

    def typed(self, asked: questions.Asked, at: Position, *, item: bool) -> None:
        """Read typed questions, and the lines among them that are none."""
        for question in asked.questions:
            self.question(question, at)
        for line in asked.others:
            self.takeaway(line, (), (), at, item=item)

    def note_former_questions(self, blocks: Sequence[Block], at: Position) -> None:
        """Remember how an earlier version read typed questions, and the labels behind them that it did not take for answers."""
        if asked := questions.read(blocks, former=True):
            left = [block for block in blocks[asked.used :] if isinstance(block, Paragraph)]
            self.note_former_asked(asked.questions, left, at)

    def note_former_asked(self, asked: Sequence[questions.Question], left: Sequence[Block], at: Position) -> None:
        """Remember questions, and blocks behind them, as an earlier version read them."""
        was = len(self.candidates), len(self.skipped), len(self.lists)
        for question in asked:
            self.question(question, at)
        for block in left:
            if isinstance(block, Paragraph):
                self.takeaway(block, (), (), at)
            elif isinstance(block, Bullets):
                self.bullets(block, at, directly=False)
        found = self.candidates[was[0] :]
        del self.candidates[was[0] :], self.skipped[was[1] :], self.lists[was[2] :]
        self.former += [replace(each.takeaway, flaw=READ_OTHERWISE) for each in found if not each.left_out]

    def question(self, asked: questions.Question, at: Position) -> None:
        """Read a question that the user typed as such."""
        self.context.settle()
        if not asked.answer:
            self.skipped.append((asked.line, visible(asked.question), "a question without an answer"))
            return
        answer = tuple(self.for_back(block, at) for block in asked.answer)
        question = self.recordings.resolve(asked.question, at.recording)
        at = replace(at, tagged=at.tagged or self.has_tag((Run(asked.tags),), at))
        section = self.context.section
        takeaway = Takeaway(
            line=asked.line,
            front=Front(unstamped(question)[0], Origin.QUESTION),
            text=(),
            rest=answer,
            context=self.context.breadcrumb(at.parents),
            headings=self.context.of_headings(),
            stamps=(*stamps_in(question), *(s for block in paragraphs(answer) for s in stamps_in(block.prose))),
            inherited=self.context.inherited(at.parents),
            block_id=asked.block_id,
            depth=at.depth,
            last=max(last_line(asked.answer), asked.line),
            comments=asked.comments,
            page=asked.page,
        )
        self.candidates.append(
            Candidate(
                takeaway=takeaway,
                prose=question,
                section=section.line if section else 0,
                left_out=self.left_out(question, at) or asked.flaw or None,
                unwanted=self.context.unwanted() or not self.has_tag(question, at),
                language=self.language,
                key=asked.key,
            )
        )

    def quoted(self, block: Quote | Table | Html) -> None:
        """Block quotes, tables and raw HTML hold no takeaways; say so where they look like it, or takeaways are awaited."""
        awaited = self.context.section is not None and self.context.section.takeaways
        if isinstance(block, Html):
            text = squeeze(_TAGS.sub(" ", block.text))
            if text and (awaited or _BOLD_IN_HTML.search(block.text) or asks(text)):
                self.skipped.append((block.line, text, "raw HTML"))
        elif isinstance(block, Table):
            below = block.line + 2  # the header, and a line of dashes
            for line, row in ((block.line, block.header), *enumerate(block.rows, below)):
                if any(map(is_marked, row)) or (awaited and any(map(visible, row))):
                    self.skipped.append((line, " · ".join(map(visible, row)), "a table"))
        else:
            for paragraph in paragraphs((block,)):
                if awaited or is_marked(paragraph.prose) or line_asks(plain(paragraph.prose)):
                    self.skipped.append((paragraph.line, visible(paragraph.prose), "a block quote"))

    # --------------------------------------------------------------------------------------------------- reading


def _is_labelled_by_now(item: Item) -> bool:
    """Whether an item has a label that an earlier version did not see."""
    first = item.blocks[0] if item.blocks else None
    label = lead(first.prose) if isinstance(first, Paragraph) else None
    return label is not None and label.recent


def _is_bare_label(prose: Prose) -> bool:
    """Whether a paragraph is a bold with a colon and nothing else: what follows may be its answer."""
    label = lead(prose, answered=True)
    return label is not None and label.colon and not visible(label.rest)


def _continued(bullets: Bullets, following: Block) -> Iterator[Bullets]:
    """A list with the line directly below it as the end of its last item, which an earlier version took it for.

    Two ways, since the line above may have ended in a hard break.
    """
    for end in (Run("\n"), Run("\v", RunKind.BREAK)):
        if isinstance(following, Paragraph) and (longer := _with_line(bullets, following, end)):
            yield longer


def _with_line(bullets: Bullets, line: Paragraph, end: Run) -> Bullets | None:
    *items, last = bullets.items
    *blocks, block = last.blocks or (None,)
    if isinstance(block, Bullets):
        longer: Block | None = _with_line(block, line, end)
    elif isinstance(block, Paragraph) and line.line == block.end + 1:
        longer = replace(block, prose=(*block.prose, end, *line.prose), end=line.end)
    else:
        longer = None
    return replace(bullets, items=(*items, replace(last, blocks=(*blocks, longer)))) if longer else None


def _below(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks below a heading, up to the next one."""
    return tuple(takewhile(lambda block: not isinstance(block, Heading | Rule), blocks))


def _parts(paragraph: Paragraph, starts: Sequence[int]) -> list[Paragraph]:
    """A paragraph divided at these offsets; its block id pins the last part."""
    text = plain(paragraph.prose)
    parts: list[Paragraph] = []
    for start, prose in zip((0, *starts), divided(paragraph.prose, starts), strict=True):
        line = min(paragraph.line + sum(text.count(end, 0, start) for end in "\n\v"), max(paragraph.end, paragraph.line))
        parts.append(Paragraph(line, prose, line, None, paragraph.comments))
    ends = [part.line for part in parts[1:]]
    parts = [replace(part, end=max(part.line, end - 1)) for part, end in zip(parts, [*ends, paragraph.end + 1], strict=True)]
    return [*parts[:-1], replace(parts[-1], block_id=paragraph.block_id)]


def _leads(paragraph: Paragraph, bullets: Bullets) -> bool:
    """Whether a paragraph is the parent of the list after it: directly above it, or ending in a colon."""
    return bullets.line <= paragraph.end + 1 or ends_with_colon(visible(paragraph.prose).rstrip("*_ "))
