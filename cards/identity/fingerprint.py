"""Fingerprints of cards: key, guid, ordinals of phrases, and ledger entry.

A guid is derived from the first words of a card, so an unchanged card gets the same guid even if the ledger is lost. The
kind is part of the identity, because Anki can't turn a cloze note into a basic one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from cards.anki.render import breadcrumb, without_footnotes
from cards.anki.render import context as shown_context
from cards.generator.typed_cloze import MAX_ORDINAL
from cards.identity.assignment import best_pairs
from cards.identity.ledger import Entry, Phrase, with_gone
from cards.identity.similarity import ASK_LENGTH, PHRASE, TEXT_LENGTH, Features, normal, phrase_score
from cards.model import READ_OTHERWISE, AnkiNote, Block, CardKind, Cloze, Deletion, Draft, Fields, Qa
from cards.model.blocks import block_text
from cards.model.prose import plain, squeeze
from cards.timestamps.providers import moments

GUID_LENGTH = 13  # base32 characters: 65 bits
KEY_LENGTH = 10  # 50 bits
CONTENT_LENGTH = 8  # 40 bits
READING = "="  # begins the hash of a content as the second version of the rules reads it
_EQUAL = 101.0  # above any similarity
FIRST_MOD = 1795305600  # seconds since 1970, the `mod` of every new card: so a first build does not depend on the clock

How = Literal["pinned", "same", "moved", "edited", "new"]  # the step that matched a draft


class CardKey(Struct, frozen=True, array_like=True):
    """The properties by which a draft is matched: small enough to match a whole vault at once.

    `line` is 1-based, `block` is empty without a block id, `context` is the hash of the breadcrumb, as in `parts_of`.
    `content` is a hash of the takeaway as written and of the places in the recording that the card has. `born` is False if
    the rules refuse the draft: it only finds a card that lives already. It is `former` if only an earlier version read it so.
    `drawn` is the key of what the card shows, if that is less than the takeaway, and `drawn_context` the hash of what it shows
    of the breadcrumb: all that a deck can tell.
    """

    kind: CardKind
    note: str
    line: int
    block: str
    key: str
    features: Features
    context: str
    content: str
    born: bool = True
    former: bool = False
    drawn: str = ""
    drawn_context: str = ""


class DraftPhrase(Struct, frozen=True, array_like=True):
    """The text of a deletion and its ordinal in the draft, 0 if the rules refuse it."""

    ordinal: int
    text: str


class Match(NamedTuple):
    """A draft with its guid. `entry` is the card's ledger entry before this run, None for a new card.

    `origin` is the guid of an older card with the same words, of which a new card is a copy.
    """

    card: CardKey
    guid: str
    entry: Entry | None
    how: How
    origin: str = ""


def card_key(draft: Draft) -> CardKey:
    """Make the key by which a draft is matched."""
    place = draft.place
    ask, text = _ask(draft), _text(draft)
    words = normal(text) or (squeeze(text) if isinstance(draft, Cloze) else "")
    phrases = tuple(normal(deletion.text) for deletion in draft.deletions) if isinstance(draft, Cloze) else ()
    features = Features(ask[:ASK_LENGTH], words[:TEXT_LENGTH], phrases)
    key = content_key(draft.kind, ask, words)
    return CardKey(
        kind=draft.kind,
        note=place.note,
        line=place.line,
        block=place.block_id or "",
        key=key,
        features=features,
        context=_part(breadcrumb(place)),
        content=_hash(f"{place.content}\x1f{moments(place.stamps)}")[:CONTENT_LENGTH],
        born=not draft.refused,
        former=draft.refused == READ_OTHERWISE,
        drawn=_drawn_key(draft, ask, text),
        drawn_context=_part(shown_context(place)),
    )


def _drawn_key(draft: Draft, ask: str, text: str) -> str:
    """The key of the words that a deck shows, empty if they are all there are, which is `text`."""
    shown = without_footnotes(_text_of(draft.back) if isinstance(draft, Qa) and draft.whole else text)
    return content_key(draft.kind, ask, normal(shown)) if shown != text else ""


def content_key(kind: str, ask: str, words: str) -> str:
    """Hash the normalised words of a question and its answer. Bold does not count."""
    return _hash(f"{kind}\x1f{ask}\x1f{words}")[:KEY_LENGTH]


def _ask(draft: Draft) -> str:
    if isinstance(draft, Cloze):
        return ""
    return normal(draft.label or plain(draft.front)) or squeeze(draft.shown).casefold()


def _text(draft: Draft) -> str:
    """All words of a sentence or an answer."""
    return plain(draft.text) if isinstance(draft, Cloze) else _text_of(draft.whole or draft.back)


def _text_of(blocks: Iterable[Block]) -> str:
    return " ".join(map(block_text, blocks))


def guid_of(kind: str, key: str, copy: int) -> str:
    """Derive a guid from a card's first key. `copy` counts cards with the same words, from 0."""
    return _hash(f"{kind}\x1e{copy}\x1e{key}")[:GUID_LENGTH]


def _hash(text: str) -> str:
    """Hash a text as 16 base32 characters, which are 80 bits."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()


def phrases_of(draft: Draft) -> tuple[DraftPhrase, ...]:
    """The phrases of a draft in reading order; the same phrase twice is one."""
    if isinstance(draft, Qa):
        return ()
    if draft.typed:
        return tuple({each.ordinal: DraftPhrase(each.ordinal, each.text) for each in draft.deletions}.values())
    return tuple({_phrase_key(each): DraftPhrase(each.ordinal, each.text) for each in draft.deletions}.values())


def _phrase_key(phrase: DraftPhrase | Deletion) -> tuple[int, str]:
    return phrase.ordinal, phrase.text.casefold()


def ordinals_of(phrases: Sequence[DraftPhrase], entry: Entry | None, *, typed: bool, refresh: bool = False) -> tuple[int, ...]:
    """The ordinal that each phrase of a draft keeps for life; 0 if it is no deletion of the card.

    A phrase that the rules refuse is one only if the card has it, and not after a `refresh`.
    """
    if typed:
        found = [phrase.ordinal for phrase in phrases]
    else:
        found = _ordinals(phrases, entry.phrases if entry else (), refresh=refresh)
    return tuple(ordinal if ordinal <= MAX_ORDINAL else 0 for ordinal in found)


def delivered_ordinals(wanted: tuple[int, ...], match: Match) -> tuple[int, ...]:
    """The ordinals that a card is delivered with, of those that the rules want.

    Where its takeaway is what it was, its note is not delivered, so a new gap waits: its card would be empty.
    """
    entry = match.entry
    if entry is None or not entry.live or not entry.content:
        return wanted
    if not bare_content(entry.content).startswith(match.card.content):
        return wanted
    known = {phrase.ordinal for phrase in entry.phrases if not phrase.gone}
    return tuple(ordinal if ordinal in known else 0 for ordinal in wanted)


def with_ordinals(draft: Draft, phrases: Sequence[DraftPhrase], ordinals: Sequence[int]) -> Draft:
    """Give the deletions of a draft the ordinals of its phrases, and drop those without one."""
    if isinstance(draft, Qa) or draft.typed:
        return draft
    known = {_phrase_key(phrase): ordinal for phrase, ordinal in zip(phrases, ordinals, strict=True)}
    numbered = (replace(deletion, ordinal=known[_phrase_key(deletion)]) for deletion in draft.deletions)
    return replace(draft, deletions=tuple(deletion for deletion in numbered if deletion.ordinal))


def all_phrases(phrases: Sequence[DraftPhrase], ordinals: Sequence[int], entry: Entry | None) -> tuple[Phrase, ...]:
    """All phrases a card ever had: those of its draft with their lasting ordinals, the rest as gone."""
    now = [Phrase(ordinal, phrase.text) for phrase, ordinal in zip(phrases, ordinals, strict=True) if ordinal]
    return with_gone(now, entry.phrases if entry else ())


def _ordinals(phrases: Sequence[DraftPhrase], before: Sequence[Phrase], *, refresh: bool) -> list[int]:
    """The ordinal that each phrase had, else that of its partner, else the next never used; 0 for one refused and unknown."""
    weights: dict[tuple[int, int], float] = {}
    for at, phrase in enumerate(phrases):
        if refresh and not phrase.ordinal:
            continue
        for old_at, old in enumerate(before):
            similarity = _EQUAL if normal(phrase.text) == normal(old.text) else phrase_score(old.text, phrase.text)
            similarity += phrase.text == old.text  # `C++` and `C#` have the same words
            # only the same words bring a deleted phrase back
            if similarity >= (_EQUAL if old.gone else PHRASE) and (phrase.ordinal or not old.gone):
                place = 0.01 * abs(at + 1 - old.ordinal)
                refused = 0.4 * (not phrase.ordinal)  # of two with the same words the one that is made has the number
                weights[at, old_at] = similarity - place - 0.5 * old.gone - refused
    found = {at: before[old_at].ordinal for at, old_at in best_pairs(weights)}
    unused = count(max((phrase.ordinal for phrase in before), default=0) + 1)
    for at, phrase in sorted(enumerate(phrases), key=lambda each: each[1].ordinal):
        if phrase.ordinal and at not in found:
            partners = (found[n] for n, other in enumerate(phrases) if other.ordinal == phrase.ordinal and n in found)
            found[at] = next(partners, 0) or next(unused)
    return [found.get(at, 0) for at in range(len(phrases))]


# ---------------------------------------------------------------------------------------------------- ledger entries

_HASHED = Fields._fields[:6]  # the rest can't change: `extra` is empty, `id` is the guid
PARTS = (*_HASHED, "tags")
_PART_LENGTH = 4
_NO_PART = "-" * _PART_LENGTH
_SLICES = {name: slice(n * _PART_LENGTH, (n + 1) * _PART_LENGTH) for n, name in enumerate(PARTS)}


def parts_of(fields: Sequence[str], tags: Sequence[str]) -> str:
    """Join short hashes of a card's fields and tags, in the order of PARTS; they show what changed between builds."""
    return "".join(map(_part, (*fields[: len(_HASHED)], " ".join(tags))))


def part(parts: str, name: str) -> str:
    """The hash of one of PARTS, empty if it is not known."""
    return parts[_SLICES[name]]


@lru_cache(maxsize=1024)  # the cards of a note share most of theirs
def _part(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()[:_PART_LENGTH] if text else _NO_PART


def context_of(entry: Entry) -> str:
    """The hash of an entry's breadcrumb in the notes, empty if unknown."""
    return entry.context or entry.parts[_SLICES["context"]]


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


def content_of(match: Match, tags: Iterable[str] | None, media: Iterable[str]) -> str:
    """Hash a card's content: the hash of its takeaway, then one of the note's own `tags` and the names of its `media`.

    Without `tags` the frontmatter can't be read, and so neither can the recording: a card of the same words keeps the hash that
    it had, any other the second part of it.
    """
    card, old = match.card, match.entry
    if tags is None and old and old.content:
        same = old.key in (card.key, card.drawn)
        return old.content if same else READING + card.content + bare_content(old.content)[len(card.content) :]
    return READING + card.content + _part("\x1f".join((*(tags or ()), "", *media)))


def bare_content(content: str) -> str:
    """A content hash without the mark of the reading that it was made by."""
    return content.removeprefix(READING)


def remember(
    match: Match,
    phrases: tuple[Phrase, ...],
    *,
    deck: str,
    parts: str,
    content: str,
    now: int,
    refresh: bool = False,
) -> Entry:
    """The new entry of a card in the notes; `now` is seconds since 1970.

    `mod` grows only if the content changed, or the clips that it plays. What a newer version or another title draws otherwise
    waits for that, or for a `refresh`: until then the entry keeps the `parts` that were delivered.
    """
    card, old = match.card, match.entry
    changed = old is not None and (
        _has_changed(old, card, phrases, parts, content) or (refresh and old.parts not in ("", parts))
    )
    mod = FIRST_MOD if old is None else max(now, old.mod + 1) if changed else old.mod
    delivered = parts if old is None or changed or not old.parts else old.parts
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
        parts=delivered,
        mod=mod,
        born=old.born if old else now,
        retired=0,
        block=card.block,
        content=content,
        origin=old.origin if old else match.origin,
        context="" if card.context == delivered[_SLICES["context"]] else card.context,
    )


def _has_changed(old: Entry, card: CardKey, phrases: Sequence[Phrase], parts: str, content: str) -> bool:
    """Whether a card has another content than its entry, or other clips.

    An entry of an older version knows no content, or that of another reading of the notes, which a new version must not take
    for an edit: there the words, ordinals and tags decide. One recovered from Anki knows nothing.
    """
    if old.content and (bare_content(old.content) == bare_content(content) or old.content.startswith(READING)):
        return bare_content(old.content) != bare_content(content) or _differ(old.parts, parts, "audio")
    other = old.key not in (card.key, card.drawn) or _living(old.phrases) != _living(phrases)
    return bool(old.parts) and (other or _differ(old.parts, parts, "tags", "audio"))


def _living(phrases: Iterable[Phrase]) -> set[int]:
    return {phrase.ordinal for phrase in phrases if not phrase.gone}


def _differ(old: str, new: str, *names: str) -> bool:
    return bool(old) and any(old[_SLICES[name]] != new[_SLICES[name]] for name in names)


def anki_note(
    entry: Entry, ordinals: Iterable[int], fields: Sequence[str], tags: tuple[str, ...], media: Iterable[str] = ()
) -> AnkiNote:
    """The Anki note of a card in the notes. `ordinals` are those of its phrases, `media` the files that its fields embed."""
    return AnkiNote(
        guid=entry.guid,
        kind=entry.kind,
        deck=entry.deck,
        tags=tags,
        fields=tuple(fields),
        ordinals=tuple(sorted({*ordinals} - {0})) if entry.kind == "cloze" else (1,),
        media=tuple(sorted(set(media))),
        mod=entry.mod,
    )


def deletions_gone(old: Entry, new: Entry) -> tuple[int, ...]:
    """The ordinals of deletions that an entry lost: Anki shows their cards as empty."""
    return tuple(sorted(_living(old.phrases) - _living(new.phrases)))
