"""Questions: those that the user typed as such, and those that ask in plain words.

Typed are `Q:` and `A:` lines, `Question::Answer` on one line (`:::` each way), and a line `?` between question and answer
(`??` each way). They win over what we would read ourselves. A `Q:` without an `A:` is answered by what follows it, up to the
next question, label or heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.model import Block, Bullets, Heading, Item, Mark, Paragraph, Properties, Prose, Rule, Run, RunKind, paragraphs
from cards.model.measures import POINTS
from cards.model.prose import cut, plain, squeeze, strip, unstamped, visible
from cards.parser.labels import lead
from cards.text import vocabulary
from cards.text.sentences import sentences
from cards.text.words import asks, count, words

_Q = re.compile(
    r"\s*(?:Q|Question|问|問|問題|问题|質問|В|Вопрос|Frage|Pregunta|Pergunta|Domanda)\s*\d{0,3}\s*[:：]\s*"
    r"|\s*[PDF]\s*[:：]\s*(?=[^\n\v]*[?？]\s*(?:$|[\n\v]))",
    re.I,
)
_A = re.compile(
    r"\s*(?:A|Answer|Ans|答|答案|回答|О|Ответ|Antwort|Respuesta|Réponse|Rép\.?|Resposta|Risposta)\s*\d{0,3}\s*[:：]\s*", re.I
)
_R = re.compile(r"\s*R\s*[:：]\s*")  # of Romance languages; elsewhere R may be anything
_LIKELY = re.compile(rf"[\n\v](?:{_Q.pattern}|\s*\?{{1,2}}\s*(?:$|[\n\v]))", re.I)  # below the first line
_LINE_END = re.compile(r"[\n\v]")
_ANSWERED = re.compile(r"([?？][*_]{0,3})\s+(?=(?:A|R|Answer)\s*[:：])")
_ARROW = re.compile(r"\s*(?:[→⟶⇒➔➜]\ufe0f?|[-=]>)\s*")
MIN_QUESTION_WORDS = 4  # of a question in plain words, without an arrow
MAX_YES_OR_NO = 6  # words of an answer that says little more than yes or no
RHETORICAL = tuple(vocabulary.RHETORICAL_ENDS)
_CARD_TAG = re.compile(r"(?<!\S)#card(?:-reverse|-spaced)?(?!\S)\s*|(?<!\S)\[\[card\]\](?!\S)\s*", re.I)
_TAGS = re.compile(r"(?<!\S)#[^\W\d][\w/-]*")
_TAG_LINES = re.compile(r"(?:[ \t]*#[^\W\d][\w/-]*(?:[ \t]+#[^\W\d][\w/-]*)*[ \t]*(?:[\n\v]|$))+")
_CARDS = re.compile(r"(?<!\S)#(?:flash)?cards?(?![^\s/-])[\w/-]*", re.I)  # tags of other tools for what is to be a card
_ENDS = (*'?？؟.。!！…:：)）”"’»',)
_TAGS_BEFORE = re.compile(r"\s*(?:#[^\W\d][\w/-]*(?:\s+|$))+")
_TAGS_BEHIND = re.compile(r"(?:(?:^|\s+)#[^\W\d][\w/-]*)+\s*$")
MIN_CLAIM_WORDS = 3  # of a heading that claims
MIN_HEADING_WORDS = 3  # of a heading that asks
MAX_ANSWER_WORDS = 90  # below a heading that asks
# what stands before or behind the `::` of code: `std::vector`, `a::b(`, `snake_case::x`
_CODE_PATH = re.compile(r"(?:^|[^\w])(?:std|boost|llvm|crate|self|super|core|testing|absl|folly|QtCore)$|_\w*$|[)\]>]$|::")
_NEVER_FIRST = "。，；：！？、）］」』”’»,;"  # no answer begins with one
_CONTINUES = re.compile(r"[a-zA-Z_]\w*(?:\(|<|::|\[)|\w*_\w")


class Question(Struct, frozen=True):
    """A question and the blocks that answer it; no answer where the user wrote none.

    `key` is the text before `::`, by which a property that repeats in the note is told from a question. `flaw` says why a
    question in plain words makes no card, `page` where its answer is from, `tags` are those that stood beside it.
    """

    line: int
    question: Prose
    answer: tuple[Block, ...]
    comments: tuple[str, ...] = ()
    block_id: str | None = None
    key: str | None = None
    flaw: str = ""
    page: str = ""
    tags: str = ""


class Asked(NamedTuple):
    """The questions found, how many of the blocks (or items) they take up, and the lines among them that are none."""

    questions: tuple[Question, ...]
    used: int
    others: tuple[Paragraph, ...] = ()


def read(blocks: Sequence[Block], *, former: bool = False) -> Asked | None:
    """The questions that the first block begins, None where it is no question.

    With `former` as the first version of the rules read them: any label ends an answer, and formulas were read line by line.
    """
    first = blocks[0]
    if not isinstance(first, Paragraph):
        return None
    text = plain(first.prose)
    if "#card" in text and not former and (card := of_card_lines(first)):
        return Asked((card,), 1)
    if not ("::" in text or _Q.match(text) or (("\n" in text or "\v" in text) and _LIKELY.search(text))):
        return None
    lines = lines_of(first, former=former)
    if any(_Q.sub("", plain(line), count=1).strip() for _, line in lines if _Q.match(plain(line))):
        return _marked(blocks, former=former)
    found = _divided_by_mark(blocks, lines) or _on_one_line(blocks, lines)
    if found is None or former or "#" not in text:
        return found
    return found._replace(questions=tuple(map(_untagged, found.questions)))


def _untagged(question: Question) -> Question:
    """A question without the tags around it and around its answer, which sort it."""
    answer = tuple(map(_untagged_block, question.answer))
    said = " ".join(plain(each.prose) for each in question.answer if isinstance(each, Paragraph))
    tags = " ".join(_TAGS.findall(f"{plain(question.question)} {said}"))
    return replace(question, question=without_tags(question.question), answer=answer, tags=tags)


def _untagged_block(block: Block) -> Block:
    """A block of an answer without the tags around it, unless they are all it says."""
    if not isinstance(block, Paragraph) or not visible(own := without_tags(block.prose)):
        return block
    return replace(block, prose=own)


def read_items(items: Sequence[Item]) -> Asked | None:
    """The questions that the first item begins; `A:` may be its own line, its child, or the next item."""
    first = items[0]
    if first.task or not first.blocks or not isinstance(first.blocks[0], Paragraph):
        return None
    found = read(first.blocks)
    if found is None or len(found.questions) != 1 or found.others:
        return found and Asked(found.questions, 1, found.others)
    question = found.questions[0]
    if question.key is None and not question.answer and len(items) > 1 and items[1].blocks:
        answer = _without_mark(items[1].blocks)
        if answer is not None:
            return Asked((replace(question, answer=answer),), 2)
    if len(question.answer) == 1 and isinstance(bullets := question.answer[0], Bullets) and len(bullets.items) == 1:
        answer = _without_mark(bullets.items[0].blocks)
        if answer is not None:
            return Asked((replace(question, answer=answer),), 1)
    return Asked((question,), 1)


def _without_mark(blocks: tuple[Block, ...]) -> tuple[Block, ...] | None:
    """Blocks that begin with `A:`, without it."""
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph) and (mark := _A.match(plain(first.prose))):
        return (replace(first, prose=strip(cut(first.prose, mark.end()))), *blocks[1:])
    return None


def lines_of(paragraph: Paragraph, *, former: bool = False) -> list[tuple[int, Prose]]:
    """The lines of a paragraph with their line numbers. A marker in bold (`**Q**:`) counts like a plain one."""
    out: list[tuple[int, Prose]] = []
    start, line, last = 0, paragraph.line, max(paragraph.end, paragraph.line)
    for at, is_end in _line_ends(paragraph.prose):
        if is_end or former:
            out.append((line, strip(cut(paragraph.prose, start, at))))
            start = at + 1
        line = min(line + 1, last)  # `<br>` begins none in the file
    return out


def _line_ends(prose: Prose) -> Iterator[tuple[int, bool]]:
    """The offsets of line ends, the end of the text among them, and whether a line of the author's ends there: not in maths."""
    at = 0
    for run in prose:
        for match in _LINE_END.finditer(run.text):
            yield at + match.start(), run.kind in (RunKind.TEXT, RunKind.BREAK)
        at += len(run.text)
    yield at, True


def _marked(blocks: Sequence[Block], *, former: bool = False) -> Asked:
    """`Q:` and `A:` lines, over as many blocks as the answers take."""
    first = blocks[0]
    assert isinstance(first, Paragraph)
    reader = _Marked(first, former=former)
    used = sum(1 for _ in takewhile(reader.take, blocks))
    reader.close()
    return Asked(tuple(reader.questions), max(used, 1), tuple(reader.before))


class _Marked:
    """The state of reading `Q:` and `A:` lines: the question that stands open, and the blocks after each of its marks."""

    def __init__(self, first: Paragraph, *, former: bool = False) -> None:
        self.first = first
        self.former = former
        self.questions: list[Question] = []
        self.before: list[Paragraph] = []  # lines before the first question
        self.end = first.end  # the last line that was read
        self.asked: tuple[int, Prose] | None = None
        self.after_question: list[Block] = []
        self.after_answer: list[Block] | None = None  # None before an `A:`

    @property
    def open(self) -> list[Block]:
        """Where the next block belongs: behind the answer's mark, else behind the question's."""
        return self.after_question if self.after_answer is None else self.after_answer

    def take(self, block: Block) -> bool:
        """Read a block; False where it belongs to none of the questions."""
        if isinstance(block, Heading | Rule | Properties):
            return False
        if not isinstance(block, Paragraph):
            if _asks(block) or (self.after_answer and not _belongs(block, self.after_answer, self.end)):
                return False
            self.open.append(block)
            return True
        lines = lines_of(block, former=self.former)
        goes_on = block is self.first or any(_Q.match(plain(line)) or self.answered(plain(line)) for _, line in lines)
        if not goes_on and (self.after_answer is not None or _is_labelled(block, bare=self.former)):
            return False
        self.end = block.end
        last: list[Block] | None = None  # where the line before went, so that this one may go on with it
        for number, line in lines:
            for part in [line] if self.former else _apart(line):
                last = self.line(number, part, last)
        return True

    def line(self, number: int, line: Prose, last: list[Block] | None) -> list[Block]:
        """Read a line; the blocks that it went to."""
        text = plain(line)
        if mark := _Q.match(text):
            self.close()
            self.asked = (number, strip(cut(line, mark.end())))
            return self.after_question
        if mark := self.answered(text):
            has_text = bool(text[mark.end() :].strip())
            self.after_answer = [Paragraph(number, strip(cut(line, mark.end())), number)] if has_text else []
            return self.after_answer
        if self.asked is None:
            self.before.append(Paragraph(number, line, number))
            return []
        if last and isinstance(before := last[-1], Paragraph) and before.end + 1 == number:
            last[-1] = replace(before, prose=(*before.prose, Run("\n"), *line), end=number)
            return last
        self.open.append(Paragraph(number, line, number))
        return self.open

    def answered(self, text: str) -> re.Match[str] | None:
        """The mark of an answer that a line begins with."""
        return _A.match(text) or (_R.match(text) if self.after_answer is None and not self.former else None)

    def close(self) -> None:
        """End the question that stands open."""
        if self.asked is not None:
            line, question = self.asked
            if self.after_answer is not None and self.after_question:  # the question ran over several lines
                more = [block.prose for block in self.after_question if isinstance(block, Paragraph)]
                question = strip(tuple(run for part in (question, *more) for run in (*part, Run(" "))))
            self.questions.append(Question(line, question, tuple(self.open), self.first.comments, self.first.block_id))
        self.asked, self.after_question, self.after_answer = None, [], None


def was_read_otherwise(blocks: Iterable[Block]) -> bool:
    """Whether blocks of questions hold what the first version of the rules read otherwise."""
    found = [block for block in blocks if isinstance(block, Paragraph)]
    return any(
        "\n" in run.text for block in found for run in block.prose if run.kind not in (RunKind.TEXT, RunKind.BREAK)
    ) or any(
        (_is_labelled(block, bare=True) and not _is_labelled(block) and block is not found[0])
        or without_tags(block.prose) != strip(block.prose)
        for block in found
    )


def _is_labelled(paragraph: Paragraph, *, bare: bool = False) -> bool:
    """Whether a paragraph has a label that says something: one such as Background (`bare`) belongs to the answer above it."""
    label = lead(paragraph.prose)
    return label is not None and (bare or not vocabulary.is_bare_label(visible(label.label)))


def _asks(block: Block) -> bool:
    """Whether a list begins with a question of its own."""
    first = block.items[0].blocks[:1] if isinstance(block, Bullets) and block.items else ()
    return any(isinstance(each, Paragraph) and bool(_Q.match(plain(each.prose))) for each in first)


def _belongs(block: Block, answer: list[Block], end: int) -> bool:
    """Whether a block goes on with an answer that ended on line `end`: directly below it, or announced by a colon."""
    last = answer[-1]
    announced = isinstance(last, Paragraph) and plain(last.prose).rstrip().endswith((":", "："))
    return block.line <= end + 1 or announced


def _apart(line: Prose) -> list[Prose]:
    """A line with a question and its answer as two: `Q: Why? A: Because`."""
    text = plain(line)
    mark = _Q.match(text)
    if not mark:
        return [line]
    answer = _ANSWERED.search(text, mark.end())
    end = answer.end(1) if answer else _end_of_bold_question(line)
    return [strip(cut(line, 0, end)), strip(cut(line, end))] if end else [line]


def _end_of_bold_question(line: Prose) -> int:
    """Where a question in bold ends that a line begins with, and other words follow; 0 where there is none."""
    bold = "".join(run.text for run in takewhile(lambda run: Mark.BOLD in run.marks, line))
    return len(bold) if bold.rstrip().endswith(("?", "？")) and plain(line)[len(bold) :].strip() else 0


def _on_one_line(blocks: Sequence[Block], lines: list[tuple[int, Prose]]) -> Asked | None:
    """`Question::Answer`, one a line. A list after the last one belongs to its answer."""
    first = blocks[0]
    assert isinstance(first, Paragraph)
    if not any("::" in run.text for run in first.prose if run.kind is RunKind.TEXT and not run.link):
        return None
    found: list[Question] = []
    left: list[Paragraph] = []
    for number, line in lines:
        parts = _split(line)
        if both := _split_both(line):
            ways = (both, both[::-1])
            found += [Question(number, a, (Paragraph(number, b, number),), first.comments, first.block_id) for a, b in ways]
        elif not parts:
            if left and left[-1].end + 1 == number:
                left[-1] = replace(left[-1], prose=(*left[-1].prose, Run("\n"), *line), end=number)
            elif line:
                left.append(Paragraph(number, line, number))
        else:
            question, answer = parts
            key = squeeze(plain(question))
            found.append(Question(number, question, (Paragraph(number, answer, number),), first.comments, first.block_id, key))
    if not found:
        return None
    following = blocks[1] if len(blocks) > 1 else None
    if isinstance(following, Bullets) and following.line <= first.end + 1:
        found[-1] = replace(found[-1], answer=(*found[-1].answer, following))
        return Asked(tuple(found), 2, tuple(left))
    return Asked(tuple(found), 1, tuple(left))


def _divided_by_mark(blocks: Sequence[Block], lines: list[tuple[int, Prose]]) -> Asked | None:
    """Lines that a line `?` divides into a question and its answer, and a line `??` into two that answer each other."""
    first = blocks[0]
    assert isinstance(first, Paragraph)
    at = next((n for n, (_, line) in enumerate(lines) if n and plain(line).strip() in ("?", "??")), None)
    if at is None:
        return None
    asked, answered = lines[:at], lines[at + 1 :]
    following = blocks[1] if len(blocks) > 1 and blocks[1].line <= first.end + 1 else None
    answer: tuple[Block, ...] = (Paragraph(answered[0][0], _lined(answered), first.end),) if answered else ()
    if following is not None and not isinstance(following, Heading | Rule | Paragraph | Properties):
        answer = (*answer, following)
    question = Question(asked[0][0], _lined(asked), answer, first.comments, first.block_id)
    back = Question(asked[0][0], _lined(answered), (Paragraph(asked[0][0], _lined(asked), first.end),), first.comments)
    both = plain(lines[at][1]).strip() == "??" and bool(answered)
    return Asked((question, back) if both else (question,), 2 if answer and answer[-1] is following else 1)


def _lined(lines: Sequence[tuple[int, Prose]]) -> Prose:
    """Lines as one prose."""
    out: list[Run] = []
    for _, line in lines:
        out += (Run("\n"), *line) if out else line
    return tuple(out)


def _split_both(line: Prose) -> tuple[Prose, Prose] | None:
    """Both sides of the one `:::` of a line, each of which asks for the other."""
    places = _marks_in(line, ":::")
    text = plain(line)
    if len(places) != 1 or "::" in text[: places[0]] or "::" in text[places[0] + 3 :]:
        return None
    before, after = strip(cut(line, 0, places[0])), strip(cut(line, places[0] + 3))
    if not visible(before) or not visible(after) or plain(after)[0] in _NEVER_FIRST:
        return None
    return before, after


def _marks_in(line: Prose, mark: str) -> list[int]:
    """The offsets of a mark in the text of a line, not in its code, formulas and links."""
    at = 0
    places: list[int] = []
    for run in line:
        if run.kind is RunKind.TEXT and not run.link:
            places += [at + match.start() for match in re.finditer(re.escape(mark), run.text)]
        at += len(run.text)
    return places


def _split(line: Prose) -> tuple[Prose, Prose] | None:
    """Both sides of the one `::` of a line, None where it is no question."""
    places = _marks_in(line, "::")
    text = plain(line)
    if len(places) != 1 or text[places[0] + 2 : places[0] + 3] == ":":
        return None
    before, after = text[: places[0]], text[places[0] + 2 :]
    if not before.strip() or not after.strip() or "{{c" in before or after.lstrip()[0] in _NEVER_FIRST:
        return None
    asks = before.rstrip().endswith(("?", "？", "؟"))
    if not asks:
        if before[-1].isspace() != after[0].isspace():
            return None
        if not after[0].isspace() and (_CODE_PATH.search(before) or _CONTINUES.match(after)):
            return None
    return strip(cut(line, 0, places[0])), strip(cut(line, places[0] + 2))


# ------------------------------------------------------------------------------------------------- in plain words


def of_item(first: Paragraph, below: Sequence[Block], language: str) -> Question | None:
    """The question that an item asks in plain words: its first sentence asks, and what follows answers and asks nothing."""
    text = plain(first.prose)
    if not any(mark in text for mark in "?？؟"):
        return None
    end = next((span[1] for span in sentences(text, language)), 0)
    asked, rest = without_tags(cut(first.prose, 0, end)), without_tags(cut(first.prose, end))
    arrow = _ARROW.match(plain(rest))
    name = visible(asked)
    if not name.endswith(("?", "？", "؟")) or not (arrow or count(name.replace("’", "'")) >= MIN_QUESTION_WORDS):
        return None
    rest = strip(cut(rest, arrow.end())) if arrow else rest
    answer: tuple[Block, ...] = (Paragraph(first.line, rest, first.end),) if visible(rest) else ()
    answer = (*answer, *below)
    if answer and isinstance(said := answer[0], Paragraph) and (mark := _A.match(plain(said.prose))):
        answer = (replace(said, prose=strip(cut(said.prose, mark.end()))), *answer[1:])
    if not answer or any(mark in visible(each.prose) for each in paragraphs(answer) for mark in "?？؟"):
        return None
    if is_rhetorical(name, answer):
        return None
    return Question(first.line, asked, answer, first.comments, first.block_id, flaw=_flaw(name) or too_long(answer))


def without_card_tag(prose: Prose) -> Prose:
    """Prose without Logseq's `#card`."""
    text = plain(prose)
    match = _CARD_TAG.search(text) if "card" in text.casefold() else None
    return strip((*cut(prose, 0, match.start()), *cut(prose, match.end()))) if match else prose


def without_tags(prose: Prose) -> Prose:
    """Prose without the `#tags` around it that sort it. One that is a word of its sentence (`What is #ebb`) stays.

    They stand on lines of their own, behind its end, or with a tag that is for cards.
    """
    text = plain(prose)
    if "#" not in text:
        return strip(prose)
    start, end = _first_tags(text), len(text)
    if behind := _TAGS_BEHIND.search(text, start):
        known = _CARDS.search(text, behind.start())
        ended = behind.start() == start or text[start : behind.start()].rstrip().endswith(_ENDS)
        end = behind.start() if ended else known.start() if known else end
    return strip(cut(prose, start, end))


def _first_tags(text: str) -> int:
    """The end of the tags that a text begins with: lines of nothing else, and those beside one that is for cards."""
    lines = _TAG_LINES.match(text)
    start = lines.end() if lines else 0
    before = _TAGS_BEFORE.match(text, start)
    return before.end() if before and _CARDS.search(before[0]) else start


def without_first_tags(prose: Prose) -> Prose:
    """Prose without the `#tags` that it begins with; prose itself where it has none, or nothing else."""
    text = plain(prose)
    start = _first_tags(text) if text.startswith("#") else 0
    return strip(cut(prose, start)) if start and text[start:].strip() else prose


def of_card_block(first: Paragraph, below: Sequence[Block]) -> Question | None:
    """The question of a block that Logseq's `#card` marks; what stands below it answers."""
    if not below or without_card_tag(first.prose) is first.prose:
        return None
    asked = without_card_tag(without_tags(first.prose))
    return Question(first.line, asked, tuple(below), first.comments, first.block_id) if visible(asked) else None


def of_card_heading(heading: Heading, body: Sequence[Block]) -> Question | None:
    """The question of a heading that `#card` marks; what stands below it answers."""
    asked = without_card_tag(without_tags(heading.prose))
    body = tuple(takewhile(lambda block: not (isinstance(block, Paragraph) and of_card_lines(block)), body))
    marked = without_card_tag(heading.prose) is not heading.prose
    if not marked or not visible(asked) or not any(map(_answers, paragraphs(body))):
        return None
    return Question(heading.line, asked, tuple(body))


def of_card_lines(first: Paragraph) -> Question | None:
    """The question of a paragraph whose first line `#card` marks; its other lines answer."""
    (line, asked), *rest = lines_of(first)
    said = without_card_tag(without_tags(asked))
    if without_card_tag(asked) is asked or not visible(said) or not any(visible(each) for _, each in rest):
        return None
    answer = Paragraph(rest[0][0], _lined(rest), first.end)
    return Question(line, said, (answer,), first.comments, first.block_id)


def is_rhetorical(name: str, answer: Sequence[Block]) -> bool:
    """Whether a question in plain words only leads to what follows, or has no more answer than a yes or a no."""
    said = words(name)
    if name.count("?") + name.count("？") + name.count("؟") > 1 or any(name.casefold().endswith(each) for each in RHETORICAL):
        return True
    size = sum(count(visible(each.prose)) for each in paragraphs(answer))
    return bool(said) and said[0] in vocabulary.YES_NO_OPENERS and "or" not in said and size <= MAX_YES_OR_NO


def of_heading(heading: Heading, body: Sequence[Block]) -> Question | None:
    """The question that a heading asks, with the blocks below it as the answer, None where they say nothing or ask."""
    name = visible(heading.prose)
    if not asks(name) or count(name) < MIN_HEADING_WORDS or not any(map(_answers, paragraphs(body))):
        return None
    asking = any(asks(visible(each.prose)) for each in paragraphs(body))
    if asking or is_rhetorical(name, body):
        return None
    return Question(heading.line, heading.prose, tuple(body), flaw=_flaw(name) or too_long(body))


def of_claim(heading: Heading, body: Sequence[Block], *, announced: bool) -> Question | None:
    """The claim that a heading makes, answered by the blocks below it, where it stands behind a range or is `announced`: as the
    title of a snip, or by a takeaway heading above it.

    Any other heading with a stamp may be a chapter, so it asks nothing.
    """
    edges = (heading.prose[0], heading.prose[-1]) if heading.prose else ()
    ranged = any(stamp.end for run in edges for stamp in run.stamps)
    name = visible(heading.prose)
    if not (announced or ranged) or not _claims(name, body):
        return None
    stamps = tuple(run for run in heading.prose if run.kind is RunKind.STAMP)
    shown = vocabulary.without_emoji(_TAGS.sub(" ", name))
    flaw = too_long(body).replace("a question", "a claim", 1)
    return Question(heading.line, (*stamps, Run(shown)), tuple(body), flaw=flaw)


def may_claim(heading: Heading, body: Sequence[Block]) -> bool:
    """Whether a heading with a time has words enough to be a claim, and an answer."""
    return any(run.stamps for run in heading.prose) and _claims(visible(heading.prose), body)


def _claims(name: str, body: Sequence[Block]) -> bool:
    return count(name) >= MIN_CLAIM_WORDS and not vocabulary.is_bare_label(name) and any(map(_answers, paragraphs(body)))


def _answers(paragraph: Paragraph) -> bool:
    """Whether a paragraph has words of its own beside links and raw HTML."""
    own = (run.text for run in unstamped(paragraph.prose)[0] if not run.link and "<" not in run.text)
    return any(re.search(r"[^\W\d_]", text) for text in own)


def _flaw(name: str) -> str:
    """Why a question in plain words is none to learn from, if it isn't."""
    said = words(name)
    if not said:
        return ""
    closed = said[0] in vocabulary.YES_NO_OPENERS or name.rstrip("?？؟ ").endswith(vocabulary.YES_NO_ENDS)
    if closed and not vocabulary.CHOICE_WORDS & set(said):
        return "a question that can be answered with yes or no; ask what, why or how"
    unnamed = vocabulary.THINGS & set(said[: len(said) // 2 + 1])  # in its first half nothing has been named yet
    expletive = {"to", "that"} & set(said)  # `is it wise to …` points ahead
    if said[0] in vocabulary.CONJUNCTIONS or vocabulary.DEMONSTRATIVES & set(said) or (unnamed and not expletive):
        return "a question that leans on what stood before it; name what it is about"
    return ""


def too_long(answer: Sequence[Block]) -> str:
    """Why blocks are too long for an answer that was not typed as one."""
    points = sum(len(block.items) for block in answer if isinstance(block, Bullets))
    size = sum(count(visible(each.prose)) for each in paragraphs(answer))
    if points > POINTS[-1]:
        return f"a question whose answer is a list of {points} points, {POINTS[-1]} at most; group them"
    if size > MAX_ANSWER_WORDS:
        return f"a question whose answer has {size} words, {MAX_ANSWER_WORDS} at most; shorten it"
    return ""
