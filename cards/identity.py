"""Drafts → cards: who a card is.

A guid is derived from the card's content at birth, so an unchanged card gets its old guid again even where all memory
of it is lost. The kind is part of it: Anki cannot turn a cloze note into a basic one.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable

from cards.model import Cloze, Draft
from cards.prose import block_text, plain, squeeze

GUID_LENGTH = 13  # base32 characters: 65 bits


def essence(draft: Draft) -> str:
    """The words by which a draft is recognised: its question and answer without markup, stamps and case."""
    if isinstance(draft, Cloze):
        words = plain(draft.text)
        phrases = "|".join(deletion.text for deletion in draft.deletions)
        told = f"{words}\x1f{phrases}"
    else:
        told = f"{draft.label or draft.shown}\x1f{' '.join(map(block_text, draft.back))}"
    return unicodedata.normalize("NFC", squeeze(told)).casefold()


def guids(drafts: Iterable[Draft]) -> list[str]:
    """A guid for each draft, from its content alone; the second of two alike differs from the first."""
    seen: Counter[tuple[str, str]] = Counter()
    out: list[str] = []
    for draft in drafts:
        key = (draft.kind, essence(draft))
        out.append(_guid(*key, seen[key]))
        seen[key] += 1
    return out


def _guid(kind: str, told: str, copy: int) -> str:
    digest = hashlib.sha256(f"{kind}\x1e{copy}\x1e{told}".encode()).digest()
    return base64.b32encode(digest).decode()[:GUID_LENGTH].lower()
