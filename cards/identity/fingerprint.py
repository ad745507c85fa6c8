"""Fingerprints of cards: key, guid, ordinals of phrases, and ledger entry.

A guid is derived from the first words of a card, so an unchanged card gets the same guid even if the ledger is lost. The
kind is part of the identity, because Anki can't turn a cloze note into a basic one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
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
_EQUAL = 101.0  # above any similarity
FIRST_MOD = 1795305600  # seconds since 1970, the `mod` of every new card: so a first build does not depend on the clock

How = Literal["pinned", "same", "moved", "edited", "new"]  # the step that matched a draft


class CardKey(Struct, frozen=True, array_like=True):
    """The properties by which a draft is matched: small enough to match a whole vault at once.

    `line` is 1-based, `block` is empty without a block id, `context` is the hash of the breadcrumb, as in `parts_of`.
    """

    kind: CardKind
    note: str
    line: int
    block: str
    key: str
    features: Features
    context: str


class Match(NamedTuple):
    """A draft with its guid. `entry` is the card's ledger entry before this run, None for a new card."""

    card: CardKey
    guid: str
    entry: Entry | None
    how: How


def card_key(draft: Draft) -> CardKey:
    """Make the key by which a draft is matched."""
    place = draft.place
    ask, words = _ask(draft), _words(draft)
    phrases = tuple(normal(deletion.text) for deletion in draft.deletions) if isinstance(draft, Cloze) else ()
    features = Features(ask[:ASK_LENGTH], words[:TEXT_LENGTH], phrases)
    key = content_key(draft.kind, ask, words)
    return CardKey(draft.kind, place.note, place.line, place.block_id or "", key, features, _part(breadcrumb(place)))


def content_key(kind: str, ask: str, words: str) -> str:
    """Hash the normalised words of a question and its answer. Bold does not count."""
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
    """Derive a guid from a card's first key. `copy` counts cards with the same words, from 0."""
    return _hash(f"{kind}\x1e{copy}\x1e{key}")[:GUID_LENGTH]


def _hash(text: str) -> str:
    """Hash a text as 16 base32 characters, which are 80 bits."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()


def phrases_of(draft: Draft) -> dict[int, str]:
    """The phrases of a draft by ordinal: their number in the sentence, from 1, or the number typed in the note."""
    return {deletion.ordinal: deletion.text for deletion in draft.deletions} if isinstance(draft, Cloze) else {}


def ordinals_of(phrases: Mapping[int, str], entry: Entry | None, *, typed: bool) -> dict[int, int]:
    """Map each ordinal of a draft to the one its phrase keeps for life, without those above MAX_ORDINAL."""
    ordinals = {number: number for number in phrases} if typed else _ordinals(phrases, entry.phrases if entry else ())
    return {number: ordinal for number, ordinal in ordinals.items() if ordinal <= MAX_ORDINAL}


def with_ordinals(draft: Draft, ordinals: Mapping[int, int]) -> Draft:
    """Renumber the deletions of a draft, and drop those without an ordinal."""
    if isinstance(draft, Qa):
        return draft
    kept = (deletion for deletion in draft.deletions if deletion.ordinal in ordinals)
    return replace(draft, deletions=tuple(replace(deletion, ordinal=ordinals[deletion.ordinal]) for deletion in kept))


def all_phrases(phrases: Mapping[int, str], ordinals: Mapping[int, int], entry: Entry | None) -> tuple[Phrase, ...]:
    """All phrases a card ever had: those of its draft with their lasting ordinals, the rest as gone."""
    now = {ordinals[number]: text for number, text in phrases.items() if number in ordinals}
    return with_gone([Phrase(ordinal, text) for ordinal, text in now.items()], entry.phrases if entry else ())


def _ordinals(phrases: Mapping[int, str], before: tuple[Phrase, ...]) -> dict[int, int]:
    """Map each phrase, by its number in the sentence, to the ordinal it had, else to the next never used."""
    weights: dict[tuple[int, int], float] = {}
    for number, text in phrases.items():
        for old in before:
            similarity = _EQUAL if normal(text) == normal(old.text) else phrase_score(old.text, text)
            # only the same words bring a deleted phrase back
            if similarity >= (_EQUAL if old.gone else PHRASE):
                weights[number, old.ordinal] = similarity - 0.01 * abs(number - old.ordinal) - 0.5 * old.gone
    ordinals = dict(best_pairs(weights))
    unused = count(max((phrase.ordinal for phrase in before), default=0) + 1)
    return ordinals | {number: next(unused) for number in sorted(phrases) if number not in ordinals}


# ---------------------------------------------------------------------------------------------------- ledger entries

_HASHED = Fields._fields[:6]  # the rest can't change: `extra` is empty, `id` is the guid
PARTS = (*_HASHED, "tags")
_PART_LENGTH = 4
_NO_PART = "-" * _PART_LENGTH
_SLICES = {name: slice(n * _PART_LENGTH, (n + 1) * _PART_LENGTH) for n, name in enumerate(PARTS)}


def parts_of(fields: Sequence[str], tags: Sequence[str]) -> str:
    """Join short hashes of a card's fields and tags, in the order of PARTS; they show what changed between builds."""
    return "".join(map(_part, (*fields[: len(_HASHED)], " ".join(tags))))


@lru_cache(maxsize=1024)  # the cards of a note share most of theirs
def _part(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()[:_PART_LENGTH] if text else _NO_PART


def context_of(entry: Entry) -> str:
    """The hash of an entry's breadcrumb, empty if unknown."""
    return entry.parts[_SLICES["context"]]


def had_audio(entry: Entry) -> bool:
    """Whether a card had clips when it last changed."""
    return entry.parts[_SLICES["audio"]] not in ("", _NO_PART)


def with_audio_of(old: str, parts: str) -> str:
    """Replace the hash of the audio by the old one, since a card keeps its clips while the recording is missing."""
    audio = _SLICES["audio"]
    return parts[: audio.start] + old[audio] + parts[audio.stop :] if old[audio] else parts


def changed_parts(old: str, new: str) -> tuple[str, ...]:
    """The names of the parts that differ."""
    return tuple(name for name, part in _SLICES.items() if old[part] != new[part])


def remember(match: Match, phrases: tuple[Phrase, ...], deck: str, parts: str, now: int) -> Entry:
    """The new entry of a card in the notes. `mod` grows only if `parts` changed; `now` is seconds since 1970."""
    card, old = match.card, match.entry
    mod = FIRST_MOD
    if old is not None:
        same = old.parts in ("", parts)  # an entry recovered from Anki may have no parts
        mod = old.mod if same else max(now, old.mod + 1)
    return Entry(
        guid=match.guid,
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
    """The ordinals of deletions that an entry lost: Anki shows their cards as empty."""
    before, after = ({phrase.ordinal for phrase in entry.phrases if not phrase.gone} for entry in (old, new))
    return tuple(sorted(before - after))
