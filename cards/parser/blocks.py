"""Block tokens → blocks: the tree of a note as its author sees it."""

from __future__ import annotations

import re

from markdown_it.token import Token
from markdown_it.utils import EnvType
from msgspec.structs import replace

from cards.model import (
    Block,
    Bullets,
    Code,
    Formula,
    Heading,
    Html,
    Item,
    Mark,
    Paragraph,
    Properties,
    Prose,
    Quote,
    Rule,
    Run,
    Table,
)
from cards.model.prose import cut, plain, strip, visible
from cards.parser import highlights, markdown, snips
from cards.text import vocabulary
from cards.text.words import asks

_CALLOUT = re.compile(r"\[!(?P<type>[\w-]+)(?P<more>\|[^\]\n]*)?\][+-]?[ \t]*(?P<title>[^\n]*)(?:\n|$)")
_TASK = re.compile(r"(?:\[[^\[\]\n]\]|TODO|DOING|DONE|LATER|NOW|WAITING|CANCELL?ED)[ \t]+")  # of Obsidian and of Logseq
_PASTED_BULLET = re.compile(r"[•◦▪‣·]\s+")
_PASTED_LINE = re.compile(r"^([ \t>]*)[•◦▪‣●](?=[ \t]+\S)", re.M)
_FENCE = re.compile(r"[ \t>]*(```|~~~)")
_HTML_COMMENT = re.compile(r"\s*(?:<!--.*?-->\s*)+", re.S)


def outline(text: str, first_line: int = 1) -> tuple[Block, ...]:
    """The blocks of a Markdown text with `\\n` line ends whose first line is line `first_line` of the file."""
    text = _with_markers(text)
    tokens, env = markdown.blocks(text)
    return _Reader(tokens, env, text.split("\n"), first_line).blocks(0, len(tokens))


def _with_markers(text: str) -> str:
    """Pasted bullets as list markers, outside of code: who reads a line that begins with `•` sees an item."""
    if not any(bullet in text for bullet in "•◦▪‣●") or not _PASTED_LINE.search(text):
        return text
    lines = text.split("\n")
    fence = ""
    for n, line in enumerate(lines):
        if mark := _FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence:
            lines[n] = _PASTED_LINE.sub(r"\1-", line)
    return "\n".join(lines)


class _Reader:
    def __init__(self, tokens: list[Token], env: EnvType, lines: list[str], first_line: int) -> None:
        self.tokens = tokens
        self.env = env
        self.lines = lines
        self.first = first_line
        self.end_of = _pairs(tokens)
        self.markers: list[int] = []  # the column of each list marker around the block being read
        self.strays: list[Paragraph] = []

    def blocks(self, at: int, end: int) -> tuple[Block, ...]:
        out: list[Block] = []
        while at < end:
            token = self.tokens[at]
            stop = self.end_of.get(at, at)
            out += self.block(token, at, stop)
            at = stop + 1
        return tuple(out)

    def block(self, token: Token, at: int, stop: int) -> list[Block]:
        line = self.line(token)
        match token.type:
            case "paragraph_open":
                return self.paragraph(self.tokens[at + 1], token)
            case "heading_open":
                return [Heading(line, int(token.tag[1]), self.prose(self.tokens[at + 1].content))]
            case "bullet_list_open" | "ordered_list_open":
                return self.bullets(token, at, stop)
            case "blockquote_open":
                return self.quote(line, self.blocks(at + 1, stop))
            case "fence" | "code_block":
                return [Code(line, token.content.rstrip("\n"), token.info.strip())]
            case "math_block":
                return [Formula(line, token.content.strip())]
            case "html_block":
                return [] if _HTML_COMMENT.fullmatch(token.content) else [Html(line, token.content.strip())]
            case "table_open":
                return [self.table(line, at, stop)]
            case "hr":
                return [Rule(line)]
            case _:
                return []

    def line(self, token: Token) -> int:
        return self.first + (token.map[0] if token.map else 0)

    def prose(self, source: str) -> Prose:
        return markdown.inline(source, self.env).prose

    def paragraph(self, content: Token, token: Token) -> list[Block]:
        assert token.map is not None
        start = token.map[0]
        rows = content.content.split("\n")
        rows, stray = self.without_stray(rows, start)
        if stray:
            first, lines = stray
            self.strays += [b for b in self.text(lines, first) if isinstance(b, Paragraph)]
        return self.text(rows, start)

    def text(self, rows: list[str], start: int) -> list[Block]:
        """The paragraph of these source lines, divided where Snipd put a player below the link to a snip."""
        if len(rows) > 1 and snips.is_dating(rows[0]):
            return [*self.lines_of_text(rows[:1], start), *self.text(rows[1:], start + 1)]
        at = snips.player_in(rows)
        if not at:
            return self.lines_of_text(rows, start)
        player = Html(self.first + start + at, rows[at].strip())
        return [*self.lines_of_text(rows[:at], start), player, *self.text(rows[at + 1 :], start + at + 1)]

    def lines_of_text(self, rows: list[str], start: int) -> list[Block]:
        """The paragraph of these source lines; lines of `key:: value` become properties beside it."""
        found = [markdown.property_of(row) for row in rows]
        out: list[Block] = []
        values = tuple(value for value in found if value)
        if values:
            out.append(Properties(self.first + start + next(i for i, value in enumerate(found) if value), values))
        kept = [i for i, value in enumerate(found) if not value]
        if not kept:
            return out
        source, block_id = markdown.take_block_id("\n".join(rows[i] for i in kept))
        prose, comments = markdown.inline(source, self.env)
        first, last = self.first + start + kept[0], self.first + start + kept[-1]
        if prose or block_id or comments:
            at = 1 if out and out[0].line < first else 0
            out[at:at] = highlights.without_comment(Paragraph(first, prose, last, block_id, comments))
        return out

    def without_stray(self, rows: list[str], start: int) -> tuple[list[str], tuple[int, list[str]] | None]:
        """Lines that CommonMark folds into a nested item although they stand left of its marker.

        The author sees such a line outside the list, so it becomes a paragraph after the outermost list.
        """
        if len(self.markers) < 2:
            return rows, None
        for i in range(1, len(rows)):
            if _indent(self.lines[start + i]) < self.markers[-1]:
                return rows[:i], (start + i, rows[i:])
        return rows, None

    def bullets(self, token: Token, at: int, stop: int) -> list[Block]:
        items: list[Item] = []
        at += 1
        while at < stop:
            opening, end = self.tokens[at], self.end_of[at]
            assert opening.map is not None
            self.markers.append(_indent(self.lines[opening.map[0]]))
            items.append(self.item(opening, self.blocks(at + 1, end)))
            self.markers.pop()
            at = end + 1
        start = None
        if token.type == "ordered_list_open":
            start = int(token.attrs.get("start", 1))
        out: list[Block] = [Bullets(self.line(token), tuple(items), start)]
        if not self.markers:
            out += self.strays
            self.strays = []
        return out

    def item(self, token: Token, blocks: tuple[Block, ...]) -> Item:
        values = tuple(value for block in blocks if isinstance(block, Properties) for value in block.values)
        blocks = tuple(block for block in blocks if not isinstance(block, Properties))
        task = False
        if blocks and isinstance(first := blocks[0], Paragraph):
            text = plain(first.prose)
            lead = _TASK.match(text) or _PASTED_BULLET.match(text)
            if lead:
                task = lead.re is _TASK
                prose = strip(cut(first.prose, lead.end()))
                blocks = (Paragraph(first.line, prose, first.end, first.block_id, first.comments), *blocks[1:])
        return Item(self.line(token), blocks, task, values)

    def quote(self, line: int, blocks: tuple[Block, ...]) -> list[Block]:
        """A block quote; a callout (`> [!note] Title`) is read as the normal text it holds."""
        if not blocks or not isinstance(first := blocks[0], Paragraph):
            return [Quote(line, blocks)]
        match = _CALLOUT.match(plain(first.prose))
        if not match:
            return [Quote(line, blocks)]
        titled = match["title"].strip()
        body = strip(cut(first.prose, match.end()))
        if not self.markers and titled and (read := self.titled_callout(first, match, blocks[1:])):
            return read
        above = 1 if match[0].endswith("\n") else 0
        if not body and titled and len(blocks) == 1:  # the title is all that it says
            body, above = strip(cut(first.prose, match.start("title"))), 0
        out: list[Block] = []
        if body:
            out.append(Paragraph(first.line + above, body, first.end, first.block_id, first.comments))
        out += blocks[1:]
        if not match["more"]:
            return out
        title = cut(first.prose, match.start("title"), match.end("title"))
        return [*highlights.with_pages(out, title)]

    def titled_callout(self, first: Paragraph, match: re.Match[str], more: tuple[Block, ...]) -> list[Block]:
        """A callout whose title says how to read what it holds; nothing for any other.

        A title that asks is answered by it, one of a takeaway list heads it, a bold one labels it, one of a section without
        takeaways says that it has none.
        """
        title = strip(cut(first.prose, match.start("title"), match.end("title")))
        body = strip(cut(first.prose, match.end()))
        name = visible(title)
        text = Paragraph(first.line + 1, body, first.end, first.block_id, first.comments)
        held: tuple[Block, ...] = (text, *more) if body else more
        if not held:
            return []
        if asks(name):
            return [Bullets(first.line, (Item(first.line, (Paragraph(first.line, title, first.line), *held)),))]
        if vocabulary.is_skipped_heading(name):
            return [Quote(first.line, held, name)]
        if isinstance(held[0], Bullets) and vocabulary.is_takeaway_heading(name):
            return [Paragraph(first.line, (*title, Run(":")), first.line), *held]
        if body and all(Mark.BOLD in run.marks for run in title):
            labelled = (*title, *(() if name.endswith((":", "：")) else (Run(":"),)), Run(" "), *body)
            return [replace(text, line=first.line, prose=labelled), *more]
        return []

    def table(self, line: int, at: int, stop: int) -> Table:
        rows: list[tuple[Prose, ...]] = []
        row: list[Prose] = []
        for token in self.tokens[at:stop]:
            if token.type == "tr_open":
                row = []
            elif token.type == "inline":
                row.append(self.prose(token.content))
            elif token.type == "tr_close":
                rows.append(tuple(row))
        return Table(line, rows[0] if rows else (), tuple(rows[1:]))


def _pairs(tokens: list[Token]) -> dict[int, int]:
    """For each opening token the index of the one that closes it."""
    out: dict[int, int] = {}
    stack: list[int] = []
    for i, token in enumerate(tokens):
        if token.nesting > 0:
            stack.append(i)
        elif token.nesting < 0:
            out[stack.pop()] = i
    return out


def _indent(line: str) -> int:
    """The column of the first character that is not white space, tabs counted to the next multiple of four."""
    text = line.expandtabs(4)
    return len(text) - len(text.lstrip())
