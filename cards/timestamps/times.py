"""Find, read and print the times of a recording.

Times are `m:ss`, `mm:ss` or `h:mm:ss` (minutes may pass 59 where no hour is written, seconds never do). They are read
only where they stand the way people write them: alone in brackets, as the text of a link, at the start of an item, or
in the macros of note plugins. Whether the note has a recording at all is the caller's question.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from cards.model import Prose, Run, RunKind, Timestamp
from cards.model.prose import Ruler, plain

_TIME = r"(?:\d{1,2}:[0-5]\d:[0-5]\d|\d{1,3}:[0-5]\d)"
_APART = r"(?:\s*[-–—]\s*|\s+to\s+)"
_SPAN = rf"[~≈]?\s?{_TIME}(?:{_APART}[~≈]?{_TIME})?"
_LIST = rf"{_SPAN}(?:\s*[,;，；、]\s*{_SPAN})*"
_BRACKETED = re.compile(rf"`?[(（\[]\s*`?(?:Time\s+)?({_LIST})`?\s*[)）\]]`?")
_MIXED = re.compile(r"[(（\[]([^()（）\[\]]{1,120})[)）\]]")
_ONE = re.compile(rf"({_TIME})(?:{_APART}[~≈]?({_TIME}))?")
_WHOLE = re.compile(rf"\s*[(（\[]?\s*(?:Time\s+)?({_LIST})\s*[)）\]]?\s*")
# what players write beside the time of a link: `▶ 13:01`, `@13:01`, `Listen at 13:01`
_PLAY = re.compile(
    rf"[^\w(\[]*(?:(?:listen|play|watch|jump|go|skip|hear|see|at|to|from|ab|bei|um|à|en|al?|na|от)\b[^\w(\[]*){{0,3}}({_LIST})\W*",
    re.I,
)
# a range or one time alone, and no clock with its zone behind it (CET, PDT); `?+` loses its group before Python 3.11.4
_LEAD = re.compile(
    rf"\s*({_TIME}{_APART}{_TIME}|{_TIME}(?!{_APART}{_TIME}))"
    r"(?!\d|[:.]\d|\s*(?:[ap]\.?m\b|uhr\b|h\b|UTC\b|[CP][DSE]+T\b|GMT\b|%))",
    re.I,
)
_LIKELY = re.compile(r"\d:\d\d|\{\{")  # most prose has none
_MACRO = re.compile(r"\{\{\s*(?:\[\[)?youtube-timestamp(?:\]\])?\s+(\d{1,5}|\d{1,3}:[0-5]\d|\d{1,2}:[0-5]\d:[0-5]\d)\s*\}\}")
BOLD_TIME = re.compile(rf"\s*[(\[]?{_TIME}")


def seconds(text: str) -> int:
    """The seconds of a written time: `1:21` is 81, `1:17:40` is 4660."""
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return total


def clock(second: int) -> str:
    """A second as people write it: 81 is `1:21`, 4660 is `1:17:40`."""
    hours, rest = divmod(second, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def show(stamp: Timestamp) -> str:
    """A timestamp as people write it: `1:21–1:25`."""
    return clock(stamp.start) if stamp.end is None else f"{clock(stamp.start)}–{clock(stamp.end)}"


def read(text: str) -> tuple[Timestamp, ...]:
    """All times and ranges in a text that is known to be a list of them."""
    return tuple(
        Timestamp(seconds(start), seconds(end) if end else None)
        for start, end in (match.groups() for match in _ONE.finditer(text))
    )


def whole(text: str) -> tuple[Timestamp, ...]:
    """The timestamps of a text that is nothing else, brackets aside; empty where it says anything more."""
    match = _WHOLE.fullmatch(text)
    return read(match[1]) if match else ()


class _Found(NamedTuple):
    start: int
    end: int
    stamps: tuple[Timestamp, ...]


def stamp(
    prose: Prose,
    *,
    at_start: bool = True,
    is_recording: Callable[[str], bool] = lambda url: True,
    is_other: Callable[[str, int, int], bool] = lambda text, start, end: False,
) -> Prose:
    """The prose with its timestamps as runs of their own.

    `at_start` reads a bare time at the very start (items and headings have them). `is_recording` says of a link's URL
    whether a time as its text can be a place in a recording; a time that links elsewhere (a Bible verse) stays text.
    `is_other` says it of a time without a link, by its place in the text.
    """
    text = plain(prose)
    if not _LIKELY.search(text):
        return prose
    if at_start and prose[0].kind is RunKind.CODE and (stamps := whole(prose[0].text)):
        prose = (replace(prose[0], kind=RunKind.STAMP, stamps=stamps), *prose[1:])
    prose = tuple(_linked(run, is_recording) for run in prose)
    found: list[_Found] = []
    for match in _BRACKETED.finditer(text):
        if not _glued(text, match.start()) and not is_other(text, match.start(), match.end()):
            found.append(_Found(match.start(), match.end(), read(match[1])))
    for match in _MACRO.finditer(text):
        found.append(_Found(match.start(), match.end(), (Timestamp(seconds(match[1])),)))
    lead = _LEAD.match(text) if at_start else None
    if lead and not text[lead.end() : lead.end() + 1].isalpha() and not is_other(text, lead.start(1), lead.end(1)):
        found.append(_Found(lead.start(1), lead.end(1), read(lead[1])))
    found += _brackets_of_stamps(prose)
    return _placed(prose, found)


def _linked(run: Run, is_recording: Callable[[str], bool]) -> Run:
    """A link whose text is a time, and no more than a player's sign beside it, becomes a stamp that keeps its own recording."""
    if run.link is None or run.kind not in (RunKind.TEXT, RunKind.CODE):
        return run
    stamps = whole(run.text)
    if not stamps and run.link and (match := _PLAY.fullmatch(run.text)):
        stamps = read(match[1])
    if not stamps or (run.link and not is_recording(run.link)):
        return run
    own = run.link or None
    return replace(run, kind=RunKind.STAMP, stamps=tuple(replace(each, url=own) for each in stamps), link=None)


def _glued(text: str, start: int) -> bool:
    """Whether a bracket belongs to the word before it, as in `x[3:20]`."""
    return (
        start > 0 and text[start] == "[" and text[start - 1].isascii() and (text[start - 1].isalnum() or text[start - 1] == "_")
    )


def _brackets_of_stamps(prose: Prose) -> list[_Found]:
    """Brackets that hold nothing but linked stamps, with what separates them: `([Time 0:11:12](url))`."""
    found: list[_Found] = []
    text = plain(prose)
    spans: list[tuple[int, int, tuple[Timestamp, ...]]] = []
    at = 0
    for run in prose:
        if run.kind is RunKind.STAMP:
            spans.append((at, at + len(run.text), run.stamps))
        at += len(run.text)
    if not spans:
        return []
    starts = [start for start, *_ in spans]
    for match in _MIXED.finditer(text):
        near = spans[bisect_right(starts, match.start()) : bisect_left(starts, match.end())]
        inside = [span for span in near if span[1] < match.end()]
        if not inside:
            continue
        left = text[match.start(1) : match.end(1)]
        for start, end, _ in reversed(inside):
            left = left[: start - match.start(1)] + left[end - match.start(1) :]
        if not left.strip(" ,;\u00a0\t–-"):
            found.append(_Found(match.start(), match.end(), tuple(s for span in inside for s in span[2])))
    return found


def _placed(prose: Prose, found: list[_Found]) -> Prose:
    """The prose with each found span as one stamp run. Spans that cut through code, maths or a link are left alone."""
    ruler = Ruler(prose)
    out: list[Run] = []
    end = 0
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if one.start < end or not (inside := _whole_runs(ruler, one)):
            continue
        own = {s.start: s.url for run in inside for s in run.stamps}
        stamps = tuple(replace(s, url=s.url or own.get(s.start)) for s in one.stamps)
        marks = frozenset.intersection(*(run.marks for run in inside))
        out += [*ruler.cut(end, one.start), Run("".join(r.text for r in inside), RunKind.STAMP, marks, stamps=stamps)]
        end = one.end
    return (*out, *ruler.cut(end, len(ruler.text))) if end else prose


def _whole_runs(ruler: Ruler, one: _Found) -> Prose:
    """The runs of a span; none where it holds maths or a link, cuts through code, or is a bare time that touches code."""
    for edge in (one.start, one.end):
        run, start = ruler.at(edge)
        if run and run.kind is RunKind.CODE and start != edge:
            return ()
    inside = ruler.cut(one.start, one.end)
    if any(run.kind in (RunKind.MATH, RunKind.DISPLAY_MATH) or (run.link and run.kind is not RunKind.STAMP) for run in inside):
        return ()
    if ruler.text[one.start].isdigit() and any(run.kind is RunKind.CODE for run in inside):
        return ()
    return inside
