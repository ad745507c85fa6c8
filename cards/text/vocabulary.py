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

from cards.model.prose import squeeze

_WORDS = tomllib.loads((files("cards.text") / "vocabulary.toml").read_text(encoding="utf-8"))


def _entries(name: str) -> frozenset[str]:
    """Return the entries of a list, which `·` separates."""
    return frozenset(entry.strip() for line in _WORDS[name].splitlines() for entry in line.split("·") if entry.strip())


TAKEAWAY_HEADINGS = _entries("takeaway-headings")

SKIPPED_HEADINGS = _entries("skipped-headings")

BARE_LABELS = _entries("bare-labels")

METADATA_LABELS = _entries("metadata-labels")
INFOBOX_LABELS = METADATA_LABELS | _entries("infobox-labels")

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
YES_NO_OPENERS = frozenset(_WORDS["yes-no-openers"].split())
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

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2300-\u23ff\u2b00-\u2bff\u2190-\u21ff\u25a0-\u25ff\u3030\u303d\u3297\u3299\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+"
)
_NUMBERING = re.compile(r"^(?:[#(]?\d+(?:\.\d+)*[.):、]?|[ivxIVX]+[.)]|[A-Za-z][.)])\s+|^\d+(?:\.\d+)*[.、]\s*")
_BRACKET = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]$")
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


def matches(text: str, entries: Iterable[str]) -> bool:
    """Whether a heading is an entry, or several joined by `and`, or one followed by a preposition, a colon or brackets."""
    key = heading_key(text)
    entries = entries if isinstance(entries, frozenset | set) else frozenset(entries)
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


def is_takeaway_heading(text: str, extra: Iterable[str] = ()) -> bool:
    """Whether a heading announces takeaways: it matches the list or contains the word `takeaway` or `takeaways`."""
    return bool(_TAKEAWAY.search(heading_key(text))) or matches(text, TAKEAWAY_HEADINGS.union(extra))


def is_skipped_heading(text: str, extra: Iterable[str] = ()) -> bool:
    """Whether a heading begins a section without takeaways, such as references or an agenda."""
    return matches(text, SKIPPED_HEADINGS.union(extra))
