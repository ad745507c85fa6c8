"""Recognise times that are not timestamps: clock times, Bible verses, ratios, durations.

They look like timestamps; only the words around them differ. A missed timestamp costs a link, but a verse taken for one
puts a wrong link on a card, so a time stays text if words beside it name a clock or a book. Links, macros and fenced blocks
are not checked: nobody links a verse to a second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from itertools import starmap
from typing import NamedTuple

from cards.text import vocabulary

_EDGE = re.compile(r"[.!?;。！？\n](?=\s|$)")
_TIME = re.compile(r"(?<![\d:])(\d{1,3}):([0-5]\d)(?![\d:])")
_LONG = re.compile(r"\d:\d\d:\d\d")  # hours, minutes and seconds: never a verse, hardly ever a clock time
_RANGE = re.compile(r"(\d(?<![\d:]\d)\d?):([0-5]\d)\s*[-–—]\s*(\d{1,2}):([0-5]\d)(?![\d:])")
_ZONED = re.compile(r"\d\s?(?:[ap]\.?m\b|uhr\b)", re.I)
_PADDED = re.compile(r"[(\[][\d:]*:0\d[)\]]")  # nobody writes verse 5 as `:05`
_SHARE = re.compile(r"\s*[(（]?\d{1,3}(?:[.,]\d+)?\s*%")
_CLOSING = re.compile(r"[(\[（]\s*[~≈]?\s?\d{1,3}:[0-5]\d(?:\s*[-–—]\s*\d{1,3}:[0-5]\d)?\s*[)\]）](?=[\s.!?。！？]*$)")
_LAST_WORDS = re.compile(r"(?:\S+\s+)?\S*\s*$")
_FIVE, _QUARTER = 5, 15  # minutes: schedules are rounded to five, most other clock times to a quarter of an hour
_HOURS = 24
_DAWN = 4 * 60  # minutes after midnight: a day's schedule starts later, the first chapters of a recording earlier
_BESIDE = 40  # characters before a time in which a ratio or a duration may be named
_SENTENCE = 240  # characters on either side of a time in which its sentence is searched
_SCHEDULE = 3  # ranges that make a schedule
_HABIT = 2  # takeaways that must end in a timestamp before another ending counts as one


def _any(entries: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern that matches any entry as whole words; CJK entries match anywhere, since CJK has no spaces."""
    words = sorted(entries, key=len, reverse=True)
    spaced = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words if word[0] < "\u3000")
    cjk = "|".join(re.escape(word) for word in words if word[0] >= "\u3000")
    return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)" + (f"|{cjk}" if cjk else ""), re.I)


_BOOK = _any(vocabulary.SCRIPTURES)
_NAME = _any(vocabulary.SCRIPTURE_NAMES)
_CHAPTER = re.compile(r"[\s.](?P<chapter>\d{1,3})\b(?P<verse>:\d)?")
_NAME_LIKE = re.compile(r"[^\W\d_][\w']*")
_BOOKS = frozenset(name.rpartition(" ")[2] for name in vocabulary.SCRIPTURES | vocabulary.SCRIPTURE_NAMES)
_WORD_BEFORE = re.compile(r"((?:[1-3] )?[^\W\d_][\w']*)\.?\s*$")
_CLOCK = _any(vocabulary.CLOCK_WORDS)
_CLOCK_OR_DAY = _any(vocabulary.CLOCK_WORDS | vocabulary.DAY_WORDS)
_AT = re.compile(r"(?:^|\s)(?:at|by|until|till|around|before|after|from|um|ab|bis|gegen)\s$", re.I)
_RATIO = _any(vocabulary.RATIO_WORDS)
_DURATION = re.compile(rf"(?:{_any(vocabulary.DURATION_WORDS).pattern})[\s:*（(]*(?:of|is|was|about)?\s*$", re.I)


class _NoteTraits(NamedTuple):
    """Traits of a note: it cites scripture, its unmarked times are verses, its ranges are a day's schedule."""

    scripture: bool
    verses: bool
    schedule: bool


class _Context(NamedTuple):
    """Words before and after a time in its sentence, and words near it in any sentence."""

    before: str
    after: str
    near: str


class FalseTimes:
    """Decide which times of one note are not timestamps.

    `texts` are the plain texts of its headings and paragraphs; they are read only when first needed.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._unread = texts

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self._unread)

    @cached_property
    def _traits(self) -> _NoteTraits:
        citations, padded = 0, False
        ranges: list[tuple[int, int, int, int]] = []
        for text in self._texts:
            cited = sum(_is_citation(text, match) for match in _CHAPTER.finditer(text))
            if cited and not _BOOKS.isdisjoint(_NAME_LIKE.findall(text.casefold())):
                citations += cited
            if ":" in text:
                ranges += [(int(a), int(b), int(c), int(d)) for a, b, c, d in _RANGE.findall(text)]
                padded = padded or bool(_PADDED.search(text))
        schedule = len(ranges) >= _SCHEDULE and all(starmap(_fits_schedule, ranges))
        return _NoteTraits(scripture=citations > 0, verses=citations > 1 and not padded, schedule=schedule)

    @cached_property
    def _ends_in_stamps(self) -> bool:
        """Whether takeaways of this note end in timestamps: at least _HABIT do, and fewer end in a false time."""
        if self._traits.scripture or self._traits.schedule:
            return False
        counts = Counter(
            self._is_false(text, match.start(), match.end(), _context(text, match.start(), match.end()))
            for text in self._texts
            if (match := _CLOSING.search(text))
        )
        return counts[False] >= _HABIT and counts[False] > counts[True]

    def is_false_time(self, text: str, start: int, end: int) -> bool:
        """Whether the time or times at `text[start:end]`, written without a link, are not timestamps."""
        context = _context(text, start, end)
        if not self._is_false(text, start, end, context):
            return False
        if not _CLOSING.match(text, start) or not self._ends_in_stamps:
            return True
        # takeaways of this note end in timestamps, so only the words directly before this one can rule it out
        match = _LAST_WORDS.search(context.before[-_BESIDE:])
        beside = match[0] if match else ""
        return self._is_false(text, start, end, _Context(before=beside, after="", near=beside))

    def _is_false(self, text: str, start: int, end: int, context: _Context) -> bool:
        """Whether the words around the times rule out a timestamp."""
        span = text[start:end]
        if _LONG.search(span):
            return False
        times = [(int(a), int(b)) for a, b in _TIME.findall(span)]
        before, after, _ = context
        return (
            self._is_verse(span, before)
            or self._is_clock(times, text[start], context)
            or (len(times) == 1 and bool(_RATIO.search(f"{before[-_BESIDE:]} {after[:12]}")))
            or bool(_DURATION.search(before[-_BESIDE:]))
            or bool(_SHARE.match(after))
        )

    def _is_verse(self, span: str, before: str) -> bool:
        if re.search(r":0\d", span) or span.startswith("["):
            return False
        if self._traits.verses or _BOOK.search(before):
            return True
        return self._traits.scripture and bool(_NAME.search(before[-_BESIDE:]))

    def _is_clock(self, times: list[tuple[int, int]], opening: str, context: _Context) -> bool:
        if any(not 0 < hour <= _HOURS or minute % _FIVE for hour, minute in times):  # 0:xx is usual in recordings only
            return False
        before, after, near = context
        if self._traits.schedule or _ZONED.search(near) or (opening in "(（" and _AT.search(before)):
            return True
        word = _CLOCK if len(times) == 1 else _CLOCK_OR_DAY
        return not any(minute % _QUARTER for _, minute in times) and bool(word.search(f"{before} {after}"))


def _fits_schedule(hour: int, minute: int, end_hour: int, end_minute: int) -> bool:
    """Whether a range can be part of a day's schedule."""
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    return hour <= _HOURS and end_hour <= _HOURS and not (minute % _FIVE or end_minute % _FIVE) and _DAWN <= start < end


def _is_citation(text: str, chapter: re.Match[str]) -> bool:
    """Whether a number is the chapter of a book of scripture. After a name that people have, too, a verse must follow."""
    start = chapter.start("chapter")
    before = _WORD_BEFORE.search(text, max(0, start - 24), start)
    if before is None:
        return False
    name = before[1].casefold()
    alone = name[2:] if name[0].isdigit() else name
    books = vocabulary.SCRIPTURES
    return name in books or alone in books or (bool(chapter["verse"]) and alone in vocabulary.SCRIPTURE_NAMES)


def _context(text: str, start: int, end: int) -> _Context:
    """Return the words around `text[start:end]`."""
    before = text[max(0, start - _SENTENCE) : start]
    edges = list(_EDGE.finditer(before))
    close = _EDGE.search(text, end, end + _SENTENCE)
    return _Context(
        before=before[edges[-1].end() if edges else 0 :],
        after=text[end : close.start() if close else end + _SENTENCE],
        near=text[max(0, start - 2 * _BESIDE) : end + _BESIDE],
    )
