"""The one configured MarkdownIt, and the step from its inline tokens to prose.

CommonMark with tables, strikethrough and dollar maths, and what Obsidian and Logseq add: `==highlights==`,
`[[wikilinks]]`, `![[embeds]]`, `%%comments%%`, footnotes. Three things differ from CommonMark on purpose, because
notes are read as their authors see them: a list marker is never indented code, bold may touch CJK text without a space,
and a bare URL is a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import unescape
from itertools import groupby
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.common.utils import isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.code import code as code_rule
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import link as link_rule
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markdown_it.utils import EnvType
from mdit_py_plugins.dollarmath import dollarmath_plugin

from cards.model import Mark, Prose, Run, RunKind, Timestamp
from cards.model.prose import OBJECT, shifted, strip

LIST_MARKER = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_PLAIN = re.compile(r"[^\\`*_~=^\[\]<>!&$%{}\n]*")
# bold that opens and closes whatever stands around it
_BOLD_WORDS = re.compile(r"(?:^|(?<= ))\*\*(\w(?:[^*]*[^\s*])?)\*\*(?= |$|(?<=[0-9A-Za-z]\*\*)[,.;:)])")
_URL = re.compile(r"\bhttps?://[^\s<>\"“”（）]+")
_CLEAN_URL = re.compile(r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?:/[\w.~/-]*)?(?:\?[\w=&.-]*)?(?:#[\w=.-]*)?", re.A)
_CLOSING = {"}": "{", ")": "(", "]": "["}
# `key:: value`: a key of at most four words, without markup and no question
_PROPERTY = re.compile(r"[ \t]*(?P<key>[^\s:`*=\[({]+(?: [^\s:`*=\[({]+){0,3}(?<![?？]))::(?:[ \t]+(?P<value>[^\n]*)|[ \t]*$)")
_BOLD_LINE = re.compile(r"\*\*[^*\n]+(?:\*\*[ \t]*(?:[:：]|$)|[:：]\*\*)")
_DELIMITER_ROW = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BLOCK_ID = re.compile(r"(?:^|\s)\^([A-Za-z0-9-]+)\s*$")
_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.I)
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
HARMLESS = frozenset(
    "a abbr b bdi bdo big cite code del dfn div em font i ins kbd mark p q rp rt ruby s samp small span strike strong "
    "sub sup time tt u var wbr center".split()
)


_MOMENT = re.compile(
    r"[^|#]+\.(?:mp[34]|m4[ab]|mkv|mov|webm|og[agv]|opus|wav|flac|aac|3gp)#t=(?P<start>\d{1,6}(?:[:.]\d{1,3}){0,3})"
    r"(?:,(?P<end>\d{1,6}(?:[:.]\d{1,3}){0,3}))?\s*(?:\||$)",
    re.I,
)
_MOST_SECONDS = 10**6
_SHIFTED = frozenset({Mark.SUPERSCRIPT, Mark.SUBSCRIPT})
_TAGS_KEPT = {"sup": Mark.SUPERSCRIPT, "sub": Mark.SUBSCRIPT, "ruby": Mark.RUBY, "rt": Mark.READING}


class Inline(NamedTuple):
    """Prose and what stood beside it: comments, and URLs of raw HTML (`src=`)."""

    prose: Prose
    comments: tuple[str, ...] = ()


def _indented_code(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Indented code, unless the line is a list item: outlines are indented more freely than CommonMark allows."""
    if state.sCount[start] - state.blkIndent < 4:
        return False
    text = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if LIST_MARKER.match(text):
        return False
    state._code_enabled = True
    try:
        return code_rule(state, start, end, silent)
    finally:
        state._code_enabled = False


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """CommonMark's paragraph, except that a list item ends it however deep it is indented."""
    terminators = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    line = start + 1
    while line < state.lineMax and not state.isEmpty(line):
        deep = state.sCount[line] - state.blkIndent > 3
        if deep and not LIST_MARKER.match(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line]):
            line += 1
            continue
        # a negative count marks a line that a block quote has looked at already
        if state.sCount[line] >= 0 and any(rule(state, line, state.lineMax, True) for rule in terminators):
            break
        line += 1
    state.line = line
    state.push("paragraph_open", "p", 1).map = [start, line]
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip(" \t\n\r")
    token.map = [start, line]
    state.push("paragraph_close", "p", -1)
    state.parentType = parent
    return True


def _lazy_end(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line left of an item's text that begins a table or a bold label: it ends the item, which CommonMark lets it go on."""
    if not silent or state.sCount[start] >= state.blkIndent:
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if _BOLD_LINE.match(line):
        return True
    following = state.src[state.bMarks[start + 1] : state.eMarks[start + 1]] if start + 1 < end else ""
    return line.startswith("|") and bool(_DELIMITER_ROW.fullmatch(following))


def _comment_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`%% … %%` over several lines, each fence at the start of a line or at the end of the text."""
    begin = state.bMarks[start] + state.tShift[start]
    first = state.src[begin : state.eMarks[start]]
    if not first.startswith("%%") or "%%" in first[2:]:
        return False
    for line in range(start + 1, end):
        if "%%" in state.src[state.bMarks[line] : state.eMarks[line]]:
            if not silent:
                state.line = line + 1
                token = state.push("comment_block", "", 0)
                token.map = [start, line + 1]
                token.hidden = True
            return True
    return False


def _comment(state: StateInline, silent: bool) -> bool:
    return _between(state, silent, "%%", "%%", "comment")


def _embed(state: StateInline, silent: bool) -> bool:
    return _between(state, silent, "![[", "]]", "embed")


def _wikilink(state: StateInline, silent: bool) -> bool:
    return _between(state, silent, "[[", "]]", "wikilink")


def _footnote(state: StateInline, silent: bool) -> bool:
    if state.pos == 0 and re.match(r"\[\^[^\]]+\]:", state.src):
        return False  # the footnote itself
    return _between(state, silent, "[^", "]", "footnote")


def _inline_footnote(state: StateInline, silent: bool) -> bool:
    return _between(state, silent, "^[", "]", "footnote")


def _link(state: StateInline, silent: bool) -> bool:
    """CommonMark's link, which looks far ahead at every bracket, only where one closes and may lead somewhere."""
    last = _last(state.src, "]" if "references" in state.env else "](")
    return last > state.pos and link_rule(state, silent)


@lru_cache(maxsize=8)
def _last(source: str, mark: str) -> int:
    """Where a mark stands last: what opens behind it need not look for it, however often it opens."""
    return source.rfind(mark)


def _between(state: StateInline, silent: bool, opening: str, closing: str, name: str) -> bool:
    """A token for what stands between two marks on one line."""
    if not state.src.startswith(opening, state.pos) or _last(state.src, closing) < state.pos:
        return False
    begin = state.pos + len(opening)
    end = state.src.find(closing, begin, state.posMax)
    if end <= begin or (name != "comment" and "\n" in state.src[begin:end]):
        return False
    if not silent:
        token = state.push(name, "", 0)
        token.content = state.src[begin:end]
    state.pos = end + len(closing)
    return True


def _highlight(state: StateInline, silent: bool) -> bool:
    """`==phrase==`, with markup inside it."""
    src, start = state.src, state.pos
    if not src.startswith("==", start) or src[start + 2 : start + 3] in ("", "=", " ", "\t", "\n"):
        return False
    end = src.find("==", start + 2, state.posMax)
    if end < 0 or src[end - 1].isspace() or src[end + 2 : end + 3] == "=" or src[start - 1 : start] == "=":
        return False
    if not silent:
        limit, state.pos, state.posMax = state.posMax, start + 2, end
        state.push("highlight_open", "mark", 1)
        state.md.inline.tokenize(state)
        state.push("highlight_close", "mark", -1)
        state.posMax = limit
    state.pos = end + 2
    return True


def _carets(state: StateInline, silent: bool) -> bool:
    """Logseq's `^^phrase^^`, with markup inside it."""
    return _marked_between(state, silent, "^^", "^^")


def _cloze_macro(state: StateInline, silent: bool) -> bool:
    """Logseq's `{{cloze phrase}}`."""
    return _marked_between(state, silent, "{{cloze ", "}}")


def _marked_between(state: StateInline, silent: bool, opening: str, closing: str) -> bool:
    """A highlight between two marks on one line."""
    start = state.pos
    if not state.src.startswith(opening, start):
        return False
    begin = start + len(opening)
    end = state.src.find(closing, begin, state.posMax)
    inner = state.src[begin:end] if end > begin else ""
    if not inner or "\n" in inner or inner[0].isspace() or inner[-1].isspace():
        return False
    if not silent:
        limit, state.pos, state.posMax = state.posMax, begin, end
        state.push("highlight_open", "mark", 1)
        state.md.inline.tokenize(state)
        state.push("highlight_close", "mark", -1)
        state.posMax = limit
    state.pos = end + len(closing)
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """CommonMark's emphasis, with CJK characters beside a run of `*` counted as space.

    CommonMark leaves `**要点：**内容` as asterisks, since it looks for spaces that CJK text does not write.
    """
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(state.pos, marker == "*")
    can_open, can_close = scanned.can_open, scanned.can_close
    if marker == "*":
        before = state.src[state.pos - 1] if state.pos else " "
        stop = state.pos + scanned.length
        after = state.src[stop] if stop < state.posMax else " "
        can_open = can_open or (bool(_CJK.match(before)) and not isWhiteSpace(ord(after)))
        can_close = can_close or (bool(_CJK.match(after)) and not isWhiteSpace(ord(before)))
    for _ in range(scanned.length):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos += scanned.length
    return True


# the characters that each rule can begin at; a rule that is not here is tried at every character
_STARTS = {
    "newline": "\n",
    "escape": "\\",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "comment": "%",
    "highlight": "=",
    "embed": "!",
    "image": "!",
    "wikilink": "[",
    "link": "[",
    "footnote": "[",
    "inline_footnote": "^",
    "carets": "^",
    "cloze_macro": "{",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
    "math_inline": "$",
}


# the same of block rules, for the first character of a line
_BLOCK_STARTS = {
    "comment_block": "%",
    "lazy_end": "*|",
    "math_block": "$",
    "fence": "`~",
    "blockquote": ">",
    "hr": "*-_",
    "list": "*+-0123456789",
    "reference": "[",
    "html_block": "<",
    "heading": "#",
}

_BlockRule = Callable[[StateBlock, int, int, bool], bool]


class _BlocksByCharacter(Ruler[_BlockRule]):
    """The ruler of markdown-it's block parser, whose neighbouring rules are tried at a line only where they can begin there."""

    def __init__(self, configured: Ruler[_BlockRule]) -> None:
        self.__dict__.update(configured.__dict__)
        names = dict(zip(configured.getRules(""), configured.get_active_rules(), strict=True))
        self._chains: dict[str, list[_BlockRule]] = {}
        for chain in ("", "paragraph", "reference", "blockquote", "list"):
            starts = [(_BLOCK_STARTS.get(names[rule], ""), rule) for rule in configured.getRules(chain)]
            self._chains[chain] = [
                each
                for known, group in groupby(starts, key=lambda start: bool(start[0]))
                for each in ([_at_character(list(group))] if known else [rule for _, rule in group])
            ]

    def getRules(self, chainName: str = "") -> list[_BlockRule]:  # noqa: N802, N803 (markdown-it's names)
        """Return the rules of a chain."""
        return self._chains[chainName]


def _at_character(starts: list[tuple[str, _BlockRule]]) -> _BlockRule:
    """One rule that tries those of these rules that begin at the first character of the line."""
    at = {char: [rule for chars, rule in starts if char in chars] for char in "".join(chars for chars, _ in starts)}

    def first(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        begin = state.bMarks[start] + state.tShift[start]
        rules = at.get(state.src[begin : begin + 1])
        return rules is not None and any(rule(state, start, end, silent) for rule in rules)

    return first


class _InlineByCharacter(ParserInline):
    """markdown-it's inline parser, which tries at a character only the rules that can begin there.

    It tries all of them in turn: that is most of its time.
    """

    def __init__(self, configured: ParserInline) -> None:
        self.__dict__.update(configured.__dict__)
        rules = list(zip(self.ruler.get_active_rules(), self.ruler.getRules(""), strict=True))
        everywhere = [name for name, _ in rules if name not in _STARTS]  # `text` among them, which passes by no mark
        self._elsewhere = tuple(rule for name, rule in rules if name in everywhere)
        self._at = {
            char: tuple(rule for name, rule in rules if char in _STARTS.get(name, char) and name != "text")
            for char in map(chr, range(128))
            if self.terminator_re.match(char)
        }

    def tokenize(self, state: StateInline) -> None:
        """Make the tokens of a stretch of text, as markdown-it does."""
        end, nesting = state.posMax, state.md.options["maxNesting"]
        while state.pos < end:
            start = state.pos
            rules = self._at.get(state.src[start], self._elsewhere) if state.level < nesting else ()
            for rule in rules:
                if rule(state, False):
                    break
            else:
                state.append_pending(state.src[start])
                state.pos = start + 1
            if state.pos <= start:
                raise RuntimeError("an inline rule did not go on")
        if state.pending:
            state.pushPending()


def _normalized(url: str) -> str:
    """A URL as markdown-it writes it; most have nothing to encode."""
    return url if _CLEAN_URL.fullmatch(url) else normalizeLink(url)


def _configured() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"maxNesting": 200}).enable(["table", "strikethrough"])
    md.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True)
    md.disable("code")
    # which links may act is decided where HTML is made (`render.href`); here a refused link would stay as its markup
    md.validateLink = lambda url: True  # type: ignore[method-assign]
    md.normalizeLink = _normalized  # type: ignore[method-assign]
    md.block.ruler.before("table", "indented_code", _indented_code)
    md.block.ruler.before("table", "comment_block", _comment_block, {"alt": ["paragraph", "reference", "list"]})
    md.block.ruler.before("table", "lazy_end", _lazy_end, {"alt": ["paragraph"]})
    md.block.ruler.at("paragraph", _paragraph)
    md.inline.ruler.at("emphasis", _emphasis)
    md.inline.ruler.before("link", "embed", _embed)
    md.inline.ruler.before("link", "wikilink", _wikilink)
    md.inline.ruler.at("link", _link)
    md.inline.ruler.before("link", "footnote", _footnote)
    md.inline.ruler.before("link", "inline_footnote", _inline_footnote)
    md.inline.ruler.before("emphasis", "comment", _comment)
    md.inline.ruler.before("emphasis", "highlight", _highlight)
    md.inline.ruler.before("emphasis", "carets", _carets)
    md.inline.ruler.before("emphasis", "cloze_macro", _cloze_macro)
    for char in "=%":
        md.inline.add_terminator_char(char)
    md.inline = _InlineByCharacter(md.inline)
    md.block.ruler = _BlocksByCharacter(md.block.ruler)
    return md


MARKDOWN = _configured()


def blocks(text: str) -> tuple[list[Token], EnvType]:
    """The block tokens of a text with `\\n` line ends, their inline content unread, and the link references."""
    tokens: list[Token] = []
    env: EnvType = {}
    MARKDOWN.block.parse(text, MARKDOWN, env, tokens)
    return tokens, env


def inline(source: str, env: EnvType) -> Inline:
    """The prose of a block's inline content."""
    if "://" not in source and (prose := _simple(source)) is not None:
        return Inline(prose)
    tokens: list[Token] = []
    # a line end at the end keeps the maths rule from looking round the corner for a digit
    MARKDOWN.inline.parse(source + "\n", MARKDOWN, env, tokens)
    comments = tuple(token.content.strip() for token in tokens if token.type == "comment")
    return Inline(strip(tuple(_Runs(tokens).runs)), comments)


def _simple(source: str) -> Prose | None:
    """The prose of a text without markup, or with none but bold words between spaces, as most items have it; else None."""
    if "**" not in source:
        text = source.strip()
        return ((Run(text),) if text else ()) if _PLAIN.fullmatch(source) else None
    parts = _BOLD_WORDS.split(source)  # by turns text and bold
    if not _PLAIN.fullmatch("".join(parts)):
        return None
    return strip(tuple(Run(part, marks=_BOLD if n % 2 else _NO_MARKS) for n, part in enumerate(parts) if part))


def take_block_id(source: str) -> tuple[str, str | None]:
    """The inline source without an Obsidian block id at its end, and the id."""
    match = _BLOCK_ID.search(source) if "^" in source else None
    return (source[: match.start()], match[1]) if match else (source, None)


def property_of(line: str) -> tuple[str, str] | None:
    """The key and value of a `key:: value` line, None for any other line."""
    match = _PROPERTY.fullmatch(line) if "::" in line else None
    return (match["key"].strip(), (match["value"] or "").strip()) if match else None


_NO_MARKS: frozenset[Mark] = frozenset()
_BOLD = frozenset({Mark.BOLD})
_OPENING = {"strong_open": Mark.BOLD, "em_open": Mark.ITALIC, "s_open": Mark.STRIKE, "highlight_open": Mark.HIGHLIGHT}
_CLOSING_MARKS = frozenset({"strong_close", "em_close", "s_close", "highlight_close"})


class _Runs:
    """The runs of inline tokens, as they are read. Neighbouring texts under the same marks are one run."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self.runs: list[Run] = []
        self.marks = _NO_MARKS
        self.outer: list[frozenset[Mark]] = []  # the marks around those that stand open
        self.links: list[str] = []
        self.anchors: list[str | None] = []  # links of raw HTML, which close where they like
        for token in tokens:
            kind = token.type
            if kind in ("text", "text_special", "entity"):
                self.text(token.content)
            elif kind in _OPENING:
                self.outer.append(self.marks)
                self.marks = self.marks | {_OPENING[kind]}
            elif kind in _CLOSING_MARKS:
                self.marks = self.outer.pop()
            else:
                self.token(kind, token)

    def token(self, kind: str, token: Token) -> None:
        """Read a token that is neither text nor emphasis."""
        match kind:
            case "softbreak":
                self.text("\n")
            case "hardbreak":
                self.run("\v", RunKind.BREAK)
            case "code_inline":
                self.run(token.content, RunKind.CODE)
            case "math_inline":
                self.run(token.content.strip(), RunKind.MATH)
            case "math_inline_double":
                self.run(token.content.strip(), RunKind.DISPLAY_MATH)
            case "link_open":
                self.links.append(str(token.attrs.get("href", "")))
            case "link_close":
                self.links.pop()
            case "image":
                self.run(OBJECT, RunKind.IMAGE, str(token.attrs.get("src", "")))
            case "embed":
                self.run(OBJECT, RunKind.IMAGE, token.content.partition("|")[0].strip())
            case "wikilink" if moment := moment_of(token.content):
                self.runs.append(Run(wikilink_text(token.content), RunKind.STAMP, self.marks, stamps=(moment,)))
            case "wikilink":
                outer, self.marks = self.marks, self.marks | {Mark.WIKILINK}
                self.text(wikilink_text(token.content))
                self.marks = outer
            case "html_inline":
                self.html(token.content)
            case _:
                pass

    @property
    def link(self) -> str | None:
        """The link that stands open, the innermost."""
        if not (self.links or self.anchors):
            return None
        return next((each for each in (*reversed(self.links), *reversed(self.anchors)) if each is not None), None)

    def text(self, text: str) -> None:
        link = self.link
        if self.marks & _SHIFTED:
            text = shifted(text, self.marks)
        if link is None and "://" in text:
            for run in _with_urls(text, self.marks):
                self.add(run.text, run.link)
        elif text:
            self.add(text, link)

    def add(self, text: str, link: str | None) -> None:
        """Add text, to the last run where that is text under the same marks and link."""
        last = self.runs[-1] if self.runs else None
        if last is not None and last.kind is RunKind.TEXT and last.marks == self.marks and last.link == link:
            self.runs[-1] = Run(last.text + text, RunKind.TEXT, self.marks, link)
        else:
            self.runs.append(Run(text, RunKind.TEXT, self.marks, link))

    def run(self, text: str, kind: RunKind, target: str | None = None) -> None:
        if text:
            self.runs.append(Run(text, kind, self.marks, self.link, target))

    def html(self, tag: str) -> None:
        """Read raw HTML, which never acts: `<br>` breaks the line, a plain link stays one, harmless tags and comments go."""
        match = _TAG.match(tag)
        name = match[1].lower() if match else ""
        if name == "br":
            self.run("\v", RunKind.BREAK)
        elif name == "a" and not tag.startswith("</"):
            href = _HREF.search(tag)
            self.anchors.append(unescape(href[1].strip("\"'")) if href else None)
        elif name == "a":
            del self.anchors[-1:]
        elif name in _TAGS_KEPT:
            mark = {_TAGS_KEPT[name]}
            self.marks = self.marks - mark if tag.startswith("</") else self.marks | mark
        elif name and name not in HARMLESS:
            self.text(tag)


def moment_of(content: str) -> Timestamp | None:
    """The second that a link into a media file of the vault opens (`[[talk.mp4#t=90|1:30]]`), None for any other link."""
    match = _MOMENT.match(content)
    if match is None:
        return None
    start, end = (seconds_of(part) for part in match.group("start", "end"))
    return None if start is None else Timestamp(start, end)


def seconds_of(time: str | None) -> int | None:
    """The seconds of a time in a media fragment: `90`, `90.5` or `1:30`."""
    if not time:
        return None
    total = 0.0
    for part in time.split(":"):
        total = total * 60 + float(part)
    return int(total) if total < _MOST_SECONDS else None


def wikilink_text(content: str) -> str:
    """What a reader sees of `[[target|alias]]`: the alias, else the target (`page › heading` for `page#heading`)."""
    target, bar, alias = content.partition("|")
    if bar:
        return alias.strip()
    page, mark, heading = target.strip().partition("#")
    return f"{page} › {heading.lstrip('^#')}" if mark and page and not heading.startswith("^") else page or heading


def _with_urls(text: str, marks: frozenset[Mark]) -> list[Run]:
    out: list[Run] = []
    at = 0
    for match in _URL.finditer(text):
        url = match[0]
        while url and (url[-1] in ".,;:!?'*_" or (url[-1] in _CLOSING and url.count(url[-1]) > url.count(_CLOSING[url[-1]]))):
            url = url[:-1]
        end = match.start() + len(url)
        if match.start() > at:
            out.append(Run(text[at : match.start()], marks=marks))
        out.append(Run(url, marks=marks, link=url))
        at = end
    if at < len(text):
        out.append(Run(text[at:], marks=marks))
    return out
