"""Prose: formatted text as a flat tuple of runs, addressed by offsets into its plain text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from unicodedata import normalize

from msgspec import Struct
from msgspec.structs import replace

OBJECT = "\ufffc"  # replaces an image in plain text, so that offsets can point past it
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_OVERRIDES = re.compile(r"[\u202d\u202e]")  # they display text in another order than it is stored
_SEPARATOR = re.compile(r"^\s*(?:[-–—:：.·|]+\s+)?\s*")
_OPENS = re.compile(r"(?:[(\[{（【「『“‘«„]|(?:^|[\s(\[{])[\"'])$")


class Timestamp(Struct, frozen=True, array_like=True):
    """Timestamp: a point in a recording (`end` is None) or a range, in seconds from its start.

    `url` opens the recording there; it is None if the note names no recording that a link can reach.
    """

    start: int
    end: int | None = None
    url: str | None = None


class Mark(Enum):
    """Mark on a run; the value is the HTML tag that draws it, if one does."""

    __hash__ = object.__hash__  # each is one object, and every question to a set of marks asks for its hash

    BOLD = "b"
    ITALIC = "i"
    HIGHLIGHT = "mark"
    STRIKE = "s"
    SUPERSCRIPT = "sup"
    SUBSCRIPT = "sub"
    RUBY = "ruby"
    READING = "rt"  # of a ruby
    GIST = 'span class="gist"'  # of a long back: what is worth recalling
    WIKILINK = ""  # a link to another note


class RunKind(Enum):
    """Kind of a run."""

    __hash__ = object.__hash__

    TEXT = "text"
    CODE = "code"
    MATH = "math"
    DISPLAY_MATH = "display math"
    IMAGE = "image"  # an embedded image or sound file, `target`; the text is OBJECT
    BREAK = "break"  # a hard line break; the text is "\v"
    STAMP = "stamp"  # timestamps; the text is as written, with brackets


class Run(Struct, frozen=True, array_like=True):
    """Run of prose with one kind and one set of marks. `text` holds no markup."""

    text: str
    kind: RunKind = RunKind.TEXT
    marks: frozenset[Mark] = frozenset()
    link: str | None = None
    target: str | None = None
    stamps: tuple[Timestamp, ...] = ()


Prose = tuple[Run, ...]


def readable(text: str) -> str:
    """Clean text from a note: control characters become spaces, overrides of direction go, Unicode is NFC as in Anki."""
    return _CONTROL.sub(" ", _OVERRIDES.sub("", normalize("NFC", text)))


def plain(prose: Prose) -> str:
    """Return the text without markup, timestamps included as written."""
    return prose[0].text if len(prose) == 1 else "".join([run.text for run in prose])


def squeeze(text: str) -> str:
    """Collapse white space to single spaces, strip the ends and drop images."""
    if text.isprintable() and "  " not in text and OBJECT not in text:  # no other white space is printable
        return text.strip(" ")
    return " ".join(text.replace(OBJECT, " ").split())


def cut(prose: Prose, start: int, end: int | None = None) -> Prose:
    """Return the prose between two offsets of its plain text."""
    if start <= 0 and end is None:
        return prose
    out: list[Run] = []
    run_start = 0
    for run in prose:
        text = run.text
        run_end = run_start + len(text)
        if end is not None and run_start >= end:
            break
        if run_start >= start and (end is None or run_end <= end):
            if text:
                out.append(run)
        elif run_end > start:
            text = text[max(0, start - run_start) : None if end is None else end - run_start]
            if text:
                out.append(replace(run, text=text))
        run_start = run_end
    return tuple(out)


_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def shifted(text: str, marks: frozenset[Mark]) -> str:
    """Return the text of a superscript or subscript in the characters that Unicode has for it, so that plain text shows it."""
    table = _RAISED if Mark.SUPERSCRIPT in marks else _LOWERED
    return text.translate(table) if all(ord(char) in table for char in text) else text


_SHIFTED = frozenset({Mark.SUPERSCRIPT, Mark.SUBSCRIPT})


def level(run: Run) -> str:
    """Return the text of a run with superscript and subscript characters as the plain ones that its marks shift."""
    return run.text if _SHIFTED.isdisjoint(run.marks) else normalize("NFKC", run.text)


class Ruler:
    """Index over one prose that cuts many slices without scanning all runs each time."""

    def __init__(self, prose: Prose) -> None:
        self.prose = prose
        self.text = plain(prose)
        self._starts = [0, *accumulate(len(run.text) for run in prose)]

    def at(self, offset: int) -> tuple[Run | None, int]:
        """Return the run at an offset (None at the end of the prose) and the offset at which it starts."""
        i = bisect_right(self._starts, offset) - 1
        return (self.prose[i] if i < len(self.prose) else None), self._starts[i]

    def cut(self, start: int, end: int) -> Prose:
        """Return the prose between two offsets of its plain text."""
        if start >= end:
            return ()
        first, last = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)
        base = self._starts[first]
        return cut(self.prose[first:last], start - base, end - base)


def strip(prose: Prose) -> Prose:
    """Remove white space from both ends of the prose."""
    if prose and not (prose[0].text[:1] or " ").isspace() and not (prose[-1].text[-1:] or " ").isspace():
        return prose
    text = plain(prose)
    return prose if text == text.strip() else cut(prose, len(text) - len(text.lstrip()), len(text.rstrip()))


def unstamped(prose: Prose, *, opening: bool = True) -> tuple[Prose, tuple[tuple[int, Run], ...]]:
    """Remove the timestamps from a prose, and return them with the offsets at which they stood.

    A timestamp goes together with its brackets and the space before it: `data (21:02).` becomes `data.`. With `opening`
    (the prose begins a takeaway), the separator after a leading timestamp goes, too: `(21:02) – data` becomes `data`.
    """
    for run in prose:  # most have none
        if run.kind is RunKind.STAMP or not run.text:
            break
    else:
        return prose, ()
    out: list[Run] = []
    stamps: list[tuple[int, Run]] = []
    length = 0  # of the plain text in `out`
    leading = opening  # nothing but timestamps so far
    for i, run in enumerate(prose):
        if run.kind is RunKind.STAMP:
            length -= _strip_end(out)
            stamps.append((length, run))
            continue
        text = run.text
        if run.kind is RunKind.TEXT and stamps and stamps[-1][0] == length:  # directly after a timestamp
            if i + 1 < len(prose) and prose[i + 1].kind is RunKind.STAMP and not text.strip(" \t,;，；、"):
                continue  # separates two timestamps
            text = _SEPARATOR.sub("", text) if leading else _join(out, text)
        if text or run.kind is not RunKind.TEXT:
            leading = leading and not text.strip()
            out.append(run if text == run.text else replace(run, text=text))
            length += len(text)
    return tuple(out), tuple(stamps)


def _join(runs: list[Run], text: str) -> str:
    """Return the text that follows the runs once the timestamp between them is gone: no space after `(` or a quote."""
    if not runs or runs[-1].text[-1:].isalnum():
        return text
    return text.lstrip() if _OPENS.search(runs[-1].text[-2:]) else text


def _strip_end(runs: list[Run]) -> int:
    """Remove white space from the end of the runs, in place; return the number of characters removed."""
    removed = 0
    while runs and runs[-1].kind is RunKind.TEXT and runs[-1].text != (kept := runs[-1].text.rstrip()):
        removed += len(runs[-1].text) - len(kept)
        if kept:
            runs[-1] = replace(runs[-1], text=kept)
        else:
            runs.pop()
    return removed


@lru_cache(maxsize=1024)  # who reads, makes, matches and draws a card asks for it anew
def visible(prose: Prose) -> str:
    """Return the plain text without timestamps, white space collapsed."""
    return squeeze(plain(unstamped(prose)[0]))
