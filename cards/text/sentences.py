"""Split plain text into sentences with sentencex, but never inside brackets or quotes."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from sentencex import get_sentence_boundaries

from cards.text import vocabulary
from cards.text.language import language_of

_PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "（": "）",
    "【": "】",
    "「": "」",
    "『": "』",
    "“": "”",
    "„": "“",
    "«": "»",
    "《": "》",
}
_FOOTNOTE = re.compile(r"\d(?<=[^\W\d_]{3}[.!?]\d)\d?\s+(?=[\"“‘(]?[^\W\d_a-zà-ÿа-я])")  # `recorded.1 The`
_ENUMERATOR = re.compile(r"\s*[\[(]?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)\]]+\s*")
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W\d_]{1,8}|\d{1,2})\.\s*$")
_VOWEL = re.compile("[aeiouyäöüáàâãéèêëíìîïóòôõúùûœæåøąęěőűαεηιουωάέήίόύώаеёиоуыэюяіїє]", re.I)
_CASED_END = "\u0530"  # the Latin, Greek and Cyrillic letters come before it
_NEAR = 120  # characters on either side of a full stop, for detecting the language
_ROMAN = re.compile(r"[IVX]+")
_FIRST_LETTER = re.compile(r"[\s\"'“„«‘(\[]*([^\W_])")
_PAIRED = re.compile("[" + re.escape("".join(_PAIRS)) + "]")
_EDGES = re.compile("[" + re.escape("".join((*_PAIRS, *_PAIRS.values()))) + "]")


@lru_cache(maxsize=1024)
def sentences(text: str, language: str = "") -> tuple[tuple[int, int], ...]:
    """Return the start and end offsets of each sentence; together they cover the text. A hard line break ends a sentence.

    Without a `language` (ISO 639-1), English rules apply, and the words around a full stop decide the rest. So an edit
    elsewhere in the takeaway or note never changes a sentence.
    """
    spans: list[tuple[int, int]] = []
    line_start = 0
    for line in text.split("\v"):
        spans += [(line_start + start, line_start + end) for start, end in _in_line(line, language)]
        line_start += len(line) + 1
    return tuple(spans)


def _in_line(line: str, language: str) -> list[tuple[int, int]]:
    """Return the start and end offsets of each sentence in one line."""
    if not line:
        return []
    ends = [found["end_index"] for found in get_sentence_boundaries(language or "en", line.replace("\n", " "))]
    ends = sorted({*ends, *(match.end() for match in _FOOTNOTE.finditer(line))})
    inside = _inside_pairs(line)
    spans: list[tuple[int, int]] = []
    start = 0
    for end, next_end in pairwise((*ends, len(line) + 1)):
        last = end == ends[-1]
        if not last and (
            inside[end - 1] or _ENUMERATOR.fullmatch(line, start, end) or _goes_on(line, start, end, next_end, language)
        ):
            continue
        if end > start:
            spans.append((start, end))
        start = end
    return spans


def _goes_on(line: str, start: int, end: int, next_end: int, language: str) -> bool:
    """Whether the sentence goes on after the full stop at `end`: it follows an abbreviation or an ordinal number.

    `start` is the start of the sentence, `next_end` the next possible end. In doubt the sentence goes on: half a sentence
    makes a question that nobody can answer, two sentences only make a long one.
    """
    last_word, following = _LAST_WORD.search(line, max(0, end - 24), end), _FIRST_LETTER.match(line, end)
    if last_word is None or following is None:
        return False
    word, letter = last_word[1], following[1]
    if word.casefold() in vocabulary.NEVER_LAST:
        return True
    is_number = word.isdigit() or _ROMAN.fullmatch(word) is not None
    if letter.islower():
        without_vowel = word[0] < _CASED_END and not _VOWEL.search(word)
        return is_number or without_vowel or word.casefold() in vocabulary.ABBREVIATIONS
    if is_number:
        around = line[max(start, end - _NEAR) : min(next_end, end + _NEAR)]
        return (language or language_of(around)) in vocabulary.ORDINAL_LANGUAGES
    return letter.isdigit() and word.casefold() in vocabulary.BEFORE_NUMBERS


def _inside_pairs(line: str) -> bytearray:
    """Return a byte per offset, 1 if the offset is between a bracket or quote and its partner."""
    inside = bytearray(len(line))
    if not _PAIRED.search(line):
        return inside
    open_at: list[tuple[str, int]] = []
    for match in _EDGES.finditer(line):
        i, char = match.start(), match[0]
        if open_at and char == open_at[-1][0]:
            _, start = open_at.pop()
            if not open_at:
                inside[start:i] = b"\x01" * (i - start)
        elif char in _PAIRS:
            open_at.append((_PAIRS[char], i))
    return inside
