"""Questions the user typed as such: `Q:` and `A:` lines, and `Question::Answer` on one line.

They win over what we would read ourselves. A `Q:` without an `A:` is answered by what follows it, up to the next
question, label or heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.model import Block, Bullets, Heading, Item, Paragraph, Properties, Prose, Rule, Run, RunKind
from cards.model.prose import cut, plain, squeeze, strip
from cards.parser.labels import lead

_Q = re.compile(r"\s*(?:Q|Question|问|問|質問|В|Вопрос|Frage|Pregunta)\s*\d{0,3}\s*[:：]\s*", re.I)
_A = re.compile(r"\s*(?:A|Answer|Ans|答|回答|О|Ответ|Antwort|Respuesta)\s*\d{0,3}\s*[:：]\s*", re.I)
_LIKELY = re.compile(rf"::|(?:^|[\n\v]){_Q.pattern}", re.I)  # most paragraphs are none
# what stands before or behind the `::` of code: `std::vector`, `a::b(`, `snake_case::x`
_CODE_PATH = re.compile(r"(?:^|[^\w])(?:std|boost|llvm|crate|self|super|core|testing|absl|folly|QtCore)$|_\w*$|[)\]>]$|::")
_CONTINUES = re.compile(r"[a-zA-Z_]\w*(?:\(|<|::|\[)|\w*_\w")


class Question(Struct, frozen=True):
    """A question and the blocks that answer it; no answer where the user wrote none.

    `key` is the text before `::`, by which a property that repeats in the note is told from a question.
    """

    line: int
    question: Prose
    answer: tuple[Block, ...]
    comments: tuple[str, ...] = ()
    block_id: str | None = None
    key: str | None = None


class Asked(NamedTuple):
    """The questions found, how many of the blocks (or items) they take up, and the lines among them that are none."""

    questions: tuple[Question, ...]
    used: int
    others: tuple[Paragraph, ...] = ()


def read(blocks: Sequence[Block]) -> Asked | None:
    """The questions that the first block begins, None where it is no question."""
    first = blocks[0]
    if not isinstance(first, Paragraph):
        return None
    text = plain(first.prose)
    if not (":" in text or "：" in text) or not _LIKELY.search(text):
        return None
    lines = _lines(first)
    if any(_Q.sub("", plain(line), count=1).strip() for _, line in lines if _Q.match(plain(line))):
        return _marked(blocks)
    return _on_one_line(blocks, lines)


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


def _lines(paragraph: Paragraph) -> list[tuple[int, Prose]]:
    """The lines of a paragraph with their line numbers. A marker in bold (`**Q**:`) counts like a plain one."""
    text = plain(paragraph.prose)
    out: list[tuple[int, Prose]] = []
    start, line = 0, paragraph.line
    for i, char in enumerate(text + "\n"):
        if char in "\n\v":
            out.append((line, strip(cut(paragraph.prose, start, i))))
            start, line = i + 1, min(line + 1, max(paragraph.end, paragraph.line))  # `<br>` begins none in the file
    return out


def _marked(blocks: Sequence[Block]) -> Asked:
    """`Q:` and `A:` lines, over as many blocks as the answers take."""
    first = blocks[0]
    assert isinstance(first, Paragraph)
    reader = _Marked(first)
    used = sum(1 for _ in takewhile(reader.take, blocks))
    reader.close()
    return Asked(tuple(reader.questions), max(used, 1))


class _Marked:
    """The state of reading `Q:` and `A:` lines: the question that stands open, and the blocks after each of its marks."""

    def __init__(self, first: Paragraph) -> None:
        self.first = first
        self.questions: list[Question] = []
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
        lines = _lines(block)
        goes_on = block is self.first or any(_Q.match(plain(line)) or _A.match(plain(line)) for _, line in lines)
        if not goes_on and (self.after_answer is not None or lead(block.prose) is not None):
            return False
        self.end = block.end
        last: list[Block] | None = None  # where the line before went, so that this one may go on with it
        for number, line in lines:
            last = self.line(number, line, last)
        return True

    def line(self, number: int, line: Prose, last: list[Block] | None) -> list[Block]:
        """Read a line; the blocks that it went to."""
        text = plain(line)
        if mark := _Q.match(text):
            self.close()
            self.asked = (number, strip(cut(line, mark.end())))
            return self.after_question
        if mark := _A.match(text):
            has_text = bool(text[mark.end() :].strip())
            self.after_answer = [Paragraph(number, strip(cut(line, mark.end())), number)] if has_text else []
            return self.after_answer
        if last and isinstance(before := last[-1], Paragraph) and before.end + 1 == number:
            last[-1] = replace(before, prose=(*before.prose, Run("\n"), *line), end=number)
            return last
        self.open.append(Paragraph(number, line, number))
        return self.open

    def close(self) -> None:
        """End the question that stands open."""
        if self.asked is not None:
            line, question = self.asked
            if self.after_answer is not None and self.after_question:  # the question ran over several lines
                more = [block.prose for block in self.after_question if isinstance(block, Paragraph)]
                question = strip(tuple(run for part in (question, *more) for run in (*part, Run(" "))))
            self.questions.append(Question(line, question, tuple(self.open), self.first.comments, self.first.block_id))
        self.asked, self.after_question, self.after_answer = None, [], None


def _asks(block: Block) -> bool:
    """Whether a list begins with a question of its own."""
    first = block.items[0].blocks[:1] if isinstance(block, Bullets) and block.items else ()
    return any(isinstance(each, Paragraph) and bool(_Q.match(plain(each.prose))) for each in first)


def _belongs(block: Block, answer: list[Block], end: int) -> bool:
    """Whether a block goes on with an answer that ended on line `end`: directly below it, or announced by a colon."""
    last = answer[-1]
    announced = isinstance(last, Paragraph) and plain(last.prose).rstrip().endswith((":", "："))
    return block.line <= end + 1 or announced


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
        if not parts:
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


def _split(line: Prose) -> tuple[Prose, Prose] | None:
    """Both sides of the one `::` of a line, None where it is no question."""
    at = 0
    places: list[int] = []
    for run in line:
        if run.kind is RunKind.TEXT and not run.link:
            places += [at + match.start() for match in re.finditer("::", run.text)]
        at += len(run.text)
    text = plain(line)
    if len(places) != 1 or text[places[0] + 2 : places[0] + 3] == ":":
        return None
    before, after = text[: places[0]], text[places[0] + 2 :]
    if not before.strip() or not after.strip() or "{{c" in before:
        return None
    asks = before.rstrip().endswith(("?", "？", "؟"))
    if not asks:
        if before[-1].isspace() != after[0].isspace():
            return None
        if not after[0].isspace() and (_CODE_PATH.search(before) or _CONTINUES.match(after)):
            return None
    return strip(cut(line, 0, places[0])), strip(cut(line, places[0] + 2))
