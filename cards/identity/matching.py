"""Drafts + ledger → which card each draft is.

Match first by block id, then by its words, then by place and likeness within its note (or the note that this one
was renamed from), then across notes; always the best pairing over all of them, never first come first served. What is
too unlike is a new card.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cards.identity.assignment import best_pairs
from cards.identity.fingerprint import CardKey, How, Match, context_of, guid_of
from cards.identity.ledger import Entry, Ledger
from cards.identity.similarity import ACROSS, IN_NOTE, IN_PLACE, NEARLY, PINNED, Features, normal, score
from cards.model import Problem


@dataclass(slots=True)
class _Search:
    """The state of one recognition: who is still unclaimed, and what has been paired."""

    entries: list[Entry]
    drafts: Sequence[CardKey]
    pairs: dict[int, tuple[int, How]] = field(default_factory=dict)  # draft → entry
    taken: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def pair(self, draft: int, entry: int, how: How) -> None:
        self.pairs[draft] = (entry, how)
        self.taken.add(entry)

    def free_drafts(self) -> list[int]:
        return [i for i in range(len(self.drafts)) if i not in self.pairs]

    def free_entries(self) -> list[int]:
        return [i for i in range(len(self.entries)) if i not in self.taken]


def match_drafts(
    drafts: Sequence[CardKey], ledger: Ledger, may_be_claimed: Callable[[Entry], bool]
) -> tuple[list[Match], list[Problem]]:
    """Say who each draft is. Entries that may not be claimed (their note was not read this time) are nobody's."""
    search = _Search(sorted((e for e in ledger.values() if may_be_claimed(e)), key=_place), drafts)
    _by_block_id(search, {})
    _by_words(search)
    renamed = _renamed(search)
    _by_block_id(search, renamed)
    _by_likeness_in_notes(search, renamed)
    _by_likeness_across(search)
    _sort_equals(search, renamed)
    _by_age(search)
    return _named(search, ledger), search.problems


def _place(entry: Entry) -> tuple[bool, str, int, str]:
    return (not entry.live, entry.note, entry.line, entry.guid)


# ---------------------------------------------------------------------------------------------------------- the steps


def _by_block_id(search: _Search, renamed: Mapping[str, str]) -> None:
    """A block id pins, within its note: the cards of a takeaway with an id are those of the one that had it.

    What has no likeness is only pinned where it is the takeaway's one card of its kind, before and now, and where its old words
    stand nowhere else: a sentence that came into a takeaway is not the one that left it. In another note the same id may be
    another takeaway's, so it counts only where the words are alike as well.
    """
    ids: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in search.free_entries():
        if search.entries[i].block:
            ids[search.entries[i].kind, search.entries[i].block].append(i)
    if not ids:
        return
    before: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i, entry in enumerate(search.entries):
        if entry.block:
            held = before[entry.kind, entry.block, renamed.get(entry.note, entry.note)]
            if entry.live or not held or not search.entries[held[0]].live:  # the living come first, and count alone
                held.append(i)
    now = Counter((one.kind, one.block, one.note) for one in search.drafts)
    words = {(one.kind, one.key) for one in search.drafts}
    weights: dict[tuple[int, int], float] = {}
    for n in search.free_drafts():
        one = search.drafts[n]
        place = (one.kind, one.block, one.note)
        for i in ids.get(place[:2], ()):
            entry = search.entries[i]
            here = renamed.get(entry.note, entry.note) == one.note
            like = score(_looks(entry), one.features)
            sole = before.get(place) == [i] and now[place] == 1
            if like >= PINNED or (here and sole and (entry.kind, entry.key) not in words):
                # likeness is 100 at most: a pair in its own note outweighs any other, then one of the living
                weights[n, i] = 1 + like + 200 * here + 50 * entry.live
    for n, i in best_pairs(weights):
        search.pair(n, i, "pinned")


def _by_words(search: _Search) -> None:
    """The same words are the same card: first in the same note, then wherever they went; the living before the retired."""
    for here_only in (True, False):
        for live in (True, False):
            wanted: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for i in search.free_entries():
                entry = search.entries[i]
                if entry.live == live:
                    wanted[entry.kind, entry.key, entry.note if here_only else ""].append(i)
            asking: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for n in search.free_drafts():
                one = search.drafts[n]
                group = (one.kind, one.key, one.note if here_only else "")
                if group in wanted:
                    asking[group].append(n)
            for equals, drafts in asking.items():
                _pair_equals(search, drafts, wanted[equals], "same" if here_only else "moved")


def _pair_equals(search: _Search, drafts: list[int], entries: list[int], how: How) -> None:
    """Of cards with the same words those under the same headings belong together, then those in the same order."""
    if len(drafts) > 1:
        drafts = sorted(drafts, key=lambda n: (search.drafts[n].note, search.drafts[n].line, n))
        one = search.drafts[drafts[0]]
        born = {guid_of(one.kind, one.key, copy): copy for copy in range(len(entries))}  # on one line: in this order
        entries = sorted(entries, key=lambda i: (_place(search.entries[i])[:3], born.get(search.entries[i].guid, len(born))))
    entries = list(entries)
    for same_context in (True, False):
        for n in list(drafts):
            context = search.drafts[n].context
            found = (i for i in entries if not same_context or context_of(search.entries[i]) == context)
            if (i := next(found, None)) is not None:
                search.pair(n, i, how)
                entries.remove(i)
                drafts.remove(n)


def _sort_equals(search: _Search, renamed: Mapping[str, str]) -> None:
    """Cards that had the same words are told apart by their place alone, also where one of them was edited or moved away."""
    equals: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, entry in enumerate(search.entries):
        if entry.live:
            equals[entry.kind, entry.key].append(i)
    owners = {i: n for n, (i, how) in search.pairs.items() if how != "pinned"}
    pinned = search.taken - owners.keys()
    for group in equals.values():
        entries = [i for i in group if i not in pinned]
        drafts = sorted(owners[i] for i in entries if i in owners)
        if len(entries) < 2 or not drafts:
            continue
        hows = {n: search.pairs.pop(n)[1] for n in drafts}
        search.taken.difference_update(entries)
        for note in sorted({search.drafts[n].note for n in drafts}):
            here = [n for n in drafts if search.drafts[n].note == note]
            old = [i for i in entries if renamed.get(search.entries[i].note, search.entries[i].note) == note]
            _pair_equals(search, here, old, "same")
        left = [i for i in entries if i not in search.taken]
        _pair_equals(search, [n for n in drafts if n not in search.pairs], left, "moved")
        for n in drafts:
            search.pairs[n] = (search.pairs[n][0], hows[n])


def _by_age(search: _Search) -> None:
    """What was copied before one build and is gone from its old place before the next was moved: the older card stays."""
    left: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in search.free_entries():
        if search.entries[i].live:
            left[search.entries[i].kind, search.entries[i].key].append(i)
    held: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, (i, how) in search.pairs.items():
        entry = search.entries[i]
        if how in ("same", "moved") and entry.live and (entry.kind, entry.key) in left:
            held[entry.kind, entry.key].append(n)

    def age(i: int) -> tuple[int, str]:
        return search.entries[i].born, search.entries[i].guid

    for words, drafts in held.items():
        olds = sorted(left[words], key=age)
        youngest = sorted(drafts, key=lambda n: age(search.pairs[n][0]), reverse=True)
        for n, old in zip(youngest, olds, strict=False):
            young = search.pairs[n][0]
            if search.entries[old].born < search.entries[young].born:
                search.taken.remove(young)
                search.pair(n, old, "moved")


def _renamed(search: _Search) -> dict[str, str]:
    """Notes that are gone → the note that took in most of their cards: they were renamed, moved or merged into it."""
    present = {one.note for one in search.drafts}
    moves: dict[str, Counter[str]] = defaultdict(Counter)
    for n, (i, _) in search.pairs.items():
        old, new = search.entries[i].note, search.drafts[n].note
        if old != new and old not in present and search.entries[i].live:
            moves[old][new] += 1
    return {old: min(counts, key=lambda new: (-counts[new], new)) for old, counts in moves.items()}


def _by_likeness_in_notes(search: _Search, renamed: dict[str, str]) -> None:
    entries: dict[tuple[str, str], list[int]] = defaultdict(list)
    drafts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in search.free_entries():
        entry = search.entries[i]
        entries[renamed.get(entry.note, entry.note), entry.kind].append(i)
    for n in search.free_drafts():
        one = search.drafts[n]
        drafts[one.note, one.kind].append(n)
    gaps = _Gaps(search)
    old_asks = Counter((renamed.get(e.note, e.note), e.ask) for e in search.entries if e.live)
    new_asks = Counter((one.note, one.features.ask) for one in search.drafts)
    for place in sorted(drafts.keys() & entries.keys()):
        weights: dict[tuple[int, int], float] = {}
        olds = Counter(gaps.of_entry(i) for i in entries[place] if search.entries[i].live)
        news = Counter(gaps.of_draft(n) for n in drafts[place])
        for n in drafts[place]:
            for i in entries[place]:
                entry = search.entries[i]
                looks = search.drafts[n].features
                asked_once = old_asks[place[0], entry.ask] <= 1 >= new_asks[place[0], looks.ask]
                like = score(_looks(entry), looks, asked_once=asked_once, elsewhere=not entry.live)
                same_gap = entry.live and gaps.of_entry(i) == gaps.of_draft(n)
                alone = same_gap and olds[gaps.of_entry(i)] == 1 == news[gaps.of_draft(n)]
                least = ACROSS if not entry.live else IN_PLACE if alone else IN_NOTE
                if like >= least:
                    # between equals the place decides: first the neighbours, then the distance
                    weights[n, i] = like + 5 * same_gap + 0.001 * _nearness(entry, search.drafts[n])
        _claim(search, weights)


def _by_likeness_across(search: _Search) -> None:
    """What moved and was edited on the way. Only cards that share rare words are compared."""
    by_word: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in search.free_entries():
        entry = search.entries[i]
        for word in set(f"{entry.ask} {entry.text}".split()):
            by_word[entry.kind, word].append(i)
    weights: dict[tuple[int, int], float] = {}
    for n in search.free_drafts():
        one = search.drafts[n]
        shared: Counter[int] = Counter()
        for word in sorted(set(f"{one.features.ask} {one.features.text}".split())):
            found = by_word.get((one.kind, word), ())
            if len(found) <= 50:
                shared.update(found)
        for i, _ in sorted(shared.items(), key=lambda each: (-each[1], each[0]))[:20]:
            like = score(_looks(search.entries[i]), one.features, elsewhere=True)
            if like >= ACROSS:
                weights[n, i] = like + 5 * search.entries[i].live
    _claim(search, weights)


def _claim(search: _Search, weights: dict[tuple[int, int], float]) -> None:
    for n, i in best_pairs(weights):
        one, entry = search.drafts[n], search.entries[i]
        rivals = [
            other
            for other in (j for m, j in weights if m == n and j != i)
            if weights[n, other] >= weights[n, i] - NEARLY and search.entries[other].key != entry.key
        ]
        if rivals and not any(pair[1] == rivals[0] for pair in weights if pair[0] != n):
            message = (
                f"this card may be an edit of either of two; it keeps the history of “{entry.ask or entry.text[:50]}” "
                f"(line {entry.line}). Give the takeaway a block id (^name) to pin it"
            )
            search.problems.append(Problem(one.note, one.line, "ambiguous", message))
        search.pair(n, i, "edited")


def _nearness(entry: Entry, draft: CardKey) -> float:
    return -min(abs(entry.line - draft.line), 1000)


def _looks(entry: Entry) -> Features:
    phrases = tuple(normal(each.text) for each in entry.phrases if not each.gone)
    return Features(entry.ask, entry.text, phrases)


class _Gaps:
    """Where an unknown card stands: between which two cards of its note that are known by their words."""

    def __init__(self, search: _Search) -> None:
        known = {n: i for n, (i, _) in search.pairs.items()}
        guid_of = {n: search.entries[i].guid for n, i in known.items()}
        taken = set(known.values())
        self.drafts = _gaps(
            [(one.note, one.kind, one.line, n) for n, one in enumerate(search.drafts)],
            guid_of,
        )
        self.entries = _gaps(
            [(e.note, e.kind, e.line, i) for i, e in enumerate(search.entries) if e.live],
            {i: search.entries[i].guid for i in taken},
        )

    def of_draft(self, n: int) -> tuple[str, str]:
        return self.drafts[n]

    def of_entry(self, i: int) -> tuple[str, str]:
        return self.entries.get(i, ("retired", "retired"))


def _gaps(places: list[tuple[str, str, int, int]], guids: dict[int, str]) -> dict[int, tuple[str, str]]:
    """For each card the guids of the known cards before and after it, of its note and kind."""
    grouped: dict[tuple[str, str], list[int]] = defaultdict(list)
    for note, kind, _, at in sorted(places):
        grouped[note, kind].append(at)
    out: dict[int, tuple[str, str]] = {}
    for row in grouped.values():
        before = ""
        for at in row:
            out[at] = (before, "")
            before = guids.get(at, before)
        after = ""
        for at in reversed(row):
            out[at] = (out[at][0], after)
            after = guids.get(at, after)
    return out


# --------------------------------------------------------------------------------------------------- guids


def _named(search: _Search, ledger: Ledger) -> list[Match]:
    used = set(ledger)
    copies: Counter[tuple[str, str]] = Counter()
    out: list[Match] = []
    for n, one in enumerate(search.drafts):
        found = search.pairs.get(n)
        if found is not None:
            entry = search.entries[found[0]]
            out.append(Match(one, entry.guid, entry, found[1]))
            continue
        while (guid := guid_of(one.kind, one.key, copies[one.kind, one.key])) in used:
            copies[one.kind, one.key] += 1
        used.add(guid)
        out.append(Match(one, guid, None, "new"))
    return out
