"""Times that are not of the recording: of the clock, of scripture, ratios, durations.

They are written as stamps are, and only what stands around them tells. A stamp that is missed costs a link; a verse that
becomes one is a wrong link on a card, so where the words beside it speak of the clock or a book, it stays text. Links,
macros and fences are never asked about: nobody links a verse to a second.
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
_LONG = re.compile(r"\d:\d\d:\d\d")  # an hour, minutes and seconds: never a verse, hardly ever a clock
_RANGE = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d)\s*[-–—]\s*(\d{1,2}):([0-5]\d)(?![\d:])")
_ZONED = re.compile(r"\d\s?(?:[ap]\.?m\b|uhr\b)", re.I)
_PADDED = re.compile(r"[(\[][\d:]*:0\d[)\]]")  # nobody writes the fifth verse as `:05`
_SHARE = re.compile(r"\s*[(（]?\d{1,3}(?:[.,]\d+)?\s*%")
_CLOSING = re.compile(r"[(\[（]\s*[~≈]?\s?\d{1,3}:[0-5]\d(?:\s*[-–—]\s*\d{1,3}:[0-5]\d)?\s*[)\]）](?=[\s.!?。！？]*$)")
_LAST_WORDS = re.compile(r"(?:\S+\s+)?\S*\s*$")
_FIVE, _QUARTER, _HOURS = 5, 15, 24  # plans are written to five minutes, most other clock times to a quarter of an hour
_DAWN = 4 * 60  # a plan of the day begins after it; chapters of a recording begin before, as minutes of it
_BESIDE = 40  # characters before a time in which a ratio or a duration is named
_SENTENCE = 240  # characters on either side of a time in which its sentence is looked at
_SCHEDULE = 3  # ranges that make a plan
_HABIT = 2  # takeaways that end in a stamp, by which another such ending is known


def _any(entries: Iterable[str]) -> re.Pattern[str]:
    words = sorted(entries, key=len, reverse=True)
    plain = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words if word.isascii() or word[0] < "\u3000")
    dense = "|".join(re.escape(word) for word in words if word[0] >= "\u3000")
    return re.compile(rf"(?<!\w)(?:{plain})(?!\w)" + (f"|{dense}" if dense else ""), re.I)


_BOOK = _any(vocabulary.SCRIPTURES)
_NAME = _any(vocabulary.SCRIPTURE_NAMES)
_CHAPTER = re.compile(r"(?<=[\s.])\d{1,3}\b(:\d)?")
_WORD_BEFORE = re.compile(r"((?:[1-3] )?[^\W\d_][\w']*)\.?\s*$")
_CLOCK = _any(vocabulary.CLOCK_WORDS)
_CLOCK_OR_DAY = _any(vocabulary.CLOCK_WORDS | vocabulary.DAY_WORDS)
_AT = re.compile(r"(?:^|\s)(?:at|by|until|till|around|before|after|from|um|ab|bis|gegen)\s$", re.I)
_RATIO = _any(vocabulary.RATIO_WORDS)
_DURATION = re.compile(rf"(?:{_any(vocabulary.DURATION_WORDS).pattern})[\s:*（(]*(?:of|is|was|about)?\s*$", re.I)


class _Signs(NamedTuple):
    """What a note says of its times: that it cites scripture, that unmarked ones are verses, that its ranges plan a day."""

    scripture: bool
    verses: bool
    schedule: bool


class _Around(NamedTuple):
    """What stands before and after times in their sentence, and near them, whatever the sentence."""

    before: str
    after: str
    near: str


class FalseTimes:
    """The times of one note. `texts` are the plain texts of its headings and paragraphs, looked into only when asked."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._given = texts

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(self._given)

    @cached_property
    def _note(self) -> _Signs:
        cited, padded = 0, False
        ranges: list[tuple[int, int, int, int]] = []
        for text in self._texts:
            cited += sum(_is_cited(text, match) for match in _CHAPTER.finditer(text))
            ranges += [(int(a), int(b), int(c), int(d)) for a, b, c, d in _RANGE.findall(text)]
            padded = padded or bool(_PADDED.search(text))
        return _Signs(cited > 0, cited > 1 and not padded, len(ranges) >= _SCHEDULE and all(starmap(_is_of_a_day, ranges)))

    @cached_property
    def _ends_in_stamps(self) -> bool:
        """Whether the note's takeaways end in stamps: more of them than could be another thing."""
        if self._note.scripture or self._note.schedule:
            return False
        found = Counter(
            self._is_another(text, match.start(), match.end(), _around(text, match.start(), match.end()))
            for text in self._texts
            if (match := _CLOSING.search(text))
        )
        return found[False] >= _HABIT and found[False] > found[True]

    def is_false_time(self, text: str, start: int, end: int) -> bool:
        """Whether the time or times at `text[start:end]`, written without a link, are none of the recording."""
        around = _around(text, start, end)
        if not self._is_another(text, start, end, around):
            return False
        if not _CLOSING.match(text, start) or not self._ends_in_stamps:
            return True
        # where the others end in stamps, only a word beside a time makes it another thing
        beside = _LAST_WORDS.search(around.before[-_BESIDE:])
        return self._is_another(text, start, end, _Around(beside[0] if beside else "", "", beside[0] if beside else ""))

    def _is_another(self, text: str, start: int, end: int, around: _Around) -> bool:
        """Whether the words around times say that they are of another thing."""
        span = text[start:end]
        if _LONG.search(span):
            return False
        times = [(int(a), int(b)) for a, b in _TIME.findall(span)]
        before, after, _ = around
        return (
            self._is_verse(span, before)
            or self._is_clock(times, text[start], around)
            or (len(times) == 1 and bool(_RATIO.search(f"{before[-_BESIDE:]} {after[:12]}")))
            or bool(_DURATION.search(before[-_BESIDE:]))
            or bool(_SHARE.match(after))
        )

    def _is_verse(self, span: str, before: str) -> bool:
        if re.search(r":0\d", span) or span.startswith("["):
            return False
        if self._note.verses or _BOOK.search(before):
            return True
        return self._note.scripture and bool(_NAME.search(before[-_BESIDE:]))

    def _is_clock(self, times: list[tuple[int, int]], opening: str, around: _Around) -> bool:
        if any(not 0 < hour <= _HOURS or minute % _FIVE for hour, minute in times):  # recordings begin at 0:00, few days do
            return False
        before, after, near = around
        if self._note.schedule or _ZONED.search(near) or (opening in "(（" and _AT.search(before)):
            return True
        word = _CLOCK if len(times) == 1 else _CLOCK_OR_DAY
        return not any(minute % _QUARTER for _, minute in times) and bool(word.search(f"{before} {after}"))


def _is_of_a_day(hour: int, minute: int, last_hour: int, last_minute: int) -> bool:
    first, last = hour * 60 + minute, last_hour * 60 + last_minute
    return hour <= _HOURS and last_hour <= _HOURS and not (minute % _FIVE or last_minute % _FIVE) and _DAWN <= first < last


def _is_cited(text: str, chapter: re.Match[str]) -> bool:
    """Whether a number is the chapter of a book; after a name that is not only a book's it needs a verse, too."""
    before = _WORD_BEFORE.search(text, max(0, chapter.start() - 24), chapter.start())
    if before is None:
        return False
    name = before[1].casefold()
    alone = name[2:] if name[0].isdigit() else name
    books = vocabulary.SCRIPTURES
    return name in books or alone in books or (bool(chapter[1]) and alone in vocabulary.SCRIPTURE_NAMES)


def _around(text: str, start: int, end: int) -> _Around:
    """What stands around a span."""
    head = text[max(0, start - _SENTENCE) : start]
    edges = list(_EDGE.finditer(head))
    close = _EDGE.search(text, end, end + _SENTENCE)
    after = text[end : close.start() if close else end + _SENTENCE]
    return _Around(head[edges[-1].end() if edges else 0 :], after, text[max(0, start - 2 * _BESIDE) : end + _BESIDE])
