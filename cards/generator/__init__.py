"""Takeaways → drafts: a label asks for its takeaway, a key phrase is deleted from its sentence.

The rules say which cards are born. What they refuse stays a draft with the reason, since a card that lives already goes on
living while its takeaway stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cards.generator.cloze import clozes_of
from cards.generator.place import content_of, words_of
from cards.generator.qa import qa_of
from cards.model import Bullets, Cloze, Draft, Kinds, Note, Origin, Prose, Qa, Skipped, Takeaway
from cards.model.blocks import block_text
from cards.model.measures import TWIN
from cards.model.prose import plain, visible
from cards.text.words import words


class Generated(NamedTuple):
    """The drafts of a note in deck order, and the takeaways that gave no card with the reason.

    Some drafts are `refused`, and say why: they are for a card only that lives already.
    """

    drafts: tuple[Draft, ...]
    skipped: tuple[Skipped, ...]

    @property
    def born(self) -> tuple[Draft, ...]:
        """The drafts that make a card."""
        return tuple(draft for draft in self.drafts if not draft.refused)


class _Options(NamedTuple):
    """What the user wants: kinds of cards, twins, and another cue."""

    kinds: Kinds
    twins: bool
    cue: str | None


class _Taken(NamedTuple):
    """What one takeaway gave."""

    takeaway: Takeaway
    drafts: tuple[Draft, ...]
    reason: str | None

    @property
    def born(self) -> bool:
        return any(not draft.refused for draft in self.drafts)


def generate(note: Note, kinds: Kinds = "both", *, twins: bool = False, cue: str | None = None) -> Generated:
    """The drafts of a note: its `qa` before its `cloze`, a parent's after its children's.

    With `twins` a takeaway with a label also gives the sentence that says all of its answer. `cue` replaces the one under a
    label in every language; if it is empty there is none.
    """
    options = _Options(kinds, twins, cue)
    asked: dict[int, Prose | None] = {}
    taken: list[_Taken] = []
    for takeaway in reversed(note.takeaways):  # children before their parents, whose answers name them
        if not takeaway.members:
            one = _taken(note, takeaway, asked, options)
            taken.append(one)
            if one.born:
                label = next((draft.front for draft in one.drafts if isinstance(draft, Qa) and not draft.refused), None)
                asked[takeaway.line] = label or asked.get(takeaway.line)
    taken.reverse()
    lists = [
        _list(note, takeaway, options)
        for takeaway in note.takeaways
        if takeaway.members and (_is_titled(takeaway) or not asked.keys() & {*takeaway.members})
    ]
    listed = {line for one in lists if one.born for line in one.takeaway.members}

    found = [(one.takeaway, draft) for one in (*taken, *lists) for draft in one.drafts]
    read = {_reading(draft) for _, draft in found}
    found += [each for each in _refused(note, options) if _reading(each[1]) not in read]
    found.sort(key=_order)
    drafts = tuple(draft for _, draft in found if kinds in ("both", draft.kind))
    return Generated(drafts, tuple(_skipped(note, taken, lists, listed)))


def _reading(draft: Draft) -> tuple[str, int, str, str]:
    """What tells two readings of one takeaway apart: a list may ask by its heading, or by the title above that."""
    return draft.kind, draft.place.line, draft.place.content, visible(draft.front) if isinstance(draft, Qa) else ""


def _order(each: tuple[Takeaway, Draft]) -> tuple[bool, int, int]:
    """The place of a draft among those of its note.

    Children end before their parents do; where both end on one line, the deeper comes first.
    """
    takeaway, draft = each
    return (False, takeaway.last, -takeaway.depth) if draft.kind == "qa" else (True, takeaway.line, 0)


def _taken(note: Note, takeaway: Takeaway, asked: dict[int, Prose | None], options: _Options) -> _Taken:
    made, reason = clozes_of(note, takeaway)
    qa = qa_of(note, takeaway, asked, cue=options.cue)
    if qa and not qa.refused and options.kinds != "cloze" and not options.twins:
        made = [_without_twin(draft, qa, takeaway) for draft in made]
    drafts: list[Draft] = [*([qa] if qa else ()), *made]
    if qa and qa.refused:
        reason = f"{qa.refused}; {reason}" if made and reason else qa.refused
    return _Taken(takeaway, tuple(_with_content(takeaway, drafts)), reason)


def _without_twin(draft: Cloze, qa: Qa, takeaway: Takeaway) -> Cloze:
    """A cloze draft, refused where its sentence is the answer of the takeaway's `qa`, or nearly all of it."""
    if draft.typed or draft.refused:
        return draft
    if draft.back:
        sentence, answer = words(plain(draft.text)), words(" ".join(map(block_text, qa.back)))
        least = TWIN * len(answer)
        if len(sentence) < least or (Counter(sentence) & Counter(answer)).total() < least:
            return draft
    return replace(draft, refused="its label asks for the same; `twins = true` in cards.toml brings it back")


def _list(note: Note, takeaway: Takeaway, options: _Options) -> _Taken:
    """The card that a list under a takeaway heading gives."""
    asked = qa_of(note, takeaway, cue=options.cue)
    return _Taken(takeaway, tuple(_with_content(takeaway, [asked])) if asked else (), takeaway.flaw)


def _is_titled(takeaway: Takeaway) -> bool:
    """Whether a title asks for a list, so that its points may have cards of their own as well."""
    return takeaway.front is not None and takeaway.front.origin is Origin.TITLE


def _refused(note: Note, options: _Options) -> Iterable[tuple[Takeaway, Draft]]:
    """The drafts of what is no takeaway, for the cards that live although it is none."""
    for takeaway in note.refused:
        made: list[Draft] = list(clozes_of(note, takeaway)[0]) if not takeaway.members else []
        asked = qa_of(note, takeaway, cue=options.cue)
        for draft in _with_content(takeaway, [asked, *made] if asked else made):
            yield takeaway, replace(draft, refused=takeaway.flaw or draft.refused)


def _skipped(note: Note, taken: Sequence[_Taken], lists: Sequence[_Taken], listed: set[int]) -> list[Skipped]:
    """What gave no card, with the reason: a list as a whole, and takeaways by themselves."""
    skipped = [
        Skipped(note.path, one.takeaway.line, f"{words_of(one.takeaway)} (the list)", one.reason)
        for one in lists
        if one.reason and not one.born
    ]
    parents = [
        (one.takeaway, draft) for one in (*taken, *lists) for draft in one.drafts if isinstance(draft, Qa) and not draft.refused
    ]
    for one in taken:
        line, reason = one.takeaway.line, one.reason
        if one.born or not reason or not words_of(one.takeaway) or line in listed:
            continue
        if above := next((draft for each, draft in reversed(parents) if each.line < line <= each.last), None):
            reason = f"{reason}; it stands on the back of “{visible(above.front)}”"
        skipped.append(Skipped(note.path, line, words_of(one.takeaway), reason))
    return skipped


def _with_content(takeaway: Takeaway, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts of one takeaway, each with the hash of what it shows of it."""
    nested = any(isinstance(block, Bullets) for block in takeaway.rest)  # if not, both kinds show the same
    shows = [nested and draft.kind == "qa" for draft in drafts]
    contents = {children: content_of(takeaway, children=children) for children in set(shows)}
    return [
        replace(draft, place=replace(draft.place, content=contents[children]))
        for draft, children in zip(drafts, shows, strict=True)
    ]
