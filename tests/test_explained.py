"""Nothing vanishes unexplained: each line of a note that looks like a takeaway is on a card, or listed with its reason.

The lines are told by their raw text alone, so that what the parser overlooks is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cards
from cards.model import Cloze, Draft, Note, Qa
from cards.model.blocks import block_text
from cards.model.prose import plain
from cards.parser import frontmatter
from cards.text import vocabulary
from tests.golden import fixtures
from tests.vaults import ROOT

_MARKED = re.compile(
    r"\*\*\w|__\w|==\w|\^\^\w|\{\{(?:c\d+::|cloze)|\S ?::: ?\S|\S :: \S|[?？]::|#card\b|[?？؟][\"'”’»」』)）*_]*\s*$", re.I
)
_FENCE = re.compile(r"\s*(?:[-*+]\s+)?(```|~~~|\$\$)")
_HEADING = re.compile(r"\s*(?:[-*+]\s+)?(#{1,6})\s+(?P<text>.*)")
_PROPERTY = re.compile(r"\s*(?:[-*+]\s+)?[\w -]+::(?:\s.*)?")
_NO_TEXT = re.compile(
    r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)|<[^<>]*>|\{\{c\d+::|%%.*?%%|<!--.*?-->|\d+(?::\d\d){1,2}|\^[\w-]+\s*$", re.S
)


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a note that look like a takeaway: marked, asking, or directly under a takeaway heading."""
    head = frontmatter.split(text)
    fence = ""
    takeaways = commented = False
    before = ""
    for number, line in enumerate(head.body.split("\n"), head.first_line):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence or line.count("$$") > 1 else mark[1]
            continue
        commented = commented ^ (line.count("%%") % 2 == 1)
        is_code = line.startswith("    ") and not before.strip() and not re.match(r"\s*(?:[-*+•]|\d+[.)])\s", line)
        before = line
        if is_code or fence or commented or not re.search(r"[^\W_]", line) or _PROPERTY.fullmatch(line):
            continue
        if heading := _HEADING.match(line):
            takeaways = vocabulary.is_takeaway_heading(heading["text"])
            if heading["text"].rstrip("*_ ").endswith(("?", "？", "؟")):
                yield number, line
        elif takeaways or _MARKED.search(line):
            yield number, line


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", _NO_TEXT.sub(" ", text).replace("_", " ").casefold()))


def said(draft: Draft) -> str:
    """All that a card says."""
    asked = draft.shown if isinstance(draft, Qa) else plain(draft.text)
    more = plain(draft.before) if isinstance(draft, Cloze) else " ".join(map(block_text, draft.whole))
    return " ".join((*draft.place.context, asked, more, *map(block_text, draft.back)))


def unexplained(text: str, note: Note) -> list[tuple[int, str]]:
    """The lines that stand on no card and in no report."""
    made = cards.generate(note)
    skipped = [*note.skipped, *made.skipped]
    told = {draft.place.line for draft in made.born} | {each.line for each in skipped}
    spans = [(each.line, max(each.last, each.line)) for each in (*note.takeaways, *note.refused) if each.line in told]
    everything = words(" \n ".join([*map(said, made.born), *(each.text for each in skipped)]))
    return [
        (number, line)
        for number, line in lines(text)
        if number not in told and words(line) not in everything and not any(first <= number <= last for first, last in spans)
    ]


@pytest.mark.parametrize("source", ["examples", "fixtures", "corpus"])
def test_every_line_is_on_a_card_or_explained(source: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = ROOT / "examples"
    if source == "fixtures":
        folder = tmp_path
        fixtures(ROOT / "tests" / "fixtures", tmp_path)
    elif source == "corpus":
        folder = request.getfixturevalue("shared") / "corpus"
    found: list[str] = []
    seen = 0
    for path in sorted(folder.rglob("*.md")):
        text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
        note = cards.parse(text, path.name)
        if note.wanted:
            seen += sum(1 for _ in lines(text))
            found += [f"{path.relative_to(folder)}:{number}: {line}" for number, line in unexplained(text, note)]
    assert seen > 20
    assert not found
