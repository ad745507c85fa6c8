"""Sentences that lean on the one before them: they begin with a word for something that was said there."""

from __future__ import annotations

from cards.text import vocabulary
from cards.text.words import words

_EXPECTING = frozenset("is was will would seems takes took makes pays helps ist war scheint est était es era".split())
_EXPLETIVES = ("it", "es", "il", "это")
_INTRODUCING = frozenset(("that", "to", "dass", "zu", "que", "de"))
_POINTING = vocabulary.POINTING_WORDS - vocabulary.POINTING_BEFORE_VERB
_ANY = vocabulary.POINTING_WORDS | vocabulary.POINTING_BEFORE_VERB | vocabulary.DEMONSTRATIVES
_BEFORE = vocabulary.CONJUNCTIONS | vocabulary.PREPOSITIONS


def leans(sentence: str, *, widely: bool = False) -> str:
    """Return the opening by which a sentence points back (`it`, `this means`), empty if it stands alone.

    With `widely` a noun may follow (`this small portion`) and one joining word precede (`in this view`): such a sentence is
    read more easily with the one before it, but may be clear without.
    """
    opening = [word.partition("'")[0] for word in words(sentence)[:7]]
    if len(opening) < 3:
        return ""
    first, second, *rest = opening
    if first in _EXPLETIVES and second in _EXPECTING and _INTRODUCING & set(rest):
        return ""  # points ahead: “it is hard to say”
    if first in _POINTING:
        return first
    if first in vocabulary.POINTING_BEFORE_VERB and second in vocabulary.POINTED_VERBS:
        return f"{first} {second}"
    if widely and first in vocabulary.DEMONSTRATIVES:
        return first
    return f"{first} {second}" if widely and first in _BEFORE and second in _ANY else ""
