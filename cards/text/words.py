"""Split, count and find words in any script."""

from __future__ import annotations

import re
from functools import lru_cache

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:[-'’.·/&+][^\W_]+)*[+#]*")
_ASCII_WORD = re.compile(_WORD.pattern, re.A)  # finds the same in a text of ASCII, and sooner
_ASKS = re.compile(r"[?？؟][\"'”’»」』)）\s]*$")
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}


@lru_cache(maxsize=8192)  # titles, headings and labels are asked for with each phrase below them
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, case folded, with number words up to twenty as digits; `mother-in-law` is one word."""
    text = text.replace("’", "'")
    found = map(str.casefold, (_ASCII_WORD if text.isascii() else _WORD).findall(text))
    return tuple([_NUMBERS.get(word, word) for word in found])


@lru_cache(maxsize=1024)
def count(text: str) -> int:
    """Count the words of a text; two CJK characters count as one word."""
    if text.isascii():
        return len(_ASCII_WORD.findall(text))
    return len(_WORD.findall(_CJK.sub(" ", text))) + (cjk(text) + 1) // 2


def cjk(text: str) -> int:
    """Count the CJK characters of a text."""
    return 0 if text.isascii() else len(_CJK.findall(text))


def stands_in(phrase: str, text: str) -> bool:
    """Whether a text contains a phrase as whole words. CJK text has no spaces, so there characters are compared."""
    if _CJK.search(phrase):
        return "".join(phrase.split()).casefold() in "".join(text.split()).casefold()
    needle, haystack = words(phrase), words(text)
    return bool(needle) and any(haystack[i : i + len(needle)] == needle for i in range(len(haystack) - len(needle) + 1))


def asks(text: str) -> bool:
    """Whether a text ends in a question mark, closing quotes and brackets aside."""
    return bool(_ASKS.search(text))


def line_asks(text: str) -> bool:
    """Whether a line of a text ends in a question mark."""
    return any(mark in text for mark in "?？؟") and any(map(asks, re.split(r"[\n\v]", text)))


def ends_with_colon(text: str) -> bool:
    """Whether a text ends in a colon, of any width."""
    return text.endswith((":", "："))
