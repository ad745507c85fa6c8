"""Render prose and blocks as the HTML of Anki's fields: escaping, cloze markup, MathJax.

Text that Anki would read as markup is split by an empty comment (`}<!-- -->}`), which its editor keeps and its renderer
drops; entities would be undone by the first edit. Raw HTML never gets here, because the parser turns it into text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from itertools import pairwise
from unicodedata import normalize
from urllib.parse import quote

from cards.model import (
    Block,
    Bullets,
    Cloze,
    Code,
    Deletion,
    Draft,
    Fields,
    Formula,
    Heading,
    Html,
    Item,
    Mark,
    Media,
    Paragraph,
    Place,
    Properties,
    Prose,
    Qa,
    Quote,
    Rule,
    Run,
    RunKind,
    Table,
    Timestamp,
    paragraphs,
)
from cards.model.prose import Ruler, level, squeeze, visible
from cards.text.vocabulary import card_words
from cards.text.words import cjk
from cards.timestamps import providers
from cards.timestamps.times import show

SEPARATOR = " › "
PLAY = "▶\ufe0e"  # the variation selector keeps iOS from drawing an emoji

TWO_LINES = 96  # letters: two lines of a breadcrumb on a phone
SHORT_TITLE = 24  # letters of a title that is cut

_SPLIT = "<!-- -->"
_JOINER = "\u2060"  # no width; breaks up MathJax delimiters
_CLASH = re.compile(r"([{}:])(?=\1)")  # opens, closes or divides a cloze deletion
_ACTIVE = re.compile(r"(\[)(?=(?:sound|anki|latex|/latex|\$|/\$))|(\\)(?=[()\[\]])", re.I)  # media, LaTeX and MathJax tags
_NOTED = re.compile(r"[.!?]\d")  # most texts have none
_FOOTNOTE = re.compile(r"\d(?<=[^\W\d_]{4}[.!?]\d)\d?(?=\s+[\"“‘(]?[^\W\d_a-zà-ÿа-я]|\s*\Z)")
_SPECIAL = re.compile(r"&|<|>|\[|\\|\{\{|\}\}|::")  # most texts have none
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)
_TAG_OF_ANKI = re.compile(r"\[(?=/?(?:sound|anki|latex|\$))", re.I)
_LINKABLE = re.compile(r"https?://[^\s/?#%()<>\"'{}|\\^`]+(?:[/?#]|$)|mailto:|obsidian://", re.I)
_TAGS = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.S)
_ORDER = (  # from the outermost
    Mark.GIST,
    Mark.RUBY,
    Mark.READING,
    Mark.STRIKE,
    Mark.HIGHLIGHT,
    Mark.BOLD,
    Mark.ITALIC,
    Mark.SUPERSCRIPT,
    Mark.SUBSCRIPT,
)

MediaNames = Mapping[str, Media]


def text(value: str, *, code: bool = False) -> str:
    """Escape plain text for HTML, Anki and MathJax."""
    if not _SPECIAL.search(value):
        return value
    value = _CLASH.sub(rf"\1{_SPLIT}", escape(value, quote=False))
    # MathJax ignores comments, so it needs a character; but it skips code, where a character would be copied along
    return _ACTIVE.sub(lambda match: match[0] + (_SPLIT if match[1] or code else _JOINER), value)


def without_footnotes(value: str) -> str:
    """A text without the numbers of footnotes that were left behind: `unified.1`, `of it.2 The`."""
    return _FOOTNOTE.sub("", value) if _NOTED.search(value) else value


def maths(tex: str, *, display: bool = False) -> str:
    """Render TeX for Anki's MathJax, with adjacent braces moved apart, which TeX ignores.

    TeX is shown as written if it has an unknown command or one that does more than draw (link, style, load, define), and if
    its braces are unbalanced: MathJax would look for the missing brace in the text after the formula.
    """
    commands = _COMMAND.findall(tex)
    if any(name.isalpha() and name not in _drawing_commands() for name in commands) or not _is_balanced(tex):
        return f"<code>{text(tex, code=True)}</code>"
    spaced = re.sub(r"([{}])(?=\1)", r"\1 ", tex)
    spaced = re.sub(r":(?=:)", r":{}", spaced)
    # an argument such as \begin{x} never holds two braces in a row, so spaces stay between tokens
    inner = escape(spaced, quote=False).replace("\\)", "\\ )").replace("\\]", "\\ ]")
    # Anki drops comments from formulas and then looks for its own tags, so a comment can't break those up
    return _TAG_OF_ANKI.sub("[{}", rf"\[{inner}\]" if display else rf"\({inner}\)")


def _is_balanced(tex: str) -> bool:
    """Whether all grouping braces are paired."""
    depth = 0
    for brace in _COMMAND.sub("", tex):
        depth += (brace == "{") - (brace == "}")
        if depth < 0:
            return False
    return depth == 0


@lru_cache(maxsize=1)
def _drawing_commands() -> frozenset[str]:
    """Read the names of MathJax commands that only draw."""
    lines = (files("cards.anki") / "mathjax.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


@lru_cache(maxsize=1024)
def href(url: str) -> str | None:
    """Escape a URL as the value of an `href`, None for an unsafe scheme or an impossible host."""
    url = re.sub(r"[\x00-\x20]+", "", url)
    if not _LINKABLE.match(url):
        return None
    safe = url.replace("{{", "%7B%7B").replace("}}", "%7D%7D").replace("::", "%3A%3A").replace("[", "%5B").replace("]", "%5D")
    return escape(quote(safe, safe="%/:?#@!$&'()*+,;=~-._"), quote=True)


def link(url: str | None, label: str, css: str = "") -> str:
    """Wrap HTML in a link, or return it without one if the URL is missing or unsafe."""
    target = href(url) if url else None
    attribute = f' class="{css}"' if css else ""
    if target is None:
        return f"<span{attribute}>{label}</span>" if css else label
    return f'<a{attribute} href="{target}">{label}</a>'


def stamps(timestamps: Iterable[Timestamp]) -> str:
    """Render the field Timestamps: a chip for each timestamp."""
    return " ".join(link(stamp.url, f"{PLAY} {show(stamp)}", "stamp") for stamp in timestamps)


def breadcrumb(place: Place) -> str:
    """Join title, byline and headings, also those that the front shows, escaped so that nothing in them acts as markup."""
    return _breadcrumb((*place.context, *place.in_front), place.byline)


@lru_cache(maxsize=256)  # the cards of a section share it
def _breadcrumb(parts: tuple[str, ...], byline: tuple[str, ...]) -> str:
    title, *below = parts
    return text(SEPARATOR.join((" · ".join((title, *byline)), *below)))


def context(place: Place) -> str:
    """Render the field Context: the breadcrumb, in the two lines that it has on a phone.

    The byline goes first, then the title is cut, then the parts below it go; the nearest stays whole.
    """
    return _in_two_lines(place.context, place.byline)


@lru_cache(maxsize=256)
def _in_two_lines(parts: tuple[str, ...], byline: tuple[str, ...]) -> str:
    title, *below = parts
    for head in (" · ".join((title, *byline)), title):
        if _width(shown := SEPARATOR.join((head, *below))) <= TWO_LINES:
            return text(shown)
    kept = below
    while len(kept) > 1 and _width(SEPARATOR.join(("", "…", *kept))) > TWO_LINES - SHORT_TITLE:
        kept = kept[1:]
    tail = SEPARATOR.join(("", *(["…"] if len(kept) < len(below) else []), *kept)) if kept else ""
    return text(_cut(title, max(SHORT_TITLE, TWO_LINES - _width(tail))) + tail)


def _width(value: str) -> int:
    """How many letters wide a text is; a character of Chinese or Japanese is two."""
    return len(value) if value.isascii() else len(value) + cjk(value)


def _cut(value: str, room: int) -> str:
    """A text cut to a width, at a word if there is one."""
    if _width(value) <= room:
        return value
    while _width(value) >= room:
        value = value[:-1]
    before, space, _ = value.rpartition(" ")
    return f"{before if space and len(before) > len(value) // 2 else value}…"


# -------------------------------------------------------------------------------------------------------------- prose


def prose(runs: Prose, media: MediaNames, deletions: Sequence[Deletion] = ()) -> str:
    """Render prose as HTML, with cloze deletions. Their offsets count characters of the runs' plain text."""
    if len(runs) == 1 and runs[0].kind is RunKind.TEXT and not (deletions or runs[0].marks or runs[0].link):
        return text(without_footnotes(runs[0].text))
    out: list[str] = []
    tags: list[str] = []  # open tags
    pending: list[str] = []  # adjacent texts, escaped together: their ends may form markup where they meet
    opened: list[tuple[Deletion, int]] = []  # open deletions, and where in `out` each begins
    edges = sorted({edge for deletion in deletions for edge in (deletion.start, deletion.end)})
    starting: dict[int, list[Deletion]] = {}
    for deletion in sorted(deletions, key=lambda deletion: -deletion.end):  # the outer one opens first
        starting.setdefault(deletion.start, []).append(deletion)

    def settle(keep: int = 0) -> None:
        """Write the pending texts, and close all but the outermost `keep` tags."""
        if pending:
            _add(out, text("".join(pending)))
            pending.clear()
        while len(tags) > keep:
            out.append(f"</{tags.pop().split(' ')[0]}>")

    at = 0
    for run in (*_split_at(runs, edges), None):
        while opened and opened[-1][0].end <= at:
            settle()
            _end_cloze(out, *opened.pop())
        if run is None:
            break
        for deletion in starting.get(at, ()):
            settle()
            _add(out, f"{{{{c{deletion.ordinal}::")
            opened.append((deletion, len(out)))
        wanted = _wrappers(run, plain_bold=bool(opened))
        if wanted != tags:
            keep = 0
            while keep < min(len(wanted), len(tags)) and wanted[keep] == tags[keep]:
                keep += 1
            settle(keep)
            for tag in wanted[keep:]:
                out.append(f"<{tag}>")
                tags.append(tag)
        if run.kind is RunKind.TEXT:
            pending.append(providers.shown(run.text) if run.text == run.link else without_footnotes(level(run)))
        else:
            settle(len(tags))
            _add(out, _object(run, media, linked=any(tag.startswith("a ") for tag in tags)))
        at += len(run.text)
    settle()
    return "".join(out)


def _add(out: list[str], piece: str) -> None:
    """Append a piece, split from the one before it if both together would form cloze markup."""
    if out and piece[:1] in "{}:" and out[-1][-1:] == piece[:1]:
        out.append(_SPLIT)
    out.append(piece)


def _end_cloze(out: list[str], deletion: Deletion, start: int) -> None:
    if deletion.hint:
        out.append("::" + text(squeeze(deletion.hint)))
    inner = "".join(out[start:])
    # unbalanced braces are harmless in Anki, but a tool that checks the field would see the cloze close early
    if inner.endswith(("}", ":")) or inner.count("{") != inner.count("}"):
        out.append(_SPLIT)
    out.append("}}")


def _split_at(runs: Prose, edges: Sequence[int]) -> list[Run]:
    if not edges:
        return list(runs)
    ruler = Ruler(runs)
    length = len(ruler.text)
    bounds = [0, *(edge for edge in edges if 0 < edge < length), length]
    return [run for a, b in pairwise(bounds) for run in ruler.cut(a, b)]


def _wrappers(run: Run, *, plain_bold: bool) -> list[str]:
    """The tags around a run, outermost first. Inside a deletion (`plain_bold`) bold and highlight are dropped."""
    if not (run.marks or run.link):
        return []
    target = href(run.link) if run.link and run.kind is not RunKind.STAMP else None
    marks = _drawn(run.marks, plain_bold=plain_bold)
    return [f'a href="{target}"', *marks] if target else [*marks]


@lru_cache(maxsize=1024)
def _drawn(marks: frozenset[Mark], *, plain_bold: bool) -> tuple[str, ...]:
    dropped = (Mark.BOLD, Mark.HIGHLIGHT) if plain_bold else ()
    return tuple(mark.value for mark in _ORDER if mark in marks and mark not in dropped)


def _object(run: Run, media: MediaNames, *, linked: bool) -> str:
    """Render a run other than text. Inside a link (`linked`) an embed gets no link of its own."""
    match run.kind:
        case RunKind.CODE:
            return f"<code>{text(run.text, code=True)}</code>"
        case RunKind.MATH:
            return maths(run.text)
        case RunKind.DISPLAY_MATH:
            return maths(run.text, display=True)
        case RunKind.BREAK:
            return "<br>"
        case RunKind.STAMP:
            return ", ".join(link(stamp.url, show(stamp), "at") for stamp in run.stamps)
        case _:
            return _embedded(run.target or "", media, linked=linked)


def _embedded(target: str, media: MediaNames, *, linked: bool = False) -> str:
    """Render an embedded image or sound: a remote one as a link, a missing one by its name."""
    file = media.get(target)
    if file is not None:
        return f"[sound:{file.name}]" if file.sound else f'<img class="figure" src="{escape(file.name)}">'
    if target.startswith("data:"):
        return "<i>…</i>"  # a picture that can't be read
    name = text(target.rpartition("/")[2] or target)
    remote = target.startswith(("http://", "https://"))
    return link(None if linked else target, name) if remote else f"<i>{name}</i>"


# ------------------------------------------------------------------------------------------------------------- blocks


def blocks(back: Sequence[Block], media: MediaNames) -> str:
    """Render the blocks of a back. A single paragraph gets no tags, so that Anki's editor shows only its text."""
    if len(back) == 1 and isinstance(only := back[0], Paragraph):
        drawn = prose(only.prose, media)
    else:
        drawn = "".join(block(part, media) for part in back)
    has_gist = any(Mark.GIST in run.marks for paragraph in paragraphs(back) for run in paragraph.prose)
    return f'<div class="long" dir="auto">{drawn}</div>' if has_gist else drawn


def block(part: Block, media: MediaNames) -> str:
    """Render one block as HTML, empty for a rule and for properties."""
    match part:
        case Paragraph():
            return f'<p dir="auto">{prose(part.prose, media)}</p>'
        case Heading():
            return f'<p dir="auto"><b>{prose(part.prose, media)}</b></p>'
        case Bullets():
            tag = "ul" if part.start is None else "ol"
            start = f' start="{part.start}"' if part.start not in (None, 1) else ""
            return f'<{tag}{start} dir="auto">{"".join(_item(item, media) for item in part.items)}</{tag}>'
        case Code():
            return f'<pre dir="ltr"><code>{text(part.text, code=True)}</code></pre>'
        case Formula():
            return f'<div class="formula">{maths(part.tex, display=True)}</div>'
        case Quote():
            return f'<blockquote dir="auto">{"".join(block(inner, media) for inner in part.blocks)}</blockquote>'
        case Table():
            return _table(part, media)
        case Html():
            shown = squeeze(_TAGS.sub(" ", part.text))
            return f'<p dir="auto">{text(shown)}</p>' if shown else ""
        case Rule() | Properties():
            return ""


def _item(item: Item, media: MediaNames) -> str:
    first, rest = "", item.blocks
    if rest and isinstance(rest[0], Paragraph):
        first, rest = prose(rest[0].prose, media), rest[1:]
    return f"<li>{first}{''.join(block(part, media) for part in rest)}</li>"


def _table(table: Table, media: MediaNames) -> str:
    def row(cells: Sequence[Prose], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} dir="auto">{prose(cell, media)}</{tag}>' for cell in cells) + "</tr>"

    head = row(table.header, "th") if any(visible(cell) for cell in table.header) else ""
    return f"<table>{head}{''.join(row(cells, 'td') for cells in table.rows)}</table>"


# ------------------------------------------------------------------------------------------------------------- fields


def fields(draft: Draft, guid: str, source: str, media: MediaNames, audio: str = "") -> Fields:
    """Render the fields of an Anki note. `source` and `audio` are HTML."""
    return Fields(
        front=_question(draft, media) if isinstance(draft, Qa) else _sentence(draft, media),
        back=blocks(draft.back, media),
        context=context(draft.place),
        timestamps=stamps(draft.place.stamps),
        audio=audio,
        source=source,
        extra="",
        id=guid,
    )


def _sentence(draft: Cloze, media: MediaNames) -> str:
    """Render the field Text: the sentence with its gaps, and in front of it the one that it leans on."""
    sentence = prose(draft.text, media, draft.deletions)
    return f'<span class="before">{prose(draft.before, media)}</span> {sentence}' if draft.before else sentence


def _question(draft: Qa, media: MediaNames) -> str:
    """Render the field Front. A cued label gets the class, and the number of points and the cue that the template reads."""
    inner = text(draft.shown) if visible(draft.front) != draft.shown else prose(draft.front, media)
    if not draft.cued:
        return inner
    points = f' data-points="{draft.points}"' if draft.points else ""
    cue = f' data-cue="{escape(draft.cue)}"' if draft.cue else ""
    return f'<div class="label" dir="auto"{points}{cue}>{inner}</div>'


@lru_cache(maxsize=64)
def source_line(url: str | None, vault: str | None, path: str, language: str, *, recorded: bool) -> str:
    """Render the field Source: a link to the recording or other source, and one to the note in Obsidian if `vault` names it."""
    words = card_words(language)
    parts = [link(url, text(words.recording if recorded else words.source))] if url and href(url) else []
    if vault:
        target = (
            f"obsidian://open?vault={quote(vault, safe='')}&file={quote(normalize('NFC', path).removesuffix('.md'), safe='')}"
        )
        parts.append(link(target, text(words.note)))
    return " · ".join(parts)
