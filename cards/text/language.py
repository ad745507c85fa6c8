"""Detect the language of a text by its script, else by its most common words; enough to choose a sentence splitter."""

from __future__ import annotations

import re
from collections import Counter

from cards.text import vocabulary

DEFAULT = "en"
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),  # before Chinese: Japanese uses Chinese characters, too
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "hy": re.compile("[\u0530-\u058f]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "uk": re.compile("[іїєґ]"),  # before Russian, which lacks these letters
    "ru": re.compile("[\u0400-\u04ff]"),
}
_DISTINCTIVE = frozenset({"ja", "uk"})  # a few of their letters are enough
_WORD = re.compile(r"[^\W\d_]+")
_NOT_LATIN = re.compile("[\u0370-\u1fff\u3040-\ud7af]")
_MANY, _FEW = 0.15, 0.03  # share of all letters; low, because names and terms are often written in Latin letters
_SMALL_WORDS = 0.1  # share of all words; in running text it is a quarter or more


def language_of(text: str) -> str:
    """Return the two-letter code of a text's language (ISO 639-1), or DEFAULT if it is unclear."""
    sample = text.casefold()
    words = _WORD.findall(sample)
    foreign = 0 if sample.isascii() else len(_NOT_LATIN.findall(sample))
    if foreign and foreign > _MANY * (letters := sum(map(len, words))):
        for code, script in _SCRIPTS.items():
            if len(script.findall(sample)) > (_FEW if code in _DISTINCTIVE else _MANY) * letters:
                return code
    counts: Counter[str] = Counter()
    for word, times in Counter(filter(vocabulary.SMALL_WORDS.__contains__, words)).items():
        for code in vocabulary.SMALL_WORDS[word]:
            counts[code] += times
    best, count = max(counts.items(), key=lambda item: item[1], default=(DEFAULT, 0))
    return best if count > max(1, counts[DEFAULT], _SMALL_WORDS * len(words)) else DEFAULT
