"""Words, in any script: counted, compared, found."""

from __future__ import annotations

import re

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:[-'’.·/&+][^\W_]+)*[+#]*")
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}


def words(text: str) -> list[str]:
    """The words of a text, case folded, numbers as digits; a hyphenated compound is one word."""
    return [_NUMBERS.get(word, word) for word in (match.casefold() for match in _WORD.findall(text.replace("’", "'")))]


def count(text: str) -> int:
    """How many words a text has; two CJK characters count as one."""
    characters = len(_CJK.findall(text))
    return len(_WORD.findall(_CJK.sub(" ", text))) + (characters + 1) // 2


def cjk(text: str) -> int:
    """How many CJK characters a text has."""
    return len(_CJK.findall(text))


def stands_in(phrase: str, text: str) -> bool:
    """Whether a phrase stands in a text as whole words (CJK text, which writes no spaces: as characters)."""
    if _CJK.search(phrase):
        return "".join(phrase.split()).casefold() in "".join(text.split()).casefold()
    needle, hay = words(phrase), words(text)
    return bool(needle) and any(hay[i : i + len(needle)] == needle for i in range(len(hay) - len(needle) + 1))
