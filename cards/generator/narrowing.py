"""Narrow a long key phrase to what it is about: its one figure with the unit, else what is left without light words."""

from __future__ import annotations

import re
from functools import lru_cache

from cards.model.measures import SHORT_PHRASE_CJK, SHORT_PHRASE_WORDS
from cards.text import vocabulary
from cards.text.words import cjk, count

_NUMBER = re.compile(
    r"(?:[$€£¥₹]\s?)?\d+(?:[.,]\d+)*(?:\s?[-–—]\s?[$€£¥₹]?\d+(?:[.,]\d+)*)?(?:\s?(?:%|‰|°[CF]?|[€£¥₹]|[kKmMbB](?![^\W\d_])))?"
)
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_HAS_UNIT = re.compile(r"[$€£¥₹%‰°]")
_UNIT = re.compile(r"([一-鿿])|\s?([^\W\d_]+(?:[-'’][^\W\d_]+)*)")
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_OPENING = "\"'“‘„«「『(（"


def is_long(text: str) -> bool:
    """Whether a phrase is too long to be recalled word for word."""
    return count(text) > SHORT_PHRASE_WORDS or cjk(text) > SHORT_PHRASE_CJK


def narrow(text: str, language: str) -> tuple[int, int]:
    """Return the offsets of the part of a phrase that is worth a gap; all of it unless the phrase is long."""
    if not is_long(text):
        return 0, len(text)
    return _figure(text) or _without_light_words(text, language)


def _figure(text: str) -> tuple[int, int] | None:
    """The offsets of the one figure with a unit, None where there is none or more than one."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1 or _YEAR.fullmatch(numbers[0][0]):
        return None
    start, end = numbers[0].span()
    has_unit = bool(_HAS_UNIT.search(numbers[0][0]))
    while scale := _scale().match(text, end):
        end, has_unit = scale.end(), True
    word = _UNIT.match(text, end)
    if (not has_unit or cjk(text[end : end + 1])) and word and word[0].strip().casefold() not in _function_words():
        end, has_unit = word.end(), True
    if not has_unit:
        return None
    if per := _per().match(text, end):
        end = per.end()
    while before := _before().search(text, 0, start):
        start = before.start()
    return start, end


@lru_cache(maxsize=1)
def _scale() -> re.Pattern[str]:
    return re.compile(rf"\s?(?:{_any(vocabulary.FIGURE_SCALES)})(?:(?<=[一-鿿])|(?![^\W\d_]))", re.I)


@lru_cache(maxsize=1)
def _per() -> re.Pattern[str]:
    return re.compile(rf"\s(?:{_any(vocabulary.FIGURE_PER)})\s[^\W\d_]+|\s?/\s?[^\W\d_]+", re.I)


@lru_cache(maxsize=1)
def _before() -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{_any(vocabulary.BEFORE_FIGURES)})\s?\Z", re.I)


@lru_cache(maxsize=1)
def _function_words() -> frozenset[str]:
    return vocabulary.STRESS_WORDS | vocabulary.PREPOSITIONS


def _any(entries: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, entries))


def _without_light_words(text: str, language: str) -> tuple[int, int]:
    """The offsets without the light words and phrases at both ends."""
    light, phrases = vocabulary.LIGHT_WORDS.get(language, frozenset()), vocabulary.LIGHT_PHRASES.get(language, ())
    if cjk(text):
        return _without_light_signs(text, light)
    found = list(_WORD.finditer(text))
    spoken = [match[0].casefold().replace("’", "'") for match in found]
    first, last = 0, len(found)
    while (size := _light_at(spoken[first:last], light, phrases)) and first + size < last:
        first += size
    while (size := _light_at(spoken[first:last], light, phrases, end=True)) and first + size < last:
        last -= size
    start = found[first].start() if first else 0
    while first and start and text[start - 1] in _OPENING:
        start -= 1
    return start, found[last - 1].end() if last < len(found) else len(text)


def _light_at(words: list[str], light: frozenset[str], phrases: tuple[str, ...], *, end: bool = False) -> int:
    """How many words at the start (or the end) carry nothing."""
    for phrase in phrases:
        parts = phrase.split()
        if (words[-len(parts) :] if end else words[: len(parts)]) == parts:
            return len(parts)
    return 1 if words and words[-1 if end else 0] in light else 0


def _without_light_signs(text: str, light: frozenset[str]) -> tuple[int, int]:
    start, end = 0, len(text)
    while size := max((len(each) for each in light if text.startswith(each, start) and start + len(each) < end), default=0):
        start += size
    while size := max((len(each) for each in light if text.endswith(each, start, end) and end - len(each) > start), default=0):
        end -= size
    return start, end
