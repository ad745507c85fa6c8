"""Which key phrases of a sentence become gaps, and what gives the others away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.generator.narrowing import is_long, narrow
from cards.generator.typed_cloze import MAX_ORDINAL
from cards.model import Deletion, Prose, Run
from cards.model.measures import (
    GIVEN_AWAY,
    MAX_PHRASE_CJK,
    MAX_PHRASE_WORDS,
    MIN_WORDS_LEFT,
    MIN_WORDS_LEFT_OF_LONG,
    SHORT_PHRASE_WORDS,
)
from cards.model.prose import plain, squeeze
from cards.parser.filters import PHRASE
from cards.text import vocabulary
from cards.text.stems import content_stems, stem, stems, stems_in
from cards.text.words import asks, cjk, count, ends_with_colon, stands_in, words

_NEAR = 120  # characters beside a phrase in which its sentence nearly always has words enough
_NAMES = "ends in a colon: it names what follows"
_QUESTION = "stands in a question; mark the words that answer it"
_PART = "is the smaller part of a word"
_WHOLE = "is its whole sentence; mark the words that carry it"
_OURS = frozenset({_NAMES, _QUESTION, _PART})
_TIME = re.compile(r"[\[(]?\d{1,2}(:\d\d){1,2}(\s*[-–—]\s*\d{1,2}(:\d\d){1,2})?[\])]?")
_GLOSS = re.compile(r"\s*[(（\[](?P<gloss>[^()（）\[\]\v\n]{1,80})[)）\]]")
_BETWEEN = re.compile(r"[\s,，、/／;；&+]*(?P<word>[^\s,，、/／;；&+]*)[\s,，、/／;；&+]*")
_AROUND = ".,;:!?()[]{}\"'“”‘’„«»"
_CLOSING = "。，！？、：,.;:!?"
_LETTERS = re.compile(r"[^\W_]*")


class Span(NamedTuple):
    """A bold or highlighted span of a sentence: offsets, text, and whether it is wholly a link."""

    start: int
    end: int
    text: str
    linked: bool


class Shown(NamedTuple):
    """What stands on the front of a card beside its sentence: title and parents, headings, the label."""

    fixed: tuple[str, ...]
    headings: tuple[str, ...]
    label: str | None


class Gap(Struct, frozen=True):
    """A phrase with the reason why it is no gap. A `lasting` reason is one of ours: a card that has the gap keeps it.

    `hides` are the headings that show the phrase and must leave the breadcrumb.
    """

    start: int
    end: int
    text: str
    refused: str = ""
    lasting: bool = False
    hides: frozenset[str] = frozenset()


def spans_of(text: Prose) -> list[Span]:
    """The bold and highlighted spans of prose without stamps."""
    found: list[Span] = []
    whole = plain(text)
    start, at, linked = -1, 0, True
    for run in (*text, Run("")):
        if run.text and not PHRASE.isdisjoint(run.marks):
            if start < 0:
                start, linked = at, True
            linked = linked and run.link is not None
        elif start >= 0:
            inner = whole[start:at]
            a, b = start + len(inner) - len(inner.lstrip()), at - (len(inner) - len(inner.rstrip()))
            if a < b:
                found.append(Span(a, b, inner.strip(), linked))
            start = -1
        at += len(run.text)
    return found


def gaps_of(spans: Sequence[Span], sentence: str, shown: Shown, language: str) -> list[Gap]:
    """Judge the phrases of a sentence, whose plain text the offsets of `spans` count in."""
    words_of = Words(sentence, language)
    times = Counter(span.text.casefold() for span in spans)  # the same phrase twice shares a deletion
    return [_judged(span, times[span.text.casefold()], words_of, shown) for span in spans]


class Words:
    """The words of a sentence by their stems, counted once for all its phrases."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language

    @cached_property
    def _stems(self) -> Counter[str]:
        return Counter(stems_in(self.text, self.language))

    @cached_property
    def _figures(self) -> Counter[str]:
        return Counter(token.strip(_AROUND) for token in self.text.split())

    def give(self, phrase: str, times: int) -> bool:
        """Whether every word of a phrase that says something also stands outside the gaps, of which it fills so many."""
        if cjk(phrase):
            return "".join(self.text.split()).casefold().count("".join(phrase.split()).casefold()) > times
        if not re.search(r"[^\W\d_]", phrase):  # a figure: `-5` is not `5`
            return self._figures[phrase.strip(_AROUND)] > times
        hidden = Counter(stems_in(phrase, self.language))
        said = _telling(phrase, self.language)
        return bool(said) and all(self._stems[each] > times * hidden[each] for each in said)


def _judged(span: Span, times: int, words_of: Words, shown: Shown) -> Gap:
    sentence, language = words_of.text, words_of.language
    whole = squeeze(span.text)
    if reason := _is_no_phrase(span, sentence):
        return Gap(span.start, span.end, whole, reason, lasting=reason in _OURS)
    a, b = narrow(span.text, language)
    start, end = span.start + a, span.start + b
    end = _with_gloss(sentence, start, end, language)
    gap = Gap(start, end, squeeze(sentence[start:end]))
    reason, lasting = _is_too_long(gap, sentence), True
    if not reason and (left := _words_left(gap, sentence)) < MIN_WORDS_LEFT:
        reason = f"leaves fewer than {MIN_WORDS_LEFT} words of its sentence" if left else _WHOLE
        lasting = end > span.end  # without its gloss it was a gap once
        gap = Gap(span.start, span.end, whole) if lasting else gap
    if reason:
        all_of_it = not _words_left(Gap(span.start, span.end, whole), sentence)
        return replace(gap, text=whole if all_of_it else gap.text, refused=_WHOLE if all_of_it else reason, lasting=lasting)
    if _is_stress(gap.text):
        return replace(gap, refused="is a lone function or stress word", lasting=gap.text.isupper())
    if _says_nothing(gap.text, language):
        return replace(gap, refused="has nothing but function words", lasting=True)
    return _given_away(gap, times, words_of, shown)


def _is_no_phrase(span: Span, sentence: str) -> str:
    """Why a span can't be a phrase at all."""
    if not re.search(r"\w", span.text):
        return "has no words"
    if span.linked:
        return "is a link"
    if _TIME.fullmatch(span.text):
        return "is a time"
    if ends_with_colon(sentence.rstrip()):
        return "stands in a sentence that ends in a colon"
    if ends_with_colon(span.text.rstrip()):
        return _NAMES
    if _asks_throughout(sentence[: span.start] + sentence[span.end :]):
        return _QUESTION
    if _is_in_word(span, sentence):
        return _PART
    return ""


def _asks_throughout(sentence: str) -> bool:
    """Whether a sentence asks from its first word on, and not just at its end."""
    if not asks(sentence):
        return False
    said = words(sentence)
    return bool(said) and (said[0] in vocabulary.YES_NO_OPENERS or said[0] in vocabulary.QUESTION_WORDS)


def _is_in_word(span: Span, sentence: str) -> bool:
    """Whether a span is the smaller part of one word (`**ex**plore`): what is left of the word gives it away.

    Scripts that write no spaces, and particles behind a word, don't count.
    """
    if cjk(span.text) or not span.text.isalpha():
        return False
    after = _LETTERS.match(sentence, span.end)
    before = _LETTERS.match(sentence[max(0, span.start - _NEAR) : span.start][::-1])
    around = sum(len(found[0]) for found in (before, after) if found)
    return around > len(span.text)


def _is_too_long(gap: Gap, sentence: str) -> str:
    """Why a gap is too long to be recalled."""
    if count(gap.text) > MAX_PHRASE_WORDS or cjk(gap.text) > MAX_PHRASE_CJK:
        return f"is longer than {MAX_PHRASE_WORDS} words; mark the two or three that carry it"
    if is_long(gap.text) and _words_left(gap, sentence) < MIN_WORDS_LEFT_OF_LONG:
        return (
            f"is longer than {SHORT_PHRASE_WORDS} words and leaves fewer than {MIN_WORDS_LEFT_OF_LONG} of its sentence; "
            "mark the two or three that carry it"
        )
    return ""


def _words_left(gap: Gap, sentence: str) -> int:
    """How many words stand beside a gap, so far as it matters."""
    left = count(f"{sentence[max(0, gap.start - _NEAR) : gap.start]} {sentence[gap.end : gap.end + _NEAR]}")
    if left >= MIN_WORDS_LEFT_OF_LONG:  # most sentences have more beside a phrase than there is to count
        return left
    return count(f"{sentence[: gap.start]} {sentence[gap.end :]}")


def _is_stress(text: str) -> bool:
    found = words(text)
    if cjk(text):
        return squeeze(text).strip(_CLOSING) in vocabulary.STRESS_WORDS
    if len(found) != 1:
        return False
    return found[0] in vocabulary.STRESS_WORDS or (text.isupper() and found[0] in vocabulary.SHOUTED_WORDS)


def _says_nothing(text: str, language: str) -> bool:
    """Whether a phrase of several words has none that says something (`have to be`)."""
    return len(text.split()) > 1 and text.islower() and not cjk(text) and not _telling(text, language)


def _with_gloss(sentence: str, start: int, end: int, language: str) -> int:
    """Where a gap ends with the gloss in brackets behind it that says the same again, or abbreviates it."""
    match = _GLOSS.match(sentence, end)
    if match is None:
        return end
    phrase, gloss = sentence[start:end], match["gloss"]
    said, again = content_stems(phrase, language), content_stems(gloss, language)
    repeats = bool(said and again) and 2 * len(said & again) >= min(len(said), len(again))
    return match.end() if repeats or _abbreviates(gloss, phrase) or _abbreviates(phrase, gloss) else end


def _abbreviates(short: str, long: str) -> bool:
    """Whether a text is made of the first letters of another."""
    letters = "".join(char for char in short if char.isalpha())
    if not 2 <= len(letters) <= 8 or " " in short.strip() or not any(char.isupper() for char in letters):
        return False
    initials = "".join(part[0] for part in re.findall(r"[^\W\d_]+", long))
    small = letters.casefold().removesuffix("s")
    return initials.casefold().startswith(letters.casefold()) or initials.casefold() == small


# ---------------------------------------------------------------------------------------------------- given away


def _given_away(gap: Gap, times: int, words_of: Words, shown: Shown) -> Gap:
    """The gap with the reason if it can be read off the card, or with the headings that must leave the breadcrumb."""
    language = words_of.language

    def no(reason: str) -> Gap:
        return replace(gap, refused=reason, lasting=True)

    if any(stands_in(gap.text, part) for part in shown.fixed):
        return no("stands in the breadcrumb")
    if shown.label and stands_in(gap.text, shown.label):
        return no("stands in the label")
    if words_of.give(gap.text, times):
        return no("can be read off the rest of its sentence")
    label = (shown.label,) if shown.label else ()
    if mostly_in(gap.text, (*shown.fixed, *label), language):
        return no("can be read off the breadcrumb or the label")
    hides = {part for part in shown.headings if stands_in(gap.text, part)}
    if mostly_in(gap.text, (*shown.fixed, *shown.headings, *label), language):
        said = content_stems(gap.text, language)
        hides |= {part for part in shown.headings if said & stems(part, language)}
    return replace(gap, hides=frozenset(hides))


def given_by(phrase: str, rest: str, language: str) -> bool:
    """Whether every word of a phrase that says something stands in another text, by its stem."""
    return Words(rest, language).give(phrase, 0)


def mostly_in(phrase: str, parts: Sequence[str], language: str) -> bool:
    """Whether two thirds of the words of a phrase that say something stand in the breadcrumb, by their stems."""
    said = _telling(phrase, language)
    if not said:
        return False
    seen = frozenset().union(*(stems(part, language) for part in parts))
    return len(said & seen) >= GIVEN_AWAY * len(said)


def _telling(phrase: str, language: str) -> frozenset[str]:
    """The stems of the words that say something; “itself” and the like say nothing."""
    return content_stems(phrase, language) - _reflexive(language)


@lru_cache(maxsize=64)
def _reflexive(language: str) -> frozenset[str]:
    return frozenset(stem(word, language) for word in vocabulary.REFLEXIVE_WORDS)


# ---------------------------------------------------------------------------------------------------- numbers


def numbered(gaps: Sequence[Gap], sentence: str, language: str) -> tuple[Deletion, ...]:
    """Deletions with ordinals in reading order: the same phrase twice shares one, and two side by side that are a pair.

    A refused gap that a card may have already comes with the ordinal 0.
    """
    wanted = [gap for gap in gaps if not gap.refused]
    partners = _pairs(wanted, sentence, language)
    ordinals: dict[str, int] = {}
    out: list[Deletion] = []
    for gap in gaps:
        if gap.refused:
            if gap.lasting:
                out.append(Deletion(0, gap.start, gap.end, gap.text, refused=gap.refused))
            continue
        key = gap.text.casefold()
        if key not in ordinals:
            ordinals[key] = ordinals.get(partners.get(key, ""), 0) or max(ordinals.values(), default=0) + 1
        if ordinals[key] <= MAX_ORDINAL:
            out.append(Deletion(ordinals[key], gap.start, gap.end, gap.text))
    return tuple(out)


def _pairs(gaps: Sequence[Gap], sentence: str, language: str) -> dict[str, str]:
    """The phrases that are the second of exactly two in a row, with the first."""
    joined = [_are_joined(sentence[one.end : other.start], language) for one, other in pairwise(gaps)]
    texts = [gap.text.casefold() for gap in gaps]
    found: dict[str, str] = {}
    for n, joins in enumerate(joined):
        alone = not (n and joined[n - 1]) and not (n + 1 < len(joined) and joined[n + 1])
        if joins and alone and texts.count(texts[n]) == 1 == texts.count(texts[n + 1]):
            found[texts[n + 1]] = texts[n]
    return found


def _are_joined(between: str, language: str) -> bool:
    """Whether what stands between two gaps is a comma, a slash, “and” or “or”."""
    match = _BETWEEN.fullmatch(between)
    if match is None or not between.strip():
        return False
    return not match["word"] or match["word"].casefold() in vocabulary.JOINING_WORDS.get(language, ())
