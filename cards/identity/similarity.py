"""Similarity of cards and phrases, from 0 to 100.

The thresholds were measured, see `benchmarks/README.md`; the weights in the formulas were set by hand.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct
from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, Levenshtein

from cards.text.vocabulary import is_takeaway_heading

# thresholds of similarity
IN_NOTE = 70.0  # a card of the same note counts as edited
IN_PLACE = 60.0  # the same, if it is the only candidate between two matched neighbours
ACROSS = 80.0  # the same, for a card of another note or a retired one
PINNED = 50.0  # the same, with the same block id in another note
PHRASE = 62.0  # a phrase keeps its ordinal
HOLDS = 75.0  # at least the similarity of a phrase that contains another as whole words
NEARLY = 5.0  # a difference this small decides nothing: the match is reported as ambiguous

ASK_LENGTH, TEXT_LENGTH = 40, 100  # characters kept to measure similarity, so that the ledger stays small

_SMALL = 3  # words: a cue in which no more are others asks about another thing in the same frame
_CUE = 36  # letters: a sentence with fewer beside its gaps is short
_LONG = 6  # letters: in shorter words one more may make another name
_ALIKE = 80.0  # words this similar are one word misspelt where the answers are the same
_SAYS = 20  # characters: a shorter answer may be that of another question as well
_EQUAL = 92.0  # answers this similar, with the same numbers, are one answer

_TOKEN = re.compile(r"[\u30a0-\u30ff]+|[\u3040-\u309f\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile(_WORD.pattern, re.A)  # finds the same in a text of ASCII, and sooner
_DIGITS = re.compile(r"\d+")


class Features(Struct, frozen=True, array_like=True):
    """The texts that similarity is measured by, normalised: question and answer of a `qa`, sentence and phrases of a cloze."""

    ask: str
    text: str
    phrases: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """Reduce a text to its words, case-folded and NFKC-normalised, without white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join((_ASCII_WORD if folded.isascii() else _WORD).findall(folded))


def score(
    old: Features,
    new: Features,
    *,
    asked_once: bool = False,
    elsewhere: bool = False,
    other_context: bool = False,
) -> float:
    """Score the similarity of two cards of one kind, from 0 to 100; 0 where the same frame is about another thing.

    `asked_once`: each question is unique in its note, so the same question marks the same card even if its answer was
    rewritten. `elsewhere`: the cards are not in the same place; then a shared phrase does not raise the score.
    `other_context`: they have other breadcrumbs, so the same question may ask about another thing.
    """
    if old.ask or new.ask:
        return 0.0 if _asks_of_another(old, new) else _qa_score(old, new, asked_once, other_context)
    return 0.0 if _tells_of_another(old, new, other_context) else _cloze_score(old, new, elsewhere)


def _asks_of_another(old: Features, new: Features) -> bool:
    """Whether two labels differ in a name, a number or a word alone, and their answers differ too."""
    if not _differ_slightly(old.ask, new.ask, _ALIKE if old.text == new.text else 101):
        return False
    same_numbers = _DIGITS.findall(old.text) == _DIGITS.findall(new.text)
    return not (_is_telling(old.text) and _is_telling(new.text) and same_numbers and fuzz.ratio(old.text, new.text) >= _EQUAL)


def _tells_of_another(old: Features, new: Features, other_context: bool) -> bool:
    """Whether two sentences differ slightly outside their gaps or stand below others, and have other gaps as well."""
    several = min(len(old.phrases), len(new.phrases)) > 1  # one gap may be corrected, not all of several
    if (other_context or several) and old.phrases and new.phrases and _closest_phrases(old, new) < PHRASE:
        return True
    if any(_holds(new.text, phrase) for phrase in old.phrases) or any(_holds(old.text, phrase) for phrase in new.phrases):
        return False
    if any(_is_widened(a, b) for a in old.phrases for b in new.phrases):
        return False
    return _differ_slightly(_cue(old), _cue(new))


def _closest_phrases(old: Features, new: Features) -> float:
    """The similarity of the two most similar phrases."""
    return max((fuzz.ratio(a, b) for a in old.phrases for b in new.phrases), default=0.0)


def _cue(card: Features) -> str:
    """The sentence without its gaps."""
    text = f" {card.text} "
    for phrase in card.phrases:
        text = text.replace(phrase if _has_cjk(phrase) else f" {phrase} ", " ", 1)
    return text


def _holds(text: str, phrase: str) -> bool:
    return phrase in text if _has_cjk(phrase) else f" {phrase} " in f" {text} "


def _is_widened(one: str, other: str) -> bool:
    """Whether one phrase has more words than the other, and all of its."""
    a, b = _TOKEN.findall(one), _TOKEN.findall(other)
    return Indel.distance(a, b) == abs(len(a) - len(b))


def _has_cjk(text: str) -> bool:
    return any("\u3040" <= sign <= "\u9fff" for sign in text)


def _is_telling(answer: str) -> bool:
    """Whether an answer is long enough to tell its question; a sign of Chinese or Japanese counts twice."""
    return len(answer) + sum(map(_has_cjk, answer)) >= _SAYS


def _differ_slightly(old: str, new: str, alike: float = 101) -> bool:
    """Whether a few words are replaced in an otherwise equal frame, other than by a misspelling.

    That is one letter too many, or words that are `alike` from this similarity on.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    replaced = 0.0
    for edit in Levenshtein.opcodes(before, after):
        was, now = before[edit.src_start : edit.src_end], after[edit.dest_start : edit.dest_end]
        if edit.tag == "replace" and not all(
            _is_misspelt(one, other) or fuzz.ratio(one, other) >= alike for one, other in zip(was, now, strict=False)
        ):
            replaced += max(_size(was), _size(now))
        elif edit.tag in ("insert", "delete") and _size(was) + _size(now) > _SMALL:
            return False
    return 0 < replaced <= _SMALL


def _size(tokens: list[str]) -> float:
    """A number of words; two signs count as one."""
    return sum(0.5 if len(each) == 1 and _has_cjk(each) else 1 for each in tokens)


def _is_misspelt(one: str, other: str) -> bool:
    """Whether one long word has a letter more than the other and is the same without it."""
    return min(len(one), len(other)) >= _LONG and Indel.distance(one, other) == 1


def _qa_score(old: Features, new: Features, asked_once: bool, other_context: bool) -> float:
    ask = fuzz.ratio(old.ask, new.ask)
    text = fuzz.ratio(old.text, new.text)
    if old.ask != new.ask and (_holds(new.ask, old.ask) or _holds(old.ask, new.ask)):  # the label was widened, or cut
        ask = max(ask, HOLDS)
        if _is_telling(old.text) and _is_telling(new.text):
            text = max(text, 0.9 * fuzz.partial_ratio(old.text, new.text))
    both = 0.4 * ask + 0.6 * text
    if old.ask == new.ask and other_context:
        both = min(both, _with_same_digits(old.text, new.text))
    elif old.ask == new.ask and asked_once:
        both = max(both, 70 + 0.3 * text)
    elif old.text == new.text and _is_telling(old.text):
        both = max(both, 80 + 0.2 * ask)  # the label was reworded
    return 0.0 if both >= IN_PLACE and _is_one_a_heading_list(old, new) else both


def _is_one_a_heading_list(old: Features, new: Features) -> bool:
    """Whether exactly one of the two is a heading list; a list and its first item start with the same words."""
    whole = old.text == new.text and len(old.text) < TEXT_LENGTH
    return not whole and is_takeaway_heading(old.ask) != is_takeaway_heading(new.ask)


def _cloze_score(old: Features, new: Features, elsewhere: bool) -> float:
    whole = text = fuzz.ratio(old.text, new.text)
    if old.phrases and new.phrases:  # among similar sentences, the deleted phrase decides
        whole = 0.75 * text + 0.25 * max(_with_same_digits(a, b) for a in old.phrases for b in new.phrases)
    if elsewhere:
        whole = min(whole, text)
    if min(len(old.text), len(new.text)) < 16:
        return whole
    phrases = _closest_phrases(old, new)
    # after a split or a join one sentence contains the other, and the phrase with it
    part = fuzz.partial_ratio(old.text, new.text)
    if phrases < 80 or (_is_short(old, new) and part < 95 and fuzz.token_sort_ratio(old.text, new.text) < 80):
        return whole
    return max(whole, 0.55 * part + 0.35 * phrases)


def _is_short(old: Features, new: Features) -> bool:
    """Whether a sentence has little beside its gaps, so that their phrase alone does not say which card it is."""
    return min(len(_cue(old)), len(_cue(new))) < _CUE


def _with_same_digits(a: str, b: str) -> float:
    """Score two phrases, 40 at most if their numbers differ."""
    similarity = fuzz.ratio(a, b)
    return similarity if _DIGITS.findall(a) == _DIGITS.findall(b) else min(similarity, 40.0)


def phrase_score(old: str, new: str) -> float:
    """Score the similarity of two phrases of one card, at least HOLDS if one contains the other (bold was widened)."""
    a, b = normal(old), normal(new)
    if not a or not b:
        return 100.0 if old.casefold() == new.casefold() else 0.0
    if f" {a} " in f" {b} " or f" {b} " in f" {a} ":
        return max(HOLDS, fuzz.ratio(a, b))
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b))
