"""Which language a text is in, as far as the splitting of its sentences asks: by its script, else by its small words."""

from __future__ import annotations

import re
from collections import Counter

from cards.text import vocabulary

DEFAULT = "en"
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),  # before Chinese, whose characters it shares
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "hy": re.compile("[\u0530-\u058f]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "uk": re.compile("[іїєґ]"),  # before Russian, which has no such letters
    "ru": re.compile("[\u0400-\u04ff]"),
}
_TELLING = frozenset({"ja", "uk"})  # of which a few letters tell
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile("[\u0370-\u1fff\u3040-\ud7af]")  # no Latin letter
_MANY, _FEW = 0.15, 0.03  # of all letters: beside a language's own script, names and terms are written in Latin letters
_SMALL_WORDS = 0.1  # of all words, and more than one; in running text they are a quarter and more


def language_of(text: str) -> str:
    """The two-letter code of a text's language (ISO 639-1), English where nothing tells."""
    sample = text.casefold()
    words = _WORD.findall(sample)
    if not sample.isascii():
        letters = sum(map(len, words))
        if len(_FOREIGN.findall(sample)) > _MANY * letters:
            for code, script in _SCRIPTS.items():
                if len(script.findall(sample)) > (_FEW if code in _TELLING else _MANY) * letters:
                    return code
    hits = Counter(code for word in words for code in vocabulary.SMALL_WORDS.get(word, ()))
    best, times = max(hits.items(), key=lambda hit: hit[1], default=(DEFAULT, 0))
    return best if times > max(1, hits[DEFAULT], _SMALL_WORDS * len(words)) else DEFAULT
