"""Prose and blocks → the HTML of Anki's fields. The only place that knows escaping, cloze markup and MathJax.

What Anki's grammar would take for markup is broken up with an empty comment (`}<!-- -->}`), which its editor keeps and
its renderer drops; entities would be undone by the first edit. Raw HTML never gets here: the parser hands over text.
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
)
from cards.model.prose import Ruler, squeeze, visible
from cards.timestamps import providers
from cards.timestamps.times import show

SEPARATOR = " › "
PLAY = "▶\ufe0e"  # the variation selector keeps iOS from drawing an emoji

_SPLIT = "<!-- -->"
_JOINER = "\u2060"  # no width; stands in the way of MathJax
_CLASH = re.compile(r"([{}:])(?=\1)")  # what opens, closes or divides a deletion
_ACTIVE = re.compile(r"(\[)(?=(?:sound|anki|latex|/latex|\$|/\$))|(\\)(?=[()\[\]])", re.I)  # media, LaTeX and MathJax tags
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)
_TAG_OF_ANKI = re.compile(r"\[(?=/?(?:sound|anki|latex|\$))", re.I)
_LEADS = re.compile(r"https?://[^\s/?#%()<>\"'{}|\\^`]+(?:[/?#]|$)|mailto:|obsidian://", re.I)  # to a host that can be one
_TAGS = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.S)
_ORDER = (Mark.STRIKE, Mark.HIGHLIGHT, Mark.BOLD, Mark.ITALIC)

MediaNames = Mapping[str, Media]


def text(value: str, *, code: bool = False) -> str:
    """Plain text as HTML that shows just it."""
    value = _CLASH.sub(rf"\1{_SPLIT}", escape(value, quote=False))
    # MathJax reads on across comments, yet not in code, where a character more would be copied
    return _ACTIVE.sub(lambda match: match[0] + (_SPLIT if match[1] or code else _JOINER), value)


def maths(tex: str, *, display: bool = False) -> str:
    """TeX for Anki's MathJax. Braces that meet are moved apart, which TeX does not mind.

    With a command that does more than draw (link, style, load, make commands), or an unknown one, it is shown as written; so it
    is where a brace is left over: MathJax would look for its end behind the formula, and take what stands there for TeX.
    """
    commands = _COMMAND.findall(tex)
    if any(name.isalpha() and name not in _drawing() for name in commands) or not _is_balanced(tex):
        return f"<code>{text(tex, code=True)}</code>"
    spaced = re.sub(r"([{}])(?=\1)", r"\1 ", tex)
    spaced = re.sub(r":(?=:)", r":{}", spaced)
    # an argument such as \begin{x} never holds two braces in a row, so spaces stay between tokens
    inner = escape(spaced, quote=False).replace("\\)", "\\ )").replace("\\]", "\\ ]")
    # Anki looks for its own tags in formulas, too, after it has dropped the comments there
    return _TAG_OF_ANKI.sub("[{}", rf"\[{inner}\]" if display else rf"\({inner}\)")


def _is_balanced(tex: str) -> bool:
    """Whether every brace that groups has its other one."""
    depth = 0
    for brace in _COMMAND.sub("", tex):
        depth += (brace == "{") - (brace == "}")
        if depth < 0:
            return False
    return depth == 0


@lru_cache(maxsize=1)
def _drawing() -> frozenset[str]:
    """The commands of MathJax that only draw."""
    lines = (files("cards.anki") / "mathjax.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


@lru_cache(maxsize=1024)
def href(url: str) -> str | None:
    """A URL as the value of an `href`, None for a scheme that could act and for a host that can be none."""
    url = re.sub(r"[\x00-\x20]+", "", url)
    if not _LEADS.match(url):
        return None
    safe = url.replace("{{", "%7B%7B").replace("}}", "%7D%7D").replace("::", "%3A%3A").replace("[", "%5B").replace("]", "%5D")
    return escape(quote(safe, safe="%/:?#@!$&'()*+,;=~-._"), quote=True)


def link(url: str | None, label: str, css: str = "") -> str:
    """A link around HTML, or the HTML alone where the URL may not be linked."""
    target = href(url) if url else None
    attribute = f' class="{css}"' if css else ""
    if target is None:
        return f"<span{attribute}>{label}</span>" if css else label
    return f'<a{attribute} href="{target}">{label}</a>'


def stamps(found: Iterable[Timestamp]) -> str:
    """Timestamps as the chips of the field Timestamps."""
    return " ".join(link(stamp.url, f"{PLAY} {show(stamp)}", "stamp") for stamp in found)


def breadcrumb(place: Place) -> str:
    """The field Context: plain text, so that nothing in a title acts. The byline stands behind the title."""
    title, *below = place.context
    return text(SEPARATOR.join((" · ".join((title, *place.byline)), *below)))


# -------------------------------------------------------------------------------------------------------------- prose


def prose(runs: Prose, media: MediaNames, deletions: Sequence[Deletion] = ()) -> str:
    """Prose as HTML, with the deletions as clozes. Their offsets are into the plain text of the runs."""
    out: list[str] = []
    tags: list[str] = []  # the tags that stand open
    said: list[str] = []  # texts that meet: together they may make what none of them is
    opened: list[tuple[Deletion, int]] = []  # the deletions that stand open, and where in `out` each begins
    edges = sorted({edge for each in deletions for edge in (each.start, each.end)})
    starting: dict[int, list[Deletion]] = {}
    for each in sorted(deletions, key=lambda each: -each.end):
        starting.setdefault(each.start, []).append(each)

    def settle(keep: int = 0) -> None:
        """Write the texts that wait, and close the tags but so many."""
        if said:
            _add(out, text("".join(said)))
            said.clear()
        _close(out, tags, keep)

    at = 0
    for run in (*_split_at(runs, edges), None):
        while opened and opened[-1][0].end <= at:
            settle()
            _end_cloze(out, *opened.pop())
        if run is None:
            break
        for each in starting.get(at, ()):
            settle()
            _add(out, f"{{{{c{each.ordinal}::")
            opened.append((each, len(out)))
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
            said.append(providers.shown(run.text) if run.text == run.link else run.text)
        else:
            settle(len(tags))
            _add(out, _object(run, media, linked=any(tag.startswith("a ") for tag in tags)))
        at += len(run.text)
    settle()
    return "".join(out)


def _add(out: list[str], piece: str) -> None:
    """Add a piece, kept apart from what stands before it where both together would be markup."""
    if out and piece[:1] in "{}:" and out[-1][-1:] == piece[:1]:
        out.append(_SPLIT)
    out.append(piece)


def _end_cloze(out: list[str], deletion: Deletion, start: int) -> None:
    if deletion.hint:
        out.append("::" + text(squeeze(deletion.hint)))
    inner = "".join(out[start:])
    # unbalanced braces are harmless to Anki, yet look like a cloze that closed early to whoever checks the field
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
    """The tags around a run, outermost first. A deletion is set apart by the cloze itself, not by its bold."""
    out = []
    if run.link and run.kind is not RunKind.STAMP and (target := href(run.link)):
        out.append(f'a href="{target}"')
    for mark in _ORDER:
        if mark in run.marks and not (plain_bold and mark in (Mark.BOLD, Mark.HIGHLIGHT)):
            out.append(mark.value)
    return out


def _close(out: list[str], open_marks: list[str], keep: int) -> None:
    while len(open_marks) > keep:
        out.append(f"</{open_marks.pop().split(' ')[0]}>")


def _object(run: Run, media: MediaNames, *, linked: bool) -> str:
    """A run that is no text. Where it is `linked` already, it links nowhere itself."""
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
    """An image or sound from the vault; a remote one as a link, a missing one by its name."""
    found = media.get(target)
    if found is not None:
        return f"[sound:{found.name}]" if found.sound else f'<img class="figure" src="{escape(found.name)}">'
    name = text(target.rpartition("/")[2] or target)
    remote = target.startswith(("http://", "https://"))
    return link(None if linked else target, name) if remote else f"<i>{name}</i>"


# ------------------------------------------------------------------------------------------------------------- blocks


def blocks(found: Sequence[Block], media: MediaNames) -> str:
    """The blocks of a back. One paragraph stands bare, so that Anki's editor shows just its text."""
    if len(found) == 1 and isinstance(only := found[0], Paragraph):
        return prose(only.prose, media)
    return "".join(block(each, media) for each in found)


def block(found: Block, media: MediaNames) -> str:
    match found:
        case Paragraph():
            return f'<p dir="auto">{prose(found.prose, media)}</p>'
        case Heading():
            return f'<p dir="auto"><b>{prose(found.prose, media)}</b></p>'
        case Bullets():
            tag = "ul" if found.start is None else "ol"
            start = f' start="{found.start}"' if found.start not in (None, 1) else ""
            return f'<{tag}{start} dir="auto">{"".join(_item(item, media) for item in found.items)}</{tag}>'
        case Code():
            return f'<pre dir="ltr"><code>{text(found.text, code=True)}</code></pre>'
        case Formula():
            return f'<div class="formula">{maths(found.tex, display=True)}</div>'
        case Quote():
            return f'<blockquote dir="auto">{"".join(block(each, media) for each in found.blocks)}</blockquote>'
        case Table():
            return _table(found, media)
        case Html():
            shown = squeeze(_TAGS.sub(" ", found.text))
            return f'<p dir="auto">{text(shown)}</p>' if shown else ""
        case Rule():
            return ""
        case Properties():
            return ""


def _item(item: Item, media: MediaNames) -> str:
    inner = []
    for i, each in enumerate(item.blocks):
        if isinstance(each, Paragraph) and i == 0:
            inner.append(prose(each.prose, media))
        else:
            inner.append(block(each, media))
    return f"<li>{''.join(inner)}</li>"


def _table(found: Table, media: MediaNames) -> str:
    def row(cells: Sequence[Prose], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} dir="auto">{prose(cell, media)}</{tag}>' for cell in cells) + "</tr>"

    head = row(found.header, "th") if any(visible(cell) for cell in found.header) else ""
    return f"<table>{head}{''.join(row(cells, 'td') for cells in found.rows)}</table>"


# ------------------------------------------------------------------------------------------------------------- fields


def fields(draft: Draft, guid: str, source: str, media: MediaNames, audio: str = "") -> Fields:
    """The fields of the Anki note in the order of its note type. `source` and `audio` are HTML."""
    front = _question(draft, media) if isinstance(draft, Qa) else prose(draft.text, media, draft.deletions)
    return Fields(
        front=front,
        back=blocks(draft.back, media),
        context=breadcrumb(draft.place),
        timestamps=stamps(draft.place.stamps),
        audio=audio,
        source=source,
        extra="",
        id=guid,
    )


def _question(draft: Qa, media: MediaNames) -> str:
    """The field Front. Only the front of a label carries the class from which the template draws its cue."""
    inner = text(draft.shown) if visible(draft.front) != draft.shown else prose(draft.front, media)
    if not draft.cued:
        return inner
    points = f' data-points="{draft.points}"' if draft.points else ""
    return f'<div class="label" dir="auto"{points}>{inner}</div>'


@lru_cache(maxsize=64)
def source_line(title: str, url: str | None, vault: str | None, path: str) -> str:
    """The field Source: the source by its title, and the note in Obsidian where the vault is known."""
    parts = [link(url, text(title))] if url else []
    if vault:
        target = (
            f"obsidian://open?vault={quote(vault, safe='')}&file={quote(normalize('NFC', path).removesuffix('.md'), safe='')}"
        )
        parts.append(link(target, text("Obsidian" if url else title)))
    return " · ".join(parts)
