"""Likeness of cards, and the best pairing over all of them.

How the thresholds were chosen stands in `benchmarks/README.md`, with the script that measures them; the weights of the parts
were set by hand.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct
from rapidfuzz import fuzz

from cards.text.vocabulary import is_takeaway_heading

IN_NOTE = 70.0  # likeness from which a card of the same note is taken for an edited one
IN_PLACE = 60.0  # the same where it is the only one of its kind between two known neighbours
ACROSS = 80.0  # the same for a card that comes from another note, or from the retired
PINNED = 50.0  # the same where it has the block id as well, in another note
PHRASE = 62.0  # likeness from which a phrase keeps its ordinal
HOLDS = 75.0  # likeness of a phrase that holds another as whole words
NEARLY = 5.0  # two likenesses this near are told apart by luck, which is reported

ASK_LENGTH, TEXT_LENGTH = 40, 100  # characters kept for likeness: the ledger has to stay small

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


class Features(Struct, frozen=True, array_like=True):
    """What likeness is judged by: the label or heading and the answer of a `qa`, the sentence and phrases of a cloze."""

    ask: str
    text: str
    phrases: tuple[str, ...] = ()


@lru_cache(maxsize=65536)
def normal(text: str) -> str:
    """A text as it counts for identity: its words, case folded; white space, punctuation and accents' spelling do not."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def score(old: Features, new: Features, *, asked_once: bool = False, elsewhere: bool = False) -> float:
    """How like two cards of one kind are, from 0 to 100.

    `asked_once` says that no other card of the note asks what the old one asks, nor what the new one does: then the same
    question is the same card even where its answer was rewritten. `elsewhere` says that no place speaks for them: then a
    phrase that two sentences share makes them no liker.
    """
    if old.ask or new.ask:
        return _of_qa(old, new, asked_once)
    return _of_cloze(old, new, elsewhere)


def _of_qa(old: Features, new: Features, asked_once: bool) -> float:
    ask = fuzz.ratio(old.ask, new.ask)
    text = fuzz.ratio(old.text, new.text)
    both = 0.4 * ask + 0.6 * text
    if old.ask == new.ask and asked_once:
        both = max(both, 60 + 0.4 * text)
    elif old.text == new.text and len(old.text) >= 20:
        both = max(both, 80 + 0.2 * ask)  # the label was reworded
    return 0.0 if both >= IN_PLACE and _is_only_one_a_list(old, new) else both


def _is_only_one_a_list(old: Features, new: Features) -> bool:
    """Whether one is a list under a takeaway heading and the other, it may be, one of its items: they begin alike."""
    whole = old.text == new.text and len(old.text) < TEXT_LENGTH
    return not whole and is_takeaway_heading(old.ask) != is_takeaway_heading(new.ask)


def _of_cloze(old: Features, new: Features, elsewhere: bool) -> float:
    whole = text = fuzz.ratio(old.text, new.text)
    if old.phrases and new.phrases:  # of sentences that are alike the phrase tells which one it is
        whole = 0.75 * text + 0.25 * max(_of_phrases(a, b) for a in old.phrases for b in new.phrases)
    if elsewhere:
        whole = min(whole, text)
    if min(len(old.text), len(new.text)) < 16:
        return whole
    phrases = max((fuzz.ratio(a, b) for a in old.phrases for b in new.phrases), default=0.0)
    # a sentence that was split or joined holds the other one, and the phrase moved with it
    part = fuzz.partial_ratio(old.text, new.text)
    return max(whole, 0.55 * part + 0.35 * phrases if phrases >= 80 else 0.0)


def _of_phrases(a: str, b: str) -> float:
    """How like two phrases of different sentences are; other numbers make another phrase."""
    like = fuzz.ratio(a, b)
    return like if _DIGITS.findall(a) == _DIGITS.findall(b) else min(like, 40.0)


def phrase_score(old: str, new: str) -> float:
    """How like two phrases are; one that holds the other, as when bold is widened, stays itself."""
    a, b = normal(old), normal(new)
    if not a or not b:
        return 100.0 if old.casefold() == new.casefold() else 0.0
    if f" {a} " in f" {b} " or f" {b} " in f" {a} ":
        return max(HOLDS, fuzz.ratio(a, b))
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b))
