"""Notes in the syntax of the Obsidian_to_Anki plugin: `START` … `END`, and `STARTI [Basic] … ENDI` on one line."""

from __future__ import annotations

import re

from cards.model import Paragraph, Prose, Run
from cards.model.prose import cut, plain, strip, visible
from cards.parser.questions import Question, lines_of

_START, _END = "START", "END"
_INLINE = re.compile(
    r"\s*STARTI\s+\[(?P<type>[^\]\n]+)\]\s+(?P<front>.+?)\s+Back:\s+(?P<back>.+?)\s*(?:Tags:[^\n]*?)?(?:<!--.*?-->\s*)?ENDI\s*"
)
_BACK = re.compile(r"\s*Back:\s*")
_ASIDE = re.compile(r"\s*(?:Tags:|<!--)")
_BASIC = "basic"


def is_note(paragraph: Paragraph) -> bool:
    """Whether a paragraph is written in that syntax."""
    text = plain(paragraph.prose)
    return text.startswith(("STARTI [", f"{_START}\n", f"{_START}\v"))


def read(paragraph: Paragraph) -> Question | None:
    """The question of such a note, None where it is of another type than Basic, or has no back."""
    if match := _INLINE.fullmatch(plain(paragraph.prose)):
        if not match["type"].casefold().startswith(_BASIC):
            return None
        front, back = (strip(cut(paragraph.prose, *match.span(name))) for name in ("front", "back"))
        return Question(paragraph.line, front, (Paragraph(paragraph.line, back, paragraph.end),))
    lines = lines_of(paragraph)
    lines = lines[:-1] if plain(lines[-1][1]).strip() == _END else lines  # a comment with the id ends the paragraph before it
    if len(lines) < 4 or not plain(lines[1][1]).casefold().startswith(_BASIC):
        return None
    asked: list[Prose] = []
    answered: list[Prose] = []
    into = asked
    for _, line in lines[2:]:
        text = plain(line)
        if mark := _BACK.match(text):
            into, line = answered, strip(cut(line, mark.end()))
        if not _ASIDE.match(text) and visible(line):
            into.append(line)
    if not asked or not answered:
        return None
    answer = Paragraph(paragraph.line, _joined(answered), paragraph.end)
    return Question(paragraph.line, _joined(asked), (answer,), paragraph.comments, paragraph.block_id)


def _joined(lines: list[Prose]) -> Prose:
    return strip(tuple(run for line in lines for run in (*line, Run("\n"))))
