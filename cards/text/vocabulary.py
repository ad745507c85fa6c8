"""Word lists that classify headings, labels and phrases. The lists are in `vocabulary.toml`.

Headings are compared by `heading_key`, which ignores case, emoji, numbers and a colon at the end. An entry also matches a
heading that goes on with a preposition or a colon: `takeaways` matches `Takeaways from the talk`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from cards.model.prose import squeeze

_WORDS = tomllib.loads((files("cards.text") / "vocabulary.toml").read_text(encoding="utf-8"))


def _split(text: str) -> list[str]:
    """Return the entries of a list, which `·` separates."""
    return [entry.strip() for line in text.splitlines() for entry in line.split("·") if entry.strip()]


def _entries(name: str) -> frozenset[str]:
    return frozenset(_split(_WORDS[name]))


TAKEAWAY_HEADINGS = _entries("takeaway-headings")

SKIPPED_HEADINGS = _entries("skipped-headings")

DEFINITION_HEADINGS = _entries("definition-headings")
MEETING_HEADINGS = _entries("meeting-headings")
CONNECTIONS_HEADINGS = _entries("connections-headings")

BARE_LABELS = _entries("bare-labels")

INFOBOX_LABELS = _entries("metadata-labels") | _entries("infobox-labels")
METADATA_LABELS = _entries("metadata-labels") | _entries("record-labels")
HIGHLIGHT_HEADINGS = _entries("highlight-headings")
NOTE_LABELS = _entries("note-labels")
TAG_LABELS = _entries("tag-labels")
RECORD_LABELS = INFOBOX_LABELS | METADATA_LABELS

TIME_LABELS = _entries("time-labels")

SPEAKERS = _entries("speakers")

SCRIPTURES = _entries("scriptures")
SCRIPTURE_NAMES = _entries("scripture-names")  # also names of people and things
CLOCK_WORDS = _entries("clock-words")
DAY_WORDS = _entries("day-words")
RATIO_WORDS = _entries("ratio-words")
DURATION_WORDS = _entries("duration-words")

STRESS_WORDS = frozenset(_WORDS["stress-words"].split())

POINTING_WORDS = frozenset(_WORDS["pointing-words"].split())
POINTING_BEFORE_VERB = frozenset(_WORDS["pointing-before-verb"].split())
POINTED_VERBS = frozenset(_WORDS["pointed-verbs"].split())
RHETORICAL_ENDS = _entries("rhetorical-ends")
YES_NO_OPENERS = frozenset(_WORDS["yes-no-openers"].split())
QUESTION_WORDS = frozenset(_WORDS["question-words"].split())
YES_NO_ENDS = tuple(_WORDS["yes-no-ends"].split())
CHOICE_WORDS = frozenset(_WORDS["choice-words"].split())
CONJUNCTIONS = frozenset(_WORDS["conjunctions"].split())
THINGS = frozenset(_WORDS["things"].split())
DEMONSTRATIVES = frozenset(_WORDS["demonstratives"].split())
YES_NO_WORDS = frozenset(_WORDS["yes-no-words"].split())

BEFORE_NUMBERS = _entries("before-numbers")
NEVER_LAST = _entries("never-last")
ABBREVIATIONS = BEFORE_NUMBERS | _entries("abbreviations")
ORDINAL_LANGUAGES = frozenset(_WORDS["ordinal-languages"].split())
SMALL_WORDS: dict[str, list[str]] = {}  # the languages in which each word is common
for _code, _words in _WORDS["small-words"].items():
    for _word in _words.split():
        SMALL_WORDS.setdefault(_word, []).append(_code)

PREPOSITIONS = frozenset(_WORDS["prepositions"].split())

SHOUTED_WORDS = frozenset(_WORDS["shouted-words"].split())  # stress in capitals only
GENITIVE_WORDS = frozenset(_WORDS["genitive-words"].split())
GENERAL_WORDS = frozenset(_WORDS["general-words"].split())
EMPTY_WORDS = (STRESS_WORDS | PREPOSITIONS | POINTING_WORDS) - frozenset(_WORDS["telling-words"].split())
REFLEXIVE_WORDS = frozenset(_WORDS["reflexive-words"].split())
JOINING_WORDS = {code: frozenset(found.split()) for code, found in _WORDS["joining-words"].items()}

LIGHT_WORDS = {code: frozenset(found.split()) for code, found in _WORDS["light-words"].items()}
LIGHT_PHRASES = {code: tuple(sorted(_split(found), key=len, reverse=True)) for code, found in _WORDS["light-phrases"].items()}
BEFORE_FIGURES, FIGURE_SCALES, FIGURE_PER = (
    tuple(sorted(_split(_WORDS["figure-words"][name]), key=len, reverse=True)) for name in ("before", "scale", "per")
)


class CardWords(NamedTuple):
    """The words that a card has of ours; `points` is a template for their number."""

    cue: str
    points: str
    recording: str
    source: str
    note: str


_CARD_WORDS = {code: CardWords(*_split(found)) for code, found in _WORDS["card-words"].items()}


def card_words(language: str) -> CardWords:
    """Return the words of a card in a language, the English ones if it is unknown."""
    return _CARD_WORDS.get(language, _CARD_WORDS["en"])


_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2300-\u23ff\u2b00-\u2bff\u2190-\u21ff\u25a0-\u25ff\u3030\u303d\u3297\u3299\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+"
)
_NUMBERING = re.compile(r"^(?:[#(]?\d+(?:\.\d+)*[.):、]?|[ivxIVX]+[.)]|[A-Za-z][.)])\s+|^\d+(?:\.\d+)*[.、]\s*")
_BRACKET = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]$")
ARTICLES = frozenset(_WORDS["articles"].split())
_ARTICLE = re.compile(rf"^(?:{'|'.join(ARTICLES)}) |^l['’]")
_AND = re.compile(r"\s*[&/+,、，]\s*|\s+(?:and|und|et|y|e|i|и|en|och|og|ve|và)\s+")
_NUMBER = re.compile(r"\b\d+\b")
_TAKEAWAY = re.compile(r"\btake-?aways?\b")


def without_emoji(text: str) -> str:
    """Remove emoji and pictographs, and the white space around them."""
    return squeeze(_EMOJI.sub(" ", text))


@lru_cache(maxsize=4096)
def heading_key(text: str) -> str:
    """Normalize a heading or label for comparison: case folded, without emoji, numbers and a colon at the end."""
    text = _NUMBERING.sub("", without_emoji(text).replace("’", "'"))
    return squeeze(_NUMBER.sub(" ", text)).strip(" :：.!-–—*_").casefold()


@lru_cache(maxsize=4096)
def matches(text: str, entries: frozenset[str]) -> bool:
    """Whether a heading is an entry, or several joined by `and`, or one followed by a preposition, a colon or brackets."""
    key = heading_key(text)
    if key in entries:
        return True
    if (bare := _BRACKET.sub("", key)) != key:
        return matches(bare, entries)
    joined = [part for part in _AND.split(key) if part]
    if len(joined) > 1 and all(matches(part, entries) for part in joined):
        return True
    before, colon, _ = key.partition(":")
    if colon and before.strip() in entries:
        return True
    words = key.split(" ")
    return any(words[i] in PREPOSITIONS and " ".join(words[:i]) in entries for i in range(1, len(words)))


def is_bare_label(text: str, bare: Iterable[str] = ()) -> bool:
    """Whether a label says nothing alone, with an article or without."""
    key = heading_key(text)
    return any(each in BARE_LABELS or each in bare for each in (key, _ARTICLE.sub("", key)))


def is_takeaway_heading(text: str, extra: tuple[str, ...] = ()) -> bool:
    """Whether a heading announces takeaways: it matches the list or contains the word `takeaway` or `takeaways`."""
    return bool(_TAKEAWAY.search(heading_key(text))) or matches(text, _with(TAKEAWAY_HEADINGS, extra))


@lru_cache(maxsize=16)
def _with(entries: frozenset[str], extra: tuple[str, ...]) -> frozenset[str]:
    return entries.union(extra)


def is_definition_heading(text: str) -> bool:
    """Whether a heading or parent announces definitions, such as a glossary."""
    return matches(text, DEFINITION_HEADINGS)


def is_connections_heading(text: str) -> bool:
    """Whether a heading begins a section that links notes to one another."""
    return matches(text, CONNECTIONS_HEADINGS)


def is_skipped_heading(text: str, extra: tuple[str, ...] = ()) -> bool:
    """Whether a heading begins a section without takeaways, such as references or an agenda."""
    return matches(text, _with(SKIPPED_HEADINGS, extra))
