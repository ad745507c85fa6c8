"""Similarity of cards and phrases, from 0 to 100.

The thresholds were measured, see `benchmarks/README.md`; the weights in the formulas were set by hand.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct
from rapidfuzz import fuzz

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

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


class Features(Struct, frozen=True, array_like=True):
    """The texts that similarity is measured by, normalised: question and answer of a `qa`, sentence and phrases of a cloze."""

    ask: str
    text: str
    phrases: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """Reduce a text to its words, case-folded and NFKC-normalised, without white space and punctuation."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def score(old: Features, new: Features, *, asked_once: bool = False, elsewhere: bool = False) -> float:
    """Score the similarity of two cards of one kind, from 0 to 100.

    `asked_once`: each question is unique in its note, so the same question marks the same card even if its answer was
    rewritten. `elsewhere`: the cards are not in the same place; then a shared phrase does not raise the score.
    """
    if old.ask or new.ask:
        return _qa_score(old, new, asked_once)
    return _cloze_score(old, new, elsewhere)


def _qa_score(old: Features, new: Features, asked_once: bool) -> float:
    ask = fuzz.ratio(old.ask, new.ask)
    text = fuzz.ratio(old.text, new.text)
    both = 0.4 * ask + 0.6 * text
    if old.ask == new.ask and asked_once:
        both = max(both, 60 + 0.4 * text)
    elif old.text == new.text and len(old.text) >= 20:
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
    phrases = max((fuzz.ratio(a, b) for a in old.phrases for b in new.phrases), default=0.0)
    # after a split or a join one sentence contains the other, and the phrase with it
    part = fuzz.partial_ratio(old.text, new.text)
    return max(whole, 0.55 * part + 0.35 * phrases if phrases >= 80 else 0.0)


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
