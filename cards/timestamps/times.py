"""Find, read and print timestamps.

A time is `m:ss`, `mm:ss` or `h:mm:ss`; minutes may exceed 59 if there is no hour. Times are read only where people write
them: alone in brackets, as the text of a link, at the start of an item, or in a note plugin's macro. The caller checks
whether the note has a recording at all.
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
# a pattern that begins with one sign of a set is looked for quickly: so none begins with what may be missing, or looks back
_BRACKETED = re.compile(rf"[`(（\[【](?:(?<!`)|[(（\[【])\s*`?(?:Time\s+)?({_LIST})`?\s*[)）\]】]`?")
_MIXED = re.compile(r"[(（\[]([^()（）\[\]]{1,120})[)）\]]")
_ONE = re.compile(rf"({_TIME})(?:{_APART}[~≈]?({_TIME}))?")
_WHOLE = re.compile(rf"\s*[(（\[]?\s*(?:Time\s+)?({_LIST})\s*[)）\]]?\s*")
# links as players write them: `▶ 13:01`, `@13:01`, `Listen at 13:01`
_SNIP = re.compile(rf"\W*Play snip\W+\d+\s*(?:min|sec|s|m)\w*\W*\(({_SPAN})\)\W*", re.I)  # of Snipd
_PLAY = re.compile(
    rf"[^\w(\[]*(?:(?:listen|play|watch|jump|go|skip|hear|see|at|to|from|ab|bei|um|à|en|al?|na|от)\b[^\w(\[]*){{0,3}}({_LIST})\W*",
    re.I,
)
# a range or a single time, not followed by a time zone (CET, PDT); no `?+`, which loses its group before Python 3.11.4
_LEAD = re.compile(
    rf"\s*(?:[🎧⏱🕒▶]\ufe0f?\s*)?({_TIME}{_APART}{_TIME}|{_TIME}(?!{_APART}{_TIME}))"
    r"(?!\d|[:.]\d|\s*(?:[ap]\.?m\b|uhr\b|h\b|UTC\b|[CP][DSE]+T\b|GMT\b|%))",
    re.I,
)
_TIMED = re.compile(rf"\s*Time\s+{_TIME}\s*")
_RANGE_BEFORE = re.compile(rf"({_TIME}){_APART}({_TIME})[)）\]】]?\s*\Z")
_ROUNDED = 2  # seconds that a length may be off
_LIKELY = re.compile(r"\d:\d\d")  # rules out most prose at little cost
_MACRO = re.compile(r"\{\{\s*(?:\[\[)?youtube-timestamp(?:\]\])?\s+(\d{1,5}|\d{1,3}:[0-5]\d|\d{1,2}:[0-5]\d:[0-5]\d)\s*\}\}")
BOLD_TIME = re.compile(rf"\s*[(\[]?{_TIME}")


def seconds(text: str) -> int:
    """Convert a written time to seconds: `1:21` is 81, `1:17:40` is 4660."""
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return total


def clock(second: int) -> str:
    """Convert seconds to a written time: 81 is `1:21`, 4660 is `1:17:40`."""
    minutes, s = divmod(second, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"


def show(stamp: Timestamp) -> str:
    """Print a timestamp: `1:21` or `1:21–1:25`."""
    return clock(stamp.start) if stamp.end is None else f"{clock(stamp.start)}–{clock(stamp.end)}"


def read(text: str) -> tuple[Timestamp, ...]:
    """Return all times and ranges in a text that is known to be a list of them."""
    return tuple(
        Timestamp(seconds(start), seconds(end) if end else None)
        for start, end in (match.groups() for match in _ONE.finditer(text))
    )


def whole(text: str) -> tuple[Timestamp, ...]:
    """Return the timestamps of a text that consists of them, with or without brackets; empty if it says anything else."""
    match = _WHOLE.fullmatch(text)
    return read(match[1]) if match else ()


class _Span(NamedTuple):
    """Timestamps and the offsets of their text in the plain text."""

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
    """Return the prose with its timestamps as runs of their own.

    With `at_start` a time without brackets at the very start counts, as in items and headings. `is_recording` takes the
    URL of a link whose text is a time, and returns whether it leads to a recording; a Bible verse does not.
    `is_other` takes the text and the offsets of a time without a link, and returns whether it is no timestamp.
    """
    text = plain(prose)
    if not (_LIKELY.search(text) or "{{" in text):
        return prose
    if at_start and prose[0].kind is RunKind.CODE and (stamps := whole(prose[0].text)):
        prose = (replace(prose[0], kind=RunKind.STAMP, stamps=stamps), *prose[1:])
    prose = tuple(_stamp_of_link(run, is_recording) for run in prose)
    spans: list[_Span] = []
    for match in _BRACKETED.finditer(text):
        if _is_length(text, match):
            spans.append(_Span(match.start(), match.end(), ()))
        elif not _is_subscript(text, match.start()) and not is_other(text, match.start(), match.end()):
            spans.append(_Span(match.start(), match.end(), read(match[1])))
    for match in _MACRO.finditer(text):
        spans.append(_Span(match.start(), match.end(), (Timestamp(seconds(match[1])),)))
    lead = _LEAD.match(text) if at_start else None
    if lead and not text[lead.end() : lead.end() + 1].isalpha() and not is_other(text, lead.start(1), lead.end(1)):
        spans.append(_Span(lead.start(1), lead.end(1), read(lead[1])))
    spans += _brackets_of_stamps(prose)
    return _with_stamp_runs(prose, spans)


def _stamp_of_link(run: Run, is_recording: Callable[[str], bool]) -> Run:
    """Turn a link whose text is a time, or a player's `▶ 13:01`, into a stamp run that keeps its URL; else return the run."""
    if run.link is None or run.kind not in (RunKind.TEXT, RunKind.CODE):
        return run
    stamps = whole(run.text)
    if not stamps and run.link and (match := _PLAY.fullmatch(run.text) or _SNIP.fullmatch(run.text)):
        stamps = read(match[1])
    if not stamps or (run.link and not is_timed(run.text) and not is_recording(run.link)):
        return run
    url = run.link or None
    return replace(run, kind=RunKind.STAMP, stamps=tuple(replace(each, url=url) for each in stamps), link=None)


def _is_length(text: str, bracket: re.Match[str]) -> bool:
    """Whether a bracket behind a range holds its length, as players write it: `03:12 - 05:18 (02:05)`."""
    before = _RANGE_BEFORE.search(text, max(0, bracket.start() - 40), bracket.start())
    lengths = read(bracket[1])
    if before is None or len(lengths) != 1 or lengths[0].end is not None:
        return False
    return abs(seconds(before[2]) - seconds(before[1]) - lengths[0].start) <= _ROUNDED


def is_timed(text: str) -> bool:
    """Whether the text of a link says itself that it is a time in a recording: `Time 0:11:12`."""
    return bool(_TIMED.fullmatch(text))


def _is_subscript(text: str, start: int) -> bool:
    """Whether a bracket belongs to the word before it, as in `x[3:20]`."""
    before = text[start - 1 : start]
    return text[start] == "[" and before.isascii() and (before.isalnum() or before == "_")


def _brackets_of_stamps(prose: Prose) -> list[_Span]:
    """Return the brackets that hold nothing but stamp runs and separators: `([Time 0:11:12](url))`."""
    stamps: list[_Span] = []
    offset = 0
    for run in prose:
        if run.kind is RunKind.STAMP:
            stamps.append(_Span(offset, offset + len(run.text), run.stamps))
        offset += len(run.text)
    if not stamps:
        return []
    brackets: list[_Span] = []
    starts = [span.start for span in stamps]
    for match in _MIXED.finditer(plain(prose)):
        near = stamps[bisect_right(starts, match.start()) : bisect_left(starts, match.end())]
        inside = [span for span in near if span.end < match.end()]
        rest, inner_start = match[1], match.start(1)
        for span in reversed(inside):
            rest = rest[: span.start - inner_start] + rest[span.end - inner_start :]
        if inside and not rest.strip(" ,;\u00a0\t–-"):
            brackets.append(_Span(match.start(), match.end(), tuple(each for span in inside for each in span.stamps)))
    return brackets


def _with_stamp_runs(prose: Prose, spans: list[_Span]) -> Prose:
    """Return the prose with each span as one stamp run. Spans that cut through code, math or a link stay as they are."""
    ruler = Ruler(prose)
    out: list[Run] = []
    end = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start < end or not (runs := _whole_runs(ruler, span)):
            continue
        urls = {each.start: each.url for run in runs for each in run.stamps}
        stamps = tuple(replace(each, url=each.url or urls.get(each.start)) for each in span.stamps)
        marks = frozenset.intersection(*(run.marks for run in runs))
        out += [*ruler.cut(end, span.start), Run(plain(runs), RunKind.STAMP, marks, stamps=stamps)]
        end = span.end
    return (*out, *ruler.cut(end, len(ruler.text))) if end else prose


def _whole_runs(ruler: Ruler, span: _Span) -> Prose:
    """Return the runs of a span; empty if it holds math or a link, cuts through code, or is a bare time next to code."""
    for edge in (span.start, span.end):
        run, start = ruler.at(edge)
        if run and run.kind is RunKind.CODE and start != edge:
            return ()
    runs = ruler.cut(span.start, span.end)
    if any(run.kind in (RunKind.MATH, RunKind.DISPLAY_MATH) or (run.link and run.kind is not RunKind.STAMP) for run in runs):
        return ()
    if ruler.text[span.start].isdigit() and any(run.kind is RunKind.CODE for run in runs):
        return ()
    return runs
