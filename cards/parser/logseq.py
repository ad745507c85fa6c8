"""What Logseq writes beside Markdown, as the Markdown that it means. No line is added or taken away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count

_LIKELY = re.compile(
    r"\{:\w|\{\{(?:\[\[|renderer|cloze )|\(\([\w-]{9}\)\)|#\+BEGIN_|^[ \t]*(?:[-*+][ \t]+)?:[A-Z]+:[ \t]*$|\(\([0-9a-f]{8}-"
    r"|SCHEDULED:|DEADLINE:|\[#[A-C]\]",
    re.M,
)
_MARKS = ("{:", "#+", "((", "SCHEDULED:", "DEADLINE:", "[#")
_NAME = re.compile(r":[A-Z]+:[ \t]*$", re.M)  # of a drawer
_BLOCK = re.compile(
    r"(?P<lead>[ \t]*(?:[-*+][ \t]+)?)#\+(?P<edge>BEGIN|END)_(?P<kind>\w+)[ \t]*(?P<language>[\w+-]*)[ \t]*", re.I
)
_DRAWER = re.compile(r"[ \t]*:(?P<name>[A-Z][\w-]*):[ \t]*")
_PLANNED = re.compile(r"(?:SCHEDULED|DEADLINE|CLOSED):[ \t]*[<\[][^>\]\n]*[>\]]")
_PRIORITY = re.compile(
    r"^([ \t]*[-*+][ \t]+(?:(?:TODO|DOING|DONE|LATER|NOW)[ \t]+)?(?:\*\*[^*\n]+\*\*:?[ \t]*)?)\[#[A-C]\][ \t]*"
)
_SIZE = re.compile(r"(\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\]\])\{:[^{}\n]*\}")
_ALONE = re.compile(r"^([ \t]*(?:[-*+][ \t]+)?)\{:[^{}\n]*\}[ \t]*$")
_ID = re.compile(r"[ \t]*id::[ \t]*(?P<id>[0-9a-f-]{36})[ \t]*")
_REFERENCE = re.compile(r"\[(?P<label>[^\[\]\n]+)\]\(\(\((?P<named>[0-9a-f-]{36})\)\)\)|\(\((?P<bare>[0-9a-f-]{36})\)\)")
_EMBEDDED = re.compile(r"\{\{\s*embed\s+(\(\([0-9a-f-]{36}\)\))\s*\}\}", re.I)
# Roam's and Logseq's own: what a program draws there, a task, and a reference by nine characters
_DRAWN = re.compile(r"\{\{(?:\[\[(?:query|embed|table|kanban|pomo|calc|word-count|diagram)\]\]|renderer\b).*\}\}", re.I)
_ROAM_TASK = re.compile(r"\{\{\[\[(TODO|DONE)\]\]\}\}")
_ROAM_REFERENCE = re.compile(r"\(\([A-Za-z\d_-]{9}\)\)\s?")
_CLOZE = re.compile(r"\{\{cloze (?P<text>[^{}]+)\}\}", re.I)
_HINT = "\\\\"  # two backslashes, before what Logseq shows in place of a phrase
_HINTED = re.compile(r"\{\{cloze [^{}]*\\\\[^{}]*\}\}", re.I)
_ITEM = re.compile(r"[ \t]*[-*+][ \t]+(?P<text>.*)")
_FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+)?(```|~~~)")


def as_markdown(text: str, blocks: Mapping[str, str] | None = None) -> str:
    """Return a note's body with Logseq's drawers, plans and sizes gone, its blocks as Markdown's, its references as their text.

    `blocks` are those of other notes by their id. A reference to a block that is not known goes.
    """
    if not (any(mark in text for mark in _MARKS) or _NAME.search(text)) or not _LIKELY.search(text):
        return text
    lines = text.split("\n")
    named = {**(blocks or {}), **named_blocks(text)}
    out: list[str] = []
    fence = drawer = quote = ""
    for line in lines:
        block = None if fence.startswith(("`", "~")) else _BLOCK.fullmatch(line)
        if not block and (mark := _FENCE.match(line)) and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        if fence and not block:
            out.append(line)
        elif block:
            line, fence, quote = _edge(block, fence, quote)
            out.append(line)
        elif drawer or (_DRAWER.fullmatch(line) and not _is_end(line)):
            drawer = "" if _is_end(line) else "open"
            out.append("")
        else:
            line = _without_marks(line, named)
            out.append(f"{quote}{line.lstrip()}" if quote and line.strip() else line)
    return "\n".join(out)


def _is_end(line: str) -> bool:
    return line.strip().upper() == ":END:"


def _edge(block: re.Match[str], fence: str, quote: str) -> tuple[str, str, str]:
    """The line of `#+BEGIN_…` or `#+END_…`, with the fence and the quote that are open after it."""
    kind, begins, lead = block["kind"].upper(), block["edge"].upper() == "BEGIN", block["lead"]
    if kind in ("SRC", "EXAMPLE"):
        return f"{lead}```{block['language'] if begins else ''}", "src" if begins else "", quote
    if kind == "QUOTE":
        return lead.rstrip(), fence, f"{' ' * len(lead)}> " if begins else ""
    return lead.rstrip(), fence, quote


def references(text: str) -> set[str]:
    """The ids of the blocks that a note's body refers to, and does not hold itself."""
    if "((" not in text:
        return set()
    return {match["bare"] for match in _REFERENCE.finditer(text) if match["bare"]} - named_blocks(text).keys()


def named_blocks(text: str) -> dict[str, str]:
    """The text of each block of a note's body that has an `id::`, by the id."""
    found: dict[str, str] = {}
    if "id::" not in text:
        return found
    last = ""
    for line in text.split("\n"):
        if match := _ID.fullmatch(line):
            found[match["id"]] = last
        elif item := _ITEM.fullmatch(line):
            last = item["text"].strip()
    return found


def _without_marks(line: str, named: dict[str, str]) -> str:
    line = _ALONE.sub(r"\1", _SIZE.sub(r"\1", line))
    line = _PRIORITY.sub(r"\1", line)
    line = _PLANNED.sub("", line)
    if "{{" in line:
        if _HINTED.search(line):
            numbers = count(1)
            line = _CLOZE.sub(lambda match: f"{{{{c{next(numbers)}::{match['text'].replace(_HINT, '::', 1)}}}}}", line)
        line = _ROAM_TASK.sub(r"\1", _DRAWN.sub("", line))
    if "((" in line:
        line = _ROAM_REFERENCE.sub("", line)
        line = _EMBEDDED.sub(r"\1", line)
        line = _REFERENCE.sub(lambda match: match["label"] or named.get(match["bare"], "").rstrip(".。"), line)
    return line
