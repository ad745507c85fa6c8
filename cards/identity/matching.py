"""Match drafts to the entries of the ledger: which card is each draft?

The steps, in order: block id, same words, similarity within a note (or the note it was renamed from), similarity across
notes. Each step takes the best pairing over all its candidates, never first come, first served. A draft that resembles no
entry becomes a new card. One that the rules refuse becomes none: it only finds a card that lives already.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from cards.identity.assignment import best_pairs
from cards.identity.fingerprint import CardKey, How, Match, bare_content, context_of, guid_of
from cards.identity.ledger import Entry, Ledger
from cards.identity.similarity import ACROSS, IN_NOTE, IN_PLACE, NEARLY, PINNED, Features, normal, score
from cards.model import Problem

_COMMON = 50  # entries: a word that more of them share suggests no candidate
_CANDIDATES = 20  # entries of other notes that a draft is compared with
_TELLING = 40  # characters: two longer answers that are unlike say different things
_COPIES = 20  # equal cards whose guids are looked through

# two drafts may be equal in everything, and ties go to the first: so pairs are indexes, not values
_DraftAt = int  # an index into `_Search.drafts`
_EntryAt = int  # an index into `_Search.entries`
_Weights = dict[tuple[_DraftAt, _EntryAt], float]
_Gap = tuple[str, str]  # the guids of the matched cards before and after, "" at the ends of a note
_Value = TypeVar("_Value", CardKey, Entry)


@dataclass(slots=True)
class _Search:
    """The drafts and entries of one run, the pairs made so far, and the notes known to be renamed."""

    entries: list[Entry]
    drafts: Sequence[CardKey]
    pairs: dict[_DraftAt, tuple[_EntryAt, How]] = field(default_factory=dict)
    taken: set[_EntryAt] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def pair(self, draft_at: _DraftAt, entry_at: _EntryAt, how: How) -> None:
        self.pairs[draft_at] = (entry_at, how)
        self.taken.add(entry_at)

    def part(self, draft_at: _DraftAt) -> How:
        """Undo a pair; return how it was found."""
        entry_at, how = self.pairs.pop(draft_at)
        self.taken.remove(entry_at)
        return how

    def free_drafts(self) -> list[tuple[_DraftAt, CardKey]]:
        return [(draft_at, draft) for draft_at, draft in enumerate(self.drafts) if draft_at not in self.pairs]

    def free_entries(self) -> list[tuple[_EntryAt, Entry]]:
        return [(entry_at, entry) for entry_at, entry in enumerate(self.entries) if entry_at not in self.taken]

    def note_of(self, entry: Entry) -> str:
        """The path of an entry's note today."""
        return self.renamed.get(entry.note, entry.note)


def match_drafts(
    drafts: Sequence[CardKey], ledger: Ledger, may_be_claimed: Callable[[Entry], bool]
) -> tuple[list[Match | None], list[Problem]]:
    """Match each draft to an entry of the ledger or to a new guid, in the order of the drafts.

    A refused draft without a living entry has no match. `may_be_claimed` excludes entries, such as those of notes outside this
    run. The problems name drafts with two equally likely entries.
    """
    search = _Search(sorted(filter(may_be_claimed, ledger.values()), key=_place), drafts)
    _by_former_reading(search)
    _by_block_id(search)
    _by_words(search, _words_and_note, "same")
    _by_words(search, _words, "moved")
    _by_drawn_words(search)
    search.renamed = _renamed(search)
    _by_block_id(search)
    _by_similarity_in_notes(search)
    _by_similarity_across(search)
    if (renamed := _renamed(search)) != search.renamed:  # a note renamed with every line reworded
        search.renamed = renamed
        _by_similarity_in_notes(search)
    _reorder_equals(search)
    _prefer_older(search)
    _prefer_origins(search)
    return _matches(search, ledger), search.problems


def _may_have(draft: CardKey, entry: Entry) -> bool:
    """Whether a draft may find an entry: one that the rules refuse brings no card back."""
    return draft.born or entry.live


def _place(entry: Entry) -> tuple[bool, str, int, str]:
    return (not entry.live, entry.note, entry.line, entry.guid)


def _words(card: CardKey | Entry) -> tuple[str, ...]:
    return card.kind, card.key


def _words_and_note(card: CardKey | Entry) -> tuple[str, ...]:
    return card.kind, card.key, card.note


def _grouped(
    values: Iterable[tuple[int, _Value]], key: Callable[[_Value], tuple[str, ...]]
) -> dict[tuple[str, ...], list[int]]:
    """The indexes of values by their key."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, value in values:
        groups[key(value)].append(at)
    return groups


# ---------------------------------------------------------------------------------------------------------- the steps


def _by_former_reading(search: _Search) -> None:
    """Pair what an earlier version read otherwise with the card that it made, before today's reading takes it for edited.

    What today's reading gives as well needs no other.
    """
    former = [(at, draft) for at, draft in search.free_drafts() if draft.former]
    if not former:
        return
    entries = _grouped(((at, entry) for at, entry in search.free_entries() if entry.live), _words_and_note)
    today = Counter((_words_and_note(draft), draft.content) for _, draft in search.free_drafts() if draft.born)
    for group, drafts in _grouped(former, _words_and_note).items():
        for draft_at in drafts:
            content = search.drafts[draft_at].content
            same = [
                at
                for at in entries.get(group, ())
                if at not in search.taken and bare_content(search.entries[at].content).startswith(content)
            ]
            if len(same) > today[group, content]:
                search.pair(draft_at, same[0], "same")


def _by_block_id(search: _Search) -> None:
    """Pair drafts and entries of takeaways with the same block id.

    Without textual similarity, a block id pins a card only if the takeaway has exactly one card of that kind, before and
    after, and no draft has the old words: a sentence added to a takeaway is not the one that left it. Another note may use
    the same id for another takeaway, so across notes the words must be similar, too.
    """
    with_id = ((at, entry) for at, entry in search.free_entries() if entry.block)
    ids = _grouped(with_id, lambda entry: (entry.kind, entry.block))
    if not ids:
        return
    before: dict[tuple[str, str, str], list[_EntryAt]] = defaultdict(list)
    for entry_at, entry in enumerate(search.entries):
        if entry.block:
            group = before[entry.kind, entry.block, search.note_of(entry)]
            if entry.live or not group or not search.entries[group[0]].live:  # retired entries count if no other has the id
                group.append(entry_at)
    after = Counter((draft.kind, draft.block, draft.note) for draft in search.drafts)
    words = set(map(_words, search.drafts))
    weights: _Weights = {}
    for draft_at, draft in search.free_drafts():
        place = (draft.kind, draft.block, draft.note)
        for entry_at in ids.get(place[:2], ()):
            entry = search.entries[entry_at]
            same_note = search.note_of(entry) == draft.note
            if not _may_have(draft, entry):
                continue
            similarity = score(_features(entry), draft.features)
            only_card = before.get(place) == [entry_at] and after[place] == 1
            if similarity >= PINNED or (same_note and only_card and _words(entry) not in words):
                # similarity is 100 at most: the same note outweighs all else, then a live entry; of equals one that is born
                weights[draft_at, entry_at] = 1 + similarity + 200 * same_note + 50 * entry.live + 0.5 * draft.born
    for draft_at, entry_at in best_pairs(weights):
        search.pair(draft_at, entry_at, "pinned")


def _by_words(search: _Search, key: Callable[[CardKey | Entry], tuple[str, ...]], how: How) -> None:
    """Pair drafts and entries with the same words, and by `key` the same note: live entries before retired ones.

    Drafts that the rules refuse come last, and find live entries only.
    """
    for live, born in ((True, True), (True, False), (False, True)):
        entries = _grouped(((at, entry) for at, entry in search.free_entries() if entry.live == live), key)
        candidates = ((at, draft) for at, draft in search.free_drafts() if draft.born == born)
        for group, drafts in _grouped(candidates, key).items():
            if group in entries:
                _pair_equals(search, drafts, entries[group], how)


def _by_drawn_words(search: _Search) -> None:
    """Pair drafts whose back shows only part of a takeaway with what was recovered from a deck, which knows no more."""
    drafts = [(at, draft) for at, draft in search.free_drafts() if draft.drawn and draft.born]
    if not drafts:
        return
    entries = _grouped(((at, entry) for at, entry in search.free_entries() if not entry.content), _words)
    for draft_at, draft in drafts:
        free = (at for at in entries.get((draft.kind, draft.drawn), ()) if at not in search.taken)
        if (entry_at := next(free, None)) is not None:
            search.pair(draft_at, entry_at, "same")


def _pair_equals(search: _Search, drafts: list[_DraftAt], entries: list[_EntryAt], how: How) -> None:
    """Pair cards with the same words: first those under the same headings, then the rest in the order of the notes."""
    if len(drafts) > 1:
        drafts = sorted(drafts, key=lambda at: (search.drafts[at].note, search.drafts[at].line, at))
        draft = search.drafts[drafts[0]]
        copies = {guid_of(draft.kind, draft.key, copy): copy for copy in range(len(entries))}  # orders cards on one line

        def order(at: _EntryAt) -> tuple[tuple[bool, str, int], int]:
            entry = search.entries[at]
            return _place(entry)[:3], copies.get(entry.guid, len(copies))

        entries = sorted(entries, key=order)
    free = list(entries)
    for same_context in (True, False):
        for draft_at in drafts:
            if draft_at in search.pairs:
                continue
            draft = search.drafts[draft_at]
            contexts = (draft.context, draft.drawn_context)
            candidates = (at for at in free if not same_context or context_of(search.entries[at]) in contexts)
            if (entry_at := next(candidates, None)) is not None:
                search.pair(draft_at, entry_at, how)
                free.remove(entry_at)


def _reorder_equals(search: _Search) -> None:
    """Redo the pairs of live entries that share their words, by place alone, including cards edited or moved since."""
    live = ((at, entry) for at, entry in enumerate(search.entries) if entry.live)
    owners = {entry_at: draft_at for draft_at, (entry_at, how) in search.pairs.items() if how != "pinned"}
    pinned = search.taken - owners.keys()
    for group in _grouped(live, _words).values():
        entries = [at for at in group if at not in pinned]
        drafts = sorted(owners[at] for at in entries if at in owners)
        if len(entries) < 2 or not drafts:
            continue
        hows = {at: search.part(at) for at in drafts}
        for note in sorted({search.drafts[at].note for at in drafts}):
            in_note = [at for at in drafts if search.drafts[at].note == note]
            _pair_equals(search, in_note, [at for at in entries if search.note_of(search.entries[at]) == note], "same")
        free = [at for at in entries if at not in search.taken]
        _pair_equals(search, [at for at in drafts if at not in search.pairs], free, "moved")
        for at, how in hows.items():
            search.pairs[at] = (search.pairs[at][0], how)


def _prefer_older(search: _Search) -> None:
    """Treat copy-then-delete across two builds as a move: keep the older card."""
    live = ((at, entry) for at, entry in search.free_entries() if entry.live)
    unclaimed = _grouped(live, _words)
    copies: dict[tuple[str, ...], list[_DraftAt]] = defaultdict(list)
    for draft_at, (entry_at, how) in search.pairs.items():
        entry = search.entries[entry_at]
        if how in ("same", "moved") and entry.live and _words(entry) in unclaimed:
            copies[_words(entry)].append(draft_at)

    def age(at: _EntryAt) -> tuple[int, str]:
        return search.entries[at].born, search.entries[at].guid

    for words, drafts in copies.items():
        oldest_first = sorted(unclaimed[words], key=age)
        youngest_first = sorted(drafts, key=lambda at: age(search.pairs[at][0]), reverse=True)
        for draft_at, older in zip(youngest_first, oldest_first, strict=False):
            if search.entries[older].born < search.entries[search.pairs[draft_at][0]].born:
                search.part(draft_at)
                search.pair(draft_at, older, "moved")


def _prefer_origins(search: _Search) -> None:
    """Keep the older card also where its copy was edited, in whatever order the edits and the deletion came."""
    lost = {entry.guid: at for at, entry in search.free_entries() if entry.live}
    for draft_at, (entry_at, _) in list(search.pairs.items()) if lost else ():
        copy, draft = search.entries[entry_at], search.drafts[draft_at]
        older = lost.get(copy.origin)
        if older is None or _is_as_born(copy, draft):
            continue
        if score(_features(search.entries[older]), draft.features) >= PINNED:
            del lost[copy.origin]
            search.part(draft_at)
            search.pair(draft_at, older, "moved")


def _is_as_born(entry: Entry, draft: CardKey) -> bool:
    """Whether a card has the words that it got its guid for."""
    return entry.guid in {guid_of(draft.kind, draft.key, copy) for copy in range(_COPIES)}


def _renamed(search: _Search) -> dict[str, str]:
    """Map each note that is gone to the one that took in most of its cards: it was renamed, moved or merged."""
    present = {draft.note for draft in search.drafts}
    moves: dict[str, Counter[str]] = defaultdict(Counter)
    for draft_at, (entry_at, _) in search.pairs.items():
        entry = search.entries[entry_at]
        if entry.live and entry.note not in present:
            moves[entry.note][search.drafts[draft_at].note] += 1
    return {old: min(counts, key=lambda new: (-counts[new], new)) for old, counts in moves.items()}


def _by_similarity_in_notes(search: _Search) -> None:
    """Pair edited cards with similar entries of the same note; position decides between similar candidates."""
    entries = _grouped(search.free_entries(), lambda entry: (search.note_of(entry), entry.kind))
    drafts = _grouped(search.free_drafts(), lambda draft: (draft.note, draft.kind))
    groups = sorted(drafts.keys() & entries.keys())
    if not groups:
        return
    guids = {draft_at: search.entries[entry_at].guid for draft_at, (entry_at, _) in search.pairs.items()}
    draft_gaps = _gaps(enumerate(search.drafts), guids)
    guids = {entry_at: search.entries[entry_at].guid for entry_at in search.taken}
    entry_gaps = _gaps(((at, entry) for at, entry in enumerate(search.entries) if entry.live), guids)
    asks_before = Counter((search.note_of(entry), entry.ask) for entry in search.entries if entry.live)
    asks_now = Counter((draft.note, draft.features.ask) for draft in search.drafts)
    contexts = _lasting_contexts(search)
    for group in groups:
        note, _ = group
        entries_in = Counter(entry_gaps[at] for at in entries[group] if at in entry_gaps)
        drafts_in = Counter(draft_gaps[at] for at in drafts[group])
        weights: _Weights = {}
        for draft_at in drafts[group]:
            draft, gap = search.drafts[draft_at], draft_gaps[draft_at]
            for entry_at in entries[group]:
                entry = search.entries[entry_at]
                if not _may_have(draft, entry):
                    continue
                asked_once = asks_before[note, entry.ask] <= 1 >= asks_now[note, draft.features.ask]
                same_gap = entry_gaps.get(entry_at) == gap  # None for a retired entry
                similarity = score(
                    _features(entry),
                    draft.features,
                    asked_once=asked_once,
                    elsewhere=not entry.live,
                    other_context=_is_below_another(entry, draft, contexts[note]),
                )
                alone = same_gap and entries_in[gap] == 1 == drafts_in[gap]
                threshold = ACROSS if not entry.live else IN_PLACE if alone else IN_NOTE
                if similarity >= threshold:
                    distance = min(abs(entry.line - draft.line), 1000)
                    weights[draft_at, entry_at] = similarity + 5 * same_gap - 0.001 * distance
        _claim(search, weights)


def _lasting_contexts(search: _Search) -> dict[str, set[str]]:
    """The breadcrumbs of each note that were there before and are there now: none where its title was changed."""
    before: dict[str, set[str]] = defaultdict(set)
    for entry in search.entries:
        if entry.live:
            before[search.note_of(entry)].add(context_of(entry))
    now: dict[str, set[str]] = defaultdict(set)
    for draft in search.drafts:
        now[draft.note].add(draft.context)
    return defaultdict(set, {note: before[note] & found for note, found in now.items()})


def _is_below_another(entry: Entry, draft: CardKey, lasting: set[str]) -> bool:
    """Whether a draft stands below another heading, parent or label than an entry did.

    A changed title changes all breadcrumbs: then it takes longer texts to tell.
    """
    differs = context_of(entry) not in ("", draft.context)
    return differs and (bool(lasting) or min(len(entry.text), len(draft.features.text)) >= _TELLING)


def _by_similarity_across(search: _Search) -> None:
    """Pair cards that were moved and edited. Only cards that share uncommon words are compared."""
    by_word: dict[tuple[str, str], list[_EntryAt]] = defaultdict(list)
    for entry_at, entry in search.free_entries():
        for word in set(f"{entry.ask} {entry.text}".split()):
            by_word[entry.kind, word].append(entry_at)
    weights: _Weights = {}
    for draft_at, draft in search.free_drafts() if by_word else ():
        if not draft.born:
            continue
        shared: Counter[_EntryAt] = Counter()
        for word in set(f"{draft.features.ask} {draft.features.text}".split()):
            entries = by_word.get((draft.kind, word), ())
            if len(entries) <= _COMMON:
                shared.update(entries)
        for entry_at, _ in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:_CANDIDATES]:
            entry = search.entries[entry_at]
            similarity = score(_features(entry), draft.features, elsewhere=True)
            if similarity >= ACROSS:
                weights[draft_at, entry_at] = similarity + 5 * entry.live
    _claim(search, weights)


def _claim(search: _Search, weights: _Weights) -> None:
    """Pair the best candidates as edited cards, and report a draft that nearly fits a second entry nobody else wants."""
    for draft_at, entry_at in best_pairs(weights):
        draft, entry = search.drafts[draft_at], search.entries[entry_at]
        least = weights[draft_at, entry_at] - NEARLY
        rivals = (
            rival_at
            for (at, rival_at), weight in weights.items()
            if at == draft_at and rival_at != entry_at and weight >= least and search.entries[rival_at].key != entry.key
        )
        rival = next(rivals, None)
        if rival is not None and not any(at != draft_at and rival_at == rival for at, rival_at in weights):
            message = (
                f"this card may be an edit of either of two; it keeps the history of “{entry.ask or entry.text[:50]}” "
                f"(line {entry.line}). Give the takeaway a block id (^name) to pin it"
            )
            search.problems.append(Problem(draft.note, draft.line, "ambiguous", message))
        search.pair(draft_at, entry_at, "edited")


def _features(entry: Entry) -> Features:
    return Features(entry.ask, entry.text, tuple(normal(phrase.text) for phrase in entry.phrases if not phrase.gone))


def _gaps(cards: Iterable[tuple[int, _Value]], guids: dict[int, str]) -> dict[int, _Gap]:
    """Find between which two matched cards of its note and kind each card lies. `guids` are those of matched cards."""
    gaps: dict[int, _Gap] = {}
    by_place = sorted(cards, key=lambda item: (item[1].line, item[0]))
    for group in _grouped(by_place, lambda card: (card.note, card.kind)).values():
        before = ""
        for at in group:
            gaps[at] = (before, "")
            before = guids.get(at, before)
        after = ""
        for at in reversed(group):
            gaps[at] = (gaps[at][0], after)
            after = guids.get(at, after)
    return gaps


# --------------------------------------------------------------------------------------------------- guids


def _matches(search: _Search, ledger: Ledger) -> list[Match | None]:
    """The match of each draft, in order; an unpaired draft gets the first guid of its words that no card ever had.

    One that is refused gets none, nor does one whose takeaway has a living card that an earlier version read otherwise.
    """
    used = set(ledger)
    copies: Counter[tuple[str, str]] = Counter()
    origins = _oldest_by_words(ledger) if len(search.pairs) < len(search.drafts) else {}
    former = {(draft.note, draft.line) for at, draft in enumerate(search.drafts) if draft.former and at in search.pairs}
    matches: list[Match | None] = []
    for draft_at, draft in enumerate(search.drafts):
        if draft_at in search.pairs:
            entry_at, how = search.pairs[draft_at]
            entry = search.entries[entry_at]
            matches.append(Match(draft, entry.guid, entry, how))
            continue
        if not draft.born or (draft.note, draft.line) in former:
            matches.append(None)
            continue
        while (guid := guid_of(draft.kind, draft.key, copies[draft.kind, draft.key])) in used:
            copies[draft.kind, draft.key] += 1
        used.add(guid)
        matches.append(Match(draft, guid, None, "new", origins.get(_words(draft), "")))
    return matches


def _oldest_by_words(ledger: Ledger) -> dict[tuple[str, ...], str]:
    """The guid of the oldest living card of each wording: a new card with the same words is its copy."""
    living = sorted((entry for entry in ledger.values() if entry.live), key=lambda entry: (-entry.born, entry.guid))
    return {_words(entry): entry.guid for entry in living}
