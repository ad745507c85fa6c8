"""Sentences of plain text, as offsets. The splitting is sentencex's; brackets and quotes are kept whole."""

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
_ENUMERATOR = re.compile(r"\s*[\[(]?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)\]]+\s*")
_STOPPED = re.compile(r"(?<![^\W_])([^\W\d_]{1,8}|\d{1,2})\.\s*$")
_VOWEL = re.compile("[aeiouyäöüáàâãéèêëíìîïóòôõúùûœæåøąęěőűαεηιουωάέήίόύώаеёиоуыэюяіїє]", re.I)
_WITH_CASE = "\u0530"  # before it stand Latin, Greek and Cyrillic letters
_NEAR = 120  # characters on either side of a full stop
_ROMAN = re.compile(r"[IVX]+")
_NEXT = re.compile(r"[\s\"'“„«‘(\[]*([^\W_])")
_PAIRED = re.compile("[" + re.escape("".join(_PAIRS)) + "]")


@lru_cache(maxsize=1024)
def sentences(text: str, language: str = "") -> tuple[tuple[int, int], ...]:
    """The start and end offsets of each sentence; together they cover the text. A line break ends a sentence.

    Without a language (ISO 639-1) the rules are those of English, with what holds in all; what stands on both sides of a full
    stop tells more. So a sentence does not change with what is written elsewhere in its takeaway or note.
    """
    spans: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\v"):
        spans += [(at + a, at + b) for a, b in _in_line(line, language)]
        at += len(line) + 1
    return tuple(spans)


def _in_line(line: str, language: str) -> list[tuple[int, int]]:
    if not line:
        return []
    ends = [each["end_index"] for each in get_sentence_boundaries(language or "en", line.replace("\n", " "))]
    inside = _inside_pairs(line)
    spans: list[tuple[int, int]] = []
    start = 0
    for end, until in pairwise((*ends, len(line) + 1)):
        last = end == ends[-1]
        if not last and (
            inside[end - 1] or _ENUMERATOR.fullmatch(line, start, end) or _goes_on(line, start, end, until, language)
        ):
            continue
        if end > start:
            spans.append((start, end))
        start = end
    return spans


def _goes_on(line: str, start: int, end: int, until: int, language: str) -> bool:
    """Whether a full stop ends no sentence: after an abbreviation or an ordinal number that the splitter does not know.

    What may be a sentence by itself goes from `start` to the full stop at `end`, and from there `until` the next.
    A cut sentence is a question that no one can answer; one that holds the next one as well is only long.
    """
    stopped, follows = _STOPPED.search(line, max(0, end - 24), end), _NEXT.match(line, end)
    if stopped is None or follows is None:
        return False
    word, letter = stopped[1], follows[1]
    if word.casefold() in vocabulary.NEVER_LAST:
        return True
    number = word.isdigit() or _ROMAN.fullmatch(word) is not None
    if letter.islower():
        unspoken = word[0] < _WITH_CASE and not _VOWEL.search(word)
        return number or unspoken or word.casefold() in vocabulary.ABBREVIATIONS
    if number:
        around = line[max(start, end - _NEAR) : min(until, end + _NEAR)]
        return (language or language_of(around)) in vocabulary.ORDINAL_LANGUAGES
    return letter.isdigit() and word.casefold() in vocabulary.BEFORE_NUMBERS


def _inside_pairs(line: str) -> bytearray:
    """For each offset 1 where it lies between a bracket or quote and its partner."""
    inside = bytearray(len(line))
    if not _PAIRED.search(line):
        return inside
    open_at: list[tuple[str, int]] = []
    for i, char in enumerate(line):
        if open_at and char == open_at[-1][0]:
            _, start = open_at.pop()
            if not open_at:
                inside[start:i] = b"\x01" * (i - start)
        elif char in _PAIRS:
            open_at.append((_PAIRS[char], i))
    return inside
