"""The text of a card's fields, as Anki holds them: HTML with gaps."""

from __future__ import annotations

import html
import re

_NUMBER = re.compile(r"\{\{c(\d+)::")
_GAP = re.compile(r"\{\{c\d+::((?:(?!\}\}).)*)\}\}", re.S)
_BREAK = re.compile(r"<(?:br|hr|/?(?:p|li|ul|ol|div|td|th|tr|pre|blockquote|h\d))\b[^>]*>")
_MARKUP = re.compile(r"<!--.*?-->|<[^>]*>", re.S)


def gaps_in(field: str) -> set[int]:
    """The numbers of the gaps in a field."""
    return {int(digits) for digits in _NUMBER.findall(field)}


def words_of(field: str) -> str:
    """The text of a field without markup, its gaps in brackets, hints and all."""
    text = _MARKUP.sub("", _BREAK.sub(" ", _GAP.sub(r"[\1]", field)))
    return " ".join(html.unescape(text).split())
