"""Prose: a flat row of runs, so that every question about a sentence is one about offsets into its plain text.

Here are the values, their plain text, slices by offset, and stamps taken out.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from enum import Enum
from itertools import accumulate
from unicodedata import normalize

from msgspec import Struct
from msgspec.structs import replace

OBJECT = "\ufffc"  # stands for an image in plain text, so that offsets can point past it
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_OVERRIDES = re.compile(r"[\u202d\u202e]")  # they show words in another order than they are; marks that embed do not
_OPENS = re.compile(r"(?:[(\[{（【「『“‘«„]|(?:^|[\s(\[{])[\"'])$")


class Timestamp(Struct, frozen=True, array_like=True):
    """A place in a recording: a point (`end` is None) or a range, in seconds.

    `url` opens the recording there; None where the note names no recording that a link can reach.
    """

    start: int
    end: int | None = None
    url: str | None = None


class Mark(Enum):
    """How a stretch of prose is set apart."""

    BOLD = "b"
    ITALIC = "i"
    HIGHLIGHT = "mark"
    STRIKE = "s"


class RunKind(Enum):
    """What a run of prose is."""

    TEXT = "text"
    CODE = "code"
    MATH = "math"
    DISPLAY_MATH = "display math"
    IMAGE = "image"  # an image or sound embedded by its `target`; the text is one object character
    BREAK = "break"  # a line break the author asked for; its text is "\v"
    STAMP = "stamp"  # timestamps, as written with their brackets


class Run(Struct, frozen=True, array_like=True):
    """A stretch of prose of one kind under one set of marks. The text is what a reader sees, not its markup."""

    text: str
    kind: RunKind = RunKind.TEXT
    marks: frozenset[Mark] = frozenset()
    link: str | None = None
    target: str | None = None
    stamps: tuple[Timestamp, ...] = ()


Prose = tuple[Run, ...]


def readable(text: str) -> str:
    """A text from outside without what no reader sees: controls are spaces, accents are written as Anki keeps them (NFC)."""
    return _CONTROL.sub(" ", _OVERRIDES.sub("", normalize("NFC", text)))


def plain(prose: Prose) -> str:
    """The text a reader sees, stamps included as written."""
    return prose[0].text if len(prose) == 1 else "".join([run.text for run in prose])


def squeeze(text: str) -> str:
    """White space of any kind collapsed to single spaces, none at the ends; no trace of images."""
    return " ".join(text.replace(OBJECT, " ").split())


def cut(prose: Prose, start: int, end: int | None = None) -> Prose:
    """The prose between two offsets of its plain text."""
    if start <= 0 and end is None:
        return prose
    out: list[Run] = []
    at = 0
    for run in prose:
        stop = at + len(run.text)
        a = max(start, at)
        b = stop if end is None else min(end, stop)
        if a < b:
            whole = a == at and b == stop
            out.append(run if whole else replace(run, text=run.text[a - at : b - at]))
        at = stop
    return tuple(out)


class Ruler:
    """One prose from which many slices are cut, each in the time that it takes by itself."""

    def __init__(self, prose: Prose) -> None:
        self.prose = prose
        self.text = plain(prose)
        self._starts = [0, *accumulate(len(run.text) for run in prose)]

    def at(self, offset: int) -> tuple[Run | None, int]:
        """The run that an offset lies in, and where the run starts; None at the end."""
        i = bisect_right(self._starts, offset) - 1
        return (self.prose[i] if i < len(self.prose) else None), self._starts[i]

    def cut(self, start: int, end: int) -> Prose:
        """The prose between two offsets of its plain text."""
        if start >= end:
            return ()
        first, last = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)
        base = self._starts[first]
        return cut(self.prose[first:last], start - base, end - base)


def strip(prose: Prose) -> Prose:
    """The prose without white space at its ends."""
    text = plain(prose)
    kept = text.strip()
    return prose if len(kept) == len(text) else cut(prose, len(text) - len(text.lstrip()), len(text.rstrip()))


def merge(runs: Prose) -> Prose:
    """Neighbouring text runs under the same marks become one."""
    out: list[Run] = []
    for run in runs:
        last = out[-1] if out else None
        if last and run.kind is RunKind.TEXT is last.kind and (run.marks, run.link) == (last.marks, last.link):
            out[-1] = replace(last, text=last.text + run.text)
        elif run.text:
            out.append(run)
    return tuple(out)


def unstamped(prose: Prose, *, opening: bool = True) -> tuple[Prose, tuple[tuple[int, Run], ...]]:
    """The prose without its stamps, and each stamp with the offset it stood at.

    A stamp goes with its bracket and the space before it: `data (21:02).` becomes `data.`; where the prose is the
    `opening` of a takeaway, what separates a stamp at its start from the text goes as well.
    """
    if not any(run.kind is RunKind.STAMP or not run.text for run in prose):
        return prose, ()
    out: list[Run] = []
    taken: list[tuple[int, Run]] = []
    length = 0
    lead = opening  # nothing but stamps so far

    for i, run in enumerate(prose):
        if run.kind is RunKind.STAMP:
            while out and out[-1].kind is RunKind.TEXT and out[-1].text != (kept := out[-1].text.rstrip()):
                length -= len(out[-1].text) - len(kept)
                if kept:
                    out[-1] = replace(out[-1], text=kept)
                else:
                    out.pop()
            taken.append((length, run))
            continue
        text = run.text
        if taken and taken[-1][0] == length and run.kind is RunKind.TEXT:
            between = i + 1 < len(prose) and prose[i + 1].kind is RunKind.STAMP
            if between and not text.strip(" \t,;，；、"):
                continue  # what separates two stamps goes with them
            if lead:
                text = re.sub(r"^\s*(?:[-–—:：.·|]+\s+)?\s*", "", text)
            elif out and _OPENS.search(out[-1].text):
                text = text.lstrip()
        if not text and run.kind is RunKind.TEXT:
            continue
        lead = lead and not text.strip()
        out.append(run if text == run.text else replace(run, text=text))
        length += len(text)
    return tuple(out), tuple(taken)


def visible(prose: Prose) -> str:
    """The plain text without stamps, white space collapsed."""
    return squeeze(plain(unstamped(prose)[0]))
