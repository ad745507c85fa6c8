"""Compare words by their stems, in the languages that Snowball has a stemmer for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

from cards.text import vocabulary
from cards.text.words import cjk, words

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_PARTS = re.compile(r"[-/·&+.]")
_ALONE = re.compile(r"[^\W_]+")


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 (the library's name)


@lru_cache(maxsize=8)
def _stemmer(language: str) -> _Stemmer | None:
    name = _ALGORITHMS.get(language)
    if name is None:
        return None
    import snowballstemmer  # type: ignore[import-untyped]  # notes without a phrase need none

    stemmer: _Stemmer = snowballstemmer.stemmer(name)
    return stemmer


@lru_cache(maxsize=32768)
def stem(word: str, language: str) -> str:
    """Return the stem of a case-folded word, the word itself in a language without a stemmer."""
    stemmer = _stemmer(language)
    return stemmer.stemWord(word) if stemmer else word


def stems_in(text: str, language: str) -> list[str]:
    """Return the stem of each word of a text in turn; `hub-and-spoke` counts as three words."""
    return [each for word in words(text) for each in _stems_of(word, language)]


@lru_cache(maxsize=8192)
def stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of all words of a text."""
    return frozenset(stems_in(text, language))


@lru_cache(maxsize=32768)
def _stems_of(word: str, language: str) -> tuple[str, ...]:
    return tuple([stem(part, language) for part in _parts(word)])


@lru_cache(maxsize=8192)
def content_stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of the words that say something by themselves; none for CJK text, which is not split into words."""
    if cjk(text):
        return frozenset()
    found = (part for word in words(text) if word not in vocabulary.EMPTY_WORDS for part in _parts(word))
    return frozenset(stem(part, language) for part in found if part not in vocabulary.EMPTY_WORDS)


def _parts(word: str) -> list[str]:
    if word[-1] in "+#":  # `C++` is not `C#`
        return [word]
    return _ALONE.findall(_PARTS.sub(" ", word)) or [word]
