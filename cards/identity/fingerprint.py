"""What a card is recognised by, its guid, the ordinals of its phrases, and what the ledger remembers of it.

A guid is derived from a card's words at birth, so that an unchanged card gets its old guid again even where the ledger
is lost. The kind is part of a card: Anki cannot turn a cloze note into a basic one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.anki.render import breadcrumb
from cards.generator.typed_cloze import MAX_ORDINAL
from cards.identity.assignment import best_pairs
from cards.identity.ledger import Entry, Phrase, with_gone
from cards.identity.similarity import ASK_LENGTH, PHRASE, TEXT_LENGTH, Features, normal, phrase_score
from cards.model import CardKind, Cloze, Draft, Fields, Qa
from cards.model.blocks import block_text
from cards.model.prose import plain, squeeze

GUID_LENGTH = 13  # base32 characters: 65 bits
KEY_LENGTH = 10  # 50 bits
_EQUAL = 101.0  # above any likeness
FIRST_MOD = 1795305600  # of every new card, so that a first build does not depend on the clock; a change takes the time

How = Literal["pinned", "same", "moved", "edited", "new"]


class CardKey(Struct, frozen=True, array_like=True):
    """What a draft is recognised by: small, so that those of a whole vault can be held against a ledger at once."""

    kind: CardKind
    note: str
    line: int
    block: str
    key: str
    features: Features
    context: str  # the part that its breadcrumb makes, as `parts_of` makes it


class Match(NamedTuple):
    """Which card a draft is. `entry` is what the ledger knew of it."""

    card: CardKey
    guid: str
    entry: Entry | None
    how: How


def card_key(draft: Draft) -> CardKey:
    """What a draft is recognised by."""
    place = draft.place
    ask, words = _ask(draft), _words(draft)
    phrases = tuple(normal(each.text) for each in draft.deletions) if isinstance(draft, Cloze) else ()
    features = Features(ask[:ASK_LENGTH], words[:TEXT_LENGTH], phrases)
    key = content_key(draft.kind, ask, words)
    return CardKey(draft.kind, place.note, place.line, place.block_id or "", key, features, _part(breadcrumb(place)))


def content_key(kind: str, ask: str, words: str) -> str:
    """A hash of all the words of a question and its answer, normalised. Which of them are bold does not count."""
    return _hash(f"{kind}\x1f{ask}\x1f{words}")[:KEY_LENGTH]


def _ask(draft: Draft) -> str:
    if isinstance(draft, Cloze):
        return ""
    return normal(draft.label or plain(draft.front)) or squeeze(draft.shown).casefold()


def _words(draft: Draft) -> str:
    if isinstance(draft, Cloze):
        return normal(plain(draft.text)) or squeeze(plain(draft.text))
    return normal(" ".join(map(block_text, draft.back)))


def guid_of(kind: str, key: str, copy: int) -> str:
    return _hash(f"{kind}\x1e{copy}\x1e{key}")[:GUID_LENGTH]


def _hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()


def phrases_of(draft: Draft) -> dict[int, str]:
    """The phrases of a draft by their ordinals, which count them unless they are typed."""
    return {each.ordinal: each.text for each in draft.deletions} if isinstance(draft, Cloze) else {}


def ordinals_of(phrases: Mapping[int, str], entry: Entry | None, *, typed: bool) -> dict[int, int]:
    """For each ordinal of a draft the one that its phrase keeps for life. Those beyond what Anki shows are left out."""
    ordinals = {each: each for each in phrases} if typed else _ordinals(phrases, entry.phrases if entry else ())
    return {each: ordinal for each, ordinal in ordinals.items() if ordinal <= MAX_ORDINAL}


def with_ordinals(draft: Draft, ordinals: Mapping[int, int]) -> Draft:
    """The draft with the ordinals its phrases keep for life."""
    if isinstance(draft, Qa):
        return draft
    kept = (each for each in draft.deletions if each.ordinal in ordinals)
    return replace(draft, deletions=tuple(replace(each, ordinal=ordinals[each.ordinal]) for each in kept))


def all_phrases(phrases: Mapping[int, str], ordinals: Mapping[int, int], entry: Entry | None) -> tuple[Phrase, ...]:
    """All phrases a card ever had: those of its draft with the ordinals they keep, the others as gone."""
    now = {ordinals[each]: text for each, text in phrases.items() if each in ordinals}
    return with_gone([Phrase(*each) for each in now.items()], entry.phrases if entry else ())


def _ordinals(phrases: Mapping[int, str], known: tuple[Phrase, ...]) -> dict[int, int]:
    """For each phrase (by its place in the sentence) the ordinal it had, else the next that no phrase ever had."""
    weights: dict[tuple[int, int], float] = {}
    for place, text in phrases.items():
        for old in known:
            like = _EQUAL if normal(text) == normal(old.text) else phrase_score(old.text, text)
            # a phrase that is gone comes back as itself alone
            if like >= (_EQUAL if old.gone else PHRASE):
                weights[place, old.ordinal] = like - 0.01 * abs(place - old.ordinal) - 0.5 * old.gone
    found = dict(best_pairs(weights))
    free = max((each.ordinal for each in known), default=0) + 1
    for place in sorted(phrases):
        if place not in found:
            found[place] = free
            free += 1
    return found


# ---------------------------------------------------------------------------------------------------- what is remembered

_TOLD = Fields._fields[:6]  # `extra` is empty, and the id is no news
PARTS = (*_TOLD, "tags")
_PART_LENGTH = 4


def parts_of(fields: Sequence[str], tags: Sequence[str]) -> str:
    """Short hashes of what Anki is told of a card, one after another: by them a change is seen, and named."""
    told = (*fields[: len(_TOLD)], " ".join(tags))
    return "".join(map(_part, told))


def _part(told: str) -> str:
    return base64.b64encode(hashlib.sha256(told.encode()).digest()).decode()[:_PART_LENGTH] if told else "-" * _PART_LENGTH


def context_of(entry: Entry) -> str:
    """The part that an entry's breadcrumb made, empty where it is not known."""
    start = PARTS.index("context") * _PART_LENGTH
    return entry.parts[start : start + _PART_LENGTH]


def had_audio(entry: Entry) -> bool:
    """Whether a card had clips when it last changed."""
    start = PARTS.index("audio") * _PART_LENGTH
    return entry.parts[start : start + _PART_LENGTH] not in ("", "-" * _PART_LENGTH)


def with_audio_of(old: str, parts: str) -> str:
    """Parts without audio, with that of the old ones: a recording that is not at hand takes no clip from a card."""
    start = PARTS.index("audio") * _PART_LENGTH
    had = old[start : start + _PART_LENGTH]
    return parts[:start] + had + parts[start + _PART_LENGTH :] if had else parts


def changed_parts(old: str, new: str) -> tuple[str, ...]:
    """The names of the parts that differ."""
    step = _PART_LENGTH
    return tuple(name for n, name in enumerate(PARTS) if old[n * step : n * step + step] != new[n * step : n * step + step])


def remember(one: Match, phrases: tuple[Phrase, ...], deck: str, parts: str, now: int) -> Entry:
    """The entry of a card that is in the notes. `mod` changes only where something that Anki is told has changed."""
    card, old = one.card, one.entry
    mod = FIRST_MOD
    if old is not None:
        same = old.parts in ("", parts)  # a card recovered from Anki says nothing of its parts
        mod = old.mod if same else max(now, old.mod + 1)
    return Entry(
        guid=one.guid,
        kind=card.kind,
        deck=deck,
        note=card.note,
        line=card.line,
        key=card.key,
        ask=card.features.ask,
        text=card.features.text,
        phrases=phrases,
        parts=parts,
        mod=mod,
        born=old.born if old else now,
        retired=0,
        block=card.block,
    )


def deletions_gone(old: Entry, new: Entry) -> tuple[int, ...]:
    """The ordinals that an entry had and has no longer: Anki shows their cards as empty."""
    had = {each.ordinal for each in old.phrases if not each.gone}
    return tuple(sorted(had - {each.ordinal for each in new.phrases if not each.gone}))
