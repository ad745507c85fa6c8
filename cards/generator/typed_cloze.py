"""Deletions typed by hand: `{{c1::phrase::hint}}`, also within one another."""

from __future__ import annotations

import re

from msgspec.structs import replace

from cards.model import Deletion, Prose, Run, RunKind
from cards.model.prose import OBJECT, Ruler, squeeze

MAX_ORDINAL = 500  # Anki makes no card beyond

_TYPED = re.compile(r"\{\{c([1-9]\d{0,2})::|\}\}|::")


def without_marks(text: Prose) -> tuple[Prose, tuple[Deletion, ...]]:
    """Prose with typed deletions → the prose without their marks, and the deletions. Marks in code are text."""
    source = "".join(run.text if run.kind is RunKind.TEXT else OBJECT * len(run.text) for run in text)
    closed = _pairs_of_marks(source)
    ruler = Ruler(text)
    out: list[Run] = []
    shown = ""
    at = 0
    found: list[Deletion] = []
    opened: list[list[int]] = []  # ordinal, offset of the phrase, offset of its hint or -1
    for match in _TYPED.finditer(source):
        is_hint = match[0] == "::" and bool(opened) and opened[-1][2] < 0
        if match.start() not in closed and not is_hint:
            continue
        out += ruler.cut(at, match.start())
        shown += ruler.text[at : match.start()]
        at = match.end()
        if match[1]:
            opened.append([int(match[1]), len(shown), -1])
        elif is_hint:
            opened[-1][2] = len(shown)
        else:
            ordinal, start, hint_at = opened.pop()
            hint = None
            if hint_at >= 0:
                hint = squeeze(shown[hint_at:]) or None
                _shorten(out, len(shown) - hint_at)
                shown = shown[:hint_at]
                while found and found[-1].end > hint_at:  # a deletion within the hint
                    found.pop()
            phrase = squeeze(shown[start:]) or _pictured(out, len(shown) - start)
            if phrase and ordinal <= MAX_ORDINAL:
                found.append(Deletion(ordinal, start, len(shown), phrase, hint))
    out += ruler.cut(at, len(ruler.text))
    return tuple(out), tuple(sorted(found, key=lambda each: (each.start, -each.end)))


def _pictured(runs: list[Run], characters: int) -> str:
    """The name of the picture that stands in the last characters of runs, as the text of a deletion without words."""
    for run in reversed(runs):
        if characters <= 0:
            break
        if run.kind is RunKind.IMAGE and run.target:
            return run.target.rpartition("/")[2]
        characters -= len(run.text)
    return ""


def _shorten(runs: list[Run], characters: int) -> None:
    """Take so many characters from the end of runs."""
    while characters > 0:
        last = runs.pop()
        if len(last.text) > characters:
            runs.append(replace(last, text=last.text[:-characters]))
        characters -= len(last.text)


def _pairs_of_marks(source: str) -> set[int]:
    """The offsets of the opening and closing marks that belong together."""
    closed: set[int] = set()
    opened: list[int] = []
    for match in _TYPED.finditer(source):
        if match[1]:
            opened.append(match.start())
        elif match[0] == "}}" and opened:
            closed |= {opened.pop(), match.start()}
    return closed
